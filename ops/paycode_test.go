package ops_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/ops"
)

// till is a counter at which one code leads to 14 yuan.
type till struct{ asked []dispatch.PayByCode }

const tillCode = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func (c *till) Scan(_ context.Context, _ time.Time, code string) (dispatch.Scanned, error) {
	if code != tillCode {
		err := dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownCode, "no")
		return dispatch.Scanned{}, err
	}
	s := dispatch.Scanned{
		Plate: "京B12345", State: dispatch.Completed, Fare: 14_00,
		Ways: []money.ChannelName{money.Alipay},
		Payments: []dispatch.Owed{{Payment: money.Payment{
			Purpose: money.PurposeFare, Amount: 14_00, State: money.PaymentDue,
		}}},
	}
	if len(c.asked) > 0 {
		p := &s.Payments[0]
		p.Payment.State, p.Payment.Discount, p.Ticket = money.PaymentOpen, 5_00, "ticket"
	}
	return s, nil
}

func (c *till) PayByCode(
	_ context.Context, _ time.Time, key dispatch.Once, p dispatch.PayByCode,
) (dispatch.Receipt, error) {
	if key.Identity != "code:"+p.Code || key.RequestID == "" {
		return dispatch.Receipt{}, dispatch.BadField("request_id", "given")
	}
	if p.Channel == money.WeChat {
		err := dispatch.Errorf(dispatch.Conflict, dispatch.ReasonNothingDue, "no")
		return dispatch.Receipt{}, err
	}
	c.asked = append(c.asked, p)
	return dispatch.Receipt{}, nil
}

// A code's page is for people, its JSON for pages of others; what is refused says why in both
// languages, and nothing of a body that is too long is taken.
func TestPayCodes(t *testing.T) {
	counter := &till{}
	server := httptest.NewServer(ops.PayCodes(counter, time.Now))
	defer server.Close()
	call := func(method, code, accept, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method,
			server.URL+ops.PayPath+code, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", accept)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	for _, test := range []struct {
		name, method, code, accept, body string
		status                           int
		has                              string
	}{
		{"page", "GET", tillCode, "text/html,*/*", "", 200, `const code = "` + tillCode + `"`},
		{"evil page", "GET", "a<script>", "text/html", "", 200, `\u003cscript`},
		{"scan", "GET", tillCode, "", "", 200, `"due_fen":1400`},
		{"no code", "GET", "x", "application/json", "", 404, `"CODE_UNKNOWN"`},
		{
			"pay", "POST", tillCode, "", `{"request_id":"1","channel":"alipay","way":"qr"}`, 200,
			`"ticket":"ticket"`,
		},
		{
			"not now", "POST", tillCode, "", `{"request_id":"1","channel":"wechat","way":"qr"}`,
			409, `"NOTHING_DUE"`,
		},
		{"no id", "POST", tillCode, "", `{}`, 400, `"FIELD_INVALID"`},
		{"no JSON", "POST", tillCode, "", `<x>`, 400, `"MESSAGE_INVALID"`},
		{
			"too long", "POST", tillCode, "", `{"token":"` + strings.Repeat("x", 1<<20) + `"}`, 400,
			`"MESSAGE_INVALID"`,
		},
	} {
		status, text := call(test.method, test.code, test.accept, test.body)
		if status != test.status || !strings.Contains(text, test.has) {
			t.Errorf("%s: %d %s", test.name, status, text)
		}
	}
	if len(counter.asked) != 1 {
		t.Errorf("asked for %v", counter.asked)
	}
	limited := false
	for range 1000 {
		status, text := call("GET", tillCode, "", "")
		if limited = status == http.StatusTooManyRequests; limited {
			said := map[string]string{}
			if err := json.Unmarshal([]byte(text), &said); err != nil || said["text_zh"] == "" {
				t.Errorf("refused with %s", text)
			}
			break
		}
	}
	if !limited {
		t.Error("a thousand scans at once are taken")
	}
}
