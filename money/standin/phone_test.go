package standin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hexhail/money"
)

// onlyA is a scanner that knows one ticket.
type onlyA struct{ book *Book }

func (s onlyA) Scan(ticket string) (Order, error) {
	o, ok := s.book.Order(money.WeChat, "M", "A")
	if ticket != "ticket of A" || !ok {
		return Order{}, ErrTicket
	}
	return o, nil
}

func TestPhone(t *testing.T) {
	book, script := NewBook(), NewScript(1)
	p := Phone{
		Book: book, Script: script, Clock: func() time.Time { return noon },
		Scanners: []Scanner{onlyA{NewBook()}, onlyA{book}},
		Shows: map[money.ChannelName]func(Payer) string{
			money.WeChat: func(p Payer) string { return "code of " + p.Account },
		},
	}
	for _, number := range []string{"A", "B", "C"} {
		o := Order{Channel: money.WeChat, Merchant: "M", Number: number, Amount: 2300}
		if _, err := book.Open(o, noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := book.Close(money.WeChat, "M", "C"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"/pay", `{"ticket": "ticket of A", "payer": {"account": "ann"}}`, 200, `"payer":"ann"`},
		{"/pay", `{"channel": "wechat", "merchant": "M", "order": "B"}`, 200, `"state":"paid"`},
		{"/pay", `{"channel": "wechat", "merchant": "M", "order": "C"}`, 409, "ended"},
		{"/pay", `{"channel": "wechat", "merchant": "M", "order": "D"}`, 404, "no such number"},
		{"/pay", `{"ticket": "of somebody"}`, 400, "no app would take"},
		{"/pay", `{`, 400, "error"},
		{"/pay", `{"ticket": "` + strings.Repeat("x", maxPhone) + `"}`, 400, "64 KiB"},
		{"/barcode", `{"channel": "wechat", "payer": {"account": "ann"}}`, 200, "code of ann"},
		{"/barcode", `{"channel": "cash"}`, 404, "no such number"},
		{"/orders", `{"channel": "wechat"}`, 200, `"paid":4600`},
		{"/faults", `[{"call": "charge", "fault": "hang_after", "times": 1}]`, 200, `"rules":1`},
		{"/faults", `[{"call": "charge", "fault": "flood"}]`, 400, "no such fault"},
		{"/steal", ``, 404, "error"},
	} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %.80s: %d %s, want %d %s",
				c.path, c.body, w.Code, w.Body, c.status, c.says)
		}
	}
	if f := script.Next(CallCharge, "A"); f != HangAfter {
		t.Errorf("the next charge meets %q", f)
	}
}
