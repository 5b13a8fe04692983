// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"hexhail/dispatch"
	"hexhail/geo"
)

// TestTastesDiffer: three offers of four are taken on an ordinary way; a far one, a short one and
// one that leads away from home are taken less, each driver for themself.
func TestTastesDiffer(t *testing.T) {
	at := geo.Point{Lat: 39.9, Lng: 116.4}
	north := func(m float64) geo.Point { return geo.Point{Lat: at.Lat + m/111_195, Lng: at.Lng} }
	var ordinary, far, short float64
	const n = 4000
	for i := range uint64(n) {
		d := tasteOf(Stream(1, "taste", i))
		ordinary += d.chance(at, north(600), north(3600), 0)
		far += d.chance(at, north(3000), north(6000), 0)
		short += d.chance(at, north(600), north(1400), 0)
		if d != tasteOf(Stream(1, "taste", i)) {
			t.Fatal("the same seed draws another taste")
		}
		home, away := d, d
		home.homeDeg, away.homeDeg = 0, 180
		if d.homely > 0 && home.chance(at, at, north(2000), 0) <=
			away.chance(at, at, north(2000), 0) {
			t.Fatalf("%+v likes a ride that leads away from home", d)
		}
	}
	if p := ordinary / n; p < 0.7 || p > 0.85 {
		t.Errorf("%.3f of the ordinary offers are taken", p)
	}
	if far > 0.75*ordinary || short > 0.95*ordinary {
		t.Errorf("ordinary %.3f, far %.3f, short %.3f", ordinary/n, far/n, short/n)
	}
}

func TestBearings(t *testing.T) {
	at := geo.Point{Lat: 60, Lng: 10}
	for want, to := range map[float64]geo.Point{
		0: {Lat: 60.1, Lng: 10}, 90: {Lat: 60, Lng: 10.1}, 180: {Lat: 59.9, Lng: 10},
		-45: {Lat: 60.1, Lng: 9.8},
	} {
		if got := bearingDeg(at, to); math.Abs(got-want) > 0.1 {
			t.Errorf("to %v: %.2f°, want %.0f°", to, got, want)
		}
	}
}

// TestGuessesAddUp by hand: 0.8 yes, 0.5 no, 0.3 no.
func TestGuessesAddUp(t *testing.T) {
	var g guesses
	for _, a := range []dispatch.Answer{
		{Chance: 0.8, Accepted: true}, {Chance: 0.5}, {Chance: 0.3},
	} {
		g.add(a)
	}
	g.own(0.9, true)
	g.own(0.6, false)
	f := g.figures()
	f.Weights = map[string]float64{"tip": 1.00049}
	want := AcceptanceFigures{
		Answers: 3, Accepted: 0.33333, Guessed: 0.53333, Brier: 0.12667,
		BrierConstant: 0.22222, BrierOwn: 0.185,
	}
	got := *f.rounded()
	if got.Weights["tip"] != 1 || f.Weights["tip"] != 1.00049 {
		t.Errorf("weights %v, and %v after rounding", got.Weights, f.Weights)
	}
	got.Weights = nil
	if got.Answers != want.Answers || got.Accepted != want.Accepted ||
		got.Guessed != want.Guessed || got.Brier != want.Brier ||
		got.BrierConstant != want.BrierConstant ||
		got.BrierOwn != want.BrierOwn {
		t.Errorf("%+v, want %+v", got, want)
	}
	r := fullReport()
	r.Acceptance = f
	var out, summary bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	if err := r.Summary(&summary); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"brier": 0.12667`) ||
		!strings.Contains(summary.String(), "\ndrivers    33.3 % of 3 answers are yes, 53.3 %") {
		t.Errorf("%s\n%s", out.String(), summary.String())
	}
}
