package dispatch

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

//go:embed cities/*.json
var cityFiles embed.FS

// City is the unit of configuration, time and sharding.
type City struct {
	ID     CityID
	Name   string
	NameZH string
	Zone   *time.Location // of its business day
	Center geo.Point
	Tariff money.Tariff
	// Area is where pickups may be; empty is everywhere. Dropoffs may be outside.
	Area geo.Area
	// Policies are its rules by date; PolicyAt finds those of a time.
	Policies Policies
	Stands   []Stand
}

// cityFile is a city as written in its file.
type cityFile struct {
	ID       CityID          `json:"id"`
	Name     string          `json:"name"`
	NameZH   string          `json:"name_zh"`
	TimeZone string          `json:"time_zone"`
	Center   *geo.Point      `json:"center"`
	Tariff   string          `json:"tariff"`
	Area     json.RawMessage `json:"area"` // GeoJSON: Polygon or MultiPolygon
	Policies json.RawMessage `json:"policies"`

	Stands []json.RawMessage `json:"stands"`

	// For people: how sure the rules are ("high", "medium" or "low"), why, and where they are from.
	Confidence string   `json:"confidence"`
	Notes      []string `json:"notes"`
	Sources    []string `json:"sources"`
}

// ParseCity reads a city's file. An unknown or missing key, or a value out of its limits, is an
// *Error that names the file and the key.
func ParseCity(file string, data []byte) (City, error) {
	raw := cityFile{}
	if err := decodeStrict(data, &raw); err != nil {
		return City{}, cityError(file, err)
	}
	city := City{ID: raw.ID, Name: raw.Name, NameZH: raw.NameZH, Policies: Always(DefaultPolicy())}
	if err := checkID("id", string(raw.ID)); err != nil {
		return City{}, cityError(file, err)
	}
	if !slices.Contains([]string{"", "high", "medium", "low"}, raw.Confidence) {
		return City{}, cityError(file, invalid("confidence", "high, medium or low"))
	}
	if raw.Center == nil {
		return City{}, cityError(file, invalid("center", "given"))
	}
	city.Center = *raw.Center
	if err := (Place{Point: city.Center}).Check("center"); err != nil {
		return City{}, cityError(file, err)
	}
	var err error
	if raw.TimeZone == "" {
		return City{}, cityError(file, invalid("time_zone", "an IANA name"))
	}
	if city.Zone, err = time.LoadLocation(raw.TimeZone); err != nil {
		return City{}, cityError(file, invalid("time_zone", "an IANA name, not "+raw.TimeZone))
	}
	if city.Tariff, err = money.LoadTariff(raw.Tariff); err != nil {
		return City{}, cityError(file, err)
	}
	if len(raw.Area) > 0 {
		if city.Area, err = geo.ParseArea(raw.Area); err != nil {
			return City{}, cityError(file, err)
		}
		if !city.Area.Holds(city.Center) {
			return City{}, cityError(file, invalid("center", "in the area"))
		}
	}
	if len(raw.Policies) > 0 {
		if city.Policies, err = ParsePolicies(raw.Policies, city.Zone); err != nil {
			return City{}, cityError(file, err)
		}
	}
	if city.Stands, err = parseStands(raw.Stands); err != nil {
		return City{}, cityError(file, err)
	}
	return city, nil
}

func cityError(file string, cause error) error {
	return &Error{Kind: Invalid, Reason: ReasonField, Text: "city file " + file, Cause: cause}
}

func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

// LoadCity reads one of the cities that come with the house. CityNames lists them.
func LoadCity(id CityID) (City, error) {
	file := "cities/" + string(id) + ".json"
	data, err := cityFiles.ReadFile(file)
	if err != nil {
		return City{}, Errorf(NotFound, ReasonUnknownCity,
			"unknown city %q: choose one of %s", id, strings.Join(CityNames(), ", "))
	}
	return ParseCity(file, data)
}

// CityNames are the cities that come with the house, sorted.
func CityNames() []string {
	files, _ := fs.Glob(cityFiles, "cities/*.json")
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "cities/"), ".json")
	}
	return files
}

// Cities finds a city by its id.
type Cities map[CityID]City

// City is the city, or an *Error of kind NotFound.
func (c Cities) City(id CityID) (City, error) {
	city, ok := c[id]
	if !ok {
		return City{}, Errorf(NotFound, ReasonUnknownCity, "unknown city %q", id)
	}
	return city, nil
}

// CheckPickup refuses a pickup outside of the city's area.
func (c City) CheckPickup(p geo.Point) error {
	if c.Area.Empty() || c.Area.Holds(p) {
		return nil
	}
	return Errorf(Conflict, ReasonOutside, "the pickup is outside of %s's service area", c.ID)
}
