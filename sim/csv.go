package sim

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// Limits of a file of trips or taxis; a file beyond one is refused with a *CSVError.
const (
	// MaxRows is the most rows a file may have: a city of 500,000 rides a day for two days.
	MaxRows = 1_000_000
	// MaxFileBytes is the most a file may hold, unpacked: 256 bytes a row. It stops a small gzip
	// file that unpacks to more than the memory.
	MaxFileBytes = 256 << 20

	firstYear, lastYear = 2000, 2099
	maxTripDuration     = 24 * time.Hour
)

// CSVError is a file that cannot be used, and where.
type CSVError struct {
	File    string
	Line    int    // from 1, the header's; 0 if it is not about a line
	Column  string // as in the header; empty if it is not about a column
	Problem string
	Cause   error // may be nil
}

// Error is "file:line: column: problem".
func (e *CSVError) Error() string {
	text := e.File
	if e.Line > 0 {
		text += ":" + strconv.Itoa(e.Line)
	}
	if e.Column != "" {
		text += ": " + e.Column
	}
	return text + ": " + e.Problem
}

// Unwrap is the cause.
func (e *CSVError) Unwrap() error { return e.Cause }

// OpenFile opens a file for reading and unpacks it if its content, not its name, says gzip.
func OpenFile(path string) (io.ReadCloser, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, err
	}
	peek := bufio.NewReaderSize(file, 64<<10)
	if magic, _ := peek.Peek(2); string(magic) != "\x1f\x8b" {
		return opened{peek, file}, nil
	}
	unpacked, err := gzip.NewReader(peek)
	if err != nil {
		_ = file.Close() // nothing was written to it
		return nil, &CSVError{File: path, Problem: damaged, Cause: err}
	}
	return opened{unpacked, file}, nil
}

// opened reads from one and closes the other.
type opened struct {
	io.Reader
	io.Closer
}

const damaged = "the gzip file is truncated or damaged"

var (
	errTooBig       = fmt.Errorf("holds more than %d MiB", MaxFileBytes>>20)
	errTooManyTrips = fmt.Errorf("sim: more than %d trips, which no run could read", MaxRows)
)

// bounded fails when more than left bytes are read.
type bounded struct {
	r    io.Reader
	left int64
}

// Read is io.Reader's.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooBig
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

// table reads rows by the names of their columns. The first bad cell of a row is kept in err, so
// that a row's cells can be read one after another and checked once.
type table struct {
	file    string
	rows    *csv.Reader
	columns map[string]int
	cells   []string
	width   int // fields of the header
	line    int
	count   int
	err     error
}

// openTable reads the header. The columns may stand in any order, and others beside them.
func openTable(file string, r io.Reader, required ...string) (*table, error) {
	rows := csv.NewReader(&bounded{r, MaxFileBytes})
	t := &table{file: file, rows: rows, columns: map[string]int{}}
	t.rows.ReuseRecord = true
	header, err := t.rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, &CSVError{File: file, Problem: "the file is empty", Cause: err}
	}
	if err != nil {
		return nil, t.broken(err)
	}
	t.line, t.width = 1, len(header)
	for i, name := range header {
		if i == 0 {
			name = strings.TrimPrefix(name, "\ufeff")
		}
		name = strings.TrimSpace(name)
		if _, twice := t.columns[name]; twice && name != "" {
			return nil, &CSVError{
				File: file, Line: 1, Column: name, Problem: "the column stands twice",
			}
		}
		t.columns[name] = i
	}
	for _, name := range required {
		if _, ok := t.columns[name]; !ok {
			return nil, &CSVError{
				File: file, Line: 1, Column: name, Problem: "the column is missing",
			}
		}
	}
	return t, nil
}

// next goes to the next row; false is the end of the file or a broken one, which err tells.
func (t *table) next() bool {
	if t.err != nil {
		return false
	}
	cells, err := t.rows.Read()
	if errors.Is(err, io.EOF) {
		if t.count == 0 {
			t.err = &CSVError{File: t.file, Problem: "the file has a header but no rows"}
		}
		return false
	}
	if err != nil {
		t.err = t.broken(err)
		return false
	}
	t.cells = cells
	t.line, _ = t.rows.FieldPos(0)
	if t.count++; t.count > MaxRows {
		t.err = &CSVError{
			File: t.file, Line: t.line, Problem: fmt.Sprintf("more than %d rows", MaxRows),
		}
		return false
	}
	return true
}

// broken says what the reader stumbled over.
func (t *table) broken(err error) error {
	var parse *csv.ParseError
	var corrupt flate.CorruptInputError
	e := &CSVError{File: t.file, Line: t.line + 1, Problem: err.Error(), Cause: err}
	switch {
	case errors.Is(err, csv.ErrFieldCount) && errors.As(err, &parse):
		e.Line = parse.Line
		e.Problem = fmt.Sprintf("not as many fields as the header's %d", t.width)
	case errors.As(err, &parse):
		e.Line, e.Problem = parse.Line, parse.Err.Error()
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, gzip.ErrChecksum),
		errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		e.Problem = damaged
	}
	return e
}

func (t *table) fail(column, format string, args ...any) {
	if t.err == nil {
		t.err = &CSVError{
			File: t.file, Line: t.line, Column: column, Problem: fmt.Sprintf(format, args...),
		}
	}
}

// text is a cell without the space around it; empty if there is no such column.
func (t *table) text(column string) string {
	i, ok := t.columns[column]
	if !ok {
		return ""
	}
	return strings.TrimSpace(t.cells[i])
}

func (t *table) number(column string) float64 {
	s := t.text(column)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		t.fail(column, "%.40q is not a number", s)
	}
	return v
}

// seats reads a number of people, 1 to dispatch.MaxSeats; an absent or empty cell is missing. A 0,
// which meters record when the driver typed nothing, is refused: whoever prepares the file decides
// what it stands for.
func (t *table) seats(column string, missing int) int {
	s := t.text(column)
	if s == "" && missing > 0 {
		return missing
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > dispatch.MaxSeats {
		t.fail(column, "%.40q is not a number of seats from 1 to %d", s, dispatch.MaxSeats)
	}
	return n
}

func (t *table) point(lat, lng string) geo.Point {
	p := geo.Point{Lat: t.number(lat), Lng: t.number(lng)}
	var bad *geo.PointError
	if err := p.Check(); t.err == nil && errors.As(err, &bad) {
		column := lat
		if bad.Field == "lng" {
			column = lng
		}
		t.fail(column, "%v is not in [-%v, %v]", bad.Value, bad.Limit, bad.Limit)
	}
	return p
}

// time reads "2006-01-02 15:04:05" in a zone, or RFC 3339 with its own; both may have fractions of
// a second.
func (t *table) time(column string, zone *time.Location) time.Time {
	s := t.text(column)
	at, err := time.ParseInLocation(time.DateTime, s, zone)
	if err != nil {
		at, err = time.ParseInLocation(time.RFC3339, s, zone)
	}
	switch {
	case err != nil:
		t.fail(column, "%.40q is not a time as 2006-01-02 15:04:05", s)
	case at.Year() < firstYear || at.Year() > lastYear:
		t.fail(column, "%.40q is not from %d to %d", s, firstYear, lastYear)
	}
	return at.In(zone)
}
