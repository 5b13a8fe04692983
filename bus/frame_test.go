package bus

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/geo"
	buspb "hexhail/pb/hexhail/bus/v1"
)

func framePB(reports []dispatch.Report) *buspb.Frame {
	f := new(buspb.Frame)
	for _, r := range reports {
		f.Reports = append(f.Reports, &buspb.Report{
			TaxiId: string(r.Taxi), Lat: r.Fix.Lat, Lng: r.Fix.Lng, AtMs: r.Fix.At.UnixMilli(),
			SpeedMps: r.Fix.SpeedMPS, HeadingDeg: r.Fix.HeadingDeg, AccuracyM: r.Fix.AccuracyM,
		})
	}
	return f
}

// TestFrameBytes: a frame is, byte for byte, what the generated code makes of it.
func TestFrameBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	reports := reportsOf(500, r)
	reports[7].Fix = geo.Fix{At: time.UnixMilli(0)}
	reports[8].Fix.At = time.UnixMilli(-5)
	reports[9].Fix.Point = geo.Point{Lat: math.Copysign(0, -1), Lng: -180}
	reports[10].Taxi = "京B·12345"
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(framePB(reports))
	if err != nil {
		t.Fatal(err)
	}
	got, taken, refused := appendFrame(nil, reports)
	if !bytes.Equal(got, want) || taken != len(reports) || refused != 0 {
		t.Errorf("%d bytes of %d reports, want %d of %d", len(got), taken, len(want), len(reports))
	}
	var f frameReader
	back, refused, err := f.read(got)
	if err != nil || refused != 0 || !slices.EqualFunc(back, reports, sameReport) {
		t.Errorf("read back: %d reports, %d refused, %v", len(back), refused, err)
	}
}

// TestFrameLimit: no frame is longer than its limit, and no report is lost where one is split.
func TestFrameLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	reports := reportsOf(30_000, r)
	for i := range reports {
		reports[i].Taxi += dispatch.TaxiID(strings.Repeat("x", r.IntN(maxTaxiID-7)))
	}
	reports[100].Taxi = dispatch.TaxiID(strings.Repeat("x", maxTaxiID+1))
	reports[200].Taxi, reports[300].Taxi = "", "\xff"
	want := slices.Concat(reports[:100], reports[101:200], reports[201:300], reports[301:])
	var (
		f            frameReader
		got          []dispatch.Report
		frames, bad  int
		longest, all int
	)
	for rest := reports; len(rest) > 0; frames++ {
		frame, taken, refused := appendFrame(nil, rest)
		back, _, err := f.read(frame)
		if err != nil || taken == 0 {
			t.Fatalf("took %d: %v", taken, err)
		}
		got, rest, bad = append(got, back...), rest[taken:], bad+refused
		longest, all = max(longest, len(frame)), all+len(frame)
	}
	if longest > maxFrameBytes || frames != 1+(all-1)/(maxFrameBytes-200) || bad != 3 {
		t.Errorf("%d frames, the longest of %d bytes; %d refused", frames, longest, bad)
	}
	if !slices.EqualFunc(got, want, sameReport) {
		t.Error("reports are lost or changed")
	}
}

// TestFrameRefuses: a report that is nowhere or nobody's is left out; its neighbours are not.
func TestFrameRefuses(t *testing.T) {
	good := reportsOf(2, rand.New(rand.NewPCG(9, 10)))
	frame := []byte{}
	for _, bad := range []dispatch.Report{
		{Taxi: "T", Fix: geo.Fix{Point: geo.Point{Lat: math.NaN()}}},
		{Taxi: "T", Fix: geo.Fix{Point: geo.Point{Lng: math.Inf(1)}}},
		{Taxi: "T", Fix: geo.Fix{Point: geo.Point{Lat: -91}}},
		{Fix: good[0].Fix},
		{Taxi: dispatch.TaxiID(strings.Repeat("T", maxTaxiID+1)), Fix: good[0].Fix},
	} {
		body := appendReport(nil, &bad)
		frame = protowire.AppendTag(frame, fieldReports, protowire.BytesType)
		frame = protowire.AppendBytes(frame, body)
	}
	first, _, _ := appendFrame(nil, good[:1])
	last, _, _ := appendFrame(nil, good[1:])
	var f frameReader
	back, refused, err := f.read(slices.Concat(first, frame, last))
	if err != nil || refused != 5 || !slices.EqualFunc(back, good, sameReport) {
		t.Errorf("%d reports, %d refused, %v", len(back), refused, err)
	}
}

// TestFrameAllocs: a frame of known taxis costs no allocation in either direction, however many
// reports it has.
func TestFrameAllocs(t *testing.T) {
	reports := reportsOf(500, rand.New(rand.NewPCG(11, 12)))
	frame, _, _ := appendFrame(nil, reports)
	var f frameReader
	if n := testing.AllocsPerRun(50, func() {
		frame, _, _ = appendFrame(frame[:0], reports)
		if _, _, err := f.read(frame); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	f.ids = map[string]dispatch.TaxiID{}
	for i := range maxInterned {
		f.intern([]byte(driverN(i)))
	}
	if f.intern([]byte("one more")) != "one more" || len(f.ids) != 1 {
		t.Errorf("%d ids are remembered beyond the limit", len(f.ids))
	}
}

// FuzzFrame: of any bytes the reader says what the generated code says.
func FuzzFrame(f *testing.F) {
	reports := reportsOf(3, rand.New(rand.NewPCG(13, 14)))
	good, _, _ := appendFrame(nil, reports)
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add([]byte{0x0A, 0x00})
	f.Add([]byte{0x0A, 0x03, 0x0A, 0x01, 0xFF})             // not UTF-8
	f.Add([]byte{0x0A, 0x02, 0x10, 0x01})                   // lat as a varint: unknown
	f.Add([]byte{0x0B, 0x08, 0x01, 0x0C})                   // a group: unknown
	f.Add([]byte{0x0A, 0x04, 0x0A, 0x00, 0x0A, 0x00, 0x98}) // cut
	f.Fuzz(func(t *testing.T, data []byte) {
		var want buspb.Frame
		wantErr := proto.Unmarshal(data, &want)
		var reader frameReader
		got, refused, err := reader.read(data)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%v, but the generated code: %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if len(got)+refused != len(want.GetReports()) {
			t.Fatalf("%d and %d reports, want %d", len(got), refused, len(want.GetReports()))
		}
		for _, w := range want.GetReports() {
			at := geo.Point{Lat: w.GetLat(), Lng: w.GetLng()}
			if id := w.GetTaxiId(); id == "" || len(id) > maxTaxiID || at.Check() != nil {
				continue
			}
			if len(got) == 0 || !samePB(got[0], w) {
				t.Fatalf("got %+v, want %v", got, w)
			}
			got = got[1:]
		}
		if len(got) > 0 {
			t.Fatalf("%d reports too many", len(got))
		}
	})
}

func samePB(r dispatch.Report, w *buspb.Report) bool {
	bits := math.Float32bits
	return string(r.Taxi) == w.GetTaxiId() && r.Fix.Lat == w.GetLat() && r.Fix.Lng == w.GetLng() &&
		r.Fix.At.Equal(time.UnixMilli(w.GetAtMs())) &&
		bits(r.Fix.SpeedMPS) == bits(w.GetSpeedMps()) &&
		bits(r.Fix.HeadingDeg) == bits(w.GetHeadingDeg()) &&
		bits(r.Fix.AccuracyM) == bits(w.GetAccuracyM())
}
