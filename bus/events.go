package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	buspb "hexhail/pb/hexhail/bus/v1"
)

// How a reader of events works.
const (
	readBatch = 64
	readWait  = time.Second // until a fetch of an empty stream returns
	// readAck is how long a reader may be silent before its events are given out again; one that is
	// at work says so three times as often.
	readAck = 30 * time.Second
)

// Events gives the events of the stream EVENTS to deliver, in their order, until ctx ends, and then
// returns nil. The stream remembers by name how far a reader has come, over restarts. What deliver
// returns an error for is given again, perhaps with more: a reader hears of an event at least once.
// Errors: Unavailable after Close.
func (b *Bus) Events(
	ctx context.Context, name string, deliver func(context.Context, []dispatch.Event) error,
) error {
	if b.closed.Load() {
		return errClosed()
	}
	js, err := jetstream.New(b.nc)
	if err != nil {
		return unavailable("JetStream", err)
	}
	reader := &reader{bus: b, relay: relay{bus: b, js: js}, name: name, deliver: deliver}
	retry := relayRetry
	for ctx.Err() == nil {
		if err := reader.batch(ctx); err == nil {
			retry = relayRetry
			continue
		} else if ctx.Err() == nil {
			b.log.Warn("reading events", "reader", name, "error", err, "retry", retry)
		}
		timer := time.NewTimer(retry)
		retry = min(2*retry, relayMaxRetry)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// reader is one durable reader of the stream.
type reader struct {
	bus      *Bus
	relay    relay // makes the stream, if nobody has
	name     string
	deliver  func(context.Context, []dispatch.Event) error
	consumer jetstream.Consumer // nil: not known to be there
}

// batch reads some events, delivers them and notes how far it has come.
func (r *reader) batch(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	fetched, err := r.consumer.Fetch(readBatch, jetstream.FetchMaxWait(readWait))
	if err != nil {
		r.consumer = nil
		return err
	}
	var messages []jetstream.Msg
	var events []dispatch.Event
	for m := range fetched.Messages() {
		messages = append(messages, m)
		var e buspb.RideEvent
		if err := proto.Unmarshal(m.Data(), &e); err != nil {
			r.bus.refused.Add(1) // somebody else's: it is passed over
			continue
		}
		events = append(events, eventOf(&e))
	}
	if err := fetched.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		r.consumer = nil
		return err
	}
	if len(messages) == 0 {
		return nil
	}
	err = r.hand(ctx, messages, events)
	for _, m := range messages {
		if err != nil {
			err = errors.Join(err, m.Nak())
		} else if failed := m.Ack(); failed != nil {
			return failed
		}
	}
	return err
}

// hand delivers, and meanwhile tells the stream that somebody is at it.
func (r *reader) hand(
	ctx context.Context, messages []jetstream.Msg, events []dispatch.Event,
) error {
	done := make(chan error, 1)
	go func() { done <- r.deliver(ctx, events) }()
	ticker := time.NewTicker(readAck / 3)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			for _, m := range messages {
				if err := m.InProgress(); err != nil {
					r.bus.log.Warn("reading events", "reader", r.name, "error", err)
				}
			}
		}
	}
}

// open finds the reader's place in the stream, or begins with the oldest event that is kept.
func (r *reader) open(ctx context.Context) error {
	if r.consumer != nil {
		return nil
	}
	if err := r.relay.stream(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, relayWait)
	defer cancel()
	consumer, err := r.relay.js.CreateOrUpdateConsumer(ctx, Stream, jetstream.ConsumerConfig{
		Durable: r.name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: readAck,
		MaxAckPending: readBatch,
	})
	if err != nil {
		return err
	}
	r.consumer = consumer
	return nil
}

func eventOf(e *buspb.RideEvent) dispatch.Event {
	return dispatch.Event{
		ID: dispatch.EventID(e.GetId()), City: dispatch.CityID(e.GetCity()),
		Ride: dispatch.RideID(e.GetRideId()), Version: int(e.GetVersion()),
		Kind: dispatch.EventKind(e.GetKind()), At: e.GetAt().AsTime(), State: e.GetState(),
		Rider: dispatch.RiderID(e.GetRiderId()), Driver: dispatch.DriverID(e.GetDriverId()),
		Taxi: dispatch.TaxiID(e.GetTaxiId()), Reason: e.GetReason(),
	}
}
