package ops_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/ops"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/rider/v1"
)

func services() []*grpc.ServiceDesc {
	return []*grpc.ServiceDesc{
		&riderpb.RiderService_ServiceDesc, &driverpb.DriverService_ServiceDesc,
		&opspb.OpsService_ServiceDesc, &grpc_health_v1.Health_ServiceDesc,
	}
}

func newMetrics(t testing.TB, cities ...dispatch.CityID) *ops.Metrics {
	t.Helper()
	m, err := ops.NewMetrics(ops.MetricsConfig{Cities: cities, Services: services()})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// everything is metrics of which each has been counted at least once.
func everything(t *testing.T) *ops.Metrics {
	t.Helper()
	m := newMetrics(t, "beijing")
	m.Calls().Called("/hexhail.rider.v1.RiderService/GetRide", codes.NotFound, time.Millisecond)
	m.Calls().Refused(dispatch.ReasonUnknownRide)
	for _, drew := range []dispatch.DrewDay{{}, {Lots: 3}, {Won: 23_00}} {
		drew.Day = money.DrawDay{City: "beijing", State: money.DrawFrozen}
		m.Drew(drew)
	}
	m.Refused("Accept", dispatch.Conflict, dispatch.ReasonOfferExpired)
	m.Session(1, "")
	m.Session(-1, "SESSION_REPLACED")
	m.Fixes(3)
	m.FixesRefused("jump", 1)
	m.Queued(2)
	m.Dropped("position")
	m.Watching(1)
	m.Quoted("beijing", 3)
	m.Committed(3, time.Millisecond)
	m.Noticed(money.Alipay, nil)
	m.Sealed(2, time.Unix(1, 0))
	m.Standings([]money.Standing{{Channel: money.Alipay, Clearing: 7, Differences: 8, Stale: 9}})
	m.RoundTook("beijing", time.Millisecond)
	paid(m)
	counts := func() dispatch.Counts {
		return dispatch.Counts{Waiting: 1, Offered: 2, Idle: 3, Busy: 4, OffDuty: 5}
	}
	load := func() dispatch.Load {
		return dispatch.Load{Reports: 6, Changes: 7, Questions: 8, Lost: 9}
	}
	_, err := m.Engine("beijing", counts, load)
	city := dispatch.City{ID: "beijing", Stands: []dispatch.Stand{{ID: "airport"}}}
	_, bad := m.Stands(city, func() []int { return []int{21} })
	err = errors.Join(err, bad,
		m.Outbox(func() ops.OutboxState {
			return ops.OutboxState{Backlog: 10, Lag: 1500 * time.Millisecond}
		}),
		m.Bus(func() ops.BusStats {
			return ops.BusStats{
				In: 11, Out: 12, Missed: 13, Dropped: 14, SlowReaders: 15, Refused: 16,
				Reconnects: 17, Queued: 18, Events: 19, EventErrors: 20,
			}
		}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// paid counts what concerns money and channels, in all of its words.
func paid(m *ops.Metrics) {
	for _, c := range []money.ChannelName{money.WeChat, money.Alipay} {
		m.Noticed(c, nil)
		m.Noticed(c, errors.New("forged"))
	}
	for _, c := range []money.ChannelName{money.WeChat, money.Alipay, money.ToBank, "else"} {
		for _, s := range []money.AttemptState{
			money.AttemptCreated, money.AttemptSent, money.AttemptPaid, money.AttemptClosed,
		} {
			m.Withdrew(money.Withdrawal{Channel: c, State: s, Amount: 50_00})
		}
	}
	m.Floats(50_00)
	for _, what := range append(dispatch.Forgettings(), "else") {
		m.Forgot(what, 1)
	}
	m.Acted(dispatch.ActComplete, dispatch.Ride{City: "beijing", Subsidy: money.Subsidy{
		Refused: []money.Refusal{{Reason: money.SubsidyChannel}},
	}})
}

func TestLint(t *testing.T) {
	problems, err := testutil.GatherAndLint(everything(t).Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func gathered(t *testing.T, m *ops.Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*dto.MetricFamily{}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "hexhail_") {
			all[f.GetName()] = f
		}
	}
	return all
}

// described are the families that the registry knows, whether anything of them has been counted or
// not.
func described(m *ops.Metrics) (names []string) {
	descs := make(chan *prometheus.Desc)
	go func() {
		m.Registry().Describe(descs)
		close(descs)
	}()
	named := regexp.MustCompile(`fqName: "(hexhail_[^"]*)"`)
	for d := range descs {
		if found := named.FindStringSubmatch(d.String()); found != nil {
			names = append(names, found[1])
		}
	}
	return names
}

// TestEverything: what the page is made of leaves no family out. Seen to fail with the notices of
// channels never counted.
func TestEverything(t *testing.T) {
	m := everything(t)
	all := gathered(t, m)
	for _, name := range described(m) {
		if all[name] == nil {
			t.Errorf("%s is on /metrics once it is counted, and in no test", name)
		}
	}
}

// labelRows are the rows of the page's table of labels: what it says of each.
func labelRows(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 4 {
			rows[strings.Trim(cells[1], " `")] = cells[2]
		}
	}
	return rows
}

// listed are the labels whose words the page does not spell out: it says where they stand.
var listed = []string{"city", "code", "command", "method", "reason", "stand"}

// TestLabels: the page has a row for each label, with each of its words; so there is no label but
// bounded ones.
func TestLabels(t *testing.T) {
	rows := labelRows(t)
	for name, f := range gathered(t, everything(t)) {
		for _, metric := range f.GetMetric() {
			for _, l := range metric.GetLabel() {
				says, ok := rows[l.GetName()]
				if !ok {
					t.Errorf("%s: the page does not tell of the label %s", name, l.GetName())
				}
				word := regexp.MustCompile(`\b` + l.GetValue() + `\b`)
				if l.GetValue() != "other" && !slices.Contains(listed, l.GetName()) &&
					!word.MatchString(says) {
					t.Errorf("%s: the page does not tell of %s %q", name, l.GetName(),
						l.GetValue())
				}
			}
		}
	}
}

var update = flag.Bool("update", false, "write docs/metrics.md anew")

const docs = "../docs/metrics.md"

// TestDocs keeps docs/metrics.md in step with the registry: run it with -update after a change.
func TestDocs(t *testing.T) {
	all := gathered(t, everything(t))
	var table bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name]
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", name,
			strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
	}
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "|---|---|---|---|\n", "\n<!-- end -->"
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no table between %q and %q", docs, begin, end)
	}
	want := head + begin + table.String() + end + tail
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s is behind the registry: go test ./ops -run TestDocs -update", docs)
	}
	if len(all) < 40 {
		t.Errorf("only %d metrics", len(all))
	}
}

func scrape(t *testing.T, m *ops.Metrics, accept string) (body, contentType string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String(), w.Header().Get("Content-Type")
}

// shows fails unless the scrape has these lines.
func shows(t *testing.T, body string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(body, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			var are []string
			for l := range strings.Lines(body) {
				if strings.HasPrefix(l, name) {
					are = append(are, strings.TrimSpace(l))
				}
			}
			t.Errorf("no %s\namong %d: %.900s", line, len(are), strings.Join(are, "\n"))
		}
	}
}

// TestFunnel takes real rides through a real Desk and scrapes what was counted.
func TestFunnel(t *testing.T) {
	w := newTown(t)
	w.people()
	w.ride(money.InWallet, 5_00)
	w.pass(time.Minute)
	settled := w.ride(money.Cash, 0)
	w.pass(time.Minute)
	// It stays settled, and is counted once.
	_, err := w.desk.Complain(t.Context(), w.now, w.once("rider:R1"), dispatch.MakeComplaint{
		Ride: settled, Rider: "R1", Cause: dispatch.CauseRude,
	})
	w.ok(err)

	lost := w.request(money.Cash, 0) // declined, then cancelled
	w.round()
	_, err = w.desk.Decline(t.Context(), w.now, w.once("driver:D1"),
		dispatch.AnswerOffer{Offer: w.offer.ID, Driver: "D1"})
	w.ok(err)
	_, err = w.desk.Cancel(t.Context(), w.now, w.once("rider:R1"),
		dispatch.CancelRide{Ride: lost, Rider: "R1"})
	w.ok(err)
	_, err = w.desk.Accept(t.Context(), w.now, w.once("driver:D1"),
		dispatch.AnswerOffer{Offer: w.offer.ID, Driver: "D1"})
	if err == nil {
		t.Fatal("a declined offer was accepted")
	}
	_, err = w.desk.Occupied(t.Context(), w.now, w.once("driver:D1"),
		dispatch.StreetRide{Driver: "D1", At: w.city.Center})
	w.ok(err)

	body, contentType := scrape(t, w.metrics, "application/openmetrics-text;version=1.0.0")
	if !strings.HasPrefix(contentType, "application/openmetrics-text") ||
		!strings.HasSuffix(body, "# EOF\n") {
		t.Errorf("%s: not OpenMetrics", contentType)
	}
	body, _ = scrape(t, w.metrics, "text/plain;version=0.0.4")
	for act, n := range map[string]int{
		"requested": 3, "offered": 3, "claimed": 2, "arrived": 2, "started": 2, "completed": 2,
		"settled": 2, "cancelled": 1, "no_show": 0, "expired": 0, "released": 0,
	} {
		shows(t, body, fmt.Sprintf(
			`hexhail_rides_total{act="%s",city="beijing",kind="hailed"} %d`, act, n))
	}
	const in = `{city="beijing"} `
	shows(t, body,
		`hexhail_rides_total{act="started",city="beijing",kind="street"} 1`,
		`hexhail_offers_total{city="beijing",outcome="made"} 3`,
		`hexhail_offers_total{city="beijing",outcome="accepted"} 2`,
		`hexhail_offers_total{city="beijing",outcome="declined"} 1`,
		`hexhail_match_seconds_sum`+in+`10`, `hexhail_match_seconds_count`+in+`2`,
		`hexhail_pickup_seconds_sum`+in+`240`, `hexhail_wait_seconds_sum`+in+`310`,
		`hexhail_boarding_seconds_sum`+in+`60`, `hexhail_drive_seconds_sum`+in+`1200`,
		`hexhail_quoted_pickup_seconds_sum`+in+`200`,
		`hexhail_pickup_over_quoted_ratio_sum`+in+`2.5`,
		`hexhail_fares_fen_total`+in+`2200`, `hexhail_cash_fen_total`+in+`2200`,
		`hexhail_tips_fen_total`+in+`500`,
		`hexhail_subsidies_fen_total{city="beijing",side="rider"} 500`,
		`hexhail_subsidies_fen_total{city="beijing",side="driver"} 400`,
		`hexhail_subsidies_refused_total{city="beijing",reason="other_channel"} 1`,
		`hexhail_commands_refused_total{command="Accept",reason="OFFER_CLOSED"} 1`,
		`hexhail_round_waiting_rides`+in+`1`, `hexhail_rounds_total`+in+`3`,
	)
	if strings.Contains(body, "R1") || strings.Contains(body, string(lost)) {
		t.Error("an id is in the metrics")
	}
}

func TestSources(t *testing.T) {
	m := everything(t)
	body, _ := scrape(t, m, "text/plain")
	shows(t, body,
		`hexhail_taxis{city="beijing",state="idle"} 3`,
		`hexhail_taxis{city="beijing",state="busy"} 4`,
		`hexhail_taxis{city="beijing",state="off_duty"} 5`,
		`hexhail_searching_rides{city="beijing",state="waiting"} 1`,
		`hexhail_searching_rides{city="beijing",state="offered"} 2`,
		`hexhail_engine_inbox_depth{city="beijing",kind="position"} 6`,
		`hexhail_engine_inbox_depth{city="beijing",kind="change"} 7`,
		`hexhail_engine_inbox_depth{city="beijing",kind="question"} 8`,
		`hexhail_engine_inbox_lost_total{city="beijing"} 9`,
		`hexhail_outbox_backlog_events 10`, `hexhail_outbox_lag_seconds 1.5`,
		`hexhail_bus_messages_total{direction="in"} 11`,
		`hexhail_bus_messages_total{direction="out"} 12`,
		`hexhail_bus_lost_total{direction="in"} 13`, `hexhail_bus_lost_total{direction="out"} 14`,
		`hexhail_bus_slow_readers_total 15`, `hexhail_bus_refused_total 16`,
		`hexhail_bus_reconnects_total 17`, `hexhail_bus_queue_depth 18`,
		`hexhail_outbox_events_total{outcome="sent"} 19`,
		`hexhail_outbox_events_total{outcome="failed"} 20`,
		`hexhail_sessions 0`, `hexhail_sessions_begun_total 1`, `hexhail_watches 1`,
		`hexhail_sessions_ended_total{reason="SESSION_REPLACED"} 1`,
		`hexhail_fixes_accepted_total 3`, `hexhail_fixes_refused_total{reason="jump"} 1`,
		`hexhail_fixes_refused_total{reason="datum"} 0`,
		`hexhail_fixes_refused_total{reason="no_taxi"} 0`,
		`hexhail_commit_transactions_sum 3`,
		`hexhail_rpc_calls_total{code="NotFound",method="hexhail.rider.v1.RiderService/GetRide"} 1`,
	)
	for _, r := range geo.FixReasons() {
		if !strings.Contains(body, fmt.Sprintf(`hexhail_fixes_refused_total{reason="%s"}`, r)) {
			t.Errorf("%s does not start at zero", r)
		}
	}
	if _, err := m.Engine("beijing", nil, nil); err == nil {
		t.Error("a second engine of one city")
	}
}

// TestEngineMoves takes a city out as another node takes it over, and back in.
func TestEngineMoves(t *testing.T) {
	m := newMetrics(t, "beijing")
	counts := func() dispatch.Counts { return dispatch.Counts{} }
	load := func() dispatch.Load { return dispatch.Load{} }
	for range 2 {
		stop, err := m.Engine("beijing", counts, load)
		if err != nil {
			t.Fatal(err)
		}
		if gathered(t, m)["hexhail_taxis"] == nil {
			t.Fatal("no taxis")
		}
		stop()
		if gathered(t, m)["hexhail_taxis"] != nil {
			t.Fatal("taxis of a city that is another node's")
		}
	}
}

// TestNothingGrows feeds every label with what an attacker may choose.
func TestNothingGrows(t *testing.T) {
	m := newMetrics(t, "beijing")
	for i := range 1000 {
		s := strings.Repeat("x", i%70) + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
		m.Calls().Called("/"+s, codes.Code(i), time.Second)
		m.Calls().Refused(dispatch.Reason(s))
		m.Refused(s, dispatch.Invalid, dispatch.Reason(s+"Z"))
		m.Session(1, "")
		m.Session(-1, s)
		m.FixesRefused(s, 1)
		m.Dropped(fmt.Sprint("id", i))
		m.Quoted(dispatch.CityID(s), 1)
		m.Acted(0, dispatch.Ride{City: dispatch.CityID(s), Kind: dispatch.Hailed})
		m.Acted(dispatch.ActKind(i-500), dispatch.Ride{})
		m.Offered(dispatch.Offer{State: dispatch.OfferState(i - 500), City: dispatch.CityID(s)})
	}
	for name, f := range gathered(t, m) {
		limit := 160 // methods and reasons that there are
		if name == "hexhail_commands_refused_total" {
			limit = 129 * 129
		}
		if n := len(f.GetMetric()); n > limit {
			t.Errorf("%s has %d series", name, n)
		}
	}
	body, _ := scrape(t, m, "text/plain")
	shows(t, body,
		`hexhail_session_dropped_total{kind="ack"} 0`,
		`hexhail_fixes_refused_total{reason="other"} 1000`,
		`hexhail_session_dropped_total{kind="other"} 1000`,
		`hexhail_rpc_seconds_count{method="other"} 1000`,
	)
}

// TestOfferedCountsRides: a ride is in the funnel once for each of its searches, however many
// offers it takes.
func TestOfferedCountsRides(t *testing.T) {
	m := newMetrics(t, "beijing")
	for search := 1; search <= 2; search++ {
		for range 5 {
			m.Offered(dispatch.Offer{
				City: "beijing", Ride: "A", Search: search, State: dispatch.OfferOpen,
			})
		}
	}
	body, _ := scrape(t, m, "text/plain")
	shows(t, body,
		`hexhail_rides_total{act="offered",city="beijing",kind="hailed"} 2`,
		`hexhail_offers_total{city="beijing",outcome="made"} 10`)
}

// TestNativeHistograms: a scraper that asks for protobuf gets both kinds of buckets.
func TestNativeHistograms(t *testing.T) {
	m := everything(t)
	for name, f := range gathered(t, m) {
		if f.GetType() != dto.MetricType_HISTOGRAM {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		if h.GetSchema() != 3 || len(h.GetBucket()) == 0 { // 2^(2^−3) is the widest below 1.1
			t.Errorf("%s: schema %d, %d classic buckets", name, h.GetSchema(), len(h.GetBucket()))
		}
	}
	body, contentType := scrape(t, m, "application/vnd.google.protobuf;"+
		"proto=io.prometheus.client.MetricFamily;encoding=delimited")
	if !strings.HasPrefix(contentType, "application/vnd.google.protobuf") || body == "" {
		t.Errorf("%s, %d bytes", contentType, len(body))
	}
}

func TestHotPathsAllocateNothing(t *testing.T) {
	m := newMetrics(t, "beijing")
	calls := m.Calls()
	const method = "/hexhail.driver.v1.DriverService/Drive"
	hot := map[string]func(){
		"Fixes":        func() { m.Fixes(10) },
		"FixesRefused": func() { m.FixesRefused("stale", 1) },
		"Queued":       func() { m.Queued(3) },
		"Called":       func() { calls.Called(method, codes.OK, 3*time.Millisecond) },
	}
	for name, f := range hot {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkFixes(b *testing.B) {
	m := newMetrics(b, "beijing")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Fixes(1)
		}
	})
}

func BenchmarkCalled(b *testing.B) {
	calls := newMetrics(b, "beijing").Calls()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		took := time.Microsecond
		for pb.Next() {
			took = (took*5/4 + 1) % time.Second
			calls.Called("/hexhail.rider.v1.RiderService/GetRide", codes.OK, took)
		}
	})
}

func BenchmarkScrape(b *testing.B) {
	m := newMetrics(b, "beijing")
	handler := m.Handler()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	size := 0
	for b.Loop() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "bytes")
}
