package ops

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"hexhail/dispatch"
)

// forgetMetrics are about what is dropped, as it is old.
type forgetMetrics struct{ count *prometheus.CounterVec }

func (m *forgetMetrics) register(f *factory) {
	m.count = f.counters("hexhail_forgotten_total",
		"Rows that were dropped as they were old; of traces, rides.", "what")
}

// Forgot implements [dispatch.Listener].
func (m *Metrics) Forgot(what dispatch.Forgotten, n int) {
	label := string(what)
	if !slices.Contains(dispatch.Forgettings(), what) {
		label = other
	}
	m.forgotten.count.WithLabelValues(label).Add(float64(n))
}
