package money

import (
	"fmt"
	"slices"
)

// FaultKind is what is wrong with a ledger.
type FaultKind string

// The faults.
const (
	// FaultChanged is an entry that is not what was sealed: a transfer of it was changed, added or
	// taken away, or the seal before it was.
	FaultChanged FaultKind = "changed"
	// FaultGone is a sealed entry of which no transfer is left.
	FaultGone FaultKind = "gone"
	// FaultSlipped is an entry that has no seal though later ones have: it was put in by hand.
	FaultSlipped FaultKind = "slipped_in"
	// FaultBalance is an account whose sums are not those of its transfers.
	FaultBalance FaultKind = "balance"
	// FaultOverdrawn is an account below its limit.
	FaultOverdrawn FaultKind = "overdrawn"
	// FaultHead is a seal that was noted down once and is not in the chain any more.
	FaultHead FaultKind = "head"
)

// Fault is something in the ledger that is not as it was booked.
type Fault struct {
	Kind    FaultKind `json:"kind"`
	Entry   EntryID   `json:"entry,omitempty"`
	Account AccountID `json:"account,omitempty"`
	Text    string    `json:"text"`
}

// MaxFaults is how many faults a check names; more are counted.
const MaxFaults = 1_000

// Findings is what a check of the whole ledger has found.
type Findings struct {
	Faults    []Fault `json:"faults,omitempty"` // at most MaxFaults
	More      int     `json:"more,omitempty"`   // faults beyond those
	Accounts  int     `json:"accounts"`
	Transfers int     `json:"transfers"`
	Sealed    int     `json:"sealed"`   // entries
	Unsealed  int     `json:"unsealed"` // transfers of entries not sealed yet: of the last seconds
	Head      Seal    `json:"-"`        // the end of the chain
}

// Sound reports whether the ledger is as it was booked.
func (f Findings) Sound() bool { return len(f.Faults) == 0 }

// checking is a check under way.
type checking struct {
	Findings
	known    Seal // that has to be in the chain; its Hash is "" for none
	replayed Replayed
	seal     Seal // of the entry that is being read
	parts    []Booked
}

// read takes a transfer with its seal, in the order of [LedgerRows.Chain].
func (c *checking) read(s Seal, b Booked) {
	if s != c.seal {
		c.link()
		c.seal = s
	}
	if b.Entry != "" {
		c.Transfers++
		c.replayed.Add(b.Transfer)
	}
	switch {
	case s.Hash == "":
		c.unsealed(b)
	case b.Entry != "":
		c.parts = append(c.parts, b)
	}
}

// link compares the entry that was read with its seal. Each is compared as following on the stored
// seal before it, so that one change is one fault.
func (c *checking) link() {
	if c.seal.Hash == "" {
		return
	}
	c.Sealed++
	switch {
	case len(c.parts) == 0:
		c.fault(Fault{Kind: FaultGone, Entry: c.seal.Entry, Text: fmt.Sprintf(
			"entry %s is sealed and not there", c.seal.Entry)})
	case c.Head.Next(c.parts) != c.seal:
		c.fault(Fault{Kind: FaultChanged, Entry: c.seal.Entry, Text: fmt.Sprintf(
			"entry %s, or the seal before it, is not what was sealed", c.seal.Entry)})
	}
	if c.seal.Seq == c.known.Seq && c.seal.Hash == c.known.Hash {
		c.known = Seal{}
	}
	c.Head, c.parts = c.seal, c.parts[:0]
}

func (c *checking) unsealed(b Booked) {
	if b.Seq > c.Head.Seq {
		c.Unsealed++
		return
	}
	c.fault(Fault{Kind: FaultSlipped, Entry: b.Entry, Text: fmt.Sprintf(
		"transfer %s of entry %s is not sealed, though entries after it are", b.ID, b.Entry)})
}

// end compares the accounts.
func (c *checking) end(accounts []Account) {
	c.link()
	if c.known.Hash != "" {
		c.fault(Fault{Kind: FaultHead, Text: fmt.Sprintf(
			"the chain has no seal %d:%s", c.known.Seq, c.known.Hash)})
	}
	c.Accounts = len(accounts)
	stored := make(map[AccountID]Account, len(accounts))
	for _, a := range accounts {
		stored[a.ID] = a
	}
	for _, id := range c.replayed.Differ(accounts) {
		c.balance(stored[id], c.replayed[id], id)
	}
}

// balance names what is wrong with an account, and by how much.
func (c *checking) balance(has, replayed Account, id AccountID) {
	has.ID, replayed.ID = id, id
	if has == replayed {
		c.fault(Fault{Kind: FaultOverdrawn, Account: id, Text: fmt.Sprintf(
			"account %s has %s yuan available: below its limit", id, has.Available())})
		return
	}
	c.fault(Fault{Kind: FaultBalance, Account: id, Text: fmt.Sprintf(
		"account %s has %s yuan, %s and %s pending; its transfers come to %s, %s and %s", id,
		has.Balance(), has.PendingDebits, has.PendingCredits,
		replayed.Balance(), replayed.PendingDebits, replayed.PendingCredits)})
}

func (c *checking) fault(f Fault) {
	if len(c.Faults) == MaxFaults {
		c.More++
		return
	}
	c.Faults = append(c.Faults, f)
}

// ClassSum is what the accounts of a class come to in a trial balance.
type ClassSum struct {
	Class    string
	Accounts []Account // by id
	Account            // the sums of all, without an id
}

// Trial is the trial balance: all accounts by class, and their sums.
type Trial struct {
	Classes []ClassSum // by name
	Total   Account    // without an id
}

// Even reports whether all debits are all credits, posted and pending.
func (t Trial) Even() bool {
	return t.Total.Debits == t.Total.Credits && t.Total.PendingDebits == t.Total.PendingCredits
}

// NewTrial sums accounts, which come by id.
func NewTrial(accounts []Account) Trial {
	var t Trial
	for _, a := range accounts {
		at := slices.IndexFunc(t.Classes, func(c ClassSum) bool { return c.Class == a.ID.Class() })
		if at < 0 {
			at = len(t.Classes)
			t.Classes = append(t.Classes, ClassSum{Class: a.ID.Class()})
		}
		class := &t.Classes[at]
		class.Accounts = append(class.Accounts, a)
		class.Account = class.plus(a)
		t.Total = t.Total.plus(a)
	}
	slices.SortFunc(t.Classes, func(a, b ClassSum) int {
		if a.Class < b.Class {
			return -1
		}
		return 1
	})
	return t
}

// plus adds the sums of another account.
func (a Account) plus(b Account) Account {
	return a.Apply(Delta{
		Debits: b.Debits, Credits: b.Credits,
		PendingDebits: b.PendingDebits, PendingCredits: b.PendingCredits,
	})
}
