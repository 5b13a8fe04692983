package dispatch

import (
	"math"
	"time"

	"hexhail/money"
)

// Facts is what the chance that a driver takes a ride is judged by.
type Facts struct {
	Pickup   time.Duration // estimated time to the pickup
	PickupM  float64       // estimated way to the pickup
	Tip      money.Fen
	LengthM  float64 // of the ride, as the crow flies
	Inward   float64 // share of the length that leads towards the city's centre: −1 to 1
	Hour     int     // of the day, by the city's clock: 0 to 23
	Habit    Habit   // of the driver
	Idle     time.Duration
	Homeward float64 // [Destination.Homeward] of the ride: −1 to 1
}

// The features of [Acceptance], and the order of its weights. Each feature is about as large as 1,
// so that one rate of learning fits all, and is cut at farthest.
const (
	featureBias     = iota
	featureTime     // pickup time, in 5 min
	featureWay      // pickup way, in 2 km
	featureTip      // in 10 yuan
	featureLength   // of the ride, in 10 km
	featureInward   // Facts.Inward
	featureDaySin   // the hour on a circle of 24 hours
	featureDayCos   //
	featureHalfSin  // and on one of 12, as rush comes twice a day
	featureHalfCos  //
	featureHabit    // share of the offers that the driver took, above or below habitShare
	featureIdle     // in 10 min
	featureHomeward // Facts.Homeward
	features
)

// farthest is the greatest value of a feature that has no other bound.
const farthest = 3

// featureNames are stored with the weights, so that a later house that knows other features keeps
// what it can.
var featureNames = [features]string{
	"bias", "pickup_time", "pickup_way", "tip", "length", "inward", "day_sin", "day_cos",
	"half_day_sin", "half_day_cos", "habit", "idle", "homeward",
}

// priorWeights is what a new city begins with, and what its weights are drawn back to: of a driver
// of whom nothing is known, 0.88 of the offers at the next corner are taken, and half of those that
// are 10 minutes and 4 km away; 10 yuan make up for 5 minutes. They are guesses of the right sign;
// a few hundred answers overrule them.
var priorWeights = [features]float64{
	featureBias: 2, featureTime: -0.8, featureWay: -0.2, featureTip: 0.9, featureLength: 0.4,
	featureHabit: 2.5, featureIdle: 0.1, featureHomeward: 0.5,
}

// How [Acceptance] learns.
const (
	// firstRate is the rate of the first answers; after slowAfter of them it has halved. leastRate
	// is that of all from 25,000 on: low enough to settle, high enough to follow a city that
	// changes from week to week.
	firstRate, leastRate = 0.1, 0.002
	slowAfter            = 500
	// pullBack is the ridge (L2): how much of a weight's distance from its prior is taken back with
	// each answer, times the rate.
	pullBack = 1e-3
	// farWeight is the greatest absolute weight: a feature of 1 then changes the odds 400-fold.
	farWeight = 6
	// leastChance and its complement bound a chance: nobody is sure of a driver.
	leastChance = 0.02
)

// Acceptance is a city's model of the chance that a driver takes a ride that is offered: a logistic
// regression on [Facts], as dispatch at Didi had it (Zhang et al., A Taxi Order Dispatch Model
// based On Combinatorial Optimization, KDD 2017: with it in the objective 84 % of the orders
// succeeded instead of 80 %). It learns online, by one step of stochastic gradient descent on the
// log loss for each answer (Bottou, Large-Scale Machine Learning with Stochastic Gradient Descent,
// 2010), with a falling rate and a ridge towards the prior. The same answers in the same order give
// the same weights. The zero value is not valid; [NewAcceptance] is. It is not safe for concurrent
// use.
type Acceptance struct {
	weights [features]float64
	seen    int
}

// NewAcceptance is the model of a city that has seen no answer.
func NewAcceptance() Acceptance { return Acceptance{weights: priorWeights} }

// Seen is how many answers the model has learned from.
func (a *Acceptance) Seen() int { return a.seen }

// Chance is the chance that the driver takes the ride, 0.02 to 0.98.
func (a *Acceptance) Chance(f Facts) float64 {
	x := f.features()
	return min(max(a.chance(&x), leastChance), 1-leastChance)
}

func (a *Acceptance) chance(x *[features]float64) float64 {
	z := 0.0
	for i, w := range a.weights {
		z += w * x[i]
	}
	return 1 / (1 + math.Exp(-z))
}

// Learn takes what became of an offer: accepted, or declined or left to expire before the driver's
// eyes. Offers that never reached a phone, or were withdrawn, teach nothing.
func (a *Acceptance) Learn(f Facts, accepted bool) {
	x := f.features()
	off := a.chance(&x)
	if math.IsNaN(off) {
		return // a fact that is no number must not spoil what was learned
	}
	if accepted {
		off--
	}
	rate := max(leastRate, firstRate/(1+float64(a.seen)/slowAfter))
	for i, w := range a.weights {
		w -= rate * (off*x[i] + pullBack*(w-priorWeights[i]))
		a.weights[i] = min(max(w, -farWeight), farWeight)
	}
	a.seen++
}

func (f Facts) features() [features]float64 {
	cut := func(v float64) float64 { return min(max(v, 0), farthest) }
	clock := clockFeatures[((f.Hour%24)+24)%24]
	return [features]float64{
		featureBias:     1,
		featureTime:     cut(f.Pickup.Minutes() / 5),
		featureWay:      cut(f.PickupM / 2000),
		featureTip:      cut(float64(f.Tip) / 10_00),
		featureLength:   cut(f.LengthM / 10_000),
		featureInward:   min(max(f.Inward, -1), 1),
		featureDaySin:   clock[0],
		featureDayCos:   clock[1],
		featureHalfSin:  clock[2],
		featureHalfCos:  clock[3],
		featureHabit:    f.Habit.share() - habitShare,
		featureIdle:     cut(f.Idle.Minutes() / 10),
		featureHomeward: min(max(f.Homeward, -1), 1),
	}
}

// clockFeatures are sine and cosine of each hour on a circle of 24 hours and one of 12.
var clockFeatures = func() (table [24][4]float64) {
	for hour := range table {
		day := 2 * math.Pi * float64(hour) / 24
		table[hour] = [4]float64{
			math.Sin(day), math.Cos(day), math.Sin(2 * day), math.Cos(2 * day),
		}
	}
	return table
}()

// Habit is how a driver has answered offers lately. The zero value is a driver of whom nothing is
// known.
type Habit struct {
	Yes, All float64 // an offer weighs 0.95 of the next one: the last 20 count
}

const (
	habitFades = 0.95
	// habitShare is the share of a driver of whom nothing is known, habitPrior how many answers
	// that guess is worth.
	habitShare, habitPrior = 0.8, 5
)

// Add counts one more answer.
func (h Habit) Add(accepted bool) Habit {
	h.Yes, h.All = h.Yes*habitFades, h.All*habitFades+1
	if accepted {
		h.Yes++
	}
	return h
}

func (h Habit) share() float64 {
	return (h.Yes + habitShare*habitPrior) / (h.All + habitPrior)
}

// Learned is what a city's model has learned, as it is kept over restarts.
type Learned struct {
	City    CityID
	Seen    int
	Weights map[string]float64 // by the feature's name
	At      time.Time
}

// Learned is the model's present state.
func (a *Acceptance) Learned(city CityID, now time.Time) Learned {
	l := Learned{City: city, Seen: a.seen, At: now, Weights: make(map[string]float64, features)}
	for i, name := range featureNames {
		l.Weights[name] = a.weights[i]
	}
	return l
}

// Model is the model that was kept. A feature that l does not name has its prior weight, one that
// the house does not know is left out, and a weight out of its limits is cut: whatever the row
// holds, the model is valid.
func (l Learned) Model() Acceptance {
	a := Acceptance{weights: priorWeights, seen: max(l.Seen, 0)}
	for i, name := range featureNames {
		if w, ok := l.Weights[name]; ok && !math.IsNaN(w) {
			a.weights[i] = min(max(w, -farWeight), farWeight)
		}
	}
	return a
}
