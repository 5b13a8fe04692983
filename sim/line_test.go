package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// The oracle is the generated code.
func TestFramesAreWhatProtobufWrites(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	c := newCodec()
	for range 1000 {
		fix := geo.Fix{
			Point:     geo.Point{Lat: 180*r.Float64() - 90, Lng: 360*r.Float64() - 180},
			At:        time.UnixMilli(r.Int64N(math.MaxInt64 >> r.IntN(62))),
			AccuracyM: 200 * r.Float32(),
		}
		data, err := c.Marshal(&frame{fix})
		if err != nil {
			t.Fatal(err)
		}
		var got driverpb.DriveRequest
		if err := proto.Unmarshal(data.Materialize(), &got); err != nil {
			t.Fatal(err)
		}
		want := &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Fixes{
			Fixes: &driverpb.FixBatch{Fixes: []*typepb.Fix{wire.FixPB(fix)}},
		}}
		if !proto.Equal(&got, want) || data.Len() > frameBytes {
			t.Fatalf("%d bytes: %v, want %v", data.Len(), &got, want)
		}
	}
}

func TestAGlimpseSeesTheRide(t *testing.T) {
	c := newCodec()
	ride := &typepb.Ride{RideId: "ride", Version: 7}
	for name, m := range map[string]*riderpb.WatchRideResponse{
		"ride": {Seq: 3, Update: &riderpb.WatchRideResponse_Ride{Ride: ride}},
		"taxi": {Seq: 4, Update: &riderpb.WatchRideResponse_Taxi{
			Taxi: &riderpb.TaxiPosition{HeadingDeg: 3},
		}},
		"heartbeat": {Update: &riderpb.WatchRideResponse_Heartbeat{
			Heartbeat: &riderpb.Heartbeat{},
		}},
	} {
		data, err := c.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		g := &glimpse{ride: &typepb.Ride{}}
		if err := c.Unmarshal(data, g); err != nil {
			t.Fatal(err)
		}
		if want := m.GetRide(); (g.ride == nil) != (want == nil) || want != nil &&
			!proto.Equal(g.ride, want) {
			t.Errorf("%s: %v", name, g.ride)
		}
	}
}

func FuzzGlimpse(f *testing.F) {
	whole, err := proto.Marshal(&riderpb.WatchRideResponse{
		Seq:    1,
		Update: &riderpb.WatchRideResponse_Ride{Ride: &typepb.Ride{RideId: "ride"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte{0x12, 0x05, 0x0a})
	f.Fuzz(func(t *testing.T, data []byte) {
		var g glimpse
		var want riderpb.WatchRideResponse
		err := newCodec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, &g)
		if proto.Unmarshal(data, &want) == nil && err != nil {
			t.Errorf("%x: %v", data, err)
		}
	})
}

func TestLagIsExactToTheMillisecond(t *testing.T) {
	var none lagMeter
	if none.lag() != (Lag{}) {
		t.Errorf("nothing was late: %+v", none.lag())
	}
	var m lagMeter
	for i := range 200 {
		m.add(time.Duration(i) * 10 * time.Millisecond) // 0 to 1.99 s
	}
	m.add(-time.Second)
	if l := m.lag(); l.P99 != 1.971 || l.Max != 1.99 {
		t.Errorf("%+v", l)
	}
	for range 10 {
		m.add(time.Hour)
	}
	if l := m.lag(); l.P99 != 3600 || l.Max != 3600 {
		t.Errorf("%+v", l)
	}
}

func BenchmarkFrame(b *testing.B) {
	c, f := newCodec(), &frame{geo.Fix{At: time.UnixMilli(1384790400000), AccuracyM: 5}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Marshal(f); err != nil {
			b.Fatal(err)
		}
	}
}
