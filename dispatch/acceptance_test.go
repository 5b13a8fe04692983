package dispatch_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/dispatch"
	"hexhail/money"
)

// drawFacts draws an offer as a city has them.
func drawFacts(r *rand.Rand) dispatch.Facts {
	habit := dispatch.Habit{}
	for range r.IntN(30) {
		habit = habit.Add(r.Float64() < 0.8)
	}
	pickup := time.Duration(r.ExpFloat64() * float64(3*time.Minute))
	return dispatch.Facts{
		Pickup: pickup, PickupM: pickup.Seconds() * 6 * (0.7 + 0.6*r.Float64()),
		Tip: money.Fen(r.IntN(4)) * 5_00, LengthM: 500 + 4000*r.ExpFloat64(),
		Inward: 2*r.Float64() - 1, Hour: r.IntN(24), Habit: habit,
		Idle: time.Duration(r.ExpFloat64() * float64(8*time.Minute)),
	}
}

// hiddenOdds is a crowd of the model's own form: it can be learned to the last bit.
func hiddenOdds(f dispatch.Facts) float64 {
	day := 2 * math.Pi * float64(f.Hour) / 24
	return 1.2 - 1.1*min(f.Pickup.Minutes()/5, 3) + 1.4*float64(f.Tip)/10_00 +
		0.9*min(f.LengthM/10_000, 3) - 0.6*f.Inward + 0.5*math.Sin(2*day) - 0.4*math.Cos(day)
}

func logistic(odds float64) float64 { return 1 / (1 + math.Exp(-odds)) }

// TestAcceptanceLearnsACrowd: after 20,000 answers of a hidden crowd the guesses are as good as the
// crowd's own chances, far better than any constant, and right on average in each tenth of them.
func TestAcceptanceLearnsACrowd(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 7))
		a := dispatch.NewAcceptance()
		for range 20_000 {
			f := drawFacts(r)
			a.Learn(f, r.Float64() < logistic(hiddenOdds(f)))
		}
		var guess, truth, yes float64
		var sum, hits, in [10]float64
		const n = 20_000
		for range n {
			f := drawFacts(r)
			p, q := a.Chance(f), logistic(hiddenOdds(f))
			y := 0.0
			if r.Float64() < q {
				y = 1
			}
			guess += (p - y) * (p - y)
			truth += (q - y) * (q - y)
			yes += y
			tenth := min(int(10*p), 9)
			sum[tenth], hits[tenth], in[tenth] = sum[tenth]+p, hits[tenth]+y, in[tenth]+1
		}
		constant := n * (yes / n) * (1 - yes/n)
		if guess > truth+0.003*n || guess > 0.85*constant {
			t.Errorf("seed %d: Brier %.4f; the crowd's own %.4f, a constant's %.4f",
				seed, guess/n, truth/n, constant/n)
		}
		for i := range in {
			if in[i] > 500 && math.Abs(sum[i]-hits[i])/in[i] > 0.06 {
				t.Errorf("seed %d: of %.0f guesses about %.3f, %.3f came true",
					seed, in[i], sum[i]/in[i], hits[i]/in[i])
			}
		}
	}
}

// TestAcceptanceStepsDownTheLoss compares one step with the slope of the log loss, by differences.
func TestAcceptanceStepsDownTheLoss(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		f, accepted := drawFacts(r), r.IntN(2) == 0
		before := dispatch.NewAcceptance()
		after := before
		after.Learn(f, accepted)
		was, is := before.Learned("x", noonOf), after.Learned("x", noonOf)
		for name := range was.Weights {
			const h = 1e-5
			loss := func(by float64) float64 {
				moved := before.Learned("x", noonOf)
				moved.Weights[name] += by
				m := moved.Model()
				p := m.Chance(f)
				if !accepted {
					p = 1 - p
				}
				return -math.Log(p)
			}
			slope := (loss(h) - loss(-h)) / (2 * h)
			if p := before.Chance(f); p < 0.021 || p > 0.979 {
				continue // there a chance is cut, and has no slope
			}
			if step := is.Weights[name] - was.Weights[name]; math.Abs(step+0.1*slope) > 1e-6 {
				t.Fatalf("%s: step %g, want −0.1 × the slope %g", name, step, slope)
			}
		}
	}
}

var noonOf = time.Date(2013, 12, 20, 12, 0, 0, 0, time.UTC)

// TestAcceptanceKept: what was kept is the same model to the last bit, and goes on as the other.
func TestAcceptanceKept(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 3))
	a := dispatch.NewAcceptance()
	learn := func(to ...*dispatch.Acceptance) {
		f, yes := drawFacts(r), r.IntN(3) > 0
		for _, a := range to {
			a.Learn(f, yes)
		}
	}
	for range 500 {
		learn(&a)
	}
	text, err := json.Marshal(a.Learned("beijing", noonOf))
	if err != nil {
		t.Fatal(err)
	}
	var l dispatch.Learned
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	b := l.Model()
	for range 500 {
		learn(&a, &b)
	}
	if a != b || a.Seen() != 1000 {
		t.Errorf("kept and read again it learns otherwise:\n%+v\n%+v", a, b)
	}
	if len(text) > 1000 {
		t.Errorf("%d bytes: the row has a bounded size", len(text))
	}
}

// TestAcceptanceKeptByAnotherHouse: unknown features are left out, missing ones have their prior,
// and weights that cannot be are cut.
func TestAcceptanceKeptByAnotherHouse(t *testing.T) {
	l := dispatch.Learned{Seen: -4, Weights: map[string]float64{
		"moon": 3, "tip": 1e9, "idle": math.NaN(), "length": math.Inf(-1),
	}}
	m := l.Model()
	got, prior := m.Learned("", noonOf), dispatch.NewAcceptance()
	want := prior.Learned("", noonOf)
	want.Weights["tip"], want.Weights["length"] = 6, -6
	for name, w := range want.Weights {
		if got.Weights[name] != w {
			t.Errorf("%s is %v, want %v", name, got.Weights[name], w)
		}
	}
	if len(got.Weights) != len(want.Weights) || got.Seen != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAcceptanceIsBounded: whatever is learned, weights and chances stay within their limits.
func TestAcceptanceIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := dispatch.NewAcceptance()
		number := rapid.Float64()
		for range rapid.IntRange(1, 40).Draw(t, "answers") {
			f := dispatch.Facts{
				Pickup: time.Duration(rapid.Int64().Draw(t, "pickup")),
				Tip:    money.Fen(rapid.Int64().Draw(t, "tip")), PickupM: number.Draw(t, "way"),
				LengthM: number.Draw(t, "length"), Inward: number.Draw(t, "inward"),
				Hour: rapid.Int().Draw(t, "hour"), Homeward: number.Draw(t, "homeward"),
				Idle: time.Duration(rapid.Int64().Draw(t, "idle")),
			}
			if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
				f.LengthM = math.NaN()
			}
			a.Learn(f, rapid.Bool().Draw(t, "yes"))
			f.LengthM = 1
			if p := a.Chance(f); !(p >= 0.02 && p <= 0.98) {
				t.Fatalf("chance %v of %+v", p, f)
			}
		}
		for name, w := range a.Learned("", noonOf).Weights {
			if !(math.Abs(w) <= 6) {
				t.Fatalf("%s weighs %v", name, w)
			}
		}
	})
}

// BenchmarkChance is what each pair of a round costs.
func BenchmarkChance(b *testing.B) {
	a, r := dispatch.NewAcceptance(), rand.New(rand.NewPCG(1, 1))
	f := drawFacts(r)
	for b.Loop() {
		a.Chance(f)
	}
}
