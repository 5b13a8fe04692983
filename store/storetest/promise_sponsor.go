package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// promiseSponsor: what a campaign has given is asked of its sponsor once, by days, to the fen; what
// is paid and what is given up is booked once; when the campaign has ended and all is settled, the
// sponsor owes us nothing.
func promiseSponsor(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		w := newClaimWorld(t, open(t))
		if err := w.settled(w.db); err != nil {
			t.Error(err)
		}
	})
	t.Run("Draw", func(t *testing.T) { drawClaimed(t, open(t)) })
	for name, mutant := range map[string]func(money.Tx) money.Tx{
		"AFenTooMuch": func(tx money.Tx) money.Tx { return claimsCap{tx} },
		"ClaimsAgain": func(tx money.Tx) money.Tx { return claimsAgain{tx} },
	} {
		t.Run("Mutant"+name, func(t *testing.T) {
			w := newClaimWorld(t, open(t))
			caught(t, w.settled(mutantMoney{mutantStore{w.db, mutant}, w.db}))
		})
	}
}

// mutantMoney is a money.Store whose transactions are broken.
type mutantMoney struct {
	mutantStore
	db Database
}

// Audit implements [money.Store].
func (m mutantMoney) Audit(
	ctx context.Context, visit func(money.Subject, money.Transfer),
) ([]money.Account, error) {
	return m.db.Audit(ctx, visit)
}

// claimsCap claims a fen more than was given.
type claimsCap struct{ money.Tx }

// Given takes a fen too much.
func (c claimsCap) Given(
	id money.CampaignID, from, to time.Time,
) (money.Fen, int, error) {
	sum, n, err := c.Tx.Given(id, from, to)
	if sum > 0 {
		sum++
	}
	return sum, n, err
}

// claimsAgain forgets what was claimed.
type claimsAgain struct{ money.Tx }

// InsertClaim always takes a claim for the first.
func (c claimsAgain) InsertClaim(claim money.Claim) (bool, error) {
	_, err := c.Tx.InsertClaim(claim)
	return true, err
}

const claimCampaign = money.CampaignID("spring")

// claimWorld is a campaign that has given on three days.
type claimWorld struct {
	t    *testing.T
	db   Database
	days []money.CityDay
	sums []money.Fen // given on each, less what came back
}

// transfersOfDay is how many transfers each day's sum has.
var transfersOfDay = []int{2, 3, 2, 2}

func newClaimWorld(t *testing.T, db Database) *claimWorld {
	w := &claimWorld{t: t, db: db}
	first := noon.Add(-12 * time.Hour) // midnight in Beijing
	check(t, money.Cashier{Store: db}.Launch(t.Context(), money.Campaign{
		ID: claimCampaign, Version: 1, City: string(city), Sponsor: "alipay",
		Channel: money.Alipay, State: money.CampaignRuns, Rider: money.Fixed(500),
		Cap: money.Yuan(1000), StartsAt: first, EndsAt: first.AddDate(0, 0, 7),
	}, first))
	for day := range 3 {
		from := first.AddDate(0, 0, day)
		w.days = append(w.days, money.CityDay{
			Day: fmt.Sprintf("2013-12-%02d", 9+day), From: from, To: from.AddDate(0, 0, 1),
		})
		w.sums = append(w.sums, 0)
		for i, at := range []time.Time{
			from, from.Add(7 * time.Hour), from.AddDate(0, 0, 1).Add(-time.Millisecond),
		} {
			w.give(day, i, at)
		}
	}
	last := w.days[2]
	w.days = append(w.days, money.CityDay{
		Day: "2013-12-12", From: last.To, To: last.To.AddDate(0, 0, 1),
	})
	w.sums = append(w.sums, 0) // nothing is given, and some comes back
	w.giveBack(1, 30, money.PromoBudget(claimCampaign))
	w.giveBack(3, 200, money.PromoBudget(claimCampaign))
	w.giveBack(3, 50, money.SponsorReceivable("alipay")) // as if the campaign had ended
	return w
}

// giveBack is what a corrected fare gives back on a day, to an account.
func (w *claimWorld) giveBack(day int, amount money.Fen, to money.AccountID) {
	w.t.Helper()
	id := money.TransferID(fmt.Sprintf("back/%d/%s", day, to))
	for _, m := range money.GivenBack(nil, money.Subsidy{Grants: []money.Grant{{
		Campaign: claimCampaign, Rider: amount,
	}}}, money.Subsidy{Grants: make([]money.Grant, 1)}, "driver_payable:D", id) {
		m.Credit = to
		do(w.t, w.db, bookIt(money.Entry{
			ID: money.EntryID(m.ID), Subject: "ride", At: w.days[day].From.Add(8 * time.Hour),
			Transfers: []money.Transfer{m},
		}))
	}
	w.sums[day] -= amount
}

// give reserves a subsidy, and posts it unless it is a day's second, which is given back.
func (w *claimWorld) give(day, i int, at time.Time) {
	w.t.Helper()
	id := money.TransferID(fmt.Sprintf("give/%d/%d", day, i))
	hold := pending(id, money.PromoBudget(claimCampaign), "driver_payable:D",
		money.Fen(500+day*10+i))
	hold.Code = money.CodeSubsidyRider
	end := money.TransferPost
	if i == 1 {
		end = money.TransferVoid
	} else {
		w.sums[day] += hold.Amount
	}
	for _, m := range []money.Transfer{hold, hold.Resolve(end)} {
		do(w.t, w.db, bookIt(money.Entry{
			ID: money.EntryID(m.ID), Subject: "ride", At: at, Transfers: []money.Transfer{m},
		}))
	}
}

// settled claims the days from several sides, has one claim disputed and one withdrawn in part,
// pays all and ends the campaign, and says what is wrong in the end.
func (w *claimWorld) settled(store money.Store) error {
	ctx, cashier := context.WithoutCancel(w.t.Context()), money.Cashier{Store: store}
	made, failed := make([][]money.Claim, 4), make([]error, 4)
	each(4, 4, func(i int) {
		made[i], failed[i] = cashier.Claim(ctx, string(city), w.days, noon)
	})
	all := 0
	for i, claims := range made {
		if failed[i] != nil {
			return failed[i]
		}
		all += len(claims)
		for _, c := range claims {
			day := int(c.Day[9]-'0') + 10*int(c.Day[8]-'0') - 9
			if c.Amount != w.sums[day] || c.Transfers != transfersOfDay[day] ||
				c.Sponsor != "alipay" {
				return fmt.Errorf("claimed %+v, given were %s", c, w.sums[day])
			}
		}
	}
	if all != len(w.days) {
		return fmt.Errorf("%d claims of %d days", all, len(w.days))
	}
	if err := w.argue(cashier); err != nil {
		return err
	}
	var open []money.Claim
	do(w.t, w.db, func(tx dispatch.Tx) (err error) {
		open, err = tx.ClaimsOf(money.ClaimQuery{State: money.ClaimMade, Limit: 10})
		return err
	})
	paid := make([]error, 2*len(open))
	each(4, 2*len(open), func(i int) {
		c := open[i/2]
		_, paid[i] = cashier.SettleClaim(ctx, money.ClaimWord{
			Campaign: c.Campaign, Day: c.Day, Amount: c.Due(), Why: "paid", By: "ops",
		}, noon)
	})
	for i := range open { // each was paid twice
		first, second := paid[2*i], paid[2*i+1]
		if (first == nil) == (second == nil) {
			return fmt.Errorf("paid twice: %w", errors.Join(first, second))
		}
	}
	if _, err := cashier.End(ctx, money.Campaign{
		ID: claimCampaign, City: string(city), Sponsor: "alipay",
	}, "end", noon); err != nil {
		return err
	}
	books(w.t, w.db)
	if owed := account(w.t, w.db, money.SponsorReceivable("alipay")).Balance(); owed != 0 {
		return fmt.Errorf("the sponsor owes us %s yuan in the end", -owed)
	}
	return nil
}

// drawClaimed: what a draw has given is asked of its sponsor, too.
func drawClaimed(t *testing.T, db Database) {
	d := drawOf("free", 1)
	fund := transfer("fund", money.SponsorReceivable(d.Sponsor), d.Budget(), 100_00)
	fund.Code = money.CodeFund
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertDraw(d) })
	do(t, db, bookIt(entry("fund", fund)))
	do(t, db, bookIt(entry("win", transfer("win", d.Budget(), "channel_clearing:x", 23_00))))
	day := money.CityDay{Day: "2013-12-09", From: noon, To: noon.Add(time.Hour)}
	made, err := money.Cashier{Store: db}.Claim(t.Context(), string(city),
		[]money.CityDay{day}, noon)
	check(t, err)
	if len(made) != 1 || made[0].Amount != 23_00 || made[0].Sponsor != d.Sponsor ||
		money.PromoBudget(made[0].Campaign) != d.Budget() {
		t.Errorf("claimed %+v", made)
	}
}

// argue has a claim disputed and decided, and refuses what is out of turn.
func (w *claimWorld) argue(c money.Cashier) error {
	ctx := w.t.Context()
	word := money.ClaimWord{
		Campaign: claimCampaign, Day: w.days[0].Day, Amount: 100, Why: "not ours", By: "ops",
	}
	_, err := c.DecideClaim(ctx, word, noon)
	wantError(w.t, err, dispatch.Conflict, dispatch.ReasonPayment)
	tooMuch := word
	tooMuch.Amount = w.sums[0] + 1
	_, err = c.DisputeClaim(ctx, tooMuch, noon)
	wantError(w.t, err, dispatch.Invalid, dispatch.ReasonAmount)
	if _, err = c.DisputeClaim(ctx, word, noon); err != nil {
		return err
	}
	_, err = c.SettleClaim(ctx, word, noon)
	wantError(w.t, err, dispatch.Conflict, dispatch.ReasonPayment)
	word.Amount = 40
	claim, err := c.DecideClaim(ctx, word, noon)
	if err != nil {
		return err
	}
	if claim.Due() != w.sums[0]-40 || claim.State != money.ClaimMade {
		return fmt.Errorf("after the dispute %+v", claim)
	}
	less := word
	_, err = c.SettleClaim(ctx, less, noon)
	wantError(w.t, err, dispatch.Invalid, dispatch.ReasonAmount)
	word.Day = "2013-12-31"
	_, err = c.DisputeClaim(ctx, word, noon)
	wantError(w.t, err, dispatch.NotFound, dispatch.ReasonCampaign)
	return nil
}
