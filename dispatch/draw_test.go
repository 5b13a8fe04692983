package dispatch_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// drawTown is a town with a daily draw from tomorrow on, whose rides have ids that begin with the
// time, and riders 1 to 4 with 100 yuan each.
func drawTown(t *testing.T, change func(*money.Draw)) *town {
	t.Helper()
	w := newTown(t)
	w.desk.NewID = func(now time.Time) string {
		w.asked++
		return fmt.Sprintf("%s%016d", dispatch.MadeAt(now), w.asked)
	}
	secrets := uint64(0)
	w.desk.NewSecret = func() (s money.DrawSecret) {
		secrets++
		binary.BigEndian.PutUint64(s[:], secrets)
		return s
	}
	w.topUp("1", "2", "3", "4")
	_, err := w.launchDraw(change)
	w.ok(err)
	w.now = time.Date(2013, 12, 21, 12, 0, 0, 0, w.city.Zone)
	return w
}

func (w *town) launchDraw(change func(*money.Draw)) (money.Draw, error) {
	d := money.Draw{
		ID: "D1", Version: 1, City: string(w.city.ID), Sponsor: "sponsor",
		Channel: money.InWallet, Slots: 2, MaxWin: 15_00, NumberIs: "of the evening after",
		FirstDay: "2013-12-21", LastDay: "2013-12-22",
	}
	change(&d)
	return w.desk.LaunchDraw(w.ctx, w.now, w.key("ops:me"), d)
}

func asLaunched(*money.Draw) {}

func (w *town) drawDay(day money.Day) (d money.DrawDay) {
	w.t.Helper()
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		d, err = tx.DrawDay(string(w.city.ID), day)
		return err
	}))
	return d
}

// list is a day as it is published, from its rows.
func (w *town) list(day money.Day) money.DrawList {
	w.t.Helper()
	d := w.drawDay(day)
	l := d.Publish()
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		l.Wins, err = tx.Wins(d.Draw, day)
		w.ok(err)
		return tx.EachLot(d.Draw, day, func(lot money.Lot) { l.Lots = append(l.Lots, lot) })
	}))
	return l
}

func (w *town) number(day money.Day, number string) error {
	_, err := w.desk.EnterNumber(w.ctx, w.now, w.key("ops:me"), dispatch.EnterNumber{
		City: w.city.ID, Day: day, Number: number,
	})
	return err
}

// midnight turns the clock past the end of a day and the making of its list.
func (w *town) midnight(day money.Day) {
	w.t.Helper()
	_, to := day.Bounds(w.city.Zone)
	w.now = to.Add(money.FreezeAfter)
	w.drawAll()
}

// drawAll works until nothing is due.
func (w *town) drawAll() {
	w.t.Helper()
	for range 20 {
		n, err := w.desk.Draws(w.ctx, w.now)
		w.ok(err)
		if n == 0 {
			return
		}
	}
	w.t.Fatal("the draw has no end")
}

// settled is a ride of a rider that is paid at once.
func (w *town) settled(name string, driver dispatch.DriverID) dispatch.RideID {
	w.t.Helper()
	ride := w.ridden(name, driver, metered)
	w.ok(w.pay(name, ride, money.InWallet))
	return ride
}

// TestDailyDraw: of the day's rides that were paid through the channel two are free: their riders
// have back what they paid, up to the limit, out of the sponsor's money; drivers and subsidies are
// as before.
func TestDailyDraw(t *testing.T) {
	w := drawTown(t, asLaunched)
	w.launch("five", func(c *money.Campaign) { c.EndsAt = w.now.AddDate(0, 0, 9) })
	driver := w.taxi("A", w.at(0, 0), 4)
	rides := map[string]dispatch.RideID{}
	for _, name := range []string{"1", "2", "3"} {
		rides[name] = w.settled(name, driver) // 12 yuan each
	}
	byHand := w.ridden("4", driver, metered)
	w.ok(w.pay("4", byHand, money.Cash))
	w.ok(w.cash(driver, byHand))
	drivers := w.books()[payee].Balance()
	w.midnight("2013-12-21")
	day := w.drawDay("2013-12-21")
	if day.State != money.DrawFrozen || day.Lots != 3 {
		t.Fatalf("%+v, want the three rides paid through the wallet", day)
	}
	if l := w.list("2013-12-21"); l.Secret != "" || l.Commitment != day.Secret.Commitment() {
		t.Errorf("before it is drawn everybody knows %+v", l)
	}
	w.ok(w.number("2013-12-21", "385"))
	w.drawAll()
	l := w.list("2013-12-21")
	wins, err := l.Verify()
	if err != nil || len(wins) != 2 || l.State != money.DrawPaid {
		t.Fatalf("%s, %v, %v", l.State, wins, err)
	}
	want := map[money.AccountID]money.Fen{
		"promo_budget:draw/D1": 2*2*15_00 - 2*12_00, payee: drivers,
	}
	for name, ride := range rides {
		back := money.Fen(0)
		for _, win := range l.Wins {
			if win.Subject == money.Subject(ride) {
				back = 12_00
				if win.Sent != back || win.Refund == "" || win.State != money.WinSent {
					t.Errorf("%+v", win)
				}
			}
		}
		want[money.AccountID("wallet:R"+name)] = 88_00 + back
		if told := w.rides[ride]; (back > 0) != (told.Version > w.settledVersion(ride)) ||
			!told.Subsidy.Granted() {
			t.Errorf("ride of %s won %s, told %+v", name, back, told)
		}
	}
	w.balances(want)
	w.drawAll() // and no more
	w.balances(want)
}

// settledVersion is what version a ride was settled with.
func (w *town) settledVersion(id dispatch.RideID) int {
	w.t.Helper()
	var version int
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		events, err := tx.Unsent(1000)
		for _, e := range events {
			if e.Ride == id && e.Kind == "settle" {
				version = e.Version
			}
		}
		return err
	}))
	return version
}

// TestDayOfARide: it is that on which it was paid, by the city's clock, to the millisecond; none is
// left out, and none is in two lists.
func TestDayOfARide(t *testing.T) {
	w := drawTown(t, asLaunched)
	w.topUp("5")
	first, second := money.Day("2013-12-21"), money.Day("2013-12-22")
	from, to := first.Bounds(w.city.Zone)
	w.now = from.Add(-2 * time.Hour)
	driver := w.taxi("A", w.at(0, 0), 4)
	rides := map[string]dispatch.RideID{}
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		rides[name] = w.ridden(name, driver, metered)
	}
	paid := func(name string, at time.Time) dispatch.RideID {
		w.now = at
		w.ok(w.pay(name, rides[name], money.InWallet))
		return rides[name]
	}
	paid("1", from.Add(-time.Millisecond)) // of no draw
	on := map[dispatch.RideID]money.Day{
		paid("2", from):                      first,
		paid("3", to.Add(-time.Millisecond)): first,
		paid("4", to):                        second,
	}
	w.midnight(first)
	on[paid("5", to.Add(-time.Second))] = second // committed after the list was made
	w.midnight(second)
	for _, day := range []money.Day{first, second} {
		for _, lot := range w.list(day).Lots {
			id := dispatch.RideID(lot.Subject)
			if on[id] != day {
				t.Errorf("ride %s is in the list of %s, want %q", id, day, on[id])
			}
			delete(on, id)
			if strings.Contains(lot.Code, string(id)) || lot.Paid != 17_00 {
				t.Errorf("lot %+v", lot)
			}
		}
	}
	if len(on) > 0 {
		t.Errorf("in no list: %v", on)
	}
}

// TestNumberComesAfterTheList: what decides is entered when nothing can be changed any more, once.
func TestNumberComesAfterTheList(t *testing.T) {
	w := drawTown(t, asLaunched)
	driver := w.taxi("A", w.at(0, 0), 4)
	w.settled("1", driver)
	w.fails(w.number("2013-12-21", "385"), dispatch.ReasonDrawState)
	w.midnight("2013-12-21")
	w.fails(w.number("2013-12-21", "3 8 5"), dispatch.ReasonDraw)
	w.fails(w.number("2013-12-25", "385"), dispatch.ReasonUnknownDraw)
	w.ok(w.number("2013-12-21", "385"))
	w.fails(w.number("2013-12-21", "386"), dispatch.ReasonDrawState)
	w.drawAll()
	if d := w.drawDay("2013-12-21"); d.Number != "385" || d.State != money.DrawPaid {
		t.Errorf("%+v", d)
	}
}

// TestDrawOverAChannel: the win goes back through the channel that was paid, once, though its first
// answer gets lost.
func TestDrawOverAChannel(t *testing.T) {
	w := drawTown(t, func(d *money.Draw) {
		d.ID, d.FirstDay, d.LastDay = "own", "2013-12-25", "2013-12-25"
	})
	c := newChannel()
	w.desk.Channels[money.Alipay] = c
	_, err := w.launchDraw(func(d *money.Draw) {
		d.FirstDay, d.LastDay, d.Channel, d.MaxWin = "2013-12-22", "2013-12-22", money.Alipay, 9_00
	})
	w.ok(err)
	w.now = w.now.AddDate(0, 0, 1)
	w.payBy = money.Alipay
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.midnight("2013-12-22")
	w.ok(w.number("2013-12-22", "1"))
	w.drawAll()
	c.deaf = true
	w.work()
	c.deaf = false
	w.pass(time.Minute)
	w.work()
	if len(c.refunds) != 1 {
		t.Errorf("refunds %v", c.refunds)
	}
	w.balances(map[money.AccountID]money.Fen{
		payee: 17_00, "channel_clearing:alipay": -17_00 + 9_00, "promo_budget:draw/D1": 9_00,
	})
	lots, err := w.db.RiderLots(w.ctx, "R1", dispatch.Page{Limit: 9})
	w.ok(err)
	if len(lots) != 1 || lots[0].Won != 9_00 || lots[0].Sent != 9_00 ||
		lots[0].Refund != money.AttemptPaid {
		t.Errorf("the rider sees %+v", lots)
	}
}

// TestWinOfWhatIsLeft: what was refunded otherwise before is not given back again.
func TestWinOfWhatIsLeft(t *testing.T) {
	w := drawTown(t, func(d *money.Draw) { d.MaxWin = 50_00 })
	driver := w.taxi("A", w.at(0, 0), 4)
	rides := []dispatch.RideID{
		w.settled("1", driver), w.settled("2", driver),
	}
	w.midnight("2013-12-21")
	for i, amount := range []money.Fen{5_00, 17_00} {
		_, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
			Ride: rides[i], Purpose: money.PurposeFare, Amount: amount, Why: "a detour",
		})
		w.ok(err)
	}
	w.ok(w.number("2013-12-21", "385"))
	w.drawAll()
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 100_00, "wallet:R2": 100_00, payee: 12_00,
		"promo_budget:draw/D1": 200_00 - 12_00,
	})
	if _, err := w.list("2013-12-21").Verify(); err != nil {
		t.Error(err)
	}
}

// TestLaunchDraw: launched twice it is once; what was announced stays, days are added, and what
// others have announced is theirs.
func TestLaunchDraw(t *testing.T) {
	w := drawTown(t, asLaunched)
	launched := func(change func(*money.Draw)) error {
		_, err := w.launchDraw(change)
		return err
	}
	w.ok(launched(asLaunched))
	w.fails(launched(func(d *money.Draw) { d.Slots = 3 }), dispatch.ReasonDuplicate)
	w.fails(launched(func(d *money.Draw) { d.Version, d.Slots = 2, 3 }), dispatch.ReasonDraw)
	w.fails(launched(func(d *money.Draw) { d.City = "atlantis" }), dispatch.ReasonUnknownCity)
	w.fails(launched(func(d *money.Draw) { d.ID, d.Channel = "x", money.Alipay }),
		dispatch.ReasonDraw)
	w.fails(launched(func(d *money.Draw) { d.ID, d.FirstDay = "x", "2013-12-22" }),
		dispatch.ReasonDrawDay)
	w.ok(launched(func(d *money.Draw) { d.Version, d.LastDay = 2, "2013-12-31" }))
	w.balances(map[money.AccountID]money.Fen{
		"promo_budget:draw/D1": 11 * 2 * 15_00, "sponsor_receivable:sponsor": -11 * 2 * 15_00,
	})
	seen := map[string]bool{}
	for day := money.Day("2013-12-21"); day <= "2013-12-31"; day = day.Next() {
		seen[w.drawDay(day).Secret.Commitment()] = true
	}
	if len(seen) != 11 {
		t.Errorf("%d secrets for 11 days", len(seen))
	}
}

// TestEndDraw: days that have begun are drawn; the rest goes back, and in the end nothing is owed
// but what was won.
func TestEndDraw(t *testing.T) {
	w := drawTown(t, func(d *money.Draw) { d.LastDay = "2013-12-31" })
	w.settled("1", w.taxi("A", w.at(0, 0), 4))
	end := func(cancelled int, returned money.Fen) {
		t.Helper()
		got, err := w.desk.EndDraw(w.ctx, w.now, w.key("ops:me"),
			dispatch.EndDraw{City: w.city.ID, ID: "D1"})
		w.ok(err)
		if got.Cancelled != cancelled || got.Returned != returned {
			t.Errorf("%+v, want %d days and %s", got, cancelled, returned)
		}
	}
	end(10, 10*2*15_00)
	end(0, 0)
	w.midnight("2013-12-21")
	end(0, 0)
	w.ok(w.number("2013-12-21", "385"))
	w.drawAll()
	end(0, 15_00)
	w.midnight("2013-12-22")
	w.balances(map[money.AccountID]money.Fen{
		"promo_budget:draw/D1": 0, "sponsor_receivable:sponsor": -15_00, "wallet:R1": 98_00,
	})
	_, err := w.desk.EndDraw(w.ctx, w.now, w.key("ops:me"),
		dispatch.EndDraw{City: w.city.ID, ID: "none"})
	w.fails(err, dispatch.ReasonUnknownDraw)
}
