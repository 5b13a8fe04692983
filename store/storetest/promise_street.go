package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// promiseStreet: what a street ride costs is captured once, and its campaign gives once and only to
// what its channel has paid, though several people scan its code at the same moment, the driver
// scans one of theirs, takes cash, answers get lost, and the channel tells by itself.
func promiseStreet(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		bank := &lossyBank{}
		check(t, streetAll(t, open(t), bank, bank, nil))
		if bank.lost[0] == 0 || bank.lost[1] == 0 {
			t.Errorf("answers lost before and after the charge: %v; both have to happen", bank.lost)
		}
	})
	t.Run("MutantNewIDOnTimeout", func(t *testing.T) {
		bank := &lossyBank{}
		caught(t, streetAll(t, open(t), bank, asksAgain{bank}, nil))
	})
	t.Run("MutantOwedByEachWhoScans", func(t *testing.T) {
		bank := &lossyBank{}
		caught(t, streetAll(t, open(t), bank, bank, func(s dispatch.Store) dispatch.Store {
			return owedTwice{s}
		}))
	})
}

// owedTwice lets a ride be owed by two guests.
type owedTwice struct{ dispatch.Store }

// Tx runs fn with a store that writes each payment twice.
func (s owedTwice) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(owedTwiceTx{tx}) })
}

type owedTwiceTx struct{ dispatch.Tx }

// InsertPayment writes one for another guest besides.
func (tx owedTwiceTx) InsertPayment(p money.Payment) error {
	if err := tx.Tx.InsertPayment(p); err != nil {
		return err
	}
	p.Payer += " and another"
	p.ID = money.NewPaymentID(p.Subject, p.Purpose, p.Payer)
	return tx.Tx.InsertPayment(p)
}

// streetAll has street rides paid from all sides at once, and says what is wrong afterwards.
func streetAll(
	t *testing.T, db Database, bank *lossyBank, c money.Channel,
	sabotage func(dispatch.Store) dispatch.Store,
) error {
	t.Helper()
	desk := NewDesk(t, db)
	desk.Channels[money.Alipay] = c
	if sabotage != nil {
		desk.Store = sabotage(desk.Store)
	}
	fundFor(t, db, money.Alipay)
	rides, codes := streetRides(t, db, desk, captureRides)
	err := payAll(t, desk, rides, func(ride dispatch.Ride, n int, key dispatch.Once) {
		if n == 3 {
			_, _ = desk.Collect(t.Context(), noon, key, dispatch.CollectFare{
				Ride: ride.ID, Driver: ride.Driver,
				Means: dispatch.Means{Channel: money.Alipay, Way: money.WayBarcode, Token: "28"},
			})
			return
		}
		_, _ = desk.PayByCode(t.Context(), noon, key, dispatch.PayByCode{
			Code:  codes[ride.ID],
			Means: dispatch.Means{Channel: money.Alipay, Way: money.WayQR},
		})
	}, bank.tells(t, desk))
	if err != nil {
		return err
	}
	if err := bank.judge(t, db, rides); err != nil {
		return err
	}
	return streetPaid(t, db, rides)
}

// streetRides are rides at the kerb of 28 yuan each, that are paid by the code of their taxi.
func streetRides(
	t *testing.T, db Database, desk *dispatch.Desk, n int,
) (rides []dispatch.Ride, codes map[dispatch.RideID]string) {
	t.Helper()
	codes = map[dispatch.RideID]string{}
	for i := range n {
		r := assigned(searching(dispatch.RideID(fmt.Sprint("ride", i))),
			dispatch.DriverID(fmt.Sprint("driver", i)))
		r.Kind, r.State, r.Rider, r.PayBy = dispatch.Street, dispatch.OnTrip, "", ""
		r.StartedAt = after(-600)
		insertRides(t, db, r)
		_, err := desk.Complete(t.Context(), noon,
			dispatch.Once{Identity: "driver:" + string(r.Driver), RequestID: "complete"},
			dispatch.CompleteRide{
				Ride: r.ID, Driver: r.Driver, Meter: money.Yuan(28), ByCode: true,
			})
		check(t, err)
		code := dispatch.PayCode{
			Code: fmt.Sprintf("%026d", i), Taxi: r.Taxi, MadeAt: noon,
		}
		do(t, db, func(tx dispatch.Tx) error { return tx.InsertPayCode(code) })
		codes[r.ID] = code.Code
		rides = append(rides, r)
	}
	return rides, codes
}

// streetPaid compares payments and subsidies with the fares.
func streetPaid(t *testing.T, db Database, rides []dispatch.Ride) error {
	t.Helper()
	var given money.Fen
	for _, was := range rides {
		var owed, kept, subsidy money.Fen
		do(t, db, func(tx dispatch.Tx) error {
			payments, err := tx.PaymentsOf(was.Subject())
			if err != nil {
				return err
			}
			for _, p := range payments {
				owed += p.Amount
				if p.State == money.PaymentPaid {
					kept += p.Charge()
				}
			}
			booked, err := tx.Transfers(was.Subject())
			for _, m := range money.SubsidiesIn(booked) {
				if m.Kind == money.TransferPost {
					subsidy += m.Amount
				}
			}
			return err
		})
		if fare := money.Yuan(28); owed != fare {
			return fmt.Errorf("ride %s of %s: its payments are of %s", was.ID, fare, owed)
		}
		if kept > 0 && kept+subsidy != money.Yuan(33) || kept == 0 && subsidy != 0 {
			return fmt.Errorf("ride %s: %s captured, %s given", was.ID, kept, subsidy)
		}
		given += subsidy
	}
	budget := account(t, db, money.PromoBudget("launch"))
	if spent := budget.Debits; spent != given || budget.PendingDebits != 0 {
		return fmt.Errorf("the budget has given %s, rides have %s", spent, given)
	}
	return nil
}

// fundFor launches a campaign of 5 + 5 yuan for what a channel pays.
func fundFor(t *testing.T, db Database, c money.ChannelName) {
	t.Helper()
	check(t, money.Cashier{Store: db}.Launch(t.Context(), money.Campaign{
		ID: "launch", Version: 1, City: string(city), Sponsor: "sponsor", Channel: c,
		State: money.CampaignRuns, Rider: money.Fixed(500), Driver: money.Fixed(500),
		Cap:      money.Yuan(10_000),
		StartsAt: noon.Add(-time.Hour), EndsAt: noon.Add(time.Hour),
	}, noon))
}

// payCodes are found by their text and by where they lead, once each.
func payCodes(t *testing.T, open Open) {
	db := open(t)
	taxi, ride := filled[dispatch.PayCode](0), filled[dispatch.PayCode](9)
	taxi.Ride, taxi.Share, ride.Taxi, ride.Share = "", "", "", ""
	share := ride
	share.Code, share.Share = "of a share", "p"
	insert := func(c dispatch.PayCode) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertPayCode(c) }
	}
	do(t, db, insert(taxi))
	do(t, db, insert(ride))
	do(t, db, insert(share))
	for _, c := range []dispatch.PayCode{taxi, ride, share} {
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(c))
		again := c
		again.Code = "another"
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(again))
		do(t, db, func(tx dispatch.Tx) error {
			got, ok, err := tx.PayCode(c.Code)
			equal(t, "by its text", got, c)
			equal(t, "there is one", ok, true)
			check(t, err)
			got, ok, err = tx.PayCodeTo(dispatch.PayCode{
				Taxi: c.Taxi, Ride: c.Ride, Share: c.Share,
			})
			equal(t, "by where it leads", got, c)
			equal(t, "there is one", ok, true)
			return err
		})
	}
	nowhere := ride
	nowhere.Code, nowhere.Ride = "nowhere", ""
	refused(t, db, dispatch.Internal, dispatch.ReasonStore, insert(nowhere))
	do(t, db, func(tx dispatch.Tx) error { return tx.DropPayCode(taxi.Code) })
	do(t, db, func(tx dispatch.Tx) error {
		_, ok, err := tx.PayCode(taxi.Code)
		equal(t, "a dropped one", ok, false)
		check(t, err)
		_, ok, err = tx.PayCodeTo(dispatch.PayCode{})
		equal(t, "one to nowhere", ok, false)
		return err
	})
	taxi.Code = "renewed"
	do(t, db, insert(taxi))
	taxisRides(t, db)
}

// taxisRides: the last ride of a taxi that is on its way or to be paid.
func taxisRides(t *testing.T, db Database) {
	t.Helper()
	last := func(want dispatch.RideID) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			r, ok, err := tx.TaxisRide("taxi of D")
			equal(t, "the last ride", r.ID, want)
			equal(t, "there is one", ok, want != "")
			return err
		})
	}
	last("")
	for i, step := range []struct {
		state dispatch.State
		want  dispatch.RideID
	}{
		{dispatch.Completed, "r0"},
		{dispatch.Settled, "r0"},
		{dispatch.Completed, "r2"},
		{dispatch.Cancelled, "r2"},
		{dispatch.OnTrip, "r4"},
	} {
		r := assigned(searching(dispatch.RideID(fmt.Sprint("r", i))), "D")
		r.Rider, r.State, r.StartedAt = "", step.state, after(float64(i))
		if step.state != dispatch.OnTrip {
			r.Slot = ""
		}
		insertRides(t, db, r)
		last(step.want)
	}
}
