package store

import (
	"context"

	"hexhail/dispatch"
)

// What statements read. Rides belong to the span in which they were completed, or cancelled late.
// $1 names whose they are; a company that asks, $4, sees the rides of its own drivers alone,
// whoever they are now.
const (
	completedIn = ` AND ride.completed_at > 0
		AND ride.completed_at >= $2 AND ride.completed_at < $3`
	cancelledIn = ` AND ride.cancel_fee > 0 AND ride.ended_at >= $2 AND ride.ended_at < $3`
	ofCompany   = ` AND ($4 = '' OR driver.company = $4)`

	// A street ride that was not paid by a code has no payment: it was paid at the kerb.
	byHand = `CASE WHEN ride.pay_by = '' AND ride.state = 'settled' THEN ride.meter + ride.tolls
		ELSE (SELECT CAST(coalesce(sum(amount - discount), 0) AS BIGINT) FROM payment
			WHERE subject = ride.id AND payment.state = 'cash_confirmed') END`
)

// whose are the rides that a statement is of, by its kind.
var whose = map[dispatch.StatementOf]string{
	dispatch.StatementOfDriver: `ride JOIN driver ON driver.id = ride.driver
		WHERE ride.driver = $1 AND ride.driver <> ''`,
	dispatch.StatementOfTaxi: `ride JOIN driver ON driver.id = ride.driver
		WHERE ride.taxi = $1 AND ride.taxi <> ''`,
	dispatch.StatementOfCompany: `driver JOIN ride ON ride.driver = driver.id
		WHERE driver.company = $1 AND driver.company <> '' AND ride.driver <> ''`,
}

// statementQueries are what a kind of statement reads.
type statementQueries struct{ rides, transfers, cancelled, withdrawn *query }

var statements = func() map[dispatch.StatementOf]statementQueries {
	byKind := map[dispatch.StatementOf]statementQueries{}
	for of, from := range whose {
		booked := func(in string) *query {
			return &query{text: `SELECT ` +
				append(columns{"(CASE WHEN completed_at > 0 THEN completed_at ELSE ended_at END)"},
					transferColumns.of("transfer")...).String() +
				` FROM (SELECT ride.id AS ride, ride.completed_at AS completed_at,
					ride.ended_at AS ended_at FROM ` + from + in + ofCompany + `) AS these
				JOIN transfer ON transfer.subject = these.ride AND transfer.subject <> ''`}
		}
		byKind[of] = statementQueries{
			rides: &query{text: `SELECT ride.completed_at, ` + byHand + ` FROM ` + from +
				completedIn + ofCompany},
			transfers: booked(completedIn), cancelled: booked(cancelledIn),
		}
	}
	driver := byKind[dispatch.StatementOfDriver]
	driver.withdrawn = &query{text: `SELECT ended_at, amount FROM withdrawal
		JOIN driver ON driver.id = withdrawal.driver
		WHERE withdrawal.driver = $1 AND withdrawal.driver <> '' AND state = 'paid'
			AND ended_at >= $2 AND ended_at < $3` + ofCompany}
	byKind[dispatch.StatementOfDriver] = driver
	company := byKind[dispatch.StatementOfCompany]
	company.withdrawn = &query{text: `SELECT ended_at, amount FROM driver
		JOIN withdrawal ON withdrawal.driver = driver.id
		WHERE driver.company = $1 AND driver.company <> '' AND state = 'paid'
			AND ended_at >= $2 AND ended_at < $3` + ofCompany}
	byKind[dispatch.StatementOfCompany] = company
	return byKind
}()

// Statement adds up the rides of a span by days of a zone, from the transfers that were booked for
// them, in one snapshot. A ride counts on the day of its completion
// or of its late cancel, whenever it was paid. Who has driven nothing has an empty one.
func (db *DB) Statement(
	ctx context.Context, q dispatch.StatementQuery,
) (dispatch.Statement, error) {
	s := dispatch.NewStatement(q)
	texts := statements[q.Of]
	args := []any{q.ID, millis(q.From), millis(q.To), q.Company}
	err := db.snapshot(ctx, func(t *tx) error {
		err := t.each(texts.rides, args, func(r *reader) {
			at, cash := r.time(), r.fen()
			s.Ride(at, cash)
		})
		if err != nil {
			return err
		}
		for _, booked := range []*query{texts.transfers, texts.cancelled} {
			if err := t.each(booked, args, func(r *reader) {
				at := r.time()
				s.Transfer(at, scanTransfer(r))
			}); err != nil {
				return err
			}
		}
		if texts.withdrawn == nil {
			return nil
		}
		return t.each(texts.withdrawn, args, func(r *reader) {
			at := r.time()
			s.Withdrawal(at, r.fen())
		})
	})
	return s, err
}
