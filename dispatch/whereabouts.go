package dispatch

import (
	"math"
	"time"

	"hexhail/geo"
)

// PhoneFix is where a rider's phone was during a drive, by its own word.
type PhoneFix struct {
	At    time.Time // zero: it has not said
	Place geo.Point // zero once the drive is over
	AwayM int       // from the taxi, in metres; AwayUnknown; 0 until the drive is over
}

// AwayUnknown is how far a phone was from a taxi of which nothing was heard then.
const AwayUnknown = -1

// Whereabouts are where the rider's phone was first and last of what it has told of a drive. When
// the drive is over only the distances from the taxi are kept.
type Whereabouts struct {
	Ride        RideID
	First, Last PhoneFix
	Measured    bool // the drive is over
}

// How often phones tell.
const (
	// TellEvery is how often a phone is asked where it is: two may get lost before it counts as
	// silent (brush_phone_s), and a thousand drives cost 17 small transactions a second.
	TellEvery = time.Minute
	// tellRest is how soon after a position another one is worth a write.
	tellRest = 20 * time.Second
	// sameMoment is how far apart in time positions of phone and taxi may be to be compared: clocks
	// differ, and a taxi is silent between two fixes.
	sameMoment = 30 * time.Second
)

// tellsPhone reports whether it is asked where the rider's phone is on this ride. Who pays a street
// ride may be a friend elsewhere.
func (r Ride) tellsPhone() bool { return r.Rider != "" && r.Kind != Street }

// fix is where the phone was before the next fix; nil if it has not said.
func (s PhoneFix) fix() *geo.Fix {
	if s.At.IsZero() {
		return nil
	}
	return &geo.Fix{Point: s.Place, At: s.At}
}

// told are the whereabouts after another position of a drive that began at a time; changed is false
// if they stay. What is told twice or late changes nothing; a position that no phone can have
// honestly is a *geo.FixError.
func (w Whereabouts) told(
	fix geo.Fix, started, now time.Time,
) (_ Whereabouts, changed bool, _ error) {
	if w.Last.At.Before(started) { // of a taxi that broke down
		w.First, w.Last = PhoneFix{}, PhoneFix{}
	}
	late := !w.Last.At.IsZero() && !fix.At.After(w.Last.At)
	before := w.Last.fix()
	if late {
		before = nil
	}
	if err := geo.CheckFix(before, fix, now); err != nil {
		return w, false, err
	}
	if late || fix.At.Before(started) || fix.At.Sub(w.Last.At) < tellRest {
		return w, false, nil
	}
	w.Last = PhoneFix{At: fix.At, Place: fix.Point}
	if w.First.At.IsZero() {
		w.First = w.Last
	}
	return w, true, nil
}

// measured are the whereabouts of a drive that is over: how far the phone was from the taxi, and
// its places no more.
func (w Whereabouts) measured(trace []geo.Fix, started time.Time) Whereabouts {
	for _, s := range []*PhoneFix{&w.First, &w.Last} {
		s.AwayM = AwayUnknown
		if !s.At.Before(started) {
			s.AwayM = awayM(trace, *s)
		}
		s.Place = geo.Point{}
	}
	w.Measured = true
	return w
}

// awayM is the least distance, in metres, between a phone and where the taxi was at about that
// time.
func awayM(trace []geo.Fix, s PhoneFix) int {
	least := math.Inf(1)
	for i := range trace {
		if trace[i].At.Sub(s.At).Abs() <= sameMoment {
			least = min(least, geo.DistanceM(trace[i].Point, s.Place))
		}
	}
	if math.IsInf(least, 1) {
		return AwayUnknown
	}
	return int(least)
}

// PhoneHeard is what a rider's phone has told, as evidence.
type PhoneHeard struct {
	Heard         bool
	Silent        time.Duration // since the last of it, at the end of the drive
	FirstM, LastM int           // how far it was from the taxi, in metres; AwayUnknown
}

// heard is what is known of the phone when the drive has ended.
func (w Whereabouts) heard(ended time.Time) PhoneHeard {
	if !w.Measured {
		return PhoneHeard{}
	}
	return PhoneHeard{
		Heard: true, Silent: max(0, ended.Sub(w.Last.At)),
		FirstM: w.First.AwayM, LastM: w.Last.AwayM,
	}
}
