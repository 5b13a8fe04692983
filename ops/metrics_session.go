package ops

import (
	"github.com/prometheus/client_golang/prometheus"

	"hexhail/geo"
)

// sessionMetrics count what drivers' sessions do.
type sessionMetrics struct {
	open     prometheus.Gauge
	begun    prometheus.Counter
	ended    *prometheus.CounterVec
	why      vocabulary
	accepted prometheus.Counter
	refused  map[string]prometheus.Counter
	depth    prometheus.Histogram
	dropped  *prometheus.CounterVec
	what     vocabulary
}

// The reasons to refuse a fix that the sessions find themselves, beside those of [geo.FixReasons].
const (
	fixDatum   = "datum"    // not one that we know
	fixNoTaxi  = "no_taxi"  // not the taxi of the driver's shift
	fixTooMany = "too_many" // in a message with too many
)

func (s *sessionMetrics) register(f *factory) {
	s.open = f.gauge("hexhail_sessions", "Drivers' sessions that are open.")
	s.begun = f.counter("hexhail_sessions_begun_total", "Drivers' sessions that began.")
	s.ended = f.counters("hexhail_sessions_ended_total",
		"Drivers' sessions that ended, and why.", "reason")
	s.accepted = f.counter("hexhail_fixes_accepted_total", "Fixes that were accepted.")
	refused := f.counters("hexhail_fixes_refused_total", "Fixes that were refused, and why.",
		"reason")
	s.refused = map[string]prometheus.Counter{}
	for _, r := range geo.FixReasons() {
		s.refused[r.String()] = refused.WithLabelValues(r.String())
	}
	for _, name := range []string{fixDatum, fixNoTaxi, fixTooMany, other} {
		s.refused[name] = refused.WithLabelValues(name)
	}
	s.depth = f.histogram("hexhail_session_queue_depth",
		"Messages that wait for a driver's phone as one more is added.",
		[]float64{0, 1, 2, 4, 8, 16, 32, 48, 64})
	s.dropped = f.counters("hexhail_session_dropped_total",
		"What a session had no room or no time for, and lost.", "kind")
	for _, kind := range []string{
		"position", "frame", "message", "call", "ack", "read", "poll", "trace",
	} {
		s.dropped.WithLabelValues(s.what.word(kind)) // a rate needs its zero
	}
}

// Session implements the drivers' edge's listener: +1 for a session that begins, −1 for one that
// ends, and why.
func (m *Metrics) Session(change int, why string) {
	s := &m.sessions
	s.open.Add(float64(change))
	if change > 0 {
		s.begun.Add(float64(change))
		return
	}
	s.ended.WithLabelValues(s.why.word(why)).Add(float64(-change))
}

// Fixes implements the drivers' edge's listener: fixes that were accepted.
func (m *Metrics) Fixes(accepted int) {
	if accepted > 0 {
		m.sessions.accepted.Add(float64(accepted))
	}
}

// FixesRefused implements the drivers' edge's listener. A reason that is not known is "other".
func (m *Metrics) FixesRefused(reason string, n int) {
	c, ok := m.sessions.refused[reason]
	if !ok {
		c = m.sessions.refused[other]
	}
	if n > 0 {
		c.Add(float64(n))
	}
}

// Queued implements the drivers' edge's listener: the depth of a session's queue.
func (m *Metrics) Queued(depth int) { m.sessions.depth.Observe(float64(depth)) }

// Dropped implements the drivers' edge's listener: what a session has lost.
func (m *Metrics) Dropped(what string) {
	m.sessions.dropped.WithLabelValues(m.sessions.what.word(what)).Inc()
}
