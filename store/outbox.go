package store

import (
	"context"

	"hexhail/dispatch"
)

// eventColumns are written by Emit and read by scanEvent in this order.
var eventColumns = columns{
	"id", "city", "ride", "version", "kind", "at", "state", "rider", "driver", "taxi", "reason",
}

var (
	emit   = eventColumns.insert("outbox")
	unsent = eventColumns.selects(`outbox ORDER BY id LIMIT $1`)
	// Counting rows reads each: nobody waits for more than was asked for.
	backlog = &query{text: `SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT $1) AS waiting`}
	sent    = &query{text: `DELETE FROM outbox WHERE id = $1`}
	// On Postgres a round trip costs more than a row.
	sentMany = &query{text: `DELETE FROM outbox WHERE id IN (` +
		make(columns, sentAtOnce).placeholders() + `)`}
)

// sentAtOnce is how many events one statement of many drops.
const sentAtOnce = 32

func scanEvent(r *reader) dispatch.Event {
	return dispatch.Event{
		ID: dispatch.EventID(r.text()), City: dispatch.CityID(r.text()),
		Ride: dispatch.RideID(r.text()), Version: r.int(), Kind: dispatch.EventKind(r.text()),
		At: r.time(), State: r.text(), Rider: dispatch.RiderID(r.text()),
		Driver: dispatch.DriverID(r.text()), Taxi: dispatch.TaxiID(r.text()), Reason: r.text(),
	}
}

// Emit implements [dispatch.Outbox].
func (t *tx) Emit(e dispatch.Event) error {
	_, err := t.exec(emit, string(e.ID), string(e.City), string(e.Ride), e.Version,
		string(e.Kind), millis(e.At), e.State, string(e.Rider), string(e.Driver),
		string(e.Taxi), e.Reason)
	return err
}

// Unsent implements [dispatch.Outbox].
func (t *tx) Unsent(limit int) ([]dispatch.Event, error) {
	return all(t, scanEvent, unsent, limit)
}

// Sent implements [dispatch.Outbox].
func (t *tx) Sent(ids []dispatch.EventID) error {
	for ; len(ids) >= sentAtOnce; ids = ids[sentAtOnce:] {
		t.args = t.args[:0]
		for _, id := range ids[:sentAtOnce] {
			t.args = append(t.args, string(id))
		}
		if _, err := t.exec(sentMany, t.args...); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if _, err := t.exec(sent, string(id)); err != nil {
			return err
		}
	}
	return nil
}

// Unsent reads events to send, by id, at most limit. It does not wait for writers.
func (db *DB) Unsent(ctx context.Context, limit int) ([]dispatch.Event, error) {
	return all(db.look(ctx), scanEvent, unsent, limit)
}

// Backlog counts the events that wait, up to atMost.
func (db *DB) Backlog(ctx context.Context, atMost int) (int, error) {
	n, _, err := one(db.look(ctx), func(r *reader) int { return r.int() }, backlog, atMost)
	return n, err
}

// Sent drops events that were sent; one that is not there is no error.
func (db *DB) Sent(ctx context.Context, ids []dispatch.EventID) error {
	if len(ids) == 0 {
		return nil
	}
	return db.transact(ctx, func(t *tx) error { return t.Sent(ids) })
}
