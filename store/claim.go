package store

import (
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// claimColumns are written by InsertClaim and read by scanClaim in this order.
var claimColumns = columns{
	"campaign", "day", "city", "sponsor", "amount", "transfers", "state", "disputed", "withdrawn",
	"why", "made_at", "changed_at", "changed_by",
}

var (
	given = &query{text: `SELECT ` + total("amount") + `, count(*) FROM transfer
		WHERE (kind = 'posted' OR kind = 'post') AND substr(debit, 1, 13) = 'promo_budget:'
			AND debit = $1 AND at >= $2 AND at < $3 AND code <> 'campaign_end'`}
	// The id of what comes back ends with its code and its campaign: see money.GivenBack.
	returned = &query{text: `SELECT ` + total("amount") + `, count(*) FROM transfer
		WHERE (code = 'subsidy_rider_back' OR code = 'subsidy_driver_back')
			AND at >= $2 AND at < $3
			AND substr(id, length(id) - length(code) - length($1) - 1) = '/' || code || '/' || $1`}
	insertClaim = &query{
		text: claimColumns.insert("claim").text + ` ON CONFLICT (campaign, day) DO NOTHING`,
	}
	claimByKey = &query{
		text: claimColumns.selects(`claim WHERE campaign = $1 AND day = $2`).text,
		lock: `FOR UPDATE`,
	}
	updateClaim = &query{text: `UPDATE claim SET state = $3, disputed = $4, withdrawn = $5,
		why = $6, changed_at = $7, changed_by = $8
		WHERE campaign = $1 AND day = $2 AND state = $9`}
	claimsOf = claimColumns.selects(`claim WHERE (sponsor = $1 OR $1 = '')
		AND (state = $2 OR $2 = '') AND campaign || '/' || day > $3
		ORDER BY campaign || '/' || day LIMIT $4`)
)

func scanClaim(r *reader) money.Claim {
	return money.Claim{
		Campaign: money.CampaignID(r.text()), Day: r.text(), City: r.text(),
		Sponsor: money.Party(r.text()), Amount: r.fen(), Transfers: r.int(),
		State: money.ClaimState(r.text()), Disputed: r.fen(), Withdrawn: r.fen(), Why: r.text(),
		MadeAt: r.time(), ChangedAt: r.time(), By: r.text(),
	}
}

// Given implements [money.Claims].
func (t *tx) Given(c money.CampaignID, from, to time.Time) (sum money.Fen, n int, err error) {
	err = t.each(given, []any{string(money.PromoBudget(c)), millis(from), millis(to)},
		func(r *reader) { sum, n = r.fen(), r.int() })
	if err == nil {
		err = t.each(returned, []any{string(c), millis(from), millis(to)},
			func(r *reader) { sum, n = sum-r.fen(), n+r.int() })
	}
	return sum, n, err
}

// InsertClaim implements [money.Claims].
func (t *tx) InsertClaim(c money.Claim) (bool, error) {
	n, err := t.exec(insertClaim, string(c.Campaign), c.Day, c.City, string(c.Sponsor),
		int64(c.Amount), c.Transfers, string(c.State), int64(c.Disputed), int64(c.Withdrawn),
		c.Why, millis(c.MadeAt), millis(c.ChangedAt), c.By)
	return n == 1, err
}

// Claim implements [money.Claims].
func (t *tx) Claim(c money.CampaignID, day string) (money.Claim, error) {
	claim, ok, err := one(t, scanClaim, claimByKey, string(c), day)
	if err != nil || ok {
		return claim, err
	}
	return claim, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonCampaign,
		"nothing is claimed for %s of %s", c, day)
}

// UpdateClaim implements [money.Claims].
func (t *tx) UpdateClaim(c money.Claim, from money.ClaimState) error {
	n, err := t.exec(updateClaim, string(c.Campaign), c.Day, string(c.State), int64(c.Disputed),
		int64(c.Withdrawn), c.Why, millis(c.ChangedAt), c.By, string(from))
	if err != nil || n == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"the claim for %s of %s is not %s any more", c.Campaign, c.Day, from)
}

// ClaimsOf implements [money.Claims].
func (t *tx) ClaimsOf(q money.ClaimQuery) ([]money.Claim, error) {
	return all(t, scanClaim, claimsOf, string(q.Sponsor), string(q.State), q.After, q.Limit)
}
