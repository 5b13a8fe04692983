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
// *CampaignError names a field that is out of its limits; a campaign that is launched already is an
// error of kind Conflict of the store.
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

// Redate appends a version of a campaign with another period; its budget stays, and so does all
// else that was funded. A *CampaignError names the first field that differs from the newest
// version, or a version that does not follow on it.
func (c Cashier) Redate(ctx context.Context, campaign Campaign) error {
	if err := campaign.Check(); err != nil {
		return err
	}
	return c.Store.MoneyTx(ctx, func(tx Tx) error {
		newest, err := launched(tx, campaign)
		if err != nil {
			return err
		}
		if err := newest.redatedBy(campaign); err != nil {
			return err
		}
		return tx.InsertCampaign(campaign)
	})
}

// launched is the newest version of a campaign, or a *CampaignError if its city has none of it.
func launched(tx Tx, c Campaign) (Campaign, error) {
	all, err := tx.CampaignsOf(c.City)
	if err != nil {
		return Campaign{}, err
	}
	for _, newest := range all {
		if newest.ID == c.ID {
			return newest, nil
		}
	}
	return Campaign{}, &CampaignError{"city", fmt.Sprintf("that in which %q is launched", c.ID)}
}

// redatedBy checks that next follows on c, and differs in its period only.
func (c Campaign) redatedBy(next Campaign) error {
	switch {
	case next.Version != c.Version+1:
		return &CampaignError{"version", fmt.Sprintf("%d, after the newest", c.Version+1)}
	case next.Sponsor != c.Sponsor:
		return &CampaignError{"sponsor", string(c.Sponsor) + ", as it was funded"}
	case next.Channel != c.Channel:
		return &CampaignError{"channel", string(c.Channel) + ", as it was funded"}
	case next.Rider != c.Rider:
		return &CampaignError{"rider", fmt.Sprintf("%d fen, as it was funded", c.Rider)}
	case next.Driver != c.Driver:
		return &CampaignError{"driver", fmt.Sprintf("%d fen, as it was funded", c.Driver)}
	case next.Cap != c.Cap:
		return &CampaignError{"cap", fmt.Sprintf("%d fen, as it was funded", c.Cap)}
	default:
		return nil
	}
}

// End gives what is left of a campaign's budget back to its sponsor, and returns how much that is.
// What is reserved stays until it is posted or voided; ending later, with another id, returns that
// too. The same id moves money once: again it returns 0 if nothing is left, and an error of kind
// Conflict of the store if something has been given back to the budget meanwhile. A campaign that
// was not launched in its city with its sponsor is a *CampaignError.
func (c Cashier) End(
	ctx context.Context, campaign Campaign, id EntryID, now time.Time,
) (Fen, error) {
	var left Fen
	err := c.Store.MoneyTx(ctx, func(tx Tx) error {
		left = 0
		funded, err := launched(tx, campaign)
		if err != nil {
			return err
		}
		if campaign.Sponsor != funded.Sponsor {
			return &CampaignError{"sponsor", string(funded.Sponsor) + ", as it was funded"}
		}
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
	if err != nil {
		return 0, err
	}
	return left, nil
}

// MaxTopUp is the most that one top-up may bring: 100,000 yuan.
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
