package bus

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"hexhail/dispatch"
)

// testEventsRead: a durable reader hears every event in order, goes on where it was after a
// restart, and hears again what it could not take.
func testEventsRead(t *testing.T, open func() *Bus) {
	b := open()
	out := &outbox{}
	out.add(events(0, 150)...)
	relaying(t, b, out, nil)

	var mu sync.Mutex
	var heard []dispatch.EventID
	refuse := 1
	enough := make(chan int, 1000)
	read := func(n int) {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			done <- b.Events(ctx, "notify", func(_ context.Context, list []dispatch.Event) error {
				mu.Lock()
				defer mu.Unlock()
				if refuse > 0 {
					refuse--
					return errors.New("not now")
				}
				for _, e := range list {
					if !slices.Contains(heard, e.ID) {
						heard = append(heard, e.ID)
					}
				}
				enough <- len(heard)
				return nil
			})
		}()
		for next(t, "events", enough) < n {
		}
		stop()
		if err := next(t, "the reader's end", done); err != nil {
			t.Error(err)
		}
	}
	read(150)
	out.add(events(150, 200)...)
	read(200)
	for i, e := range events(0, 200) {
		if heard[i] != e.ID {
			t.Fatalf("event %d heard is %s, want %s", i, heard[i], e.ID)
		}
	}
	if e := eventOf(eventPB(event(7))); e != event(7) {
		t.Errorf("an event comes back as %+v, want %+v", e, event(7))
	}
}
