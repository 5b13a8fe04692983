package sim

import (
	"fmt"
	"io"
	"slices"
	"time"

	"hexhail/geo"
)

// maxTaxiIDBytes leaves room for what the store's ids add (dispatch.MaxIDBytes).
const maxTaxiIDBytes = 32

// Taxi is a taxi with its driver as the shift begins.
type Taxi struct {
	ID    string
	At    geo.Point
	From  time.Time // logs on
	Seats int       // for riders, 1 to 8
}

// ReadTaxis reads taxis: t_available, taxi_id (1 to 32 bytes, each once), lat, lng and capacity (1
// to 8). The columns may stand in any order; others are ignored. Times are in zone unless they
// name theirs. The result is in the order of time, and of the file where times are equal. name is
// for errors, each a *CSVError; the first ends the reading.
func ReadTaxis(name string, r io.Reader, zone *time.Location) ([]Taxi, error) {
	t, err := openTable(name, r, "t_available", "taxi_id", "lat", "lng", "capacity")
	if err != nil {
		return nil, err
	}
	var taxis []Taxi
	lines := map[string]int{}
	for t.next() {
		taxis = append(taxis, Taxi{
			ID:    t.taxiID("taxi_id", lines),
			At:    t.point("lat", "lng"),
			From:  t.time("t_available", zone),
			Seats: t.seats("capacity", 0),
		})
	}
	if t.err != nil {
		return nil, t.err
	}
	slices.SortStableFunc(taxis, func(a, b Taxi) int { return a.From.Compare(b.From) })
	return taxis, nil
}

// taxiID reads an id that no other line has.
func (t *table) taxiID(column string, lines map[string]int) string {
	id := t.text(column)
	if id == "" || len(id) > maxTaxiIDBytes {
		t.fail(column, "%.80q is not an id of 1 to %d bytes", id, maxTaxiIDBytes)
	}
	if line, twice := lines[id]; twice {
		t.fail(column, "%q stands already in line %d", id, line)
	}
	lines[id] = t.line
	return id
}

// DrawFleet draws n different taxis by the seed, where they are, in the order given. With n = 0 it
// returns all. More than there are is an *OptionError of --fleet.
func DrawFleet(taxis []Taxi, n int, seed uint64) ([]Taxi, error) {
	if n < 0 || n > len(taxis) {
		limit := fmt.Sprintf("0 to %d, the taxis in the file, not %d", len(taxis), n)
		return nil, &OptionError{Flag: "fleet", Limit: limit}
	}
	if n == 0 {
		return slices.Clone(taxis), nil
	}
	// The first n steps of a Fisher–Yates shuffle.
	r := Stream(seed, "fleet", 0)
	order := make([]int, len(taxis))
	for i := range order {
		order[i] = i
	}
	for i := range n {
		j := i + r.IntN(len(order)-i)
		order[i], order[j] = order[j], order[i]
	}
	slices.Sort(order[:n])
	drawn := make([]Taxi, n)
	for i, at := range order[:n] {
		drawn[i] = taxis[at]
	}
	return drawn, nil
}
