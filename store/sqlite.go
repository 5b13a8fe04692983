package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"hexhail/dispatch"
)

// Limits of a group of transactions that share one COMMIT, and of those who wait for one. A group
// takes at most as long to collect as the last COMMIT took, if that was longer than groupTime: on a
// slow disk more have to share one.
const (
	groupSize = 256
	groupTime = 2 * time.Millisecond
	groupMost = 20 * time.Millisecond
	queueSize = 1024
)

// writerCache is the page cache of the writer in KiB, which SQLite wants negative: what a city's
// open rides are on. The others' caches are void with every COMMIT of the writer.
const writerCache = "-32768"

// inMemory is the path of a database without a file.
const inMemory = ":memory:"

// busyMS is how long a connection waits for another process that has the file.
const busyMS = 5000

var (
	liteBegin    = &query{text: `BEGIN IMMEDIATE`}
	liteSnapshot = &query{text: `BEGIN`}
	liteCommit   = &query{text: `COMMIT`}
	liteRollback = &query{text: `ROLLBACK`}
	liteSave     = &query{text: `SAVEPOINT closure`}
	liteRelease  = &query{text: `RELEASE closure`}
	liteBackTo   = &query{text: `ROLLBACK TO closure`}
)

// pragma is a setting that SQLite has to confirm.
type pragma struct{ name, set, want string }

// The settings. WAL with FULL syncs the log at every COMMIT: what is committed stays after a loss
// of power. A page that many COMMITs have changed goes from the log to the file once a checkpoint:
// at 8,192 pages, 32 MiB, of log. In memory there is no log.
var (
	filePragmas = []pragma{
		{"journal_mode", "WAL", "wal"},
		{"synchronous", "FULL", "2"},
		{"wal_autocheckpoint", "8192", "8192"},
		{"foreign_keys", "ON", "1"},
		{"busy_timeout", fmt.Sprint(busyMS), fmt.Sprint(busyMS)},
		{"recursive_triggers", "ON", "1"}, // a REPLACE is a DELETE to the triggers
	}
	memoryPragmas = []pragma{
		{"journal_mode", "MEMORY", "memory"},
		{"foreign_keys", "ON", "1"},
		{"recursive_triggers", "ON", "1"},
	}
)

// setPragmas sets what is wanted and reads it back: SQLite ignores silently what it cannot do.
func setPragmas(c *liteConn, pragmas []pragma) error {
	for _, p := range pragmas {
		if _, err := c.script(fmt.Sprintf("PRAGMA %s = %s", p.name, p.set)); err != nil {
			return err
		}
	}
	return checkPragmas(c, pragmas)
}

func checkPragmas(c *liteConn, pragmas []pragma) error {
	for _, p := range pragmas {
		got, err := c.script("PRAGMA " + p.name)
		if err != nil {
			return err
		}
		if got != p.want {
			return unavailable(fmt.Sprintf(
				"SQLite runs with %s = %s, not %s", p.name, got, p.want), nil)
		}
	}
	return nil
}

// memory is SQLite without a file. Closures run in their callers, one after another, each in a
// savepoint of one transaction that is never committed: nobody else can see the database, nothing
// of it stays, and a COMMIT would walk through its whole page cache (25 µs after an hour of New
// York).
type memory struct {
	options
	mu     sync.Mutex
	conn   *liteConn
	closed bool
	begun  bool // the one transaction: if it is no more, all rows are lost with it
}

func openMemory(ctx context.Context, path string, o options) (engine, error) {
	conn, err := openLite(path, sqlite3.SQLITE_OPEN_CREATE)
	if err != nil {
		return nil, err
	}
	if err = setPragmas(conn, memoryPragmas); err == nil {
		err = migrateLite(ctx, conn)
	}
	if err != nil {
		conn.close()
		return nil, err
	}
	return &memory{options: o, conn: conn}, nil
}

// ready refuses a database that is closed or lost, and a caller who has gone away.
func (m *memory) ready(ctx context.Context) error {
	switch {
	case m.closed:
		return errClosed
	case m.begun && !m.conn.inTransaction(): // whoever went on would go on with an empty city
		return unavailable("SQLite has given up all that it had in memory", nil)
	default:
		return ctx.Err()
	}
}

func (m *memory) write(ctx context.Context, fn func(runner) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx); err != nil {
		return err
	}
	if !m.begun {
		if _, err := m.conn.exec(liteBegin, nil); err != nil {
			return err
		}
		m.begun = true
	}
	err := m.conn.within(func(r runner) error {
		err := fn(r)
		if err == nil {
			m.at(PauseBeforeCommit)
		}
		return err
	})
	if err == nil {
		m.at(PauseAfterCommit)
	}
	return err
}

func (m *memory) read(ctx context.Context, fn func(runner) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx); err != nil {
		return err
	}
	return fn(m.conn)
}

func (m *memory) look(
	ctx context.Context, q *query, args []any, visit func(row),
) error {
	return m.read(ctx, func(r runner) error { return r.each(q, args, visit) })
}

func (m *memory) booked(ctx context.Context) (int64, error) { return lastNumber(ctx, m) }

func (m *memory) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		m.conn.close()
	}
	return nil
}

// alone begins a transaction and runs fn in it. The transaction is open afterwards if and only if
// there is no error.
func (c *liteConn) alone(fn func(runner) error) (err error) {
	if _, err := c.exec(liteBegin, nil); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done || err != nil { // not done: fn panicked
			c.rollback()
		}
	}()
	err = fn(c)
	done = true
	return err
}

func (c *liteConn) commit() error {
	_, err := c.exec(liteCommit, nil)
	if err != nil {
		c.rollback()
	}
	return err
}

// rollback gives the transaction up, if there still is one.
func (c *liteConn) rollback() {
	if c.inTransaction() {
		_, _ = c.exec(liteRollback, nil) // fails only where SQLite has rolled back already
	}
}

// within runs fn in a savepoint of the open transaction.
func (c *liteConn) within(fn func(runner) error) (err error) {
	if _, err := c.exec(liteSave, nil); err != nil {
		return err
	}
	done := false
	defer func() {
		if done && err == nil || !c.inTransaction() {
			return
		}
		if _, undo := c.exec(liteBackTo, nil); undo != nil {
			err = errors.Join(err, undo)
			c.rollback()
			return
		}
		_, _ = c.exec(liteRelease, nil) // of an empty savepoint
	}()
	err = fn(c)
	done = true
	if err == nil {
		_, err = c.exec(liteRelease, nil)
	}
	return err
}

// file is SQLite in a file: one connection that writes, in a goroutine of its own, and a few that
// read. Each sees what was committed when its query begins, whatever the writer is at.
type file struct {
	options
	jobs    chan *job
	readers chan *liteConn
	lookers chan *liteConn
	stop    chan struct{} // closed by close
	stopped chan struct{} // closed by the writer
	closing sync.Once
	conn    *liteConn     // the writer's
	synced  time.Duration // what the writer's last COMMIT took
}

// How many connections read. A short query takes some 10 µs, so two serve more of them than a
// server of 8 cores asks for; and a report that takes a minute must keep nobody's phone waiting.
const (
	readers = 2 // for snapshots, which may take long
	lookers = 2 // for single short queries
)

func openFile(ctx context.Context, path string, o options) (_ engine, err error) {
	// SQLite would let everybody read what it makes.
	//nolint:gosec // the operator names the file
	made, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unavailable("the database's file", err)
	}
	if err := made.Close(); err != nil {
		return nil, unavailable("the database's file", err)
	}
	f := &file{
		options: o, jobs: make(chan *job, queueSize), readers: make(chan *liteConn, readers),
		lookers: make(chan *liteConn, lookers),
		stop:    make(chan struct{}), stopped: make(chan struct{}),
	}
	var open []*liteConn
	defer func() {
		if err != nil {
			for _, c := range open {
				c.close()
			}
		}
	}()
	for range 1 + readers + lookers {
		c, err := openLite(path, 0)
		if err != nil {
			return nil, err
		}
		open = append(open, c)
		if err := setPragmas(c, filePragmas); err != nil {
			return nil, err
		}
	}
	if err := migrateLite(ctx, open[0]); err != nil {
		return nil, err
	}
	f.conn = open[0]
	if err := setPragmas(f.conn, []pragma{{"cache_size", writerCache, writerCache}}); err != nil {
		return nil, err
	}
	for i, c := range open[1:] {
		if err := setPragmas(c, []pragma{{"query_only", "ON", "1"}}); err != nil {
			return nil, err
		}
		if i < readers {
			f.readers <- c
		} else {
			f.lookers <- c
		}
	}
	go f.serve()
	return f, nil
}

func (f *file) read(ctx context.Context, fn func(runner) error) error {
	c, err := f.borrow(ctx, f.readers)
	if err != nil {
		return err
	}
	defer func() {
		c.rollback()
		f.readers <- c
	}()
	if _, err := c.exec(liteSnapshot, nil); err != nil {
		return err
	}
	return fn(c)
}

func (f *file) look(
	ctx context.Context, q *query, args []any, visit func(row),
) error {
	c, err := f.borrow(ctx, f.lookers)
	if err != nil {
		return err
	}
	defer func() { f.lookers <- c }()
	return c.each(q, args, visit)
}

// borrow takes a connection from a pool, to which it must be given back.
func (f *file) borrow(ctx context.Context, pool chan *liteConn) (*liteConn, error) {
	select {
	case <-f.stop:
		return nil, errClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c := <-pool:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.stop:
		return nil, errClosed
	}
}

func (f *file) booked(ctx context.Context) (int64, error) { return lastNumber(ctx, f) }

// lastNumber is the ledger's last running number: with one writer all before it is committed.
func lastNumber(ctx context.Context, e engine) (last int64, err error) {
	err = e.look(ctx, lastBooked, nil, func(r row) { last = r.integer() })
	return last, err
}

func (f *file) close() error {
	f.closing.Do(func() {
		close(f.stop)
		<-f.stopped
		for range readers { // waits for those who still read
			c := <-f.readers
			c.close()
		}
		for range lookers {
			c := <-f.lookers
			c.close()
		}
		f.conn.close()
	})
	return nil
}

var errGoexit = dispatch.Errorf(dispatch.Internal, dispatch.ReasonStore,
	"a transaction's closure has ended the goroutine that ran it")
