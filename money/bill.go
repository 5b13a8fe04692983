package money

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"time"
)

// BillID names the bill of a merchant's day at a channel.
type BillID struct {
	Channel  ChannelName
	Merchant string // "" is the house's own
	Day      string // "2014-01-10", by the channel's calendar
}

// String is the id as part of others.
func (b BillID) String() string { return string(b.Channel) + "/" + b.Merchant + "/" + b.Day }

// Bill is the daily bill of a channel, as it was imported.
type Bill struct {
	ID       BillID
	From, To time.Time // of the day, in the city's time
	Digest   string    // of all rows, see [BillDigest]
	Rows     int
	Paid     Fen
	Refunded Fen
	Fees     Fen  // less those given back
	Whole    bool // all rows are kept
	// Settlements counts how often rows of it were settled, and Settled is what they came to: into
	// our bank, or out of it below 0.
	Settlements int
	Settled     Fen
	ImportedAt  time.Time
}

// RowState is where a row of a bill stands.
type RowState string

// The states of a row.
const (
	RowOpen   RowState = "open"   // nobody knows yet why it is there, or it waits for approval
	RowAgreed RowState = "agreed" // as our books have it; settled with its bill
	RowBooked RowState = "booked" // differs, and was booked as somebody has approved
	// RowLost is no row of theirs: it is what no bill has, and what was booked as lost. It keeps
	// the number from being settled as well, should it come after all.
	RowLost RowState = "lost"
)

// KeptRow is a row of a bill as it is kept.
type KeptRow struct {
	BillRow
	Day   string // NoDay of what is lost
	State RowState
	// Settlement is with which one of its bill the row is settled, from 1; 0 is none yet.
	Settlement int
}

// NoDay is the day of what is in no bill.
const NoDay = "none"

// Same reports whether two rows say the same.
func (r BillRow) Same(o BillRow) bool {
	same := r.At.Equal(o.At)
	r.At, o.At = time.Time{}, time.Time{}
	return same && r == o
}

// BillDigest sums rows up, in their order.
type BillDigest struct {
	sum  hash.Hash
	text []byte
	bill Bill
}

// NewBillDigest begins with no row.
func NewBillDigest() *BillDigest { return &BillDigest{sum: sha256.New()} }

// Add adds a row. ErrOverflow if the sums are more money than there is.
func (d *BillDigest) Add(r BillRow) (err error) {
	text := d.text[:0]
	for _, s := range []string{
		string(r.Kind), r.Order, r.Of, r.Trade, strconv.FormatInt(int64(r.Amount), 10),
		strconv.FormatInt(int64(r.Fee), 10), strconv.FormatInt(r.At.UnixMilli(), 10),
	} {
		text = field(text, s)
	}
	_, _ = d.sum.Write(text) // a hash takes all
	d.text = text
	d.bill.Rows++
	sum := &d.bill.Paid
	if r.Kind == NoticeRefund {
		sum = &d.bill.Refunded
	}
	if *sum, err = Add(*sum, r.Amount); err == nil {
		d.bill.Fees, err = Add(d.bill.Fees, r.Fee)
	}
	return err
}

// Bill is what the rows come to, without an id or times.
func (d *BillDigest) Bill() Bill {
	b := d.bill
	b.Digest = hex.EncodeToString(d.sum.Sum(nil))
	return b
}

// RowSums are sums of rows of a bill.
type RowSums struct {
	Rows     int
	Paid     Fen
	Refunded Fen
	Fees     Fen // of payments
	FeesBack Fen // of refunds, ≥ 0
}

// Net is what the channel moves to our bank for the rows; below 0 it is what we owe.
func (s RowSums) Net() Fen { return s.Paid - s.Fees - s.Refunded + s.FeesBack }

// Settlement is the entry by which rows that agree leave the clearing account. What a channel gives
// back of its fee with a refund is booked here, as the bill has it: nothing was booked before. An
// entry without transfers moves nothing.
func (b Bill) Settlement(s RowSums, at time.Time) Entry {
	clearing := ChannelClearing(b.ID.Channel)
	id := "bill/" + b.ID.String() + "/settlement/" + strconv.Itoa(b.Settlements+1)
	e := Entry{ID: EntryID(id), At: at}
	e.move("fees_back", CodeChannelFee, clearing, FeeExpense(b.ID.Channel), s.FeesBack)
	e.move("bank", CodeSettlement, Bank, clearing, s.Net())
	return e
}

// move adds a transfer of an amount; below 0 it goes the other way, and 0 is none.
func (e *Entry) move(name string, code Code, debit, credit AccountID, amount Fen) {
	if amount < 0 {
		debit, credit, amount = credit, debit, -amount
	}
	if amount == 0 {
		return
	}
	e.Transfers = append(e.Transfers, Transfer{
		ID: TransferID(string(e.ID) + "/" + name), Kind: TransferPosted, Code: code,
		Debit: debit, Credit: credit, Amount: amount,
	})
}

// Codes and accounts of what bills bring.
const (
	CodeSettlement Code = "settlement"
	CodeDifference Code = "difference"

	// SuspenseBill holds what bills have that nobody knows: it is somebody's.
	SuspenseBill AccountID = "suspense:bill"
)
