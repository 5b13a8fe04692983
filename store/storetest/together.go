package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// togetherRounds is how often two commands are sent at the same moment.
const togetherRounds = 40

// atOnce runs both at the same moment and returns when both have answered.
func atOnce(a, b func()) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for _, fn := range []func(){a, b} {
		all.Go(func() { <-start; fn() })
	}
	close(start)
	all.Wait()
}

// outcomesTogether: fare and tip are paid at the same moment; one of the two settles the ride.
func outcomesTogether(t *testing.T, open Open) {
	db := open(t)
	desk := NewDesk(t, db)
	for i, ride := range completeRidesWithTip(t, db, desk, togetherRounds) {
		_, err := desk.Pay(t.Context(), noon,
			dispatch.Once{Identity: "rider", RequestID: fmt.Sprint("pay", i)},
			dispatch.PayRide{Ride: ride.ID, Rider: ride.Rider, Means: byWallet})
		check(t, err)
		var attempts []money.Attempt
		do(t, db, func(tx dispatch.Tx) (err error) {
			attempts, err = tx.DueAttempts(noon, false, 10)
			return err
		})
		if len(attempts) != 2 {
			t.Fatalf("%d attempts, want those for fare and tip", len(attempts))
		}
		pay := func(a money.Attempt) func() {
			return func() {
				outcome, err := desk.Channels[money.InWallet].Charge(t.Context(), a, noon)
				if err == nil {
					err = desk.PaymentOutcome(t.Context(), noon, a.ID, outcome)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
		atOnce(pay(attempts[0]), pay(attempts[1]))
		do(t, db, func(tx dispatch.Tx) error {
			r, err := tx.Ride(ride.ID)
			equal(t, "all is paid", r.State, dispatch.Settled)
			return err
		})
	}
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	equal(t, "pending", books.Pending(), 0)
}

// expiryTogether: a rider pays at the moment at which the reserved subsidy goes back. Whoever is
// first, what is charged and given adds up to the fare.
func expiryTogether(t *testing.T, open Open) {
	db := open(t)
	desk := NewDesk(t, db)
	fund(t, db)
	late := noon.Add(dispatch.SubsidyHeld + time.Second)
	for i, ride := range completeRides(t, db, desk, togetherRounds) {
		atOnce(func() {
			_, err := desk.Pay(t.Context(), late,
				dispatch.Once{Identity: "rider", RequestID: fmt.Sprint("pay", i)},
				dispatch.PayRide{Ride: ride.ID, Rider: ride.Rider, Means: byWallet})
			if err != nil {
				t.Error(err)
			}
		}, func() {
			if _, err := desk.Work(t.Context(), late); err != nil {
				t.Error(err)
			}
		})
		_, err := desk.Work(t.Context(), late)
		check(t, err)
		paid := money.Fen(0)
		do(t, db, func(tx dispatch.Tx) error {
			booked, err := tx.Transfers(ride.Subject())
			for _, m := range booked {
				if m.Kind == money.TransferPost && m.Code != money.CodeSubsidyDriver {
					paid += m.Amount
				}
			}
			return err
		})
		equal(t, "paid and subsidised", paid, money.Yuan(28))
	}
}

// dutyTogether: a driver goes off duty at the moment at which a silent offer is counted. Off duty
// stays off duty.
func dutyTogether(t *testing.T, open Open) {
	db := open(t)
	for i := range togetherRounds {
		s := dispatch.Shift{
			Driver: dispatch.DriverID(fmt.Sprint("D", i)),
			Taxi:   dispatch.TaxiID(fmt.Sprint("T", i)), City: city, Seats: 4,
			Duty: dispatch.OnDuty, ChangedAt: noon,
		}
		do(t, db, func(tx dispatch.Tx) error { return tx.PutShift(s) })
		change := func(to func(dispatch.Shift) dispatch.Shift) func() {
			return func() {
				do(t, db, func(tx dispatch.Tx) error {
					was, _, err := tx.Shift(s.Driver)
					if err != nil {
						return err
					}
					return tx.PutShift(to(was))
				})
			}
		}
		atOnce(change(func(s dispatch.Shift) dispatch.Shift {
			s.Duty = dispatch.OffDuty
			return s
		}), change(func(s dispatch.Shift) dispatch.Shift { return s.Hush(3, noon) }))
		do(t, db, func(tx dispatch.Tx) error {
			now, _, err := tx.Shift(s.Driver)
			equal(t, "duty", now.Duty, dispatch.OffDuty)
			return err
		})
	}
}

// fund launches a campaign of 5 + 5 yuan in the tests' city.
func fund(t *testing.T, db Database) {
	t.Helper()
	check(t, money.Cashier{Store: db}.Launch(t.Context(), money.Campaign{
		ID: "launch", Version: 1, City: string(city), Sponsor: "sponsor", Channel: money.InWallet,
		State: money.CampaignRuns, Rider: money.Fixed(500), Driver: money.Fixed(500),
		Cap:      money.Yuan(10_000),
		StartsAt: noon.Add(-time.Hour), EndsAt: noon.Add(time.Hour),
	}, noon))
}
