package bus

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"hexhail/dispatch"
	"hexhail/geo"
)

// maxServed is how many questions a node puts to one engine at a time; beyond it they are refused.
// It is the engine's own limit and some that are on their way.
const maxServed = dispatch.MaxQuestions + 24

// served is one city whose engine is here.
type served struct {
	bus    *Bus
	city   dispatch.CityID
	engine Engine
	subs   []*nats.Subscription
	reader frameReader

	mu      sync.RWMutex // held for reading while the engine is called
	stopped bool
	ctx     context.Context //nolint:containedctx // ends with the service, not with a call
	cancel  context.CancelFunc
	asked   chan struct{} // a place for each question that is being answered
	answers sync.WaitGroup
}

// Serve hands to a city's engine what is sent to it, from any node, until stop is called. When stop
// has returned the engine is not called any more; a question that waits for it then is refused.
// Stop may be called twice, but not by the engine from within a call. Frames reach the engine one
// at a time, so do nudges; questions come side by side, at most 1,024, beyond which they are
// Exhausted. Errors: Unavailable after Close.
func (b *Bus) Serve(city dispatch.CityID, e Engine) (stop func(), err error) {
	s := &served{bus: b, city: city, engine: e, asked: make(chan struct{}, maxServed)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for subject, handle := range map[string]nats.MsgHandler{
		locSubject(city): s.frame, nudgeSubject(city): s.nudge, quoteSubject(city): s.question,
	} {
		sub, err := b.subscribe(subject, handle)
		if err != nil {
			s.stop()
			return nil, err
		}
		s.subs = append(s.subs, sub)
	}
	_ = b.nc.FlushTimeout(flushWait) // reconnecting: it subscribes again when it is back
	return s.stop, nil
}

func (s *served) stop() {
	s.mu.Lock()
	first := !s.stopped
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	s.answers.Wait()
	if first {
		for _, sub := range s.subs {
			s.bus.unsubscribe(sub)
		}
	}
}

// frame is called by one goroutine, so that it may use the one reader.
func (s *served) frame(m *nats.Msg) {
	reports, refused, err := s.reader.read(m.Data)
	if err != nil {
		refused = 1
	}
	s.bus.refused.Add(uint64(refused))
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(reports) > 0 && !s.stopped {
		s.engine.Frame(reports)
	}
}

func (s *served) nudge(m *nats.Msg) {
	change, err := readChange(m.Data, s.city)
	if err != nil {
		s.bus.refused.Add(1)
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.stopped {
		s.engine.Change(change)
	}
}

func (s *served) question(m *nats.Msg) {
	at, err := readQuestion(m.Data)
	if err != nil || m.Reply == "" {
		s.bus.refused.Add(1)
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.stopped {
		return
	}
	select {
	case s.asked <- struct{}{}:
		s.answers.Go(func() { s.answer(m.Reply, at) })
	default:
		s.reply(m.Reply, dispatch.Nearby{}, dispatch.Errorf(dispatch.Exhausted,
			dispatch.ReasonTooManyQuestions, "%d questions wait for the engine, its limit: "+
				"try again soon", maxServed))
	}
}

func (s *served) answer(reply string, at geo.Point) {
	defer func() { <-s.asked }()
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	near, err := s.engine.Nearby(ctx, at)
	if err != nil && s.ctx.Err() != nil {
		err = dispatch.Errorf(dispatch.Unavailable, ReasonBus, "the city's engine is moving")
	}
	s.reply(reply, near, err)
}

func (s *served) reply(reply string, near dispatch.Nearby, err error) {
	s.bus.out.put(item{subject: reply, data: writeAnswer(near, err)})
}

// answerWithin is how long a question waits for its answer.
const answerWithin = 2 * time.Second

// answer is what goes back to who has asked: taxis, or an error as its kind, reason and text.
type answer struct {
	Nearby *dispatch.Nearby `json:"nearby,omitempty"`
	Kind   string           `json:"kind,omitempty"`
	Reason dispatch.Reason  `json:"reason,omitempty"`
	Text   string           `json:"text,omitempty"`
}

func writeAnswer(near dispatch.Nearby, err error) []byte {
	a := answer{Nearby: &near}
	if err != nil {
		kind, reason := dispatch.Classify(err)
		a = answer{Kind: kind.String(), Reason: reason, Text: err.Error()}
		var own *dispatch.Error
		if errors.As(err, &own) {
			a.Text = own.Text
		}
	}
	data, err := json.Marshal(a)
	if err != nil { // a place that is not a number: the index lets none in
		data = []byte(`{"kind":"internal","reason":"` + string(ReasonBus) + `"}`)
	}
	return data
}

// readAnswer reads what writeAnswer has written; an error comes back as a *dispatch.Error of the
// same kind and reason.
func readAnswer(data []byte) (dispatch.Nearby, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return dispatch.Nearby{}, err
	}
	if a.Nearby != nil && a.Kind == "" {
		for _, taxi := range a.Nearby.Taxis {
			if err := taxi.At.Check(); err != nil {
				return dispatch.Nearby{}, err
			}
		}
		return *a.Nearby, nil
	}
	for kind := dispatch.Internal; kind <= dispatch.CallerGone; kind++ {
		if kind.String() == a.Kind {
			return dispatch.Nearby{}, dispatch.Errorf(kind, a.Reason, "%s", a.Text)
		}
	}
	return dispatch.Nearby{}, errAnswer
}

func readQuestion(data []byte) (geo.Point, error) {
	var at *geo.Point
	if err := json.Unmarshal(data, &at); err != nil {
		return geo.Point{}, err
	}
	if at == nil {
		return geo.Point{}, errQuestion
	}
	return *at, at.Check()
}
