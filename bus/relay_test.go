package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	buspb "hexhail/pb/hexhail/bus/v1"
)

// outbox is one in memory. before is called with what is about to be dropped.
type outbox struct {
	mu     sync.Mutex
	rows   map[dispatch.EventID]dispatch.Event
	before func(ids []dispatch.EventID)
	fail   error
}

func (o *outbox) Unsent(_ context.Context, limit int) ([]dispatch.Event, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return nil, o.fail
	}
	var events []dispatch.Event
	for _, id := range slices.Sorted(maps.Keys(o.rows)) {
		if len(events) < limit {
			events = append(events, o.rows[id])
		}
	}
	return events, nil
}

func (o *outbox) Backlog(_ context.Context, atMost int) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return min(len(o.rows), atMost), o.fail
}

func (o *outbox) Sent(_ context.Context, ids []dispatch.EventID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.before != nil {
		o.before(ids)
	}
	for _, id := range ids {
		delete(o.rows, id)
	}
	return nil
}

func (o *outbox) add(events ...dispatch.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.rows == nil {
		o.rows = map[dispatch.EventID]dispatch.Event{}
	}
	for _, e := range events {
		o.rows[e.ID] = e
	}
}

func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.rows)
}

func event(i int) dispatch.Event {
	return dispatch.Event{
		ID: dispatch.EventID(fmt.Sprintf("X%06d.0001", i)), City: "beijing",
		Ride: dispatch.RideID(fmt.Sprintf("X%06d", i)), Version: 1, Kind: "requested", At: noon,
		State: "searching", Rider: "R1",
	}
}

func events(from, to int) []dispatch.Event {
	var list []dispatch.Event
	for i := from; i < to; i++ {
		list = append(list, event(i))
	}
	return list
}

// relaying runs a relay until the test ends or stop is called.
func relaying(t testing.TB, b *Bus, out Outbox, woken <-chan struct{}) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Relay(ctx, out, woken) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := next(t, "the relay's end", done); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// stored reads the first n events of the stream.
func stored(t testing.TB, b *Bus, n int) []*buspb.RideEvent {
	t.Helper()
	js, err := jetstream.New(b.nc)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.OrderedConsumer(t.Context(), Stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.Fetch(n, jetstream.FetchMaxWait(patience))
	if err != nil {
		t.Fatal(err)
	}
	var list []*buspb.RideEvent
	for m := range batch.Messages() {
		e := new(buspb.RideEvent)
		if err := proto.Unmarshal(m.Data(), e); err != nil {
			t.Fatal(err)
		}
		if m.Headers().Get("Nats-Msg-Id") != e.GetId() {
			t.Errorf("%q is stored under %q", e.GetId(), m.Headers().Get("Nats-Msg-Id"))
		}
		list = append(list, e)
	}
	return list
}

// inStream is how many messages the stream has; −1 without one.
func inStream(t testing.TB, b *Bus) int {
	t.Helper()
	js, err := jetstream.New(b.nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	s, err := js.Stream(ctx, Stream)
	if err != nil {
		return -1
	}
	return int(s.CachedInfo().State.Msgs)
}

func testEvents(t *testing.T, open func() *Bus) {
	b := open()
	out := &outbox{}
	full := dispatch.Event{
		ID: "X000000.0009", City: "new york", Ride: "X000000", Version: 9, Kind: "complete",
		At: noon, State: "completed", Rider: "R1", Driver: "D1", Taxi: "T1", Reason: "bad\xffbyte",
	}
	out.add(full)
	out.add(events(1, 1000)...)
	woken := make(chan struct{}, 1)
	relaying(t, b, out, woken)
	eventually(t, "the outbox is empty", func() bool { return out.waiting() == 0 })
	out.add(event(1000))
	woken <- struct{}{}
	eventually(t, "the outbox is empty again", func() bool { return out.waiting() == 0 })
	list := stored(t, b, 1001)
	if len(list) != 1001 || inStream(t, b) != 1001 {
		t.Fatalf("%d events, %d in the stream", len(list), inStream(t, b))
	}
	want := &buspb.RideEvent{
		Id: "X000000.0009", City: "new york", RideId: "X000000", Version: 9, Kind: "complete",
		At: list[0].GetAt(), State: "completed", RiderId: "R1", DriverId: "D1", TaxiId: "T1",
		Reason: "bad\uFFFDbyte",
	}
	if !proto.Equal(list[0], want) || !list[0].GetAt().AsTime().Equal(noon) {
		t.Errorf("got  %v\nwant %v", list[0], want)
	}
	for i, e := range list[1:] {
		if e.GetId() != string(event(i+1).ID) {
			t.Fatalf("event %d is %s", i+1, e.GetId())
		}
	}
	s := b.Stats()
	if s.Events != 1001 || s.EventsAgain != 0 || s.OutboxWaiting != 0 || s.OutboxLag != 0 {
		t.Errorf("%+v", s)
	}
}

// testEventsOfTwo: two nodes relay one outbox. Each event is stored once, and none is lost.
func testEventsOfTwo(t *testing.T, open func() *Bus) {
	a, b := open(), open()
	out := &outbox{}
	woken := make(chan struct{}, 2)
	stopA, stopB := relaying(t, a, out, woken), relaying(t, b, out, woken)
	for i := range 20 {
		out.add(events(i*100, i*100+100)...)
		for range 2 {
			select {
			case woken <- struct{}{}:
			default:
			}
		}
		eventually(t, "some are sent", func() bool { return out.waiting() < 50 })
	}
	eventually(t, "the outbox is empty", func() bool { return out.waiting() == 0 })
	stopA()
	stopB()
	ids := map[string]bool{}
	for _, e := range stored(t, a, 2000) {
		ids[e.GetId()] = true
	}
	if len(ids) != 2000 || inStream(t, a) != 2000 {
		t.Errorf("%d different events, %d in the stream", len(ids), inStream(t, a))
	}
}

// testEventsInOrder: the stream refuses one event in the middle of a batch. None behind it is
// stored before it, and all of them once it is let in. Mutant that it catches: events do not say
// after which one they are to be stored.
func testEventsInOrder(t *testing.T, open func() *Bus) {
	b := open()
	js, err := jetstream.New(b.nc)
	if err != nil {
		t.Fatal(err)
	}
	config := jetstream.StreamConfig{Name: Stream, Subjects: []string{allEvents}, MaxMsgSize: 2000}
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	list := events(0, 100)
	list[40].Reason = strings.Repeat("x", 4000)
	out := &outbox{}
	out.add(list...)
	relaying(t, b, out, nil)
	eventually(t, "the relay has failed thrice", func() bool { return b.Stats().EventErrors >= 3 })
	if n, s := inStream(t, b), b.Stats(); n != 40 || out.waiting() != 60 || s.OutboxLag == 0 {
		t.Errorf("%d in the stream, %d in the outbox; %+v", n, out.waiting(), s)
	}
	config.MaxMsgSize = -1
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the outbox is empty", func() bool { return out.waiting() == 0 })
	for i, e := range stored(t, b, 100) {
		if e.GetId() != string(list[i].ID) {
			t.Fatalf("event %d is %s", i, e.GetId())
		}
	}
}

// testEventsAckedFirst: an event leaves the outbox only when the stream has it. A relay that is
// stopped in the middle, and another that goes on, store every event once.
// Mutant that it catches: Sent before the acknowledgement.
func testEventsAckedFirst(t *testing.T, open func() *Bus) {
	b := open()
	out := &outbox{fail: errors.New("the database is away")}
	early := 0
	out.before = func(ids []dispatch.EventID) {
		has := map[string]bool{}
		for _, e := range stored(t, b, inStream(t, b)) {
			has[e.GetId()] = true
		}
		for _, id := range ids {
			if !has[string(id)] {
				early++
			}
		}
	}
	out.add(events(0, 600)...)
	stop := relaying(t, b, out, nil)
	eventually(t, "the relay has failed", func() bool { return b.Stats().EventErrors > 0 })
	out.mu.Lock()
	out.fail = nil
	out.mu.Unlock()
	eventually(t, "some are sent", func() bool { return out.waiting() < 600 })
	stop()
	relaying(t, b, out, nil)
	eventually(t, "the outbox is empty", func() bool { return out.waiting() == 0 })
	if n := inStream(t, b); n != 600 || early > 0 {
		t.Errorf("%d in the stream; %d left the outbox before they were stored", n, early)
	}
}
