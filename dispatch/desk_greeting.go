package dispatch

import (
	"context"
	"time"
)

// SendGreeting is a driver's greeting to all their regulars.
type SendGreeting struct {
	Driver   DriverID
	Festival FestivalID
	Text     string // 1 to MaxGreetingBytes, without a phone number
}

// SendGreeting sends a greeting to all regulars of a driver that both sides have agreed to, but for
// riders who want none. Errors: Invalid for a bad text, Conflict with ReasonNoFestival when it is
// not the festival's time, with ReasonGreeted for a second one, with ReasonNobodyToGreet.
func (d *Desk) SendGreeting(
	ctx context.Context, now time.Time, key Once, c SendGreeting,
) (Greeting, error) {
	id := GreetingID(d.NewID(now))
	return do(ctx, d, "SendGreeting", now, key, c, func(j *job) (Greeting, error) {
		if err := checkGreeting(c.Text); err != nil {
			return Greeting{}, err
		}
		driver, err := j.tx.LockDriver(c.Driver)
		if err != nil {
			return Greeting{}, err
		}
		city, err := d.Cities.City(driver.City)
		if err != nil {
			return Greeting{}, err
		}
		if _, ok := d.Festivals.Greeted(city, now).Find(c.Festival); !ok {
			return Greeting{}, Errorf(Conflict, ReasonNoFestival,
				"festival %q is not, or not now", c.Festival)
		}
		g := Greeting{
			ID: id, Driver: c.Driver, City: city.ID, Festival: c.Festival, Text: c.Text,
			SentAt: now,
		}
		// Whoever refuses now hears of the next one: the two rows are of different people.
		if g.Riders, err = j.tx.DeliverGreeting(g); err != nil {
			return Greeting{}, err
		}
		if g.Riders == 0 {
			return Greeting{}, Errorf(Conflict, ReasonNobodyToGreet,
				"driver %s has no regular who wants greetings", c.Driver)
		}
		return g, j.tx.InsertGreeting(g)
	})
}

// WantGreetings is a rider's word on greetings, of all their regulars.
type WantGreetings struct {
	Rider RiderID
	Want  bool
}

// WantGreetings says whether a rider wants greetings; who has said nothing does. It holds for those
// that are sent later. It returns what holds now.
func (d *Desk) WantGreetings(
	ctx context.Context, now time.Time, key Once, c WantGreetings,
) (bool, error) {
	return do(ctx, d, "WantGreetings", now, key, c, func(j *job) (bool, error) {
		if _, err := j.tx.LockRider(c.Rider); err != nil {
			return false, err
		}
		return c.Want, j.tx.SetGreetings(c.Rider, c.Want)
	})
}
