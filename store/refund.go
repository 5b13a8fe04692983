package store

import (
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// refundColumns are written by InsertRefund and read by scanRefund in this order.
var refundColumns = columns{
	"id", "of_order", "payment", "subject", "channel", "merchant", "giver", "captured", "amount",
	"why", "state", "reason", "made_at", "due_at", "tries", "done_at",
	"hongbao",
}

var (
	insertRefund = refundColumns.insert("refund")
	updateRefund = &query{text: `UPDATE refund SET state = $2, reason = $3, due_at = $4, tries = $5,
		done_at = $7 WHERE id = $1 AND state = $6`}
	refundByID = refundColumns.selects(`refund WHERE id = $1`)
	dueRefunds = &query{
		text: refundColumns.selects(`refund WHERE due_at > 0 AND due_at <= $1 AND ` +
			isOpenAttempt + ` ORDER BY due_at, id LIMIT $2`).text,
		lock: `FOR UPDATE SKIP LOCKED`,
	}
	refundsOf    = refundColumns.selects(`refund WHERE subject = $1 ORDER BY id`)
	insertNotice = &query{text: `INSERT INTO notice (channel, id, kind, order_id, amount, at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`}
)

func scanRefund(r *reader) money.Refund {
	return money.Refund{
		ID: money.RefundID(r.text()), Of: money.AttemptID(r.text()),
		Payment: money.PaymentID(r.text()), Subject: money.Subject(r.text()),
		Channel:  money.ChannelName(r.text()),
		Merchant: r.text(), From: money.AccountID(r.text()), Captured: r.fen(), Amount: r.fen(),
		Why: r.text(), State: name(r, money.ParseAttemptState), Reason: r.text(),
		MadeAt: r.time(), DueAt: r.time(), Tries: r.int(), DoneAt: r.time(),
		Hongbao: r.fen(),
	}
}

// InsertRefund implements [money.Refunds].
func (t *tx) InsertRefund(r money.Refund) error {
	_, err := t.exec(insertRefund, string(r.ID), string(r.Of), string(r.Payment),
		string(r.Subject), string(r.Channel), r.Merchant, string(r.From), int64(r.Captured),
		int64(r.Amount), r.Why,
		r.State.String(), r.Reason, millis(r.MadeAt), millis(r.DueAt), r.Tries, millis(r.DoneAt),
		int64(r.Hongbao))
	return err
}

// UpdateRefund implements [money.Refunds].
func (t *tx) UpdateRefund(r money.Refund, from money.AttemptState) error {
	changed, err := t.exec(updateRefund, string(r.ID), r.State.String(), r.Reason,
		millis(r.DueAt), r.Tries, from.String(), millis(r.DoneAt))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"refund %s is not %s any more", r.ID, from)
}

// Refund implements [money.Refunds].
func (t *tx) Refund(id money.RefundID) (money.Refund, error) {
	r, ok, err := one(t, scanRefund, refundByID, string(id))
	if err != nil || ok {
		return r, err
	}
	return money.Refund{}, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonPayment,
		"no refund %s", id)
}

// RefundsOf implements [money.Refunds].
func (t *tx) RefundsOf(subject money.Subject) ([]money.Refund, error) {
	return all(t, scanRefund, refundsOf, string(subject))
}

// DueRefunds implements [money.Refunds].
func (t *tx) DueRefunds(now time.Time, limit int) ([]money.Refund, error) {
	return all(t, scanRefund, dueRefunds, millis(now), limit)
}

// Keep implements [money.Inbox].
func (t *tx) Keep(n money.Notice, at time.Time) (bool, error) {
	changed, err := t.exec(insertNotice, string(n.Channel), n.ID, string(n.Kind), n.Order,
		int64(n.Amount), millis(at))
	return changed == 1, err
}
