package alipay

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"hexhail/money"
)

// parrot is a transport that answers with one text.
type parrot struct{ text []byte }

func (p parrot) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: r,
		Body: io.NopCloser(bytes.NewReader(p.text)),
	}, nil
}

// FuzzAnswer: whatever comes back, nothing falls over, and what Alipay has not signed decides
// nothing. The library returns a nil pointer as an error for the first seed.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{
		`{"alipay_trade_query_response":null}`, `{"error_response":null}`, `null`, `[]`, `{}`, ``,
		`{"alipay_trade_query_response":null,"sign":"AAAA"}`,
		`{"alipay_trade_query_response":"AAAA","sign":"AAAA"}`,
		`{"alipay_trade_query_response":{"code":"10000"},"sign":1,"alipay_cert_sn":2}`,
		`{"alipay_trade_query_response":{"code":"10000","trade_status":"TRADE_SUCCESS",` +
			`"out_trade_no":"01KTEST0001","total_amount":"23.00"}}`,
		`{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}`,
	} {
		f.Add([]byte(text))
	}
	w := newWorld(f, byKey)
	a := w.try(money.WayPage)
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg := w.config
		cfg.Transport = parrot{text}
		client, err := New(cfg, noon)
		must(t, err)
		o, err := client.Query(t.Context(), a, noon)
		if o.State != money.AttemptUnknown || err == nil || err.Error() == "" {
			t.Fatalf("%+v, %v", o, err)
		}
	})
}
