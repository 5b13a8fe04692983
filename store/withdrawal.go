package store

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// withdrawalColumns are written by InsertWithdrawal and read by scanWithdrawal in this order.
var withdrawalColumns = columns{
	"id", "driver", "city", "channel", "account", "name", "amount", "day", "state", "reason",
	"made_at", "pay_at", "due_at", "sent_at", "ended_at", "tries", "ticket", "trade", "file",
}

var (
	insertWithdrawal = withdrawalColumns.insert("withdrawal")
	updateWithdrawal = &query{text: `UPDATE withdrawal SET state = $2, reason = $3, due_at = $4,
		sent_at = $5, ended_at = $6, tries = $7, ticket = $8, trade = $9, file = $10
		WHERE id = $1 AND state = $11`}
	withdrawalByID = withdrawalColumns.selects(`withdrawal WHERE id = $1`)
	withdrawnOn    = &query{text: `SELECT count(*), ` + total("amount") + ` FROM withdrawal
		WHERE driver = $1 AND day = $2 AND state <> 'closed'`}
	dueWithdrawals = &query{
		text: withdrawalColumns.selects(`withdrawal WHERE due_at > 0 AND due_at <= $1 AND ` +
			isOpenAttempt + ` ORDER BY due_at, id LIMIT $2`).text,
		lock: `FOR UPDATE SKIP LOCKED`,
	}
	forBank = &query{
		text: withdrawalColumns.selects(`withdrawal WHERE channel = 'bank' AND state = 'created'
			AND file = '' AND pay_at <= $1 ORDER BY id LIMIT $2`).text,
		lock: `FOR UPDATE SKIP LOCKED`,
	}
	bankFile = withdrawalColumns.selects(`withdrawal WHERE file = $1 AND file <> '' ORDER BY id`)

	driverWithdrawals = pagesOf(withdrawalColumns,
		`withdrawal WHERE driver = $1 AND driver <> ''`, 1, "id", " DESC")
	openWithdrawals = pagesOf(withdrawalColumns, `withdrawal WHERE `+isOpenAttempt, 0, "id", "")
)

func scanWithdrawal(r *reader) money.Withdrawal {
	return money.Withdrawal{
		ID: money.PayoutID(r.text()), Driver: money.Party(r.text()), City: r.text(),
		Channel: money.ChannelName(r.text()), Account: r.text(), Name: r.text(),
		Amount: r.fen(), Day: r.text(), State: name(r, money.ParseAttemptState),
		Reason: r.text(), MadeAt: r.time(), PayAt: r.time(), DueAt: r.time(), SentAt: r.time(),
		EndedAt: r.time(), Tries: r.int(), Ticket: r.text(), Trade: r.text(),
		File: money.BankFileID(r.text()),
	}
}

// InsertWithdrawal implements [money.Withdrawals].
func (t *tx) InsertWithdrawal(w money.Withdrawal) error {
	_, err := t.exec(insertWithdrawal, string(w.ID), string(w.Driver), w.City,
		string(w.Channel), w.Account, w.Name, int64(w.Amount), w.Day, w.State.String(), w.Reason,
		millis(w.MadeAt), millis(w.PayAt), millis(w.DueAt), millis(w.SentAt), millis(w.EndedAt),
		w.Tries, w.Ticket, w.Trade, string(w.File))
	return err
}

// UpdateWithdrawal implements [money.Withdrawals].
func (t *tx) UpdateWithdrawal(w money.Withdrawal, from money.AttemptState) error {
	changed, err := t.exec(updateWithdrawal, string(w.ID), w.State.String(), w.Reason,
		millis(w.DueAt), millis(w.SentAt), millis(w.EndedAt), w.Tries, w.Ticket, w.Trade,
		string(w.File), from.String())
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"withdrawal %s is not %s any more", w.ID, from)
}

// Withdrawal implements [money.Withdrawals].
func (t *tx) Withdrawal(id money.PayoutID) (money.Withdrawal, error) {
	w, ok, err := one(t, scanWithdrawal, withdrawalByID, string(id))
	if err != nil || ok {
		return w, err
	}
	return money.Withdrawal{}, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonPayment,
		"no withdrawal %s", id)
}

// WithdrawnOn implements [money.Withdrawals].
func (t *tx) WithdrawnOn(driver money.Party, day string) (n int, sum money.Fen, err error) {
	err = t.each(withdrawnOn, []any{string(driver), day}, func(r *reader) {
		n, sum = r.int(), r.fen()
	})
	return n, sum, err
}

// DueWithdrawals passes by a withdrawal without a due time: it waits for people.
func (t *tx) DueWithdrawals(now time.Time, limit int) ([]money.Withdrawal, error) {
	return all(t, scanWithdrawal, dueWithdrawals, millis(now), limit)
}

// ForBank implements [money.BankFiles].
func (t *tx) ForBank(now time.Time, limit int) ([]money.Withdrawal, error) {
	return all(t, scanWithdrawal, forBank, millis(now), limit)
}

// BankFile implements [money.BankFiles].
func (t *tx) BankFile(id money.BankFileID) ([]money.Withdrawal, error) {
	return all(t, scanWithdrawal, bankFile, string(id))
}

// DriverWithdrawals are a driver's withdrawals, the latest first. Invalid for a page out of its
// limits.
func (db *DB) DriverWithdrawals(
	ctx context.Context, driver dispatch.DriverID, p dispatch.Page,
) ([]money.Withdrawal, error) {
	return page(db.look(ctx), scanWithdrawal, driverWithdrawals, p, string(driver))
}

// OpenWithdrawals are those that have not ended, the oldest first. Invalid for a page out of its
// limits.
func (db *DB) OpenWithdrawals(
	ctx context.Context, p dispatch.Page,
) ([]money.Withdrawal, error) {
	return page(db.look(ctx), scanWithdrawal, openWithdrawals, p)
}
