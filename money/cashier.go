package money

import (
	"context"
	"fmt"
	"time"
)

// Cashier does the commands about accounts: what concerns money, but no single ride. It is safe
// for concurrent use.
type Cashier struct{ Store Store }

// Launch writes a campaign's first version and turns its sponsor's promise into a budget.
func (c Cashier) Launch(ctx context.Context, campaign Campaign, now time.Time) error {
	if err := campaign.Check(); err != nil {
		return err
	}
	if campaign.Version != 1 {
		return &CampaignError{"version", "1 at the launch"}
	}
	return c.Store.MoneyTx(ctx, func(tx Tx) error {
		if err := tx.InsertCampaign(campaign); err != nil {
			return err
		}
		return tx.Book(campaign.Funding(now))
	})
}

// Redate appends a version of a campaign with another period; its budget stays.
func (c Cashier) Redate(ctx context.Context, campaign Campaign) error {
	if err := campaign.Check(); err != nil {
		return err
	}
	return c.Store.MoneyTx(ctx, func(tx Tx) error { return tx.InsertCampaign(campaign) })
}

// End gives what is left of a campaign's budget back to its sponsor. What is reserved stays until
// it is posted or voided; ending again later returns that too. The id makes it happen once.
func (c Cashier) End(
	ctx context.Context, campaign Campaign, id EntryID, now time.Time,
) (Fen, error) {
	var left Fen
	err := c.Store.MoneyTx(ctx, func(tx Tx) error {
		budget, err := tx.Account(PromoBudget(campaign.ID))
		if err != nil {
			return err
		}
		if left = budget.Available(); left == 0 {
			return nil
		}
		return tx.Book(Entry{ID: id, At: now, Transfers: []Transfer{{
			ID: TransferID(id), Kind: TransferPosted, Code: CodeCampaignEnd, Amount: left,
			Debit: budget.ID, Credit: SponsorReceivable(campaign.Sponsor),
		}}})
	})
	return left, err
}

// MaxTopUp is the most that one top-up may bring: 100,000 yuan.
const MaxTopUp = Fen(100_000_00)

// TopUp books money from an account into a rider's wallet, once for each id.
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
