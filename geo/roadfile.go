package geo

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// RoadFile is a CSV file with a header, already decompressed.
type RoadFile struct {
	Name string // for errors
	R    io.Reader
}

// RoadError is a fault in a road file.
type RoadError struct {
	File   string
	Line   int    // from 1; 0: the file as a whole
	Column string // empty: the line as a whole
	// Element is what is at fault in a file of OpenStreetMap: "way 17"; empty: the file as a whole.
	Element string
	Why     string
}

// Error is "geo: file:line: column c: why" or "geo: file: way 17: why", without what is not known.
func (e *RoadError) Error() string {
	s := "geo: " + e.File
	if e.Line > 0 {
		s += ":" + strconv.Itoa(e.Line)
	}
	if e.Element != "" {
		s += ": " + e.Element
	}
	if e.Column != "" {
		s += ": column " + e.Column
	}
	return s + ": " + e.Why
}

const timeColumn = "travel_time_s"

// ReadRoads reads a road graph: nodes with the columns node (a whole number), lat, lng in
// WGS-84, and edges with from, to and the cost in column. Other columns are ignored.
//
// The travel time of an edge is the column whose name begins with travel_time_s, in seconds:
// the one that column names, or if column is empty the only one. If column names another
// one, or it is empty and there is length_m and no travel time, that is a length in metres
// driven at DefaultSpeedMPS. The length is length_m, else the column that was used as one,
// else the great circle from node to node.
//
// Errors are of type *RoadError and name file, line and column: a missing or doubtful column,
// a node twice, an edge to no node, a time that is not in (0, MaxRoadTimeS], a file above its
// limit; a failure to read is wrapped.
// Files whose travel times are in a table of their own, by hour, are not read.
func ReadRoads(nodes, edges RoadFile, column string) (*Roads, error) {
	labels, points, byLabel, err := readNodes(nodes)
	if err != nil {
		return nil, err
	}
	raw, err := readEdges(edges, column, points, byLabel)
	if err != nil {
		return nil, err
	}
	g, err := NewRoads(labels, points, raw)
	if err != nil {
		return nil, &RoadError{File: edges.Name, Why: strings.TrimPrefix(err.Error(), "geo: ")}
	}
	return g, nil
}

func readNodes(f RoadFile) (labels []int64, points []Point, by map[int64]NodeID, err error) {
	t, err := openTable(f)
	if err != nil {
		return nil, nil, nil, err
	}
	col, err := t.columns("node", "lat", "lng")
	if err != nil {
		return nil, nil, nil, err
	}
	by = make(map[int64]NodeID)
	for t.next() {
		label := t.whole(col[0])
		p := Point{Lat: t.number(col[1]), Lng: t.number(col[2])}
		if _, twice := by[label]; twice {
			t.fail(col[0], fmt.Sprintf("node %d is there twice", label))
		}
		var bad *PointError
		if err := p.Check(); errors.As(err, &bad) {
			t.fail(t.column(bad.Field), strings.TrimPrefix(bad.Error(), "geo: "))
		}
		if len(points) == MaxRoadNodes {
			t.fail(-1, fmt.Sprintf("more than %d nodes", MaxRoadNodes))
		}
		by[label] = NodeID(len(points))
		labels, points = append(labels, label), append(points, p)
	}
	if t.err == nil && len(points) == 0 {
		t.err = &RoadError{File: f.Name, Why: "no nodes"}
	}
	return labels, points, by, t.err
}

func readEdges(f RoadFile, column string, points []Point, by map[int64]NodeID) ([]RoadEdge, error) {
	t, err := openTable(f)
	if err != nil {
		return nil, err
	}
	col, err := t.columns("from", "to")
	if err != nil {
		return nil, err
	}
	cost, isTime, err := t.costColumn(column)
	if err != nil {
		return nil, err
	}
	length := t.column("length_m")
	if length < 0 && !isTime {
		length = cost
	}
	var raw []RoadEdge
	for t.next() {
		r := RoadEdge{From: t.node(col[0], by), To: t.node(col[1], by)}
		if t.err != nil {
			break
		}
		if r.LengthM = DistanceM(points[r.From], points[r.To]); length >= 0 {
			r.LengthM = t.number(length)
		}
		if !(r.LengthM >= 0 && r.LengthM <= MaxRoadTimeS*MaxSpeedMPS) {
			t.fail(length, "not a length in metres")
		}
		if r.TimeS = t.number(cost); !isTime {
			r.TimeS /= DefaultSpeedMPS
		}
		if r.TimeS == 0 && !isTime {
			r.TimeS = 0.001 // nodes at the same place
		}
		if !(r.TimeS > 0 && r.TimeS <= MaxRoadTimeS) {
			t.fail(cost, fmt.Sprintf("travel time %v s is not in (0, %d]", r.TimeS, MaxRoadTimeS))
		}
		if len(raw) == MaxRoadEdges {
			t.fail(-1, fmt.Sprintf("more than %d edges", MaxRoadEdges))
		}
		raw = append(raw, r)
	}
	return raw, t.err
}

// costColumn is the place of the column that edges are weighed by, and whether it is a time.
func (t *table) costColumn(name string) (place int, isTime bool, err error) {
	if name != "" {
		if place = t.column(name); place < 0 {
			return 0, false, t.missing(name)
		}
		return place, strings.HasPrefix(name, timeColumn), nil
	}
	for i, h := range t.header {
		if !strings.HasPrefix(h, timeColumn) {
			continue
		}
		if isTime {
			return 0, false, &RoadError{
				File: t.file, Line: 1, Column: h,
				Why: "a second column of travel times: say which",
			}
		}
		place, isTime = i, true
	}
	if isTime {
		return place, true, nil
	}
	if place = t.column("length_m"); place < 0 {
		return 0, false, t.missing(timeColumn + "*")
	}
	return place, false, nil
}

// table reads a CSV file line by line. The first error stops it and is kept.
type table struct {
	file   string
	r      *csv.Reader
	header []string
	row    []string
	err    error
}

func openTable(f RoadFile) (*table, error) {
	t := &table{file: f.Name, r: csv.NewReader(f.R)}
	header, err := t.r.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &RoadError{File: f.Name, Why: "empty: no header"}
		}
		return nil, t.readError(err)
	}
	t.header = header
	t.header[0] = strings.TrimPrefix(t.header[0], "\ufeff")
	for i, h := range t.header {
		if slices.Index(t.header, h) != i {
			return nil, &RoadError{File: t.file, Line: 1, Column: h, Why: "there twice"}
		}
	}
	t.r.ReuseRecord = true
	return t, nil
}

func (t *table) readError(err error) error {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return &RoadError{File: t.file, Line: bad.Line, Why: bad.Err.Error()}
	}
	return fmt.Errorf("geo: read %s: %w", t.file, err)
}

func (t *table) next() bool {
	if t.err != nil {
		return false
	}
	row, err := t.r.Read()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			t.err = t.readError(err)
		}
		return false
	}
	t.row = row
	return true
}

// column is the place of a column, -1 if there is none.
func (t *table) column(name string) int { return slices.Index(t.header, name) }

func (t *table) columns(names ...string) ([]int, error) {
	places := make([]int, len(names))
	for i, name := range names {
		if places[i] = t.column(name); places[i] < 0 {
			return nil, t.missing(name)
		}
	}
	return places, nil
}

func (t *table) missing(name string) error {
	why := "missing; there are " + strings.Join(t.header, ", ")
	return &RoadError{File: t.file, Line: 1, Column: name, Why: why}
}

// fail keeps the first error, at a column of the current line.
func (t *table) fail(place int, why string) {
	if t.err != nil {
		return
	}
	line, _ := t.r.FieldPos(0)
	e := &RoadError{File: t.file, Line: line, Why: why}
	if place >= 0 {
		line, _ = t.r.FieldPos(place)
		e.Line, e.Column = line, t.header[place]
	}
	t.err = e
}

func (t *table) number(place int) float64 {
	v, err := strconv.ParseFloat(t.row[place], 64)
	if err != nil {
		t.fail(place, strconv.Quote(t.row[place])+" is not a number")
	}
	return v
}

func (t *table) whole(place int) int64 {
	v, err := strconv.ParseInt(t.row[place], 10, 64)
	if err != nil {
		t.fail(place, strconv.Quote(t.row[place])+" is not a whole number")
	}
	return v
}

func (t *table) node(place int, by map[int64]NodeID) NodeID {
	label := t.whole(place)
	n, ok := by[label]
	if !ok {
		t.fail(place, fmt.Sprintf("there is no node %d", label))
	}
	return n
}
