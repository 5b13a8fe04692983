package bus

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// longest is how long a send may take, whatever has become of the server.
const longest = 100 * time.Millisecond

// stopwatch takes the times of sends.
type stopwatch struct {
	sends, slow int
	slowest     time.Duration
	what        string
}

// check lets one send in four go: a machine that is overloaded may hold up any goroutine for longer
// than a send may take, but who waits for a server that hangs waits with every send.
func (w *stopwatch) check(t *testing.T) {
	t.Helper()
	if w.slow > w.sends/4 {
		t.Errorf("%d of %d sends took more than %v; %s %v", w.slow, w.sends, longest, w.what,
			w.slowest)
	}
}

// sendAll calls everything that sends.
func (w *stopwatch) sendAll(t *testing.T, b *Bus, reports []dispatch.Report) {
	t.Helper()
	one := ride("X1")
	for name, send := range map[string]func(){
		"Frame":    func() { _ = b.Frame("beijing", reports) },
		"Nudge":    func() { b.Nudge(t.Context(), dispatch.Change{City: "beijing", Ride: &one}) },
		"Push":     func() { b.Push(t.Context(), dispatch.Notice{Driver: "D1", Ride: &one}) },
		"Tell":     func() { b.Tell(t.Context(), one) },
		"Position": func() { _ = b.Position("beijing", "X1", reports[0].Fix) },
		"Listen":   func() { listen(t, b, "D99", "s").stop() },
		"Watch": func() {
			stop, err := b.Watch(one.Brief(), func(Update) {})
			if err != nil {
				t.Error(err)
				return
			}
			stop()
		},
	} {
		begun := time.Now()
		send()
		took := time.Since(begun)
		w.sends++
		if took > longest {
			w.slow++
		}
		if took > w.slowest {
			w.slowest, w.what = took, name
		}
	}
}

// TestKilledServer: kill −9 of an external server. While it is away nothing waits, hints are lost
// and counted; when it is back, engines, sessions, watches and relays go on by themselves. Mutants
// that it catches: sessions are not announced again after a reconnect, or an earlier session's
// announcement is not answered (two stay).
func TestKilledServer(t *testing.T) {
	t.Parallel()
	p, config := startSecure(t)
	a, b := opened(t, config), opened(t, config)
	here := newCity()
	here.nearby = func(context.Context, geo.Point) (dispatch.Nearby, error) {
		return dispatch.Nearby{Pickup: time.Minute}, nil
	}
	serve(t, a, "beijing", here)
	one, quiet := listen(t, a, "D1", "s1"), listen(t, b, "D2", "s1")
	updates, _ := watchRide(t, a, ride("X1"))
	out := &outbox{}
	out.add(events(0, 10)...)
	relaying(t, a, out, nil)
	eventually(t, "the first events are sent", func() bool { return out.waiting() == 0 })

	p.kill()
	eventually(t, "the outage is noticed", func() bool {
		return a.Ready() != nil && b.Ready() != nil
	})
	reports := reportsOf(2000, rand.New(rand.NewPCG(15, 16)))
	var watch stopwatch
	for range 20 {
		watch.sendAll(t, a, reports)
	}
	watch.check(t)
	eventually(t, "what was sent is dropped", func() bool { return a.Stats().Dropped >= 100 })
	begun := time.Now()
	_, err := a.Nearby(t.Context(), "beijing", geo.Point{})
	if dispatch.KindOf(err) != dispatch.Unavailable || time.Since(begun) > answerWithin/2 {
		t.Errorf("Nearby without a server: %v after %v", err, time.Since(begun))
	}
	moved := listen(t, b, "D1", "s2") // nobody can tell the first session
	out.add(events(10, 20)...)
	eventually(t, "the relay notices", func() bool { return a.Stats().OutboxLag > 0 })
	if err := os.RemoveAll(p.store); err != nil {
		t.Fatal(err)
	}

	p.start(t)
	eventually(t, "both are back", func() bool { return a.Ready() == nil && b.Ready() == nil })
	eventually(t, "the earlier session is told", func() bool { return one.replaced.Load() == 1 })
	settle(t, a, b)
	drop(here.changes) // what was sent before the outage was noticed
	drop(updates)
	b.Nudge(t.Context(), dispatch.Change{City: "beijing", Shift: shift()})
	next(t, "a nudge", here.changes)
	b.Tell(t.Context(), ride("X1"))
	next(t, "an update", updates)
	a.Push(t.Context(), dispatch.Notice{Driver: "D1", Shift: shift()})
	a.Push(t.Context(), dispatch.Notice{Driver: "D2", Shift: shift()})
	next(t, "a notice for the session that began in the outage", moved.notices)
	next(t, "a notice for another", quiet.notices)
	near, err := b.Nearby(t.Context(), "beijing", geo.Point{})
	if err != nil || near.Pickup != time.Minute {
		t.Errorf("Nearby: %+v, %v", near, err)
	}
	if moved.replaced.Load()+quiet.replaced.Load() != 0 || len(one.notices) > 0 {
		t.Error("the wrong session was replaced")
	}
	eventually(t, "the waiting events are sent", func() bool { return out.waiting() == 0 })
	list := stored(t, a, 10)
	if n := inStream(t, a); n != 10 || list[0].GetId() != string(event(10).ID) {
		t.Errorf("%d events in the new stream, the first %v", n, list[0])
	}
	if s := a.Stats(); s.Reconnects == 0 || s.OutboxLag != 0 {
		t.Errorf("%+v", s)
	}
}

// drop empties a channel.
func drop[T any](ch <-chan T) {
	for len(ch) > 0 {
		<-ch
	}
}

// TestKilledOften: events go on through one kill −9 after the other, each stored at least once and
// in order. Mutant that it catches: the connection gives up after some tries.
func TestKilledOften(t *testing.T) {
	t.Parallel()
	p := startServer(t, "")
	b := opened(t, Config{URL: "nats://" + p.address})
	out := &outbox{}
	woken := make(chan struct{}, 1)
	relaying(t, b, out, woken)
	const rounds, each = 4, 2000
	for i := range rounds {
		out.add(events(i*each, (i+1)*each)...)
		woken <- struct{}{}
		eventually(t, "some are sent", func() bool {
			return out.waiting() < each*3/4 || i == rounds-1 && out.waiting() == 0
		})
		if i < rounds-1 {
			p.kill()
			p.start(t)
		}
	}
	eventually(t, "the outbox is empty", func() bool { return out.waiting() == 0 })
	seen := map[string]bool{}
	last := ""
	for _, e := range stored(t, b, inStream(t, b)) {
		if id := e.GetId(); !seen[id] {
			if id < last {
				t.Fatalf("%s came after %s", id, last)
			}
			seen[id], last = true, id
		}
	}
	if len(seen) != rounds*each {
		t.Errorf("%d of %d events are stored", len(seen), rounds*each)
	}
}

// TestHungServer: a server that stands still with its connections open. The kernel's buffers fill,
// and the connection's own calls wait; ours do not.
// Mutant that it catches: put calls Publish itself.
func TestHungServer(t *testing.T) {
	t.Parallel()
	p := startServer(t, "")
	b := opened(t, Config{URL: "nats://" + p.address})
	here := newCity()
	serve(t, b, "beijing", here)
	p.signal(t, syscall.SIGSTOP)
	reports := reportsOf(5000, rand.New(rand.NewPCG(17, 18)))
	var watch stopwatch
	for deadline := time.Now().Add(patience); b.Stats().Dropped == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("never full: %+v", b.Stats())
		}
		watch.sendAll(t, b, reports)
	}
	for range 20 {
		watch.sendAll(t, b, reports)
	}
	watch.check(t)
	begun := time.Now()
	_, err := b.Nearby(t.Context(), "beijing", geo.Point{})
	took := time.Since(begun)
	if dispatch.KindOf(err) != dispatch.Unavailable || took > answerWithin+writeTimeout/2 {
		t.Errorf("Nearby of a hung server: %v after %v", err, took)
	}
	p.signal(t, syscall.SIGCONT)
	eventually(t, "a nudge gets through", func() bool {
		b.Nudge(t.Context(), dispatch.Change{City: "beijing", Shift: shift()})
		select {
		case c := <-here.changes:
			return c.Shift != nil
		case <-here.frames:
		case <-time.After(10 * time.Millisecond):
		}
		return false
	})
}

// TestRefusedForAWhile: credentials that a server refuses in mid-life, as one does whose accounts
// are being moved, are tried again for ever. Mutant that it catches: without IgnoreAuthErrorAbort
// the connection is closed after two refusals.
func TestRefusedForAWhile(t *testing.T) {
	t.Parallel()
	p := startServer(t, "authorization { user: node, password: right }\n")
	b := opened(t, Config{URL: "nats://node:right@" + p.address})
	good, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	restart := func(config []byte) {
		p.kill()
		if err := os.WriteFile(p.config, config, 0o600); err != nil {
			t.Fatal(err)
		}
		p.start(t)
	}
	restart(bytes.Replace(good, []byte("right"), []byte("changed"), 1))
	eventually(t, "three refusals", func() bool {
		log, err := os.ReadFile(p.config + ".log")
		return err == nil && bytes.Count(log, []byte("authentication error")) >= 3
	})
	if b.Ready() == nil {
		t.Error("ready, though refused")
	}
	restart(good)
	eventually(t, "the node is back", func() bool { return b.Ready() == nil })
}

// TestOpenWaits: a server that comes late is waited for, one that never comes is not.
func TestOpenWaits(t *testing.T) {
	t.Parallel()
	p := startServer(t, "")
	p.kill()
	ctx, cancel := context.WithTimeout(t.Context(), openWait/2)
	defer cancel()
	_, err := Open(ctx, Config{URL: "nats://" + p.address})
	if dispatch.KindOf(err) != dispatch.Unavailable {
		t.Errorf("nobody is there: %v", err)
	}
	done := make(chan *Bus)
	go func() {
		b, err := Open(context.Background(), Config{URL: "nats://" + p.address})
		if err != nil {
			t.Error(err)
		}
		done <- b
	}()
	p.start(t)
	b := next(t, "the late server", done)
	if b == nil {
		return
	}
	closeAfter(t, b)
	wants := newAuthority(t)
	_, err = Open(t.Context(), Config{URL: "nats://" + p.address, CAFile: wants.file("ca")})
	if dispatch.KindOf(err) != dispatch.Invalid {
		t.Errorf("a server without TLS where it is asked for: %v", err)
	}
}

// TestEmbeddedRestart: an embedded bus keeps its events in its directory, and does without.
func TestEmbeddedRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := &outbox{}
	for i, want := range []int{10, 20, 10} {
		if i == 2 {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		b := opened(t, Config{Dir: dir})
		out.add(events(i*10, i*10+10)...)
		stop := relaying(t, b, out, nil)
		eventually(t, "the outbox is empty", func() bool { return out.waiting() == 0 })
		if n := inStream(t, b); n != want {
			t.Errorf("start %d: %d events, want %d", i+1, n, want)
		}
		stop()
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
