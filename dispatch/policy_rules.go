package dispatch

import (
	"cmp"
	"fmt"
	"slices"

	"hexhail/money"
)

// Rules are the part of a policy that says what is allowed and what it costs.
type Rules struct {
	// ClosedHours are when the city takes no requests. A ride that was asked for before goes on
	// searching in them, anew too if its driver falls out: it is the request that is not allowed.
	ClosedHours []Hours `json:"closed_hours"`
	// TipStepsFen are the amounts that a tip may have, rising, at most MaxTip; none bans tips.
	TipStepsFen []money.Fen `json:"tip_steps_fen"`
	// TipPromptS is after how long a search without a claim the rider's app proposes the next step
	// of the tip, 0–3,600 s; 0 is never.
	TipPromptS int `json:"tip_prompt_s"`
	// BookingFees are what a booking costs, by rising lead.
	BookingFees []BookingFee `json:"booking_fees"`
	// Classes and Tags are what a request may ask of a taxi; none is nothing.
	Classes []Class  `json:"classes"`
	Tags    []string `json:"tags"`
	// SeniorBonusS is by how many seconds of pickup a senior's ride goes before others where taxis
	// are too few, 0–600.
	SeniorBonusS int `json:"senior_bonus_s"`
	// FareAnswerH is for how many hours a rider may leave a questioned fare without a word, 0–720;
	// then what the trace gives stands, or what was quoted. 0 leaves it to ops.
	FareAnswerH int `json:"fare_answer_h"`
}

// defaultRules are those of a city that says nothing else. The apps of 2014 stopped at 30 yuan.
func defaultRules() Rules {
	return Rules{
		TipStepsFen: []money.Fen{5_00, 10_00, 15_00, 20_00, 25_00, 30_00}, TipPromptS: 30,
		Classes: []Class{ClassStandard, "large"}, Tags: []string{"wheelchair", "child_seat"},
		FareAnswerH: 48,
	}
}

func (r Rules) check() error {
	return cmp.Or(
		checkRanges([]keyRange{
			{"senior_bonus_s", r.SeniorBonusS, 0, 600},
			{"tip_prompt_s", r.TipPromptS, 0, 3600},
			{"fare_answer_h", r.FareAnswerH, 0, 720},
		}),
		checkHours(r.ClosedHours), checkTipSteps(r.TipStepsFen), checkBookingFees(r.BookingFees),
		r.checkWords(),
	)
}

// clone shares nothing with r that a change could reach.
func (r Rules) clone() Rules {
	r.ClosedHours = slices.Clone(r.ClosedHours)
	r.TipStepsFen = slices.Clone(r.TipStepsFen)
	r.BookingFees = slices.Clone(r.BookingFees)
	r.Classes, r.Tags = slices.Clone(r.Classes), slices.Clone(r.Tags)
	return r
}

// keyRange is a key of a policy with its value and the limits of it.
type keyRange struct {
	key         string
	v, min, max int
}

func checkRanges(list []keyRange) error {
	for _, l := range list {
		if l.v < l.min || l.v > l.max {
			return invalid("policy."+l.key, fmt.Sprintf("%d to %d, not %d", l.min, l.max, l.v))
		}
	}
	return nil
}
