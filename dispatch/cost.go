package dispatch

import (
	"math"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// Pair is what the cost of one taxi for one ride is made of.
type Pair struct {
	Pickup time.Duration // estimated
	Left   time.Duration // until the ride's search ends
	Tip    money.Fen
	Idle   time.Duration // since the driver became free
	Detour time.Duration // that the ride makes of the driver's way, 0 without a destination
	Chance float64       // that the driver takes it
	Senior bool          // the rider is
	Usual  float64       // chance of the same ride with a driver next door of whom nothing is known
}

// Limits of what a term counts.
const (
	// mostIdle is how much idle time counts: who has waited for an hour goes before all.
	mostIdle = time.Hour
	// mostDetour bounds the detour, so that a sum of costs cannot overflow.
	mostDetour = 2 * time.Hour
)

// Cost is the cost of a pair in milliseconds, 0 to [MaxEdgeCost]: the estimated pickup, and for
// each term of the policy what the pair lacks of the best. A constant is the same for all pairs, so
// it changes no choice among as many pairs; and a term of weight 0 leaves the others as they are.
//
//   - urgency: the time that the search has left;
//   - tip: what is missing to MaxTip, at the policy's seconds a yuan;
//   - seniority: what a rider who is no senior lacks;
//   - fairness: what is missing to an idle hour;
//   - destination: the detour that the ride makes for a driver who is on the way somewhere;
//   - acceptance: (1 + u − p) × the seconds that a lost offer costs, where p is the chance of the
//     pair and u what is usual for the ride. 1 − p alone is the expected loss by this offer: summed
//     up over a round, many seconds make the most of Σ p, the objective of Zhang et al. (KDD 2017)
//     for offers to one driver each. But it puts back the rides that no driver likes, the short
//     ones, until their search ends: taking off what is usual leaves how much better or worse
//     this driver is for the ride than another. −ln p would make the most of Π p, the chance
//     that all accept, which nobody asks for, and has no bound; (1 − p) / p, the expected
//     failures until a success, would hold if the same driver were asked again.
func (p Policy) Cost(c Pair) int32 {
	ms := c.Pickup.Milliseconds() + percent(p.UrgencyPct, max(0, c.Left))
	if p.TipS != 0 {
		ms += int64(p.TipS) * int64(MaxTip-min(c.Tip, MaxTip)) * 10 // fen to thousandths of a yuan
	}
	if p.IdlePct != 0 {
		ms += percent(p.IdlePct, mostIdle-min(max(0, c.Idle), mostIdle))
	}
	if p.DestinationPct != 0 {
		ms += percent(p.DestinationPct, min(max(0, c.Detour), mostDetour))
	}
	if !c.Senior {
		ms += 1000 * int64(p.SeniorBonusS)
	}
	if p.DeclineS != 0 {
		ms += int64(math.Round(1000 * float64(p.DeclineS) * (1 + c.Usual - c.Chance)))
	}
	//nolint:gosec // G115: at most MaxEdgeCost
	return int32(min(ms, MaxEdgeCost))
}

// percent is so many per cent of d in milliseconds, rounded down.
func percent(pct int, d time.Duration) int64 { return d.Milliseconds() * int64(pct) / 100 }

// inward is how much of the way from a to b leads towards a centre: 1 straight there, −1 straight
// away from it.
func inward(a, b, centre geo.Point, lengthM float64) float64 {
	if lengthM < 1 {
		return 0
	}
	return (geo.DistanceM(a, centre) - geo.DistanceM(b, centre)) / lengthM
}
