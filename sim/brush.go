package sim

import (
	"fmt"
	"io"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// brushWay is how somebody brushes.
type brushWay int

// The ways.
const (
	// brushNowhere asks for the whole way, stays where they are, and pays.
	brushNowhere brushWay = iota + 1
	// brushCorner asks for a way around the corner, and drives it: nothing differs from what was
	// asked for.
	brushCorner

	brushWays = brushCorner
)

// crooks is one of how many drivers has accounts to brush with.
const crooks = 200

// How far it is around the corner, and how far a taxi rolls that goes nowhere.
const (
	cornerM = 150.0
	rollM   = 20.0
)

// brush makes a request one of a brusher's: by another account of a driver who is idle now, at
// their taxi, at whatever time it is. Where no such driver is idle it stays an ordinary one.
func (c *crowd) brush(r *rider) {
	if r.will.brush == 0 {
		return
	}
	n := len(c.drivers)
	first := int(r.will.ally * float64(n))
	for i := range n {
		d := &c.drivers[(first+i)%n]
		if d.who%crooks != 0 || d.phase != idle || d.offer != (offered{}) || d.waits > 0 {
			continue
		}
		trip := *r.trip
		trip.Pickup, trip.Seats, trip.Duration, trip.Street = d.where(c.now), 1, 0, false
		r.brushes, r.ally, r.device = true, d.who, "phone-2-"+string(d.id)
		switch r.will.brush {
		case brushNowhere:
			r.ends = north(trip.Pickup, rollM)
		case brushCorner:
			trip.Dropoff = north(trip.Pickup, cornerM)
			r.ends = trip.Dropoff
		}
		r.trip, r.at, r.left = &trip, trip.Pickup, 0
		r.payBy, r.gives, r.absent = money.InWallet, false, false
		return
	}
}

// north is a place so many metres north of another.
func north(p geo.Point, metres float64) geo.Point {
	return geo.Point{Lat: p.Lat + metres/metresPerDegree, Lng: p.Lng}
}

// mindAlly cancels a brushed ride that another driver has got: what spoils it is that it was shown
// to others.
func (r *rider) mindAlly(c *crowd, driver int32) {
	if r.brushes && driver != r.ally && driver >= 0 {
		c.in(time.Second, leave, r.who, r.claims)
	}
}

// BrushFigures are what came of order brushing: whether those who brush were caught, and whom else
// it has hit.
type BrushFigures struct {
	Rides      int       `json:"rides"` // brushed to their end, with a subsidy
	SubsidyFen money.Fen `json:"subsidy_fen"`
	Held       int       `json:"held"` // of them
	HeldFen    money.Fen `json:"held_fen"`
	// HonestRides are all others with a subsidy.
	HonestRides   int       `json:"honest_rides"`
	HonestHeld    int       `json:"honest_held"`
	HonestHeldFen money.Fen `json:"honest_held_fen"`
}

// brushed counts them.
type brushed struct{ BrushFigures }

func (b *brushed) count(c *crowd, ride *dispatch.Ride, booked *booked) {
	given := booked.riderSubsidy + booked.driverSub + booked.held
	if ride.State != dispatch.Settled || given == 0 {
		return
	}
	who, known := c.byRide[ride.ID]
	brushes := known && c.riders[who].brushes && c.riders[who].payee == c.riders[who].ally
	held := booked.held > 0
	switch {
	case brushes:
		b.Rides++
		b.SubsidyFen += given
		if held {
			b.Held++
			b.HeldFen += given
		}
	default:
		b.HonestRides++
		if held {
			b.HonestHeld++
			b.HonestHeldFen += given
		}
	}
}

// figures are nil where nobody brushes and nothing was held.
func (b *brushed) figures(o Options) *BrushFigures {
	if o.Brush == 0 && b.HonestHeld == 0 {
		return nil
	}
	f := b.BrushFigures
	return &f
}

// summary writes the figures for people.
func (f *BrushFigures) summary(w io.Writer) error {
	if f == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "brushing   %d brushed, %d of them held: %s of %s yuan; of %d others "+
		"%d held, %s yuan\n", f.Rides, f.Held, f.HeldFen, f.SubsidyFen, f.HonestRides,
		f.HonestHeld, f.HonestHeldFen)
	return err
}
