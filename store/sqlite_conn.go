package store

import (
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"modernc.org/libc"
	// Its driver is not used, but it patches the library at start-up.
	_ "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hexhail/dispatch"
)

// liteConn is one connection to SQLite, over the C interface that modernc.org/sqlite offers as Go.
// Through database/sql a ride of 49 columns takes 22 µs to write and 23 µs to read, of which SQLite
// needs 5 and 3.5: the driver looks every argument up by its name and reads the columns' names and
// types for every query. A writer that everything waits for cannot afford that.
//
// It belongs to one goroutine at a time and runs one statement at a time.
type liteConn struct {
	tls      *libc.TLS
	db       uintptr
	prepared map[*query]*liteStmt
	// arena is C memory for the texts of the running statement's arguments: SQLite reads them
	// there until the statement is reset, so that nothing is allocated for an argument.
	arena   []byte
	base    uintptr // of arena
	running bool
}

// liteStmt is a prepared statement. It is the row that it stands at, too.
type liteStmt struct {
	c      *liteConn
	handle uintptr
	order  []int // the argument that each of SQLite's parameters takes
	args   int   // how many the text names
	column int32 // to be read next
}

// pointer makes a pointer of an address in C's memory, which Go neither moves nor frees.
func pointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address)) //nolint:gosec // see above
}

const (
	liteStatic   = 0 // SQLite neither copies nor frees
	initialArena = 4 << 10
	codeMask     = 0xff // an extended code's primary one
)

func openLite(path string, flags int32) (*liteConn, error) {
	c := &liteConn{tls: libc.NewTLS(), prepared: make(map[*query]*liteStmt)}
	c.grow(initialArena)
	if len(path) >= initialArena/2 {
		c.close()
		return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"the path of the database must have less than %d bytes", initialArena/2)
	}
	copy(c.arena, path+"\x00")
	handle := c.base + initialArena/2
	rc := sqlite3.Xsqlite3_open_v2(c.tls, c.base, handle, flags|
		sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *(*uintptr)(pointer(handle))
	if rc != sqlite3.SQLITE_OK {
		err := c.failure(rc)
		c.close()
		return nil, err
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	c.keepPlans()
	return c, nil
}

// keepPlans has a statement keep the plan that it was prepared with. Without, SQLite prepares a
// query over a partial index anew, 50 µs, whenever an argument of it has changed.
func (c *liteConn) keepPlans() {
	list := libc.NewVaList(int32(1), uintptr(0))
	sqlite3.Xsqlite3_db_config(c.tls, c.db, sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, list)
	libc.Xfree(c.tls, list)
}

// grow gives the arena room for n bytes. What was in it is lost.
func (c *liteConn) grow(n int) {
	if n <= len(c.arena) {
		return
	}
	if c.base != 0 {
		sqlite3.Xsqlite3_free(c.tls, c.base)
	}
	c.base = sqlite3.Xsqlite3_malloc64(c.tls, sqlite3.Tsqlite3_uint64(n)) //nolint:gosec // a size
	if c.base == 0 {
		panic("store: no memory for a statement's arguments")
	}
	c.arena = unsafe.Slice((*byte)(pointer(c.base)), n) //nolint:gosec // C memory of n bytes
}

func (c *liteConn) close() {
	for _, s := range c.prepared {
		sqlite3.Xsqlite3_finalize(c.tls, s.handle)
	}
	if c.db != 0 {
		sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	}
	sqlite3.Xsqlite3_free(c.tls, c.base)
	c.tls.Close()
}

// liteError is SQLite's own word on what went wrong.
type liteError struct {
	code int32
	text string
}

func (e *liteError) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.text, e.code) }

// failure is the error of the last call.
func (c *liteConn) failure(rc int32) error {
	e := &liteError{code: rc, text: libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))}
	const unique = "UNIQUE constraint failed: "
	switch {
	case rc == sqlite3.SQLITE_CONSTRAINT_UNIQUE, rc == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		_, columns, _ := strings.Cut(e.text, unique)
		return duplicate("", columns, e)
	case rc&codeMask == sqlite3.SQLITE_CONSTRAINT:
		return internal("a constraint had to refuse a row", e)
	case rc&codeMask == sqlite3.SQLITE_BUSY, rc&codeMask == sqlite3.SQLITE_FULL,
		rc&codeMask == sqlite3.SQLITE_IOERR, rc&codeMask == sqlite3.SQLITE_CANTOPEN,
		rc&codeMask == sqlite3.SQLITE_READONLY:
		return unavailable("the database cannot be used now", e)
	default:
		return internal("statement", e)
	}
}

// statement is q, prepared.
func (c *liteConn) statement(q *query) (*liteStmt, error) {
	if s, ok := c.prepared[q]; ok {
		return s, nil
	}
	c.grow(len(q.text) + 16)
	copy(c.arena[16:], q.text)
	handle := c.base           // 8 bytes; the text stands 16 bytes on
	size := int32(len(q.text)) //nolint:gosec // a few kB
	rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, c.base+16, size,
		sqlite3.SQLITE_PREPARE_PERSISTENT, handle, 0)
	if rc != sqlite3.SQLITE_OK {
		return nil, c.failure(rc)
	}
	s := &liteStmt{c: c, handle: *(*uintptr)(pointer(handle))}
	// "$7" is a name to SQLite, which numbers names as they come.
	for i := range sqlite3.Xsqlite3_bind_parameter_count(c.tls, s.handle) {
		arg := int(i)
		if p := sqlite3.Xsqlite3_bind_parameter_name(c.tls, s.handle, i+1); p != 0 {
			n, err := strconv.Atoi(libc.GoString(p)[1:])
			if err != nil {
				return nil, internal("parameters are named $1, $2, …", err)
			}
			arg = n - 1
		}
		s.order = append(s.order, arg)
		s.args = max(s.args, arg+1)
	}
	c.prepared[q] = s
	return s, nil
}

// start prepares q and binds its arguments, which are int, int64, float64, string or []byte.
func (c *liteConn) start(q *query, args []any) (*liteStmt, error) {
	if c.running {
		return nil, internal("a statement inside another one", nil)
	}
	s, err := c.statement(q)
	if err != nil {
		return nil, err
	}
	if len(args) != s.args {
		return nil, internal(fmt.Sprintf("%d arguments for %s", len(args), q.text), nil)
	}
	size := 1 // so that the address of an empty text at its end is still the arena's
	for _, arg := range args {
		switch v := arg.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	c.grow(size)
	used := 0
	for i, at := range s.order {
		if used, err = s.bind(int32(i+1), args[at], used); err != nil {
			return nil, err
		}
	}
	c.running, s.column = true, 0
	return s, nil
}

// bind gives parameter i its value. A text is put into the arena, of which used bytes are taken.
func (s *liteStmt) bind(i int32, value any, used int) (int, error) {
	c, rc, n := s.c, int32(0), 0
	switch v := value.(type) {
	case int64:
		rc = sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, i, v)
	case int:
		rc = sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, i, int64(v))
	case string:
		n = copy(c.arena[used:], v)
		rc = sqlite3.Xsqlite3_bind_text(c.tls, s.handle, i,
			c.base+uintptr(used), int32(n), liteStatic) //nolint:gosec // below 2 GiB
	case []byte:
		n = copy(c.arena[used:], v)
		rc = sqlite3.Xsqlite3_bind_blob(c.tls, s.handle, i,
			c.base+uintptr(used), int32(n), liteStatic) //nolint:gosec // below 2 GiB
	case float64:
		rc = sqlite3.Xsqlite3_bind_double(c.tls, s.handle, i, v)
	default:
		return used, internal(fmt.Sprintf("an argument cannot be a %T", value), nil)
	}
	if rc != sqlite3.SQLITE_OK {
		return used, c.failure(rc)
	}
	return used + n, nil
}

// next moves to the next row.
func (s *liteStmt) next() (more bool, err error) {
	switch rc := sqlite3.Xsqlite3_step(s.c.tls, s.handle); rc {
	case sqlite3.SQLITE_ROW:
		s.column = 0
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, s.c.failure(rc)
	}
}

func (s *liteStmt) end() {
	sqlite3.Xsqlite3_reset(s.c.tls, s.handle)
	s.c.running = false
}

// exec runs a statement to its end and says how many rows it has changed.
func (c *liteConn) exec(q *query, args []any) (int64, error) {
	s, err := c.start(q, args)
	if err != nil {
		return 0, err
	}
	defer s.end()
	for more := true; more; {
		if more, err = s.next(); err != nil {
			return 0, err
		}
	}
	return int64(sqlite3.Xsqlite3_changes(c.tls, c.db)), nil
}

// each runs a query and calls visit for every row.
func (c *liteConn) each(q *query, args []any, visit func(row)) error {
	s, err := c.start(q, args)
	if err != nil {
		return err
	}
	defer s.end()
	for {
		more, err := s.next()
		if err != nil || !more {
			return err
		}
		visit(s)
	}
}

// script runs a text that is not worth keeping, and gives the first column of its last row.
func (c *liteConn) script(text string) (last string, err error) {
	q := &query{text: text}
	defer c.unprepare(q)
	err = c.each(q, nil, func(r row) { last = r.text() })
	return last, err
}

func (c *liteConn) unprepare(q *query) {
	if s, ok := c.prepared[q]; ok {
		sqlite3.Xsqlite3_finalize(c.tls, s.handle)
		delete(c.prepared, q)
	}
}

// inTransaction is false if SQLite has given a transaction up by itself, as it does on a full disk.
func (c *liteConn) inTransaction() bool {
	return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0
}

func (s *liteStmt) take() int32 {
	column := s.column
	s.column++
	return column
}

func (s *liteStmt) integer() int64 {
	return sqlite3.Xsqlite3_column_int64(s.c.tls, s.handle, s.take())
}

func (s *liteStmt) float() float64 {
	return sqlite3.Xsqlite3_column_double(s.c.tls, s.handle, s.take())
}

func (s *liteStmt) text() string {
	column := s.take()
	p := sqlite3.Xsqlite3_column_text(s.c.tls, s.handle, column)
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.handle, column)
	if n == 0 {
		return ""
	}
	return strings.Clone(unsafe.String((*byte)(pointer(p)), n)) //nolint:gosec // copied at once
}

func (s *liteStmt) blob() []byte {
	column := s.take()
	p := sqlite3.Xsqlite3_column_blob(s.c.tls, s.handle, column)
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.handle, column)
	out := make([]byte, n)
	if n > 0 {
		copy(out, unsafe.Slice((*byte)(pointer(p)), n)) //nolint:gosec // copied at once
	}
	return out
}
