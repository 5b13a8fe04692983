package bus

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"hexhail/dispatch"
	"hexhail/geo"
)

// maxAsking is how many questions of one node wait for their answers; beyond it they are Exhausted.
const maxAsking = 8192

var (
	errAnswer   = errors.New("bus: not an answer")
	errQuestion = errors.New("bus: not a question")
	errNobody   = errors.New("bus: nobody is there to answer")
)

// askers are the questions of this node that wait for their answers. It is the connection's own
// request and reply once more, with the sender's queue before it: who asks waits for the answer and
// for nothing else, even if the server hangs.
type askers struct {
	prefix string // of the subjects of answers; the rest is the question's number

	mu     sync.Mutex
	last   uint64
	byName map[string]chan reply // each has room for one
}

// reply is what came to a question: a message, or why none will come.
type reply struct {
	data []byte
	err  error
}

func (a *askers) init(nc *nats.Conn) {
	a.prefix = nc.NewInbox() + "."
	a.byName = map[string]chan reply{}
}

// begin makes a place for an answer; ok is false if there are too many.
func (a *askers) begin() (name string, ch chan reply, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.byName) >= maxAsking {
		return "", nil, false
	}
	a.last++
	name, ch = strconv.FormatUint(a.last, 36), make(chan reply, 1)
	a.byName[name] = ch
	return name, ch, true
}

// end gives an answer to who waits for it, and forgets the question. A second answer finds nobody.
func (a *askers) end(name string, r reply) {
	a.mu.Lock()
	ch, ok := a.byName[name]
	delete(a.byName, name)
	a.mu.Unlock()
	if ok {
		ch <- r
	}
}

func (a *askers) failAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, ch := range a.byName {
		ch <- reply{err: nats.ErrConnectionClosed}
		delete(a.byName, name)
	}
}

// answered takes a message to an inbox. The server itself answers for a subject that nobody has
// subscribed to.
func (b *Bus) answered(m *nats.Msg) {
	r := reply{data: m.Data}
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		r.err = errNobody
	}
	b.askers.end(lastToken(m.Subject), r)
}

// Nearby asks the city's engine, wherever it is, for idle taxis near a point. Errors: those of the
// engine, as they were (Exhausted when it has too many questions); Unavailable with ReasonBus when
// none answers within 2 s, or at once when it is clear that none will; ctx's when that ends first.
func (b *Bus) Nearby(ctx context.Context, city dispatch.CityID, at geo.Point) (
	dispatch.Nearby, error,
) {
	question, err := json.Marshal(at)
	if err != nil {
		return dispatch.Nearby{}, at.Check()
	}
	if b.closed.Load() {
		return dispatch.Nearby{}, errClosed()
	}
	name, ch, ok := b.askers.begin()
	if !ok {
		return dispatch.Nearby{}, dispatch.Errorf(dispatch.Exhausted,
			dispatch.ReasonTooManyQuestions, "%d questions wait for engines, the limit: "+
				"try again soon", maxAsking)
	}
	subject, inbox := quoteSubject(city), b.askers.prefix+name
	if !b.out.perform(func() {
		if err := b.nc.PublishRequest(subject, inbox, question); err != nil {
			b.out.failed(err)
			b.askers.end(name, reply{err: err})
		}
	}) {
		b.askers.end(name, reply{err: nats.ErrConnectionClosed})
	}
	timer := time.NewTimer(answerWithin)
	defer timer.Stop()
	select {
	case r := <-ch:
		return b.readReply(r)
	case <-ctx.Done():
		b.askers.end(name, reply{})
		return dispatch.Nearby{}, ctx.Err()
	case <-timer.C:
		b.askers.end(name, reply{})
		return dispatch.Nearby{}, dispatch.Errorf(dispatch.Unavailable, ReasonBus,
			"the city's engine does not answer: try again")
	}
}

func (b *Bus) readReply(r reply) (dispatch.Nearby, error) {
	if r.err != nil {
		return dispatch.Nearby{}, unavailable("the city's engine is out of reach: try again", r.err)
	}
	near, err := readAnswer(r.data)
	var typed *dispatch.Error
	if err != nil && !errors.As(err, &typed) {
		b.refused.Add(1)
		return dispatch.Nearby{}, &dispatch.Error{
			Kind: dispatch.Internal, Reason: ReasonBus, Cause: err,
			Text: "the city's engine answers garbage",
		}
	}
	return near, err
}
