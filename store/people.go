package store

import "hexhail/dispatch"

// The people's and taxis' columns, in the order in which they are written and read.
var (
	riderColumns  = columns{"id", "name", "phone", "senior"}
	driverColumns = columns{"id", "city", "name", "phone", "company", "photo_uri"}
	taxiColumns   = columns{"id", "city", "plate", "seats", "class", "tags"}
)

var (
	insertRider  = riderColumns.insert("rider")
	insertDriver = driverColumns.insert("driver")
	insertTaxi   = taxiColumns.insert("taxi")
	riderByPhone = columns{"id"}.selects(`rider
		WHERE phone = $1 AND phone <> '' ORDER BY id LIMIT 1`)
	riderByID = riderColumns.selects(`rider WHERE id = $1`)
	// Who begins a shift reads driver and taxi: on Postgres they stay as they are until the commit,
	// so that no import moves one of them to another city meanwhile.
	driverByID = &query{
		text: driverColumns.selects(`driver WHERE id = $1`).text, lock: `FOR SHARE`,
	}
	// Who writes bookings of a driver does so alone.
	lockDriver = &query{text: driverByID.text, lock: `FOR UPDATE`}
	taxiByID   = &query{
		text: taxiColumns.selects(`taxi WHERE id = $1`).text, lock: `FOR SHARE`,
	}
)

func riderArgs(r dispatch.Rider) []any {
	return []any{string(r.ID), r.Name, r.Phone, bit(r.Senior)}
}

func driverArgs(d dispatch.Driver) []any {
	return []any{string(d.ID), string(d.City), d.Name, d.Phone, d.Company, d.PhotoURI}
}

func taxiArgs(x dispatch.Taxi) []any {
	return []any{string(x.ID), string(x.City), x.Plate, x.Seats, string(x.Class), string(x.Tags)}
}

func scanRider(r *reader) dispatch.Rider {
	return dispatch.Rider{
		ID: dispatch.RiderID(r.text()), Name: r.text(), Phone: r.text(), Senior: r.integer() != 0,
	}
}

func scanDriver(r *reader) dispatch.Driver {
	return dispatch.Driver{
		ID: dispatch.DriverID(r.text()), City: dispatch.CityID(r.text()),
		Name: r.text(), Phone: r.text(), Company: r.text(), PhotoURI: r.text(),
	}
}

func scanTaxi(r *reader) dispatch.Taxi {
	return dispatch.Taxi{
		ID: dispatch.TaxiID(r.text()), City: dispatch.CityID(r.text()),
		Plate: r.text(), Seats: r.int(), Vehicle: r.vehicle(),
	}
}

// InsertRider implements [dispatch.People].
func (t *tx) InsertRider(r dispatch.Rider) error {
	_, err := t.exec(insertRider, riderArgs(r)...)
	return err
}

// InsertDriver implements [dispatch.People].
func (t *tx) InsertDriver(d dispatch.Driver) error {
	_, err := t.exec(insertDriver, driverArgs(d)...)
	return err
}

// InsertTaxi implements [dispatch.People].
func (t *tx) InsertTaxi(x dispatch.Taxi) error {
	_, err := t.exec(insertTaxi, taxiArgs(x)...)
	return err
}

// Rider implements [dispatch.People].
func (t *tx) Rider(id dispatch.RiderID) (dispatch.Rider, error) {
	r, ok, err := one(t, scanRider, riderByID, string(id))
	return r, found(ok, err, dispatch.ReasonUnknownRider, "rider", string(id))
}

// Driver implements [dispatch.People].
func (t *tx) Driver(id dispatch.DriverID) (dispatch.Driver, error) {
	d, ok, err := one(t, scanDriver, driverByID, string(id))
	return d, found(ok, err, dispatch.ReasonUnknownDriver, "driver", string(id))
}

// LockDriver implements [dispatch.People].
func (t *tx) LockDriver(id dispatch.DriverID) (dispatch.Driver, error) {
	d, ok, err := one(t, scanDriver, lockDriver, string(id))
	return d, found(ok, err, dispatch.ReasonUnknownDriver, "driver", string(id))
}

// Taxi implements [dispatch.People].
func (t *tx) Taxi(id dispatch.TaxiID) (dispatch.Taxi, error) {
	x, ok, err := one(t, scanTaxi, taxiByID, string(id))
	return x, found(ok, err, dispatch.ReasonUnknownTaxi, "taxi", string(id))
}

// found is NotFound for a row that is not there.
func found(ok bool, err error, reason dispatch.Reason, what, id string) error {
	if err != nil || ok {
		return err
	}
	return dispatch.Errorf(dispatch.NotFound, reason, "no %s %s", what, id)
}

func (r *reader) vehicle() dispatch.Vehicle {
	return dispatch.Vehicle{Class: dispatch.Class(r.text()), Tags: dispatch.Tags(r.text())}
}

// RiderByPhone implements [dispatch.Splits].
func (t *tx) RiderByPhone(phone string) (dispatch.RiderID, error) {
	id, _, err := one(t, func(r *reader) string { return r.text() }, riderByPhone, phone)
	return dispatch.RiderID(id), err
}
