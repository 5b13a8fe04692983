package store

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// The columns of draws, written and read in this order.
var (
	drawColumns = columns{
		"id", "version", "name", "city", "sponsor", "channel", "slots", "max_win", "number_is",
		"first_day", "last_day",
	}
	drawDayColumns = columns{
		"draw", "day", "city", "channel", "slots", "max_win", "number_is", "secret", "ends_at",
		"state", "version", "cursor", "lots", "list", "number", "frozen_at", "numbered_at",
		"drawn_at", "due_at",
	}
	lotColumns = columns{"draw", "day", "code", "paid", "subject", "payer"}
	winColumns = columns{"draw", "day", "slot", "code", "amount", "state", "sent", "refund"}
)

var (
	// Versions only go up, as those of campaigns.
	insertDraw = &query{text: `INSERT INTO draw (` + drawColumns.String() + `)
		SELECT ` + drawColumns.placeholders() + ` WHERE NOT EXISTS (
		SELECT 1 FROM draw WHERE id = $1 AND version >= $2)`}
	drawsOf = drawColumns.selects(`draw WHERE city = $1 AND version = (
		SELECT max(v.version) FROM draw v WHERE v.id = draw.id) ORDER BY id`)

	insertDrawDay = drawDayColumns.insert("draw_day")
	updateDrawDay = &query{text: `UPDATE draw_day SET state = $3, version = $4, cursor = $5,
		lots = $6, list = $7, number = $8, frozen_at = $9, numbered_at = $10, drawn_at = $11,
		due_at = $12 WHERE draw = $1 AND day = $2 AND version + 1 = $4`}
	drawDayOf = drawDayColumns.selects(
		`draw_day WHERE city = $1 AND day = $2 AND state <> 'cancelled'`)
	drawDaysOf  = drawDayColumns.selects(`draw_day WHERE draw = $1 ORDER BY day`)
	dueDrawDays = drawDayColumns.selects(
		`draw_day WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at, draw, day LIMIT $2`)
	cityDrawDays = drawDayColumns.selects(`draw_day WHERE city = $1 AND day >= $2 AND day <= $3
		AND state <> 'cancelled' ORDER BY day`)

	insertLot = lotColumns.insert("lot")
	lotsOf    = lotColumns.selects(`lot WHERE draw = $1 AND day = $2 ORDER BY code`)
	insertWin = winColumns.insert("win")
	updateWin = &query{text: `UPDATE win SET state = $4, sent = $5, refund = $6
		WHERE draw = $1 AND day = $2 AND slot = $3 AND state = 'due'`}
	winsOf = append(lotColumns.of("lot"), "win.slot", "win.amount", "win.state", "win.sent",
		"win.refund").selects(`win JOIN lot ON lot.draw = win.draw AND lot.day = win.day
		AND lot.code = win.code WHERE win.draw = $1 AND win.day = $2 ORDER BY win.slot`)

	// paidRides reads a city's rides by id. Ids begin with the time of their making, so the bounds
	// are about when a ride was asked for.
	paidRides = &query{text: `SELECT ride.id, ride.rider,
			payment.amount - payment.discount - payment.refunded
		FROM ride JOIN payment ON payment.subject = ride.id AND payment.payer = ride.rider
			AND payment.purpose = 'fare'
		WHERE ride.city = $1 AND ride.id > $2 AND ride.id < $3 AND ride.state = 'settled'
			AND ride.rider <> '' AND ride.ended_at >= $4 AND ride.ended_at < $5
			AND payment.channel = $6 AND (payment.state = 'paid'
				OR payment.state = 'partly_refunded')
			AND NOT EXISTS (SELECT 1 FROM lot WHERE lot.subject = ride.id AND lot.draw = $7)
		ORDER BY ride.id LIMIT $8`}

	riderLots = pagesOf(append(lotColumns.of("lot"), "draw_day.city", "draw_day.state",
		"coalesce(win.amount, 0)", "coalesce(win.sent, 0)", "coalesce(refund.state, '')"),
		`lot JOIN draw_day ON draw_day.draw = lot.draw AND draw_day.day = lot.day
		LEFT JOIN win ON win.draw = lot.draw AND win.day = lot.day AND win.code = lot.code
		LEFT JOIN refund ON refund.id = win.refund
		WHERE lot.payer = $1 AND lot.payer <> ''`, 1, "lot.subject", " DESC")
)

func scanDraw(r *reader) money.Draw {
	return money.Draw{
		ID: money.DrawID(r.text()), Version: r.int(), Name: r.text(), City: r.text(),
		Sponsor: money.Party(r.text()), Channel: money.ChannelName(r.text()), Slots: r.int(),
		MaxWin: r.fen(), NumberIs: r.text(), FirstDay: money.Day(r.text()),
		LastDay: money.Day(r.text()),
	}
}

func scanDrawDay(r *reader) money.DrawDay {
	d := money.DrawDay{
		Draw: money.DrawID(r.text()), Day: money.Day(r.text()), City: r.text(),
		Channel: money.ChannelName(r.text()), Slots: r.int(), MaxWin: r.fen(), NumberIs: r.text(),
	}
	secret, err := money.ParseDrawSecret(r.text())
	if err != nil && r.err == nil {
		r.err = internal("the secret of a draw", err)
	}
	d.Secret, d.EndsAt, d.State = secret, r.time(), name(r, money.ParseDrawState)
	d.Version, d.Cursor, d.Lots, d.List, d.Number = r.int(), r.text(), r.int(), r.text(), r.text()
	d.FrozenAt, d.NumberedAt, d.DrawnAt, d.DueAt = r.time(), r.time(), r.time(), r.time()
	return d
}

func scanLot(r *reader) money.Lot {
	return money.Lot{
		Draw: money.DrawID(r.text()), Day: money.Day(r.text()), Code: r.text(), Paid: r.fen(),
		Subject: money.Subject(r.text()), Payer: money.Party(r.text()),
	}
}

func scanWin(r *reader) money.Win {
	return money.Win{
		Lot: scanLot(r), Slot: r.int(), Amount: r.fen(), State: name(r, money.ParseWinState),
		Sent: r.fen(), Refund: money.RefundID(r.text()),
	}
}

// InsertDraw implements [money.Draws].
func (t *tx) InsertDraw(d money.Draw) error {
	changed, err := t.exec(insertDraw, string(d.ID), d.Version, d.Name, d.City, string(d.Sponsor),
		string(d.Channel), d.Slots, int64(d.MaxWin), d.NumberIs, string(d.FirstDay),
		string(d.LastDay))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonDuplicate,
		"draw %s has version %d or a later one already", d.ID, d.Version)
}

// DrawsOf implements [money.Draws].
func (t *tx) DrawsOf(city string) ([]money.Draw, error) { return all(t, scanDraw, drawsOf, city) }

// InsertDrawDay implements [money.DrawDays].
func (t *tx) InsertDrawDay(d money.DrawDay) error {
	_, err := t.exec(insertDrawDay, string(d.Draw), string(d.Day), d.City, string(d.Channel),
		d.Slots, int64(d.MaxWin), d.NumberIs, d.Secret.String(), millis(d.EndsAt),
		d.State.String(), d.Version, d.Cursor, d.Lots, d.List, d.Number, millis(d.FrozenAt),
		millis(d.NumberedAt), millis(d.DrawnAt), millis(d.DueAt))
	return err
}

// UpdateDrawDay implements [money.DrawDays].
func (t *tx) UpdateDrawDay(d money.DrawDay) error {
	t.at(PauseDraw)
	changed, err := t.exec(updateDrawDay, string(d.Draw), string(d.Day), d.State.String(),
		d.Version, d.Cursor, d.Lots, d.List, d.Number, millis(d.FrozenAt), millis(d.NumberedAt),
		millis(d.DrawnAt), millis(d.DueAt))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"day %s of draw %s has changed", d.Day, d.Draw)
}

// DrawDay implements [money.DrawDays].
func (t *tx) DrawDay(city string, day money.Day) (money.DrawDay, error) {
	d, ok, err := one(t, scanDrawDay, drawDayOf, city, string(day))
	if err == nil && !ok {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownDraw,
			"%s has no draw on %s", city, day)
	}
	return d, err
}

// DrawDaysOf implements [money.DrawDays].
func (t *tx) DrawDaysOf(draw money.DrawID) ([]money.DrawDay, error) {
	return all(t, scanDrawDay, drawDaysOf, string(draw))
}

// DueDrawDays implements [money.DrawDays].
func (t *tx) DueDrawDays(now time.Time, limit int) ([]money.DrawDay, error) {
	return all(t, scanDrawDay, dueDrawDays, millis(now), limit)
}

// InsertLot implements [money.Lots].
func (t *tx) InsertLot(l money.Lot) error {
	_, err := t.exec(insertLot, string(l.Draw), string(l.Day), l.Code, int64(l.Paid),
		string(l.Subject), string(l.Payer))
	return err
}

// EachLot implements [money.Lots].
func (t *tx) EachLot(draw money.DrawID, day money.Day, visit func(money.Lot)) error {
	return t.each(lotsOf, []any{string(draw), string(day)}, func(r *reader) { visit(scanLot(r)) })
}

// InsertWin implements [money.Lots].
func (t *tx) InsertWin(w money.Win) error {
	_, err := t.exec(insertWin, string(w.Draw), string(w.Day), w.Slot, w.Code, int64(w.Amount),
		w.State.String(), int64(w.Sent), string(w.Refund))
	return err
}

// UpdateWin implements [money.Lots].
func (t *tx) UpdateWin(w money.Win) error {
	changed, err := t.exec(updateWin, string(w.Draw), string(w.Day), w.Slot, w.State.String(),
		int64(w.Sent), string(w.Refund))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"win %d of %s %s is not due any more", w.Slot, w.Draw, w.Day)
}

// Wins implements [money.Lots].
func (t *tx) Wins(draw money.DrawID, day money.Day) ([]money.Win, error) {
	return all(t, scanWin, winsOf, string(draw), string(day))
}

// PaidRides implements [dispatch.PaidRides].
func (t *tx) PaidRides(q dispatch.PaidQuery) ([]money.Lot, error) {
	after := q.After
	if after == "" {
		after = dispatch.RideID(dispatch.MadeAt(q.From.Add(-dispatch.LongestRide)))
	}
	scan := func(r *reader) money.Lot {
		return money.Lot{
			Subject: money.Subject(r.text()), Payer: money.Party(r.text()), Paid: r.fen(),
		}
	}
	return all(t, scan, paidRides, string(q.City), string(after), dispatch.MadeAt(q.To),
		millis(q.From), millis(q.To), string(q.Channel), string(q.Draw), q.Limit)
}

// CityDrawDays are a city's days of draws from one day to another, both included, in their order.
func (db *DB) CityDrawDays(
	ctx context.Context, city dispatch.CityID, from, to money.Day,
) ([]money.DrawDay, error) {
	return all(db.look(ctx), scanDrawDay, cityDrawDays, string(city), string(from), string(to))
}

// RiderLots are a rider's places in the lists of draws, those of the latest rides first. Invalid
// for a page out of its limits.
func (db *DB) RiderLots(
	ctx context.Context, rider dispatch.RiderID, p dispatch.Page,
) ([]dispatch.RiderLot, error) {
	scan := func(r *reader) dispatch.RiderLot {
		return dispatch.RiderLot{
			Lot: scanLot(r), City: dispatch.CityID(r.text()),
			State: name(r, money.ParseDrawState), Won: r.fen(), Sent: r.fen(),
			Refund: name(r, money.ParseAttemptState),
		}
	}
	return page(db.look(ctx), scan, riderLots, p, string(rider))
}
