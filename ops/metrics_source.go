package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hexhail/dispatch"
)

// source is what another room holds, read once at each scrape.
type source struct {
	kinds []described
	read  func() []float64 // as many values as kinds
}

// described is one value of a source.
type described struct {
	desc  *prometheus.Desc
	value prometheus.ValueType
}

// held describes a value; labels are pairs of name and word.
func held(value prometheus.ValueType, name, help string, labels ...string) described {
	words := prometheus.Labels{}
	for i := 0; i+1 < len(labels); i += 2 {
		words[labels[i]] = labels[i+1]
	}
	return described{prometheus.NewDesc(name, help, nil, words), value}
}

// Describe implements [prometheus.Collector].
func (s *source) Describe(to chan<- *prometheus.Desc) {
	for _, k := range s.kinds {
		to <- k.desc
	}
}

// Collect implements [prometheus.Collector].
func (s *source) Collect(to chan<- prometheus.Metric) {
	for i, v := range s.read() {
		to <- prometheus.MustNewConstMetric(s.kinds[i].desc, s.kinds[i].value, v)
	}
}

func (m *Metrics) hold(s *source) (stop func(), err error) {
	if err := m.registry.Register(s); err != nil {
		return nil, err
	}
	return func() { m.registry.Unregister(s) }, nil
}

// Engine shows the engine of a city: its taxis and open rides by state, and its inbox. Both
// functions are called at each scrape, from any goroutine, and must answer at once. stop takes the
// city out again, when another node has taken it; without, a second call for a city is an error.
func (m *Metrics) Engine(
	city dispatch.CityID, counts func() dispatch.Counts, load func() dispatch.Load,
) (stop func(), err error) {
	id := string(city)
	taxis := func(state string) described {
		return held(prometheus.GaugeValue, "hexhail_taxis",
			"Taxis that the engine knows, by state.", "city", id, "state", state)
	}
	rides := func(state string) described {
		return held(prometheus.GaugeValue, "hexhail_searching_rides",
			"Rides that search: waiting for an offer, or offered to a driver.",
			"city", id, "state", state)
	}
	inbox := func(kind string) described {
		return held(prometheus.GaugeValue, "hexhail_engine_inbox_depth",
			"What waits in the engine's inbox.", "city", id, "kind", kind)
	}
	return m.hold(&source{
		kinds: []described{
			taxis("idle"), taxis("busy"), taxis("off_duty"), rides("waiting"), rides("offered"),
			inbox("position"), inbox("change"), inbox("question"),
			held(prometheus.CounterValue, "hexhail_engine_inbox_lost_total",
				"What the engine's inbox had no room for.", "city", id),
		},
		read: func() []float64 {
			c, l := counts(), load()
			return []float64{
				float64(c.Idle), float64(c.Busy), float64(c.OffDuty),
				float64(c.Waiting), float64(c.Offered),
				float64(l.Reports), float64(l.Changes), float64(l.Questions), float64(l.Lost),
			}
		},
	})
}

// Stands shows how many taxis queue at each stand of a city, in the order of its file. lengths is
// called at each scrape, as for Engine. A city file bounds the stands: they may be a label.
func (m *Metrics) Stands(
	city dispatch.City, lengths func() []int,
) (stop func(), err error) {
	kinds := make([]described, len(city.Stands))
	for i, s := range city.Stands {
		kinds[i] = held(prometheus.GaugeValue, "hexhail_stand_taxis",
			"Taxis in the queue of a stand.", "city", string(city.ID), "stand", string(s.ID))
	}
	return m.hold(&source{kinds: kinds, read: func() []float64 {
		values := make([]float64, len(kinds))
		for i, n := range lengths() {
			values[i] = float64(n)
		}
		return values
	}})
}

// OutboxState is how far the relay is behind.
type OutboxState struct {
	Backlog int           // events that are not sent
	Lag     time.Duration // age of the oldest of them; 0 without any
}

// Outbox shows the outbox. read is called at each scrape, as for Engine: it answers from memory.
func (m *Metrics) Outbox(read func() OutboxState) error {
	_, err := m.hold(&source{
		kinds: []described{
			held(prometheus.GaugeValue, "hexhail_outbox_backlog_events",
				"Events that wait to be sent."),
			held(prometheus.GaugeValue, "hexhail_outbox_lag_seconds",
				"Age of the oldest event that waits to be sent."),
		},
		read: func() []float64 {
			s := read()
			return []float64{float64(s.Backlog), s.Lag.Seconds()}
		},
	})
	return err
}

// BusStats counts since the start of the process, but for Queued.
type BusStats struct {
	In, Out     uint64 // messages
	Missed      uint64 // came, and were lost as their reader was too slow
	Dropped     uint64 // were not sent
	SlowReaders uint64 // times that a reader became too slow
	Refused     uint64 // garbage
	Reconnects  uint64
	Queued      int    // messages that wait to be sent now
	Events      uint64 // of the outbox, sent
	EventErrors uint64 // tries to send them that failed
}

// Bus shows the bus. read is called at each scrape, as for Engine.
func (m *Metrics) Bus(read func() BusStats) error {
	count := func(name, help string, labels ...string) described {
		return held(prometheus.CounterValue, name, help, labels...)
	}
	const (
		messages, messagesHelp = "hexhail_bus_messages_total", "Messages of the bus."
		lost, lostHelp         = "hexhail_bus_lost_total",
			"Messages of the bus that got lost: no room to send them, or a slow reader."
		events, eventsHelp = "hexhail_outbox_events_total", "Tries to send events of the outbox."
	)
	_, err := m.hold(&source{
		kinds: []described{
			count(messages, messagesHelp, "direction", "in"),
			count(messages, messagesHelp, "direction", "out"),
			count(lost, lostHelp, "direction", "in"), count(lost, lostHelp, "direction", "out"),
			count("hexhail_bus_slow_readers_total", "Times that a reader became too slow."),
			count("hexhail_bus_refused_total", "Messages of the bus that were garbage."),
			count("hexhail_bus_reconnects_total", "Times that the bus was found again."),
			count(events, eventsHelp, "outcome", "sent"),
			count(events, eventsHelp, "outcome", "failed"),
			held(prometheus.GaugeValue, "hexhail_bus_queue_depth",
				"Messages that wait to be sent over the bus."),
		},
		read: func() []float64 {
			s := read()
			return []float64{
				float64(s.In), float64(s.Out), float64(s.Missed), float64(s.Dropped),
				float64(s.SlowReaders), float64(s.Refused), float64(s.Reconnects),
				float64(s.Events), float64(s.EventErrors), float64(s.Queued),
			}
		},
	})
	return err
}
