package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// hookMetrics count the webhooks of all notifiers.
type hookMetrics struct {
	delivered, retried, parked prometheus.Counter
	seconds                    prometheus.Histogram
	waiting                    prometheus.Gauge
}

func (h *hookMetrics) register(f *factory) {
	sent := f.counters("hexhail_webhooks_total",
		"Tries to deliver an event: delivered, to be retried, or given up and parked.", "outcome")
	h.delivered = sent.WithLabelValues("delivered")
	h.retried = sent.WithLabelValues("retried")
	h.parked = sent.WithLabelValues("parked")
	h.seconds = f.histogram("hexhail_webhook_seconds",
		"Time of a try to deliver an event.", shortSeconds)
	h.waiting = f.gauge("hexhail_webhook_queue_events",
		"Events that wait to be delivered, or to be retried.")
}

func (h *hookMetrics) tried(took time.Duration) { h.seconds.Observe(took.Seconds()) }
