package store

import (
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// attemptColumns are written by InsertAttempt and, with the columns of a leg after them, read by
// attempts in this order.
var attemptColumns = columns{
	"id", "payment", "subject", "payer", "payee", "purpose", "channel", "state", "reason",
	"made_at", "due_at", "tries", "order_id", "captured", "refunded", "way", "merchant", "token",
	"ticket", "trade", "captured_at",
}

const (
	isOpenAttempt = `(state = 'created' OR state = 'sent' OR state = 'unknown')`
	withLegs      = ` LEFT JOIN leg ON leg.attempt = attempt.id `
	byLeg         = ` ORDER BY leg.part`
)

// isOtherOrder is the condition of the index attempt_of_order: an attempt that is paid with another
// one.
const isOtherOrder = `order_id <> id`

// attemptLegs are an attempt's columns and those of one of its legs.
var attemptLegs = append(attemptColumns.of("attempt"),
	"coalesce(leg.instrument, '')", "coalesce(leg.amount, -1)", "coalesce(leg.refunded, 0)")

var (
	insertAttempt = attemptColumns.insert("attempt")
	dropLegs      = &query{text: `DELETE FROM leg WHERE attempt = $1`}
	insertLeg     = columns{"attempt", "part", "instrument", "amount", "refunded"}.insert("leg")
	takeBackLeg   = &query{text: `UPDATE leg SET refunded = refunded + $3
		WHERE attempt = $1 AND instrument = $2 AND refunded + $3 <= amount AND refunded + $3 >= 0`}
	updateAttempt = &query{text: `UPDATE attempt SET state = $2, reason = $3, due_at = $4,
		tries = $5, captured = $6, ticket = $7, trade = $8, captured_at = $10
		WHERE id = $1 AND state = $9`}
	attemptByID = attemptLegs.selects(`attempt` + withLegs + `WHERE id = $1` + byLeg)
	openAttempt = attemptLegs.selects(`attempt` + withLegs +
		`WHERE payment = $1 AND ` + isOpenAttempt + byLeg)
	paidAttempt = attemptLegs.selects(`attempt` + withLegs +
		`WHERE payment = $1 AND state = 'paid'` + byLeg)
	orderIDs = &query{text: `SELECT id FROM attempt WHERE id = $1 AND order_id = id UNION ALL
		SELECT id FROM attempt WHERE order_id = $1 AND ` + isOtherOrder}
	captureOrder = &query{text: `UPDATE attempt SET captured = $2, captured_at = $3
		WHERE id = $1 AND captured = 0`}
	takeBack = &query{text: `UPDATE attempt SET refunded = refunded + $2
		WHERE id = $1 AND refunded + $2 <= captured AND refunded + $2 >= 0`}
	// Two workers share what is due: who finds a row locked passes it by.
	dueIDs         = dueAttempts(`way = ''`)
	dueExternalIDs = dueAttempts(`way <> ''`)
)

func dueAttempts(which string) *query {
	return &query{
		text: `SELECT id FROM attempt WHERE due_at > 0 AND due_at <= $1 AND ` + isOpenAttempt +
			` AND ` + which + ` ORDER BY due_at, id LIMIT $2`,
		lock: `FOR UPDATE SKIP LOCKED`,
	}
}

// attempts reads attempts with their legs; the legs of an attempt come one after another.
func (t *tx) attempts(q *query, args ...any) ([]money.Attempt, error) {
	var list []money.Attempt
	err := t.each(q, args, func(r *reader) {
		a := money.Attempt{
			ID: money.AttemptID(r.text()), Payment: money.PaymentID(r.text()),
			Subject: money.Subject(r.text()), Payer: money.Party(r.text()),
			Payee: money.Party(r.text()), Purpose: money.Purpose(r.text()),
			Channel: money.ChannelName(r.text()), State: name(r, money.ParseAttemptState),
			Reason: r.text(), MadeAt: r.time(), DueAt: r.time(), Tries: r.int(),
			Order: money.AttemptID(r.text()), Captured: r.fen(), Refunded: r.fen(),
			Way: money.Way(r.text()), Merchant: r.text(), Token: r.text(), Ticket: r.text(),
			Trade: r.text(), CapturedAt: r.time(),
		}
		leg := legOn(r.text())
		leg.Amount, leg.Refunded = r.fen(), r.fen()
		if last := len(list) - 1; last < 0 || list[last].ID != a.ID {
			list = append(list, a)
		}
		if leg.Amount >= 0 {
			last := &list[len(list)-1]
			last.Legs = append(last.Legs, leg)
		}
	})
	return list, err
}

// InsertAttempt implements [money.Attempts].
func (t *tx) InsertAttempt(a money.Attempt) error {
	_, err := t.exec(insertAttempt, string(a.ID), string(a.Payment), string(a.Subject),
		string(a.Payer), string(a.Payee), string(a.Purpose), string(a.Channel),
		a.State.String(), a.Reason, millis(a.MadeAt), millis(a.DueAt), a.Tries,
		string(a.Order), int64(a.Captured), int64(a.Refunded), string(a.Way), a.Merchant, a.Token,
		a.Ticket, a.Trade, millis(a.CapturedAt))
	if err != nil {
		return err
	}
	return t.insertLegs(a.ID, a.Legs)
}

func (t *tx) insertLegs(id money.AttemptID, legs []money.Leg) error {
	for part, leg := range legs {
		_, err := t.exec(insertLeg, string(id), part, instrumentOf(leg), int64(leg.Amount),
			int64(leg.Refunded))
		if err != nil {
			return err
		}
	}
	return nil
}

// instrumentOf is a leg's instrument as it is stored: a channel, or a hongbao's account.
func instrumentOf(leg money.Leg) string {
	if leg.Hongbao != "" {
		return string(leg.Hongbao.Account())
	}
	return string(leg.Instrument)
}

// legOn is a leg on an instrument as it is stored.
func legOn(instrument string) money.Leg {
	if id, is := money.AccountID(instrument).Hongbao(); is {
		return money.Leg{Hongbao: id}
	}
	return money.Leg{Instrument: money.ChannelName(instrument)}
}

// SetLegs implements [money.Legs].
func (t *tx) SetLegs(id money.AttemptID, legs []money.Leg) error {
	if _, err := t.exec(dropLegs, string(id)); err != nil {
		return err
	}
	return t.insertLegs(id, legs)
}

// TakeBackLeg implements [money.Legs].
func (t *tx) TakeBackLeg(id money.AttemptID, part money.Leg) (bool, error) {
	changed, err := t.exec(takeBackLeg, string(id), instrumentOf(part), int64(part.Amount))
	return changed == 1, err
}

// UpdateAttempt implements [money.Attempts].
func (t *tx) UpdateAttempt(a money.Attempt, from money.AttemptState) error {
	changed, err := t.exec(updateAttempt, string(a.ID), a.State.String(), a.Reason,
		millis(a.DueAt), a.Tries, int64(a.Captured), a.Ticket, a.Trade, from.String(),
		millis(a.CapturedAt))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"attempt %s is not %s any more", a.ID, from)
}

// Attempt implements [money.Attempts].
func (t *tx) Attempt(id money.AttemptID) (money.Attempt, error) {
	list, err := t.attempts(attemptByID, string(id))
	if err != nil {
		return money.Attempt{}, err
	}
	if len(list) == 0 {
		return money.Attempt{}, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonPayment,
			"no attempt %s", id)
	}
	return list[0], nil
}

// OpenAttempt implements [money.Attempts].
func (t *tx) OpenAttempt(payment money.PaymentID) (money.Attempt, bool, error) {
	list, err := t.attempts(openAttempt, string(payment))
	if err != nil || len(list) == 0 {
		return money.Attempt{}, false, err
	}
	return list[0], true, nil
}

// DueAttempts passes by an attempt without a due time: it waits for somebody's word.
func (t *tx) DueAttempts(
	now time.Time, external bool, limit int,
) ([]money.Attempt, error) {
	which := dueIDs
	if external {
		which = dueExternalIDs
	}
	ids, err := all(t, func(r *reader) string { return r.text() }, which, millis(now), limit)
	if err != nil {
		return nil, err
	}
	list := make([]money.Attempt, 0, len(ids))
	for _, id := range ids {
		a, err := t.Attempt(money.AttemptID(id))
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// Order implements [money.Orders].
func (t *tx) Order(id money.AttemptID) (money.Order, error) {
	ids, err := all(t, func(r *reader) string { return r.text() }, orderIDs, string(id))
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonPayment, "no order %s", id)
	}
	slices.Sort(ids)
	order := make(money.Order, len(ids))
	for i, id := range ids {
		if order[i], err = t.Attempt(money.AttemptID(id)); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// Capture implements [money.Orders].
func (t *tx) Capture(id money.AttemptID, amount money.Fen, at time.Time) (bool, error) {
	changed, err := t.exec(captureOrder, string(id), int64(amount), millis(at))
	return changed == 1, err
}

// TakeBack implements [money.Orders].
func (t *tx) TakeBack(id money.AttemptID, amount money.Fen) (bool, error) {
	changed, err := t.exec(takeBack, string(id), int64(amount))
	return changed == 1, err
}

// PaidAttempt implements [money.Orders].
func (t *tx) PaidAttempt(payment money.PaymentID) (money.Attempt, bool, error) {
	list, err := t.attempts(paidAttempt, string(payment))
	if err != nil || len(list) == 0 {
		return money.Attempt{}, false, err
	}
	return list[0], true, nil
}
