package alipay

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// TestNotices tells of a payment and of two refunds, in each mode.
func TestNotices(t *testing.T) {
	for _, m := range modes {
		w := newWorld(t, m)
		a := w.paid(money.WayQR)
		for _, id := range []money.RefundID{"R1", "R2"} {
			r := w.refundOf(a, 300)
			r.ID = id
			_, err := w.channel.Refund(t.Context(), r, w.now())
			must(t, err)
		}
		made := w.calls.made
		w.outbox.Send(t.Context(), w.now())
		if len(w.heard) != 3 || w.calls.made != made || w.outbox.Waiting() != 0 {
			t.Fatalf("%s: heard %v, refused %v", m, w.heard, w.refused)
		}
		paid, back := w.heard[0], w.heard[2]
		if paid.Kind != money.NoticeCharge || paid.Order != string(a.ID) || paid.Amount != 2300 ||
			paid.Outcome.State != money.AttemptPaid || paid.Outcome.Trade != a.Trade ||
			paid.Channel != money.Alipay || paid.ID == "" {
			t.Errorf("%s: of the payment %+v", m, paid)
		}
		if back.Kind != money.NoticeRefund || back.Order != "R2" || back.Amount != 600 ||
			back.Outcome.State != money.AttemptUnknown {
			t.Errorf("%s: of the second refund %+v", m, back)
		}
	}
}

// refusals are the faults that the adapter itself must see; it hands on what only its caller can
// know, and what is true.
var refusals = map[standin.Fault]string{
	standin.NoticeWrongMerchant:  "seller_id",
	standin.NoticeWrongApp:       "app_id",
	standin.NoticeBadSignature:   "sign",
	standin.NoticeUnsigned:       "sign",
	standin.NoticeWrongSerial:    "sign",
	standin.NoticeHuge:           "body",
	standin.NoticeGarbage:        "out_trade_no",
	standin.NoticeBadNonce:       "out_trade_no",
	standin.NoticeWithoutContent: "out_trade_no",
}

// TestNoticeFaults is I5 as far as an adapter holds it.
func TestNoticeFaults(t *testing.T) {
	for _, m := range []mode{byKey, byCert} {
		for _, f := range standin.NoticeFaults() {
			w := newWorld(t, m)
			w.fault(standin.CallNotice, f)
			a := w.paid(money.WayQR)
			made := w.calls.made
			w.outbox.Send(t.Context(), w.now())
			if w.calls.made != made {
				t.Errorf("%s/%s: %d calls went out", m, f, w.calls.made-made)
			}
			if field := refusals[f]; field != "" {
				var refused *NoticeError
				if len(w.heard) > 0 || len(w.refused) != 1 ||
					!errors.As(w.refused[0], &refused) || refused.Field != field {
					t.Errorf("%s/%s: heard %v, refused %v", m, f, w.heard, w.refused)
				}
				if w.outbox.Waiting() != 1 {
					t.Errorf("%s/%s: it does not come again", m, f)
				}
				continue
			}
			w.outbox.Send(t.Context(), w.now().Add(24*time.Hour))
			if f != standin.NoticeLost && f != standin.NoticeAfterNext && len(w.heard) == 0 {
				t.Errorf("%s/%s: refused %v", m, f, w.refused)
			}
			for _, n := range w.heard {
				foreign := n.Order != string(a.ID) ||
					n.Fits(money.Alipay, a.Merchant, a.Charge()) != nil
				if foreign != (f == standin.NoticeUnknownOrder || f == standin.NoticeWrongAmount) {
					t.Errorf("%s/%s: %+v", m, f, n)
				}
				if n.ID != w.heard[0].ID {
					t.Errorf("%s/%s: told again as %s, was %s", m, f, n.ID, w.heard[0].ID)
				}
			}
		}
	}
}

// caught takes the next notice of the outbox as a form.
func (w *world) caught() url.Values {
	w.t.Helper()
	var form url.Values
	take := func(to http.ResponseWriter, r *http.Request) {
		must(w.t, r.ParseForm())
		form = r.PostForm
		w.channel.Answer(to, nil)
	}
	script := standin.NewScript(1)
	outbox := standin.NewOutbox(
		&http.Client{Transport: standin.Local{Handler: http.HandlerFunc(take)}}, script)
	was := w.alipay.Outbox
	w.alipay.Outbox = outbox
	defer func() { w.alipay.Outbox = was }()
	w.paid(money.WayQR)
	outbox.Send(w.t.Context(), w.now())
	return form
}

func posted(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/notify", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// TestNoticeFolded tells a genuine notice anew under its own signature: with a field inside another
// one the text that is signed stays the same. Mutant: without plain it is taken.
func TestNoticeFolded(t *testing.T) {
	w := newWorld(t, byKey)
	form := w.caught()
	if _, err := w.channel.Notice(posted(form.Encode())); err != nil {
		t.Fatalf("as it was: %v", err)
	}
	names := make([]string, 0, len(form))
	for name := range form {
		if name != "sign" && name != "sign_type" {
			names = append(names, name)
		}
	}
	for _, name := range names {
		for _, next := range names {
			folded := url.Values{}
			for n, v := range form {
				folded[n] = v
			}
			if next <= name {
				continue
			}
			folded.Set(name, form.Get(name)+"&"+next+"="+form.Get(next))
			folded.Del(next)
			if _, err := w.channel.Notice(posted(folded.Encode())); err == nil {
				t.Errorf("%s inside %s is taken", next, name)
			}
		}
	}
}

// TestNoticeForged changes each field of a genuine notice, takes it away and gives it twice.
func TestNoticeForged(t *testing.T) {
	for _, m := range []mode{byKey, byCert} {
		w := newWorld(t, m)
		form := w.caught()
		made := w.calls.made
		for name := range form {
			for what, change := range map[string]func(url.Values){
				"changed": func(v url.Values) { v.Set(name, v.Get(name)+"1") },
				"gone":    func(v url.Values) { v.Del(name) },
				"twice":   func(v url.Values) { v.Add(name, v.Get(name)) },
			} {
				if name == "sign_type" && what != "twice" ||
					name == "alipay_cert_sn" && what == "gone" {
					continue // neither is signed, nor read but to find the key
				}
				forged := url.Values{}
				for n, v := range form {
					forged[n] = append([]string(nil), v...)
				}
				change(forged)
				if n, err := w.channel.Notice(posted(forged.Encode())); err == nil {
					t.Errorf("%s/%s %s: %+v is taken", m, name, what, n)
				}
			}
		}
		if w.calls.made != made {
			t.Errorf("%s: %d calls went out", m, w.calls.made-made)
		}
	}
}

// TestNoticeForms: what is no POST of a form of 64 KiB is refused before anything is looked at.
func TestNoticeForms(t *testing.T) {
	w := newWorld(t, byKey)
	get := posted("")
	get.Method = http.MethodGet
	for name, r := range map[string]*http.Request{
		"get": get, "long": posted("a=" + strings.Repeat("x", MaxNotice-1)),
		"empty": posted(""), "broken": posted("a=%zz"),
	} {
		var refused *NoticeError
		if _, err := w.channel.Notice(r); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for status, err := range map[int]error{
		http.StatusOK: nil, http.StatusBadRequest: &NoticeError{"sign", "is missing"},
		http.StatusInternalServerError: errors.New("no database"),
	} {
		to := httptest.NewRecorder()
		w.channel.Answer(to, err)
		if taken := to.Body.String() == "success"; to.Code != status || taken != (err == nil) {
			t.Errorf("%v: %d %q", err, to.Code, to.Body)
		}
	}
}

// FuzzNotice: nothing that is not signed is taken, and nothing makes it fall over.
func FuzzNotice(f *testing.F) {
	w := newWorld(f, byKey)
	form := w.caught()
	f.Add(form.Encode())
	form.Set("total_amount", "99.00")
	f.Add(form.Encode())
	f.Add("app_id=" + w.merchant.AppID + "&sign=AAAA&alipay_cert_sn=alipay-public-key")
	genuine := map[string]bool{}
	f.Fuzz(func(t *testing.T, body string) {
		n, err := w.channel.Notice(posted(body))
		if err != nil {
			return
		}
		genuine[n.ID] = true
		if n.Amount != 2300 || len(genuine) > 1 {
			t.Fatalf("taken: %+v", n)
		}
	})
}
