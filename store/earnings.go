package store

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// paid sums the payments of a ride for some purposes in some states, less what of them goes back,
// or has gone, from the account $4.
func paid(purposes, states string) string {
	return `(SELECT coalesce(sum(amount - (SELECT coalesce(sum(refund.amount), 0) FROM refund
			WHERE refund.subject = payment.subject AND refund.payment = payment.id
				AND refund.giver = $4 AND refund.state <> 'closed')), 0)
		FROM payment WHERE subject = ride.id AND purpose IN (` + purposes + `)
			AND payment.state IN (` + states + `))`
}

// The purposes that pay a fare, and the states of what a channel has moved.
const (
	fareParts  = `'fare', 'share', 'rest'`
	isCaptured = `'paid', 'partly_refunded', 'refunded'`
)

// total is a sum in an integer: Postgres would make it a decimal number.
func total(column string) string {
	return `CAST(coalesce(sum(` + column + `), 0) AS BIGINT)`
}

// earnings reads the driver's rides of a span by their index. A street ride that was not paid by a
// code has no payment: it was paid at the kerb.
var earnings = &query{text: `SELECT count(*), ` + total("fares") + `, ` + total("cash") + `, ` +
	total("tips") + `, ` + total("subsidies") + `,
	coalesce((SELECT credits - debits FROM account WHERE id = $4), 0)
	FROM (SELECT ` + paid(fareParts, isCaptured) + ` AS fares,
		CASE WHEN rider = '' AND pay_by = '' AND state = 'settled' THEN meter + tolls
			ELSE ` + paid(fareParts, `'cash_confirmed'`) + ` END AS cash,
		CASE WHEN state = 'settled' THEN ` + paid(`'tip'`, isCaptured+`, 'cash_confirmed'`) + `
			ELSE 0 END AS tips,
		CASE WHEN state = 'settled' AND subsidy_reason = 'granted' AND NOT EXISTS (
				SELECT 1 FROM subsidy_hold
				WHERE subsidy_hold.ride = ride.id AND subsidy_hold.state <> 'released')
			THEN driver_subsidy ELSE 0 END
			+ (SELECT coalesce(sum(repair.driver), 0) FROM repair WHERE repair.ride = ride.id)
			AS subsidies
		FROM ride WHERE driver = $1 AND driver <> '' AND completed_at > 0
			AND completed_at >= $2 AND completed_at < $3) AS driven`}

// Earnings adds up the driver's rides completed in [from, to). A fare counts when it is paid, a tip
// and a subsidy when the ride is settled, a subsidy that is held when it is released, what
// a campaign gives afterwards with its ride; fare and tip
// less what the driver has given back. Who has driven nothing has earned nothing.
func (db *DB) Earnings(
	ctx context.Context, driver dispatch.DriverID, from, to time.Time,
) (dispatch.Earnings, error) {
	scan := func(r *reader) dispatch.Earnings {
		return dispatch.Earnings{
			Rides: r.int(), Fares: r.fen(), Cash: r.fen(), Tips: r.fen(), Subsidies: r.fen(),
			Balance: r.fen(),
		}
	}
	e, _, err := one(db.look(ctx), scan, earnings, string(driver), millis(from), millis(to),
		string(money.DriverPayable(dispatch.DriverParty(driver))))
	return e, err
}
