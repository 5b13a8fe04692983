package store

import (
	"encoding/json"
	"slices"
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

	pastOffers = &query{text: `SELECT ride, made_at, pickup_m, pickup_s, state,
		CASE WHEN state = 'accepted' AND EXISTS (SELECT 1 FROM ride
			WHERE ride.id = offer.ride AND (ride.search <> offer.search OR ride.driver <> $1))
			THEN 1 ELSE 0 END
		FROM offer WHERE driver = $1 AND made_at >= $2 AND made_at < $3
		ORDER BY made_at DESC LIMIT $4`}
	pastGrabs = &query{text: `SELECT ride, changed_at, 0, 0, 'accepted',
		CASE WHEN EXISTS (SELECT 1 FROM ride
			WHERE ride.id = call.ride AND (ride.search <> call.search OR ride.driver <> $1))
			THEN 1 ELSE 0 END
		FROM call WHERE driver = $1 AND state = 'grabbed' AND changed_at >= $2 AND changed_at < $3
		ORDER BY changed_at DESC LIMIT $4`}
)

func scanPastOffer(r *reader) dispatch.PastOffer {
	return dispatch.PastOffer{
		Ride: dispatch.RideID(r.text()), At: r.time(), PickupM: r.int(), PickupS: r.int(),
		State: name(r, dispatch.ParseOfferState), GivenBack: r.integer() != 0,
	}
}

// PastOffers implements [dispatch.DriverLogs].
func (t *tx) PastOffers(
	driver dispatch.DriverID, from, to time.Time,
) (past []dispatch.PastOffer, err error) {
	for _, q := range []*query{pastOffers, pastGrabs} {
		some, err := all(t, scanPastOffer, q,
			string(driver), millis(from), millis(to), dispatch.MaxPastOffers)
		if err != nil {
			return nil, err
		}
		past = append(past, some...)
	}
	slices.SortStableFunc(past, func(a, b dispatch.PastOffer) int { return a.At.Compare(b.At) })
	return past[max(0, len(past)-dispatch.MaxPastOffers):], nil
}

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
