package ops_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hexhail/ops"
)

func get(t *testing.T, h http.Handler, method, path string) (code int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestHealth(t *testing.T) {
	var store, bus error
	m := newMetrics(t)
	h := m.Handler(
		ops.Check{Name: "store", Ready: func(context.Context) error { return store }},
		ops.Check{Name: "bus", Ready: func(context.Context) error { return bus }},
		ops.Check{Name: "clock", Ready: func(ctx context.Context) error { return ctx.Err() }},
	)
	for _, tc := range []struct {
		name       string
		store, bus error
		path, want string
		code       int
	}{
		{"up", nil, nil, "/healthz", `{"up":true}`, 200},
		{"ready", nil, nil, "/readyz", `{"ready":true}`, 200},
		{
			"bus", nil, errors.New("nats://user:geheim@host is away"), "/readyz",
			`{"ready":false,"failing":["bus"]}`, 503,
		},
		{
			"both", errors.New("disk"), errors.New("net"), "/readyz",
			`{"ready":false,"failing":["store","bus"]}`, 503,
		},
		{"up all the same", errors.New("disk"), nil, "/healthz", `{"up":true}`, 200},
		{"nothing else", nil, nil, "/debug/pprof/", "404 page not found", 404},
	} {
		store, bus = tc.store, tc.bus
		if code, body := get(t, h, http.MethodGet, tc.path); code != tc.code || body != tc.want {
			t.Errorf("%s: %d %s, want %d %s", tc.name, code, body, tc.code, tc.want)
		}
	}
	if code, _ := get(t, h, http.MethodPost, "/metrics"); code != http.StatusMethodNotAllowed {
		t.Errorf("POST /metrics: %d", code)
	}
	if code, _ := get(t, h, http.MethodHead, "/healthz"); code != http.StatusOK {
		t.Errorf("HEAD /healthz: %d", code)
	}
}

// TestHungCheckFails: who asks has gone, and the check with it.
func TestHungCheckFails(t *testing.T) {
	h := newMetrics(t).Handler(ops.Check{Name: "hung", Ready: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "hung") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestHTTPServer serves over a real socket, with a limit on everything.
func TestHTTPServer(t *testing.T) {
	s := ops.NewHTTPServer(newMetrics(t).Handler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 ||
		s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("%+v", s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Error(res.StatusCode, err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
