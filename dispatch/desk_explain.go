package dispatch

import (
	"context"
	"time"
)

// DriverQuestion asks why a driver got the rides that they got, or none, in a time.
type DriverQuestion struct {
	Driver   DriverID
	From, To time.Time // zero: the last StoryTime until now
}

// LiveDriverLog asks the engine of a city for what of a driver it has not written yet; ok is false
// if it does not know them, or is not here.
type LiveDriverLog func(ctx context.Context, city CityID, driver DriverID) (
	log DriverLog, ok bool, err error)

// ExplainDriver tells it from rows, and from what the driver's engine has not written yet if live
// is not nil and has an answer. Errors: NotFound for an unknown driver; Invalid for a time that is
// longer than MaxStory or ends before it begins.
func ExplainDriver(
	ctx context.Context, store Store, live LiveDriverLog, q DriverQuestion, now time.Time,
) (DriverStory, error) {
	if q.To.IsZero() {
		q.To = now
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-StoryTime)
	}
	if d := q.To.Sub(q.From); d < 0 || d > MaxStory {
		return DriverStory{}, invalid("from", "not after to and at most 24 h before it")
	}
	city, err := cityOf(ctx, store, q.Driver)
	if err != nil {
		return DriverStory{}, err
	}
	var story DriverStory
	var log *DriverLog
	if live != nil {
		if l, ok, err := live(ctx, city, q.Driver); err == nil && ok {
			log = &l
		}
	}
	err = store.View(ctx, func(tx Tx) (err error) {
		story, err = q.story(tx, log)
		return err
	})
	story.City = city
	if log != nil {
		story.EngineAt = log.EngineAt
	}
	if log != nil && len(log.Changes) > 0 && log.Until.Sub(q.To) < time.Minute {
		last := log.Changes[len(log.Changes)-1]
		story.Now, story.Since, story.HeardAt = last.Presence, last.At, last.HeardAt
	}
	return story, err
}

// cityOf is where a driver works: the city of the shift, before the first one the driver's own.
func cityOf(ctx context.Context, store Store, driver DriverID) (city CityID, err error) {
	err = store.View(ctx, func(tx Tx) error {
		d, err := tx.Driver(driver)
		if err != nil {
			return err
		}
		city = d.City
		shift, ok, err := tx.Shift(driver)
		if ok {
			city = shift.City
		}
		return err
	})
	return city, err
}

// story reads logs and what became of the rides in them.
func (q DriverQuestion) story(tx Tx, live *DriverLog) (DriverStory, error) {
	rows, err := tx.DriverLogs(q.Driver, q.From.Add(-lookBack), q.To)
	if err != nil {
		return DriverStory{}, err
	}
	shift, ok, err := tx.Shift(q.Driver)
	if err != nil {
		return DriverStory{}, err
	}
	logs, was := q.logs(rows, live)
	if was == 0 && (!ok || shift.Duty == OffDuty && !shift.ChangedAt.After(q.From)) {
		was = DriverOff
	}
	past, err := tx.PastOffers(q.Driver, q.From, q.To)
	if err != nil {
		return DriverStory{}, err
	}
	story := tellDriver(q.Driver, logs, was, q.From, q.To)
	story.addOffers(past, logs)
	for i := range story.Seen {
		if err := follow(tx, &story.Seen[i], q.Driver); err != nil {
			return DriverStory{}, err
		}
	}
	return story, nil
}

// lookBack is how far before its time a story reads: what a driver was when it began stands in the
// log before.
const lookBack = 24 * time.Hour

// logs are the rows that reach into the time, with the live log in the place of its row, and the
// presence before them, 0 if nothing is known of it.
func (q DriverQuestion) logs(
	rows []DriverLog, live *DriverLog,
) (logs []DriverLog, was Presence) {
	if live != nil && live.From.Before(q.To) {
		if n := len(rows); n > 0 && rows[n-1].From.Equal(live.From) {
			rows = rows[:n-1]
		}
		rows = append(rows, *live)
	}
	for len(rows) > 0 && !rows[0].Until.After(q.From) {
		if n := len(rows[0].Changes); n > 0 {
			was = rows[0].Changes[n-1].Presence
		}
		rows = rows[1:]
	}
	return rows, was
}

// follow reads what became of a ride that a driver was considered for.
func follow(tx Tx, seen *SeenRide, driver DriverID) error {
	r, err := tx.Ride(seen.Ride)
	if KindOf(err) == NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	seen.Pickup, seen.State = r.Pickup.Point, r.State
	seen.Mine = r.Driver == driver || seen.Offer == OfferAccepted && !seen.Back
	seen.Taken = r.Driver != ""
	if !seen.Taken || seen.Mine {
		return nil
	}
	log, _, err := tx.RoundLog(r.ID)
	for _, o := range log.Offers {
		if o.State == OfferAccepted && o.Driver == r.Driver {
			seen.RivalS = o.PickupS
		}
	}
	return err
}
