package bus

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/geo"
	buspb "hexhail/pb/hexhail/bus/v1"
)

// counter is an engine that only counts what it gets.
type counter struct {
	reports chan int
	changes chan struct{}
}

func (c *counter) Frame(reports []dispatch.Report) { c.reports <- len(reports) }

func (c *counter) Change(dispatch.Change) { c.changes <- struct{}{} }

func (c *counter) Nearby(context.Context, geo.Point) (dispatch.Nearby, error) {
	return dispatch.Nearby{}, nil
}

// BenchmarkNudge is from a command to the engine of the same process, one after the other; bare is
// the same bytes published and taken with nats.go alone.
func BenchmarkNudge(b *testing.B) {
	node := startEmbedded(b)()
	one := ride("X1")
	change := dispatch.Change{City: "beijing", Ride: &one}
	b.Run("bus", func(b *testing.B) {
		c := &counter{changes: make(chan struct{}, 1)}
		stop, err := node.Serve("beijing", c)
		if err != nil {
			b.Fatal(err)
		}
		defer stop()
		b.ReportAllocs()
		for b.Loop() {
			node.Nudge(b.Context(), change)
			<-c.changes
		}
	})
	b.Run("bare", func(b *testing.B) {
		bare(b, node.nc, make([]byte, 1400))
	})
}

// bare publishes and takes one message after the other.
func bare(b *testing.B, nc *nats.Conn, data []byte) {
	b.Helper()
	came := make(chan struct{}, 1)
	sub, err := nc.Subscribe("bare", func(*nats.Msg) { came <- struct{}{} })
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := nc.Publish("bare", data); err != nil {
			b.Fatal(err)
		}
		<-came
	}
}

func BenchmarkNearby(b *testing.B) {
	node := startEmbedded(b)()
	stop, err := node.Serve("beijing", &counter{})
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := node.Nearby(b.Context(), "beijing", geo.Point{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFrame is a frame of 500 reports: written, read, and from Frame to the engine; beside it
// the generated code, and the same bytes published and taken with nats.go alone.
func BenchmarkFrame(b *testing.B) {
	reports := reportsOf(500, rand.New(rand.NewPCG(19, 20)))
	frame, _, _ := appendFrame(nil, reports)
	perReport := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(reports)), "ns/report")
		b.ReportAllocs()
	}
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			frame, _, _ = appendFrame(frame[:0], reports)
		}
		perReport(b)
	})
	b.Run("write generated", func(b *testing.B) {
		for b.Loop() {
			if _, err := proto.Marshal(framePB(reports)); err != nil {
				b.Fatal(err)
			}
		}
		perReport(b)
	})
	b.Run("read", func(b *testing.B) {
		var f frameReader
		for b.Loop() {
			if _, _, err := f.read(frame); err != nil {
				b.Fatal(err)
			}
		}
		perReport(b)
	})
	b.Run("read generated", func(b *testing.B) {
		for b.Loop() {
			if err := proto.Unmarshal(frame, new(buspb.Frame)); err != nil {
				b.Fatal(err)
			}
		}
		perReport(b)
	})
	node := startEmbedded(b)()
	b.Run("deliver", func(b *testing.B) {
		c := &counter{reports: make(chan int, 1)}
		stop, err := node.Serve("beijing", c)
		if err != nil {
			b.Fatal(err)
		}
		defer stop()
		for b.Loop() {
			if err := node.Frame("beijing", reports); err != nil {
				b.Fatal(err)
			}
			if n := <-c.reports; n != len(reports) {
				b.Fatal(n)
			}
		}
		perReport(b)
	})
	b.Run("deliver bare", func(b *testing.B) {
		bare(b, node.nc, frame)
		perReport(b)
	})
}

// BenchmarkOpen is from nothing to an embedded bus that is ready, and to its end.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		node, err := Open(b.Context(), Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := node.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkRelay is an event from the outbox into the stream.
func BenchmarkRelay(b *testing.B) {
	node := startEmbedded(b)()
	out := &drained{left: b.N, done: make(chan struct{})}
	b.ReportAllocs()
	b.ResetTimer()
	stop := relaying(b, node, out, nil)
	<-out.done
	b.StopTimer()
	stop()
}

// drained is an outbox of so many events.
type drained struct {
	left, next int
	done       chan struct{}
}

func (d *drained) Unsent(_ context.Context, limit int) ([]dispatch.Event, error) {
	return events(d.next, d.next+min(limit, d.left)), nil
}

func (d *drained) Backlog(_ context.Context, atMost int) (int, error) {
	return min(d.left, atMost), nil
}

func (d *drained) Sent(_ context.Context, ids []dispatch.EventID) error {
	d.left, d.next = d.left-len(ids), d.next+len(ids)
	if d.left == 0 && len(ids) > 0 {
		close(d.done)
	}
	return nil
}
