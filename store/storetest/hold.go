package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// heldOf is the hold of a ride, open for a week.
func heldOf(ride dispatch.RideID, driver dispatch.DriverID) dispatch.Hold {
	return dispatch.Hold{
		Ride: ride, City: city, Rider: "R", Driver: driver, Score: 110,
		Findings: []dispatch.Finding{{Clue: dispatch.ClueShort, Is: 60, Limit: 300, Weight: 40}},
		State:    dispatch.Held, MadeAt: noon, DueAt: after(7 * 86_400),
	}
}

func holds(t *testing.T, open Open) {
	db := open(t)
	want := filled[dispatch.Hold](0)
	want.State, want.DecidedAt, want.DecidedBy = dispatch.HoldAppealed, time.Time{}, ""
	insert := func(h dispatch.Hold) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertHold(h) }
	}
	do(t, db, insert(want))
	other := want
	other.Score++
	do(t, db, insert(other)) // there is one
	decided := want
	decided.State, decided.DueAt, decided.DecidedBy = dispatch.HoldReleased, time.Time{}, "ops:1"
	decided.DecidedAt, decided.Note = after(5), "seen"
	decided.Appeal, decided.AppealedAt = "no", after(4)
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, func(tx dispatch.Tx) error {
		return tx.UpdateHold(decided, dispatch.Held)
	})
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Hold(want.Ride)
		equal(t, "inserted", got, want)
		check(t, err)
		check(t, tx.UpdateHold(decided, dispatch.HoldAppealed))
		got, err = tx.Hold(want.Ride)
		equal(t, "decided", got, decided)
		return err
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownHold, func(tx dispatch.Tx) error {
		_, err := tx.Hold("nobodys")
		return err
	})
	for name, spoil := range map[string]func(*dispatch.Hold){
		"decided by nobody": func(h *dispatch.Hold) {
			h.State, h.DueAt = dispatch.HoldDenied, time.Time{}
		},
		"open for ever":       func(h *dispatch.Hold) { h.DueAt = time.Time{} },
		"appealed in silence": func(h *dispatch.Hold) { h.State = dispatch.HoldAppealed },
	} {
		bad := heldOf(dispatch.RideID(name), "D")
		spoil(&bad)
		refused(t, db, dispatch.Internal, dispatch.ReasonStore, insert(bad))
	}
	a, b, c := heldOf("a", "D"), heldOf("b", "D"), heldOf("c", "E")
	b.DueAt, c.City = after(10), "elsewhere"
	for _, h := range []dispatch.Hold{a, b, c} {
		do(t, db, insert(h))
	}
	do(t, db, func(tx dispatch.Tx) error {
		due, err := tx.DueHolds(after(10), 9)
		equal(t, "due", due, []dispatch.Hold{b})
		return err
	})
	ctx := context.Background()
	still, err := db.OpenHolds(ctx, city, dispatch.Page{Limit: 9})
	check(t, err)
	equal(t, "open", still, []dispatch.Hold{a, b})
	mine, err := db.DriverHolds(ctx, "D", dispatch.Page{Limit: 9})
	check(t, err)
	equal(t, "a driver's", mine, []dispatch.Hold{b, a})
	mine, err = db.DriverHolds(ctx, "D", dispatch.Page{After: "b", Limit: 9})
	check(t, err)
	equal(t, "those before", mine, []dispatch.Hold{a})
	mine, err = db.DriverHolds(ctx, "", dispatch.Page{Limit: 9})
	check(t, err)
	equal(t, "nobody's", len(mine), 0)
}

// riddenTogether: the completed rides of a rider with one driver, since a time, the latest first.
func riddenTogether(t *testing.T, open Open) {
	db := open(t)
	at := geo.Point{Lat: 39.9, Lng: 116.4}
	for i, r := range []struct {
		rider     dispatch.RiderID
		driver    dispatch.DriverID
		completed time.Time
		granted   bool
	}{
		{"R", "D", after(-10), false},
		{"R", "D", after(0), true},
		{"R", "D", after(20), false},
		{"R", "E", after(30), true},
		{"S", "D", after(40), true},
		{"R", "D", time.Time{}, false},
	} {
		ride := assigned(searching(dispatch.RideID(fmt.Sprint("ride", i))), r.driver)
		ride.Rider, ride.State, ride.CompletedAt = r.rider, dispatch.Settled, r.completed
		ride.Slot, ride.Dropoff.Point = "", at
		ride.StartedAt, ride.Fare.DrivenM = r.completed.Add(-50*time.Second), 300
		if r.granted {
			ride.Subsidy.Reason = money.SubsidyGranted
		}
		insertRides(t, db, ride)
	}
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.RiddenTogether("R", "D", noon)
		equal(t, "together", got, []dispatch.PairRide{
			{Ride: "ride2", CompletedAt: after(20), Dropoff: at},
			{Ride: "ride1", CompletedAt: noon, Dropoff: at, Subsidised: true},
		})
		check(t, err)
		got, err = tx.RiddenTogether("", "D", noon)
		equal(t, "nobody's", len(got), 0)
		check(t, err)
		for _, want := range []struct {
			took   time.Duration
			metres int
			n      int
		}{{60 * time.Second, 301, 2}, {50 * time.Second, 301, 0}, {60 * time.Second, 300, 0}} {
			n, err := tx.BriefRides("D", noon, after(40), want.took, want.metres)
			equal(t, fmt.Sprint("brief: ", want), n, want.n)
			check(t, err)
		}
		return nil
	})
	accounts(t, db)
}

// accounts counts whose subsidised rides a phone has asked for.
func accounts(t *testing.T, db Database) {
	t.Helper()
	for i, r := range []struct {
		rider   dispatch.RiderID
		device  string
		granted bool
		at      time.Time
	}{
		{"me", "phone", true, noon},
		{"A", "phone", true, noon},
		{"A", "phone", true, after(1)},
		{"B", "phone", true, after(2)},
		{"C", "phone", false, noon},
		{"D", "phone", true, after(-1)},
		{"E", "phone", true, after(9)},
		{"F", "other", true, noon},
		{"G", "", true, noon},
	} {
		ride := assigned(searching(dispatch.RideID(fmt.Sprint("asked", i))), "driver")
		ride.Rider, ride.State, ride.CompletedAt = r.rider, dispatch.Settled, r.at
		ride.Slot, ride.Device = "", r.device
		if r.granted {
			ride.Subsidy.Reason = money.SubsidyGranted
		}
		insertRides(t, db, ride)
	}
	do(t, db, func(tx dispatch.Tx) error {
		for device, want := range map[string]int{"phone": 2, "other": 1, "nobody's": 0, "": 0} {
			list, err := tx.AccountsOf(device, "me", noon, after(9))
			equal(t, "accounts of "+device, len(list), want)
			check(t, err)
		}
		return nil
	})
}

// The load of promiseHold: rides whose subsidy of 5 + 5 is held, and what happens to each at once.
const (
	holdRides   = 40
	holdWorkers = 6
)

// promiseHold: a held subsidy is paid once or goes back once, as was decided, whether the ride is
// paid before, meanwhile or after it.
func promiseHold(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		check(t, holdAll(t, db, NewDesk(t, db)))
	})
	t.Run("MutantCaptureForgetsHolds", func(t *testing.T) {
		db := open(t)
		desk := NewDesk(t, db)
		desk.Store = holdless{db}
		caught(t, holdAll(t, db, desk))
	})
}

// holdless is a store that has forgotten of rides that their subsidies are held.
type holdless struct{ Database }

// Tx implements [dispatch.Store].
func (f holdless) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return f.Database.Tx(ctx, func(tx dispatch.Tx) error { return fn(seesNoHold{tx}) })
}

type seesNoHold struct{ dispatch.Tx }

// LockRide implements [dispatch.Rides].
func (f seesNoHold) LockRide(id dispatch.RideID) (dispatch.Ride, error) {
	r, err := f.Tx.LockRide(id)
	r.Subsidy.Held = false
	return r, err
}

// holdAll pays rides whose subsidies are held, and decides on these, from all sides at once. It
// says what is not as was decided.
func holdAll(t *testing.T, db Database, desk *dispatch.Desk) error {
	t.Helper()
	rides := heldRides(t, db, desk)
	each(holdWorkers*2, len(rides)*holdWorkers, func(i int) {
		ride, way := rides[i/holdWorkers], i%holdWorkers
		key := dispatch.Once{Identity: "somebody", RequestID: fmt.Sprint("hold", i)}
		switch way { // what is refused here is somebody's who came second
		case 0:
			_, _ = desk.Pay(t.Context(), noon, key, dispatch.PayRide{
				Ride: ride.ID, Rider: ride.Rider, Means: byWallet,
			})
		case 1, 2:
			_, _ = desk.Work(t.Context(), noon)
		default:
			_, _ = desk.DecideHold(t.Context(), noon, key, dispatch.DecideHold{
				// Who is paying now cannot be denied, but can be released: some never are.
				Ride: ride.ID, Release: (i/holdWorkers)%3 > 0 && way%2 == 0,
			})
		}
	})
	for i, ride := range rides { // what was refused meanwhile
		key := dispatch.Once{Identity: "somebody", RequestID: fmt.Sprint("pay", i)}
		_, _ = desk.Pay(t.Context(), noon, key, dispatch.PayRide{
			Ride: ride.ID, Rider: ride.Rider, Means: byWallet,
		})
	}
	for s := range 3 {
		if _, err := desk.Work(t.Context(), after(float64(s)*30)); err != nil {
			return err
		}
	}
	for i, ride := range rides {
		key := dispatch.Once{Identity: "somebody", RequestID: fmt.Sprint("deny", i)}
		_, _ = desk.DecideHold(t.Context(), after(90), key, dispatch.DecideHold{Ride: ride.ID})
	}
	return asDecided(t, db, rides)
}

func asDecided(t *testing.T, db Database, rides []dispatch.Ride) error {
	t.Helper()
	given := map[money.Subject]money.Fen{}
	paid := map[money.Subject]money.Fen{}
	books, err := money.Cashier{Store: db}.Audit(t.Context(),
		func(s money.Subject, m money.Transfer) {
			switch {
			case m.Kind != money.TransferPost:
			case m.Code == money.CodeFare:
				paid[s] += m.Amount
			default:
				given[s] += m.Amount
			}
		})
	check(t, err)
	if len(books.Wrong) > 0 || books.Pending() != 0 {
		return fmt.Errorf("accounts %v are wrong, %s is pending", books.Wrong, books.Pending())
	}
	decided := map[dispatch.HoldState]int{}
	for _, r := range rides {
		var h dispatch.Hold
		do(t, db, func(tx dispatch.Tx) (err error) {
			h, err = tx.Hold(r.ID)
			return err
		})
		decided[h.State]++
		want := map[dispatch.HoldState]money.Fen{dispatch.HoldReleased: 10_00}[h.State]
		if h.State.Open() || given[r.Subject()] != want {
			return fmt.Errorf("ride %s: %s was given, its hold is %s",
				r.ID, given[r.Subject()], h.State)
		}
		if p := paid[r.Subject()]; p != 23_00 && (p != 28_00 || want != 0) {
			return fmt.Errorf("ride %s: its rider has paid %s", r.ID, p)
		}
	}
	if decided[dispatch.HoldReleased] == 0 || decided[dispatch.HoldDenied] == 0 {
		return fmt.Errorf("decided: %v; both have to happen", decided)
	}
	return nil
}

// heldRides are driven rides of 28 yuan whose subsidy is held.
func heldRides(t *testing.T, db Database, desk *dispatch.Desk) []dispatch.Ride {
	t.Helper()
	strict := desk.Cities[city].WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.BrushHold = 1
		return p
	})
	desk.Cities = dispatch.Cities{city: strict}
	check(t, money.Cashier{Store: db}.Launch(t.Context(), money.Campaign{
		ID: "C", Version: 1, City: string(city), Sponsor: "S", Channel: money.InWallet,
		State: money.CampaignRuns, Rider: money.Fixed(5_00), Driver: money.Fixed(5_00),
		Cap: 1000_00, StartsAt: after(-3600), EndsAt: after(86_400),
	}, noon))
	return completeRides(t, db, desk, holdRides)
}
