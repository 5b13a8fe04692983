package store

import (
	"encoding/json"

	"hexhail/dispatch"
)

var (
	putRoundLog = &query{text: `INSERT INTO round_log (ride, city, log) VALUES ($1, $2, $3)
		ON CONFLICT (ride) DO UPDATE SET city = excluded.city, log = excluded.log`}
	roundLog = &query{text: `SELECT log FROM round_log WHERE ride = $1`}
)

// PutRoundLog implements [dispatch.RoundLogs].
func (t *tx) PutRoundLog(l dispatch.RoundLog) error {
	text, err := json.Marshal(l)
	if err != nil {
		return internal("round log of ride "+string(l.Ride), err)
	}
	_, err = t.exec(putRoundLog, string(l.Ride), string(l.City), string(text))
	return err
}

// RoundLog implements [dispatch.RoundLogs].
func (t *tx) RoundLog(ride dispatch.RideID) (dispatch.RoundLog, bool, error) {
	var l dispatch.RoundLog
	text, ok, err := one(t, func(r *reader) string { return r.text() }, roundLog, string(ride))
	if err != nil || !ok {
		return l, false, err
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return l, false, internal("round log of ride "+string(ride), err)
	}
	return l, true, nil
}
