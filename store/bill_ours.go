package store

import (
	"fmt"

	"hexhail/money"
)

// What our books say of an order: what was captured, and the fee that was booked with it.
const oursOfOrder = `attempt.id, attempt.subject, attempt.state, attempt.captured,
	attempt.captured_at, ` + feeOf + `attempt.id || '/channel_fee'), attempt.channel,
	attempt.merchant FROM attempt`

// feeOf is the fee that was booked with an order, whose id and a bracket follow. A join would let
// an engine that knows too little of the tables read all of the ledger.
const feeOf = `(SELECT coalesce(max(amount), 0) FROM transfer WHERE id = `

// And of a refund: what has gone back, and its order.
const oursOfRefund = `refund.id, refund.subject, refund.state, refund.amount, refund.done_at,
	refund.of_order, paid.captured, ` + feeOf + `refund.of_order || '/channel_fee'),
	refund.channel, refund.merchant
	FROM refund JOIN attempt AS paid ON paid.id = refund.of_order`

var (
	ordersIn = byNumbers(1, "attempt.id",
		`SELECT `+oursOfOrder+` WHERE attempt.order_id = attempt.id`)
	refundsIn    = byNumbers(1, "refund.id", `SELECT `+oursOfRefund+` WHERE refund.id <> ''`)
	ordersMoved  = moved("attempt", "captured_at", "charge")
	refundsMoved = moved("refund", "done_at", "refund")
)

// askedAt is where an order or refund was asked for.
type askedAt struct {
	channel  money.ChannelName
	merchant string
}

func scanOurOrder(r *reader) (money.Ours, askedAt) {
	o := money.Ours{
		Kind: money.NoticeCharge, Number: r.text(), Known: true,
		Subject: money.Subject(r.text()), State: name(r, money.ParseAttemptState),
		Amount: r.fen(), At: r.time(), Fee: r.fen(),
	}
	return o, askedAt{money.ChannelName(r.text()), r.text()}
}

func scanOurRefund(r *reader) (money.Ours, askedAt) {
	o := money.Ours{
		Kind: money.NoticeRefund, Number: r.text(), Known: true,
		Subject: money.Subject(r.text()), State: name(r, money.ParseAttemptState),
		Amount: r.fen(), At: r.time(), Of: r.text(), Captured: r.fen(), OrderFee: r.fen(),
	}
	if o.State != money.AttemptPaid {
		o.Amount = 0 // it has not gone, by our books
	}
	return o, askedAt{money.ChannelName(r.text()), r.text()}
}

// OursOf implements [money.BillReads].
func (t *tx) OursOf(id money.BillID, rows []money.BillRow) ([]money.Ours, error) {
	found := map[[2]string]money.Ours{}
	keep := func(scan func(*reader) (money.Ours, askedAt)) func(*reader) {
		return func(r *reader) {
			o, of := scan(r)
			if of == (askedAt{id.Channel, id.Merchant}) {
				found[[2]string{string(o.Kind), o.Number}] = o
			}
		}
	}
	for _, side := range []struct {
		kind money.NoticeKind
		text *query
		scan func(*reader) (money.Ours, askedAt)
	}{
		{money.NoticeCharge, ordersIn, scanOurOrder},
		{money.NoticeRefund, refundsIn, scanOurRefund},
	} {
		if err := t.oursIn(side.kind, side.text, rows, keep(side.scan)); err != nil {
			return nil, err
		}
	}
	list := make([]money.Ours, len(rows))
	at := make(map[[2]string]int, len(rows))
	for i, r := range rows {
		key := [2]string{string(r.Kind), r.Order}
		at[key] = i
		o, ok := found[key]
		if !ok {
			o = money.Ours{Kind: r.Kind, Number: r.Order, Of: r.Of}
		}
		list[i] = o
	}
	err := t.rowsOf(id, rows, func(k money.KeptRow) {
		otherBills(list, rows, at, id, k)
	})
	return list, err
}

// oursIn finds the rows of a kind by their numbers.
func (t *tx) oursIn(
	kind money.NoticeKind, text *query, rows []money.BillRow, visit func(*reader),
) error {
	var of []money.BillRow
	for _, r := range rows {
		if r.Kind == kind {
			of = append(of, r)
		}
	}
	list, err := numbers(of)
	if err != nil || len(of) == 0 {
		return err
	}
	return t.each(text, []any{list}, visit)
}

// otherBills notes what a kept row says of the rows that are asked about: that their number was
// settled otherwise, or that the other half of a reversed order is in the same bill.
func otherBills(
	list []money.Ours, rows []money.BillRow, at map[[2]string]int, id money.BillID,
	k money.KeptRow,
) {
	if i, ok := at[[2]string{string(k.Kind), k.Order}]; ok && k.Day != id.Day {
		list[i].InBill = true
		list[i].WrittenOff = list[i].WrittenOff || k.State == money.RowLost
		list[i].Elsewhere = list[i].Elsewhere ||
			k.State == money.RowAgreed || k.State == money.RowBooked
	}
	half := money.NoticeCharge
	if k.Kind == money.NoticeCharge {
		half = money.NoticeRefund
	}
	if i, ok := at[[2]string{string(half), k.Order}]; ok && k.Day == id.Day {
		list[i].Reversed = k.Amount == rows[i].Amount && k.Fee == -rows[i].Fee
	}
}

// moved reads what has moved on a day, with whether a bill has it. That is asked row by row: to
// leave out what bills have would be a join, which Postgres makes in seconds or in hours, by what
// it knows of a table that has just been filled.
func moved(table, at, kind string) *query {
	return &query{text: fmt.Sprintf(`SELECT id, %[2]s, CASE WHEN EXISTS (SELECT 1 FROM bill_row
			WHERE bill_row.number = %[1]s.id AND bill_row.channel = %[1]s.channel
				AND bill_row.merchant = %[1]s.merchant AND bill_row.kind = '%[3]s')
			THEN 1 ELSE 0 END
		FROM %[1]s WHERE channel = $1 AND merchant = $2 AND %[2]s > 0
			AND (%[2]s, id) > ($3, $4) AND %[2]s < $5 ORDER BY %[2]s, id LIMIT $6`,
		table, at, kind)}
}

// Moved implements [money.BillReads].
func (t *tx) Moved(q money.MovedQuery) ([]money.Moved, error) {
	text := ordersMoved
	if q.Kind == money.NoticeRefund {
		text = refundsMoved
	}
	after := millis(q.From) // with all ids of that moment, which are above ""
	if q.After.Number != "" {
		after = millis(q.After.At)
	}
	return all(t, func(r *reader) money.Moved {
		return money.Moved{Number: r.text(), At: r.time(), InBill: r.int() == 1}
	}, text, string(q.Bill.Channel), q.Bill.Merchant, after, q.After.Number, millis(q.To), q.Limit)
}
