package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// The load of promiseCapture.
const (
	captureRides   = 60
	captureWorkers = 8 // at each ride: rider's taps, driver's taps, payment workers
)

// promiseCapture: each payment is captured at most once, and a ride's payments never exceed its
// fare, though riders tap twice, drivers confirm cash at the same moment, several workers run, and
// every third charge ends in a time-out, half of them after the money was held.
func promiseCapture(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		desk := NewDesk(t, db)
		flaky := &flakyChannel{Channel: desk.Channels[money.InWallet]}
		desk.Channels[money.InWallet] = flaky
		if err := captureAll(t, db, desk); err != nil {
			t.Error(err)
		}
		if flaky.before.Load() == 0 || flaky.after.Load() == 0 {
			t.Errorf("time-outs before and after the charge: %d and %d; both have to happen",
				flaky.before.Load(), flaky.after.Load())
		}
	})
	t.Run("MutantNewIDOnTimeout", func(t *testing.T) {
		db := open(t)
		desk := NewDesk(t, db)
		desk.Channels[money.InWallet] = chargesAgain{desk.Channels[money.InWallet], db}
		caught(t, captureAll(t, db, desk))
	})
	t.Run("MutantUnknownIsPaid", func(t *testing.T) {
		db := open(t)
		desk := NewDesk(t, db)
		flaky := &flakyChannel{Channel: desk.Channels[money.InWallet]}
		desk.Channels[money.InWallet] = optimist{flaky}
		caught(t, captureAll(t, db, desk))
	})
}

// flakyChannel times out on every third charge, in turn before and after the money was held.
type flakyChannel struct {
	money.Channel
	calls, before, after atomic.Int32
}

var errTimeout = errors.New("the channel does not answer")

// Charge holds the money, or does not answer.
func (f *flakyChannel) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	n := f.calls.Add(1)
	if n%6 == 3 {
		f.before.Add(1)
		return money.Outcome{}, errTimeout
	}
	outcome, err := f.Channel.Charge(ctx, a, now)
	if n%6 == 0 {
		f.after.Add(1)
		return money.Outcome{}, errTimeout
	}
	return outcome, err
}

// chargesAgain charges under a new id when the first charge has timed out.
type chargesAgain struct {
	money.Channel
	db Database
}

// Charge charges, hears nothing, and charges again.
func (c chargesAgain) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	outcome, err := c.Channel.Charge(ctx, a, now)
	if err != nil || outcome.State != money.AttemptPaid {
		return outcome, err
	}
	hold := a.Holds()[0]
	hold.ID += "-again"
	return outcome, c.db.MoneyTx(ctx, func(tx money.Tx) error {
		return tx.Book(money.Entry{
			ID: money.EntryID(hold.ID), Subject: a.Subject, At: now,
			Transfers: []money.Transfer{hold},
		})
	})
}

// optimist takes silence for success.
type optimist struct{ *flakyChannel }

// Charge says paid, whatever it has heard.
func (o optimist) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	outcome, err := o.flakyChannel.Charge(ctx, a, now)
	if err != nil {
		return money.Outcome{State: money.AttemptPaid}, nil
	}
	return outcome, nil
}

// captureAll pays many rides from all sides at once and says what was captured wrongly.
func captureAll(t *testing.T, db Database, desk *dispatch.Desk) error {
	t.Helper()
	rides := completeRides(t, db, desk, captureRides)
	work := func() { _, _ = desk.Work(t.Context(), noon) }
	if err := payAll(t, desk, rides, byMeans(t, desk, byWallet), work); err != nil {
		return err
	}
	return captured(t, db, rides)
}

// tap is one of the taps by which a ride is paid, four of them for each.
type tap func(ride dispatch.Ride, n int, key dispatch.Once)

// byMeans is the rider who taps again and again.
func byMeans(t *testing.T, desk *dispatch.Desk, by dispatch.Means) tap {
	return func(ride dispatch.Ride, _ int, key dispatch.Once) {
		_, _ = desk.Pay(t.Context(), noon, key, dispatch.PayRide{
			Ride: ride.ID, Rider: ride.Rider, Means: by,
		})
	}
}

// payAll pays rides from all sides at once: payers tap twice and thrice, drivers confirm cash,
// workers run, and besides is called meanwhile. In the end all is paid, if need be by hand.
func payAll(
	t *testing.T, desk *dispatch.Desk, rides []dispatch.Ride, pay tap, besides func(),
) error {
	t.Helper()
	each(captureWorkers, len(rides)*captureWorkers, func(i int) {
		ride, way := rides[i/captureWorkers], i%captureWorkers
		key := dispatch.Once{Identity: "somebody", RequestID: fmt.Sprint("pay", i)}
		switch { // what is refused here is somebody's who came second
		case way < 4:
			pay(ride, way, key)
		case way == 4 && i/captureWorkers%3 == 0:
			_, _ = desk.CashReceived(t.Context(), noon, key, dispatch.CashReceived{
				Ride: ride.ID, Driver: ride.Driver,
			})
		case way == 5:
			besides()
		default:
			_, _ = desk.Work(t.Context(), noon)
		}
	})
	for s := range 20 { // lost answers are asked for, and what nobody paid is paid by hand
		for n := 1; n > 0; {
			var err error
			if n, err = desk.Work(t.Context(), after(float64(s)*30)); err != nil {
				return err
			}
		}
	}
	for i, ride := range rides {
		key := dispatch.Once{Identity: "driver", RequestID: fmt.Sprint("cash", i)}
		_, _ = desk.CashReceived(t.Context(), after(900), key, dispatch.CashReceived{
			Ride: ride.ID, Driver: ride.Driver,
		})
	}
	_, err := desk.Work(t.Context(), after(901)) // what came twice goes back
	return err
}

// captured compares what each ride owed with what its payments and the ledger say.
func captured(t *testing.T, db Database, rides []dispatch.Ride) error {
	t.Helper()
	paid := map[money.Subject]money.Fen{}
	books, err := money.Cashier{Store: db}.Audit(t.Context(),
		func(s money.Subject, m money.Transfer) {
			if m.Kind == money.TransferPost && m.Code == money.CodeFare {
				paid[s] += m.Amount
			}
		})
	check(t, err)
	if len(books.Wrong) > 0 || books.Pending() != 0 {
		return fmt.Errorf("accounts %v are wrong, %s is pending", books.Wrong, books.Pending())
	}
	inApp := 0
	for _, was := range rides {
		var r dispatch.Ride
		var payments []money.Payment
		do(t, db, func(tx dispatch.Tx) (err error) {
			if r, err = tx.Ride(was.ID); err == nil {
				payments, err = tx.PaymentsOf(r.Subject())
			}
			return err
		})
		if r.State != dispatch.Settled || len(payments) != 1 {
			return fmt.Errorf("ride %s is %s with %d payments", r.ID, r.State, len(payments))
		}
		want := money.Fen(0)
		if p := payments[0]; p.State == money.PaymentPaid {
			want = r.Fare.Total()
			inApp++
		} else if p.State != money.PaymentCashConfirmed {
			return fmt.Errorf("ride %s is settled, its payment %s", r.ID, p.State)
		}
		if paid[r.Subject()] != want {
			return fmt.Errorf("ride %s: %s captured, want %s", r.ID, paid[r.Subject()], want)
		}
	}
	if inApp < len(rides)/3 {
		return fmt.Errorf("only %d of %d rides were paid in the app", inApp, len(rides))
	}
	return nil
}

// completeRides makes rides of 28 yuan that are driven and not paid, each with a rider who has 100.
func completeRides(t *testing.T, db Database, desk *dispatch.Desk, n int) []dispatch.Ride {
	t.Helper()
	return completed(t, db, desk, n, 0)
}

// completeRidesWithTip makes such rides that owe 10 yuan of tip besides.
func completeRidesWithTip(
	t *testing.T, db Database, desk *dispatch.Desk, n int,
) []dispatch.Ride {
	t.Helper()
	return completed(t, db, desk, n, money.Yuan(10))
}

func completed(
	t *testing.T, db Database, desk *dispatch.Desk, n int, tip money.Fen,
) []dispatch.Ride {
	t.Helper()
	return completedAs(t, db, desk, n, tip, func(i int) dispatch.RideID {
		return dispatch.RideID(fmt.Sprint("ride", i))
	})
}

func completedAs(
	t *testing.T, db Database, desk *dispatch.Desk, n int, tip money.Fen,
	id func(i int) dispatch.RideID,
) []dispatch.Ride {
	t.Helper()
	rides := make([]dispatch.Ride, n)
	for i := range rides {
		rider, driver := fmt.Sprint("rider", i), fmt.Sprint("driver", i)
		check(t, money.Cashier{Store: db}.TopUp(t.Context(), money.EntryID("top/"+rider),
			money.SandboxEquity, money.Party(rider), money.Yuan(100), noon))
		r := assigned(searching(id(i)), dispatch.DriverID(driver))
		r.Tip = tip
		r.State, r.Rider, r.PayBy = dispatch.OnTrip, dispatch.RiderID(rider), money.InWallet
		r.StartedAt = after(-600)
		insertRides(t, db, r)
		_, err := desk.Complete(t.Context(), noon,
			dispatch.Once{Identity: "driver:" + driver, RequestID: "complete"},
			dispatch.CompleteRide{Ride: r.ID, Driver: r.Driver, Meter: money.Yuan(28)})
		check(t, err)
		_, err = desk.Confirm(t.Context(), noon,
			dispatch.Once{Identity: "rider:" + rider, RequestID: "confirm"},
			dispatch.FareWord{Ride: r.ID, Rider: r.Rider}) // no trace: the rider is asked
		check(t, err)
		rides[i] = r
	}
	return rides
}
