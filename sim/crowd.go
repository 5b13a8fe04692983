package sim

import (
	"fmt"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// crowd is the simulated riders and drivers, with what they know and intend. It is one goroutine's,
// and does not care how the city is reached.
type crowd struct {
	city   dispatch.City
	do     Options
	trips  []Trip
	world  world
	phones phones

	epoch   time.Time // of the agenda
	now     time.Time
	agenda  agenda
	drivers []driver
	riders  []rider
	byRide  map[dispatch.RideID]int32 // → rider
	byID    map[dispatch.DriverID]int32
	first   time.Time     // request
	last    time.Time     // request
	again   time.Duration // until a rider looks whether a payment has arrived
	open    int           // rides that have not ended
	kept    []kept        // who will ask again
	brushed brushed
	tally   tally
	report  Report
}

// phones are the apps: how the crowd reaches the city, and hears from it. What comes of a call is
// told to the crowd's own methods, at once in a virtual run and later in a live one. An error ends
// the run.
type phones interface {
	// fix tells where a driver's taxi is.
	fix(d *driver) error
	// shown tells that an offer is on the driver's screen.
	shown(d *driver, offer dispatch.OfferID) error
	// give is something that the driver has done; driver.answered hears what came of it.
	give(d *driver, cmd command) error
	// freed is a driver who can take a ride now; driver.onCall hears of the open calls around.
	freed(d *driver)
	// look reads where the driver's ride stands; driver.onRide hears it.
	look(d *driver) error
	// share tells where the rider's phone is. Nothing comes of it.
	share(r *rider, at geo.Point) error
	// ask is something that the rider wants; rider.answered hears what came of it.
	ask(r *rider, w wish) error
}

// newCrowd makes the people. tag begins the names of all, so that runs do not meet.
func newCrowd(city dispatch.City, o Options, trips []Trip, taxis []Taxi, tag string) crowd {
	c := crowd{
		city: city, do: o, trips: trips, again: payAgain, tally: newTally(),
		byRide: make(map[dispatch.RideID]int32), byID: make(map[dispatch.DriverID]int32),
		first: trips[0].At, last: trips[len(trips)-1].At,
	}
	c.epoch, c.now = c.first, c.first
	for i := range taxis {
		c.drivers = append(c.drivers, driver{
			who: int32(i), id: dispatch.DriverID(tag + "D" + taxis[i].ID),
			taxi: dispatch.TaxiID(tag + "T" + taxis[i].ID), seats: taxis[i].Seats,
			pos: taxis[i].At, rand: Stream(o.Seed, "driver", uint64(i)),
		})
		if o.AcceptModel {
			c.drivers[i].taste = tasteOf(Stream(o.Seed, "taste", uint64(i)))
		}
		c.byID[c.drivers[i].id] = int32(i)
	}
	for i := range trips {
		c.riders = append(c.riders, rider{
			who: int32(i), id: dispatch.RiderID(fmt.Sprintf("%sR%06d", tag, i)), trip: &trips[i],
			rand: Stream(o.Seed, "rider", uint64(i)), payBy: money.InWallet, driver: nobody,
			at: trips[i].Pickup, left: trips[i].Duration,
		})
		c.riders[i].decide(o.Behaviour)
		if o.any() {
			c.riders[i].will = whimsOf(Stream(o.Seed, "whims", uint64(i)), o.Habits)
		}
	}
	return c
}

// decide draws what the rider will do.
func (r *rider) decide(o Behaviour) {
	switch pays := r.rand.Float64(); {
	case pays < o.Cash:
		r.payBy = money.Cash
	case pays < o.Cash+o.WeChat:
		r.payBy = money.WeChat
	case pays < o.Cash+o.outside():
		r.payBy = money.Alipay
	}
	r.gives = r.rand.Float64() < o.CancelAfter
	r.absent = happens(r.rand, o.NoShow)
}

const (
	// nobody stands for a driver that there is not, and for a rider that the crowd does not know.
	nobody = -1
	// stranger is a driver whom the crowd does not know.
	stranger = -2
)

// happen is a happening of one of the crowd.
func (c *crowd) happen(e entry) error {
	switch e.what {
	case request:
		return c.request(e.who)
	case pay:
		return c.pay(e.who)
	case giveUp:
		return c.giveUp(e)
	case takeAhead:
		return c.takeAhead(e.who)
	case raiseTip:
		return c.raiseTip(e.who)
	case leave:
		return c.leave(e)
	default:
		return c.drivers[e.who].happen(c, e)
	}
}

// ms is a time on the agenda.
func (c *crowd) ms(t time.Time) int64 { return t.Sub(c.epoch).Milliseconds() }

func (c *crowd) at(t time.Time, what happening, who, serial int32) {
	c.agenda.add(entry{atMS: c.ms(t), what: what, who: who, serial: serial})
}

func (c *crowd) in(d time.Duration, what happening, who, serial int32) {
	c.at(c.now.Add(d), what, who, serial)
}

// end is when the run is over, whatever is still under way: two hours after the last pickup that is
// asked for.
func (c *crowd) end() time.Time { return c.last.Add(c.do.ahead() + afterLast) }

// within is how many seconds of a time span lie before the last request.
func (c *crowd) within(from, to time.Time) float64 {
	if to.After(c.last) {
		to = c.last
	}
	return max(0, to.Sub(from).Seconds())
}

// campaign is the launch campaign: valid on a day and the next.
func (c *crowd) campaign(day time.Time) money.Campaign {
	day = day.In(c.city.Zone)
	midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, c.city.Zone)
	return money.Campaign{
		ID: campaignID, Version: 1, City: string(c.city.ID), Sponsor: sponsor,
		Channel: c.do.sponsored(), State: money.CampaignRuns,
		Rider: money.Fixed(money.Yuan(5)), Driver: money.Fixed(money.Yuan(5)),
		Cap: c.do.Budget, StartsAt: midnight, EndsAt: midnight.AddDate(0, 0, 2),
	}
}

// planRequests puts every trip on the agenda.
func (c *crowd) planRequests() {
	for i := range c.trips {
		c.at(c.trips[i].At, request, int32(i), 0)
	}
}

// logOnAt is when a taxi's driver begins: with the first request, or later at their own time.
func (c *crowd) logOnAt(taxi *Taxi) time.Time {
	if c.do.Fleet > 0 || taxi.From.Before(c.first) {
		return c.first
	}
	return taxi.From
}

// expected lets through what a running city brings with it, counted already: an offer that has
// just expired, a ride that has just been cancelled. Anything else stops the run.
func expected(err error) error {
	switch dispatch.KindOf(err) {
	case dispatch.Conflict, dispatch.Exhausted:
		return nil
	default:
		return err
	}
}
