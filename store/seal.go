package store

import (
	"context"
	"fmt"
	"strings"

	"hexhail/dispatch"
	"hexhail/money"
)

// bookedColumns are read by scanBooked in this order.
var bookedColumns = append(columns{"seq", "entry", "part", "subject", "at"}, transferColumns...)

var sealColumns = columns{"seq", "entry", "hash"}

// sealsAtOnce is how many seals one statement writes: on Postgres a statement is a round trip.
const sealsAtOnce = 50

var (
	lastSeal    = sealColumns.selects(`seal ORDER BY seq DESC LIMIT 1`)
	insertSeal  = sealColumns.insert("seal")
	insertSeals = sealColumns.insertMany("seal", sealsAtOnce)
	lastBooked  = &query{text: `SELECT coalesce(max(seq), 0) FROM transfer`}
	// An entry is where its first transfer is; its others may have numbers among those of entries
	// that were booked at the same time.
	notSealed = &query{text: `SELECT ` + bookedColumns.of("transfer").String() + ` FROM (
		SELECT seq AS first, entry AS of_entry FROM transfer
			WHERE seq > $1 AND seq <= $2 AND part = 0 ORDER BY seq LIMIT $3) AS fresh
		JOIN transfer ON transfer.entry = fresh.of_entry
		ORDER BY fresh.first, transfer.part`}

	sealedTransfers = &query{text: `SELECT seal.seq, seal.entry, seal.hash, ` + orNothing() + `
		FROM seal LEFT JOIN transfer ON transfer.entry = seal.entry
		ORDER BY seal.seq, transfer.part`}
	// What has no seal is found by the number of its entry's first transfer. An entry without a
	// first one is sealed by its name, if at all: there are none but by tampering.
	unsealedTransfers = &query{text: `SELECT ` + bookedColumns.of("transfer").String() + `
		FROM transfer LEFT JOIN transfer AS head
			ON head.entry = transfer.entry AND head.part = 0
		LEFT JOIN seal ON seal.seq = head.seq AND seal.entry = head.entry
		WHERE seal.seq IS NULL AND NOT (head.seq IS NULL AND EXISTS (
			SELECT 1 FROM seal AS named WHERE named.entry = transfer.entry))
		ORDER BY transfer.seq`}
)

// orNothing is bookedColumns of a transfer that may not be there.
func orNothing() string {
	list := make([]string, len(bookedColumns))
	for i, column := range bookedColumns {
		none := "''"
		switch column {
		case "seq", "part", "at", "amount":
			none = "0"
		}
		list[i] = fmt.Sprintf("coalesce(transfer.%s, %s)", column, none)
	}
	return strings.Join(list, ", ")
}

func scanSeal(r *reader) money.Seal {
	return money.Seal{Seq: r.integer(), Entry: money.EntryID(r.text()), Hash: r.text()}
}

func scanBooked(r *reader) money.Booked {
	return money.Booked{
		Seq: r.integer(), Entry: money.EntryID(r.text()), Part: r.int(),
		Subject: money.Subject(r.text()), At: r.time(), Transfer: scanTransfer(r),
	}
}

// Seal writes the seals of entries that have none yet, in the order of their first transfers, at
// most limit, and says how many. Entries of which an earlier one may still be uncommitted wait for
// the next call. Conflict with ReasonStale if somebody else has sealed meanwhile.
func (db *DB) Seal(ctx context.Context, limit int) (int, error) {
	until, err := db.engine.booked(ctx)
	if err != nil {
		return 0, err
	}
	var last money.Seal
	var seals []money.Seal
	err = db.snapshot(ctx, func(t *tx) error {
		var booked []money.Booked
		if last, _, err = one(t, scanSeal, lastSeal); err == nil {
			booked, err = all(t, scanBooked, notSealed, last.Seq, until, limit)
			seals = last.SealAll(booked)
		}
		return err
	})
	if err != nil || len(seals) == 0 {
		return 0, err
	}
	return len(seals), db.transact(ctx, func(t *tx) error { return t.writeSeals(last, seals) })
}

// writeSeals appends seals if last is still the last one; two who append at the same time meet at
// the key.
func (t *tx) writeSeals(last money.Seal, seals []money.Seal) error {
	now, _, err := one(t, scanSeal, lastSeal)
	if err == nil && now != last {
		err = dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
			"somebody else has sealed up to entry %s", now.Entry)
	}
	if err != nil {
		return err
	}
	rows := make([][]any, len(seals))
	for i, s := range seals {
		rows[i] = []any{s.Seq, string(s.Entry), s.Hash}
	}
	return t.insertAll(insertSeal, insertSeals, sealsAtOnce, rows)
}

// insertAll writes rows by a statement of many rows, and what is left over by one of a single row.
func (t *tx) insertAll(single, several *query, many int, rows [][]any) error {
	for len(rows) > 0 {
		q, n := several, many
		if len(rows) < many {
			q, n = single, 1
		}
		var args []any
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		if _, err := t.exec(q, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// Chain implements [money.LedgerRows].
func (db *DB) Chain(
	ctx context.Context, visit func(money.Seal, money.Booked),
) (accounts []money.Account, err error) {
	err = db.snapshot(ctx, func(t *tx) error {
		err := t.each(sealedTransfers, nil, func(r *reader) {
			seal := scanSeal(r)
			visit(seal, scanBooked(r))
		})
		if err == nil {
			err = t.each(unsealedTransfers, nil, func(r *reader) {
				visit(money.Seal{}, scanBooked(r))
			})
		}
		if err == nil {
			accounts, err = all(t, scanAccount, allAccounts)
		}
		return err
	})
	return accounts, err
}

// Accounts implements [money.LedgerRows].
func (db *DB) Accounts(ctx context.Context) (accounts []money.Account, err error) {
	err = db.snapshot(ctx, func(t *tx) (err error) {
		accounts, err = all(t, scanAccount, allAccounts)
		return err
	})
	return accounts, err
}

var (
	bookedByTime = &query{text: `SELECT ` + bookedColumns.String() + ` FROM transfer
		WHERE at >= $1 AND at < $2 ORDER BY at, seq`}
	bookedOfSubject = &query{text: `SELECT ` + bookedColumns.String() + ` FROM transfer
		WHERE at >= $1 AND at < $2 AND subject = $3 AND subject <> '' ORDER BY at, seq`}
	// There is no index by account: two more for each transfer would cost every ride what a
	// statement, once in a while, can wait for.
	bookedOnAccount = &query{text: `SELECT ` + bookedColumns.String() + ` FROM transfer
		WHERE at >= $1 AND at < $2 AND (debit = $3 OR credit = $3) ORDER BY at, seq`}
)

// endOfTime is after every time that is kept.
const endOfTime = int64(1) << 62

// Booked implements [money.LedgerRows]. An account and a subject together are Invalid.
func (db *DB) Booked(
	ctx context.Context, q money.BookedQuery, visit func(money.Booked),
) error {
	args := []any{-endOfTime, endOfTime}
	if !q.From.IsZero() {
		args[0] = millis(q.From)
	}
	if !q.To.IsZero() {
		args[1] = millis(q.To)
	}
	text := bookedByTime
	switch {
	case q.Account != "" && q.Subject != "":
		return dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"transfers of an account or of a subject, not of both")
	case q.Account != "":
		text, args = bookedOnAccount, append(args, string(q.Account))
	case q.Hongbaos.Sponsor != "":
		text = bookedOfHongbaos
		args = append(args, q.Hongbaos.City, string(q.Hongbaos.Sponsor))
	case q.Subject != "":
		text, args = bookedOfSubject, append(args, string(q.Subject))
	}
	return db.snapshot(ctx, func(t *tx) error {
		return t.each(text, args, func(r *reader) { visit(scanBooked(r)) })
	})
}
