package geo

import (
	"fmt"
	"slices"
)

// Source says where a travel time comes from.
type Source int

// The sources of travel times.
const (
	// SourceLearned is the great circle at a learned pace.
	SourceLearned Source = iota + 1
	// SourceRoad is the quickest way in a road graph.
	SourceRoad
	// SourceService is the answer of a routing service.
	SourceService
)

// Sources is one more than the last source: the length of a table by source.
const Sources = SourceService + 1

var sources = [Sources]string{"", "learned", "road", "service"}

// String is the source's name; "" for none.
func (s Source) String() string { return sources[s] }

// ParseSource is String's inverse; it returns 0 for an unknown name.
func ParseSource(name string) Source { return Source(max(0, slices.Index(sources[:], name))) }

// MarshalText writes the name.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; "" is none, an unknown one an error.
func (s *Source) UnmarshalText(text []byte) error {
	if *s = ParseSource(string(text)); *s == 0 && len(text) > 0 {
		return fmt.Errorf("geo: unknown source of travel times %q", text)
	}
	return nil
}

// Estimate is how long one drive takes.
type Estimate struct {
	From, To  Point
	DistanceM float64 // by great circle
	Pace      Pace    // learned, for where there is no road
	TimeMS    uint32
	Source    Source // 0: TimeMS is not set yet
}

// ByPace sets the time by the learned pace, if there is none yet.
func (e *Estimate) ByPace() {
	if e.Source == 0 {
		e.TimeMS = uint32(min(max(0, 1000*e.Pace.TimeS(e.DistanceM)), maxTimeMS))
		e.Source = SourceLearned
	}
}
