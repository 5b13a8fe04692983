package dispatch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhail/money"
)

// MaxTipSteps is how many amounts of a tip a policy may allow.
const MaxTipSteps = 20

func checkTipSteps(steps []money.Fen) error {
	if len(steps) > MaxTipSteps {
		return invalid("policy.tip_steps_fen", fmt.Sprintf("at most %d amounts", MaxTipSteps))
	}
	was := money.Fen(0)
	for _, s := range steps {
		if s <= was || s > MaxTip {
			return invalid("policy.tip_steps_fen",
				fmt.Sprintf("rising from 1 to %d fen, not %d after %d", MaxTip, s, was))
		}
		was = s
	}
	return nil
}

// checkTip refuses a tip that is not one of the policy's steps. No tip is always allowed.
func (p Policy) checkTip(tip money.Fen) error {
	switch {
	case tip == 0 || slices.Contains(p.TipStepsFen, tip):
		return nil
	case len(p.TipStepsFen) == 0:
		return Errorf(Conflict, ReasonTipBanned, "tips are not allowed in this city")
	default:
		steps := make([]string, len(p.TipStepsFen))
		for i, s := range p.TipStepsFen {
			steps[i] = strconv.FormatInt(int64(s), 10)
		}
		return invalid("tip_fen", "one of 0, "+strings.Join(steps, ", "))
	}
}

// TipWithin is how long after the drive a rider may still add a tip.
const TipWithin = 7 * 24 * time.Hour

// tipAfter is a tip after the ride: owed at once, if what the ride costs is, and once a ride.
func (d *Decision) tipAfter(was Ride, a AddTip, now time.Time) error {
	switch {
	case now.Sub(was.CompletedAt) > TipWithin:
		return Errorf(Conflict, ReasonTooLate, "ride %s: a tip can be added for %s",
			was.ID, TipWithin)
	case was.Tip > 0:
		return Errorf(Conflict, ReasonStep, "ride %s has a tip of %s yuan", was.ID, was.Tip)
	case a.To <= 0 || a.To > MaxTip:
		return invalid("tip_fen", fmt.Sprintf("1 to %d", MaxTip))
	}
	d.Ride.Tip = a.To
	if was.State == Settled || was.Fare.State.Stands() {
		d.Writes = append(d.Writes, d.Ride.owes(money.PurposeTip, a.To, 0))
	}
	return nil
}

// SuggestedTip is the tip that the rider's app proposes: the next step above the present one, when
// the ride has searched for the policy's time since it was asked for, searches anew, or was tipped
// the last time. 0 is no proposal.
func (c City) SuggestedTip(r Ride, now time.Time) money.Fen {
	p := c.PolicyAt(now)
	if r.State != Searching || p.TipPromptS == 0 ||
		now.Before(r.ChangedAt.Add(seconds(p.TipPromptS))) {
		return 0
	}
	for _, s := range p.TipStepsFen {
		if s > r.Tip {
			return s
		}
	}
	return 0
}
