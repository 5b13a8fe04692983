package ops

import (
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"google.golang.org/grpc"

	"hexhail/dispatch"
)

// Metrics counts what happens, on a registry of its own. It implements [dispatch.Listener] and the
// listeners of the drivers' and riders' edges; Calls is the listener of the gRPC server. None of
// its methods blocks or waits; those on the path of fixes and calls allocate nothing.
type Metrics struct {
	registry *prometheus.Registry

	cities    map[dispatch.CityID]*cityMetrics
	elsewhere *cityMetrics // of a city that is none of the process's
	seen      seenRides
	refused   *prometheus.CounterVec
	commands  vocabulary
	reasons   vocabulary

	calls     Calls
	sessions  sessionMetrics
	watches   prometheus.Gauge
	hooks     hookMetrics
	ledger    ledgerMetrics
	notices   *prometheus.CounterVec
	payouts   payoutMetrics
	forgotten forgetMetrics

	commits      prometheus.Histogram
	commitGroups prometheus.Histogram
}

// MetricsConfig is what the bounded labels are made of.
type MetricsConfig struct {
	// Cities are those that the process serves; what happens elsewhere is counted as "other".
	Cities []dispatch.CityID
	// Services are those of the gRPC server; a method of none of them is counted as "other".
	Services []*grpc.ServiceDesc
}

// other is the label of what is not in a bounded list.
const other = "other"

// NewMetrics makes a registry with everything that the process counts by itself, and with the
// collectors of the Go runtime, the process and the build. What other rooms hold is added by
// Engine, Outbox and Bus. An error is a bug: two metrics of one name.
func NewMetrics(c MetricsConfig) (*Metrics, error) {
	m := &Metrics{registry: prometheus.NewRegistry()}
	f := factory{registry: m.registry}
	// With what is live after a collection: what is in use goes up and down between them.
	f.add(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(
		collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/gc/heap/live:bytes$")})))
	f.add(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f.add(collectors.NewBuildInfoCollector())
	m.rides(&f, c.Cities)
	m.calls.register(&f, c.Services)
	m.sessions.register(&f)
	m.watches = f.gauge("hexhail_watches", "Riders' watches that are open.")
	m.hooks.register(&f)
	m.ledger.register(&f)
	m.notices = f.counters("hexhail_notices_total",
		"Notices of external channels: booked, or refused and told again.", "channel", "outcome")
	m.payouts.register(&f)
	m.forgotten.register(&f)
	m.commits = f.histogram("hexhail_commit_seconds",
		"Time of a commit of the database, from its first statement to the disk.",
		shortSeconds)
	m.commitGroups = f.histogram("hexhail_commit_transactions",
		"Transactions that one commit of the database made durable.",
		prometheus.ExponentialBuckets(1, 2, 7))
	return m, f.err
}

// Registry is where everything is registered, for tests and for what cmd counts itself.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Committed is one commit of the database that made so many transactions durable.
func (m *Metrics) Committed(transactions int, took time.Duration) {
	m.commits.Observe(took.Seconds())
	m.commitGroups.Observe(float64(transactions))
}

// The classic buckets, in seconds. Native histograms need none; these are for who does not scrape
// them. Each step is 2 to 2.5 times the one before.
var (
	// shortSeconds spans a call in memory to one that has waited for its deadline.
	shortSeconds = []float64{
		.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10,
	}
	// waitSeconds spans a match in ample supply to the end of a long ride.
	waitSeconds = []float64{
		.1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600,
	}
)

// factory makes metrics and registers them; the first error stays.
type factory struct {
	registry *prometheus.Registry
	err      error
}

func (f *factory) add(c prometheus.Collector) {
	if err := f.registry.Register(c); err != nil && f.err == nil {
		f.err = err
	}
}

func (f *factory) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	f.add(g)
	return g
}

func (f *factory) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	f.add(v)
	return v
}

func (f *factory) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	f.add(c)
	return c
}

func (f *factory) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	f.add(v)
	return v
}

// bothKinds makes both kinds at once: classic buckets, and a native histogram whose buckets are
// each at most 1.1 times as wide as the one before, so that a quantile is right to 5 %. 160 buckets
// (Prometheus's own advice) span six powers of ten; when there are more, the histogram starts anew
// after an hour, or else its buckets are joined.
func bothKinds(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

func (f *factory) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(bothKinds(name, help, buckets))
	f.add(h)
	return h
}

func (f *factory) histograms(
	name, help string, buckets []float64, labels ...string,
) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(bothKinds(name, help, buckets), labels)
	f.add(v)
	return v
}
