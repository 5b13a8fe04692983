package store

import (
	"encoding/json"
	"fmt"
	"strings"

	"hexhail/dispatch"
	"hexhail/money"
)

// billColumns are written by PutBill and read by scanBill in this order; the first three are the
// key.
var billColumns = columns{
	"channel", "merchant", "day", "from_at", "to_at", "digest", "row_count", "paid", "refunded",
	"fees", "whole", "settlements", "settled", "imported_at",
}

// rowColumns are written by InsertRows; what follows the second is read by scanRow in this order.
var rowColumns = columns{
	"channel", "merchant", "day", "kind", "number", "of_order", "trade", "amount", "fee", "at",
	"state", "settlement",
}

// rowsAtOnce is how many rows of a bill one statement writes: 100,000 of them are 1,000 round trips
// on Postgres.
const rowsAtOnce = 100

// ofRow is what follows a statement that writes rows: a row that the bill has stays, and nothing
// else is let through.
const ofRow = ` ON CONFLICT (channel, merchant, day, kind, number) DO NOTHING`

var (
	billByID = &query{
		text: billColumns.selects(`bill WHERE channel = $1 AND merchant = $2 AND day = $3`).text,
		lock: `FOR UPDATE`,
	}
	putBill = &query{text: billColumns.insert("bill").text +
		` ON CONFLICT (channel, merchant, day) DO UPDATE SET ` + billColumns[3:].excluded()}
	insertRow  = &query{text: rowColumns.insert("bill_row").text + ofRow}
	insertRows = &query{text: rowColumns.insertMany("bill_row", rowsAtOnce).text + ofRow}
	updateRow  = &query{text: `UPDATE bill_row SET state = $6, settlement = $7
		WHERE channel = $1 AND merchant = $2 AND day = $3 AND kind = $4 AND number = $5
			AND state = $8`}
	rowSums = &query{text: `SELECT kind, count(*), ` + total("amount") + `, ` + total("fee") + `
		FROM bill_row WHERE channel = $1 AND merchant = $2 AND day = $3 AND settlement = $4
			AND settlement > 0 GROUP BY kind`}
	billsOf = billColumns.selects(
		`bill WHERE (channel = $1 OR $1 = '') ORDER BY day DESC, channel, merchant LIMIT $2`)

	openRows = rowColumns[2:].selects(`bill_row WHERE channel = $1 AND merchant = $2
		AND day = $3 AND state = 'open' AND number >= $4 AND (number > $4 OR kind > $5)
		ORDER BY number, kind LIMIT $6`)
	// The concatenations hide channel and merchant from SQLite, which else walks through all rows
	// of the merchant.
	keptRows = byNumbers(3, "number", rowColumns[2:].selects(
		`bill_row WHERE channel || '' = $1 AND merchant || '' = $2`).text)
)

// byNumbers is a query of the rows whose column is in a list, which is one argument: see numbers.
// Postgres goes by an index for each of 500 only if it is told to: by its costs, reading some
// 100,000 rows of the table is cheaper, and takes ten times as long.
func byNumbers(place int, column, text string) *query {
	return &query{
		text: fmt.Sprintf(`%s AND %s IN (SELECT value FROM json_each($%d))`, text, column, place),
		looped: fmt.Sprintf(`SELECT found.*
			FROM json_array_elements_text($%d::text::json) AS list (n)
			CROSS JOIN LATERAL (%s AND %s = list.n OFFSET 0) AS found`, place, text, column),
	}
}

// excluded is "b = excluded.b, …" for all columns.
func (c columns) excluded() string {
	list := make([]string, len(c))
	for i, column := range c {
		list[i] = column + " = excluded." + column
	}
	return strings.Join(list, ", ")
}

func scanBill(r *reader) money.Bill {
	return money.Bill{
		ID: money.BillID{
			Channel: money.ChannelName(r.text()), Merchant: r.text(), Day: r.text(),
		},
		From: r.time(), To: r.time(), Digest: r.text(), Rows: r.int(), Paid: r.fen(),
		Refunded: r.fen(), Fees: r.fen(), Whole: r.int() == 1, Settlements: r.int(),
		Settled: r.fen(), ImportedAt: r.time(),
	}
}

func scanRow(r *reader) money.KeptRow {
	row := money.KeptRow{Day: r.text()}
	row.Kind, row.Order, row.Of = money.NoticeKind(r.text()), r.text(), r.text()
	row.Trade, row.Amount, row.Fee, row.At = r.text(), r.fen(), r.fen(), r.time()
	row.State, row.Settlement = money.RowState(r.text()), r.int()
	return row
}

// Bill implements [money.Bills].
func (t *tx) Bill(id money.BillID) (money.Bill, bool, error) {
	return one(t, scanBill, billByID, string(id.Channel), id.Merchant, id.Day)
}

// PutBill implements [money.Bills].
func (t *tx) PutBill(b money.Bill) error {
	_, err := t.exec(putBill, string(b.ID.Channel), b.ID.Merchant, b.ID.Day, millis(b.From),
		millis(b.To), b.Digest, b.Rows, int64(b.Paid), int64(b.Refunded), int64(b.Fees),
		bit(b.Whole), b.Settlements, int64(b.Settled), millis(b.ImportedAt))
	return err
}

// InsertRows implements [money.Bills].
func (t *tx) InsertRows(id money.BillID, rows []money.KeptRow) error {
	args := make([][]any, len(rows))
	for i, r := range rows {
		args[i] = []any{
			string(id.Channel), id.Merchant, id.Day, string(r.Kind), r.Order, r.Of, r.Trade,
			int64(r.Amount), int64(r.Fee), millis(r.At), string(r.State), r.Settlement,
		}
	}
	return t.insertAll(insertRow, insertRows, rowsAtOnce, args)
}

// UpdateRow implements [money.Bills].
func (t *tx) UpdateRow(id money.BillID, r money.KeptRow, from money.RowState) error {
	changed, err := t.exec(updateRow, string(id.Channel), id.Merchant, id.Day, string(r.Kind),
		r.Order, string(r.State), r.Settlement, string(from))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"%s %s of bill %s is not %s any more", r.Kind, r.Order, id, from)
}

// RowSums implements [money.Bills].
func (t *tx) RowSums(id money.BillID, settlement int) (s money.RowSums, err error) {
	err = t.each(rowSums, []any{string(id.Channel), id.Merchant, id.Day, settlement},
		func(r *reader) {
			kind := money.NoticeKind(r.text())
			s.Rows += r.int()
			if amount, fees := r.fen(), r.fen(); kind == money.NoticeRefund {
				s.Refunded, s.FeesBack = amount, -fees
			} else {
				s.Paid, s.Fees = amount, fees
			}
		})
	return s, err
}

// BillsOf implements [money.BillReads].
func (t *tx) BillsOf(c money.ChannelName, limit int) ([]money.Bill, error) {
	return all(t, scanBill, billsOf, string(c), limit)
}

// OpenRows implements [money.BillReads].
func (t *tx) OpenRows(
	id money.BillID, after money.BillRow, limit int,
) ([]money.KeptRow, error) {
	return all(t, scanRow, openRows, string(id.Channel), id.Merchant, id.Day, after.Order,
		string(after.Kind), limit)
}

// KeptRows implements [money.BillReads].
func (t *tx) KeptRows(id money.BillID, rows []money.BillRow) ([]money.KeptRow, error) {
	wanted := make(map[[2]string]bool, len(rows))
	for _, r := range rows {
		wanted[[2]string{string(r.Kind), r.Order}] = true
	}
	var list []money.KeptRow
	for _, r := range rows {
		if r.Order == "" {
			return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
				"a row of bill %s has no number", id)
		}
	}
	err := t.rowsOf(id, rows, func(k money.KeptRow) {
		if k.Day == id.Day && wanted[[2]string{string(k.Kind), k.Order}] {
			list = append(list, k)
		}
	})
	return list, err
}

// rowsOf are the rows of any bill of a merchant with the numbers of some.
func (t *tx) rowsOf(id money.BillID, rows []money.BillRow, visit func(money.KeptRow)) error {
	list, err := numbers(rows)
	if err != nil {
		return err
	}
	return t.each(keptRows, []any{string(id.Channel), id.Merchant, list},
		func(r *reader) { visit(scanRow(r)) })
}

// numbers are those of rows, each once, as both engines read a list: in JSON.
func numbers(rows []money.BillRow) (string, error) {
	if len(rows) > money.MaxRowsAtOnce {
		return "", dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"%d rows at once, at most %d", len(rows), money.MaxRowsAtOnce)
	}
	list, had := make([]string, 0, len(rows)), make(map[string]bool, len(rows))
	for _, r := range rows {
		if !had[r.Order] {
			had[r.Order], list = true, append(list, r.Order)
		}
	}
	text, err := json.Marshal(list)
	return string(text), err
}
