package osrm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hexhail/geo"
)

// table is one request: some drives, and the places that they begin and end at.
type table struct {
	from, to []geo.Point
	cells    []cell
}

// cell is where the answer for a drive stands.
type cell struct{ drive, from, to int }

// tables divides drives into requests: by where they end, so that places are shared, in strips of
// two kilometres.
func (c *Client) tables(drives []geo.Estimate) []table {
	const stripsPerDeg = 50
	order := make([]int, len(drives))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := drives[i].To, drives[j].To
		return cmp.Or(
			cmp.Compare(math.Floor(a.Lat*stripsPerDeg), math.Floor(b.Lat*stripsPerDeg)),
			cmp.Compare(a.Lng, b.Lng), cmp.Compare(a.Lat, b.Lat))
	})
	var all []table
	d := draft{most: c.points}
	for _, i := range order {
		if !d.add(i, drives[i].From, drives[i].To) {
			all = append(all, d.table)
			d = draft{most: c.points}
			if len(all) == MaxRequests {
				return all
			}
			d.add(i, drives[i].From, drives[i].To)
		}
	}
	if len(d.cells) > 0 {
		all = append(all, d.table)
	}
	return all
}

// draft is a table that is being filled.
type draft struct {
	table
	most  int
	froms map[geo.Point]int
	tos   map[geo.Point]int
}

// add takes a drive if there is room for its places.
func (d *draft) add(drive int, from, to geo.Point) bool {
	if d.froms == nil {
		d.froms, d.tos = make(map[geo.Point]int), make(map[geo.Point]int)
	}
	f, knownFrom := d.froms[from]
	t, knownTo := d.tos[to]
	places := len(d.from) + len(d.to)
	if !knownFrom {
		places++
	}
	if !knownTo {
		places++
	}
	if places > d.most {
		return false
	}
	if !knownFrom {
		f = len(d.from)
		d.froms[from], d.from = f, append(d.from, from)
	}
	if !knownTo {
		t = len(d.to)
		d.tos[to], d.to = t, append(d.to, to)
	}
	d.cells = append(d.cells, cell{drive, f, t})
	return true
}

// answer is what the service says.
type answer struct {
	Code         string       `json:"code"`
	Message      string       `json:"message"`
	Durations    [][]*float64 `json:"durations"` // seconds; null: no way
	Sources      []waypoint   `json:"sources"`
	Destinations []waypoint   `json:"destinations"`
}

// waypoint is where a place was moved to, on a road: longitude, latitude.
type waypoint struct {
	Location []float64 `json:"location"`
}

// Error is an answer that is none.
type Error struct {
	Status int    // of HTTP; 0: there was no answer
	Why    string // empty: see Cause
	Cause  error  // may be nil
}

// Error is "osrm: status 500: why".
func (e *Error) Error() string {
	s := "osrm"
	if e.Status != 0 {
		s += ": status " + strconv.Itoa(e.Status)
	}
	if e.Why != "" {
		s += ": " + e.Why
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ask makes the request and checks the answer; nil without an error is one that none of the places
// is near a road.
func (c *Client) ask(ctx context.Context, t *table) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/"+t.path(), nil)
	if err != nil {
		return nil, &Error{Why: "the request", Cause: err}
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, &Error{Cause: err}
	}
	defer func() { _ = res.Body.Close() }() // it was read
	most := t.mostBytes()
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	switch {
	case err != nil:
		return nil, &Error{Status: res.StatusCode, Cause: err}
	case int64(len(body)) > most:
		return nil, &Error{
			Status: res.StatusCode, Why: fmt.Sprintf("an answer of more than %d bytes", most),
		}
	}
	var a answer
	err = json.Unmarshal(body, &a)
	if a.Code == "NoSegment" {
		return nil, nil
	}
	if res.StatusCode != http.StatusOK || err != nil {
		why := a.Code + " " + shortened(a.Message)
		return nil, &Error{Status: res.StatusCode, Why: why, Cause: err}
	}
	if why := a.fault(t); why != "" {
		return nil, &Error{Status: res.StatusCode, Why: why}
	}
	return &a, nil
}

func shortened(s string) string { return s[:min(len(s), 200)] }

// mostBytes is more than a good answer has: 32 bytes a time, and a kilobyte a place, for its
// street's name and its hint.
func (t *table) mostBytes() int64 {
	return int64(4096 + 32*len(t.from)*len(t.to) + 1024*(len(t.from)+len(t.to)))
}

// path is the places, and which of them drives begin and end at. OSRM writes longitude first.
func (t *table) path() string {
	var b strings.Builder
	for i, p := range slices.Concat(t.from, t.to) {
		if i > 0 {
			b.WriteByte(';')
		}
		fmt.Fprintf(&b, "%.6f,%.6f", p.Lng, p.Lat)
	}
	list := func(from, n int) {
		for i := range n {
			if i > 0 {
				b.WriteByte(';')
			}
			b.WriteString(strconv.Itoa(from + i))
		}
	}
	b.WriteString("?annotations=duration&generate_hints=false&sources=")
	list(0, len(t.from))
	b.WriteString("&destinations=")
	list(len(t.from), len(t.to))
	return b.String()
}

// maxDurationS is the longest drive that is believed: a day.
const maxDurationS = 24 * 3600

// fault says why an answer is not one to the question; "" if it is.
func (a *answer) fault(t *table) string {
	switch {
	case a.Code != "Ok":
		return "code " + strconv.Quote(shortened(a.Code))
	case len(a.Durations) != len(t.from) || len(a.Sources) != len(t.from):
		return fmt.Sprintf("%d rows and %d sources for %d places",
			len(a.Durations), len(a.Sources), len(t.from))
	case len(a.Destinations) != len(t.to):
		return fmt.Sprintf("%d destinations for %d places", len(a.Destinations), len(t.to))
	}
	for _, row := range a.Durations {
		if len(row) != len(t.to) {
			return fmt.Sprintf("a row of %d times for %d places", len(row), len(t.to))
		}
		for _, s := range row {
			if s != nil && !(*s >= 0 && *s <= maxDurationS) {
				return fmt.Sprintf("a time of %v s", *s)
			}
		}
	}
	for _, w := range slices.Concat(a.Sources, a.Destinations) {
		if _, ok := w.point(); !ok {
			return fmt.Sprintf("a place at %v", w.Location)
		}
	}
	return ""
}

func (w waypoint) point() (p geo.Point, ok bool) {
	if len(w.Location) != 2 {
		return p, false
	}
	p = geo.Point{Lat: w.Location[1], Lng: w.Location[0]}
	return p, p.Check() == nil
}

// fill sets the times of a table's drives. What lies between a place and its road is driven at the
// learned pace, as it is where the road is our own.
func (t *table) fill(a *answer, drives []geo.Estimate, snapM float64) {
	if a == nil {
		return
	}
	for _, at := range t.cells {
		d, s := &drives[at.drive], a.Durations[at.from][at.to]
		start, _ := a.Sources[at.from].point()
		end, _ := a.Destinations[at.to].point()
		startM, endM := geo.DistanceM(d.From, start), geo.DistanceM(end, d.To)
		if s == nil || max(startM, endM) > snapM || startM+endM >= d.DistanceM {
			continue
		}
		d.TimeMS = uint32(1000 * (*s + min(d.Pace.TimeS(startM+endM), maxDurationS)))
		d.Source = geo.SourceService
	}
}
