package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
)

type changes []func(*dispatch.Evidence)

// phone was so far from the taxi, first and last, and told so half a minute before the end.
func phone(firstM, lastM int) func(*dispatch.Evidence) {
	return func(e *dispatch.Evidence) {
		e.Phone = dispatch.PhoneHeard{
			Heard: true, Silent: 30 * time.Second, FirstM: firstM, LastM: lastM,
		}
	}
}

// quiet had told nothing for so long.
func quiet(d time.Duration) func(*dispatch.Evidence) {
	return func(e *dispatch.Evidence) { e.Phone.Silent = d }
}

// long was the drive, in metres, as it was asked for.
func long(m int) func(*dispatch.Evidence) {
	return func(e *dispatch.Evidence) { e.DrivenM, e.QuotedM = m, m }
}

// TestPhoneClue: when a phone that was far from the taxi is found, and when with other clues it
// holds the subsidy.
func TestPhoneClue(t *testing.T) {
	const pay, hold = dispatch.OutcomePay, dispatch.OutcomeHold
	together := func(e *dispatch.Evidence) { e.Waited = 2 * time.Second }
	brief := func(e *dispatch.Evidence) {
		e.Drove, e.DrivenM, e.QuotedM = 40*time.Second, 150, 160
	}
	accounts := func(e *dispatch.Evidence) { e.Accounts = 5 }
	pair := func(e *dispatch.Evidence) { e.Pair.Subsidised = 3 }
	for name, test := range map[string]struct {
		changes changes
		found   bool
		want    dispatch.BrushOutcome
	}{
		"at the limit": {
			changes{phone(10, 1000)}, false, pay,
		},
		"beyond it": {
			changes{phone(10, 1001)}, true, pay,
		},
		"silent for long": {
			changes{phone(10, 9000), quiet(2 * time.Minute)}, false, pay,
		},
		"almost as long": {
			changes{phone(10, 9000), quiet(119 * time.Second)}, true, pay,
		},
		"a short drive": {
			changes{phone(1000, 1200), long(1000), together}, false, pay,
		},
		"a longer one": {
			changes{phone(1000, 1200), long(1001)}, true, pay,
		},
		"away from the first": {
			changes{phone(1001, 1200), long(1000), together}, true, pay,
		},
		"a mother, at her door": {
			changes{phone(4000, 7000), together}, true, pay,
		},
		"a drive that ends late, a corner": {
			changes{phone(10, 1500), brief}, false, pay,
		},
		"an old lady's corner": {
			changes{phone(4000, 4000), brief}, false, pay,
		},
		"a taxi that was silent": {
			changes{phone(dispatch.AwayUnknown, dispatch.AwayUnknown)}, false, pay,
		},

		"a second account, and a fare that is driven": {
			changes{phone(4000, 7000), accounts}, true, hold,
		},
		"a second phone at home, every day": {
			changes{phone(4000, 7000), pair}, true, hold,
		},
		"a corner, from home": {
			changes{phone(4000, 4000), brief, together}, true, hold,
		},
	} {
		e := honest()
		for _, change := range test.changes {
			change(&e)
		}
		j := dispatch.DefaultPolicy().Judge(e)
		if j.Has(dispatch.CluePhone) != test.found || j.Outcome != test.want {
			t.Errorf("%s: %+v", name, j)
		}
	}
}
