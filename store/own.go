package store

import (
	"context"
	"slices"

	"hexhail/dispatch"
	"hexhail/money"
)

// What riders and drivers may see. Each statement names the owner beside the row: to anybody else
// it gives nothing. "" owns nothing, though rides without a driver or a rider are stored with it;
// the comparison also tells the engines that a partial index will do.
var (
	riderRide  = rideColumns.selects(`ride WHERE id = $1 AND rider = $2 AND rider <> ''`)
	riderRides = newest(`ride WHERE rider = $1 AND rider <> ''`)

	driverRide  = rideColumns.selects(`ride WHERE id = $1 AND driver = $2 AND driver <> ''`)
	driverRides = newest(`ride WHERE driver = $1 AND driver <> ''`)

	// An offer that has ended shows its ride no more, but to the driver who has the ride: who was
	// asked once could watch it to its end.
	driverOffer = append(offerColumns.of("offer"), rideColumns.of("ride")...).selects(
		`offer JOIN ride ON ride.id = offer.ride
		WHERE offer.id = $1 AND offer.driver = $2 AND offer.driver <> ''
		AND (offer.state = 'open' OR ride.driver = offer.driver)`)

	riderOwed = append(slices.Clone(owed), "coalesce(pay_code.code, '')", byHongbao,
		byBalance)
	riderPayments = riderOwed.selects(owedOf +
		`LEFT JOIN pay_code ON pay_code.ride = payment.subject AND pay_code.ride <> ''
			AND pay_code.share = payment.id
		WHERE payment.subject = $1 AND ride.rider = $2 AND ride.rider <> '' ORDER BY payment.id`)
	driverPayments = owed.selects(owedOf +
		`WHERE payment.subject = $1 AND ride.driver = $2 AND ride.driver <> '' ORDER BY payment.id`)

	riderShares = append(paymentColumns.of("payment"), "coalesce(pay_code.code, '')",
		"coalesce(taxi.plate, '')", "ride.completed_at").selects(`payment
		JOIN ride ON ride.id = payment.subject
		LEFT JOIN taxi ON taxi.id = ride.taxi
		LEFT JOIN pay_code ON pay_code.ride = payment.subject AND pay_code.ride <> ''
			AND pay_code.share = payment.id
		WHERE payment.payer = $1 AND payment.payer <> '' AND payment.purpose = 'share'
			AND ride.rider <> $1
		ORDER BY payment.id DESC LIMIT $2`)

	rideContact = columns{
		"ride.rider", "coalesce(rider.name, '')", "coalesce(rider.phone, '')",
		"coalesce(rider.senior, 0)",
	}.
		selects(`ride LEFT JOIN rider ON rider.id = ride.rider
		WHERE ride.id = $1 AND ride.driver = $2 AND ride.driver <> '' AND ` + isActive)

	rideCard = columns{
		"driver.name", "driver.photo_uri", "driver.phone",
		"coalesce(company.name, '')", "coalesce(taxi.plate, '')",
		"(SELECT CAST(coalesce(sum(rider_stars), 0) AS BIGINT)" + rated,
		"(SELECT count(*)" + rated,
	}.selects(`ride JOIN driver ON driver.id = ride.driver
		LEFT JOIN company ON company.id = driver.company
		LEFT JOIN shift ON shift.driver = ride.driver
		LEFT JOIN taxi ON taxi.id = CASE WHEN ride.state = 'booked' THEN shift.taxi
			ELSE ride.taxi END
		WHERE ride.id = $1 AND ride.rider = $2 AND ride.rider <> '' AND ride.driver <> ''`)
)

// owed are a payment's columns with those of its last attempt, and the ticket of that one's order.
var owed = append(paymentColumns.of("payment"),
	"coalesce(attempt.way, '')", "coalesce(attempt.state, '')", "coalesce(attempt.reason, '')",
	"coalesce(lead.ticket, '')")

// What the legs of a payment's last attempt have on hongbaos, and beside a channel of others on the
// wallet's balance. One that is closed has nothing there any more.
const (
	onLegs = `(SELECT CAST(coalesce(sum(leg.amount), 0) AS BIGINT) FROM leg
		WHERE leg.attempt = attempt.id AND attempt.state <> 'closed' AND `
	byHongbao = onLegs + `substr(leg.instrument, 1, 8) = 'hongbao:')`
	byBalance = onLegs + `leg.instrument = 'wallet' AND attempt.way <> '')`
)

const owedOf = `payment JOIN ride ON ride.id = payment.subject
	LEFT JOIN attempt ON attempt.id =
		(SELECT max(id) FROM attempt WHERE attempt.payment = payment.id)
	LEFT JOIN attempt AS lead ON lead.id = attempt.order_id
	`

// rated are the rides of a card's driver that have stars, in the words of the index.
const rated = ` FROM ride AS other
		WHERE other.driver = ride.driver AND completed_at > 0 AND rider_stars > 0)`

// RiderRide is one ride of a rider. NotFound with ReasonUnknownRide if it is not theirs.
func (db *DB) RiderRide(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
) (dispatch.Ride, error) {
	r, ok, err := one(db.look(ctx), scanRide, riderRide, string(id), string(rider))
	return r, owned(ok, err, "rider", string(rider), id)
}

// RiderRides are a rider's rides, the latest first. Invalid for a page out of its limits.
func (db *DB) RiderRides(
	ctx context.Context, rider dispatch.RiderID, p dispatch.Page,
) ([]dispatch.Ride, error) {
	return page(db.look(ctx), scanRide, riderRides, p, string(rider))
}

// RideCard is the card of the driver and taxi of a rider's ride; the taxi of a booked one is that
// of the driver's shift, if there ever was one. NotFound with ReasonUnknownRide if the ride is not
// theirs or has no driver.
func (db *DB) RideCard(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
) (dispatch.Card, error) {
	scan := func(r *reader) dispatch.Card {
		return dispatch.Card{
			Name: r.text(), PhotoURI: r.text(), Phone: r.text(), Company: r.text(),
			Plate: r.text(), Stars: r.int(), Ratings: r.int(),
		}
	}
	c, ok, err := one(db.look(ctx), scan, rideCard, string(id), string(rider))
	return c, owned(ok, err, "rider", string(rider), id)
}

// RiderPayments are the payments of a rider's ride, by id, with their last attempts. There are none
// of a ride that is not theirs.
func (db *DB) RiderPayments(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
) ([]dispatch.Owed, error) {
	scan := func(r *reader) dispatch.Owed {
		o := scanOwed(r)
		o.Code, o.Hongbao, o.Balance = r.text(), r.fen(), r.fen()
		return o
	}
	return all(db.look(ctx), scan, riderPayments, string(id), string(rider))
}

// RiderShares are the shares of friends' rides that a rider was asked for, the latest first, at
// most [dispatch.MaxSharesRead].
func (db *DB) RiderShares(
	ctx context.Context, rider dispatch.RiderID,
) ([]dispatch.SharedFare, error) {
	scan := func(r *reader) dispatch.SharedFare {
		return dispatch.SharedFare{
			Payment: scanPayment(r), Code: r.text(), Plate: r.text(), CompletedAt: r.time(),
		}
	}
	return all(db.look(ctx), scan, riderShares, string(rider), dispatch.MaxSharesRead)
}

// DriverPayments are the same of a driver's ride.
func (db *DB) DriverPayments(
	ctx context.Context, driver dispatch.DriverID, id dispatch.RideID,
) ([]dispatch.Owed, error) {
	return all(db.look(ctx), scanOwed, driverPayments, string(id), string(driver))
}

func scanOwed(r *reader) dispatch.Owed {
	return dispatch.Owed{
		Payment: scanPayment(r), Way: money.Way(r.text()),
		Attempt: name(r, money.ParseAttemptState), Reason: r.text(), Ticket: r.text(),
	}
}

// DriverRide is one ride that the driver is at or was at last. NotFound with ReasonUnknownRide if
// it is not theirs, or no more: a ride that was given back is as if it had never been theirs.
func (db *DB) DriverRide(
	ctx context.Context, driver dispatch.DriverID, id dispatch.RideID,
) (dispatch.Ride, error) {
	r, ok, err := one(db.look(ctx), scanRide, driverRide, string(id), string(driver))
	return r, owned(ok, err, "driver", string(driver), id)
}

// DriverRides are a driver's rides, the latest first. Invalid for a page out of its limits.
func (db *DB) DriverRides(
	ctx context.Context, driver dispatch.DriverID, p dispatch.Page,
) ([]dispatch.Ride, error) {
	return page(db.look(ctx), scanRide, driverRides, p, string(driver))
}

// DriverOffer is an offer to the driver with its ride. NotFound with ReasonUnknownOffer if it is
// not theirs, or has ended and the ride is not theirs.
func (db *DB) DriverOffer(
	ctx context.Context, driver dispatch.DriverID, id dispatch.OfferID,
) (dispatch.Offer, dispatch.Ride, error) {
	var r dispatch.Ride
	scan := func(row *reader) dispatch.Offer {
		o := scanOffer(row)
		r = scanRide(row)
		return o
	}
	o, ok, err := one(db.look(ctx), scan, driverOffer, string(id), string(driver))
	if err == nil && !ok {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownOffer,
			"no offer %s of driver %s", id, driver)
	}
	return o, r, err
}

// RideContact is the rider of a ride that the driver is at. NotFound with ReasonUnknownRide if it
// is not theirs, or over; a street ride that nobody pays in the app has the zero Rider.
func (db *DB) RideContact(
	ctx context.Context, driver dispatch.DriverID, id dispatch.RideID,
) (dispatch.Rider, error) {
	r, ok, err := one(db.look(ctx), scanRider, rideContact, string(id), string(driver))
	return r, owned(ok, err, "driver", string(driver), id)
}

// owned is NotFound for a ride that is not there or somebody else's: nobody learns which.
func owned(ok bool, err error, owner, name string, id dispatch.RideID) error {
	if err != nil || ok {
		return err
	}
	return dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownRide,
		"no ride %s of %s %s", id, owner, name)
}
