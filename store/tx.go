package store

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
)

// The ports that DB implements.
var (
	_ dispatch.Store  = (*DB)(nil)
	_ dispatch.Traces = (*DB)(nil)
	_ money.Store     = (*DB)(nil)
	_ dispatch.Tx     = (*tx)(nil)
	_ money.Tx        = (*tx)(nil)
)

// tx is one transaction, or one snapshot, of either engine.
type tx struct {
	run    runner
	pause  func(point string) // may be nil
	failed error              // of the first failed statement: the transaction is over
	args   []any              // of the statement that is being built, used again
	reader reader
}

// at calls the test's hook between a check and the act that it allows.
func (t *tx) at(point string) {
	if t.pause != nil {
		t.pause(point)
	}
}

func (t *tx) exec(q *query, args ...any) (changed int64, err error) {
	if err := t.over(); err != nil {
		return 0, err
	}
	if changed, err = t.run.exec(q, args); err != nil {
		t.failed = err
	}
	return changed, err
}

func (t *tx) each(q *query, args []any, visit func(*reader)) error {
	if err := t.over(); err != nil {
		return err
	}
	t.reader.err = nil
	err := t.run.each(q, args, func(r row) {
		t.reader.row = r
		visit(&t.reader)
	})
	if err == nil {
		err = t.reader.err
	}
	if err != nil {
		t.failed = err
	}
	return err
}

// over refuses a statement after one that failed, as Postgres does by itself.
func (t *tx) over() error {
	if t.failed == nil {
		return nil
	}
	return &dispatch.Error{
		Kind: dispatch.Internal, Reason: dispatch.ReasonStore,
		Text: "the transaction is over: a statement of it has failed", Cause: t.failed,
	}
}

// transact runs fn in one transaction. An fn that hides a failed statement fails all the same.
func (db *DB) transact(ctx context.Context, fn func(*tx) error) error {
	return db.engine.write(ctx, func(run runner) error {
		t := &tx{run: run, pause: db.pause}
		if err := fn(t); err != nil {
			return err
		}
		return t.failed
	})
}

// snapshot runs fn on what is committed; fn only reads.
func (db *DB) snapshot(ctx context.Context, fn func(*tx) error) error {
	return db.engine.read(ctx, func(run runner) error { return fn(&tx{run: run}) })
}

// look is for one query, on what is committed when it begins.
func (db *DB) look(ctx context.Context) *tx { return &tx{run: looker{ctx, db.engine}} }

// looker runs single queries.
type looker struct {
	ctx    context.Context
	engine engine
}

func (l looker) each(q *query, args []any, visit func(row)) error {
	return l.engine.look(l.ctx, q, args, visit)
}

func (l looker) exec(*query, []any) (int64, error) {
	return 0, internal("a read that writes", nil)
}

// Tx runs fn in one transaction and returns when it is committed, or with fn's error and nothing
// written. fn may run twice. It must not use db itself: on SQLite that would wait for itself.
func (db *DB) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return db.transact(ctx, func(t *tx) error { return fn(t) })
}

// View runs fn on one snapshot of what is committed, without waiting for writers. A write in it
// fails.
func (db *DB) View(ctx context.Context, fn func(dispatch.Tx) error) error {
	return db.snapshot(ctx, func(t *tx) error { return fn(t) })
}

// MoneyView is View for those who only know money.
func (db *DB) MoneyView(ctx context.Context, fn func(money.Tx) error) error {
	return db.snapshot(ctx, func(t *tx) error { return fn(t) })
}

// MoneyTx is Tx for those who only know money.
func (db *DB) MoneyTx(ctx context.Context, fn func(money.Tx) error) error {
	return db.transact(ctx, func(t *tx) error { return fn(t) })
}
