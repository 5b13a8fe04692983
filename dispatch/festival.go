package dispatch

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"time"
)

// festivalFile has the festivals for which drivers greet their regulars. Those of the Chinese
// calendar follow the moon, and a table of their days is shorter than that calendar.
//
//go:embed festivals.json
var festivalFile []byte

// FestivalID names one festival of one year ("spring-2014").
type FestivalID string

// Festival is one festival of one year.
type Festival struct {
	ID     FestivalID
	Name   string // in English
	NameZH string
	Day    string // its own, as 2014-01-31
}

// Festivals are the festivals that are known, by day; two may have the same.
type Festivals []Festival

// LoadFestivals reads the table that comes with the house.
func LoadFestivals() (Festivals, error) { return ParseFestivals("festivals.json", festivalFile) }

// ParseFestivals reads a table of festivals: a list of id, name, name_zh, and days as 2014-01-31,
// of which a year has one at most. An *Error names the file and the festival.
func ParseFestivals(file string, data []byte) (Festivals, error) {
	var raw []struct {
		ID     string   `json:"id"`
		Name   string   `json:"name"`
		NameZH string   `json:"name_zh"`
		Days   []string `json:"days"`
	}
	broken := func(cause error) error {
		return &Error{Kind: Invalid, Reason: ReasonField, Text: "festivals " + file, Cause: cause}
	}
	if err := decodeStrict(data, &raw); err != nil {
		return nil, broken(err)
	}
	var list Festivals
	seen := map[FestivalID]bool{}
	for _, f := range raw {
		if err := checkID("id", f.ID); err != nil || f.Name == "" || f.NameZH == "" {
			return nil, broken(invalid("id", "given, with name and name_zh"))
		}
		for _, day := range f.Days {
			at, err := time.Parse(time.DateOnly, day)
			id := FestivalID(fmt.Sprintf("%s-%d", f.ID, at.Year()))
			if err != nil || seen[id] {
				return nil, broken(invalid(f.ID+".days", "dates as 2014-01-31, one a year"))
			}
			seen[id] = true
			list = append(list, Festival{ID: id, Name: f.Name, NameZH: f.NameZH, Day: day})
		}
	}
	slices.SortStableFunc(list, func(a, b Festival) int { return cmp.Compare(a.Day, b.Day) })
	return list, nil
}

// Find is the festival of an id; ok is false if there is none.
func (f Festivals) Find(id FestivalID) (Festival, bool) {
	i := slices.IndexFunc(f, func(x Festival) bool { return x.ID == id })
	if i < 0 {
		return Festival{}, false
	}
	return f[i], true
}

// Greeted are the festivals for which drivers of a city may greet now: from GreetDays before its
// day, by the city's calendar, to the end of the day itself.
func (f Festivals) Greeted(city City, now time.Time) (list Festivals) {
	local := now.In(city.Zone)
	first := local.Format(time.DateOnly)
	last := local.AddDate(0, 0, city.PolicyAt(now).GreetDays).Format(time.DateOnly)
	for _, festival := range f {
		if festival.Day >= first && festival.Day <= last {
			list = append(list, festival)
		}
	}
	return list
}
