package store

import (
	"fmt"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// offerColumns are written by offerArgs and read by scanOffer in this order.
var offerColumns = columns{
	"id", "city", "ride", "search", "driver", "taxi", "state", "round", "pickup_m", "pickup_s",
	"pickup_source", "after_ride", "after_s", "made_at", "expires_at", "delivered_at",
	"changed_at", "tip",
}

const ended = `SET state = CASE WHEN delivered_at > 0 THEN 'silent' ELSE 'expired' END,
	changed_at = $2 WHERE state = 'open' AND expires_at <= $2`

var (
	// One statement for each index, and none of them reads an offer that is still good.
	endDriversOffer = &query{text: `UPDATE offer ` + ended + ` AND driver = $1`}
	endRidesOffer   = &query{text: `UPDATE offer ` + ended + ` AND ride = $1`}

	// The indexes refuse a second open offer of the ride or the driver, whoever is faster; the
	// conditions refuse one for a ride that has ended its search or a driver who has a ride.
	// Nor may the driver be off duty, or in another taxi than the offer's.
	insertOffer = &query{text: `INSERT INTO offer (` + offerColumns.String() + `)
		SELECT ` + offerColumns.placeholders() + `
		WHERE EXISTS (SELECT 1 FROM ride WHERE id = $3 AND search = $4 AND ` + isSearching + `)
		AND NOT EXISTS (SELECT 1 FROM ride
			WHERE driver = $5 AND slot = 'current' AND ` + isActive + `)
		AND NOT EXISTS (SELECT 1 FROM shift
			WHERE driver = $5 AND (duty <> 'on' OR taxi <> $6))
		ON CONFLICT DO NOTHING`}

	// An offer for after the ride that the driver is at: that ride has to be on its way.
	insertNextOffer = &query{text: `INSERT INTO offer (` + offerColumns.String() + `)
		SELECT ` + offerColumns.placeholders() + `
		WHERE EXISTS (SELECT 1 FROM ride WHERE id = $3 AND search = $4 AND ` + isSearching + `)
		AND EXISTS (SELECT 1 FROM ride
			WHERE id = $12 AND driver = $5 AND slot = 'current' AND state = 'on_trip')
		AND NOT EXISTS (SELECT 1 FROM ride
			WHERE driver = $5 AND slot = 'next' AND ` + isActive + `)
		AND NOT EXISTS (SELECT 1 FROM shift
			WHERE driver = $5 AND (duty <> 'on' OR taxi <> $6))
		ON CONFLICT DO NOTHING`}

	acceptOffer = &query{text: `UPDATE offer SET state = 'accepted', changed_at = $3
		WHERE id = $1 AND driver = $2 AND state = 'open' AND expires_at > $3
		AND NOT EXISTS (SELECT 1 FROM shift
			WHERE driver = $2 AND (duty <> 'on' OR taxi <> offer.taxi))
		RETURNING ` + offerColumns.String()}
	closeOffer = &query{text: `UPDATE offer SET state = $2, changed_at = $3
		WHERE id = $1 AND state = 'open'`}
	deliverOffer = &query{text: `UPDATE offer SET delivered_at = $3, changed_at = $3
		WHERE id = $1 AND driver = $2 AND state = 'open' AND delivered_at = 0
		AND expires_at > $3`}
	driversOffer = offerColumns.selects(`offer WHERE id = $1 AND driver = $2`)
)

func offerArgs(args []any, o dispatch.Offer) []any {
	return append(args, string(o.ID), string(o.City), string(o.Ride), o.Search, string(o.Driver),
		string(o.Taxi), o.State.String(), o.Round, o.PickupM, o.PickupS, o.PickupSource.String(),
		string(o.After), o.AfterS,
		millis(o.MadeAt), millis(o.ExpiresAt), millis(o.DeliveredAt), millis(o.ChangedAt),
		int64(o.Tip))
}

func scanOffer(r *reader) dispatch.Offer {
	return dispatch.Offer{
		ID: dispatch.OfferID(r.text()), City: dispatch.CityID(r.text()),
		Ride: dispatch.RideID(r.text()), Search: r.int(), Driver: dispatch.DriverID(r.text()),
		Taxi: dispatch.TaxiID(r.text()), State: name(r, dispatch.ParseOfferState),
		Round: r.int(), PickupM: r.int(), PickupS: r.int(), PickupSource: name(r, geo.ParseSource),
		After: dispatch.RideID(r.text()), AfterS: r.int(),
		MadeAt: r.time(), ExpiresAt: r.time(), DeliveredAt: r.time(), ChangedAt: r.time(),
		Tip: r.fen(),
	}
}

// InsertOffer takes the time of its making as now: offers of the driver and of the ride that have
// expired by then are ended first.
func (t *tx) InsertOffer(o dispatch.Offer) (made bool, err error) {
	if o.State != dispatch.OfferOpen {
		return false, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"offer %s: a new offer is open, not %s", o.ID, o.State)
	}
	now := millis(o.MadeAt)
	if _, err := t.exec(endDriversOffer, string(o.Driver), now); err != nil {
		return false, err
	}
	if _, err := t.exec(endRidesOffer, string(o.Ride), now); err != nil {
		return false, err
	}
	t.args = offerArgs(t.args[:0], o)
	insert := insertOffer
	if o.After != "" {
		insert = insertNextOffer
	}
	changed, err := t.exec(insert, t.args...)
	return changed == 1, err
}

// AcceptOffer implements [dispatch.Offers].
func (t *tx) AcceptOffer(
	id dispatch.OfferID, driver dispatch.DriverID, now time.Time,
) (dispatch.Offer, error) {
	t.at(PauseAccept)
	o, ok, err := one(t, scanOffer, acceptOffer, string(id), string(driver), millis(now))
	if err != nil || ok {
		return o, err
	}
	stored, err := t.offerOf(id, driver)
	if err != nil {
		return dispatch.Offer{}, err
	}
	if stored.State == dispatch.OfferOpen && stored.ExpiresAt.After(now) {
		return dispatch.Offer{}, dispatch.Errorf(dispatch.Conflict, dispatch.ReasonOffDuty,
			"driver %s is not on duty with taxi %s", driver, stored.Taxi)
	}
	switch stored.State {
	case dispatch.OfferOpen, dispatch.OfferExpired, dispatch.OfferSilent:
		return dispatch.Offer{}, dispatch.Errorf(dispatch.Conflict, dispatch.ReasonOfferExpired,
			"offer %s expired at %s", id, stored.ExpiresAt.Format(time.RFC3339Nano))
	default:
		return dispatch.Offer{}, dispatch.Errorf(dispatch.Conflict, dispatch.ReasonOfferClosed,
			"offer %s is %s", id, stored.State)
	}
}

// offerOf is an offer of this driver, in whatever state.
func (t *tx) offerOf(id dispatch.OfferID, driver dispatch.DriverID) (dispatch.Offer, error) {
	o, ok, err := one(t, scanOffer, driversOffer, string(id), string(driver))
	if err == nil && !ok {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownOffer,
			"no offer %s of driver %s", id, driver)
	}
	return o, err
}

// CloseOffer implements [dispatch.Offers].
func (t *tx) CloseOffer(
	id dispatch.OfferID, to dispatch.OfferState, now time.Time,
) (closed bool, err error) {
	changed, err := t.exec(closeOffer, string(id), to.String(), millis(now))
	return changed == 1, err
}

// DeliverOffer changes nothing if the offer has ended or expired, or was delivered before: a phone
// that acknowledges too late had no time to answer.
func (t *tx) DeliverOffer(
	id dispatch.OfferID, driver dispatch.DriverID, now time.Time,
) error {
	changed, err := t.exec(deliverOffer, string(id), string(driver), millis(now))
	if err != nil || changed == 1 {
		return err
	}
	_, err = t.offerOf(id, driver)
	return err
}

// openOffers holds a statement for each set of fields that an OfferQuery may have; the set is a
// number whose bits are the fields in the order below.
var openOffers = func() (statements [16]*query) {
	fields := []string{"ride =", "driver =", "city =", "expires_at <="}
	for set := range statements {
		where, n := "state = 'open'", 1
		for bit, field := range fields {
			if set>>bit&1 == 1 {
				where += fmt.Sprintf(" AND %s $%d", field, n)
				n++
			}
		}
		statements[set] = offerColumns.selects(
			fmt.Sprintf("offer WHERE %s ORDER BY id LIMIT $%d", where, n))
	}
	return statements
}()

// defaultOffers is the limit of an OfferQuery that names none.
const defaultOffers = 1000

// OpenOffers implements [dispatch.Offers].
func (t *tx) OpenOffers(q dispatch.OfferQuery) ([]dispatch.Offer, error) {
	set, args := 0, t.args[:0]
	by := func(bit int, given bool, value any) {
		if given {
			set |= 1 << bit
			args = append(args, value)
		}
	}
	by(0, q.Ride != "", string(q.Ride))
	by(1, q.Driver != "", string(q.Driver))
	by(2, q.City != "", string(q.City))
	by(3, !q.ExpiredBy.IsZero(), millis(q.ExpiredBy))
	limit := q.Limit
	if limit == 0 {
		limit = defaultOffers
	}
	return all(t, scanOffer, openOffers[set], append(args, limit)...)
}
