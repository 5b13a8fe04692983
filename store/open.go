package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hexhail/dispatch"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	engine engine
	pause  func(point string)
}

// engine is SQLite in a file, SQLite in memory, or Postgres.
type engine interface {
	// write runs fn in one transaction. On Postgres it may run several times.
	write(ctx context.Context, fn func(runner) error) error
	// read runs fn on one snapshot of what is committed. It may take long.
	read(ctx context.Context, fn func(runner) error) error
	// look runs one short query on what is committed. It neither waits for writers nor for read.
	look(ctx context.Context, q *query, args []any, visit func(row)) error
	// booked is a running number of the ledger up to which all transfers are committed or never
	// will be.
	booked(ctx context.Context) (int64, error)
	close() error
}

// The points at which a hook given by WithPause is called.
const (
	// PauseAccept is before the statement that accepts an offer.
	PauseAccept = "accept"
	// PauseBook is before the statement that takes from an account with a limit.
	PauseBook = "book"
	// PauseRepair is before the statement that writes what a campaign gives afterwards.
	PauseRepair = "repair"
	// PauseCount is before the statement that takes a count of the day.
	PauseCount = "count"
	// PauseDraw is before the statement by which a day of a draw comes on.
	PauseDraw = "draw"
	// PauseBeforeCommit is after the last statement of a transaction, or of a group of them.
	PauseBeforeCommit = "before-commit"
	// PauseAfterCommit is before the callers hear that their transaction is committed.
	PauseAfterCommit = "after-commit"
)

// Option changes how a store is opened.
type Option func(*options)

type options struct {
	pause   func(point string)
	commits func(transactions int, took time.Duration)
}

// committed times a commit of so many transactions.
func (o options) committed(transactions int, commit func() error) error {
	if o.commits == nil {
		return commit()
	}
	began := time.Now()
	err := commit()
	if err == nil {
		o.commits(transactions, time.Since(began))
	}
	return err
}

func (o options) at(point string) {
	if o.pause != nil {
		o.pause(point)
	}
}

// WithPause has hook called at the points named above: between a check and the act that it allows,
// and around the commit. Tests wait there for others, or end the process. hook must be safe for
// concurrent use.
func WithPause(hook func(point string)) Option {
	return func(o *options) { o.pause = hook }
}

// WithCommits has heard called after every commit, with how many transactions it made durable and
// how long it took. heard must be safe for concurrent use and must not block.
func WithCommits(heard func(transactions int, took time.Duration)) Option {
	return func(o *options) { o.commits = heard }
}

// Open opens the store at a URL and brings its schema up to date:
//
//	sqlite:PATH         a file, made if it is not there; its folder must be
//	sqlite::memory:     memory, gone when closed
//	postgres://…        as libpq understands it
//
// It refuses a database that would not keep what is committed: SQLite has to run with WAL,
// synchronous=FULL and foreign keys, Postgres with synchronous_commit and fsync. Errors: Invalid
// for another URL, Unavailable where there is no database.
func Open(ctx context.Context, url string, opts ...Option) (*DB, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	open := openPostgres
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		url, open = path, openFile
		if path == inMemory {
			open = openMemory
		}
	} else if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"the store's URL must begin with sqlite: or postgres://")
	}
	engine, err := open(ctx, url, o)
	if err != nil {
		return nil, err
	}
	return &DB{engine: engine, pause: o.pause}, nil
}

// closeMost is how long Close waits for who still reads: longer than any page or command takes. A
// report that does not end by then must not keep a server from ending.
const closeMost = 10 * time.Second

// Close waits for what has begun, at most 10 s, refuses what has not, and closes the database.
// Closing again does nothing. Unavailable if somebody has not ended by then: all that was committed
// is kept, and the database is closed when they end, or the process.
func (db *DB) Close() error { return db.closeWithin(closeMost) }

func (db *DB) closeWithin(most time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- db.engine.close() }()
	patience := time.NewTimer(most)
	defer patience.Stop()
	select {
	case err := <-done:
		return err
	case <-patience.C:
		return unavailable(fmt.Sprintf("somebody still reads %s after the close", most), nil)
	}
}
