package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
)

// ownRows are the reads of riders' and drivers' apps, one by one, so that a mutant can have one of
// them done otherwise.
type ownRows struct {
	riderRide  func(context.Context, dispatch.RiderID, dispatch.RideID) (dispatch.Ride, error)
	riderRides func(
		context.Context, dispatch.RiderID, dispatch.Page,
	) ([]dispatch.Ride, error)
	rideCard     func(context.Context, dispatch.RiderID, dispatch.RideID) (dispatch.Card, error)
	riderReceipt func(
		context.Context, dispatch.RiderID, dispatch.RideID,
	) (dispatch.ReceiptRows, error)
	driverRide  func(context.Context, dispatch.DriverID, dispatch.RideID) (dispatch.Ride, error)
	driverRides func(
		context.Context, dispatch.DriverID, dispatch.Page,
	) ([]dispatch.Ride, error)
	driverOffer func(
		context.Context, dispatch.DriverID, dispatch.OfferID,
	) (dispatch.Offer, dispatch.Ride, error)
	rideContact func(context.Context, dispatch.DriverID, dispatch.RideID) (dispatch.Rider, error)
	riderVoice  func(context.Context, dispatch.RiderID, dispatch.RideID) (dispatch.Clip, error)
	driverVoice func(
		context.Context, dispatch.DriverID, dispatch.RideID, time.Time,
	) (dispatch.Clip, error)
	earnings func(
		ctx context.Context, driver dispatch.DriverID, from, to time.Time,
	) (dispatch.Earnings, error)
}

func ownRowsOf(db Database) ownRows {
	return ownRows{
		riderRide: db.RiderRide, riderRides: db.RiderRides, rideCard: db.RideCard,
		driverRide: db.DriverRide, driverRides: db.DriverRides, driverOffer: db.DriverOffer,
		rideContact: db.RideContact, earnings: db.Earnings,
		riderVoice: db.RiderVoice, driverVoice: db.DriverVoice, riderReceipt: db.RiderReceipt,
	}
}

// judge notes what is wrong with an answer: a row of somebody else's, or none of one's own.
func (b *belongings) judge(
	what string, mine bool, err error, got, want any, reason dispatch.Reason,
) {
	switch {
	case mine && err != nil:
		b.blame("%s: %w", what, err)
	case mine && !reflect.DeepEqual(got, want):
		b.blame("%s: got %+v, want %+v", what, got, want)
	case mine:
		b.reads++
	case err == nil:
		b.blame("%s: shown to a stranger", what)
	case dispatch.KindOf(err) != dispatch.NotFound || dispatch.ReasonOf(err) != reason:
		b.blame("%s: refused otherwise: %w", what, err)
	}
}

func (b *belongings) blame(format string, args ...any) {
	b.wrong = append(b.wrong, fmt.Errorf(format, args...))
}

// ask has everybody read everything, and says what was wrong.
func (b *belongings) ask(t *testing.T, rows ownRows) error {
	t.Helper()
	b.reads, b.wrong = 0, nil
	b.askAsRiders(t, rows)
	b.askAsDrivers(t, rows)
	if len(b.wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%d wrong answers: %w, …", len(b.wrong), b.wrong[0])
}

// askAsRiders has every rider and stranger read every ride.
func (b *belongings) askAsRiders(t *testing.T, rows ownRows) {
	t.Helper()
	const unknown = dispatch.ReasonUnknownRide
	riders, _ := b.strangers()
	for _, rider := range riders {
		var own []dispatch.RideID
		for _, r := range b.rides {
			mine := r.Rider == rider && rider != ""
			what := fmt.Sprintf("%s ride %s of %q to rider %q", r.State, r.ID, r.Rider, rider)
			got, err := rows.riderRide(t.Context(), rider, r.ID)
			b.judge(what, mine, err, got, r, unknown)
			card, err := rows.rideCard(t.Context(), rider, r.ID)
			b.judge("card: "+what, mine && r.Driver != "", err, card, b.cardOf(r), unknown)
			receipt, err := rows.riderReceipt(t.Context(), rider, r.ID)
			b.judge("receipt: "+what, mine, err, receipt.Ride, r, unknown)
			clip, err := rows.riderVoice(t.Context(), rider, r.ID)
			b.judge("clip: "+what, mine, err, clip, saidIn(r), dispatch.ReasonUnknownVoice)
			if mine {
				own = append(own, r.ID)
			}
		}
		b.turn(fmt.Sprintf("rides of rider %q", rider), own,
			func(p dispatch.Page) ([]dispatch.Ride, error) {
				return rows.riderRides(t.Context(), rider, p)
			})
	}
}

// cardOf is what the rider should see of the ride's driver.
func (b *belongings) cardOf(ride dispatch.Ride) dispatch.Card {
	i := slices.Index(b.drivers, ride.Driver) + 1
	driver := filled[dispatch.Driver](10 * i)
	card := dispatch.Card{
		Name: driver.Name, PhotoURI: driver.PhotoURI, Phone: driver.Phone, Company: "首汽",
		Plate: filled[dispatch.Taxi](20 * i).Plate,
	}
	if ride.State == dispatch.Booked { // the driver comes with the taxi of that day
		card.Plate = ""
	}
	for _, r := range b.rides {
		if r.Driver == ride.Driver && r.RiderStars > 0 {
			card.Stars += r.RiderStars
			card.Ratings++
		}
	}
	return card
}

// askAsDrivers has every driver and stranger read every ride and offer.
func (b *belongings) askAsDrivers(t *testing.T, rows ownRows) {
	t.Helper()
	_, drivers := b.strangers()
	for _, driver := range drivers {
		var own []dispatch.RideID
		var earned dispatch.Earnings
		for _, r := range b.rides {
			b.askForRide(t, rows, driver, r)
			if r.Driver != driver || driver == "" {
				continue
			}
			own = append(own, r.ID)
			if !r.CompletedAt.IsZero() {
				earned.Rides++
			}
			if r.PayBy == "" && r.State == dispatch.Settled {
				earned.Cash += r.Fare.Total()
			}
		}
		b.askForOffers(t, rows, driver)
		b.turn(fmt.Sprintf("rides of driver %q", driver), own,
			func(p dispatch.Page) ([]dispatch.Ride, error) {
				return rows.driverRides(t.Context(), driver, p)
			})
		got, err := rows.earnings(t.Context(), driver, noon, after(3600))
		b.judge(fmt.Sprintf("earnings of %q", driver), true, err, got, earned, "")
	}
}

func (b *belongings) askForRide(
	t *testing.T, rows ownRows, driver dispatch.DriverID, r dispatch.Ride,
) {
	t.Helper()
	const unknown = dispatch.ReasonUnknownRide
	mine := r.Driver == driver && driver != ""
	what := fmt.Sprintf("%s ride %s of %q to driver %q", r.State, r.ID, r.Driver, driver)
	got, err := rows.driverRide(t.Context(), driver, r.ID)
	b.judge(what, mine, err, got, r, unknown)
	var contact dispatch.Rider
	if i := slices.Index(b.riders, r.Rider); i >= 0 {
		contact = filled[dispatch.Rider](i + 1)
		contact.ID = r.Rider
	}
	rider, err := rows.rideContact(t.Context(), driver, r.ID)
	b.judge("contact: "+what, mine && r.State.Active(), err, rider, contact, unknown)
	hears := mine && (r.State.Active() || r.State == dispatch.Booked) ||
		driver == askedDriver && b.offers[slices.IndexFunc(b.offers, func(o dispatch.Offer) bool {
			return o.Driver == askedDriver
		})].Ride == r.ID
	clip, err := rows.driverVoice(t.Context(), driver, r.ID, after(5))
	b.judge("clip: "+what, hears, err, clip, saidIn(r), dispatch.ReasonUnknownVoice)
}

// askForOffers: an offer is its driver's, as long as it is open or the ride is theirs.
func (b *belongings) askForOffers(t *testing.T, rows ownRows, driver dispatch.DriverID) {
	t.Helper()
	type both struct {
		offer dispatch.Offer
		ride  dispatch.Ride
	}
	for _, o := range b.offers {
		i := slices.IndexFunc(b.rides, func(r dispatch.Ride) bool { return r.ID == o.Ride })
		offer, ride, err := rows.driverOffer(t.Context(), driver, o.ID)
		mine := o.Driver == driver &&
			(o.State == dispatch.OfferOpen || b.rides[i].Driver == driver)
		b.judge(fmt.Sprintf("%s %s to %q", o.State, o.ID, driver), mine,
			err, both{offer, ride}, both{o, b.rides[i]}, dispatch.ReasonUnknownOffer)
	}
}

// turn reads a list, the latest first, in pages of several sizes, among them exactly its own.
func (b *belongings) turn(
	what string, ids []dispatch.RideID, read func(dispatch.Page) ([]dispatch.Ride, error),
) {
	want := slices.Clone(ids)
	slices.Reverse(want)
	for _, size := range []int{1, 2, max(1, len(want)), len(want) + 1, dispatch.MaxPage} {
		var got []dispatch.RideID
		p := dispatch.Page{Limit: size}
		for full := true; full && len(got) <= len(want); {
			rides, err := read(p)
			if err != nil {
				b.blame("%s: %w", what, err)
				break
			}
			if full = len(rides) == size; full {
				p.After = string(rides[size-1].ID)
			}
			got = append(got, rideIDs(rides)...)
		}
		if !slices.Equal(got, want) {
			b.blame("%s in pages of %d: %v, want %v", what, size, got, want)
		}
		b.reads += len(got)
	}
}

// ownLists checks what lists refuse, and what ids may look like.
func ownLists(t *testing.T, open Open) {
	db := open(t)
	b := moveIn(t, db)
	ctx := t.Context()
	for _, limit := range []int{-1, 0, dispatch.MaxPage + 1} {
		p := dispatch.Page{Limit: limit}
		_, err := db.RiderRides(ctx, "R1", p)
		wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
		_, err = db.DriverRides(ctx, "D1", p)
		wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
		_, err = db.CityRides(ctx, city, 0, p)
		wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
		_, err = db.Drivers(ctx, "", p)
		wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
	}
	// An id that is nobody's may still say where a page begins.
	own, err := db.RiderRides(ctx, "R2", dispatch.Page{Limit: 9, After: "zzz"})
	check(t, err)
	first, err := db.RiderRides(ctx, "R2", dispatch.Page{Limit: 9})
	check(t, err)
	equal(t, "from beyond the latest", own, first)
	for _, bad := range []dispatch.RideID{"", "'; --", "a\x00b", "😀", b.rides[0].ID + "\x00"} {
		for _, err := range []error{
			errOf(db.RiderRide(ctx, b.rides[0].Rider, bad)),
			errOf(db.DriverRide(ctx, b.rides[0].Driver, bad)),
		} {
			// Postgres refuses a NUL in a text.
			if k := dispatch.KindOf(err); k != dispatch.NotFound && k != dispatch.Invalid {
				t.Errorf("ride %q: %v", bad, err)
			}
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err = db.RiderRide(gone, "R1", "x")
	equal(t, "a caller who has gone", dispatch.KindOf(err), dispatch.CallerGone)
	check(t, db.Close())
	_, err = db.RiderRide(ctx, "R1", "x")
	wantError(t, err, dispatch.Unavailable, dispatch.ReasonStore)
}

func errOf(_ dispatch.Ride, err error) error { return err }
