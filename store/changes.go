package store

import (
	"cmp"
	"slices"
	"time"

	"hexhail/dispatch"
)

// briefColumns are read by scanBrief in this order.
var briefColumns = columns{
	"id", "city", "kind", "state", "version", "search", "driver", "taxi", "slot",
	"pickup_lat", "pickup_lng",
	"dropoff_lat", "dropoff_lng", "seats", "class", "tags", "senior", "tip",
	"for_driver", "for_team", "team_at", "open_at", "requested_at",
	"search_by", "claimed_at", "arrived_at", "started_at", "expected_at", "changed_at",
}

const (
	changedSince = ` WHERE city = $1 AND changed_at >= $2 ORDER BY changed_at, `
	inCity       = ` WHERE city = $1 AND `
	// A hailed ride searches since it was asked for, a booked one since two hours before its pickup
	// at the earliest (policy book_search_s).
	searchedSince = `CASE WHEN kind = 'booked' THEN pickup_at - 7200000 ELSE requested_at END`
)

var (
	changedRides  = briefColumns.selects(`ride` + changedSince + `id`)
	changedOffers = offerColumns.selects(`offer` + changedSince + `id`)
	changedShifts = shiftRead.selects(`shift` + changedSince + `driver`)

	// Each is served by a small partial index: one of their own would be read once in a process's
	// life and written with every change. The concatenation hides the city from SQLite, which else
	// takes the index of all that ever changed in it.
	searchingRides = briefColumns.selects(`ride WHERE city || '' = $1 AND ` + isSearching)
	activeRides    = briefColumns.selects(`ride WHERE city || '' = $1 AND ` + isActive)
	cityOffers     = offerColumns.selects(`offer WHERE city || '' = $1 AND state = 'open'`)
	// No offer of a ride is older than its search, so those of searching rides are among the last.
	endedOffers = offerColumns.selects(`offer` + inCity + `state <> 'open'
		AND changed_at >= (SELECT coalesce(min(` + searchedSince + `), 9223372036854775807)
			FROM ride WHERE city || '' = $1 AND ` + isSearching + `)
		AND EXISTS (SELECT 1 FROM ride WHERE ride.id = offer.ride AND ride.` + isSearching + `)`)
	cityShifts = shiftRead.selects(`shift` + inCity + `duty <> 'off' ORDER BY driver`)
)

func scanBrief(r *reader) dispatch.Brief {
	return dispatch.Brief{
		ID: dispatch.RideID(r.text()), City: dispatch.CityID(r.text()),
		Kind: name(r, dispatch.ParseRideKind), State: name(r, dispatch.ParseState),
		Version: r.int(), Search: r.int(),
		Driver: dispatch.DriverID(r.text()), Taxi: dispatch.TaxiID(r.text()),
		Slot: dispatch.Slot(r.text()), Pickup: r.point(), Dropoff: r.point(),
		Seats: r.int(), Wants: r.vehicle(),
		Senior: r.integer() != 0, Tip: r.fen(),
		First: dispatch.First{
			Driver: dispatch.DriverID(r.text()), Team: dispatch.TeamID(r.text()),
			TeamAt: r.time(), OpenAt: r.time(),
		},
		RequestedAt: r.time(), SearchBy: r.time(), ClaimedAt: r.time(), ArrivedAt: r.time(),
		StartedAt: r.time(), ExpectedAt: r.time(), ChangedAt: r.time(),
	}
}

// ChangedRides implements [dispatch.Changes].
func (t *tx) ChangedRides(
	city dispatch.CityID, since time.Time,
) ([]dispatch.Brief, error) {
	return all(t, scanBrief, changedRides, string(city), millis(since))
}

// ChangedOffers implements [dispatch.Changes].
func (t *tx) ChangedOffers(
	city dispatch.CityID, since time.Time,
) ([]dispatch.Offer, error) {
	return all(t, scanOffer, changedOffers, string(city), millis(since))
}

// ChangedShifts implements [dispatch.Changes].
func (t *tx) ChangedShifts(
	city dispatch.CityID, since time.Time,
) ([]dispatch.Shift, error) {
	return all(t, scanShift, changedShifts, string(city), millis(since))
}

// Standing implements [dispatch.Changes].
func (t *tx) Standing(city dispatch.CityID) (dispatch.Standing, error) {
	var s dispatch.Standing
	for _, q := range []*query{searchingRides, activeRides} {
		rides, err := all(t, scanBrief, q, string(city))
		if err != nil {
			return dispatch.Standing{}, err
		}
		s.Rides = append(s.Rides, rides...)
	}
	for _, q := range []*query{cityOffers, endedOffers} {
		offers, err := all(t, scanOffer, q, string(city))
		if err != nil {
			return dispatch.Standing{}, err
		}
		s.Offers = append(s.Offers, offers...)
	}
	slices.SortFunc(s.Rides, func(a, b dispatch.Brief) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Offers, func(a, b dispatch.Offer) int { return cmp.Compare(a.ID, b.ID) })
	var err error
	if s.Shifts, err = all(t, scanShift, cityShifts, string(city)); err != nil {
		return dispatch.Standing{}, err
	}
	if s.Calls, err = all(t, scanCall, searchersCalls, string(city)); err != nil {
		return dispatch.Standing{}, err
	}
	s.Turns, err = all(t, scanTurn, cityTurns, string(city))
	return s, err
}
