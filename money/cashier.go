package money

import (
	"context"
	"fmt"
	"time"
)

// Cashier does the commands about accounts: what concerns money, but no single ride. It is safe
// for concurrent use.
type Cashier struct{ Store Store }

// Launch writes a campaign's first version and turns its sponsor's promise into a budget. A
// *CampaignError names a field that is out of its limits, be it
// that another one of its group may be for the same rides; a campaign that is launched already is
// an error of kind Conflict of the store.
func (c Cashier) Launch(ctx context.Context, campaign Campaign, now time.Time) error {
	if err := campaign.Check(); err != nil {
		return err
	}
	switch {
	case campaign.Version != 1:
		return &CampaignError{"version", "1 at the launch"}
	case campaign.State != CampaignRuns:
		return &CampaignError{"state", "runs at the launch"}
	}
	return c.Store.MoneyTx(ctx, func(tx Tx) error {
		if err := fits(tx, campaign, now); err != nil {
			return err
		}
		if err := tx.InsertCampaign(campaign); err != nil {
			return err
		}
		return tx.Book(campaign.Funding(now))
	})
}

// fits refuses a campaign beside another of its group that may be for the same rides, and one too
// many. Two that are launched at the same moment may miss each other: a ride takes one of a group
// all the same, the first by id.
func fits(tx Tx, c Campaign, now time.Time) error {
	all, err := tx.CampaignsOf(c.City)
	if err != nil {
		return err
	}
	running := 0
	for _, o := range all {
		if o.ID == c.ID {
			continue
		}
		if o.State != CampaignEnded && o.EndsAt.After(now) {
			running++
		}
		if c.Overlaps(o) {
			return &CampaignError{"group", fmt.Sprintf(
				"other than that of %s, which may be for the same rides", o.ID)}
		}
	}
	if running >= MaxCampaigns {
		return &CampaignError{"city", fmt.Sprintf(
			"one with fewer than %d campaigns that have not ended", MaxCampaigns)}
	}
	return nil
}

// MaxTopUp is the most that one top-up from one of our own accounts may bring: 100,000 yuan.
const MaxTopUp = Fen(100_000_00)

// TopUp books money from an account into a rider's wallet. An amount out of its limits is a
// *TransferError, less in the account a *LimitError, and an id that is booked already an error of
// kind Conflict of the store: the same id moves money once.
func (c Cashier) TopUp(
	ctx context.Context, id EntryID, from AccountID, rider Party, amount Fen, now time.Time,
) error {
	if amount <= 0 || amount > MaxTopUp {
		return &TransferError{Entry: id, Problem: fmt.Sprintf(
			"amount %s yuan, must be above 0 and at most %s", amount, MaxTopUp)}
	}
	return c.Store.MoneyTx(ctx, func(tx Tx) error {
		return tx.Book(Entry{ID: id, At: now, Transfers: []Transfer{{
			ID: TransferID(id), Kind: TransferPosted, Code: CodeTopUp, Amount: amount,
			Debit: from, Credit: Wallet(rider),
		}}})
	})
}

// Books is the state of all accounts, and whether it is what the transfers add up to.
type Books struct {
	Accounts  []Account   // by id
	Wrong     []AccountID // stored otherwise than replayed, or below 0
	Transfers int
}

// Audit replays the whole ledger, and shows each transfer to visit, which may be nil. It reads
// every row: for reports and tests, not for requests.
func (c Cashier) Audit(ctx context.Context, visit func(Subject, Transfer)) (Books, error) {
	replayed := make(Replayed)
	var books Books
	accounts, err := c.Store.Audit(ctx, func(s Subject, t Transfer) {
		books.Transfers++
		replayed.Add(t)
		if visit != nil {
			visit(s, t)
		}
	})
	if err != nil {
		return Books{}, err
	}
	books.Accounts, books.Wrong = accounts, replayed.Differ(accounts)
	return books, nil
}

// Pending is the sum of all that is reserved and not resolved.
func (b Books) Pending() Fen {
	var sum Fen
	for _, a := range b.Accounts {
		sum += a.PendingDebits
	}
	return sum
}

// Balance sums the balances of a class of accounts ("wallet").
func (b Books) Balance(class string) Fen {
	var sum Fen
	for _, a := range b.Accounts {
		if a.ID.Class() == class {
			sum += a.Balance()
		}
	}
	return sum
}
