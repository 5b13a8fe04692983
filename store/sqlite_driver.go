package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"hexhail/dispatch"
)

// liteDriver lets database/sql speak through a liteConn: goose migrates what has that interface,
// and a database in memory has one connection only. It knows what goose needs and no more.
type liteDriver struct{ c *liteConn }

var (
	_ driver.Connector      = liteDriver{}
	_ driver.ExecerContext  = liteDriver{}
	_ driver.QueryerContext = liteDriver{}
)

var errNotOffered = errors.New("store: only goose speaks through this driver")

// Connect implements [driver.Connector].
func (d liteDriver) Connect(context.Context) (driver.Conn, error) { return d, nil }

// Driver implements [driver.Connector].
func (d liteDriver) Driver() driver.Driver { return d }

// Open implements [driver.Driver].
func (d liteDriver) Open(string) (driver.Conn, error) { return nil, errNotOffered }

// Prepare implements [driver.Conn].
func (d liteDriver) Prepare(string) (driver.Stmt, error) { return nil, errNotOffered }

// Close leaves the connection to its owner.
func (d liteDriver) Close() error { return nil }

// Begin implements [driver.Conn].
func (d liteDriver) Begin() (driver.Tx, error) {
	_, err := d.c.exec(liteBegin, nil)
	return d, err
}

// Commit implements [driver.Tx].
func (d liteDriver) Commit() error {
	_, err := d.c.exec(liteCommit, nil)
	return err
}

// Rollback implements [driver.Tx].
func (d liteDriver) Rollback() error {
	d.c.rollback()
	return nil
}

// ExecContext implements [driver.ExecerContext].
func (d liteDriver) ExecContext(
	_ context.Context, text string, args []driver.NamedValue,
) (driver.Result, error) {
	values, err := plain(args)
	if err != nil {
		return nil, err
	}
	q := &query{text: text}
	defer d.c.unprepare(q)
	changed, err := d.c.exec(q, values)
	return driver.RowsAffected(changed), err
}

func plain(args []driver.NamedValue) ([]any, error) {
	values := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.Value.(type) {
		case bool:
			values[i] = bit(v)
		case time.Time:
			return nil, dispatch.Errorf(dispatch.Internal, dispatch.ReasonStore,
				"times are stored in milliseconds")
		default:
			values[i] = v
		}
	}
	return values, nil
}

// liteRows are the rows of a query, read to the end: goose's are few.
type liteRows struct {
	names  []string
	values [][]driver.Value
}

// QueryContext implements [driver.QueryerContext].
func (d liteDriver) QueryContext(
	_ context.Context, text string, args []driver.NamedValue,
) (driver.Rows, error) {
	values, err := plain(args)
	if err != nil {
		return nil, err
	}
	q := &query{text: text}
	defer d.c.unprepare(q)
	s, err := d.c.statement(q)
	if err != nil {
		return nil, err
	}
	var r liteRows
	for i := range sqlite3.Xsqlite3_column_count(s.c.tls, s.handle) {
		r.names = append(r.names, libc.GoString(sqlite3.Xsqlite3_column_name(s.c.tls, s.handle, i)))
	}
	err = d.c.each(q, values, func(row row) {
		r.values = append(r.values, s.any(len(r.names), row))
	})
	return &r, err
}

// any reads a row whose types only the database knows.
func (s *liteStmt) any(columns int, r row) []driver.Value {
	values := make([]driver.Value, columns)
	for i := range values {
		if s.declared(s.column) == "TIMESTAMP" { // of goose's own table
			values[i], _ = time.Parse(time.DateTime, r.text())
			continue
		}
		switch sqlite3.Xsqlite3_column_type(s.c.tls, s.handle, s.column) {
		case sqlite3.SQLITE_INTEGER:
			values[i] = r.integer()
		case sqlite3.SQLITE_NULL:
			s.take()
		default:
			values[i] = r.text()
		}
	}
	return values
}

// declared is the type that a column of the result was declared with, "" for an expression.
func (s *liteStmt) declared(column int32) string {
	return libc.GoString(sqlite3.Xsqlite3_column_decltype(s.c.tls, s.handle, column))
}

// Columns implements [driver.Rows].
func (r *liteRows) Columns() []string { return r.names }

// Close implements [driver.Rows].
func (r *liteRows) Close() error { return nil }

// Next implements [driver.Rows].
func (r *liteRows) Next(into []driver.Value) error {
	if len(r.values) == 0 {
		return io.EOF
	}
	copy(into, r.values[0])
	r.values = r.values[1:]
	return nil
}
