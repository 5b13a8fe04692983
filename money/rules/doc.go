// Package rules compiles and evaluates the expressions that campaigns may have beside the
// conditions that a form edits: the Common Expression Language, for what no form foresees.
//
//	r, err := rules.New()
//	if err != nil {
//		return err
//	}
//	if err := r.Check(`fare >= 2000 && hour >= 22 && "night_shift" in segments`); err != nil {
//		return err // a *money.CampaignError that says what is wrong
//	}
//	facts.Holds = r.Holds
//
// An expression knows what is in the table of docs/campaigns.md and nothing else: it cannot loop
// without end, read a clock or call anybody, and one that may cost more than MaxCost steps is
// refused when it is launched. What is launched is compiled once; a Rules is safe for concurrent
// use.
package rules
