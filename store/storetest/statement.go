package storetest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// statements compares sums with those of a walk over all rides and transfers, drawn at random.
func statements(t *testing.T, open Open) {
	db := open(t)
	r := random(t)
	zone := time.FixedZone("CST", 8*60*60)
	from := time.Date(2013, 12, 1, 0, 0, 0, 0, zone)
	q := dispatch.StatementQuery{From: from, To: from.AddDate(0, 1, 0), Zone: zone}
	companies := map[string]string{"D0": "C0", "D1": "C0", "D2": "C1", "D3": ""}
	do(t, db, func(tx dispatch.Tx) error {
		for id, company := range companies {
			if err := tx.InsertDriver(dispatch.Driver{
				ID: dispatch.DriverID(id), City: city, Company: company,
			}); err != nil {
				return err
			}
		}
		return nil
	})
	var all []takenRide
	for i := range 200 {
		all = append(all, drawTaken(t, db, r, i, q))
	}
	queries := map[dispatch.StatementOf][]string{
		dispatch.StatementOfDriver:  {"D0", "D1", "D2", "D3", "nobody", ""},
		dispatch.StatementOfTaxi:    {"T0", "T1", "T2", "nobody", ""},
		dispatch.StatementOfCompany: {"C0", "C1", "nobody", ""},
	}
	some := 0
	for of, ids := range queries {
		for _, id := range ids {
			for _, asks := range []string{"", "C0", "C1", "nobody"} {
				q.Of, q.ID, q.Company = of, id, asks
				got, err := db.Statement(t.Context(), q)
				check(t, err)
				want := walk(all, companies, q)
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%d of %q for %q:\n got %+v\nwant %+v", of, id, asks, got, want)
				}
				some += want.Sum.Rides
			}
		}
	}
	if some == 0 {
		t.Error("nobody has driven")
	}
}

// takenRide is a ride with what is booked for it, or a withdrawal.
type takenRide struct {
	ride      dispatch.Ride
	cash      money.Fen
	transfers []money.Transfer
	withdrawn *money.Withdrawal
}

// walk adds up what a statement should say.
func walk(
	all []takenRide, companies map[string]string, q dispatch.StatementQuery,
) dispatch.Statement {
	s := dispatch.NewStatement(q)
	within := func(at time.Time) bool { return !at.Before(q.From) && at.Before(q.To) }
	for _, x := range all {
		driver := string(x.ride.Driver)
		whose := map[dispatch.StatementOf]string{
			dispatch.StatementOfDriver: driver, dispatch.StatementOfTaxi: string(x.ride.Taxi),
			dispatch.StatementOfCompany: companies[driver],
		}[q.Of]
		if whose != q.ID || q.ID == "" || q.Company != "" && companies[driver] != q.Company {
			continue
		}
		if w := x.withdrawn; w != nil {
			if q.Of != dispatch.StatementOfTaxi && w.State == money.AttemptPaid &&
				within(w.EndedAt) {
				s.Withdrawal(w.EndedAt, w.Amount)
			}
			continue
		}
		at := x.ride.CompletedAt
		if at.IsZero() {
			at = x.ride.EndedAt
		}
		if !within(at) || x.ride.CompletedAt.IsZero() && x.ride.CancelFee == 0 {
			continue
		}
		if !x.ride.CompletedAt.IsZero() {
			s.Ride(at, x.cash)
		}
		for _, m := range x.transfers {
			s.Transfer(at, m)
		}
	}
	return s
}

// drawTaken writes a ride of somebody's, or a withdrawal, at some time around the month.
func drawTaken(
	t *testing.T, db Database, r *rand.Rand, i int, q dispatch.StatementQuery,
) (x takenRide) {
	t.Helper()
	times := []time.Time{
		q.From.Add(-time.Millisecond), q.From, q.From.Add(17 * time.Hour),
		q.From.AddDate(0, 0, r.IntN(31)).Add(time.Duration(r.IntN(86_400)) * time.Second),
		q.To.Add(-time.Millisecond), q.To,
	}
	at := times[r.IntN(len(times))].UTC()
	driver := dispatch.DriverID(fmt.Sprint("D", r.IntN(4)))
	x.ride = assigned(searching(dispatch.RideID(fmt.Sprint("ride", i))), driver)
	x.ride.Taxi, x.ride.Slot = dispatch.TaxiID(fmt.Sprint("T", r.IntN(3))), ""
	x.ride.State, x.ride.CompletedAt = dispatch.Settled, at
	x.ride.Fare = dispatch.Fare{Meter: 2300, Tolls: 500, State: dispatch.FareAccepted}
	switch r.IntN(6) {
	case 0:
		x.ride.State, x.ride.CompletedAt, x.ride.EndedAt = dispatch.Cancelled, time.Time{}, at
		x.ride.CancelFee = money.Fen(r.IntN(2) * 500)
	case 1:
		w := asked(money.PayoutID(fmt.Sprint("W", i)), money.Party(driver), money.Alipay)
		w.State, w.SentAt, w.EndedAt = money.AttemptPaid, noon, at
		if r.IntN(3) == 0 {
			w.State = money.AttemptClosed
		}
		insertWithdrawals(t, db, w)
		x.withdrawn = &w
		return x
	case 2:
		x.ride.Kind, x.ride.Rider, x.ride.PayBy = dispatch.Street, "", ""
		x.cash = x.ride.Fare.Total()
	}
	insertRides(t, db, x.ride)
	if x.ride.Rider != "" && r.IntN(3) == 0 && !x.ride.CompletedAt.IsZero() {
		p := due(x.ride.Subject(), money.PurposeFare)
		p.State, p.Amount, p.Discount = money.PaymentCashConfirmed, 2800, 300
		do(t, db, func(tx dispatch.Tx) error { return tx.InsertPayment(p) })
		x.cash = 2500
	}
	x.transfers = drawBooked(t, db, r, x.ride)
	return x
}

// drawBooked books something for a ride: as much as a driver gets, and what is not theirs.
func drawBooked(
	t *testing.T, db Database, r *rand.Rand, ride dispatch.Ride,
) (booked []money.Transfer) {
	t.Helper()
	payable := money.DriverPayable(dispatch.DriverParty(ride.Driver))
	id := func(part string) money.TransferID {
		return money.TransferID(string(ride.ID) + "/" + part)
	}
	add := func(part string, c money.Code, from, to money.AccountID) {
		m := transfer(id(part), from, to, money.Fen(1+r.IntN(3000)))
		m.Code = c
		if r.IntN(2) == 0 {
			booked = append(booked, m)
		}
	}
	clearing := money.ChannelClearing(money.WeChat)
	add("fare", money.CodeFare, clearing, payable)
	add("tip", money.CodeTip, equity, payable)
	add("cancel", money.CodeCancelFee, clearing, payable)
	add("bonus", money.CodeSubsidyDriver, equity, payable)
	add("fee", money.CodeChannelFee, money.FeeExpense(money.WeChat), clearing)
	add("loss", money.CodeRefund, money.Loss, clearing)
	if len(booked) == 0 {
		return nil
	}
	do(t, db, func(tx dispatch.Tx) error {
		return tx.Book(money.Entry{
			ID: money.EntryID(ride.ID + "/booked"), Subject: ride.Subject(), At: noon,
			Transfers: booked,
		})
	})
	return booked
}
