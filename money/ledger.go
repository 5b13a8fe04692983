package money

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// EntryID names an entry. The caller makes it from what it books ("<ride>/reserve"), so that
// booking the same thing twice is refused by the database.
type EntryID string

// TransferID names a transfer: the entry's id and the transfer's own part.
type TransferID string

// TransferKind says what a transfer does to its two accounts.
type TransferKind int

// The kinds of transfers.
const (
	// TransferPosted moves the amount at once.
	TransferPosted TransferKind = iota + 1
	// TransferPending reserves the amount on both sides.
	TransferPending
	// TransferPost moves what a pending transfer reserved.
	TransferPost
	// TransferVoid gives back what a pending transfer reserved.
	TransferVoid
	// TransferExpire gives it back because its time was over.
	TransferExpire
)

var transferKinds = [...]string{"", "posted", "pending", "post", "void", "expire"}

// String is the name as stored: posted, pending, post, void, expire.
func (k TransferKind) String() string { return transferKinds[k] }

// ParseTransferKind is String's inverse; it returns 0 for an unknown name.
func ParseTransferKind(s string) TransferKind {
	return TransferKind(max(0, slices.Index(transferKinds[:], s)))
}

// Code says in one word why money moved.
type Code string

// The codes of this ledger.
const (
	CodeFare          Code = "fare"
	CodeTip           Code = "tip"
	CodeFee           Code = "fee"
	CodeCancelFee     Code = "cancel_fee"
	CodeSubsidyRider  Code = "subsidy_rider"
	CodeSubsidyDriver Code = "subsidy_driver"
	CodeFund          Code = "fund"
	CodeTopUp         Code = "top_up"
	CodeCampaignEnd   Code = "campaign_end"
	CodeChannelFee    Code = "channel_fee"
	CodeDuplicate     Code = "duplicate"
	CodeRefund        Code = "refund"
	CodePayout        Code = "payout"
	CodeDrawWin       Code = "draw_win"
	CodeShare         Code = "share"
	CodeRest          Code = "rest"
	// What goes back to a campaign as the fare was corrected to a lower one.
	CodeSubsidyRiderBack  Code = "subsidy_rider_back"
	CodeSubsidyDriverBack Code = "subsidy_driver_back"
)

// Paid reports whether a transfer's code is of what payers pay: fares, tips and fees. What
// campaigns add, channels keep or goes back is not.
func (c Code) Paid() bool {
	switch c {
	case CodeFare, CodeShare, CodeRest, CodeTip, CodeFee, CodeCancelFee:
		return true
	default:
		return false
	}
}

// Transfer is one amount from a debit to a credit account: one immutable row.
type Transfer struct {
	ID      TransferID
	Kind    TransferKind
	Pending TransferID // of a post, void or expire: the pending transfer that it ends
	Debit   AccountID
	Credit  AccountID
	Amount  Fen // > 0
	Code    Code
}

// Resolve makes the transfer that ends the pending transfer t: a post, void or expire of all of it.
func (t Transfer) Resolve(kind TransferKind) Transfer {
	r := t
	r.ID = TransferID(string(t.ID) + "/" + kind.String())
	r.Kind = kind
	r.Pending = t.ID
	return r
}

// Entry is the transfers of one event, all or nothing.
type Entry struct {
	ID        EntryID
	Subject   Subject // the ride, or "" for what concerns no ride
	At        time.Time
	Transfers []Transfer
}

// Check returns a *TransferError for an entry that no ledger may hold: no transfers, an amount ≤ 0,
// one account on both sides, a resolution without its pending transfer.
func (e Entry) Check() error {
	if e.ID == "" || len(e.Transfers) == 0 {
		return &TransferError{Entry: e.ID, Problem: "an entry needs an id and a transfer"}
	}
	for _, t := range e.Transfers {
		if problem := t.problem(); problem != "" {
			return &TransferError{Entry: e.ID, Transfer: t.ID, Problem: problem}
		}
	}
	return nil
}

func (t Transfer) problem() string {
	resolves := t.Kind == TransferPost || t.Kind == TransferVoid || t.Kind == TransferExpire
	switch {
	case t.ID == "":
		return "a transfer needs an id"
	case t.Kind < TransferPosted || t.Kind > TransferExpire:
		return "unknown kind"
	case t.Amount <= 0:
		return fmt.Sprintf("amount %d fen, must be > 0", t.Amount)
	case t.Debit == "" || t.Credit == "" || t.Debit == t.Credit:
		return "needs two different accounts"
	case resolves != (t.Pending != ""):
		return "post, void and expire name a pending transfer, others do not"
	default:
		return ""
	}
}

// TransferError is a transfer that is wrong in itself: a bug of the caller.
type TransferError struct {
	Entry    EntryID
	Transfer TransferID
	Problem  string
}

func (e *TransferError) Error() string {
	return fmt.Sprintf("ledger: entry %s, transfer %s: %s", e.Entry, e.Transfer, e.Problem)
}

// LimitError is an entry that was refused because an account would have gone below 0. Nothing of
// the entry was booked, and the transaction may go on.
type LimitError struct {
	Account AccountID
	Amount  Fen // what the entry would have taken
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("ledger: %s has less than %s yuan", e.Account, e.Amount)
}

// Delta is what an entry changes on one account. Pending sums may go down, posted sums never do.
type Delta struct {
	Account                       AccountID
	Debits, Credits               Fen
	PendingDebits, PendingCredits Fen
}

// Takes is by how much the delta lowers what is available.
func (d Delta) Takes() Fen { return d.Debits + d.PendingDebits - d.Credits }

// Deltas sums an entry by account, in the order of account ids, so that two transactions lock
// accounts in the same order.
func (e Entry) Deltas() []Delta {
	deltas := make([]Delta, 0, 4)
	at := func(id AccountID) *Delta {
		for i := range deltas {
			if deltas[i].Account == id {
				return &deltas[i]
			}
		}
		deltas = append(deltas, Delta{Account: id})
		return &deltas[len(deltas)-1]
	}
	for _, t := range e.Transfers {
		at(t.Debit).add(t.Kind, t.Amount, 0)
		at(t.Credit).add(t.Kind, 0, t.Amount)
	}
	slices.SortFunc(deltas, func(a, b Delta) int {
		return strings.Compare(string(a.Account), string(b.Account))
	})
	return deltas
}

func (d *Delta) add(kind TransferKind, debit, credit Fen) {
	switch kind {
	case TransferPosted:
		d.Debits += debit
		d.Credits += credit
	case TransferPending:
		d.PendingDebits += debit
		d.PendingCredits += credit
	case TransferPost:
		d.Debits += debit
		d.Credits += credit
		d.PendingDebits -= debit
		d.PendingCredits -= credit
	case TransferVoid, TransferExpire:
		d.PendingDebits -= debit
		d.PendingCredits -= credit
	}
}

// Apply returns the account after the delta.
func (a Account) Apply(d Delta) Account {
	a.Debits += d.Debits
	a.Credits += d.Credits
	a.PendingDebits += d.PendingDebits
	a.PendingCredits += d.PendingCredits
	return a
}

// Unresolved are the pending transfers among ts that nothing has posted, voided or expired yet.
func Unresolved(ts []Transfer) []Transfer {
	var open []Transfer
	for _, t := range ts {
		resolved := func(r Transfer) bool { return r.Pending == t.ID }
		if t.Kind == TransferPending && !slices.ContainsFunc(ts, resolved) {
			open = append(open, t)
		}
	}
	return open
}

// SubsidiesIn are the transfers among ts that give a subsidy.
func SubsidiesIn(ts []Transfer) []Transfer {
	return slices.DeleteFunc(slices.Clone(ts), func(t Transfer) bool {
		return t.Code != CodeSubsidyRider && t.Code != CodeSubsidyDriver
	})
}

// TotalOf adds up transfers, whose amounts the store has limited.
func TotalOf(ts []Transfer) (sum Fen) {
	for _, t := range ts {
		sum += t.Amount
	}
	return sum
}

// Resolution is the entry that ends pending transfers in one way. It is empty if there are none.
func Resolution(id EntryID, s Subject, pending []Transfer, kind TransferKind, at time.Time) Entry {
	e := Entry{ID: id, Subject: s, At: at}
	for _, t := range pending {
		e.Transfers = append(e.Transfers, t.Resolve(kind))
	}
	return e
}

// Replayed rebuilds every account from the transfers, in the order in which they were booked.
type Replayed map[AccountID]Account

// Add books one more transfer.
func (r Replayed) Add(t Transfer) {
	r.add(t.Debit, t.Kind, t.Amount, 0)
	r.add(t.Credit, t.Kind, 0, t.Amount)
}

func (r Replayed) add(id AccountID, kind TransferKind, debit, credit Fen) {
	d := Delta{Account: id}
	d.add(kind, debit, credit)
	a := r[id]
	a.ID = id
	r[id] = a.Apply(d)
}

// Differ are the accounts whose stored state is not what their transfers add up to, or breaks
// its limit, by id.
func (r Replayed) Differ(stored []Account) []AccountID {
	var wrong []AccountID
	seen := make(map[AccountID]bool, len(stored))
	for _, a := range stored {
		seen[a.ID] = true
		replayed := r[a.ID]
		replayed.ID = a.ID
		if a != replayed || !a.Sound() {
			wrong = append(wrong, a.ID)
		}
	}
	for id := range r {
		if !seen[id] {
			wrong = append(wrong, id)
		}
	}
	slices.Sort(wrong)
	return wrong
}
