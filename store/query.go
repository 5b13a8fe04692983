package store

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"hexhail/dispatch"
)

// query is one statement. Each connection prepares it once, so it is known by its address.
type query struct {
	text   string
	looped string // on Postgres, instead of text there, if it is not ""; see byNumbers
	lock   string // appended on Postgres, where others write at the same time
}

// postgres is the statement on Postgres; alone, it locks nothing.
func (q *query) postgres(alone bool) string {
	text := cmp.Or(q.looped, q.text)
	if q.lock == "" || alone {
		return text
	}
	return text + " " + q.lock
}

// row reads the columns of one row from left to right.
type row interface {
	text() string
	integer() int64
	float() float64
	blob() []byte
}

// runner runs statements in one transaction. Its errors are translated already.
type runner interface {
	// exec says how many rows the statement has changed.
	exec(q *query, args []any) (int64, error)
	// each calls visit for every row. visit must not run a statement.
	each(q *query, args []any, visit func(row)) error
}

// reader turns columns into the domain's values. Its first error stays.
type reader struct {
	row
	err error
}

func (r *reader) int() int { return int(r.integer()) }

// time is a moment stored in milliseconds; 0 is no time.
func (r *reader) time() time.Time {
	ms := r.integer()
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// millis is a moment as it is stored: the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// name reads a value that is stored by its name; "" is no value.
func name[E ~int](r *reader, parse func(string) E) E {
	stored := r.text()
	v := parse(stored)
	if v == 0 && stored != "" && r.err == nil {
		r.err = dispatch.Errorf(dispatch.Internal, dispatch.ReasonStore,
			"the database holds an unknown name %q", stored)
	}
	return v
}

// all reads every row of a query.
func all[T any](t *tx, scan func(*reader) T, q *query, args ...any) ([]T, error) {
	var list []T
	err := t.each(q, args, func(r *reader) { list = append(list, scan(r)) })
	if err != nil {
		return nil, err
	}
	return list, nil
}

// one reads the only row of a query; ok is false if there is none.
func one[T any](t *tx, scan func(*reader) T, q *query, args ...any) (v T, ok bool, err error) {
	err = t.each(q, args, func(r *reader) { v, ok = scan(r), true })
	return v, ok, err
}

// columns is a table's columns in the order in which rows are written and read.
type columns []string

func (c columns) String() string { return strings.Join(c, ", ") }

// placeholders is "$1, $2, …" for all columns.
func (c columns) placeholders() string {
	list := make([]string, len(c))
	for i := range c {
		list[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(list, ", ")
}

// assignments is "b = $2, c = $3, …": all but the first column, which is the key.
func (c columns) assignments() string {
	list := make([]string, 0, len(c))
	for i, column := range c[1:] {
		list = append(list, fmt.Sprintf("%s = $%d", column, i+2))
	}
	return strings.Join(list, ", ")
}

// insert is the statement that writes a row of all columns.
func (c columns) insert(table string) *query {
	return &query{text: fmt.Sprintf(
		"INSERT INTO %s (%s) VALUES (%s)", table, c, c.placeholders(),
	)}
}

// insertMany is the statement that writes n rows of all columns.
func (c columns) insertMany(table string, n int) *query {
	rows := make([]string, n)
	for i := range rows {
		places := make([]string, len(c))
		for k := range places {
			places[k] = fmt.Sprintf("$%d", i*len(c)+k+1)
		}
		rows[i] = "(" + strings.Join(places, ", ") + ")"
	}
	return &query{text: fmt.Sprintf(
		"INSERT INTO %s (%s) VALUES %s", table, c, strings.Join(rows, ", "),
	)}
}

// selects is the statement that reads all columns; the rest follows the table's name.
func (c columns) selects(rest string) *query {
	return &query{text: fmt.Sprintf("SELECT %s FROM %s", c, rest)}
}

// of is the columns with their table's name, for a query of several tables.
func (c columns) of(table string) columns {
	list := make(columns, len(c))
	for i, column := range c {
		list[i] = table + "." + column
	}
	return list
}
