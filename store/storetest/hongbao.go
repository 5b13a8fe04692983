package storetest

import (
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// hongbaoFor is one of 10 yuan for a rider, until some seconds after noon.
func hongbaoFor(id money.HongbaoID, rider money.Party, until float64) money.Hongbao {
	return money.Hongbao{
		ID: id, Rider: rider, City: string(city), Sponsor: "alipay", Amount: 10_00,
		TitleEN: "Spring Festival", TitleZH: "春节红包", GivenAt: noon, ExpiresAt: after(until),
	}
}

// give gives hongbaos in one entry.
func give(t testing.TB, db Database, list ...money.Hongbao) {
	t.Helper()
	check(t, db.MoneyTx(t.Context(), func(tx money.Tx) error {
		return money.GiveHongbaos(tx, money.EntryID("give/"+list[0].ID), list, noon)
	}))
}

// hongbaos reads and writes them.
func hongbaos(t *testing.T, open Open) {
	db := open(t)
	late, soon := hongbaoFor("a", "R", 90), hongbaoFor("b", "R", 60)
	gone, other := hongbaoFor("c", "R", 30), hongbaoFor("d", "S", 60)
	other.Sponsor = "wechat"
	give(t, db, late, soon, gone, other)
	for _, h := range []*money.Hongbao{&late, &soon, &gone, &other} {
		h.Left = h.Amount
	}
	of := func(now time.Time, limit int) (list []money.Hongbao) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			list, err = tx.HongbaosOf("R", now, limit)
			return err
		})
		return list
	}
	equal(t, "all", of(noon, 9), []money.Hongbao{gone, soon, late})
	equal(t, "limited", of(noon, 1), []money.Hongbao{gone})
	equal(t, "at the end of one", of(after(30), 9), []money.Hongbao{soon, late})
	equal(t, "just before", of(after(29.999), 9), []money.Hongbao{gone, soon, late})
	do(t, db, bookIt(entry("hold", pending("hold", soon.ID.Account(), "driver_payable:D", 4_00))))
	do(t, db, bookIt(entry("all", pending("all", late.ID.Account(), "driver_payable:D", 10_00))))
	soon.Left, soon.Held, late.Left, late.Held = 6_00, 4_00, 0, 10_00
	equal(t, "held", of(noon, 9), []money.Hongbao{gone, soon})
	for _, list := range []struct {
		rider   dispatch.RiderID
		sponsor money.Party
		page    dispatch.Page
		want    []money.Hongbao
	}{
		{"", "", dispatch.Page{Limit: 3}, []money.Hongbao{other, gone, soon}},
		{"", "", dispatch.Page{Limit: 3, After: "b"}, []money.Hongbao{late}},
		{"", "alipay", dispatch.Page{Limit: 3}, []money.Hongbao{gone, soon, late}},
		{"R", "", dispatch.Page{Limit: 3, After: "c"}, []money.Hongbao{soon, late}},
		{"R", "wechat", dispatch.Page{Limit: 3}, nil},
		{"S", "wechat", dispatch.Page{Limit: 3}, []money.Hongbao{other}},
	} {
		got, err := db.Hongbaos(t.Context(), list.rider, list.sponsor, list.page)
		check(t, err)
		equal(t, fmt.Sprint("listed ", list.rider, list.sponsor), got, list.want)
	}
	hongbaosDue(t, db, gone)
	hongbaosRefused(t, db)
}

// hongbaosDue looks at those whose time is over.
func hongbaosDue(t *testing.T, db Database, gone money.Hongbao) {
	t.Helper()
	due := func(now time.Time, want ...money.Hongbao) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			list, err := tx.DueHongbaos(now, 9)
			equal(t, "due", list, want)
			return err
		})
	}
	due(after(29.999))
	due(after(30), gone)
	do(t, db, func(tx dispatch.Tx) error { return tx.PutOffHongbao(gone.ID, after(40)) })
	due(after(39.999))
	due(after(40), gone)
	do(t, db, func(tx dispatch.Tx) error { return tx.PutOffHongbao(gone.ID, time.Time{}) })
	due(after(59))
	do(t, db, func(tx dispatch.Tx) error { return tx.WakeHongbao(gone.ID) })
	due(after(30), gone)
	refused(t, db, dispatch.Internal, dispatch.ReasonStore, func(tx dispatch.Tx) error {
		return tx.WakeHongbao("nobody's")
	})
	refused(t, db, dispatch.Internal, dispatch.ReasonStore, func(tx dispatch.Tx) error {
		return tx.PutOffHongbao(gone.ID, noon) // before its end
	})
}

// hongbaosRefused gives what cannot be given, and the same twice.
func hongbaosRefused(t *testing.T, db Database) {
	t.Helper()
	try := func(id money.EntryID, list ...money.Hongbao) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return money.GiveHongbaos(tx, id, list, noon) }
	}
	for field, change := range map[string]func(*money.Hongbao){
		"sponsor":    func(h *money.Hongbao) { h.Sponsor = "" },
		"amount":     func(h *money.Hongbao) { h.Amount = money.MaxHongbao + 1 },
		"nothing":    func(h *money.Hongbao) { h.Amount = 0 },
		"title_en":   func(h *money.Hongbao) { h.TitleEN = "" },
		"title_zh":   func(h *money.Hongbao) { h.TitleZH = fmt.Sprintf("%121d", 1) },
		"expires_at": func(h *money.Hongbao) { h.ExpiresAt = noon },
		"too long":   func(h *money.Hongbao) { h.ExpiresAt = noon.Add(money.MaxHongbaoKept + 1) },
	} {
		h := hongbaoFor("bad", "R", 60)
		change(&h)
		t.Log(field)
		refused(t, db, dispatch.Invalid, dispatch.ReasonField,
			try("bad", hongbaoFor("good", "R", 60), h))
	}
	refused(t, db, dispatch.Invalid, dispatch.ReasonField, try("none"))
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate,
		try("give/a", hongbaoFor("again", "R", 60)))
	for i := range money.MaxHongbaos {
		give(t, db, hongbaoFor(money.HongbaoID(fmt.Sprint("many", i)), "rich", 60))
	}
	refused(t, db, dispatch.Invalid, dispatch.ReasonField,
		try("more", hongbaoFor("more", "rich", 60)))
	books(t, db)
}

// hongbaosPay pays a ride out of two hongbaos and the balance, in this order, and gives it back the
// other way round: to a hongbao that has expired, and so to who gave it.
func hongbaosPay(t *testing.T, open Open) {
	db := open(t)
	desk := NewDesk(t, db)
	ride := completeRides(t, db, desk, 1)[0]
	rider := dispatch.RiderParty(ride.Rider)
	late, soon := hongbaoFor("a", rider, 9000), hongbaoFor("b", rider, 6000)
	give(t, db, late, soon)
	w := hongbaoWorld{t, db, desk, ride}
	_, err := desk.Pay(t.Context(), noon, dispatch.Once{Identity: "rider", RequestID: "pay"},
		dispatch.PayRide{Ride: ride.ID, Rider: ride.Rider, Means: byWallet})
	check(t, err)
	w.work(noon)
	w.has("paid", 92_00, map[money.HongbaoID]money.Fen{"a": 0, "b": 0})
	list, err := db.RiderPayments(t.Context(), ride.Rider, ride.ID)
	check(t, err)
	equal(t, "by hongbao", list[0].Hongbao, 20_00)

	w.refund("one", 10_00, noon)
	w.has("some is back", 100_00, map[money.HongbaoID]money.Fen{"a": 2_00, "b": 0})
	w.refund("two", 9_00, after(1))
	w.has("the last one taken first", 100_00, map[money.HongbaoID]money.Fen{"a": 10_00, "b": 1_00})
	w.work(after(6000))
	w.has("one has expired", 100_00, map[money.HongbaoID]money.Fen{"a": 10_00, "b": 0})
	equal(t, "back with its giver", w.owed(), 19_00)
	w.refund("three", 9_00, after(6001))
	w.work(after(6002))
	w.has("too late for the rider", 100_00, map[money.HongbaoID]money.Fen{"a": 10_00, "b": 0})
	equal(t, "all of it with its giver", w.owed(), 10_00)
	w.work(after(9000))
	equal(t, "all", w.owed(), 0)
	books(t, db)

	rows, err := db.RideReceipt(t.Context(), ride.ID)
	check(t, err)
	receipt, err := dispatch.NewRideReceipt(rows)
	check(t, err)
	equal(t, "paid by hongbaos", receipt.Payments[0].Hongbao, 20_00)
	back := []money.Fen{}
	for _, l := range receipt.Refunds {
		back = append(back, l.Hongbao)
	}
	equal(t, "back to hongbaos", back, []money.Fen{2_00, 9_00, 9_00})
}

// hongbaoWorld is a ride that is paid by hongbaos.
type hongbaoWorld struct {
	t    *testing.T
	db   Database
	desk *dispatch.Desk
	ride dispatch.Ride
}

func (w hongbaoWorld) work(now time.Time) {
	w.t.Helper()
	_, err := w.desk.Work(w.t.Context(), now)
	check(w.t, err)
}

func (w hongbaoWorld) refund(id string, amount money.Fen, now time.Time) {
	w.t.Helper()
	_, err := w.desk.Refund(w.t.Context(), now, dispatch.Once{Identity: "ops", RequestID: id},
		dispatch.RefundRide{
			Ride: w.ride.ID, Purpose: money.PurposeFare, Amount: amount, Why: "a detour",
		})
	check(w.t, err)
}

// owed is what the giver of the hongbaos owes us, spent or still promised.
func (w hongbaoWorld) owed() money.Fen {
	w.t.Helper()
	return -account(w.t, w.db, money.SponsorReceivable("alipay")).Balance()
}

func (w hongbaoWorld) has(
	what string, balance money.Fen, left map[money.HongbaoID]money.Fen,
) {
	w.t.Helper()
	equal(w.t, what+": balance",
		account(w.t, w.db, money.Wallet(dispatch.RiderParty(w.ride.Rider))).Balance(), balance)
	for id, want := range left {
		equal(w.t, what+": "+string(id), account(w.t, w.db, id.Account()).Available(), want)
	}
}
