package bus

import (
	"encoding/json"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// valid counts the values from 1 on that an enum can print: its String panics beyond them.
func valid(name func(int) string) (n int) {
	defer func() { _ = recover() }()
	for {
		if name(n+1) != "" {
			n++
		}
	}
}

// TestHintEnums: every value of every enum passes, and the next one does not; a value that is added
// to dispatch fails here until the decoder knows it.
func TestHintEnums(t *testing.T) {
	for name, tc := range map[string]struct {
		values int
		sound  func(v int) bool
	}{
		"kinds of rides": {
			valid(func(v int) string { return dispatch.RideKind(v).String() }),
			func(v int) bool {
				r := ride("X")
				r.Kind = dispatch.RideKind(v)
				return soundRide(&r)
			},
		},
		"states of fares": {
			valid(func(v int) string { return dispatch.FareState(v).String() }),
			func(v int) bool {
				r := ride("X")
				r.Fare.State = dispatch.FareState(v)
				return soundRide(&r)
			},
		},
		"sides": {
			valid(func(v int) string { return dispatch.Side(v).String() }),
			func(v int) bool { r := ride("X"); r.EndedBy = dispatch.Side(v); return soundRide(&r) },
		},
		"states of offers": {
			valid(func(v int) string { return dispatch.OfferState(v).String() }),
			func(v int) bool {
				o := offer()
				o.State = dispatch.OfferState(v)
				return soundOffer(o)
			},
		},
		"states of calls": {
			valid(func(v int) string { return dispatch.CallState(v).String() }),
			func(v int) bool {
				c := call()
				c.State = dispatch.CallState(v)
				return soundCall(c)
			},
		},
		"duties": {
			valid(func(v int) string { return dispatch.Duty(v).String() }),
			func(v int) bool { s := shift(); s.Duty = dispatch.Duty(v); return soundShift(s) },
		},
	} {
		if tc.values < 2 {
			t.Fatalf("%s: %d values", name, tc.values)
		}
		for v := -1; v <= tc.values+1; v++ {
			if v != 0 && tc.sound(v) != (v >= 1 && v <= tc.values) {
				t.Errorf("%s: %d of %d values is sound: %v", name, v, tc.values, tc.sound(v))
			}
		}
	}
}

// FuzzHints: no bytes make a decoder panic, and what one accepts can be printed, sent and read
// again.
func FuzzHints(f *testing.F) {
	one := ride("X1")
	for _, v := range []any{
		dispatch.Change{City: "beijing", Ride: &one},
		dispatch.Notice{Driver: "D1", Offer: offer()},
		dispatch.Notice{Driver: "D1", Rank: &dispatch.StandRank{
			City: "beijing", Stand: "t3", Rank: 2, Length: 9, EnteredAt: noon, At: noon,
		}},
		dispatch.Notice{Driver: "D1", HandOver: &dispatch.HandOverNews{
			City: "beijing", Ride: "R1", Version: 3,
		}},
		dispatch.Notice{Driver: "D1", Money: &dispatch.MoneyNews{
			City: "beijing", Ride: "R1", Channel: money.Alipay, Paid: 23_00, Subsidy: 5_00,
		}},
		dispatch.Notice{Driver: "D1", Money: &dispatch.MoneyNews{
			City: "beijing", Withdrawal: &money.Withdrawal{ID: "W1", State: money.AttemptPaid},
		}},
		dispatch.Change{City: "beijing", Shift: shift()},
		dispatch.Change{City: "beijing", Call: call()},
		*call(),
		one,
		claim{1, "s", "n"},
		answer{Nearby: &dispatch.Nearby{}},
		answer{Kind: "exhausted", Reason: "R", Text: "t"},
	} {
		data, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"Lat":39.9,"Lng":116.4}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := readChange(data, "beijing"); err == nil {
			again(t, c, func(b []byte) error { _, err := readChange(b, "beijing"); return err })
			use(c.Ride, c.Offer, c.Shift)
		}
		if n, err := readNotice(data, "D1"); err == nil {
			again(t, n, func(b []byte) error { _, err := readNotice(b, "D1"); return err })
			use(n.Ride, n.Offer, n.Shift)
		}
		if c, err := readCall(data, "beijing"); err == nil {
			again(t, c, func(b []byte) error { _, err := readCall(b, "beijing"); return err })
			_ = c.State.String()
		}
		if r, err := readRide(data); err == nil {
			use(r, nil, nil)
		}
		if c, err := readClaim(data, noon); err == nil && c.Rank > noon.Add(time.Hour).UnixNano() {
			t.Fatalf("a claim from the future: %+v", c)
		}
		if at, err := readQuestion(data); err == nil && at.Check() != nil {
			t.Fatalf("a question about %v", at)
		}
		if fix, err := readPosition(data); err == nil && fix.Check() != nil {
			t.Fatalf("a position at %v", fix)
		}
		_, err := readAnswer(data)
		_ = dispatch.KindOf(err).String()
	})
}

func again(t *testing.T, v any, read func([]byte) error) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := read(data); err != nil {
		t.Fatalf("%s is not read again: %v", data, err)
	}
}

// use prints the enums, which panic when they are out of range.
func use(r *dispatch.Ride, o *dispatch.Offer, s *dispatch.Shift) {
	if r != nil {
		_, _, _, _ = r.Kind.String(), r.State.String(), r.Fare.State.String(), r.EndedBy.String()
	}
	if o != nil {
		_ = o.State.String()
	}
	if s != nil {
		_ = s.Duty.String()
	}
}
