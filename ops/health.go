package ops

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check says whether one part of the process is ready for work. Ready is called by every question
// for readiness, from any goroutine, and has checkTime.
type Check struct {
	Name  string // "store", "bus": shown to whoever asks; the error is not
	Ready func(ctx context.Context) error
}

// Limits of the HTTP side.
const (
	checkTime      = 2 * time.Second
	maxScrapes     = 4 // at once; more are refused with 503
	scrapeTime     = 10 * time.Second
	maxHeaderBytes = 16 << 10
)

// readiness is the answer of /readyz, in JSON.
type readiness struct {
	Ready   bool     `json:"ready"`
	Failing []string `json:"failing,omitempty"` // names of checks, in their order
}

// Handler serves /metrics (text, OpenMetrics, or protobuf with native histograms, as the scraper
// asks), /healthz (200 as long as the process answers) and /readyz (200, or 503 with the names of
// the checks that fail: {"ready":false,"failing":["bus"]}). Anything else is 404.
func (m *Metrics) Handler(checks ...Check) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, EnableOpenMetrics: true,
		MaxRequestsInFlight: maxScrapes, Timeout: scrapeTime,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, struct {
			Up bool `json:"up"`
		}{true})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		got := readiness{Failing: failing(r.Context(), checks)}
		code := http.StatusOK
		if got.Ready = len(got.Failing) == 0; !got.Ready {
			code = http.StatusServiceUnavailable
		}
		answer(w, code, got)
	})
	return mux
}

// failing runs the checks side by side. One that does not answer in time fails.
func failing(ctx context.Context, checks []Check) []string {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	failed := make([]bool, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() { failed[i] = c.Ready(ctx) != nil })
	}
	all.Wait()
	var names []string
	for i, c := range checks {
		if failed[i] && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// A reader who has gone needs no answer.
	_ = json.NewEncoder(w).Encode(body)
}

// NewHTTPServer is a server with limits on what a client may keep waiting: 5 s for its headers,
// 10 s for all of its request, 30 s for the answer, a minute of silence.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeaderBytes,
	}
}
