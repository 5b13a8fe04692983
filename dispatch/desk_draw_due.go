package dispatch

import (
	"context"
	"errors"
	"time"

	"hexhail/money"
)

// How the days of draws are worked through.
const (
	// drawBatch is how many days are looked at in one turn, and how many wins are sent.
	drawBatch = 16
	// lotBatch is how many rides are listed in one transaction: some 20 ms of the writer's time.
	lotBatch = 500
	// lateCommit is how far back a list looks for rides that were settled on the day before and
	// committed after its list was made.
	lateCommit = time.Hour
)

// DrewDay is a day of a draw that has come on, for metrics.
type DrewDay struct {
	Day  money.DrawDay // after it
	Lots int           // listed by it
	Won  money.Fen     // sent by it
}

// Draws brings the days of draws on whose time has come, each by one step: some rides more in the
// list of a day that is over, the freezing of that list, the drawing when the public number is
// there, and the sending of what was won. It returns how many steps it took. Each is a transaction
// that is refused when another node has taken the step: whoever dies in between has it taken by the
// next, once.
func (d *Desk) Draws(ctx context.Context, now time.Time) (int, error) {
	var due []money.DrawDay
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		due, err = tx.DueDrawDays(now, drawBatch)
		return err
	})
	steps := 0
	listing := map[money.DrawID]bool{} // one day of a draw after the other
	for _, day := range due {
		if day.State == money.DrawOpen && listing[day.Draw] {
			continue
		}
		listing[day.Draw] = listing[day.Draw] || day.State == money.DrawOpen
		failed := d.drawStep(ctx, now, day)
		if ReasonOf(failed) == ReasonStale { // another node was faster
			failed = nil
		}
		if failed == nil {
			steps++
		}
		err = errors.Join(err, failed)
	}
	return steps, err
}

func (d *Desk) drawStep(ctx context.Context, now time.Time, day money.DrawDay) error {
	switch day.State {
	case money.DrawOpen:
		return d.list(ctx, now, day)
	case money.DrawNumbered:
		return d.draw(ctx, now, day)
	case money.DrawDrawn:
		return d.sendWins(ctx, now, day)
	case money.DrawFrozen, money.DrawPaid, money.DrawCancelled:
	}
	return nil
}

// list adds rides to the list of a day that is over, or freezes it if there are no more.
func (d *Desk) list(ctx context.Context, now time.Time, day money.DrawDay) error {
	var lots []money.Lot
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		q, err := d.paidOn(tx, day)
		if err != nil {
			return err
		}
		lots, err = tx.PaidRides(q)
		return err
	})
	if err != nil {
		return err
	}
	if len(lots) == 0 {
		return d.freeze(ctx, now, day)
	}
	next, err := day.Listed(len(lots), string(lots[len(lots)-1].Subject))
	if err != nil {
		return err
	}
	return d.book(ctx, "ListDraw", now, func(j *job) error {
		if err := j.tx.UpdateDrawDay(next); err != nil {
			return err
		}
		for _, lot := range lots {
			lot.Draw, lot.Day, lot.Code = day.Draw, day.Day, money.LotCode(d.NewSecret())
			if err := j.tx.InsertLot(lot); err != nil {
				return err
			}
		}
		j.drew = append(j.drew, DrewDay{Day: next, Lots: len(lots)})
		return nil
	})
}

// paidOn asks for the next rides of a day's list: those settled on the day, and those of the hour
// before it that the list before has missed.
func (d *Desk) paidOn(tx money.DrawDays, day money.DrawDay) (PaidQuery, error) {
	city, err := d.Cities.City(CityID(day.City))
	if err != nil {
		return PaidQuery{}, err
	}
	days, err := tx.DrawDaysOf(day.Draw)
	if err != nil {
		return PaidQuery{}, err
	}
	from, to := day.Day.Bounds(city.Zone)
	if len(days) > 0 && days[0].Day < day.Day {
		from = from.Add(-lateCommit)
	}
	return PaidQuery{
		City: CityID(day.City), Channel: day.Channel, Draw: day.Draw, From: from, To: to,
		After: RideID(day.Cursor), Limit: lotBatch,
	}, nil
}

// lotsOf reads a list, which does not change while its day is of one version.
func (d *Desk) lotsOf(ctx context.Context, day money.DrawDay) ([]money.Lot, error) {
	var lots []money.Lot
	err := d.Store.View(ctx, func(tx Tx) error {
		lots = make([]money.Lot, 0, day.Lots)
		return tx.EachLot(day.Draw, day.Day, func(l money.Lot) { lots = append(lots, l) })
	})
	if err == nil && len(lots) != day.Lots {
		err = Errorf(Conflict, ReasonStale, "the list of %s %s has %d lots, not %d", day.Draw,
			day.Day, len(lots), day.Lots)
	}
	return lots, err
}

func (d *Desk) freeze(ctx context.Context, now time.Time, day money.DrawDay) error {
	lots, err := d.lotsOf(ctx, day)
	if err != nil {
		return err
	}
	frozen, err := day.Freeze(money.ListHash(lots), now)
	if err != nil {
		return err
	}
	return d.moveDay(ctx, "FreezeDraw", now, frozen)
}

// moveDay writes a day and nothing else.
func (d *Desk) moveDay(
	ctx context.Context, name string, now time.Time, day money.DrawDay,
) error {
	return d.book(ctx, name, now, func(j *job) error {
		j.drew = append(j.drew, DrewDay{Day: day})
		return j.tx.UpdateDrawDay(day)
	})
}

// draw writes the wins of a day whose list and number are known. All nodes come to the same.
func (d *Desk) draw(ctx context.Context, now time.Time, day money.DrawDay) error {
	lots, err := d.lotsOf(ctx, day)
	if err != nil {
		return err
	}
	drawn, err := day.Drawn(now)
	if err != nil {
		return err
	}
	wins := day.Wins(lots)
	return d.book(ctx, "Draw", now, func(j *job) error {
		if err := j.tx.UpdateDrawDay(drawn); err != nil {
			return err
		}
		for _, w := range wins {
			if err := j.tx.InsertWin(w); err != nil {
				return err
			}
		}
		j.drew = append(j.drew, DrewDay{Day: drawn})
		return nil
	})
}

// sendWins sends some of a day's wins, each in a transaction of its own, or ends the day if none is
// left. One that fails does not keep the others waiting.
func (d *Desk) sendWins(ctx context.Context, now time.Time, day money.DrawDay) error {
	var wins []money.Win
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		wins, err = tx.Wins(day.Draw, day.Day)
		return err
	})
	if err != nil {
		return err
	}
	sent := 0
	for _, w := range wins {
		if w.State != money.WinDue || sent == drawBatch {
			continue
		}
		sent++
		failed := d.book(ctx, "SendWin", now, func(j *job) error { return j.sendWin(day, w) })
		if ReasonOf(failed) != ReasonStale {
			err = errors.Join(err, failed)
		}
	}
	if sent > 0 || err != nil {
		return err
	}
	paid, err := day.Paid()
	if err != nil {
		return err
	}
	return d.moveDay(ctx, "EndDrawDay", now, paid)
}

// sendWin sends what its rider has paid for a ride back the way it came, out of the draw's budget:
// the driver keeps all, and the ride's subsidies stay.
func (j *job) sendWin(day money.DrawDay, w money.Win) error {
	r, err := j.tx.LockRide(RideID(w.Subject))
	if err != nil {
		return err
	}
	c := RefundRide{
		Ride: r.ID, Purpose: money.PurposeFare, Payer: RiderID(w.Payer), Why: wonWords,
	}
	p, paid, err := j.captured(r, c)
	if err != nil {
		return err
	}
	c.Amount = min(w.Amount, p.Charge()-p.Refunded)
	w.State = money.WinNothing
	if c.Amount > 0 {
		w.State, w.Sent, w.Refund = money.WinSent, c.Amount, money.WinRefund(paid.Order)
	}
	if err := j.tx.UpdateWin(w); err != nil || w.State == money.WinNothing {
		return err
	}
	err = j.sendBack(p, paid, c, money.DrawBudget(w.Draw), w.Refund)
	if err != nil {
		return err
	}
	_, err = j.step(r, WinDraw{Amount: c.Amount})
	j.drew = append(j.drew, DrewDay{Day: day, Won: c.Amount})
	return err
}

// wonWords is what a payer reads beside money that a draw gives back.
const wonWords = "免单 free ride"
