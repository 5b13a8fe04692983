package ops_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hexhail/money"
	"hexhail/ops"
)

// word is a channel whose notices are an order's number, or "forged".
type word struct{}

var errForged = errors.New("forged")

func (word) Notice(r *http.Request) (money.Notice, error) {
	body, err := io.ReadAll(r.Body)
	if err == nil && string(body) == "forged" {
		err = errForged
	}
	return money.Notice{Channel: money.Alipay, Order: string(body)}, err
}

func (word) Answer(w http.ResponseWriter, err error) {
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
}

// What is verified is booked, and all else is refused, so that it is told again; each is heard of.
func TestNotices(t *testing.T) {
	errUnknown := errors.New("no such order")
	var booked, heard []string
	server := httptest.NewServer(ops.Notices(
		map[money.ChannelName]ops.Teller{money.Alipay: word{}},
		func(ctx context.Context, n money.Notice) error {
			if _, ok := ctx.Deadline(); !ok {
				t.Error("booking has no end")
			}
			if n.Order == "unknown" {
				return errUnknown
			}
			booked = append(booked, n.Order)
			return nil
		},
		func(_ money.ChannelName, n money.Notice, err error) {
			if err == nil {
				heard = append(heard, n.Order)
			} else {
				heard = append(heard, "refused")
			}
		}))
	defer server.Close()
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPost, "alipay", "A1", http.StatusOK},
		{http.MethodPost, "alipay", "forged", http.StatusBadRequest},
		{http.MethodPost, "alipay", "unknown", http.StatusBadRequest},
		{http.MethodPost, "alipay", strings.Repeat("x", ops.MaxNotice+1), http.StatusBadRequest},
		{http.MethodGet, "alipay", "A2", http.StatusMethodNotAllowed},
		{http.MethodPost, "wechat", "A3", http.StatusNotFound},
	} {
		req, err := http.NewRequestWithContext(t.Context(), test.method,
			server.URL+ops.NotifyPath+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != test.want {
			t.Errorf("%s %s %.10q: %d, want %d", test.method, test.path, test.body,
				res.StatusCode, test.want)
		}
	}
	if got := strings.Join(booked, " "); got != "A1" {
		t.Errorf("booked %s", got)
	}
	if got := strings.Join(heard, " "); got != "A1 refused refused refused" {
		t.Errorf("heard %s", got)
	}
}
