package bus

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	buspb "hexhail/pb/hexhail/bus/v1"
)

// What the stream of events keeps, and for how long. Beyond either the oldest go.
const (
	eventsFor   = 24 * time.Hour
	eventsBytes = 1 << 30
	// eventsWindow is how long the stream knows the ids of events: an event that is sent again
	// within it is stored once. Outsiders drop what they have seen anyway.
	eventsWindow = 2 * time.Minute
)

// How the relay works.
const (
	relayBatch = 256                    // events sent before their acknowledgements are awaited
	relayEvery = 200 * time.Millisecond // the outbox is read at least that often
	// relayWait is how long one call of JetStream may take. A call made before the server is ready
	// for it gets no answer at all: short tries find the moment when it is.
	relayWait = time.Second
	// After a try that failed the relay waits, twice as long each time.
	relayRetry    = 50 * time.Millisecond
	relayMaxRetry = 2 * time.Second
	// countEvery is how often a backlog is counted that one batch does not hold.
	countEvery = 5 * time.Second
)

// Relay sends the outbox's events to the stream EVENTS until ctx ends, and then returns nil: at
// once when woken, and every 200 ms. An event leaves the outbox only after it is stored; it may be
// stored twice if the acknowledgement is lost for more than two minutes. Events are stored in the
// order in which the outbox gives them, by id: one is only stored right after the one before it.
// A server that is away, restarts or has lost its directory only makes the relay slower. Errors:
// Unavailable after Close.
func (b *Bus) Relay(ctx context.Context, out Outbox, woken <-chan struct{}) error {
	if b.closed.Load() {
		return errClosed()
	}
	js, err := jetstream.New(b.nc, jetstream.WithPublishAsyncTimeout(relayWait))
	if err != nil {
		return unavailable("JetStream", err)
	}
	defer js.CleanupPublisher()
	r := relay{bus: b, js: js, out: out}
	retry := relayRetry
	for {
		more, err := r.batch(ctx)
		wait, wake := relayEvery, woken
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			b.relayed.errors.Add(1)
			b.log.Warn("events wait", "error", err, "retry", retry)
			wait, wake = retry, nil
			retry = min(2*retry, relayMaxRetry)
		case more:
			retry = relayRetry
			continue
		default:
			retry = relayRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wrongLastID is JetStream's code for an event that is not right after the one that it names. When
// it is not the batch's first there is nothing wrong: another node's relay has stored something in
// between, and the next batch goes on from there.
const wrongLastID jetstream.ErrorCode = 10070

// relay sends one outbox.
type relay struct {
	bus   *Bus
	js    jetstream.JetStream
	out   Outbox
	ready bool // the stream is there, as far as is known

	backlog   int // as it was counted last
	countedAt time.Time
}

// batch sends the first events of the outbox; more says that there are others.
func (r *relay) batch(ctx context.Context) (more bool, err error) {
	events, err := r.out.Unsent(ctx, relayBatch)
	if err != nil {
		return false, err
	}
	if len(events) == 0 {
		r.bus.relayed.waits(0, "", time.Now())
		return false, nil
	}
	if err := r.count(ctx, len(events)); err != nil {
		return false, err
	}
	r.bus.relayed.waits(r.backlog, string(events[0].ID), time.Now())
	if err := r.stream(ctx); err != nil {
		return false, err
	}
	sent, err := r.publish(ctx, events)
	r.ready = err == nil
	if sent > 0 {
		ids := make([]dispatch.EventID, sent)
		for i := range ids {
			ids[i] = events[i].ID
		}
		if err := r.out.Sent(ctx, ids); err != nil {
			return false, err
		}
		r.bus.relayed.events.Add(uint64(sent))
	}
	var refused *jetstream.APIError
	if sent > 0 && errors.As(err, &refused) && refused.ErrorCode == wrongLastID {
		return true, nil
	}
	more = len(events) == relayBatch
	if err == nil && !more {
		r.bus.relayed.waits(0, "", time.Now())
	}
	return more, err
}

// count notes how many events wait, if a batch of so many was read.
func (r *relay) count(ctx context.Context, batch int) (err error) {
	switch {
	case batch < relayBatch:
		r.backlog, r.countedAt = batch, time.Time{}
	case time.Since(r.countedAt) >= countEvery:
		r.countedAt = time.Now()
		r.backlog, err = r.out.Backlog(ctx, dispatch.MaxBacklog)
	}
	return err
}

// stream makes the stream unless it is there. One that is there stays as it is: ops may have given
// it replicas.
func (r *relay) stream(ctx context.Context) error {
	if r.ready {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, relayWait)
	defer cancel()
	_, err := r.js.Stream(ctx, Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = r.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: Stream, Subjects: []string{allEvents}, MaxAge: eventsFor, MaxBytes: eventsBytes,
			Duplicates: eventsWindow, Storage: jetstream.FileStorage,
			Discard: jetstream.DiscardOld,
			Description: "what happened to rides: hexhail.bus.v1.RideEvent on " +
				"event.<city>.<kind>",
		})
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil // another node was faster
	}
	return err
}

// publish sends events without waiting for each, and returns how many of them, from the first one
// on, are stored. Each says after which one it is to be stored, so that after one that is lost none
// is.
func (r *relay) publish(ctx context.Context, events []dispatch.Event) (sent int, err error) {
	acks := make([]jetstream.PubAckFuture, 0, len(events))
	for i := range events {
		ack, failed := r.send(events, i)
		if failed != nil {
			err = failed
			break
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case stored := <-ack.Ok():
			if stored.Duplicate {
				r.bus.relayed.again.Add(1)
			}
			sent++
		case failed := <-ack.Err():
			return sent, failed
		case <-ctx.Done():
			return sent, ctx.Err()
		}
	}
	return sent, err
}

func (r *relay) send(events []dispatch.Event, i int) (jetstream.PubAckFuture, error) {
	e := events[i]
	data, err := proto.Marshal(eventPB(e))
	if err != nil {
		return nil, err
	}
	options := []jetstream.PublishOpt{
		jetstream.WithMsgID(string(e.ID)), jetstream.WithExpectStream(Stream),
		jetstream.WithRetryAttempts(0), // it would come after those behind it
	}
	if i > 0 {
		options = append(options, jetstream.WithExpectLastMsgID(string(events[i-1].ID)))
	}
	m := &nats.Msg{Subject: eventSubject(e.City, e.Kind), Data: data}
	return r.js.PublishMsgAsync(m, options...)
}

// eventPB is an event as outsiders read it. Bytes that are not UTF-8 are replaced: one event that
// cannot be written would hold up all behind it.
func eventPB(e dispatch.Event) *buspb.RideEvent {
	text := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	return &buspb.RideEvent{
		Id: text(string(e.ID)), City: text(string(e.City)), RideId: text(string(e.Ride)),
		Version: int32(min(max(e.Version, 0), math.MaxInt32)),
		Kind:    text(string(e.Kind)), At: timestamppb.New(e.At), State: text(e.State),
		RiderId: text(string(e.Rider)), DriverId: text(string(e.Driver)),
		TaxiId: text(string(e.Taxi)), Reason: text(e.Reason),
	}
}
