package dispatch

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// stepper is Step, or a mutant of it.
type stepper func(Ride, Act, time.Time) (Decision, error)

// TestMachine draws acts at random and holds the machine to what walk checks.
func TestMachine(t *testing.T) {
	reached := make(map[State]int)
	rapid.Check(t, func(t *rapid.T) {
		choose := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }
		if problem := walk(choose, Step, reached); problem != "" {
			t.Fatal(problem)
		}
	})
	for seed := range uint64(1000) { // rare states need more walks than rapid makes
		if problem := walk(rand.New(rand.NewPCG(seed, 2)).IntN, Step, reached); problem != "" {
			t.Fatalf("seed %d: %s", seed, problem)
		}
	}
	for s := Scheduled; s <= Expired; s++ {
		if reached[s] == 0 {
			t.Errorf("no walk has reached %s", s)
		}
	}
}

// machineMutants are machines with one rule broken, each.
func machineMutants() map[string]stepper {
	return map[string]stepper{
		"allow cancel after boarding": func(r Ride, a Act, now time.Time) (Decision, error) {
			if _, ok := a.(Cancel); ok && r.State == OnTrip {
				was := r
				was.State = Arrived
				return Step(was, a, now)
			}
			return Step(r, a, now)
		},
		"leave a terminal state": func(r Ride, a Act, now time.Time) (Decision, error) {
			if r.State == Expired {
				r.State = Searching
			}
			return Step(r, a, now)
		},
		"let a booking hold the slot": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if err == nil && d.Ride.State == Booked {
				d.Ride.Slot = SlotCurrent
			}
			return d, err
		},
		"keep the driver who falls out": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActFallOut {
				d.Ride.Driver = r.Driver
			}
			return d, err
		},
		"forget when a booking is due": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActDrop {
				d.Ride.Booking.DueAt = time.Time{}
			}
			return d, err
		},
		"search no longer than others": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if due, ok := a.(Due); ok {
				d.Ride.SearchBy = now.Add(due.Search)
			}
			return d, err
		},
		"keep the slot after the ride": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			d.Ride.Slot = r.Slot
			return d, err
		},
		"forget the version": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			d.Ride.Version = r.Version
			return d, err
		},
	}
}

// fareMutants ask for more than they may.
func fareMutants() map[string]stepper {
	return map[string]stepper{
		"let ops raise a fare": func(r Ride, a Act, now time.Time) (Decision, error) {
			if raise, ok := a.(Resolve); ok && r.Fare.State.Questioned() {
				least := raise
				least.Total = 0
				d, err := Step(r, least, now)
				d.Ride.Fare.Resolution.Total = raise.Total
				return d, err
			}
			return Step(r, a, now)
		},
		"raise a paid fare unasked": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActCorrect && r.State == Settled {
				d.Ride.Fare.Meter += 100
			}
			return d, err
		},
	}
}

// TestMachineCatches holds mutants of the machine to the same: each has to be caught.
func TestMachineCatches(t *testing.T) {
	mutants := machineMutants()
	maps.Copy(mutants, nextMutants())
	maps.Copy(mutants, fareMutants())
	maps.Copy(mutants, complaintMutants())
	maps.Copy(mutants, handOverMutants())
	for name, mutant := range mutants {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(2000) {
				rng := rand.New(rand.NewPCG(seed, 1))
				if problem := walk(rng.IntN, mutant, map[State]int{}); problem != "" {
					t.Logf("seed %d: %s", seed, problem)
					return
				}
			}
			t.Error("not caught in 2,000 walks")
		})
	}
}

// nextMutants do wrong to rides in slot next.
func nextMutants() map[string]stepper {
	return map[string]stepper{
		"arrive before the ride before is over": func(
			r Ride, a Act, now time.Time,
		) (Decision, error) {
			if a.Kind() == ActArrive && r.Slot == SlotNext {
				was := r
				was.Slot = SlotCurrent
				d, err := Step(was, a, now)
				d.Ride.Slot = SlotNext
				return d, err
			}
			return Step(r, a, now)
		},
		"take the current ride away": func(r Ride, a Act, now time.Time) (Decision, error) {
			if a.Kind() == ActFallOut && r.Slot == SlotCurrent {
				was := r
				was.Slot = SlotNext
				return Step(was, a, now)
			}
			return Step(r, a, now)
		},
	}
}

// walk does up to 40 acts, right and wrong ones, and says what promise was broken.
func walk(choose func(n int) int, step stepper, reached map[State]int) string {
	r, now := hailed(), noon
	switch choose(6) {
	case 0:
		r = street()
	case 1, 2:
		r = booked()
	}
	boarded := r.State == OnTrip
	for range 40 {
		now = now.Add(time.Duration(choose(400)) * time.Second)
		act := anyAct(choose, r)
		d, err := step(r, act, now)
		if err != nil {
			if kind := KindOf(err); kind == Internal {
				return fmt.Sprintf("%s of a %s ride is internal: %v", act.Kind(), r.State, err)
			}
			continue
		}
		if problem := judgeStep(r, act, d, boarded); problem != "" {
			return fmt.Sprintf("%s of a %s ride: %s", act.Kind(), r.State, problem)
		}
		r = d.Ride
		boarded = r.State == OnTrip || boarded && r.State != Searching
		reached[r.State]++
	}
	return ""
}

func judgeStep(was Ride, act Act, d Decision, boarded bool) string {
	r := d.Ride
	_, allowed := table[was.State][act.Kind()]
	switch {
	case !allowed:
		return "is not in the table"
	case was.State.Terminal() && r.State != was.State:
		return "leaves a terminal state"
	case r.Version != was.Version+1:
		return "does not raise the version by one"
	case boarded && r.State == Cancelled:
		return "cancels after boarding"
	case r.Slot == SlotNext && r.State != Assigned:
		return "is more than assigned in slot next"
	case r.State.Active() != (r.Slot == SlotCurrent || r.Slot == SlotNext):
		return "holds a slot without being active, or the other way round"
	case r.State.Active() && r.Driver == "" || r.State == Searching && r.Driver != "":
		return "has a driver when it should not, or the other way round"
	case (r.State == Booked) != (r.Driver != "") && r.State.Ahead():
		return "is booked without a driver, or scheduled with one"
	case r.State.Ahead() == r.Booking.DueAt.IsZero():
		return "is ahead and never due, or due when it is not ahead"
	case r.State == Searching && r.SearchBy.Before(r.Booking.PickupAt):
		return "gives up before its pickup"
	case was.Kind != BookedRide && r.State.Ahead():
		return "is ahead without being booked"
	case r.State.Terminal() == r.EndedAt.IsZero():
		return "has an end that does not fit its state"
	case r.State == Settled && was.State != Settled && !r.Fare.State.Stands():
		return "settles a fare that does not stand"
	case r.Fare.Total() > r.Fare.Claimed():
		return "asks for more than the driver has claimed"
	case act.Kind() == ActCorrect && was.State == Settled && r.Fare.Total() > was.Fare.Total():
		return "raises a fare that is paid, unasked"
	case act.Kind() == ActFallOut && was.Slot == SlotCurrent:
		return "takes the ride that the driver is at"
	case act.Kind() == ActPromote && (was.Slot != SlotNext || r.Slot != SlotCurrent):
		return "promotes what is not next, or to nowhere"
	case string(d.Event.ID) != fmt.Sprintf("R1.%04d", r.Version):
		return "has an event that is not its own"
	default:
		if problem := judgeHandOver(was, act, d); problem != "" {
			return problem
		}
		return judgeComplaint(was, act, d)
	}
}

// anyAct makes an act, by the right driver or rider three times out of four.
func anyAct(choose func(n int) int, r Ride) Act {
	driver, rider := r.Driver, r.Rider
	if driver == "" {
		driver = "D1"
	}
	if choose(4) == 0 {
		driver, rider = "D2", "rider2"
	}
	kind := ActKind(1 + choose(int(ActRepair)))
	if choose(2) == 0 {
		kind = legalAct(choose, r.State, kind)
	}
	fare := []string{"accepted", "asked"}[choose(2)]
	args := map[ActKind][]string{
		ActClaim: {
			string(driver), fmt.Sprint(r.Search - choose(2)),
			[]string{"current", "next"}[choose(2)],
		},
		ActComplete: {string(driver), "28.00", fare, "granted"},
		ActConfirm:  {string(rider), "granted"}, ActContest: {string(rider)},
		ActResolve: {fmt.Sprintf("%d.00", choose(40)), "granted"},
		ActTip:     {fmt.Sprintf("%d.00", choose(300))}, ActRate: {"rider", fmt.Sprint(choose(7))},
		ActCancel:           anyCancel(choose, r),
		ActComplain:         {string(rider), []string{"detour", "other", "no_show"}[choose(3)]},
		ActContestComplaint: {string(rider), []string{"open", "dropped"}[choose(2)]},
		ActDecideComplaint:  {"driver", "contested", []string{"uphold", "drop"}[choose(2)]},
		ActBook:             {string(driver), "5000"}, ActDrop: {string(driver), "6000"},
		ActRemind: {"5500"}, ActMove: {fmt.Sprint(3600 + choose(9000)), "3000"},
		ActHandOver: {string(driver), []string{"", "D2"}[choose(2)]},
		ActTakeOver: {[]string{"D1", "D2", "D3", "D9"}[choose(4)], "5000"},
		ActCorrect:  {string(driver), fmt.Sprintf("%d.00", 20+choose(20)), fare, "granted"},
		ActWinDraw:  {"10.00"},
	}[kind]
	if args == nil {
		args = []string{string(driver)}
	}
	return parseAct(kind.String(), args)
}

// legalAct is one of the acts that the table allows, or kind if it allows none.
func legalAct(choose func(n int) int, from State, kind ActKind) ActKind {
	var legal []ActKind
	for k := ActCancel; k <= ActRepair; k++ {
		if _, ok := Next(from, k); ok {
			legal = append(legal, k)
		}
	}
	if len(legal) == 0 {
		return kind
	}
	return legal[choose(len(legal))]
}
