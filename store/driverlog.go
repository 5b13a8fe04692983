package store

import (
	"encoding/json"
	"time"

	"hexhail/dispatch"
)

var (
	putDriverLog = &query{text: `INSERT INTO driver_log (driver, begun_at, city, log)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (driver, begun_at) DO UPDATE SET city = excluded.city, log = excluded.log`}
	driverLogs = &query{text: `SELECT log FROM driver_log
		WHERE driver = $1 AND begun_at >= $2 AND begun_at < $3 ORDER BY begun_at LIMIT 400`}
	forgetDriverLogs = &query{text: `DELETE FROM driver_log WHERE (driver, begun_at) IN (
		SELECT driver, begun_at FROM driver_log WHERE city = $1 AND begun_at < $2
		ORDER BY begun_at LIMIT $3)`}
)

// PutDriverLog implements [dispatch.DriverLogs].
func (t *tx) PutDriverLog(l dispatch.DriverLog) error {
	text, err := json.Marshal(l)
	if err != nil {
		return internal("log of driver "+string(l.Driver), err)
	}
	_, err = t.exec(putDriverLog, string(l.Driver), millis(l.From), string(l.City), string(text))
	return err
}

// DriverLogs implements [dispatch.DriverLogs].
func (t *tx) DriverLogs(
	driver dispatch.DriverID, from, to time.Time,
) ([]dispatch.DriverLog, error) {
	texts, err := all(t, func(r *reader) string { return r.text() }, driverLogs,
		string(driver), millis(from), millis(to))
	if err != nil {
		return nil, err
	}
	logs := make([]dispatch.DriverLog, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &logs[i]); err != nil {
			return nil, internal("log of driver "+string(driver), err)
		}
	}
	return logs, nil
}

// ForgetDriverLogs implements [dispatch.DriverLogs].
func (t *tx) ForgetDriverLogs(
	city dispatch.CityID, before time.Time, limit int,
) (int, error) {
	n, err := t.exec(forgetDriverLogs, string(city), millis(before), limit)
	return int(n), err
}
