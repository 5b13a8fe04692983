package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How flights are followed.
const (
	// flightsEvery is how often a city's flights are asked for, city time.
	flightsEvery = time.Minute
	// flightsAhead is how long before its pickup a booking's flight is followed.
	flightsAhead = 24 * time.Hour
	// flightsAtOnce is how many flights of a city are asked for in a turn, those first whose riders
	// are picked up first.
	flightsAtOnce = 500
)

// Flights tells when flights land.
type Flights interface {
	// Landing is what is known of a flight that lands in a city; known is false for one that nobody
	// knows. Errors: Unavailable.
	Landing(ctx context.Context, city CityID, f Flight) (at FlightTime, known bool, err error)
}

// FollowFlights asks once for the flights of all bookings of the next day, and moves their pickups.
// It does what it can and returns what has failed.
func (d *Desk) FollowFlights(ctx context.Context, now time.Time, flights Flights) error {
	var failed error
	for id := range d.Cities {
		var open []Flight
		err := d.Store.View(ctx, func(tx Tx) (err error) {
			open, err = tx.OpenFlights(id, now.Add(flightsAhead), flightsAtOnce)
			return err
		})
		failed = errors.Join(failed, err)
		for _, f := range open {
			if ctx.Err() != nil {
				return failed
			}
			if err := d.followFlight(ctx, now, flights, MoveFlight{
				City: id, Flight: f, Feed: true,
			}); err != nil {
				failed = errors.Join(failed,
					fmt.Errorf("flight %s of %s: %w", f.Number, f.Day, err))
			}
		}
	}
	return failed
}

func (d *Desk) followFlight(
	ctx context.Context, now time.Time, flights Flights, c MoveFlight,
) error {
	at, known, err := flights.Landing(ctx, c.City, c.Flight)
	if err != nil || !known {
		return err
	}
	c.FlightTime = at
	var j job
	err = d.retry(ctx, func(tx Tx) error {
		j = job{tx: tx, now: now}
		_, err := d.moveFlight(&j, c)
		return err
	})
	if err == nil {
		d.tell(ctx, &j)
	}
	return err
}

// Following does what FollowFlights does every minute of the city's time, at most once a second of
// the machine's. It returns when ctx ends. failed hears of errors that it goes on after.
func (d *Desk) Following(
	ctx context.Context, clock Clock, flights Flights, failed func(what string, err error),
) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := clock.Now()
		if err := d.FollowFlights(ctx, now, flights); err != nil && ctx.Err() == nil {
			failed("flights", err)
		}
		timer.Reset(max(clock.Wait(now.Add(flightsEvery)), time.Second))
	}
}
