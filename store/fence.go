package store

import (
	"context"
	"time"

	"hexhail/dispatch"
)

var (
	// The lock keeps a taker waiting until this transaction has ended, so that nothing of the old
	// engine commits after the new one has begun.
	checkFence = &query{
		text: `SELECT fence FROM city_owner WHERE city = $1 AND fence = $2`,
		lock: `FOR SHARE`,
	}
	raiseFence = &query{text: `INSERT INTO city_owner (city, fence) VALUES ($1, 1)
		ON CONFLICT (city) DO UPDATE SET fence = city_owner.fence + 1 RETURNING fence`}
	markAlive = &query{text: `UPDATE city_owner SET alive_at = $2
		WHERE city = $1 AND alive_at < $2`}
	aliveAt = &query{text: `SELECT alive_at FROM city_owner WHERE city = $1`}
)

// FencedTx is Tx for the engine of a city. It is refused with Conflict and ReasonFenced if another
// engine has taken the city since.
func (db *DB) FencedTx(ctx context.Context, f dispatch.Fence, fn func(dispatch.Tx) error) error {
	return db.transact(ctx, func(t *tx) error {
		_, ok, err := one(t, (*reader).int, checkFence, string(f.City), f.Number)
		if err != nil {
			return err
		}
		if !ok {
			return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonFenced,
				"another engine has taken %s: fence %d is not its last", f.City, f.Number)
		}
		return fn(t)
	})
}

// TakeCity raises the city's fence: from now on only the caller's FencedTx are let through.
func (db *DB) TakeCity(ctx context.Context, city dispatch.CityID) (dispatch.Fence, error) {
	fence := dispatch.Fence{City: city}
	err := db.transact(ctx, func(t *tx) (err error) {
		fence.Number, _, err = one(t, (*reader).int, raiseFence, string(city))
		return err
	})
	return fence, err
}

// MarkAlive implements [dispatch.Lives].
func (t *tx) MarkAlive(city dispatch.CityID, now time.Time) error {
	_, err := t.exec(markAlive, string(city), millis(now))
	return err
}

// AliveAt implements [dispatch.Lives].
func (t *tx) AliveAt(city dispatch.CityID) (time.Time, error) {
	at, _, err := one(t, (*reader).time, aliveAt, string(city))
	return at, err
}
