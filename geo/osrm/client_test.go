package osrm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hexhail/geo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service speaks the table service over a real connection: 10 m/s as the crow flies, every place on
// a road. It checks what it is asked.
type service struct {
	t       *testing.T
	server  *httptest.Server
	most    int // places a request
	asked   atomic.Int32
	answers atomic.Pointer[http.HandlerFunc] // instead; nil: a good answer
}

func newService(t *testing.T, most int) *service {
	t.Helper()
	s := &service{t: t, most: most}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *service) do(h http.HandlerFunc) { s.answers.Store(&h) }

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if h := s.answers.Load(); h != nil {
		(*h)(w, r)
		return
	}
	a, err := s.answer(r)
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if err := json.NewEncoder(w).Encode(a); err != nil {
		s.t.Error(err)
	}
}

// answer reads the question as OSRM does.
func (s *service) answer(r *http.Request) (map[string]any, error) {
	places, ok := strings.CutPrefix(r.URL.Path, "/maps/table/v1/driving/")
	if !ok {
		return nil, fmt.Errorf("path %s", r.URL.Path)
	}
	var points []geo.Point
	for _, text := range strings.Split(places, ";") {
		lng, lat, _ := strings.Cut(text, ",")
		y, yErr := strconv.ParseFloat(lat, 64)
		x, xErr := strconv.ParseFloat(lng, 64)
		if err := errors.Join(yErr, xErr); err != nil {
			return nil, err
		}
		points = append(points, geo.Point{Lat: y, Lng: x})
	}
	if len(points) > s.most {
		return nil, fmt.Errorf("%d places, at most %d", len(points), s.most)
	}
	pick := func(key string) (picked []geo.Point, waypoints []any, err error) {
		// Go's own parser leaves out what has a semicolon, OSRM does not.
		_, list, _ := strings.Cut("&"+r.URL.RawQuery, "&"+key+"=")
		list, _, _ = strings.Cut(list, "&")
		for _, text := range strings.Split(list, ";") {
			i, err := strconv.Atoi(text)
			if err != nil || i >= len(points) {
				return nil, nil, fmt.Errorf("%s: %q of %d places", key, text, len(points))
			}
			picked = append(picked, points[i])
			waypoints = append(waypoints, map[string]any{
				"location": []float64{points[i].Lng, points[i].Lat}, "name": "", "distance": 0,
			})
		}
		return picked, waypoints, nil
	}
	from, sources, fromErr := pick("sources")
	to, destinations, toErr := pick("destinations")
	var durations [][]float64
	for _, f := range from {
		row := make([]float64, len(to))
		for j := range to {
			row[j] = math.Round(geo.DistanceM(f, to[j])) / 10
		}
		durations = append(durations, row)
	}
	return map[string]any{
		"code": "Ok", "durations": durations, "sources": sources, "destinations": destinations,
	}, errors.Join(fromErr, toErr)
}

func (s *service) client(c Config) *Client {
	s.t.Helper()
	c.URL = s.server.URL + "/maps"
	client, err := New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.Close)
	return client
}

// round is the drives of some rides, four taxis to each, within a town of 10 km.
func round(r *rand.Rand, rides int) []geo.Estimate {
	at := func() geo.Point {
		return geo.Point{Lat: 39.9 + r.Float64()/10, Lng: 116.3 + r.Float64()/10}
	}
	var drives []geo.Estimate
	for range rides {
		to := at()
		for range 4 {
			from := at()
			drives = append(drives, geo.Estimate{
				From: from, To: to, DistanceM: geo.DistanceM(from, to), Pace: 0.2,
			})
		}
	}
	return drives
}

func TestTimesOfARound(t *testing.T) {
	s := newService(t, 12)
	c := s.client(Config{Points: 12, Parallel: 3})
	drives := round(rand.New(rand.NewPCG(1, 1)), 40)
	if err := c.Times(t.Context(), drives, 100); err != nil {
		t.Fatal(err)
	}
	for _, d := range drives {
		if d.Source != geo.SourceService || math.Abs(float64(d.TimeMS)-100*d.DistanceM) > 200 {
			t.Fatalf("%+v, want a tenth of the way in seconds", d)
		}
	}
	stats := c.Stats()
	if stats.Asked != int64(s.asked.Load()) || stats.Asked < 160/9 ||
		stats.Failed+stats.Spared > 0 {
		t.Errorf("%+v of %d requests", stats, s.asked.Load())
	}
}

func TestOneCallMakesSoManyRequestsAtMost(t *testing.T) {
	s := newService(t, 2)
	c := s.client(Config{Points: 2})
	drives := round(rand.New(rand.NewPCG(1, 1)), 70)
	if err := c.Times(t.Context(), drives, 100); err != nil {
		t.Fatal(err)
	}
	timed := 0
	for _, d := range drives {
		if d.Source != 0 {
			timed++
		}
	}
	if timed != MaxRequests || s.asked.Load() != MaxRequests {
		t.Errorf("%d of %d drives in %d requests", timed, len(drives), s.asked.Load())
	}
}

// reply writes an answer for one source and one destination, with one part of it changed.
func reply(w http.ResponseWriter, d geo.Estimate, change func(a map[string]any)) {
	at := func(p geo.Point) []any {
		return []any{map[string]any{"location": []float64{p.Lng, p.Lat}}}
	}
	a := map[string]any{
		"code": "Ok", "durations": [][]any{{61.5}}, "sources": at(d.From), "destinations": at(d.To),
	}
	change(a)
	_ = json.NewEncoder(w).Encode(a)
}

func TestWhatTheServiceCannotTellStaysAsItWas(t *testing.T) {
	s := newService(t, 100)
	c := s.client(Config{})
	for name, change := range map[string]func(a map[string]any){
		"no way": func(a map[string]any) { a["durations"] = [][]any{{nil}} },
		"no road near": func(a map[string]any) {
			a["sources"] = []any{map[string]any{"location": []float64{116, 39.9}}}
		},
		"no road at all": func(a map[string]any) { clear(a); a["code"] = "NoSegment" },
	} {
		drives := round(rand.New(rand.NewPCG(1, 1)), 1)[:1]
		s.do(func(w http.ResponseWriter, _ *http.Request) {
			if name == "no road at all" {
				w.WriteHeader(http.StatusBadRequest)
			}
			reply(w, drives[0], change)
		})
		if err := c.Times(t.Context(), drives, 100); err != nil || drives[0].Source != 0 {
			t.Errorf("%s: %v, %+v", name, err, drives[0])
		}
	}
	if n := c.Stats().Failed; n > 0 {
		t.Errorf("%d failures: these are answers", n)
	}
}

func TestBadAnswers(t *testing.T) {
	changed := func(change func(a map[string]any)) func(http.ResponseWriter, geo.Estimate) {
		return func(w http.ResponseWriter, d geo.Estimate) { reply(w, d, change) }
	}
	text := func(status int, body string) func(http.ResponseWriter, geo.Estimate) {
		return func(w http.ResponseWriter, _ geo.Estimate) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, geo.Estimate)
		want   string
	}{
		"500":        {text(500, "oops"), "osrm: status 500"},
		"too big":    {text(400, `{"code":"TooBig","message":"too many"}`), "TooBig too many"},
		"redirect":   {text(302, ""), "osrm: status 302"},
		"garbage":    {text(200, "\x00<html>"), "invalid character"},
		"cut":        {text(200, `{"code":"Ok","dur`), "unexpected end"},
		"too large":  {text(200, strings.Repeat(" ", 10_000)), "more than 6176 bytes"},
		"other code": {changed(func(a map[string]any) { a["code"] = "Maybe" }), `code "Maybe"`},
		"no rows": {
			changed(func(a map[string]any) { a["durations"] = nil }),
			"0 rows and 1 sources for 1 places",
		},
		"short row": {
			changed(func(a map[string]any) { a["durations"] = [][]any{{}} }),
			"a row of 0 times for 1 places",
		},
		"negative": {
			changed(func(a map[string]any) { a["durations"] = [][]any{{-1}} }), "a time of -1 s",
		},
		"too long": {
			changed(func(a map[string]any) { a["durations"] = [][]any{{1e300}} }),
			"a time of 1e+300",
		},
		"no destination": {
			changed(func(a map[string]any) { delete(a, "destinations") }),
			"0 destinations for 1 places",
		},
		"nowhere": {
			changed(func(a map[string]any) {
				a["sources"] = []any{map[string]any{"location": []float64{1000, 0}}}
			}),
			"a place at [1000 0]",
		},
	} {
		s := newService(t, 100)
		client := s.client(Config{})
		drives := round(rand.New(rand.NewPCG(1, 1)), 1)[:1]
		s.do(func(w http.ResponseWriter, _ *http.Request) { c.answer(w, drives[0]) })
		err := client.Times(t.Context(), drives, 100)
		var typed *Error
		if !errors.As(err, &typed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an *Error with %q", name, err, c.want)
		}
		if drives[0].Source != 0 || client.Stats().Failed != 1 {
			t.Errorf("%s: %+v, %+v", name, drives[0], client.Stats())
		}
	}
}

// A service that is slow has until the deadline; what others have answered by then counts.
func TestASlowService(t *testing.T) {
	s := newService(t, 5)
	c := s.client(Config{Points: 5, Parallel: 8})
	release := make(chan struct{})
	var first sync.Once
	good := s.answer
	s.do(func(w http.ResponseWriter, r *http.Request) {
		slow := false
		first.Do(func() { slow = true })
		if slow {
			<-release
			return
		}
		a, err := good(r)
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(a)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	drives := round(rand.New(rand.NewPCG(1, 1)), 2)
	err := c.Times(ctx, drives, 100)
	close(release)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
	timed := 0
	for _, d := range drives {
		if d.Source != 0 {
			timed++
		}
	}
	if timed != 4 {
		t.Errorf("%d drives have a time, want those of the request that was answered", timed)
	}
}

func TestTheBreakerLeavesABrokenServiceAlone(t *testing.T) {
	s := newService(t, 100)
	c := s.client(Config{OpenFor: 50 * time.Millisecond})
	s.do(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	drives := round(rand.New(rand.NewPCG(1, 1)), 1)
	for range failuresOf {
		if err := c.Times(t.Context(), drives, 100); err == nil {
			t.Fatal("no error of a broken service")
		}
	}
	asked := s.asked.Load()
	if asked != failuresToOpen && asked != failuresOf || !c.Stats().Open {
		t.Errorf("%d requests, %+v, want an open breaker", asked, c.Stats())
	}
	err := c.Times(t.Context(), drives, 100)
	if !errors.Is(err, ErrOpen) || s.asked.Load() != asked {
		t.Errorf("%v after %d requests, want ErrOpen and none", err, s.asked.Load())
	}
	s.answers.Store(nil)
	for c.breaker.RemainingDelay() > 0 { // it is tried again then
		runtime.Gosched()
	}
	err = c.Times(t.Context(), drives, 100)
	if err != nil || drives[0].Source != geo.SourceService {
		t.Errorf("%v, %+v after it was mended", err, drives[0])
	}
	if c.Stats().Open || c.Stats().Spared == 0 {
		t.Errorf("%+v", c.Stats())
	}
}

// Riders who go away before their quote comes are not the service's fault.
func TestWhoGoesAwayDoesNotOpenTheBreaker(t *testing.T) {
	s := newService(t, 100)
	c := s.client(Config{})
	drives := round(rand.New(rand.NewPCG(1, 1)), 1)
	for range 2 * failuresOf {
		ctx, cancel := context.WithCancel(t.Context())
		s.do(func(http.ResponseWriter, *http.Request) { cancel() })
		if err := c.Times(ctx, drives, 100); err == nil {
			t.Error("an answer to who has gone")
		}
	}
	if stats := c.Stats(); stats.Open || stats.Failed > 0 {
		t.Errorf("%+v", stats)
	}
}

func TestNewRefuses(t *testing.T) {
	for field, c := range map[string]Config{
		"URL": {URL: "localhost:5000"}, "Points": {URL: "http://a", Points: 1},
		"Parallel": {URL: "http://a", Parallel: 65},
		"Profile":  {URL: "http://a", Profile: "a/b"},
	} {
		_, err := New(c)
		var typed *ConfigError
		if !errors.As(err, &typed) || typed.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"code":"Ok","durations":[[1]],"sources":[{"location":[116,39]}],` +
		`"destinations":[{"location":[116,39.01]}]}`))
	f.Add([]byte(`{"code":"Ok","durations":[[null]],"sources":[{}],"destinations":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := []geo.Estimate{{
			From: geo.Point{Lat: 39, Lng: 116}, To: geo.Point{Lat: 39.01, Lng: 116},
			DistanceM: 1112,
		}}
		c, err := New(Config{URL: "http://a"})
		if err != nil {
			t.Fatal(err)
		}
		table := c.tables(d)[0]
		var a answer
		if json.Unmarshal(body, &a) != nil || a.fault(&table) != "" {
			return
		}
		table.fill(&a, d, 500)
		if d[0].Source != 0 && d[0].TimeMS > 2*1000*maxDurationS {
			t.Errorf("%d ms", d[0].TimeMS)
		}
	})
}
