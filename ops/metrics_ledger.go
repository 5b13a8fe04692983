package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ledgerMetrics are about the books as a whole.
type ledgerMetrics struct {
	sealed   prometheus.Counter
	sealedAt prometheus.Gauge
}

func (l *ledgerMetrics) register(f *factory) {
	l.sealed = f.counter("hexhail_ledger_sealed_total", "Entries that were sealed by this process.")
	l.sealedAt = f.gauge("hexhail_ledger_sealed_timestamp_seconds",
		"When all that was booked was sealed the last time, in seconds since 1970.")
}

// Sealed is a pass over the ledger that has sealed so many entries, at a time of the machine.
func (m *Metrics) Sealed(entries int, at time.Time) {
	m.ledger.sealed.Add(float64(entries))
	m.ledger.sealedAt.Set(float64(at.Unix()))
}
