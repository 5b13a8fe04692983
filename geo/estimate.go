package geo

import (
	"fmt"
	"math"
	"time"
)

// Defaults of an Estimator, and the limits of what it learns.
const (
	// DefaultDetour is the length of a drive over the great-circle distance of its ends.
	DefaultDetour = 1.32
	// DefaultSpeedMPS is 24 km/h, along the roads.
	DefaultSpeedMPS = 24 / 3.6
	// MinSpeedMPS and MaxSpeedMPS, 3 and 100 km/h, bound every speed learned.
	MinSpeedMPS = 3 / 3.6
	MaxSpeedMPS = 100 / 3.6
	// MinLearnM is the great-circle distance below which a drive teaches nothing: doors and
	// lights are most of it.
	MinLearnM = 200
	// MaxLearnedAreas is how many areas have speeds of their own (20,000 km², 0.8 MB); the
	// drives of further ones are learned for the city alone.
	MaxLearnedAreas = 4096
)

const (
	hoursADay   = 24
	priorDrives = 4    // weight, in drives, of the wider estimate from which one starts
	minWeight   = 0.05 // of one drive of usualM, so that old drives are forgotten
	// A drive counts by its length, in shares of usualM up to maxShare: the time lost at both
	// ends makes short ones slow. On the routes of an hour of real trips in New York this
	// brings the mean error from 167 s to 149 s; without learning it is 207 s.
	usualM   = 3000
	maxShare = 3

	maxSurprise = 3 // a drive counts as at most so many times slower or faster than known

	binsPerDeg   = 256     // 430 m: the grid on which areas are looked up
	maxBins      = 1 << 17 // of the memory of that grid, which is forgotten when full
	maxSeenAreas = 1 << 15 // likewise
	noArea       = int32(-1)
)

// Pace is driving time over great-circle distance, in seconds a metre: the detour of the
// roads is in it.
type Pace float64

// TimeS is the driving time in seconds between points that are distanceM metres apart.
func (p Pace) TimeS(distanceM float64) float64 { return float64(p) * distanceM }

// Time is TimeS as a Duration.
func (p Pace) Time(distanceM float64) time.Duration {
	return time.Duration(float64(p) * distanceM * float64(time.Second))
}

// PaceOf is the pace at a speed along the roads in m/s, which must be positive, and a detour.
func PaceOf(speedMPS, detour float64) Pace { return Pace(detour / speedMPS) }

// Estimator tells how long drives take: great-circle distance × detour ÷ speed, the speed
// learned from finished drives by area (an H3 cell of resolution 7, 5 km², to the nearest
// 430 m) and hour of the day. An area that has taught nothing at an hour takes the city's
// speed of the hour, then the city's, then the default. It belongs to one goroutine.
type Estimator struct {
	detour  float64
	initial Pace
	bins    map[uint64]int32 // of the grid → area
	areas   []estimateArea
	byCell  map[Cell]int32
	learned int
	hours   [hoursADay]learnedPace
	always  learnedPace
}

type estimateArea struct {
	cell  Cell
	hours *[hoursADay]learnedPace // nil: has taught nothing
}

// learnedPace is an average of drives whose weights fall by age; none: drives is 0.
type learnedPace struct {
	pace   float32
	drives uint32
}

// EstimatorConfig holds what an estimator believes before it has learned anything. Zero
// fields mean the defaults.
type EstimatorConfig struct {
	Detour   float64 // at least 1
	SpeedMPS float64 // MinSpeedMPS to MaxSpeedMPS
}

// ConfigError says which field of a configuration is out of its range.
type ConfigError struct {
	Field            string
	Value, Low, High float64
}

// Error names the field, the value and the range.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("geo: %s %v is not in [%v, %v]", e.Field, e.Value, e.Low, e.High)
}

// NewEstimator returns an estimator that has learned nothing, or a *ConfigError.
func NewEstimator(c EstimatorConfig) (*Estimator, error) {
	if c.Detour == 0 {
		c.Detour = DefaultDetour
	}
	if c.SpeedMPS == 0 {
		c.SpeedMPS = DefaultSpeedMPS
	}
	const maxDetour = 10
	if !(c.Detour >= 1 && c.Detour <= maxDetour) {
		return nil, &ConfigError{Field: "detour", Value: c.Detour, Low: 1, High: maxDetour}
	}
	if !(c.SpeedMPS >= MinSpeedMPS && c.SpeedMPS <= MaxSpeedMPS) {
		return nil, &ConfigError{"speed_mps", c.SpeedMPS, MinSpeedMPS, MaxSpeedMPS}
	}
	return &Estimator{
		detour: c.Detour, initial: PaceOf(c.SpeedMPS, c.Detour),
		bins: make(map[uint64]int32), byCell: make(map[Cell]int32),
	}, nil
}

// Detour is the factor from great-circle distance to driven distance.
func (e *Estimator) Detour() float64 { return e.detour }

// Estimate is the time of a drive at an hour of the day, 0–23: the mean of the paces at both
// ends. From a point not on the earth or at no hour it uses the city's pace.
func (e *Estimator) Estimate(from, to Point, hour int) time.Duration {
	pace := (e.PaceAt(from, hour) + e.PaceAt(to, hour)) / 2
	return pace.Time(DistanceM(from, to))
}

// PaceAt is the pace around p at an hour of the day: looked up once for a ride, it serves
// all the taxis near it.
func (e *Estimator) PaceAt(p Point, hour int) Pace {
	if hour < 0 || hour >= hoursADay {
		return e.always.or(e.initial)
	}
	if a := e.areaOf(p); a != noArea {
		if hours := e.areas[a].hours; hours != nil && hours[hour].drives > 0 {
			return Pace(hours[hour].pace)
		}
	}
	return e.cityAt(hour)
}

func (e *Estimator) cityAt(hour int) Pace { return e.hours[hour].or(e.always.or(e.initial)) }

// Learn adds a finished drive that began in an hour of the day, 0–23, to the areas of both
// ends and to the city, and reports whether it taught anything: a drive of less than
// MinLearnM, of no time, at no hour or from nowhere does not. A speed outside MinSpeedMPS to
// MaxSpeedMPS counts as the nearer limit, and a drive three times slower or faster than
// known as three times. A longer drive counts for more.
func (e *Estimator) Learn(from, to Point, took time.Duration, hour int) bool {
	if took <= 0 || hour < 0 || hour >= hoursADay || !from.onEarth() || !to.onEarth() {
		return false
	}
	distanceM := DistanceM(from, to)
	if distanceM < MinLearnM {
		return false
	}
	slowest, fastest := PaceOf(MinSpeedMPS, e.detour), PaceOf(MaxSpeedMPS, e.detour)
	seen := min(max(Pace(took.Seconds()/distanceM), fastest), slowest)
	share := min(distanceM/usualM, maxShare)
	e.always.learn(seen, e.initial, share)
	e.hours[hour].learn(seen, e.always.or(e.initial), share)
	var first Cell
	for _, p := range [...]Point{from, to} {
		if a := e.teachable(p); a != noArea && e.areas[a].cell != first {
			e.areas[a].hours[hour].learn(seen, e.cityAt(hour), share)
			first = e.areas[a].cell
		}
	}
	return true
}

// Areas is how many areas have taught something, at most MaxLearnedAreas.
func (e *Estimator) Areas() int { return e.learned }

func (l *learnedPace) or(wider Pace) Pace {
	if l.drives > 0 {
		return Pace(l.pace)
	}
	return wider
}

// learn moves the average towards a drive; the first one starts from the wider average.
func (l *learnedPace) learn(seen, wider Pace, share float64) {
	now := l.or(wider)
	seen = min(max(seen, now/maxSurprise), now*maxSurprise)
	weight := Pace(share * max(minWeight, 1/float64(l.drives+1+priorDrives)))
	l.pace = float32(now + (seen-now)*weight)
	if l.drives < math.MaxUint32 {
		l.drives++
	}
}

// teachable is the area of p with a place for its paces, noArea at the limit.
func (e *Estimator) teachable(p Point) int32 {
	a := e.areaOf(p)
	if a == noArea {
		return noArea
	}
	if area := &e.areas[a]; area.hours == nil {
		if e.learned >= MaxLearnedAreas {
			return noArea
		}
		area.hours = new([hoursADay]learnedPace)
		e.learned++
	}
	return a
}

// areaOf is the area of the middle of p's bin: a pure function of p, remembered by bin.
func (e *Estimator) areaOf(p Point) int32 {
	if !p.onEarth() {
		return noArea
	}
	y, x := math.Floor(p.Lat*binsPerDeg), math.Floor(p.Lng*binsPerDeg)
	bin := uint64(uint32(int32(y)))<<32 | uint64(uint32(int32(x)))
	if a, ok := e.bins[bin]; ok {
		return a
	}
	return e.meet(bin, Point{
		Lat: min((y+0.5)/binsPerDeg, MaxLat), Lng: min((x+0.5)/binsPerDeg, MaxLng),
	})
}

// meet remembers the area of a bin.
func (e *Estimator) meet(bin uint64, middle Point) int32 {
	c, err := CellOf(middle, areaRes)
	if err != nil {
		return noArea
	}
	if len(e.bins) >= maxBins || len(e.areas) >= maxSeenAreas {
		e.forget()
	}
	a, ok := e.byCell[c]
	if !ok {
		a = int32(len(e.areas))
		e.areas = append(e.areas, estimateArea{cell: c})
		e.byCell[c] = a
	}
	e.bins[bin] = a
	return a
}

// forget drops the bins and the areas that have taught nothing: both are found again.
func (e *Estimator) forget() {
	clear(e.bins)
	clear(e.byCell)
	kept := e.areas[:0]
	for _, area := range e.areas {
		if area.hours != nil {
			e.byCell[area.cell] = int32(len(kept))
			kept = append(kept, area)
		}
	}
	clear(e.areas[len(kept):])
	e.areas = kept
}
