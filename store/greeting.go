package store

import (
	"context"
	"time"

	"hexhail/dispatch"
)

// greetingColumns are written by InsertGreeting and read by scanGreeting in this order.
var greetingColumns = columns{
	"id", "driver", "city", "festival", "words", "sent_at", "riders",
}

var (
	insertGreeting = greetingColumns.insert("greeting")
	// The second condition on the state is that of the index.
	deliverGreeting = &query{text: `INSERT INTO greeting_to (rider, greeting)
		SELECT rider, $1 FROM regular WHERE driver = $2 AND state = 'kept' AND ` + isKept + `
		AND NOT EXISTS (SELECT 1 FROM greeting_refusal
			WHERE greeting_refusal.rider = regular.rider)`}
	refuseGreetings = &query{text: `INSERT INTO greeting_refusal (rider) VALUES ($1)
		ON CONFLICT (rider) DO NOTHING`}
	wantGreetings   = &query{text: `DELETE FROM greeting_refusal WHERE rider = $1`}
	refusedBy       = &query{text: `SELECT count(*) FROM greeting_refusal WHERE rider = $1`}
	forgetGreetings = &query{text: `DELETE FROM greeting WHERE id IN
		(SELECT id FROM greeting WHERE sent_at < $1 ORDER BY sent_at, id LIMIT $2)`}
	forgetGreetingsTo = &query{text: `DELETE FROM greeting_to WHERE greeting IN
		(SELECT id FROM greeting WHERE sent_at < $1 ORDER BY sent_at, id LIMIT $2)`}

	greetingCards = append(greetingColumns.of("greeting"), "regular.id",
		"coalesce(driver.name, '')", "coalesce(driver.photo_uri, '')")
	// What is shown is of people who still keep each other.
	riderGreetings = pagesOf(greetingCards, `greeting_to
		JOIN greeting ON greeting.id = greeting_to.greeting
		JOIN regular ON regular.rider = greeting_to.rider AND regular.driver = greeting.driver
			AND regular.state = 'kept'
		LEFT JOIN driver ON driver.id = greeting.driver
		WHERE greeting_to.rider = $1 AND greeting_to.rider <> ''`,
		1, "greeting_to.greeting", " DESC")
	driverGreetings = pagesOf(greetingColumns,
		`greeting WHERE driver = $1 AND driver <> ''`, 1, "id", " DESC")
)

func scanGreeting(r *reader) dispatch.Greeting {
	return dispatch.Greeting{
		ID: dispatch.GreetingID(r.text()), Driver: dispatch.DriverID(r.text()),
		City: dispatch.CityID(r.text()), Festival: dispatch.FestivalID(r.text()),
		Text: r.text(), SentAt: r.time(), Riders: r.int(),
	}
}

func scanGreetingCard(r *reader) dispatch.GreetingCard {
	return dispatch.GreetingCard{
		Greeting: scanGreeting(r), Regular: dispatch.RegularID(r.text()), Name: r.text(),
		PhotoURI: r.text(),
	}
}

// InsertGreeting implements [dispatch.Greetings].
func (t *tx) InsertGreeting(g dispatch.Greeting) error {
	_, err := t.exec(insertGreeting, string(g.ID), string(g.Driver), string(g.City),
		string(g.Festival), g.Text, millis(g.SentAt), g.Riders)
	return err
}

// DeliverGreeting implements [dispatch.Greetings].
func (t *tx) DeliverGreeting(g dispatch.Greeting) (int, error) {
	n, err := t.exec(deliverGreeting, string(g.ID), string(g.Driver))
	return int(n), err
}

// SetGreetings implements [dispatch.Greetings].
func (t *tx) SetGreetings(rider dispatch.RiderID, want bool) error {
	q := refuseGreetings
	if want {
		q = wantGreetings
	}
	_, err := t.exec(q, string(rider))
	return err
}

// ForgetGreetings implements [dispatch.Greetings].
func (t *tx) ForgetGreetings(before time.Time, limit int) (int, error) {
	if _, err := t.exec(forgetGreetingsTo, millis(before), limit); err != nil {
		return 0, err
	}
	n, err := t.exec(forgetGreetings, millis(before), limit)
	return int(n), err
}

// RiderGreetings are the greetings to a rider, by drivers whom the rider keeps still, the latest
// first. Invalid for a page out of its limits.
func (db *DB) RiderGreetings(
	ctx context.Context, rider dispatch.RiderID, p dispatch.Page,
) ([]dispatch.GreetingCard, error) {
	return page(db.look(ctx), scanGreetingCard, riderGreetings, p, string(rider))
}

// DriverGreetings are the greetings by a driver, likewise.
func (db *DB) DriverGreetings(
	ctx context.Context, driver dispatch.DriverID, p dispatch.Page,
) ([]dispatch.Greeting, error) {
	return page(db.look(ctx), scanGreeting, driverGreetings, p, string(driver))
}

// WantsGreetings reports whether a rider wants greetings.
func (db *DB) WantsGreetings(ctx context.Context, rider dispatch.RiderID) (bool, error) {
	n, _, err := one(db.look(ctx), (*reader).int, refusedBy, string(rider))
	return n == 0, err
}
