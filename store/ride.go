package store

import (
	"encoding/json"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// The conditions of the partial indexes. A query must repeat them word for word to be served by
// the index.
const (
	isActive   = `(state = 'assigned' OR state = 'arrived' OR state = 'on_trip')`
	isOpenRide = `kind <> 'booked' AND (state = 'searching'
		OR state = 'assigned' OR state = 'arrived' OR state = 'on_trip')`
	isSearching = `state = 'searching'`
)

// What a ride is asked for with never changes; planColumns are written once, stateColumns with
// every change, so that an update touches half the row and few of the indexes.
var (
	planColumns = columns{
		"id", "city", "kind", "rider",
		"dropoff_lat", "dropoff_lng", "dropoff_name", "dropoff_note",
		"seats", "class", "tags", "senior",
		"quote_low", "quote_high", "quote_pickup_ms", "quote_distance_m",
		"quote_source", "requested_at",
		"flight", "flight_day", "terminal", "for_driver", "for_team", "booking_fee",
		"voice_format", "voice_ms", "device",
	}
	stateColumns = columns{
		"version", "state", "search",
		"pickup_lat", "pickup_lng", "pickup_name", "pickup_note",
		"pay_by", "tip", "driver", "taxi", "slot", "expected_at",
		"team_at", "open_at", "pickup_at", "flight_at", "due_at", "reminded_at",
		"hand_team", "hand_to", "handed_at",
		"search_by", "claimed_at", "arrived_at", "started_at", "completed_at",
		"ended_at", "changed_at",
		"meter", "tolls", "by_trace", "coverage", "driven_m", "flagged", "fare_state", "fare_lines",
		"fare_total", "fare_note", "fare_by", "fare_said",
		"campaign", "campaign_version", "rider_subsidy", "driver_subsidy", "subsidy_reason",
		"grants",
		"ended_by", "end_reason", "cancel_fee", "rider_stars", "driver_stars",
	}
	// rideColumns are read by scanRide in this order.
	rideColumns = append(slices.Clone(planColumns), stateColumns...)
)

var (
	insertRide = rideColumns.insert("ride")
	updateRide = &query{text: `UPDATE ride SET ` +
		append(columns{"id"}, stateColumns...).assignments() +
		` WHERE id = $1 AND version + 1 = $2`}
	rideByID = rideColumns.selects(`ride WHERE id = $1`)
	// On Postgres the row is locked until the commit, so that one command at a time reads and
	// writes what belongs to a ride: payments, reservation.
	lockRide    = &query{text: rideByID.text, lock: `FOR UPDATE`}
	driversRide = rideColumns.selects(`ride WHERE driver = $1 AND slot = 'current' AND ` + isActive)
	driversNext = rideColumns.selects(`ride WHERE driver = $1 AND slot = 'next' AND ` + isActive)
	ridersRide  = rideColumns.selects(`ride WHERE rider = $1 AND rider <> '' AND ` + isOpenRide)
	dueRides    = rideColumns.selects(`ride WHERE city = $1 AND search_by <= $2 AND ` +
		isSearching + ` ORDER BY search_by, id LIMIT $3`)
	silentFares = rideColumns.selects(`ride WHERE city = $1 AND completed_at <= $2
		AND state = 'completed' AND fare_state = 'asked' AND (flagged = 0 OR quote_high > 0)
		ORDER BY completed_at, id LIMIT $3`)
	unpaidRides = rideColumns.selects(`ride WHERE changed_at <= $1 AND state = 'completed'
		AND subsidy_reason = 'granted' AND EXISTS (SELECT 1 FROM payment
			WHERE subject = ride.id AND purpose = 'fare' AND state IN ('due', 'cash'))
		AND NOT EXISTS (SELECT 1 FROM payment
			WHERE subject = ride.id AND purpose = 'share' AND state = 'paid')
		ORDER BY changed_at, id LIMIT $2`)
	// What a rider has done before. Either part ends at the first ride that it finds.
	pastOf = &query{text: `SELECT
		CASE WHEN EXISTS (SELECT 1 FROM ride WHERE rider = $1 AND id <> $2
			AND completed_at > 0 AND completed_at <= $3) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM ride WHERE rider = $1 AND id <> $2
			AND completed_at > 0 AND completed_at <= $3
			AND state = 'settled' AND pay_by <> 'cash') THEN 1 ELSE 0 END`}
	countSearching = &query{text: `SELECT count(*) FROM ride WHERE city = $1 AND ` + isSearching}
)

func placeArgs(args []any, p dispatch.Place) []any {
	return append(args, p.Point.Lat, p.Point.Lng, p.Name, p.Note)
}

func planArgs(args []any, r dispatch.Ride) []any {
	args = append(args, string(r.ID), string(r.City), r.Kind.String(), string(r.Rider))
	args = placeArgs(args, r.Dropoff)
	args = append(args, r.Seats, string(r.Wants.Class), string(r.Wants.Tags), bit(r.Senior))
	args = append(args, int64(r.Quote.Low), int64(r.Quote.High),
		r.Quote.Pickup.Milliseconds(), r.Quote.DistanceM,
		r.Quote.PickupSource.String(), millis(r.RequestedAt))
	b := r.Booking
	return append(args, b.Flight.Number, b.Flight.Day, b.Terminal, string(r.First.Driver),
		string(r.First.Team), int64(b.Fee),
		r.Voice.Format.String(), r.Voice.Length.Milliseconds(), r.Device)
}

func stateArgs(args []any, r dispatch.Ride, text ridesText) []any {
	args = placeArgs(append(args, r.Version, r.State.String(), r.Search), r.Pickup)
	args = append(args, string(r.PayBy), int64(r.Tip),
		string(r.Driver), string(r.Taxi), string(r.Slot), millis(r.ExpectedAt),
		millis(r.First.TeamAt), millis(r.First.OpenAt),
		millis(r.Booking.PickupAt), millis(r.Booking.FlightAt), millis(r.Booking.DueAt),
		millis(r.Booking.RemindedAt), string(r.Booking.HandOver.Team),
		string(r.Booking.HandOver.To), millis(r.Booking.HandOver.At),
		millis(r.SearchBy), millis(r.ClaimedAt), millis(r.ArrivedAt), millis(r.StartedAt),
		millis(r.CompletedAt), millis(r.EndedAt), millis(r.ChangedAt))
	f, s := r.Fare, r.Subsidy
	return append(args, int64(f.Meter), int64(f.Tolls), int64(f.ByTrace), f.Coverage,
		f.DrivenM, bit(f.Flagged), f.State.String(), text.lines,
		int64(f.Resolution.Total), f.Resolution.Note, f.Resolution.By, text.said,
		string(s.Campaign), s.Version, int64(s.Rider), int64(s.Driver), string(s.Reason),
		text.grants,
		r.EndedBy.String(), r.EndReason, int64(r.CancelFee), r.RiderStars, r.DriverStars)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *reader) fen() money.Fen { return money.Fen(r.integer()) }

func (r *reader) point() geo.Point { return geo.Point{Lat: r.float(), Lng: r.float()} }

func (r *reader) place() dispatch.Place {
	return dispatch.Place{Point: r.point(), Name: r.text(), Note: r.text()}
}

func scanRide(r *reader) dispatch.Ride {
	ride := dispatch.Ride{
		ID: dispatch.RideID(r.text()), City: dispatch.CityID(r.text()),
		Kind: name(r, dispatch.ParseRideKind), Rider: dispatch.RiderID(r.text()),
		Dropoff: r.place(), Seats: r.int(), Wants: r.vehicle(), Senior: r.integer() != 0,
		Quote: dispatch.Quote{
			Low: r.fen(), High: r.fen(),
			Pickup: time.Duration(r.integer()) * time.Millisecond, DistanceM: r.int(),
			PickupSource: name(r, geo.ParseSource),
		},
		RequestedAt: r.time(),
		Booking: dispatch.Booking{
			Flight:   dispatch.Flight{Number: r.text(), Day: r.text()},
			Terminal: r.text(),
		},
		First: dispatch.First{
			Driver: dispatch.DriverID(r.text()), Team: dispatch.TeamID(r.text()),
		},
	}
	ride.Booking.Fee = r.fen()
	ride.Voice, ride.Device = scanHead(r), r.text()
	scanState(r, &ride)
	return ride
}

// scanState reads the stateColumns.
func scanState(r *reader, ride *dispatch.Ride) {
	ride.Version, ride.State, ride.Search = r.int(), name(r, dispatch.ParseState), r.int()
	ride.Pickup, ride.PayBy, ride.Tip = r.place(), money.ChannelName(r.text()), r.fen()
	ride.Driver, ride.Taxi = dispatch.DriverID(r.text()), dispatch.TaxiID(r.text())
	ride.Slot, ride.ExpectedAt = dispatch.Slot(r.text()), r.time()
	ride.First.TeamAt, ride.First.OpenAt = r.time(), r.time()
	b := &ride.Booking
	b.PickupAt, b.FlightAt, b.DueAt, b.RemindedAt = r.time(), r.time(), r.time(), r.time()
	b.HandOver = dispatch.HandOver{
		Team: dispatch.TeamID(r.text()), To: dispatch.DriverID(r.text()), At: r.time(),
	}
	ride.SearchBy, ride.ClaimedAt, ride.ArrivedAt = r.time(), r.time(), r.time()
	ride.StartedAt, ride.CompletedAt, ride.EndedAt = r.time(), r.time(), r.time()
	ride.ChangedAt = r.time()
	ride.Fare = dispatch.Fare{
		Meter: r.fen(), Tolls: r.fen(), ByTrace: r.fen(), Coverage: r.int(),
		DrivenM: r.int(), Flagged: r.integer() != 0, State: name(r, dispatch.ParseFareState),
		Lines:      r.fareLines(),
		Resolution: dispatch.Resolution{Total: r.fen(), Note: r.text(), By: r.text()},
	}
	var said readings
	r.json("fare_said", &said)
	ride.Fare.Was, ride.Fare.Proposed = said.Was, said.Proposed
	ride.Subsidy = money.Subsidy{
		Campaign: money.CampaignID(r.text()), Version: r.int(), Rider: r.fen(),
		Driver: r.fen(), Reason: money.SubsidyReason(r.text()),
	}
	var g grants
	r.json("grants", &g)
	ride.Subsidy.Grants, ride.Subsidy.Refused, ride.Subsidy.Held = g.Grants, g.Refused, g.Held
	ride.EndedBy, ride.EndReason, ride.CancelFee = name(r, dispatch.ParseSide), r.text(), r.fen()
	ride.RiderStars, ride.DriverStars = r.int(), r.int()
}

// json reads a column into v; "" leaves it as it is.
func (r *reader) json(column string, v any) {
	stored := r.text()
	if stored == "" {
		return
	}
	if err := json.Unmarshal([]byte(stored), v); err != nil && r.err == nil {
		r.err = internal(column, err)
	}
}

func (r *reader) fareLines() (lines []money.FareLine) {
	r.json("fare_lines", &lines)
	return lines
}

// ridesText is what of a ride is written as JSON; "" where there is nothing.
type ridesText struct{ lines, said, grants string }

// readings is how a fare's corrections are stored.
type readings struct {
	Was      []dispatch.Reading `json:"was,omitempty"`
	Proposed dispatch.Reading   `json:"proposed,omitzero"`
}

// grants is how a subsidy's parts are stored.
type grants struct {
	Grants  []money.Grant   `json:"grants,omitempty"`
	Refused []money.Refusal `json:"refused,omitempty"`
	Held    bool            `json:"held,omitempty"`
}

func textOf(r dispatch.Ride) (text ridesText, err error) {
	if len(r.Fare.Lines) > 0 {
		if text.lines, err = jsonText("fare_lines", r.Fare.Lines); err != nil {
			return text, err
		}
	}
	if f := r.Fare; len(f.Was) > 0 || f.Proposed != (dispatch.Reading{}) {
		if text.said, err = jsonText("fare_said", readings{f.Was, f.Proposed}); err != nil {
			return text, err
		}
	}
	if s := r.Subsidy; len(s.Grants)+len(s.Refused) > 0 {
		text.grants, err = jsonText("grants", grants{s.Grants, s.Refused, s.Held})
	}
	return text, err
}

func jsonText(column string, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", internal(column, err)
	}
	return string(text), nil
}

// InsertRide implements [dispatch.Rides].
func (t *tx) InsertRide(r dispatch.Ride) error {
	text, err := textOf(r)
	if err != nil {
		return err
	}
	t.args = stateArgs(planArgs(t.args[:0], r), r, text)
	_, err = t.exec(insertRide, t.args...)
	return err
}

// UpdateRide implements [dispatch.Rides].
func (t *tx) UpdateRide(r dispatch.Ride) error {
	text, err := textOf(r)
	if err != nil {
		return err
	}
	t.args = stateArgs(append(t.args[:0], string(r.ID)), r, text)
	changed, err := t.exec(updateRide, t.args...)
	if err != nil || changed == 1 {
		return err
	}
	stored, err := t.Ride(r.ID)
	if err != nil {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"ride %s is at version %d already", r.ID, stored.Version)
}

// Ride implements [dispatch.Rides].
func (t *tx) Ride(id dispatch.RideID) (dispatch.Ride, error) { return t.ride(rideByID, id) }

// LockRide implements [dispatch.Rides].
func (t *tx) LockRide(id dispatch.RideID) (dispatch.Ride, error) { return t.ride(lockRide, id) }

func (t *tx) ride(q *query, id dispatch.RideID) (dispatch.Ride, error) {
	r, ok, err := one(t, scanRide, q, string(id))
	if err == nil && !ok {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownRide, "no ride %s", id)
	}
	return r, err
}

// DriversRide implements [dispatch.RideScans].
func (t *tx) DriversRide(driver dispatch.DriverID) (dispatch.Ride, bool, error) {
	return one(t, scanRide, driversRide, string(driver))
}

// DriversNext implements [dispatch.RideScans].
func (t *tx) DriversNext(driver dispatch.DriverID) (dispatch.Ride, bool, error) {
	return one(t, scanRide, driversNext, string(driver))
}

// RidersRide implements [dispatch.RideScans].
func (t *tx) RidersRide(rider dispatch.RiderID) (dispatch.Ride, bool, error) {
	return one(t, scanRide, ridersRide, string(rider))
}

// DueRides implements [dispatch.RideScans].
func (t *tx) DueRides(
	city dispatch.CityID, now time.Time, limit int,
) ([]dispatch.Ride, error) {
	return all(t, scanRide, dueRides, string(city), millis(now), limit)
}

// SilentFares implements [dispatch.Fares].
func (t *tx) SilentFares(
	city dispatch.CityID, before time.Time, limit int,
) ([]dispatch.Ride, error) {
	return all(t, scanRide, silentFares, string(city), millis(before), limit)
}

// UnpaidRides implements [dispatch.RideScans].
func (t *tx) UnpaidRides(before time.Time, limit int) ([]dispatch.Ride, error) {
	return all(t, scanRide, unpaidRides, millis(before), limit)
}

// Searching implements [dispatch.RideScans].
func (t *tx) Searching(city dispatch.CityID) (int, error) {
	n, _, err := one(t, (*reader).int, countSearching, string(city))
	return n, err
}

// PastOf implements [dispatch.RiderPast].
func (t *tx) PastOf(
	rider dispatch.RiderID, ride dispatch.RideID, before time.Time,
) (dispatch.Past, error) {
	past, _, err := one(t, func(r *reader) dispatch.Past {
		return dispatch.Past{Rode: r.integer() != 0, PaidByApp: r.integer() != 0}
	}, pastOf, string(rider), string(ride), millis(before))
	return past, err
}
