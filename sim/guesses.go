package sim

import (
	"fmt"
	"io"
	"math"

	"hexhail/dispatch"
)

// guesses adds up what the engine thought of offers, and what became of them.
type guesses struct {
	answers, yes int
	chance       float64 // summed up
	squares      float64 // of guess less answer, summed up

	decided    int     // by drivers
	ownSquares float64 // of their own chances less what they did
}

func (g *guesses) add(a dispatch.Answer) {
	g.answers++
	if a.Accepted {
		g.yes++
	}
	g.chance += a.Chance
	g.squares += offBy(a.Chance, a.Accepted)
}

// own is a driver's decision, and how likely it was.
func (g *guesses) own(chance float64, yes bool) {
	g.decided++
	g.ownSquares += offBy(chance, yes)
}

// offBy is the square by which a guess was wrong.
func offBy(chance float64, yes bool) float64 {
	if yes {
		chance--
	}
	return chance * chance
}

// AcceptanceFigures say how drivers answered, and how well the engine foresaw it. A guess is made
// before the answer is known, so the figures are those of a model that had to learn on the way.
// What the engine guessed only a virtual run hears; in a live one it is 0.
type AcceptanceFigures struct {
	Answers  int     `json:"answers"`  // offers that were taken, declined or left unanswered
	Accepted float64 `json:"accepted"` // share of the answers
	Guessed  float64 `json:"guessed"`  // the mean chance that the engine gave
	// Brier is the mean square of guess less answer (Brier, Verification of forecasts expressed in
	// terms of probability, 1950): 0 is foresight. BrierConstant is that of one constant guess, the
	// share that turned out in the end: what knows no difference between offers cannot be better.
	Brier         float64 `json:"brier"`
	BrierConstant float64 `json:"brier_constant"`
	// BrierOwn is that of the chances which the drivers themselves drew from, mood and all: nobody
	// who does not read their minds can be better.
	BrierOwn float64 `json:"brier_own"`
	// Weights is what the engine had learned at the end, by feature.
	Weights map[string]float64 `json:"weights,omitempty"`
}

func (g *guesses) figures() *AcceptanceFigures {
	f := &AcceptanceFigures{Answers: g.answers}
	f.BrierOwn = g.ownSquares / float64(max(g.decided, 1))
	if n := float64(g.answers); n > 0 {
		f.Accepted, f.Guessed = float64(g.yes)/n, g.chance/n
		f.Brier, f.BrierConstant = g.squares/n, f.Accepted*(1-f.Accepted)
	}
	return f
}

func (f *AcceptanceFigures) rounded() *AcceptanceFigures {
	five := func(v float64) float64 { return math.Round(v*1e5) / 1e5 }
	r := *f
	r.Accepted, r.Guessed = five(f.Accepted), five(f.Guessed)
	r.Brier, r.BrierConstant = five(f.Brier), five(f.BrierConstant)
	r.BrierOwn = five(f.BrierOwn)
	r.Weights = nil
	for name, w := range f.Weights {
		if r.Weights == nil {
			r.Weights = make(map[string]float64, len(f.Weights))
		}
		r.Weights[name] = rounded(w)
	}
	return &r
}

// summary writes a line for people.
func (f *AcceptanceFigures) summary(w io.Writer) error {
	if f == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "drivers    %.1f %% of %d answers are yes, "+
		"%.1f %% guessed; Brier %.4f, a constant's %.4f, their own %.4f\n",
		100*f.Accepted, f.Answers, 100*f.Guessed, f.Brier, f.BrierConstant, f.BrierOwn)
	return err
}

// readWeights reads what the engine has learned.
func (v *virtual) readWeights(f *AcceptanceFigures) error {
	return v.store.View(v.ctx, func(tx dispatch.Tx) error {
		l, ok, err := tx.Learned(v.city.ID)
		if ok {
			f.Weights = l.Weights
		}
		return err
	})
}
