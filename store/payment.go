package store

import (
	"hexhail/dispatch"
	"hexhail/money"
)

// paymentColumns are written by InsertPayment and read by scanPayment in this order.
var paymentColumns = columns{
	"id", "subject", "payer", "payee", "purpose", "amount", "discount", "state", "channel",
	"attempts", "refunded",
}

// isCancelFee is the condition of the index payment_cancel_fee.
const isCancelFee = `purpose = 'cancel_fee'`

var (
	insertPayment = paymentColumns.insert("payment")
	updatePayment = &query{text: `UPDATE payment
		SET state = $2, discount = $3, channel = $4, attempts = $5, refunded = $6, amount = $7
		WHERE id = $1 AND state = $8`}
	paymentsOf = paymentColumns.selects(`payment WHERE subject = $1 ORDER BY id`)
	unpaidFees = paymentColumns.selects(`payment WHERE payer = $1 AND ` + isCancelFee + `
		AND (state = 'due' OR state = 'open' AND channel <> 'wallet') ORDER BY id LIMIT $2`)
)

func scanPayment(r *reader) money.Payment {
	return money.Payment{
		ID: money.PaymentID(r.text()), Subject: money.Subject(r.text()),
		Payer: money.Party(r.text()), Payee: money.Party(r.text()),
		Purpose: money.Purpose(r.text()), Amount: r.fen(), Discount: r.fen(),
		State: name(r, money.ParsePaymentState), Channel: money.ChannelName(r.text()),
		Attempts: r.int(), Refunded: r.fen(),
	}
}

// InsertPayment implements [money.Payments].
func (t *tx) InsertPayment(p money.Payment) error {
	_, err := t.exec(insertPayment, string(p.ID), string(p.Subject), string(p.Payer),
		string(p.Payee), string(p.Purpose), int64(p.Amount), int64(p.Discount),
		p.State.String(), string(p.Channel), p.Attempts, int64(p.Refunded))
	return err
}

// UpdatePayment implements [money.Payments].
func (t *tx) UpdatePayment(p money.Payment, from money.PaymentState) error {
	changed, err := t.exec(updatePayment, string(p.ID), p.State.String(), int64(p.Discount),
		string(p.Channel), p.Attempts, int64(p.Refunded), int64(p.Amount), from.String())
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"payment %s is not %s any more", p.ID, from)
}

// PaymentsOf implements [money.Payments].
func (t *tx) PaymentsOf(subject money.Subject) ([]money.Payment, error) {
	return all(t, scanPayment, paymentsOf, string(subject))
}

// UnpaidFees implements [money.Payments].
func (t *tx) UnpaidFees(payer money.Party, limit int) ([]money.Payment, error) {
	return all(t, scanPayment, unpaidFees, string(payer), limit)
}
