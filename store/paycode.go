package store

import (
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// payCodeColumns are written by InsertPayCode and read by scanPayCode in this order.
var payCodeColumns = columns{"code", "taxi", "ride", "share", "made_at"}

var (
	insertPayCode = payCodeColumns.insert("pay_code")
	payCode       = payCodeColumns.selects(`pay_code WHERE code = $1`)
	payCodeOfTaxi = payCodeColumns.selects(`pay_code WHERE taxi = $1 AND taxi <> ''`)
	payCodeOfRide = payCodeColumns.selects(`pay_code
		WHERE ride = $1 AND share = $2 AND ride <> ''`)
	dropPayCode = &query{text: `DELETE FROM pay_code WHERE code = $1`}
	// The conditions are those of the index ride_last_of_taxi.
	taxisRide = rideColumns.selects(`ride WHERE taxi = $1 AND started_at > 0 AND
		(state = 'on_trip' OR state = 'completed') ORDER BY started_at DESC, id DESC LIMIT 1`)

	insertSplit = columns{"ride", "due_at"}.insert("split")
	putOffSplit = &query{text: `UPDATE split SET due_at = $2 WHERE ride = $1`}
	endSplit    = &query{text: `DELETE FROM split WHERE ride = $1`}
	dueSplits   = &query{
		text: `SELECT ride FROM split WHERE due_at <= $1 ORDER BY due_at, ride LIMIT $2`,
		lock: `FOR UPDATE SKIP LOCKED`,
	}
)

func scanPayCode(r *reader) dispatch.PayCode {
	return dispatch.PayCode{
		Code: r.text(), Taxi: dispatch.TaxiID(r.text()), Ride: dispatch.RideID(r.text()),
		Share: money.PaymentID(r.text()), MadeAt: r.time(),
	}
}

// InsertPayCode implements [dispatch.PayCodes].
func (t *tx) InsertPayCode(c dispatch.PayCode) error {
	_, err := t.exec(insertPayCode, c.Code, string(c.Taxi), string(c.Ride), string(c.Share),
		millis(c.MadeAt))
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
	return one(t, scanPayCode, payCodeOfRide, string(c.Ride), string(c.Share))
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

// InsertSplit implements [dispatch.Splits].
func (t *tx) InsertSplit(ride dispatch.RideID, due time.Time) error {
	_, err := t.exec(insertSplit, string(ride), millis(due))
	return err
}

// PutOffSplit implements [dispatch.Splits].
func (t *tx) PutOffSplit(ride dispatch.RideID, due time.Time) error {
	_, err := t.exec(putOffSplit, string(ride), millis(due))
	return err
}

// EndSplit implements [dispatch.Splits].
func (t *tx) EndSplit(ride dispatch.RideID) error {
	_, err := t.exec(endSplit, string(ride))
	return err
}

// DueSplits implements [dispatch.Splits].
func (t *tx) DueSplits(now time.Time, limit int) ([]dispatch.RideID, error) {
	return all(t, func(r *reader) dispatch.RideID { return dispatch.RideID(r.text()) },
		dueSplits, millis(now), limit)
}
