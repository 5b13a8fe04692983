package store

import (
	"hexhail/dispatch"
	"hexhail/money"
)

// differenceColumns are written by InsertDifference and read by scanDifference in this order.
var differenceColumns = columns{
	"id", "channel", "merchant", "day", "cause", "kind", "number", "of_order", "trade", "subject",
	"their_amount", "their_fee", "our_amount", "our_fee", "our_state", "written_off", "state",
	"moved_at", "found_at", "decided_at", "decided_by", "note",
}

var (
	insertDifference = &query{
		text: differenceColumns.insert("difference").text + ` ON CONFLICT (id) DO NOTHING`,
	}
	updateDifference = &query{text: `UPDATE difference SET cause = $2, subject = $3,
		our_amount = $4, our_fee = $5, our_state = $6, written_off = $7, state = $8,
		decided_at = $9, decided_by = $10, note = $11 WHERE id = $1 AND state = $12`}
	differenceByID = &query{
		text: differenceColumns.selects(`difference WHERE id = $1`).text, lock: `FOR UPDATE`,
	}
	differencesOf = differenceColumns.selects(`difference WHERE (id = $1 OR $1 = '')
		AND (channel = $2 OR $2 = '') AND (state = $3 OR $3 = '')
		AND ($4 = 0 OR their_amount = 0) AND id > $5 ORDER BY id LIMIT $6`)
	openDifferences = &query{
		text: `SELECT count(*) FROM difference WHERE channel = $1 AND state = 'open'`,
	}
)

func scanDifference(r *reader) money.Difference {
	return money.Difference{
		ID: money.DifferenceID(r.text()),
		Bill: money.BillID{
			Channel: money.ChannelName(r.text()), Merchant: r.text(), Day: r.text(),
		},
		Cause: money.Cause(r.text()), Kind: money.NoticeKind(r.text()), Number: r.text(),
		Of: r.text(), Trade: r.text(), Subject: money.Subject(r.text()),
		Theirs:   money.BillSide{Amount: r.fen(), Fee: r.fen()},
		Ours:     money.BillSide{Amount: r.fen(), Fee: r.fen()},
		OurState: name(r, money.ParseAttemptState), WrittenOff: r.int() == 1,
		State: money.DifferenceState(r.text()), MovedAt: r.time(), FoundAt: r.time(),
		DecidedAt: r.time(), By: r.text(), Note: r.text(),
	}
}

// InsertDifference implements [money.Differences].
func (t *tx) InsertDifference(d money.Difference) error {
	_, err := t.exec(insertDifference, string(d.ID), string(d.Bill.Channel), d.Bill.Merchant,
		d.Bill.Day, string(d.Cause), string(d.Kind), d.Number, d.Of, d.Trade, string(d.Subject),
		int64(d.Theirs.Amount), int64(d.Theirs.Fee), int64(d.Ours.Amount), int64(d.Ours.Fee),
		d.OurState.String(), bit(d.WrittenOff), string(d.State), millis(d.MovedAt),
		millis(d.FoundAt), millis(d.DecidedAt), d.By, d.Note)
	return err
}

// UpdateDifference implements [money.Differences].
func (t *tx) UpdateDifference(d money.Difference, from money.DifferenceState) error {
	changed, err := t.exec(updateDifference, string(d.ID), string(d.Cause), string(d.Subject),
		int64(d.Ours.Amount), int64(d.Ours.Fee), d.OurState.String(), bit(d.WrittenOff),
		string(d.State), millis(d.DecidedAt), d.By, d.Note, string(from))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"difference %s is not %s any more", d.ID, from)
}

// Difference implements [money.Differences].
func (t *tx) Difference(id money.DifferenceID) (money.Difference, error) {
	d, ok, err := one(t, scanDifference, differenceByID, string(id))
	if err != nil || ok {
		return d, err
	}
	return d, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonBill, "no difference %s", id)
}

// DifferencesOf implements [money.Differences].
func (t *tx) DifferencesOf(q money.DifferenceQuery) ([]money.Difference, error) {
	return all(t, scanDifference, differencesOf, string(q.ID), string(q.Channel),
		string(q.State), bit(q.Lost), string(q.After), q.Limit)
}

// OpenDifferences implements [money.Differences].
func (t *tx) OpenDifferences(c money.ChannelName) (int, error) {
	n, _, err := one(t, (*reader).int, openDifferences, string(c))
	return n, err
}
