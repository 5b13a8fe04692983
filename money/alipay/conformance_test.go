package alipay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// scene is a payer and a desk that meet a fault.
type scene struct {
	way      money.Way
	payer    string
	patience time.Duration
	call     standin.Call
	fault    standin.Fault
	mode     mode
}

func (s scene) String() string {
	return fmt.Sprintf("%s/%s/%s/%s/%s/%s", s.mode, s.way, s.payer, s.patience, s.call, s.fault)
}

// scenes is every way × call × fault that can meet, each with a payer who pays at once and with one
// who does not, so that the order ends by time, or is closed.
func scenes() []scene {
	var all []scene
	for i, f := range standin.AnswerFaults() {
		add := func(way money.Way, payer string, patience time.Duration, call standin.Call) {
			all = append(all, scene{way, payer, patience, call, f, modes[(i+len(all))%3]})
		}
		for _, way := range ways {
			if way != money.WayApp { // which asks nobody
				add(way, "pays", 0, standin.CallCharge)
				add(way, "never", 0, standin.CallCharge)
			}
			if way == money.WayBarcode {
				add(way, "confirms", 0, standin.CallQuery)
			} else {
				add(way, "pays", 0, standin.CallQuery)
			}
			if way != money.WayBarcode {
				add(way, "never", 0, standin.CallQuery)
				add(way, "opens", 10*time.Second, standin.CallClose)
				add(way, "never", 10*time.Second, standin.CallClose)
			}
		}
		add(money.WayBarcode, "types", 0, standin.CallReverse)
		add(money.WayBarcode, "types", 10*time.Second, standin.CallReverse)
	}
	return all
}

// play plays a scene to its end, until somebody has paid or nobody wants to, and tells what is
// wrong: it is paid at most once, the desk knows it, and what the desk calls closed stays so.
func play(t *testing.T, s scene, between func(port) port) (problem string, met int) {
	w := newWorld(t, s.mode)
	if s.payer == "types" || s.payer == "confirms" { // the password, for ever or for a moment
		w.fault(standin.CallCharge, standin.UserPaying)
	}
	w.fault(s.call, s.fault)
	d := &desk{world: w, port: between(w.channel), patience: s.patience}
	phone := map[string]func(money.Attempt){
		"pays": d.opensAndPays, "opens": d.onlyOpens, "never": d.neverPays, "types": d.neverPays,
		"confirms": d.opensAndPays,
	}[s.payer]
	for range 2 { // tries
		a, err := d.settle(d.try(s.way), phone)
		if err != nil {
			if s.fault == standin.RotateKey && s.mode != byCerts {
				return "", w.script.Hits(s.fault) // nothing can be believed any more
			}
			return fmt.Sprintf("%s is %s %s after all", a.ID, a.State, a.Reason), 0
		}
		o, known := w.book.Order(money.Alipay, w.merchant.SellerID, string(a.ID))
		if a.State == money.AttemptPaid {
			if !known || o.State != standin.Paid {
				return fmt.Sprintf("%s counts as paid, and is %s", a.ID, o.State), 0
			}
			break
		}
		d.opensAndPays(a) // whoever has it tries once more
		phone = d.opensAndPays
		o, known = w.book.Order(money.Alipay, w.merchant.SellerID, string(a.ID))
		if known && o.State == standin.Paid {
			return fmt.Sprintf("%s counts as closed (%s), and is paid", a.ID, a.Reason), 0
		}
	}
	if moved := w.book.Totals(money.Alipay); moved.Paid > 2300 {
		return fmt.Sprintf("%d orders are paid, %s yuan", moved.Orders, moved.Paid), 0
	}
	return "", w.script.Hits(s.fault)
}

func straight(p port) port { return p }

// TestConformance is I4 as far as an adapter holds it.
func TestConformance(t *testing.T) {
	in(t, "all", func(t *testing.T) {
		met := map[string]int{}
		for _, s := range scenes() {
			problem, hits := play(t, s, straight)
			if problem != "" {
				t.Errorf("%s: %s", s, problem)
			}
			met[string(s.call)+"/"+string(s.way)+"/"+string(s.fault)] += hits
		}
		for what, hits := range met {
			if hits == 0 {
				t.Errorf("%s was never met", what)
			}
		}
		t.Logf("%d scenes, %d meetings", len(scenes()), len(met))
	})
}

// closesUnknown is a mutant: what is not known counts as closed.
type closesUnknown struct{ port }

func (c closesUnknown) outcome(o money.Outcome, err error) (money.Outcome, error) {
	if err != nil || o.State == money.AttemptUnknown {
		o.State = money.AttemptClosed
	}
	return o, nil
}

// TestConformanceCatches holds mutants to the same.
func TestConformanceCatches(t *testing.T) {
	for name, mutant := range mutants() {
		in(t, name, func(t *testing.T) {
			for _, s := range scenes() {
				if problem, _ := play(t, s, mutant); problem != "" {
					t.Logf("caught by %s: %s", s, strings.TrimSpace(problem))
					return
				}
			}
			t.Error("the mutant was not caught")
		})
	}
}
