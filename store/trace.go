package store

import (
	"context"
	"slices"

	"hexhail/dispatch"
	"hexhail/geo"
)

// maxTraceFixes is the most that one call of AppendTrace takes.
const maxTraceFixes = 256

var (
	appendTrace = &query{text: `INSERT INTO trace (ride, seq, fixes)
		SELECT $1, coalesce(max(seq), 0) + 1, $2 FROM trace WHERE ride = $1`}
	traceOf = &query{text: `SELECT fixes FROM trace WHERE ride = $1 ORDER BY seq`}
)

// AppendTrace adds fixes in time order to a ride's trace: at most 256, each within geo's limits of
// a fix, else an error of kind Invalid. A fix is kept to 10⁻⁷ degrees, 1 ms, 1 cm/s, 0.01 degrees
// of heading and 1 cm of accuracy.
func (db *DB) AppendTrace(
	ctx context.Context, ride dispatch.RideID, fixes []geo.Fix,
) error {
	return db.AppendTraces(ctx, []dispatch.TraceBatch{{Ride: ride, Fixes: fixes}})
}

// AppendTraces is AppendTrace for many rides in one transaction: all of it or nothing.
func (db *DB) AppendTraces(ctx context.Context, batches []dispatch.TraceBatch) error {
	encoded := make([][]byte, len(batches))
	empty := true
	for i, b := range batches {
		if len(b.Fixes) == 0 {
			continue
		}
		empty = false
		var err error
		if encoded[i], err = encodeFixes(b.Fixes); err != nil {
			return err
		}
	}
	if empty {
		return nil
	}
	return db.transact(ctx, func(t *tx) error {
		for i, b := range batches {
			if encoded[i] == nil {
				continue
			}
			if _, err := t.exec(appendTrace, string(b.Ride), encoded[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Trace is all fixes of a ride in time order.
func (db *DB) Trace(ctx context.Context, ride dispatch.RideID) ([]geo.Fix, error) {
	var fixes []geo.Fix
	err := db.snapshot(ctx, func(t *tx) error {
		fixes = nil
		batches, err := all(t, func(r *reader) []byte { return r.blob() }, traceOf, string(ride))
		if err != nil {
			return err
		}
		for _, batch := range batches {
			if fixes, err = decodeFixes(fixes, batch); err != nil {
				return internal("trace of ride "+string(ride), err)
			}
		}
		return nil
	})
	byTime := func(a, b geo.Fix) int { return a.At.Compare(b.At) }
	if !slices.IsSortedFunc(fixes, byTime) { // batches of two nodes, after a session has moved
		slices.SortStableFunc(fixes, byTime)
	}
	return fixes, err
}
