package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
	// The driver's name is pgx.
	_ "github.com/jackc/pgx/v5/stdlib"

	"hexhail/dispatch"
)

// Postgres's codes (appendix A of its manual) that mean something here.
const (
	pgUnique        = "23505"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgText          = "22021" // a text with a NUL byte, or not in UTF-8
	pgJSONText      = "22P05" // the same in a list
	pgClassGuard    = "23"    // integrity constraint violation
	pgClassFull     = "53"    // insufficient resources
	pgClassStopped  = "57"    // operator intervention
	pgClassGone     = "08"    // connection exception
)

// How often a closure is run again.
const (
	maxConflicts  = 3
	maxDuplicates = 1
)

// How many connections a process keeps. 12 transactions at once are more than a server of 8 cores
// has a use for; short queries have their own, since they would wait in one line with the commits.
// Six nodes stay within the usual 100.
const (
	postgresConns   = 12
	postgresLookers = 4
)

type postgres struct {
	options
	db      *sql.DB
	lookers *sql.DB
	closed  atomic.Bool
	horizon horizon
}

func openPostgres(ctx context.Context, url string, o options) (engine, error) {
	db, err := openPool(url, postgresConns)
	if err != nil {
		return nil, err
	}
	p := &postgres{options: o, db: db}
	if err = p.checkSettings(ctx); err == nil {
		err = migratePostgres(ctx, db)
	}
	if err == nil {
		p.lookers, err = openPool(url, postgresLookers)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
}

func openPool(url string, conns int) (*sql.DB, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, unavailable("Postgres", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// checkSettings refuses a server that may lose what it has committed.
func (p *postgres) checkSettings(ctx context.Context) error {
	for _, name := range []string{"synchronous_commit", "fsync"} {
		var got string
		if err := p.db.QueryRowContext(ctx, "SHOW "+name).Scan(&got); err != nil {
			return translate(err)
		}
		if got != "on" && got != "remote_apply" { // which waits for more than on does
			return unavailable(fmt.Sprintf("Postgres runs with %s = %s, not on", name, got), nil)
		}
	}
	return nil
}

func (p *postgres) write(ctx context.Context, fn func(runner) error) error {
	conflicts, duplicates := 0, 0
	for {
		err := p.once(ctx, nil, fn)
		switch code := pgCode(err); {
		case (code == pgSerialization || code == pgDeadlock) && conflicts < maxConflicts:
			conflicts++
		case code == pgUnique && duplicates < maxDuplicates:
			duplicates++
		default:
			return err
		}
	}
}

func (p *postgres) read(ctx context.Context, fn func(runner) error) error {
	return p.once(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

// look saves the two round trips of a transaction: a single query is a snapshot by itself.
func (p *postgres) look(
	ctx context.Context, q *query, args []any, visit func(row),
) error {
	if p.closed.Load() {
		return errClosed
	}
	run := &pgRunner{ctx: ctx, tx: p.lookers}
	return run.each(q, args, visit)
}

// once runs fn in one transaction. Its error is that of the statement that failed, if one has, or
// that the caller is gone.
func (p *postgres) once(
	ctx context.Context, how *sql.TxOptions, fn func(runner) error,
) (err error) {
	if p.closed.Load() {
		return errClosed
	}
	tx, err := p.db.BeginTx(ctx, how)
	if err != nil {
		return translate(err)
	}
	defer func() {
		_ = tx.Rollback() // after a commit it does nothing
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
			err = ctx.Err() // for which the driver has rolled it back
		}
	}()
	run := &pgRunner{ctx: ctx, tx: tx, reads: how != nil && how.ReadOnly}
	if err := fn(run); err != nil {
		if run.failed != nil && pgCode(err) == "" { // fn has hidden why
			return errors.Join(err, run.failed)
		}
		return err
	}
	if how == nil {
		p.at(PauseBeforeCommit)
	}
	if how != nil {
		return translate(tx.Commit())
	}
	if err := p.committed(1, tx.Commit); err != nil {
		return translate(err)
	}
	p.at(PauseAfterCommit)
	return nil
}

func (p *postgres) close() error {
	if p.closed.Swap(true) {
		return nil
	}
	return errors.Join(p.lookers.Close(), p.db.Close())
}

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// translate gives an error of the driver its kind and reason.
func translate(err error) error {
	var own *dispatch.Error
	var e *pgconn.PgError
	switch {
	case err == nil || gone(err) || errors.As(err, &own):
		return err
	case !errors.As(err, &e):
		return unavailable("Postgres", err) // the connection
	case e.Code == pgUnique:
		return duplicate(e.ConstraintName, "", err)
	case e.Code == pgText, e.Code == pgJSONText:
		return &dispatch.Error{
			Kind: dispatch.Invalid, Reason: dispatch.ReasonField,
			Text: "a text must be UTF-8 without NUL bytes", Cause: err,
		}
	case e.Code[:2] == pgClassGuard:
		return internal("a constraint had to refuse a row", err)
	case e.Code == pgSerialization, e.Code == pgDeadlock, e.Code[:2] == pgClassFull,
		e.Code[:2] == pgClassStopped, e.Code[:2] == pgClassGone:
		return unavailable("the database cannot be used now", err)
	default:
		return internal("statement", err)
	}
}

// pgQuerier is a transaction, or the pool for a statement by itself.
type pgQuerier interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// pgRunner runs statements in a transaction of Postgres.
type pgRunner struct {
	ctx    context.Context
	tx     pgQuerier
	reads  bool  // and never writes: a snapshot, which may lock no row and need not
	failed error // the first
	row    pgRow
}

func (r *pgRunner) fail(err error) error {
	err = translate(err)
	if r.failed == nil {
		r.failed = err
	}
	return err
}

func (r *pgRunner) exec(q *query, args []any) (int64, error) {
	result, err := r.tx.ExecContext(r.ctx, q.postgres(false), args...)
	if err != nil {
		return 0, r.fail(err)
	}
	return result.RowsAffected()
}

func (r *pgRunner) each(q *query, args []any, visit func(row)) error {
	rows, err := r.tx.QueryContext(r.ctx, q.postgres(r.reads), args...)
	if err != nil {
		return r.fail(err)
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	names, err := rows.Columns()
	if err != nil {
		return r.fail(err)
	}
	r.row.fit(len(names))
	for rows.Next() {
		if err := rows.Scan(r.row.into...); err != nil {
			return r.fail(err)
		}
		r.row.at = 0
		visit(&r.row)
		if r.row.err != nil {
			return r.fail(r.row.err)
		}
	}
	if err := rows.Err(); err != nil {
		return r.fail(err)
	}
	return nil
}

// pgRow is a row as database/sql gives it.
type pgRow struct {
	values []any
	into   []any // pointers to values
	at     int
	err    error // a column that is not of the type that was asked for, or NULL
}

func (r *pgRow) fit(n int) {
	for len(r.values) < n {
		r.values = append(r.values, nil)
	}
	r.into = r.into[:0]
	for i := range n {
		r.into = append(r.into, &r.values[i])
	}
}

func pgValue[T any](r *pgRow) T {
	v, ok := r.values[r.at].(T)
	if !ok && r.err == nil {
		r.err = internal(fmt.Sprintf("column %d is a %T", r.at+1, r.values[r.at]), nil)
	}
	r.at++
	return v
}

func (r *pgRow) integer() int64 { return pgValue[int64](r) }
func (r *pgRow) float() float64 { return pgValue[float64](r) }
func (r *pgRow) text() string   { return pgValue[string](r) }
func (r *pgRow) blob() []byte   { return pgValue[[]byte](r) }
