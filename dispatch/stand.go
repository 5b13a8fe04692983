package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hexhail/geo"
)

// Limits of a city's stands.
const (
	// MaxStands is how many stands a city file may have.
	MaxStands = 64
	// MaxStandTaxis is how many taxis the queue of a stand has at most; Beijing's largest held some
	// two thousand.
	MaxStandTaxis = 5000
)

// StandID names a stand within its city.
type StandID string

// Stand is an airport or station zone with a queue: idle taxis in it wait in the order in which
// they came, and a ride from there goes to the head.
type Stand struct {
	ID     StandID
	Name   string
	NameZH string
	Note   string // where the outline is from, and how good it is
	// Zone is where taxis queue.
	Zone *geo.Zone
	// Pickups is from where rides go to the queue: the forecourt, if taxis wait elsewhere.
	Pickups *geo.Zone
	StandRules
}

// StandRules say who gets in and out of a stand's queue, and who may have its taxis.
type StandRules struct {
	// ServesOutside lets taxis of the queue have rides from elsewhere, as any other taxi.
	ServesOutside bool `json:"serves_outside"`
	// ExitFixes is after how many fixes in a row outside of the zone a taxi has left, 1–20. One
	// alone is often the error of a phone between tall buildings.
	ExitFixes int `json:"exit_fixes"`
	// LostS is after how long without a fix a taxi loses its place, 60–3,600 s: tunnels and
	// car parks are dark, and phones are begun anew.
	LostS int `json:"lost_s"`
	// MaxTaxis is how many taxis queue at most, 1–5,000; the next one gets in when one leaves.
	MaxTaxis int `json:"max_taxis"`
}

// DefaultStandRules are those of a stand that says nothing else.
func DefaultStandRules() StandRules {
	return StandRules{ExitFixes: 3, LostS: 300, MaxTaxis: 2000}
}

// Lost is after how long without a fix a taxi loses its place.
func (r StandRules) Lost() time.Duration { return seconds(r.LostS) }

func (r StandRules) check(key string) error {
	for _, l := range []struct {
		key         string
		v, min, max int
	}{
		{"exit_fixes", r.ExitFixes, 1, 20},
		{"lost_s", r.LostS, 60, 3600},
		{"max_taxis", r.MaxTaxis, 1, MaxStandTaxis},
	} {
		if l.v < l.min || l.v > l.max {
			return invalid(key+"."+l.key, fmt.Sprintf("%d to %d, not %d", l.min, l.max, l.v))
		}
	}
	return nil
}

// standFile is a stand as written in a city's file.
type standFile struct {
	ID      StandID         `json:"id"`
	Name    string          `json:"name"`
	NameZH  string          `json:"name_zh"`
	Note    string          `json:"note"`
	Zone    json.RawMessage `json:"zone"`
	Pickups json.RawMessage `json:"pickups"`
	StandRules
}

// parseStands reads the stands of a city's file. An error names the key.
func parseStands(raw []json.RawMessage) ([]Stand, error) {
	if len(raw) > MaxStands {
		return nil, invalid("stands", fmt.Sprintf("at most %d", MaxStands))
	}
	var list []Stand
	for i, text := range raw {
		key := fmt.Sprintf("stands[%d]", i)
		s, err := parseStand(key, text)
		if err != nil {
			return nil, err
		}
		for _, other := range list {
			if s.ID == other.ID {
				return nil, invalid(key+".id", "another one than those before, not "+string(s.ID))
			}
		}
		list = append(list, s)
	}
	return list, nil
}

func parseStand(key string, text []byte) (Stand, error) {
	file := standFile{StandRules: DefaultStandRules()}
	if err := decodeStrict(text, &file); err != nil {
		return Stand{}, &Error{Kind: Invalid, Reason: ReasonField, Text: key, Cause: err}
	}
	s := Stand{
		ID: file.ID, Name: file.Name, NameZH: file.NameZH, Note: file.Note,
		StandRules: file.StandRules,
	}
	if err := errors.Join(checkID(key+".id", string(s.ID)), s.check(key)); err != nil {
		return Stand{}, err
	}
	for _, text := range []struct{ key, text string }{{"name", s.Name}, {"name_zh", s.NameZH}} {
		if text.text == "" || len(text.text) > MaxNameBytes {
			return Stand{}, invalid(key+"."+text.key, fmt.Sprintf("1 to %d bytes", MaxNameBytes))
		}
	}
	var err error
	if s.Zone, err = parseZone(key+".zone", file.Zone); err != nil {
		return Stand{}, err
	}
	if s.Pickups = s.Zone; len(file.Pickups) > 0 {
		s.Pickups, err = parseZone(key+".pickups", file.Pickups)
	}
	return s, err
}

func parseZone(key string, text []byte) (*geo.Zone, error) {
	if len(text) == 0 {
		return nil, invalid(key, "given: a Polygon or MultiPolygon of GeoJSON")
	}
	area, err := geo.ParseArea(text)
	if err == nil {
		var z *geo.Zone
		if z, err = geo.NewZone(area); err == nil {
			return z, nil
		}
	}
	var bad *geo.AreaError
	if errors.As(err, &bad) {
		key += "." + bad.Key
	}
	return nil, &Error{Kind: Invalid, Reason: ReasonField, Text: key, Cause: err}
}

// Stand is the city's stand of an id. NotFound with ReasonUnknownStand.
func (c City) Stand(id StandID) (Stand, error) {
	for _, s := range c.Stands {
		if s.ID == id {
			return s, nil
		}
	}
	return Stand{}, Errorf(NotFound, ReasonUnknownStand, "%s has no stand %q", c.ID, id)
}

// Serves reports whether taxis in the stand's queue may have a ride from a point.
func (s Stand) Serves(pickup geo.Point) bool {
	return s.ServesOutside || s.Pickups.Holds(pickup)
}

// Turn is a driver's place in the queue of a stand.
type Turn struct {
	Driver DriverID
	Taxi   TaxiID
	City   CityID
	Stand  StandID
	// Order is a number of the city's own: less is nearer to the head.
	Order     int64
	EnteredAt time.Time // came to the stand
	OrderedAt time.Time // got this place: entered, or was put to the tail
	// Ride is the stand's ride to whose rider the driver is on the way: the place is kept, and not
	// counted, until the rider is on board. "" is in the queue.
	Ride RideID
}

// StandRank is where a driver is in the queue of a stand.
type StandRank struct {
	City      CityID
	Stand     StandID
	Rank      int // 1 is the head, 0 has left
	Length    int // of the queue
	EnteredAt time.Time
	At        time.Time // city clock
}
