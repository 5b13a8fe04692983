package dispatch

import (
	"slices"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// Evidence is what is known of a completed ride that may speak against it. It is all from rows: a
// ride is judged alike whenever that is.
type Evidence struct {
	Hailed   bool          // in the app, for now: else the two are together as a matter of course
	Waited   time.Duration // from the claim to the taxi's arrival
	Drove    time.Duration // from boarding to the end
	DrivenM  int           // by the trace
	Coverage int           // of the trace, in percent of the drive's time
	QuotedM  int           // 0 if nothing was quoted
	Meter    money.Fen
	ByTrace  money.Fen // what the tariff gives for the trace
	Regulars bool      // rider and driver keep each other
	Pair     PairPast
	// Again is how many other rides of the driver's were quick and short on this business day. It
	// is known only if this one was.
	Again int
	// Accounts is how many other riders had subsidised rides that this ride's phone asked for, of
	// the last days; 0 where nobody knows the phone.
	Accounts int
	Phone    PhoneHeard
}

// PairPast is what a rider and a driver have ridden together before a ride, lately.
type PairPast struct {
	Subsidised int // of the last days
	Today      int // of them, on the business day
	// Last is how their latest ride ended before this one was asked for; zero if there was none.
	Last struct {
		Since time.Duration // until this one was asked for
		AwayM float64       // from its destination to this one's pickup
	}
	Any bool // Last is there
}

// Clue is something that speaks against a ride.
type Clue string

// The clues.
const (
	ClueTogether Clue = "together" // the taxi was there at once
	ClueQuick    Clue = "quick"    // the drive was over at once
	ClueShort    Clue = "short"    // the taxi went nowhere
	ClueQuote    Clue = "quote"    // it went nowhere near as far as was asked for
	ClueFare     Clue = "fare"     // the meter says far more than the trace
	ClueAgain    Clue = "again"    // the driver has had such rides today
	ClueSplit    Clue = "split"    // the same two began again where they had just ended
	CluePair     Clue = "pair"     // the same two, again and again
	ClueDevice   Clue = "device"   // one phone, many accounts
	CluePhone    Clue = "phone"    // the rider's phone has not come along
)

// Clues are all clues.
func Clues() []Clue {
	return []Clue{
		ClueTogether, ClueQuick, ClueShort, ClueQuote, ClueFare, ClueAgain, ClueSplit, CluePair,
		ClueDevice, CluePhone,
	}
}

// Finding is a clue that was found: what was measured, what is allowed, and what it weighs.
type Finding struct {
	Clue   Clue `json:"clue"`
	Is     int  `json:"is"`    // seconds, metres, per cent, rides or riders, as the clue has it
	Limit  int  `json:"limit"` // likewise
	Weight int  `json:"weight"`
}

// BrushOutcome is what becomes of a ride's subsidy.
type BrushOutcome string

// The outcomes.
const (
	OutcomePay    BrushOutcome = "pay"
	OutcomeHold   BrushOutcome = "hold"
	OutcomeDeny   BrushOutcome = "deny"
	OutcomeCapped BrushOutcome = "capped" // the pair has had its share of the day: no suspicion
)

// Judgement is what the rules say of a ride.
type Judgement struct {
	Outcome  BrushOutcome
	Score    int
	Findings []Finding
}

// What of a drive its trace has to cover for what the trace says to be held against anybody: most
// of it, or all but the time that it takes to pay and get out, in which no taxi comes far. A phone
// that was silent for longer proves nothing.
const (
	leastCoverage = 80 // per cent
	mostSilent    = 45 * time.Second
)

// traced reports whether the trace says where the taxi was.
func (e Evidence) traced() bool {
	silent := e.Drove * time.Duration(100-min(e.Coverage, 100)) / 100
	return e.Coverage >= leastCoverage || silent <= mostSilent
}

// Judge adds up what speaks against a ride. Reaching a limit exactly speaks for it.
func (p BrushRules) Judge(e Evidence) Judgement {
	var v Judgement
	traced := e.traced()
	find := func(c Clue, found bool, is, limit, weight int) {
		if found && weight > 0 {
			v.Score += weight
			v.Findings = append(v.Findings, Finding{c, is, limit, weight})
		}
	}
	waited, drove := int(e.Waited/time.Second), int(e.Drove/time.Second)
	find(ClueTogether, p.together(e), waited, p.BrushTogetherS, p.BrushWeightTogether)
	find(ClueQuick, drove < p.BrushQuickS, drove, p.BrushQuickS, p.BrushWeightQuick)
	find(ClueShort, traced && e.DrivenM < p.BrushShortM,
		e.DrivenM, p.BrushShortM, p.BrushWeightShort)
	if traced && e.QuotedM >= p.BrushQuoteM {
		pct := int(int64(e.DrivenM) * 100 / int64(e.QuotedM))
		find(ClueQuote, pct < p.BrushQuotePct, pct, p.BrushQuotePct, p.BrushWeightQuote)
	}
	if traced && e.ByTrace > 0 {
		pct := int(e.Meter * 100 / e.ByTrace)
		find(ClueFare, pct > p.BrushFarePct, pct, p.BrushFarePct, p.BrushWeightFare)
	}
	find(ClueAgain, p.brief(e) && e.Again >= p.BrushAgain, e.Again, p.BrushAgain,
		p.BrushWeightAgain)
	if e.Pair.Any {
		since := int(e.Pair.Last.Since / time.Second)
		find(ClueSplit, since < p.BrushSplitS && e.Pair.Last.AwayM < float64(p.BrushSplitM),
			since, p.BrushSplitS, p.BrushWeightSplit)
	}
	find(CluePair, !e.Regulars && e.Pair.Subsidised >= p.BrushPairRides,
		e.Pair.Subsidised, p.BrushPairRides, p.BrushWeightPair)
	find(ClueDevice, e.Accounts >= p.BrushAccounts, e.Accounts, p.BrushAccounts,
		p.BrushWeightDevice)
	find(CluePhone, p.strayed(e), e.Phone.LastM, p.BrushPhoneM, p.BrushWeightPhone)
	v.Outcome = p.outcome(e, v.Score)
	return v
}

// together reports whether the taxi was there at once.
func (p BrushRules) together(e Evidence) bool {
	return e.Hailed && int(e.Waited/time.Second) < p.BrushTogetherS
}

// strayed reports whether the rider's phone was far from the taxi at the end of a drive that led
// away from it; of a shorter one, if it was far at the beginning too from a taxi that was there at
// once. A driver who has forgotten to end a short drive is alone by then, and whoever is sent for a
// lady around the corner comes from somewhere.
func (p BrushRules) strayed(e Evidence) bool {
	far := func(metres int) bool { return metres > p.BrushPhoneM }
	silent := int(e.Phone.Silent / time.Second)
	return e.Phone.Heard && silent < p.BrushPhoneS && far(e.Phone.LastM) &&
		(far(e.DrivenM) || p.together(e) && far(e.Phone.FirstM))
}

// brief reports whether a ride was over at once and led nowhere.
func (p BrushRules) brief(e Evidence) bool {
	return int(e.Drove/time.Second) < p.BrushQuickS && e.DrivenM < p.BrushShortM && e.traced()
}

func (p BrushRules) outcome(e Evidence, score int) BrushOutcome {
	switch {
	case p.BrushDeny > 0 && score >= p.BrushDeny:
		return OutcomeDeny
	case p.BrushPairDay > 0 && e.Pair.Today >= p.BrushPairDay:
		return OutcomeCapped
	case p.BrushHold > 0 && score >= p.BrushHold:
		return OutcomeHold
	default:
		return OutcomePay
	}
}

// PairRide is a ride that a rider and a driver had together, as far as it is evidence.
type PairRide struct {
	Ride        RideID
	CompletedAt time.Time
	Dropoff     geo.Point
	Subsidised  bool // a subsidy was reserved or given, then or afterwards
}

// evidenceOf is the evidence of a ride whose fare stands; past are the rides that the two have
// completed before it within the rules' days, in any order.
func evidenceOf(r Ride, past []PairRide, regulars bool, zone *time.Location) Evidence {
	e := Evidence{
		Hailed: r.Kind == Hailed, Waited: max(0, r.ArrivedAt.Sub(r.ClaimedAt)),
		Drove: r.CompletedAt.Sub(r.StartedAt), DrivenM: r.Fare.DrivenM,
		Coverage: r.Fare.Coverage, QuotedM: r.Quote.DistanceM, Meter: r.Fare.Meter,
		ByTrace: r.Fare.ByTrace, Regulars: regulars,
	}
	today := money.BusinessDay(r.CompletedAt, zone)
	for _, p := range past {
		if !p.CompletedAt.Before(r.CompletedAt) {
			continue
		}
		if p.Subsidised {
			e.Pair.Subsidised++
			if money.BusinessDay(p.CompletedAt, zone) == today {
				e.Pair.Today++
			}
		}
		since := max(0, r.RequestedAt.Sub(p.CompletedAt))
		if !e.Pair.Any || since < e.Pair.Last.Since {
			e.Pair.Any = true
			e.Pair.Last.Since = since
			e.Pair.Last.AwayM = geo.DistanceM(p.Dropoff, r.Pickup.Point)
		}
	}
	return e
}

// Has reports whether a clue was found.
func (v Judgement) Has(c Clue) bool {
	return slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Clue == c })
}
