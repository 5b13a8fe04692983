package storetest

import (
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// drawOf is a draw of three days from the tenth on.
func drawOf(id money.DrawID, version int) money.Draw {
	return money.Draw{
		ID: id, Version: version, Name: "免单", City: string(city), Sponsor: "alipay",
		Channel: money.InWallet, Slots: 20, MaxWin: 20_00, NumberIs: "3D lottery",
		FirstDay: "2013-12-10", LastDay: "2013-12-12",
	}
}

func announced(d money.Draw, day money.Day) money.DrawDay {
	return d.NewDay(day, money.DrawSecret([]byte(string(day)+"0123456789abcdef012345")), shanghai)
}

// draws: versions go up, and a city's day belongs to one draw.
func draws(t *testing.T, open Open) {
	db := open(t)
	insert := func(d money.Draw) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertDraw(d) }
	}
	elsewhere := drawOf("else", 1)
	elsewhere.City = "chengdu"
	one, two := drawOf("b", 1), drawOf("b", 2)
	two.LastDay = "2013-12-13"
	first := drawOf("a", 1)
	for _, d := range []money.Draw{one, first, elsewhere, two} {
		do(t, db, insert(d))
	}
	for _, old := range []money.Draw{one, two} {
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(old))
	}
	tooMany := drawOf("c", 1)
	tooMany.Slots = 201
	refused(t, db, dispatch.Internal, dispatch.ReasonStore, insert(tooMany))
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.DrawsOf(string(city))
		equal(t, "the newest by id", got, []money.Draw{first, two})
		return err
	})
	for _, text := range []string{
		`UPDATE draw SET max_win = max_win + 1`, `DELETE FROM draw WHERE version = 1`,
	} {
		wantError(t, db.SQL(t.Context(), text), dispatch.Internal, dispatch.ReasonStore)
	}
}

// drawDays: a day is written by version, found when it is due, and is its city's only one.
func drawDays(t *testing.T, open Open) {
	db := open(t)
	insert := func(d money.DrawDay) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertDrawDay(d) }
	}
	update := func(d money.DrawDay) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.UpdateDrawDay(d) }
	}
	day := filled[money.DrawDay](0)
	day.City, day.Day, day.Slots, day.Version = string(city), "2013-12-11", 200, 1
	day.State = money.DrawNumbered
	later := announced(drawOf("b", 1), "2013-12-12")
	do(t, db, insert(day))
	do(t, db, insert(later))
	again := day
	again.City = "chengdu"
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(again))
	taken := announced(drawOf("other", 1), day.Day)
	refused(t, db, dispatch.Conflict, dispatch.ReasonDrawDay, insert(taken))

	next, err := later.Cancel("2013-12-09")
	check(t, err)
	stale := next
	stale.Version = 3
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, update(stale))
	do(t, db, update(next))
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, update(next))
	taken.Day = later.Day
	do(t, db, insert(taken)) // the day of a cancelled one is free

	changed := filled[money.DrawDay](20)
	changed.Draw, changed.Day, changed.City = day.Draw, day.Day, day.City
	changed.Channel, changed.Slots, changed.MaxWin = day.Channel, day.Slots, day.MaxWin
	changed.NumberIs, changed.Secret, changed.EndsAt = day.NumberIs, day.Secret, day.EndsAt
	changed.Version, changed.State = 2, money.DrawDrawn
	do(t, db, update(changed))
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.DrawDay(day.City, day.Day)
		equal(t, "changed", got, changed)
		check(t, err)
		all, err := tx.DrawDaysOf("b")
		equal(t, "with the cancelled", all, []money.DrawDay{next})
		check(t, err)
		due, err := tx.DueDrawDays(changed.DueAt.Add(-time.Millisecond), 9)
		equal(t, "not yet due", len(due), 0)
		check(t, err)
		due, err = tx.DueDrawDays(changed.DueAt, 9)
		equal(t, "due", due, []money.DrawDay{changed})
		return err
	})
	got, err := db.CityDrawDays(t.Context(), city, "2013-12-11", "2013-12-12")
	equal(t, "of the city", got, []money.DrawDay{changed, taken})
	check(t, err)
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownDraw, func(tx dispatch.Tx) error {
		_, err := tx.DrawDay(day.City, "2013-12-10")
		return err
	})
}

// lots: a ride is in one list, a lot wins once, and a list never changes.
func lots(t *testing.T, open Open) {
	db := open(t)
	day := announced(drawOf("b", 1), "2013-12-10")
	list := []money.Lot{
		{Code: "0123456789abcdef0123", Paid: 23_00, Subject: "r1", Payer: "R1"},
		{Code: "1123456789abcdef0123", Paid: 1, Subject: "r2", Payer: "R1"},
		{Code: "2123456789abcdef0123", Paid: 9, Subject: "r3", Payer: "R2"},
	}
	for i := range list {
		list[i].Draw, list[i].Day = day.Draw, day.Day
	}
	insert := func(l money.Lot) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertLot(l) }
	}
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertDrawDay(day) })
	for _, i := range []int{2, 0, 1} {
		do(t, db, insert(list[i]))
	}
	again := list[0]
	again.Code = "3123456789abcdef0123"
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(again))
	for _, text := range []string{`UPDATE lot SET paid = paid + 1`, `DELETE FROM lot`} {
		wantError(t, db.SQL(t.Context(), text), dispatch.Internal, dispatch.ReasonStore)
	}
	win := money.Win{Lot: list[1], Slot: 2, Amount: 1, State: money.WinDue}
	put := func(w money.Win) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertWin(w) }
	}
	do(t, db, put(win))
	do(t, db, put(money.Win{Lot: list[0], Slot: 1, Amount: 20_00, State: money.WinDue}))
	for _, twice := range []money.Win{
		{Lot: list[2], Slot: 2, Amount: 1, State: money.WinDue}, // the slot
		{Lot: list[1], Slot: 3, Amount: 1, State: money.WinDue}, // the lot
	} {
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, put(twice))
	}
	refused(t, db, dispatch.Internal, dispatch.ReasonStore,
		put(money.Win{Lot: list[2], Slot: 201, Amount: 1, State: money.WinDue}))
	sent := win
	sent.State, sent.Sent, sent.Refund = money.WinSent, 1, "refund"
	update := func(tx dispatch.Tx) error { return tx.UpdateWin(sent) }
	do(t, db, update)
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, update)
	do(t, db, func(tx dispatch.Tx) error {
		var got []money.Lot
		check(t, tx.EachLot(day.Draw, day.Day, func(l money.Lot) { got = append(got, l) }))
		equal(t, "by code", got, list)
		wins, err := tx.Wins(day.Draw, day.Day)
		equal(t, "by slot", wins, []money.Win{
			{Lot: list[0], Slot: 1, Amount: 20_00, State: money.WinDue}, sent,
		})
		return err
	})
	riderLotsOf(t, db, list)
}

func riderLotsOf(t *testing.T, db Database, list []money.Lot) {
	t.Helper()
	want := []dispatch.RiderLot{
		{Lot: list[1], City: city, State: money.DrawOpen, Won: 1, Sent: 1},
		{Lot: list[0], City: city, State: money.DrawOpen, Won: 20_00},
	}
	got, err := db.RiderLots(t.Context(), "R1", dispatch.Page{Limit: 1})
	equal(t, "the latest", got, want[:1])
	check(t, err)
	got, err = db.RiderLots(t.Context(), "R1", dispatch.Page{Limit: 9, After: "r2"})
	equal(t, "the next", got, want[1:])
	check(t, err)
	got, err = db.RiderLots(t.Context(), "nobody", dispatch.Page{Limit: 9})
	equal(t, "of nobody", len(got), 0)
	check(t, err)
}

// paidRides are settled rides whose fares went through the channel, by id, once.
func paidRides(t *testing.T, open Open) {
	db := open(t)
	settled := func(n string, change func(*dispatch.Ride, *money.Payment)) dispatch.RideID {
		r := assigned(searching(dispatch.RideID(dispatch.MadeAt(noon)+n)), "D")
		r.State, r.Rider, r.EndedAt, r.Slot = dispatch.Settled, "R", after(10), ""
		p := due(r.Subject(), money.PurposeFare)
		p.ID, p.Payer = money.NewPaymentID(r.Subject(), money.PurposeFare, "R"), "R"
		p.State, p.Channel = money.PaymentPaid, money.InWallet
		change(&r, &p)
		insertRides(t, db, r)
		do(t, db, func(tx dispatch.Tx) error { return tx.InsertPayment(p) })
		return r.ID
	}
	first := settled("a", func(_ *dispatch.Ride, p *money.Payment) { p.Amount, p.Discount = 9, 2 })
	settled("b", func(r *dispatch.Ride, _ *money.Payment) { r.State = dispatch.Completed })
	settled("c", func(r *dispatch.Ride, _ *money.Payment) { r.EndedAt = after(20) })
	settled("d", func(r *dispatch.Ride, _ *money.Payment) { r.EndedAt = after(9.999) })
	settled("e", func(_ *dispatch.Ride, p *money.Payment) { p.Channel = money.Alipay })
	settled("f", func(_ *dispatch.Ride, p *money.Payment) { p.State = money.PaymentCashConfirmed })
	settled("g", func(_ *dispatch.Ride, p *money.Payment) { p.State = money.PaymentRefunded })
	settled("h", func(r *dispatch.Ride, _ *money.Payment) { r.City = "chengdu" })
	settled("i", func(_ *dispatch.Ride, p *money.Payment) { p.Purpose = money.PurposeTip })
	listed := settled("j", func(*dispatch.Ride, *money.Payment) {})
	last := settled("k", func(r *dispatch.Ride, p *money.Payment) {
		r.EndedAt, p.State = after(19.999), money.PaymentPartlyRefunded
		p.Amount, p.Discount, p.Refunded = 9, 0, 3
	})
	day := announced(drawOf("b", 1), "2013-12-10")
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertDrawDay(day))
		return tx.InsertLot(money.Lot{
			Draw: "b", Day: day.Day, Code: "0123456789abcdef0123", Paid: 1,
			Subject: money.Subject(listed), Payer: "R",
		})
	})
	q := dispatch.PaidQuery{
		City: city, Channel: money.InWallet, Draw: "b", From: after(10), To: after(20), Limit: 1,
	}
	var got []money.Lot
	for range 3 {
		do(t, db, func(tx dispatch.Tx) error {
			page, err := tx.PaidRides(q)
			got = slices.Concat(got, page)
			return err
		})
		if len(got) > 0 {
			q.After = dispatch.RideID(got[len(got)-1].Subject)
		}
	}
	equal(t, "paid", got, []money.Lot{
		{Subject: money.Subject(first), Payer: "R", Paid: 7},
		{Subject: money.Subject(last), Payer: "R", Paid: 6},
	})
}
