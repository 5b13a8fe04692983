package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// receipts: what a receipt is made of is all there, and of nobody else's ride.
func receipts(t *testing.T, open Open) {
	db := open(t)
	desk := NewDesk(t, db)
	fundFor(t, db, money.InWallet)
	ride := completeRidesWithTip(t, db, desk, 2)[0]
	_, err := db.ImportCompanies(t.Context(), []dispatch.Company{{ID: "C", Name: "首汽"}})
	check(t, err)
	_, err = db.ImportTaxis(t.Context(), []dispatch.Taxi{{ID: ride.Taxi, City: city, Plate: "京B1"}})
	check(t, err)
	_, err = db.ImportDrivers(t.Context(), []dispatch.Driver{
		{ID: ride.Driver, City: city, Name: "王师傅", Company: "C"},
	})
	check(t, err)
	pay(t, desk, ride)
	number := printed(ride, "12345678", "")
	number.By = dispatch.SideRider
	do(t, db, func(tx dispatch.Tx) error { return tx.PutReceiptNumber(number) })

	got, err := db.RiderReceipt(t.Context(), ride.Rider, ride.ID)
	check(t, err)
	equal(t, "names", []string{got.Driver, got.Company, got.Plate}, []string{"王师傅", "首汽", "京B1"})
	equal(t, "number", got.Number, &number)
	equal(t, "payments and orders", []int{len(got.Payments), len(got.Paid)}, []int{2, 2})
	made, err := dispatch.NewRideReceipt(got)
	check(t, err)
	equal(t, "sums", []money.Fen{made.Total, made.Discount, made.Paid, made.Owed},
		[]money.Fen{38_00, 5_00, 33_00, 0})
	whole, err := db.RideReceipt(t.Context(), ride.ID)
	check(t, err)
	equal(t, "for ops", whole, got)
	for _, rider := range []dispatch.RiderID{"rider1", ""} {
		_, err = db.RiderReceipt(t.Context(), rider, ride.ID)
		wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownRide)
	}
	_, err = db.RideReceipt(t.Context(), "none")
	wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownRide)
}

func pay(t *testing.T, desk *dispatch.Desk, ride dispatch.Ride) {
	t.Helper()
	_, err := desk.Pay(t.Context(), noon, dispatch.Once{Identity: "r", RequestID: "pay"},
		dispatch.PayRide{Ride: ride.ID, Rider: ride.Rider, Means: byWallet})
	check(t, err)
	_, err = desk.Work(t.Context(), noon)
	check(t, err)
}

// printed is a number that a ride's driver has typed.
func printed(r dispatch.Ride, number, code string) dispatch.ReceiptNumber {
	return dispatch.ReceiptNumber{
		Ride: r.ID, City: r.City, Taxi: r.Taxi, Number: number, Code: code,
		By: dispatch.SideDriver, At: noon,
	}
}

// receiptNumbers: a printed number is one ride's, and its typist's to replace.
func receiptNumbers(t *testing.T, open Open) {
	db := open(t)
	var rides []dispatch.Ride
	for i := range 4 {
		r := assigned(searching(dispatch.RideID(fmt.Sprint("R", i))), "D")
		r.State, r.Driver = dispatch.Settled, dispatch.DriverID(fmt.Sprint("D", i))
		r.Taxi = []dispatch.TaxiID{"T", "T", "U", "V"}[i]
		rides = append(rides, r)
	}
	insertRides(t, db, rides...)
	put := func(n dispatch.ReceiptNumber) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.PutReceiptNumber(n) }
	}
	const conflict, taken = dispatch.Conflict, dispatch.ReasonReceiptNumber
	do(t, db, put(printed(rides[0], "12345678", "111001360011")))
	do(t, db, put(printed(rides[2], "12345678", "111001360012"))) // of another roll
	refused(t, db, conflict, taken, put(printed(rides[1], "12345678", "111001360012")))
	refused(t, db, conflict, taken, put(printed(rides[1], "12345678", "")))
	refused(t, db, conflict, taken, put(printed(rides[2], "12345678", "111001360011")))
	theirs := printed(rides[0], "99999999", "")
	theirs.By = dispatch.SideRider
	refused(t, db, conflict, dispatch.ReasonReceiptOther, put(theirs))
	do(t, db, put(printed(rides[0], "12345679", "")))
	do(t, db, put(printed(rides[1], "12345678", ""))) // free again
	elsewhere := printed(rides[3], "12345679", "")
	refused(t, db, conflict, taken, put(elsewhere))
	elsewhere.City = "chengdu"
	do(t, db, put(elsewhere))
}

// The load of promiseReceipt.
const (
	receiptRides  = 24
	numbersWanted = 4 // that all of them want
)

// promiseReceipt: of all who type a number at once one ride has it, and of the two sides of a ride
// who type at once one side; who was told that theirs is kept finds it on the receipt.
func promiseReceipt(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		check(t, typeAll(t, open(t), nil))
	})
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		remove(t, db, receiptIndex)
		caught(t, typeAll(t, db, nil))
	})
	t.Run("MutantEitherSideWrites", func(t *testing.T) {
		caught(t, typeAll(t, open(t), func(s dispatch.Store) dispatch.Store {
			return overwriting{s}
		}))
	})
}

// overwriting writes a number whoever has typed the one before.
type overwriting struct{ dispatch.Store }

// Tx runs fn with a store that overwrites.
func (s overwriting) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(overwritingTx{tx}) })
}

type overwritingTx struct{ dispatch.Tx }

// PutReceiptNumber takes the other side's name where it has to.
func (tx overwritingTx) PutReceiptNumber(n dispatch.ReceiptNumber) error {
	err := tx.Tx.PutReceiptNumber(n)
	if err == nil || dispatch.ReasonOf(err) != dispatch.ReasonReceiptOther {
		return err
	}
	n.By = dispatch.SideDriver + dispatch.SideRider - n.By
	return tx.Tx.PutReceiptNumber(n)
}

// typeAll has all drivers type a few numbers at once, then both sides of each ride one of its own,
// and says what is wrong afterwards.
func typeAll(
	t *testing.T, db Database, sabotage func(dispatch.Store) dispatch.Store,
) error {
	t.Helper()
	desk := NewDesk(t, db)
	if sabotage != nil {
		desk.Store = sabotage(desk.Store)
	}
	rides := completeRides(t, db, desk, receiptRides)
	var commands []dispatch.AddReceiptNumber
	for i, r := range rides {
		commands = append(commands, dispatch.AddReceiptNumber{
			Ride: r.ID, Driver: r.Driver, Number: fmt.Sprint(10_000_000 + i%numbersWanted),
		})
	}
	kept, err := typeAtOnce(t, desk, commands, dispatch.ReasonReceiptNumber)
	if err == nil && len(kept) != numbersWanted {
		err = fmt.Errorf("%d rides have one of %d numbers", len(kept), numbersWanted)
	}
	if err != nil {
		return err
	}
	commands = nil
	for i, r := range rides {
		if _, has := kept[r.ID]; has {
			continue
		}
		own, hers := fmt.Sprint(20_000_000+i), fmt.Sprint(30_000_000+i)
		commands = append(commands,
			dispatch.AddReceiptNumber{Ride: r.ID, Driver: r.Driver, Number: own},
			dispatch.AddReceiptNumber{Ride: r.ID, Rider: r.Rider, Number: hers})
	}
	both, err := typeAtOnce(t, desk, commands, dispatch.ReasonReceiptOther)
	if err == nil && len(both) != len(commands)/2 {
		err = fmt.Errorf("%d of %d rides have a number", len(both), len(commands)/2)
	}
	if err != nil {
		return err
	}
	return asTold(t, db, kept, both)
}

// typeAtOnce gives all commands at once. It returns what was kept, by ride, and an error for two
// that were kept of one ride and for another refusal than the one that is expected.
func typeAtOnce(
	t *testing.T, desk *dispatch.Desk, commands []dispatch.AddReceiptNumber, why dispatch.Reason,
) (map[dispatch.RideID]dispatch.ReceiptNumber, error) {
	t.Helper()
	kept := map[dispatch.RideID]dispatch.ReceiptNumber{}
	var wrong error
	var all sync.WaitGroup
	var mu sync.Mutex
	for i, c := range commands {
		all.Go(func() {
			n, err := desk.AddReceiptNumber(t.Context(), noon, dispatch.Once{
				Identity: "typist", RequestID: fmt.Sprint(why, i),
			}, c)
			mu.Lock()
			defer mu.Unlock()
			switch _, twice := kept[c.Ride]; {
			case err != nil && dispatch.ReasonOf(err) != why:
				wrong = err
			case err == nil && twice:
				wrong = fmt.Errorf("both sides of ride %s were told that theirs is kept", c.Ride)
			case err == nil:
				kept[c.Ride] = n
			}
		})
	}
	all.Wait()
	return kept, wrong
}

// asTold compares what is stored with what typists were told.
func asTold(
	t *testing.T, db Database, told ...map[dispatch.RideID]dispatch.ReceiptNumber,
) error {
	t.Helper()
	for _, some := range told {
		for ride, want := range some {
			rows, err := db.RideReceipt(t.Context(), ride)
			check(t, err)
			n := rows.Number
			if n == nil || n.Number != want.Number || n.By != want.By {
				return fmt.Errorf("ride %s has %+v, not %+v", ride, rows.Number, want)
			}
		}
	}
	return nil
}
