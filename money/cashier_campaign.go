package money

import (
	"context"
	"fmt"
	"time"
)

// Redate appends a version of a campaign with another period or name; its budget stays, and so does
// all else that was funded, and a pause. A *CampaignError names the first field that differs from
// the newest version, or a version that does not follow on it.
func (c Cashier) Redate(ctx context.Context, campaign Campaign, now time.Time) error {
	if err := campaign.Check(); err != nil {
		return err
	}
	return c.Store.MoneyTx(ctx, func(tx Tx) error {
		newest, err := Launched(tx, campaign.City, campaign.ID)
		if err != nil {
			return err
		}
		if err := newest.redatedBy(campaign); err != nil {
			return err
		}
		campaign.State = newest.State
		if err := fits(tx, campaign, now); err != nil {
			return err
		}
		return tx.InsertCampaign(campaign)
	})
}

// Pause appends a version that gives nothing, or one that gives again, and returns it. Where that
// is so already it is the newest version, and nothing is written. What is reserved stays. A
// campaign that has ended is a *CampaignError.
func (c Cashier) Pause(
	ctx context.Context, city string, id CampaignID, paused bool,
) (Campaign, error) {
	to := CampaignRuns
	if paused {
		to = CampaignPaused
	}
	var next Campaign
	err := c.Store.MoneyTx(ctx, func(tx Tx) (err error) {
		if next, err = Launched(tx, city, id); err != nil {
			return err
		}
		switch next.State {
		case CampaignEnded:
			return &CampaignError{"id", "that of a campaign that has not ended"}
		case to:
			return nil
		default:
			next.State = to
			next.Version++
			return tx.InsertCampaign(next)
		}
	})
	return next, err
}

// Launched is the newest version of a campaign, or a *CampaignError if its city has none of it.
func Launched(tx Campaigns, city string, id CampaignID) (Campaign, error) {
	all, err := tx.CampaignsOf(city)
	if err != nil {
		return Campaign{}, err
	}
	for _, newest := range all {
		if newest.ID == id {
			return newest, nil
		}
	}
	return Campaign{}, &CampaignError{"id", fmt.Sprintf(
		"that of a campaign which is launched in %s; %q is not", city, id)}
}

// Newest is the newest version of a campaign. A *CampaignError if it was not launched in the city.
func (c Cashier) Newest(
	ctx context.Context, city string, id CampaignID,
) (newest Campaign, err error) {
	err = c.Store.MoneyTx(ctx, func(tx Tx) (err error) {
		newest, err = Launched(tx, city, id)
		return err
	})
	return newest, err
}

// End ends a campaign at once and for good, by a version of it that gives nothing, gives what is
// left of its budget back to its sponsor, and returns how much that is. What is reserved stays
// until it is posted or voided; ending again, with another id, returns that too. The same id moves
// money once: again it returns 0 if nothing is left, and an error of kind Conflict of the store if
// something has been given back to the budget meanwhile. A campaign that was not launched in its
// city with its sponsor is a *CampaignError.
func (c Cashier) End(
	ctx context.Context, campaign Campaign, id EntryID, now time.Time,
) (Fen, error) {
	var left Fen
	err := c.Store.MoneyTx(ctx, func(tx Tx) error {
		left = 0
		newest, err := Launched(tx, campaign.City, campaign.ID)
		if err != nil {
			return err
		}
		if campaign.Sponsor != newest.Sponsor {
			return &CampaignError{"sponsor", string(newest.Sponsor) + ", as it was funded"}
		}
		if newest.State != CampaignEnded {
			newest.State = CampaignEnded
			newest.Version++
			if err := tx.InsertCampaign(newest); err != nil {
				return err
			}
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
