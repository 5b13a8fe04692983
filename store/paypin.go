package store

import (
	"hexhail/dispatch"
	"hexhail/money"
)

// payPINColumns are written by InsertPayPIN and read by scanPayPIN in this order.
var payPINColumns = columns{
	"rider", "hash", "own_limits", "free_each", "free_day", "tries", "locked_until", "spent_on",
	"spent", "changed_at",
}

var (
	insertPayPIN = payPINColumns.insert("pay_pin")
	updatePayPIN = &query{
		text: `UPDATE pay_pin SET ` + payPINColumns.assignments() + ` WHERE rider = $1`,
	}
	payPIN     = payPINColumns.selects(`pay_pin WHERE rider = $1`)
	lockPayPIN = &query{text: payPIN.text, lock: `FOR UPDATE`}
	dropPayPIN = &query{text: `DELETE FROM pay_pin WHERE rider = $1`}
)

func scanPayPIN(r *reader) dispatch.PayPIN {
	return dispatch.PayPIN{
		Rider: dispatch.RiderID(r.text()), Hash: r.text(), Own: r.integer() != 0,
		Free:  dispatch.FreeLimits{Each: money.Fen(r.integer()), Day: money.Fen(r.integer())},
		Tries: r.int(), LockedUntil: r.time(), Day: r.text(), Spent: money.Fen(r.integer()),
		ChangedAt: r.time(),
	}
}

func payPINArgs(p dispatch.PayPIN) []any {
	return []any{
		string(p.Rider), p.Hash, bit(p.Own), int64(p.Free.Each), int64(p.Free.Day), p.Tries,
		millis(p.LockedUntil), p.Day, int64(p.Spent), millis(p.ChangedAt),
	}
}

// PayPIN implements [dispatch.PayPINs].
func (t *tx) PayPIN(rider dispatch.RiderID) (dispatch.PayPIN, bool, error) {
	return one(t, scanPayPIN, payPIN, string(rider))
}

// LockPayPIN implements [dispatch.PayPINs].
func (t *tx) LockPayPIN(rider dispatch.RiderID) (dispatch.PayPIN, bool, error) {
	return one(t, scanPayPIN, lockPayPIN, string(rider))
}

// InsertPayPIN implements [dispatch.PayPINs].
func (t *tx) InsertPayPIN(p dispatch.PayPIN) error {
	_, err := t.exec(insertPayPIN, payPINArgs(p)...)
	return err
}

// UpdatePayPIN implements [dispatch.PayPINs].
func (t *tx) UpdatePayPIN(p dispatch.PayPIN) error {
	_, err := t.exec(updatePayPIN, payPINArgs(p)...)
	return err
}

// DropPayPIN implements [dispatch.PayPINs].
func (t *tx) DropPayPIN(rider dispatch.RiderID) error {
	_, err := t.exec(dropPayPIN, string(rider))
	return err
}
