package ops_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/ops"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

var silent = slog.New(slog.DiscardHandler)

func event(ride string, version int) dispatch.Event {
	return dispatch.Event{
		ID: dispatch.EventID(fmt.Sprintf("%s.%04d", ride, version)), City: "beijing",
		Ride: dispatch.RideID(ride), Version: version, Kind: "claim",
		At:    time.Date(2013, 12, 20, 4, 0, 0, 0, time.UTC),
		State: "assigned", Rider: "R1", Driver: "D1", Taxi: "T1",
	}
}

// receiver is a real HTTP server that verifies what it gets and drops ids that it knows. answer
// says what to do with the nth try of an event, from 1.
type receiver struct {
	t      *testing.T
	server *httptest.Server
	answer func(id string, try int, w http.ResponseWriter, r *http.Request)

	mu    sync.Mutex
	tries map[string]int
	known map[string]bool
	order map[string][]string // by ride, as the events were first accepted
}

func newReceiver(
	t *testing.T, answer func(id string, try int, w http.ResponseWriter, r *http.Request),
) *receiver {
	t.Helper()
	v := &receiver{
		t: t, answer: answer, tries: map[string]int{}, known: map[string]bool{},
		order: map[string][]string{},
	}
	v.server = httptest.NewServer(v)
	t.Cleanup(v.server.Close)
	return v
}

func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // a try that was broken off
	}
	err = ops.Verify(r.Header, body, map[string][]byte{"k1": secret}, time.Now())
	if err != nil {
		v.t.Errorf("%s: %v", r.Header.Get(ops.HookEvent), err)
	}
	id := r.Header.Get(ops.HookEvent)
	v.mu.Lock()
	v.tries[id]++
	try := v.tries[id]
	v.mu.Unlock()
	spoke := &said{ResponseWriter: w, code: http.StatusOK}
	v.answer(id, try, spoke, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	if spoke.code == http.StatusOK && !v.known[id] && r.Context().Err() == nil {
		v.known[id] = true
		ride, _, _ := strings.Cut(id, ".")
		v.order[ride] = append(v.order[ride], id)
	}
}

type said struct {
	http.ResponseWriter
	code int
}

func (s *said) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// notifier runs until the test ends, with pauses of milliseconds.
func notifier(
	t *testing.T, url string, m *ops.Metrics, change func(*ops.NotifierConfig),
) (n *ops.Notifier, stop func()) {
	t.Helper()
	c := ops.NotifierConfig{
		URL: url, AllowHTTP: true, KeyID: "k1", Secret: secret, Timeout: 5 * time.Second,
		Tries: 4, FirstRetry: time.Millisecond, LongestRetry: 4 * time.Millisecond,
		Metrics: m, Log: silent,
	}
	change(&c)
	n, err := ops.NewNotifier(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return n, stop
}

func asItIs(*ops.NotifierConfig) {}

func accept(string, int, http.ResponseWriter, *http.Request) {}

func TestDelivered(t *testing.T) {
	var mu sync.Mutex
	var got string
	v := newReceiver(t, accept)
	v.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		got = string(body)
		mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		v.ServeHTTP(w, r)
	})
	m := newMetrics(t)
	n, _ := notifier(t, v.server.URL, m, asItIs)
	if err := n.Deliver(t.Context(), []dispatch.Event{event("A", 2)}); err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"A.0002","city":"beijing","ride":"A","version":2,"kind":"claim",` +
		`"at":"2013-12-20T04:00:00Z","state":"assigned","rider":"R1","driver":"D1","taxi":"T1"}`
	mu.Lock()
	defer mu.Unlock()
	if got != want {
		t.Errorf("the body is\n%s, want\n%s", got, want)
	}
	body, _ := scrape(t, m, "text/plain")
	shows(t, body, `hexhail_webhooks_total{outcome="delivered"} 1`,
		`hexhail_webhooks_total{outcome="retried"} 0`, `hexhail_webhook_queue_events 0`)
}

// TestRetries: a 500, a hang and a redirect are tried again, under the same id.
func TestRetries(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		elsewhere++
	}))
	defer other.Close()
	v := newReceiver(t, func(_ string, try int, w http.ResponseWriter, r *http.Request) {
		switch try {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			<-r.Context().Done() // until the notifier gives up
			w.WriteHeader(http.StatusInternalServerError)
		case 3:
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}
	})
	m := newMetrics(t)
	n, _ := notifier(t, v.server.URL, m, func(c *ops.NotifierConfig) {
		c.Timeout = 50 * time.Millisecond
		c.Tries = 20 // on a busy machine a good answer may come too late now and then
	})
	if err := n.Deliver(t.Context(), []dispatch.Event{event("A", 1)}); err != nil {
		t.Fatal(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tries["A.0001"] < 4 || !v.known["A.0001"] || elsewhere != 0 {
		t.Errorf("%d tries, known %v, %d sent elsewhere",
			v.tries["A.0001"], v.known["A.0001"], elsewhere)
	}
}

// TestOrder: events of a ride arrive in order although many fail, and those of other rides do not
// wait for them.
func TestOrder(t *testing.T) {
	v := newReceiver(t, func(id string, try int, w http.ResponseWriter, _ *http.Request) {
		if try <= (int(id[0])+int(id[len(id)-1]))%4 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	n, _ := notifier(t, v.server.URL, newMetrics(t), func(c *ops.NotifierConfig) { c.Queue = 16 })
	const rides, versions = 20, 12
	var all sync.WaitGroup
	for ride := range rides {
		all.Go(func() {
			for from := 1; from <= versions; from += 4 {
				var some []dispatch.Event
				for v := from; v < from+4; v++ {
					some = append(some, event(string(rune('A'+ride)), v))
				}
				if err := n.Deliver(t.Context(), some); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	again := 0
	for _, tries := range v.tries {
		again += tries - 1
	}
	if len(v.order) != rides || again < 100 {
		t.Fatalf("%d rides, %d retries", len(v.order), again)
	}
	for ride, ids := range v.order {
		if len(ids) != versions || !slices.IsSorted(ids) {
			t.Errorf("ride %s: %v", ride, ids)
		}
	}
}

// TestParked: what fails to the end is parked and counted, and the ride's next event goes on.
func TestParked(t *testing.T) {
	v := newReceiver(t, func(id string, _ int, w http.ResponseWriter, _ *http.Request) {
		if id == "A.0001" {
			w.WriteHeader(http.StatusGone)
		}
	})
	m := newMetrics(t)
	parked := make(chan error, 1)
	n, _ := notifier(t, v.server.URL+"/?secret=s3cret", m, func(c *ops.NotifierConfig) {
		c.Parked = func(e dispatch.Event, err error) {
			if e.ID != "A.0001" {
				t.Errorf("%s was parked", e.ID)
			}
			parked <- err
		}
	})
	err := n.Deliver(t.Context(), []dispatch.Event{event("A", 1), event("A", 2)})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-parked; err == nil || !strings.Contains(err.Error(), "410") {
		t.Errorf("parked with %v", err)
	}
	body, _ := scrape(t, m, "text/plain")
	shows(t, body, `hexhail_webhooks_total{outcome="delivered"} 1`,
		`hexhail_webhooks_total{outcome="retried"} 3`, `hexhail_webhooks_total{outcome="parked"} 1`,
		`hexhail_webhook_queue_events 0`, `hexhail_webhook_seconds_count 5`)

	v.server.Close()
	if err := n.Deliver(t.Context(), []dispatch.Event{event("A", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := <-parked; err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("parked with %v: the URL is private", err)
	}
}

// TestFullQueueWaits: Deliver waits while the queue is full, and for no longer than its context;
// the end of the notifier is told to who waits.
func TestFullQueueWaits(t *testing.T) {
	arrived, free := make(chan string, 8), make(chan struct{})
	v := newReceiver(t, func(id string, _ int, w http.ResponseWriter, r *http.Request) {
		arrived <- id
		select {
		case <-free:
		case <-r.Context().Done():
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	m := newMetrics(t)
	n, stop := notifier(t, v.server.URL, m, func(c *ops.NotifierConfig) {
		c.Queue, c.Workers = 2, 1
	})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		gone <- n.Deliver(ctx, []dispatch.Event{event("A", 1), event("B", 1), event("C", 1)})
	}()
	first := <-arrived
	full := func() bool {
		queue := gathered(t, m)["hexhail_webhook_queue_events"]
		return queue.GetMetric()[0].GetGauge().GetValue() == 2
	}
	for !full() { // B is on its way into the queue
		runtime.Gosched()
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("with a full queue: %v", err)
	}
	close(free)
	if err := n.Deliver(t.Context(), []dispatch.Event{event("C", 1), event("C", 2)}); err != nil {
		t.Error(err)
	}
	v.mu.Lock()
	ids := slices.Sorted(maps.Keys(v.known))
	v.mu.Unlock()
	// B was in the queue when its Deliver was cancelled; it is sent all the same.
	if want := []string{"A.0001", "B.0001", "C.0001", "C.0002"}; !slices.Equal(ids, want) {
		t.Errorf("first %s, known %v, want %v", first, ids, want)
	}
	stop()
	err := n.Deliver(t.Context(), []dispatch.Event{event("D", 1)})
	if !errors.Is(err, ops.ErrNotifierEnded) {
		t.Errorf("after the end: %v", err)
	}
	if err := n.Deliver(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// TestReplay: the same events again are delivered again, and a receiver drops what it knows.
func TestReplay(t *testing.T) {
	v := newReceiver(t, accept)
	n, _ := notifier(t, v.server.URL, newMetrics(t), asItIs)
	events := []dispatch.Event{event("A", 1), event("A", 2)}
	for range 3 {
		if err := n.Deliver(t.Context(), append(events, events...)); err != nil {
			t.Fatal(err)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tries["A.0001"] != 6 || !slices.Equal(v.order["A"], []string{"A.0001", "A.0002"}) {
		t.Errorf("%d tries, accepted %v", v.tries["A.0001"], v.order["A"])
	}
}

func TestBadNotifiers(t *testing.T) {
	m := newMetrics(t)
	for name, change := range map[string]func(*ops.NotifierConfig){
		"https":     func(c *ops.NotifierConfig) { c.URL = "http://example.com/hook" },
		"absolute":  func(c *ops.NotifierConfig) { c.URL = "/hook" },
		"ftp":       func(c *ops.NotifierConfig) { c.URL, c.AllowHTTP = "ftp://a/b", true },
		"key":       func(c *ops.NotifierConfig) { c.KeyID = "" },
		"32 bytes":  func(c *ops.NotifierConfig) { c.Secret = secret[:31] },
		"metrics":   func(c *ops.NotifierConfig) { c.Metrics = nil },
		"log":       func(c *ops.NotifierConfig) { c.Log = nil },
		"no limit":  func(c *ops.NotifierConfig) { c.Tries = -1 },
		"password?": func(c *ops.NotifierConfig) { c.URL = "http://u:geheim@example.com" },
	} {
		c := ops.NotifierConfig{
			URL: "https://example.com/hook", KeyID: "k", Secret: secret, Metrics: m, Log: silent,
		}
		if _, err := ops.NewNotifier(c); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if _, err := ops.NewNotifier(c); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerify forges a good webhook in one way after the other. The signature is pinned: receivers
// have copied the code.
func TestVerify(t *testing.T) {
	now := time.Unix(1387512000, 0)
	good := func() (http.Header, []byte) {
		h := http.Header{}
		h.Set(ops.HookKey, "k1")
		h.Set(ops.HookTime, strconv.FormatInt(now.Unix(), 10))
		h.Set(ops.HookSignature,
			"v1=a0d0b4a4f0c0b2e11294386808b52f8d018dc9da585caf8dad45548550a69292")
		return h, []byte(`{"id":"A.0001"}`)
	}
	secrets := map[string][]byte{
		"k1": secret, "k0": []byte("an older secret, still accepted."), "": nil,
	}
	for name, tc := range map[string]struct {
		forge func(h http.Header, body []byte)
		after time.Duration
		want  error
	}{
		"as it is":     {func(http.Header, []byte) {}, 0, nil},
		"at the limit": {func(http.Header, []byte) {}, ops.HookAge, nil},
		"slow clock":   {func(http.Header, []byte) {}, -ops.HookAge, nil},
		"old":          {func(http.Header, []byte) {}, ops.HookAge + time.Second, ops.ErrHookTime},
		"future": {
			func(http.Header, []byte) {}, -ops.HookAge - time.Second, ops.ErrHookTime,
		},
		"other body":    {func(_ http.Header, b []byte) { b[7] = 'B' }, 0, ops.ErrHookSignature},
		"no signature":  {set(ops.HookSignature, ""), 0, ops.ErrHookSignature},
		"later time":    {set(ops.HookTime, "1387512060"), 0, ops.ErrHookSignature},
		"no time":       {set(ops.HookTime, ""), 0, ops.ErrHookTime},
		"text for time": {set(ops.HookTime, "noon"), 0, ops.ErrHookTime},
		"other key":     {set(ops.HookKey, "k0"), 0, ops.ErrHookSignature},
		"unknown key":   {set(ops.HookKey, "k9"), 0, ops.ErrHookKey},
		"empty key":     {set(ops.HookKey, ""), 0, ops.ErrHookKey},
		"half":          {set(ops.HookSignature, "v1=00"), 0, ops.ErrHookSignature},
	} {
		h, body := good()
		tc.forge(h, body)
		if err := ops.Verify(h, body, secrets, now.Add(tc.after)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func set(name, value string) func(http.Header, []byte) {
	return func(h http.Header, _ []byte) { h.Set(name, value) }
}
