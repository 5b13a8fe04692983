package money

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// ClaimState is where a claim stands.
type ClaimState string

// The states of a claim.
const (
	ClaimMade     ClaimState = "claimed"  // the sponsor owes it
	ClaimDisputed ClaimState = "disputed" // the sponsor does not agree to all of it
	ClaimSettled  ClaimState = "settled"  // nothing is owed any more
)

// MaxClaimNote is the longest reason of a dispute or of its decision, in bytes.
const MaxClaimNote = 500

// Claim is what a campaign has given on a city day, asked of its sponsor: a row of the statement
// that the sponsor gets each day.
type Claim struct {
	Campaign CampaignID
	Day      string // of the city, "2014-01-10"
	City     string
	Sponsor  Party
	// Amount is what was posted, not what was reserved, less what came back for fares that were
	// corrected. Below 0 it is what we owe the sponsor.
	Amount    Fen
	Transfers int // of which it is the sum
	State     ClaimState
	Disputed  Fen    // by the sponsor, the last time
	Withdrawn Fen    // of disputes that were decided for the sponsor: our loss
	Why       string // the last word about it
	MadeAt    time.Time
	ChangedAt time.Time
	By        string // who has changed it last; "" is nobody
}

// Due is what the sponsor still owes; below 0 what we owe the sponsor.
func (c Claim) Due() Fen {
	if c.State == ClaimSettled {
		return 0
	}
	return c.Amount - c.Withdrawn
}

// ClaimWord is somebody's word about a claim.
type ClaimWord struct {
	Campaign CampaignID
	Day      string
	Amount   Fen    // disputed, or withdrawn; a settlement's is what has arrived
	Why      string // at most MaxClaimNote bytes
	By       string // "ops:me"
}

func (c Claim) state(step string) error {
	return &StateError{"claim", string(c.Campaign) + "/" + c.Day, string(c.State), step}
}

// said is the claim after a word, in a state.
func (c Claim) said(w ClaimWord, to ClaimState, now time.Time) Claim {
	c.State, c.Why, c.By, c.ChangedAt = to, w.Why, w.By, now
	return c
}

// Dispute is the claim after its sponsor has said that a part of it is not owed. An amount out of
// 1 to what is due is an *AmountError, a claim that is disputed or settled a *StateError.
func (c Claim) Dispute(w ClaimWord, now time.Time) (Claim, error) {
	if c.State != ClaimMade {
		return c, c.state("be disputed")
	}
	if w.Amount <= 0 || w.Amount > c.Due() {
		return c, &AmountError{Field: "amount", Value: w.Amount, Limit: max(0, c.Due())}
	}
	c.Disputed = w.Amount
	return c.said(w, ClaimDisputed, now), nil
}

// Decide is the claim after we have decided a dispute: so much of it is withdrawn, and is our loss
// by the entry; the rest is owed. 0 withdraws nothing, and the entry has no transfers.
func (c Claim) Decide(w ClaimWord, now time.Time) (Claim, Entry, error) {
	if c.State != ClaimDisputed {
		return c, Entry{}, c.state("be decided")
	}
	if err := CheckAmount("amount", w.Amount, c.Disputed); err != nil {
		return c, Entry{}, err
	}
	e := c.entry(fmt.Sprintf("withdraw/%d", c.Withdrawn+w.Amount), now)
	e.move("loss", CodeClaim, Loss, SponsorReceivable(c.Sponsor), w.Amount)
	c.Withdrawn += w.Amount
	c.Disputed = 0
	to := ClaimMade
	if c.Withdrawn == c.Amount {
		to = ClaimSettled
	}
	return c.said(w, to, now), e, nil
}

// Settle is the claim after what is due was paid, with the entry of it. Another amount is an
// *AmountError: what is less has to be disputed first.
func (c Claim) Settle(w ClaimWord, now time.Time) (Claim, Entry, error) {
	if c.State != ClaimMade {
		return c, Entry{}, c.state("be settled")
	}
	if w.Amount != c.Due() {
		return c, Entry{}, &AmountError{Field: "amount", Value: w.Amount, Limit: c.Due()}
	}
	e := c.entry("settle", now)
	e.move("bank", CodeClaim, Bank, SponsorReceivable(c.Sponsor), w.Amount)
	return c.said(w, ClaimSettled, now), e, nil
}

func (c Claim) entry(step string, now time.Time) Entry {
	return Entry{
		ID: EntryID("claim/" + string(c.Campaign) + "/" + c.Day + "/" + step), At: now,
	}
}

// CodeClaim is of what sponsors pay, or do not.
const CodeClaim Code = "claim"

// Claims are what sponsors are asked for.
type Claims interface {
	// Given is what a campaign has given in [from, to), in how many transfers: what was posted from
	// its budget, but for what its end gave back, less what corrected fares gave back.
	Given(c CampaignID, from, to time.Time) (sum Fen, transfers int, err error)
	// InsertClaim writes a claim; first is false if the campaign has one of the day.
	InsertClaim(c Claim) (first bool, err error)
	// Claim reads one and keeps others from changing it until the transaction ends. An error of
	// kind NotFound if there is none.
	Claim(c CampaignID, day string) (Claim, error)
	// UpdateClaim writes all but whose it is and its amount if the stored state is still from.
	UpdateClaim(c Claim, from ClaimState) error
	// ClaimsOf are claims by campaign and day.
	ClaimsOf(q ClaimQuery) ([]Claim, error)
}

// GivenBy reports whether a campaign has given by it: one of those that its claims sum up, less
// those of which BackTo says so.
func (b Booked) GivenBy(c CampaignID) bool {
	return b.Moved() && b.Debit == PromoBudget(c) && b.Code != CodeCampaignEnd
}

// ClaimQuery selects claims by the fields that are set.
type ClaimQuery struct {
	Sponsor Party
	State   ClaimState
	After   string // campaign/day
	Limit   int
}

// Key orders claims.
func (c Claim) Key() string { return string(c.Campaign) + "/" + c.Day }

// CityDay is a day of a city that is over.
type CityDay struct {
	Day      string
	From, To time.Time
}

// ClaimAfter is how long after a city day's end its claims are made: by then all that was booked in
// it is committed.
const ClaimAfter = time.Hour

// DaysBefore are the n latest days of a zone that are over since long enough to be claimed, the
// latest first.
func DaysBefore(now time.Time, zone *time.Location, n int) []CityDay {
	days := make([]CityDay, n)
	at := now.In(zone).Add(-ClaimAfter)
	for i := range days {
		to := time.Date(at.Year(), at.Month(), at.Day()-i, 0, 0, 0, 0, zone)
		from := to.AddDate(0, 0, -1)
		days[i] = CityDay{Day: from.Format(time.DateOnly), From: from, To: to}
	}
	return days
}

// Claim asks the sponsors of a city's campaigns, draws and hongbaos for what these have given on
// days that are over, once a campaign and day, and returns what is new. Nothing may be booked
// within the days any more.
func (c Cashier) Claim(
	ctx context.Context, city string, days []CityDay, now time.Time,
) (made []Claim, err error) {
	err = c.Store.MoneyTx(ctx, func(tx Tx) error {
		made = nil
		campaigns, err := tx.CampaignsOf(city)
		if err != nil {
			return err
		}
		draws, err := tx.DrawsOf(city)
		if err != nil {
			return err
		}
		for _, d := range draws { // whose budget is one like a campaign's
			campaigns = append(campaigns, Campaign{
				ID: CampaignID(drawPrefix + string(d.ID)), City: city, Sponsor: d.Sponsor,
			})
		}
		for _, campaign := range campaigns {
			for _, day := range days {
				claim, err := claimOf(tx, campaign, day, now)
				if err != nil {
					return err
				}
				made = append(made, claim...)
			}
		}
		for _, day := range days {
			hongbaos, err := claimHongbaos(tx, city, day, now)
			if err != nil {
				return err
			}
			made = append(made, hongbaos...)
		}
		return nil
	})
	return slices.Clip(made), err
}

// claimOf makes the claim of a campaign's day: see madeClaim.
func claimOf(tx Tx, c Campaign, day CityDay, now time.Time) ([]Claim, error) {
	sum, n, err := tx.Given(c.ID, day.From, day.To)
	if err != nil {
		return nil, err
	}
	return madeClaim(tx, Claim{
		Campaign: c.ID, Day: day.Day, City: c.City, Sponsor: c.Sponsor, Amount: sum,
		Transfers: n, State: ClaimMade, MadeAt: now, ChangedAt: now,
	})
}

// madeClaim writes a claim, unless there is one of its day or it comes to nothing.
func madeClaim(tx Tx, claim Claim) ([]Claim, error) {
	if claim.Amount == 0 {
		return nil, nil
	}
	first, err := tx.InsertClaim(claim)
	if err != nil || !first {
		return nil, err
	}
	return []Claim{claim}, nil
}

// DisputeClaim takes a sponsor's word that a part of a claim is not owed. Errors: see
// [Claim.Dispute].
func (c Cashier) DisputeClaim(ctx context.Context, w ClaimWord, now time.Time) (Claim, error) {
	return c.changeClaim(ctx, w, func(claim Claim) (Claim, Entry, error) {
		claim, err := claim.Dispute(w, now)
		return claim, Entry{}, err
	})
}

// DecideClaim decides a dispute. Errors: see [Claim.Decide].
func (c Cashier) DecideClaim(ctx context.Context, w ClaimWord, now time.Time) (Claim, error) {
	return c.changeClaim(ctx, w, func(claim Claim) (Claim, Entry, error) {
		return claim.Decide(w, now)
	})
}

// SettleClaim books that a sponsor has paid a claim. Errors: see [Claim.Settle].
func (c Cashier) SettleClaim(ctx context.Context, w ClaimWord, now time.Time) (Claim, error) {
	return c.changeClaim(ctx, w, func(claim Claim) (Claim, Entry, error) {
		return claim.Settle(w, now)
	})
}

func (c Cashier) changeClaim(
	ctx context.Context, w ClaimWord, change func(Claim) (Claim, Entry, error),
) (claim Claim, err error) {
	err = c.Store.MoneyTx(ctx, func(tx Tx) error {
		was, err := tx.Claim(w.Campaign, w.Day)
		if err != nil {
			return err
		}
		var entry Entry
		if claim, entry, err = change(was); err != nil {
			return err
		}
		if len(entry.Transfers) > 0 {
			if err := tx.Book(entry); err != nil {
				return err
			}
		}
		return tx.UpdateClaim(claim, was.State)
	})
	return claim, err
}
