package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/dispatch"
	"hexhail/money"
)

// honest is the evidence of an ordinary ride: nothing speaks against it.
func honest() dispatch.Evidence {
	return dispatch.Evidence{
		Hailed: true, Waited: 3 * time.Minute, Drove: 12 * time.Minute, DrivenM: 4000,
		Coverage: 98, QuotedM: 3900, Meter: 17_00, ByTrace: 17_00,
	}
}

// last is that the two had a ride that ended so long before, so far away.
func last(since time.Duration, awayM float64) (p dispatch.PairPast) {
	p.Any = true
	p.Last.Since, p.Last.AwayM = since, awayM
	return p
}

// TestClues: each clue at its limit and beyond it, alone; none of them holds anything alone.
func TestClues(t *testing.T) {
	rules := dispatch.DefaultPolicy().BrushRules
	for _, test := range []struct {
		clue     dispatch.Clue
		at, over func(*dispatch.Evidence)
	}{
		{
			dispatch.ClueTogether,
			func(e *dispatch.Evidence) { e.Waited = 15 * time.Second },
			func(e *dispatch.Evidence) { e.Waited = 15*time.Second - time.Millisecond },
		},
		{
			dispatch.ClueQuick,
			func(e *dispatch.Evidence) { e.Drove = 90 * time.Second },
			func(e *dispatch.Evidence) { e.Drove = 89 * time.Second },
		},
		{
			dispatch.ClueShort,
			func(e *dispatch.Evidence) { e.DrivenM, e.QuotedM = 300, 300 },
			func(e *dispatch.Evidence) { e.DrivenM, e.QuotedM = 299, 300 },
		},
		{
			dispatch.ClueQuote,
			func(e *dispatch.Evidence) { e.DrivenM, e.QuotedM = 1000, 4000 },
			func(e *dispatch.Evidence) { e.DrivenM, e.QuotedM = 999, 4000 },
		},
		{
			dispatch.ClueFare,
			func(e *dispatch.Evidence) { e.Meter = 34_00 },
			func(e *dispatch.Evidence) { e.Meter = 34_17 },
		},
		{
			dispatch.ClueAgain,
			func(e *dispatch.Evidence) { e.Again = 9 }, // but this ride is an ordinary one
			nil,
		},
		{
			dispatch.ClueSplit,
			func(e *dispatch.Evidence) { e.Pair = last(180*time.Second, 10) },
			func(e *dispatch.Evidence) { e.Pair = last(179*time.Second, 299) },
		},
		{
			dispatch.CluePair,
			func(e *dispatch.Evidence) { e.Pair.Subsidised = 2 },
			func(e *dispatch.Evidence) { e.Pair.Subsidised = 3 },
		},
		{
			dispatch.ClueDevice,
			func(e *dispatch.Evidence) { e.Accounts = 2 },
			func(e *dispatch.Evidence) { e.Accounts = 3 },
		},
	} {
		e := honest()
		test.at(&e)
		if j := rules.Judge(e); j.Score != 0 || j.Outcome != dispatch.OutcomePay {
			t.Errorf("%s at its limit: %+v", test.clue, j)
		}
		if test.over == nil {
			continue
		}
		e = honest()
		test.over(&e)
		j := rules.Judge(e)
		if len(j.Findings) != 1 || !j.Has(test.clue) || j.Score != j.Findings[0].Weight ||
			j.Outcome != dispatch.OutcomePay {
			t.Errorf("%s beyond its limit: %+v", test.clue, j)
		}
	}
}

// TestCluesHaveWords: whoever decides on a hold reads what was found.
func TestCluesHaveWords(t *testing.T) {
	for _, c := range dispatch.Clues() {
		en, zh := dispatch.FindingWords(dispatch.Finding{Clue: c})
		if en == string(c) || zh == string(c) {
			t.Errorf("%s has no words", c)
		}
	}
}

// TestBrushers: what brushers do is held; what looks like it and is honest is not.
func TestBrushers(t *testing.T) {
	rules := dispatch.DefaultPolicy().BrushRules
	change := func(changes ...func(*dispatch.Evidence)) dispatch.Evidence {
		e := honest()
		for _, c := range changes {
			c(&e)
		}
		return e
	}
	together := func(e *dispatch.Evidence) { e.Waited = 2 * time.Second }
	nowhere := func(e *dispatch.Evidence) { e.Drove, e.DrivenM = 40*time.Second, 60 }
	corner := func(e *dispatch.Evidence) {
		e.Drove, e.DrivenM, e.QuotedM = 40*time.Second, 150, 160
	}
	pair := func(n int) func(*dispatch.Evidence) {
		return func(e *dispatch.Evidence) { e.Pair.Subsidised = n }
	}
	deaf := func(e *dispatch.Evidence) { e.Coverage, e.Drove = 40, 80*time.Second }
	for name, test := range map[string]struct {
		e    dispatch.Evidence
		want dispatch.BrushOutcome
	}{
		"together, and nowhere": {change(together, nowhere), dispatch.OutcomeHold},
		"found, and nowhere":    {change(nowhere), dispatch.OutcomeHold},
		"around the corner, again": {change(together, corner, func(e *dispatch.Evidence) {
			e.Again = 1
		}), dispatch.OutcomeHold},
		"one trip in two": {change(together, func(e *dispatch.Evidence) {
			e.Pair = last(30*time.Second, 20)
		}), dispatch.OutcomeHold},
		"a fare typed by hand, again": {change(pair(4), func(e *dispatch.Evidence) {
			e.Meter = 90_00
		}), dispatch.OutcomeHold},

		"a taxi at the door":         {change(together), dispatch.OutcomePay},
		"and to the corner with it":  {change(together, corner), dispatch.OutcomePay},
		"an old lady to the corner":  {change(corner), dispatch.OutcomePay},
		"a phone that was silent":    {change(nowhere, deaf), dispatch.OutcomePay},
		"a neighbour, every morning": {change(together, pair(5)), dispatch.OutcomePay},
		"another mind after a mile": {change(func(e *dispatch.Evidence) {
			e.DrivenM, e.Drove = 900, 3*time.Minute
		}), dispatch.OutcomePay},
		"a regular's whole week": {change(together, func(e *dispatch.Evidence) {
			e.Regulars, e.Pair.Subsidised, e.Pair.Today = true, 20, 2
		}), dispatch.OutcomePay},
		"a hand at the kerb, paid by code": {change(together, corner, func(e *dispatch.Evidence) {
			e.Hailed = false
		}), dispatch.OutcomePay},
		"a regular's seventh of the day": {change(func(e *dispatch.Evidence) {
			e.Regulars, e.Pair.Subsidised, e.Pair.Today = true, 20, 6
		}), dispatch.OutcomeCapped},
	} {
		if j := rules.Judge(test.e); j.Outcome != test.want {
			t.Errorf("%s: %+v, want %s", name, j, test.want)
		}
	}
	rules.BrushDeny = 140
	if j := rules.Judge(change(together, nowhere)); j.Outcome != dispatch.OutcomeDeny {
		t.Errorf("denied from 140 on: %+v", j)
	}
	rules.BrushHold, rules.BrushDeny = 0, 0
	if j := rules.Judge(change(together, nowhere)); j.Outcome != dispatch.OutcomePay {
		t.Errorf("rules that are off: %+v", j)
	}
}

// TestMoreClues: one clue more never lowers a score, and a score is the sum of what was found.
func TestMoreClues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := dispatch.DefaultPolicy().BrushRules
		rules.BrushHold = rapid.IntRange(0, 300).Draw(t, "hold")
		e := dispatch.Evidence{
			Hailed:   rapid.Bool().Draw(t, "hailed"),
			Waited:   time.Duration(rapid.IntRange(0, 60).Draw(t, "waited")) * time.Second,
			Drove:    time.Duration(rapid.IntRange(0, 200).Draw(t, "drove")) * time.Second,
			DrivenM:  rapid.IntRange(0, 2000).Draw(t, "driven"),
			Coverage: rapid.IntRange(0, 100).Draw(t, "coverage"),
			QuotedM:  rapid.IntRange(0, 9000).Draw(t, "quoted"),
			Meter:    money.Fen(rapid.IntRange(0, 9000).Draw(t, "meter")),
			ByTrace:  money.Fen(rapid.IntRange(0, 3000).Draw(t, "trace")),
			Regulars: rapid.Bool().Draw(t, "regulars"),
		}
		e.Pair.Subsidised = rapid.IntRange(0, 9).Draw(t, "pair")
		j := rules.Judge(e)
		sum := 0
		for _, f := range j.Findings {
			sum += f.Weight
		}
		if sum != j.Score || (j.Outcome == dispatch.OutcomeHold) !=
			(rules.BrushHold > 0 && sum >= rules.BrushHold) {
			t.Fatalf("%+v of %d", j, sum)
		}
		worse := e
		worse.Drove, worse.Hailed, worse.Waited = 0, true, 0
		if w := rules.Judge(worse); w.Score < j.Score {
			t.Fatalf("%+v, and with more against it %+v", j, w)
		}
	})
}

// TestHoldWords: ops read what was found, in both languages, and what becomes of it.
func TestHoldWords(t *testing.T) {
	h := dispatch.Hold{Ride: "R", Score: 110, Findings: []dispatch.Finding{
		{Clue: dispatch.ClueShort, Is: 60, Limit: 300, Weight: 40},
	}}
	for state, want := range map[dispatch.HoldState]string{
		dispatch.Held: "appeal", dispatch.HoldAppealed: "appealed",
		dispatch.HoldReleased: "released by ops:1", dispatch.HoldDenied: "denied by ops:1",
	} {
		h.State, h.DecidedBy = state, "ops:1"
		en, zh := dispatch.HoldWords(h)
		if !strings.Contains(en, "60 m") || !strings.Contains(en, want) ||
			!strings.Contains(zh, "60米") || !strings.Contains(zh, "110") {
			t.Errorf("%s: %s %s", state, en, zh)
		}
	}
}
