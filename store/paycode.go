package store

import "hexhail/dispatch"

// payCodeColumns are written by InsertPayCode and read by scanPayCode in this order.
var payCodeColumns = columns{"code", "taxi", "ride", "made_at"}

var (
	insertPayCode = payCodeColumns.insert("pay_code")
	payCode       = payCodeColumns.selects(`pay_code WHERE code = $1`)
	payCodeOfTaxi = payCodeColumns.selects(`pay_code WHERE taxi = $1 AND taxi <> ''`)
	payCodeOfRide = payCodeColumns.selects(`pay_code WHERE ride = $1 AND ride <> ''`)
	dropPayCode   = &query{text: `DELETE FROM pay_code WHERE code = $1`}
	// The conditions are those of the index ride_last_of_taxi.
	taxisRide = rideColumns.selects(`ride WHERE taxi = $1 AND started_at > 0 AND
		(state = 'on_trip' OR state = 'completed') ORDER BY started_at DESC, id DESC LIMIT 1`)
)

func scanPayCode(r *reader) dispatch.PayCode {
	return dispatch.PayCode{
		Code: r.text(), Taxi: dispatch.TaxiID(r.text()), Ride: dispatch.RideID(r.text()),
		MadeAt: r.time(),
	}
}

// InsertPayCode implements [dispatch.PayCodes].
func (t *tx) InsertPayCode(c dispatch.PayCode) error {
	_, err := t.exec(insertPayCode, c.Code, string(c.Taxi), string(c.Ride), millis(c.MadeAt))
	return err
}

// PayCode implements [dispatch.PayCodes].
func (t *tx) PayCode(code string) (dispatch.PayCode, bool, error) {
	return one(t, scanPayCode, payCode, code)
}

// PayCodeTo implements [dispatch.PayCodes].
func (t *tx) PayCodeTo(c dispatch.PayCode) (dispatch.PayCode, bool, error) {
	if c.Taxi != "" {
		return one(t, scanPayCode, payCodeOfTaxi, string(c.Taxi))
	}
	return one(t, scanPayCode, payCodeOfRide, string(c.Ride))
}

// DropPayCode implements [dispatch.PayCodes].
func (t *tx) DropPayCode(code string) error {
	_, err := t.exec(dropPayCode, code)
	return err
}

// TaxisRide implements [dispatch.PayCodes].
func (t *tx) TaxisRide(taxi dispatch.TaxiID) (dispatch.Ride, bool, error) {
	return one(t, scanRide, taxisRide, string(taxi))
}
