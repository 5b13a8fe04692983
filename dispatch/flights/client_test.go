package flights

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hexhail/dispatch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	flight  = dispatch.Flight{Number: "CA1831", Day: "2014-03-01"}
	landing = time.Date(2014, 3, 1, 18, 20, 0, 0, time.FixedZone("CST", 8*3600))
)

// service is a flight service on loopback; answers says what it does.
type service struct {
	asked   atomic.Int32
	answers atomic.Pointer[http.HandlerFunc]
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	(*s.answers.Load())(w, r)
}

func (s *service) do(h http.HandlerFunc) { s.answers.Store(&h) }

func newService(t *testing.T, c Config) (*service, *Client) {
	t.Helper()
	s := &service{}
	s.do(good)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c.URL = server.URL + "/v1"
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return s, client
}

// good answers as docs/flights.md says, about a flight that is 105 minutes late.
func good(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.URL.Path != "/v1/flights/CA1831" || q.Get("day") != "2014-03-01" ||
		q.Get("city") != "beijing" || r.Method != http.MethodGet {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, `{"number": "CA1831", "day": "2014-03-01", "gate": "12",
		"scheduled_at": "2014-03-01T18:20:00+08:00", "expected_at": "2014-03-01T20:05:00+08:00"}`)
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func TestLanding(t *testing.T) {
	s, c := newService(t, Config{})
	at, known, err := c.Landing(t.Context(), "beijing", flight)
	if err != nil || !known || !at.Scheduled.Equal(landing) ||
		at.Expected.Sub(at.Scheduled) != 105*time.Minute {
		t.Errorf("%+v, %v, %v", at, known, err)
	}
	s.do(http.NotFound)
	if _, known, err = c.Landing(t.Context(), "beijing", flight); known || err != nil {
		t.Errorf("a flight that nobody knows: %v, %v", known, err)
	}
}

// TestFailures: each is Unavailable, and none moves anything.
func TestFailures(t *testing.T) {
	slow := make(chan struct{})
	defer close(slow)
	for name, h := range map[string]http.HandlerFunc{
		"another flight": says(`{"number": "CA1832", "day": "2014-03-01"}`),
		"another day":    says(`{"number": "CA1831", "day": "2014-03-02"}`),
		"no times":       says(`{"number": "CA1831", "day": "2014-03-01"}`),
		"days late": says(`{"number": "CA1831", "day": "2014-03-01",
			"scheduled_at": "2014-03-01T18:20:00+08:00",
			"expected_at": "2014-03-03T18:20:00+08:00"}`),
		"no JSON":  says(`<html>`),
		"too long": says(strings.Repeat(" ", MaxAnswer+1)),
		"broken": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		},
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/v2", http.StatusFound)
		},
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-slow:
			case <-r.Context().Done():
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := newService(t, Config{Within: 50 * time.Millisecond})
			s.do(h)
			_, known, err := c.Landing(t.Context(), "beijing", flight)
			if known || dispatch.ReasonOf(err) != dispatch.ReasonFlights {
				t.Errorf("%v, %v", known, err)
			}
		})
	}
}

// TestBreaker: a service that fails is left alone, and asked again after a while.
func TestBreaker(t *testing.T) {
	s, c := newService(t, Config{OpenFor: 30 * time.Millisecond})
	s.do(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	for range 3 * failuresOf {
		if _, _, err := c.Landing(t.Context(), "beijing", flight); err == nil {
			t.Fatal("no error")
		}
		if c.breaker.IsOpen() {
			break
		}
	}
	asked := s.asked.Load()
	if _, _, err := c.Landing(t.Context(), "beijing", flight); err == nil ||
		s.asked.Load() != asked || asked > failuresOf {
		t.Errorf("asked %d times, then %d: %v", asked, s.asked.Load(), err)
	}
	s.do(good)
	for end := time.Now().Add(5 * time.Second); ; {
		_, known, err := c.Landing(t.Context(), "beijing", flight)
		if err == nil && known {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("left alone for good: %v", err)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{
		{},
		{URL: "ftp://a"},
		{URL: "http://"},
		{URL: "http://a?b=c"},
		{URL: "http://a", Within: time.Hour},
		{URL: "http://a", OpenFor: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is good", c)
		}
	}
}

// FuzzRead: whatever a service answers, what is taken can be true of the flight.
func FuzzRead(f *testing.F) {
	f.Add(`{"number": "CA1831", "day": "2014-03-01",
		"scheduled_at": "2014-03-01T18:20:00+08:00", "expected_at": "2014-03-01T20:05:00+08:00"}`)
	f.Add(`{"number": "CA1831", "day": "2014-03-01", "scheduled_at": "0001-01-01T00:00:00Z"}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		at, known, err := read([]byte(body), flight)
		var unavailable *dispatch.Error
		switch {
		case err == nil && (!known || at.Check() != nil):
			t.Errorf("taken: %+v", at)
		case err != nil && (known || !errors.As(err, &unavailable)):
			t.Errorf("refused with %v", err)
		}
	})
}
