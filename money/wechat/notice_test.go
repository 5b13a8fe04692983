package wechat

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// TestNotices: a charge, its refund and a payout are told, in both key modes, and taken.
func TestNotices(t *testing.T) {
	for _, m := range []mode{byCertificate, byPublicKey} {
		s := newStand(t, m)
		a := s.paid(t, "01HZX000000000000000NOTICE")
		if _, err := s.Refund(t.Context(), refund("R1", a.ID, 300), noon); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PayOut(t.Context(), payout("W1"), noon); err != nil {
			t.Fatal(err)
		}
		for _, d := range s.outbox.Send(t.Context(), s.clock.now()) {
			if d.Status != http.StatusNoContent || !d.Taken {
				t.Errorf("%s: answered with %d", d.Notice.ID, d.Status)
			}
		}
		want := []money.Notice{
			{Kind: money.NoticeCharge, Order: string(a.ID), Amount: 2300},
			{Kind: money.NoticeRefund, Order: "R1", Amount: 300},
			{Kind: money.NoticePayout, Order: "W1", Amount: 5_000},
		}
		if len(s.heard) != len(want) {
			t.Fatalf("%s: heard %+v", m, s.heard)
		}
		for i, h := range s.heard {
			n := h.notice
			if h.err != nil || n.ID == "" || n.Outcome.State != money.AttemptPaid ||
				n.Outcome.Trade == "" || n.Channel != money.WeChat {
				t.Errorf("%s: heard %+v, %v", m, n, h.err)
			}
			n.Channel, n.ID, n.Outcome = "", "", money.Outcome{}
			if n != want[i] {
				t.Errorf("%s: heard %+v, want %+v", m, n, want[i])
			}
		}
	}
}

// TestEveryFaultOfNotices: I5, as far as a channel holds it. What is not WeChat's word about us is
// refused by name, and what it tells of amount and order is told as it stands, for the one who has
// the attempt to compare.
func TestEveryFaultOfNotices(t *testing.T) {
	refused := map[standin.Fault]NoticeFault{
		standin.NoticeOld: OldNotice, standin.NoticeAhead: OldNotice,
		standin.NoticeBadSignature: BadSignature, standin.NoticeUnsigned: BadSignature,
		standin.NoticeWrongSerial: BadSignature, standin.NoticeHuge: TooBig,
		standin.NoticeGarbage: Malformed, standin.NoticeBadNonce: Malformed,
		standin.NoticeWithoutContent: Malformed, standin.NoticeWrongMerchant: WrongMerchant,
		standin.NoticeWrongApp: WrongApp,
	}
	times := map[standin.Fault]int{standin.NoticeLost: 0, standin.NoticeTwice: 50}
	same, later := newStand(t, byPublicKey), newStand(t, byPublicKey)
	for i, f := range standin.NoticeFaults() {
		s := same
		if f == standin.NoticeLate {
			s = later // what is refused is repeated within a day too
		}
		s.heard = nil
		s.script.Clear()
		s.add(t, standin.Rule{Call: standin.CallNotice, Fault: f, Times: 1})
		s.paid(t, money.AttemptID(fmt.Sprintf("01HZXBADNOTE%04d", i)))
		switch f {
		case standin.NoticeLate:
			s.clock.ahead(24 * time.Hour) // signed then, it is as good as any
		case standin.NoticeAfterNext:
			s.paid(t, "01HZX000000000000000SECOND")
			times[f] = 2
		default:
		}
		s.outbox.Send(t.Context(), s.clock.now())
		want := 1
		if n, ok := times[f]; ok {
			want = n
		}
		if len(s.heard) != want {
			t.Errorf("%s: heard %d, want %d", f, len(s.heard), want)
			continue
		}
		for _, h := range s.heard {
			why, no := refused[f]
			err := (*NoticeError)(nil)
			switch {
			case no && (!errors.As(h.err, &err) || err.Fault != why):
				t.Errorf("%s: %+v, %v, want %s", f, h.notice, h.err, why)
			case no && h.notice != money.Notice{}:
				t.Errorf("%s: refused, and told %+v", f, h.notice)
			case !no && h.err != nil:
				t.Errorf("%s: %v", f, h.err)
			case f == standin.NoticeWrongAmount && h.notice.Fits(money.WeChat, "", 2300) == nil:
				t.Errorf("a fen more fits: %+v", h.notice)
			case f == standin.NoticeUnknownOrder && h.notice.Order != "SOMEBODYELSES":
				t.Errorf("of another order: %+v", h.notice)
			}
		}
	}
}

// TestTheSameNoticeHasTheSameID: what is repeated, by copy or later, can be told by its id.
func TestTheSameNoticeHasTheSameID(t *testing.T) {
	s := newStand(t, byCertificate)
	s.add(t, standin.Rule{Call: standin.CallNotice, Fault: standin.NoticeTwice, Times: 1})
	s.paid(t, "01HZX00000000000000REPEATS")
	s.outbox.Send(t.Context(), s.clock.now())
	if len(s.heard) != 50 {
		t.Fatalf("heard %d", len(s.heard))
	}
	for _, h := range s.heard {
		if h.err != nil || h.notice != s.heard[0].notice {
			t.Errorf("%+v, %v, another than %+v", h.notice, h.err, s.heard[0].notice)
		}
	}
}

// TestUnknownSerialsDoNotDownload: forged serial numbers make one download a minute, whatever their
// number.
func TestUnknownSerialsDoNotDownload(t *testing.T) {
	kept := &carrier{next: &http.Transport{}}
	s := newStand(t, byCertificate, func(c *Config) { c.Transport = kept })
	for range 50 {
		r := httptest.NewRequest(http.MethodPost, "/notify/wechat", strings.NewReader("{}"))
		r.Header.Set("Wechatpay-Serial", "FORGED")
		r.Header.Set("Wechatpay-Nonce", "n")
		r.Header.Set("Wechatpay-Signature", "c2lnbmF0dXJl")
		r.Header.Set("Wechatpay-Timestamp", strconv.FormatInt(s.clock.now().Unix(), 10))
		if _, err := s.Notice(r); err == nil {
			t.Fatal("taken")
		}
	}
	if len(kept.paths) != 1 {
		t.Errorf("downloaded %q", kept.paths)
	}
}

// TestUnknownSerialsOfManyAccounts: one forged notice makes two downloads at most, however many
// merchants there are.
func TestUnknownSerialsOfManyAccounts(t *testing.T) {
	kept := &carrier{next: &http.Transport{}}
	s := newStand(t, byCertificate, func(c *Config) {
		c.Transport = kept
		for i := range 20 {
			c.Accounts[fmt.Sprint("taxi-", i)] = c.Accounts[""]
		}
	})
	r := httptest.NewRequest(http.MethodPost, "/notify/wechat", strings.NewReader("{}"))
	r.Header.Set("Wechatpay-Serial", "FORGED")
	r.Header.Set("Wechatpay-Nonce", "n")
	r.Header.Set("Wechatpay-Signature", "c2lnbmF0dXJl")
	r.Header.Set("Wechatpay-Timestamp", strconv.FormatInt(s.clock.now().Unix(), 10))
	if _, err := s.Notice(r); err == nil {
		t.Fatal("taken")
	}
	if len(kept.paths) == 0 || len(kept.paths) > maxFetches {
		t.Errorf("downloaded %q", kept.paths)
	}
}

func TestAnswer(t *testing.T) {
	s := newStand(t, byPublicKey)
	for status, err := range map[int]error{
		http.StatusNoContent:             nil,
		http.StatusUnauthorized:          &NoticeError{BadSignature, ""},
		http.StatusForbidden:             &NoticeError{WrongMerchant, ""},
		http.StatusRequestEntityTooLarge: &NoticeError{TooBig, ""},
		http.StatusBadRequest:            &NoticeError{Malformed, ""},
		http.StatusInternalServerError:   errors.New("the store of attempt 01HZX is closed"),
	} {
		w := httptest.NewRecorder()
		s.Answer(w, err)
		body := w.Body.String()
		if w.Code != status || strings.Contains(body, "01HZX") {
			t.Errorf("%v: %d %s, want %d", err, w.Code, body, status)
		}
		var said struct{ Code string }
		if err != nil && (json.Unmarshal([]byte(body), &said) != nil || said.Code != "FAIL") {
			t.Errorf("%v: %s", err, body)
		}
		if err == nil && body != "" {
			t.Errorf("204 with %q", body)
		}
	}
}

// signed is a request with WeChat's good signature over any body.
func (s *stand) signed(t testing.TB, body []byte) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/notify/wechat", bytes.NewReader(body))
	if err := s.server.Sign(r.Header, body, true); err != nil {
		t.Fatal(err)
	}
	return r
}

// FuzzNotice: whatever WeChat might sign, it is a notice or refused by name.
func FuzzNotice(f *testing.F) {
	s := newStand(f, byPublicKey)
	for _, body := range []string{
		`{}`, `{"id":"1","event_type":"TRANSACTION.SUCCESS"}`, `{"id":1}`, `null`, `[]`, ``,
		`{"id":"1","event_type":"REFUND.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM",` +
			`"nonce":"short","ciphertext":"AAAA"}}`,
		`{"id":"1","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"123456789012",` +
			`"associated_data":"x","ciphertext":"AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}`,
	} {
		f.Add([]byte(body), []byte(`{}`))
	}
	for _, plain := range []string{
		`{"mchid":"1900007291","appid":"wx1111111111111111","out_trade_no":"A","trade_state":` +
			`"SUCCESS","amount":{"total":1}}`,
		`{"amount":null}`, `{"amount":{"total":-1}}`, `{"out_trade_no":5}`, `{"payer":[]}`, `7`,
	} {
		f.Add([]byte(`{}`), []byte(plain))
	}
	f.Fuzz(func(t *testing.T, body, plain []byte) {
		bad := (*NoticeError)(nil)
		if n, err := s.Notice(s.signed(t, body)); err != nil && !errors.As(err, &bad) {
			t.Fatalf("%v", err)
		} else if err == nil {
			t.Fatalf("%q is %+v: nobody has sealed it", body, n)
		}
		a := s.accounts[""]
		for _, event := range []string{
			"TRANSACTION.SUCCESS", "REFUND.SUCCESS", "MCHTRANSFER.BILL.FINISHED", "OTHER",
		} {
			n, err := a.notice(envelope{ID: "1", Event: event}, plain)
			if err != nil && !errors.As(err, &bad) {
				t.Fatalf("%s: %v", event, err)
			}
			if err == nil && (n.Amount <= 0 || n.Order == "" || n.Outcome.State == 0) {
				t.Fatalf("%s of %q is %+v", event, plain, n)
			}
		}
	})
}

// notices are n good notices, as they came.
func (s *stand) notices(b *testing.B, n int) []told {
	b.Helper()
	s.keep = true
	for i := range n {
		s.paid(b, money.AttemptID(fmt.Sprintf("01HZXFAST%04d", i)))
	}
	s.outbox.Send(b.Context(), s.clock.now())
	if len(s.kept) != n {
		b.Fatalf("%d of %d notices came", len(s.kept), n)
	}
	return s.kept
}

const different = 64 // notices of a benchmark

// BenchmarkNotice is what a notice costs to verify, open and read, on all cores; p99 is of the
// whole. BenchmarkNoticeBareVerify beside it is the RSA check of its signature alone.
func BenchmarkNotice(b *testing.B) {
	s := newStand(b, byPublicKey)
	all := s.notices(b, different)
	var took took
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var mine []time.Duration
		for i := 0; pb.Next(); i++ {
			from := time.Now()
			r := httptest.NewRequest(
				http.MethodPost, "/notify/wechat", bytes.NewReader(all[i%different].body))
			r.Header = all[i%different].header
			if _, err := s.Notice(r); err != nil {
				b.Error(err)
			}
			mine = append(mine, time.Since(from))
		}
		took.add(mine)
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
	b.ReportMetric(float64(took.p99().Microseconds()), "p99-µs")
}

// BenchmarkNoticeBareVerify is the baseline.
func BenchmarkNoticeBareVerify(b *testing.B) {
	s := newStand(b, byPublicKey)
	all := s.notices(b, different)
	_, key := s.server.PublicKey()
	var (
		sums       [different][sha256.Size]byte
		signatures [different][]byte
	)
	for i, n := range all {
		sums[i] = sha256.Sum256([]byte(n.header.Get("Wechatpay-Timestamp") + "\n" +
			n.header.Get("Wechatpay-Nonce") + "\n" + string(n.body) + "\n"))
		var err error
		signatures[i], err = base64.StdEncoding.DecodeString(n.header.Get("Wechatpay-Signature"))
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			at := i % different
			err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sums[at][:], signatures[at])
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verifies/s")
}

// took collects how long things took.
type took struct {
	mu  sync.Mutex
	all []time.Duration
}

func (t *took) add(some []time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, some...)
}

func (t *took) p99() time.Duration {
	slices.Sort(t.all)
	return t.all[len(t.all)*99/100]
}
