package driver

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// FuzzIncoming: what is read by hand is what the library reads, from one message to the next in the
// same memory.
func FuzzIncoming(f *testing.F) {
	seeds := []*driverpb.DriveRequest{
		{},
		fixes(),
		fixes(&typepb.Fix{Lat: 1, Lng: -2, AtMs: -3, SpeedMps: 4, HeadingDeg: 5, AccuracyM: 6}),
		fixes(&typepb.Fix{}, &typepb.Fix{Lat: math.NaN(), Lng: math.Copysign(0, -1)}),
		fixes(make50()...),
		fixes(append(make50(), &typepb.Fix{Lat: 7})...),
		{Message: &driverpb.DriveRequest_Hello{Hello: &driverpb.Hello{TaxiId: "T"}}},
		{Message: &driverpb.DriveRequest_Heartbeat{Heartbeat: &driverpb.Heartbeat{}}},
		{Message: &driverpb.DriveRequest_Fixes{Fixes: &driverpb.FixBatch{Datum: 9}}},
		{Message: &driverpb.DriveRequest_Command{Command: &driverpb.Command{
			RequestId: "1", Action: &driverpb.Command_Accept{Accept: &driverpb.OfferAnswer{}},
		}}},
	}
	first, err := proto.Marshal(fixes(make50()...))
	check(f, err)
	for _, m := range seeds {
		data, err := proto.Marshal(m)
		check(f, err)
		f.Add(data)
		f.Add(append(data, first...))                    // two of the oneof
		f.Add(append(data, 0x78, 1))                     // an unknown field
		f.Add(append([]byte{0x12, 3, 0x0a, 1}, data...)) // cut off
	}
	in := newIncoming()
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, proto.Unmarshal(first, in)) // something from before
		if len(in.GetFixes().GetFixes()) != MaxFixes {
			t.Fatal(in)
		}
		want := &driverpb.DriveRequest{}
		wantErr, gotErr := proto.Unmarshal(data, want), proto.Unmarshal(data, in)
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("%x: %v, by the library %v", data, gotErr, wantErr)
		}
		if wantErr == nil && !proto.Equal(&in.DriveRequest, want) {
			t.Fatalf("%x:\n%v, by the library\n%v", data, &in.DriveRequest, want)
		}
	})
}

func make50() []*typepb.Fix {
	list := make([]*typepb.Fix, MaxFixes)
	for i := range list {
		list[i] = &typepb.Fix{Lat: float64(i), Lng: -float64(i), AtMs: int64(i), SpeedMps: 1}
	}
	return list
}
