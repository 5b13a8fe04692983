package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hexhail/money"
)

// ledgerMetrics are about the books as a whole.
type ledgerMetrics struct {
	sealed   prometheus.Counter
	sealedAt prometheus.Gauge

	clearing, differences, stale *prometheus.GaugeVec
}

func (l *ledgerMetrics) register(f *factory) {
	l.sealed = f.counter("hexhail_ledger_sealed_total", "Entries that were sealed by this process.")
	l.sealedAt = f.gauge("hexhail_ledger_sealed_timestamp_seconds",
		"When all that was booked was sealed the last time, in seconds since 1970.")
	l.clearing = f.gauges("hexhail_clearing_fen",
		"What a channel owes us by our books.", "channel")
	l.differences = f.gauges("hexhail_bill_differences",
		"Differences between bills and books that are open.", "channel")
	l.stale = f.gauges("hexhail_stale_orders",
		"Orders and refunds that a channel has left open for longer than an hour.", "channel")
}

// Standings is how the books stand with the external channels.
func (m *Metrics) Standings(list []money.Standing) {
	for _, s := range list {
		channel := string(s.Channel)
		m.ledger.clearing.WithLabelValues(channel).Set(float64(s.Clearing))
		m.ledger.differences.WithLabelValues(channel).Set(float64(s.Differences))
		m.ledger.stale.WithLabelValues(channel).Set(float64(s.Stale))
	}
}

// Sealed is a pass over the ledger that has sealed so many entries, at a time of the machine.
func (m *Metrics) Sealed(entries int, at time.Time) {
	m.ledger.sealed.Add(float64(entries))
	m.ledger.sealedAt.Set(float64(at.Unix()))
}
