package store

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
)

// isTopUp is the condition of the indexes payment_top_up and payment_top_up_open.
const isTopUp = `purpose = 'top_up'`

var (
	openTopUps = paymentColumns.selects(`payment WHERE payer = $1 AND ` + isTopUp +
		` AND state = 'open' ORDER BY id LIMIT $2`)

	lockTopUp = &query{
		text: `SELECT id FROM payment WHERE subject = $1 AND ` + isTopUp, lock: `FOR UPDATE`,
	}

	// A top-up has one attempt, and is not tried again.
	topUpColumns = append(paymentColumns.of("payment"), "attempt.way", "attempt.state",
		"attempt.reason", "attempt.ticket", "attempt.made_at", "attempt.captured_at",
		"attempt.refunded")
	topUpsOf = `payment JOIN attempt ON attempt.payment = payment.id
		WHERE payment.payer = $1 AND payment.` + isTopUp

	riderTopUps = pagesOf(topUpColumns, topUpsOf, 1, "payment.subject", " DESC")
	riderTopUp  = topUpColumns.selects(topUpsOf + ` AND payment.subject = $2`)
)

func scanTopUp(r *reader) dispatch.TopUp {
	p := scanPayment(r)
	return dispatch.TopUp{
		ID: dispatch.TopUpID(p.Subject), Payment: p, Way: money.Way(r.text()),
		Attempt: name(r, money.ParseAttemptState), Reason: r.text(), Ticket: r.text(),
		MadeAt: r.time(), PaidAt: r.time(), Back: r.fen(),
	}
}

// LockTopUp implements [money.TopUps].
func (t *tx) LockTopUp(subject money.Subject) error {
	_, err := all(t, func(r *reader) string { return r.text() }, lockTopUp, string(subject))
	return err
}

// OpenTopUps implements [money.TopUps].
func (t *tx) OpenTopUps(payer money.Party, limit int) ([]money.Payment, error) {
	return all(t, scanPayment, openTopUps, string(payer), limit)
}

// RiderTopUps implements rider.Reads.
func (db *DB) RiderTopUps(
	ctx context.Context, rider dispatch.RiderID, p dispatch.Page,
) ([]dispatch.TopUp, error) {
	return page(db.look(ctx), scanTopUp, riderTopUps, p, string(dispatch.RiderParty(rider)))
}

// RiderTopUp implements rider.Reads.
func (db *DB) RiderTopUp(
	ctx context.Context, rider dispatch.RiderID, id dispatch.TopUpID,
) (dispatch.TopUp, error) {
	t, ok, err := one(db.look(ctx), scanTopUp, riderTopUp,
		string(dispatch.RiderParty(rider)), string(id.Subject()))
	if err == nil && !ok {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonPayment,
			"no top-up %s of rider %s", id, rider)
	}
	return t, err
}
