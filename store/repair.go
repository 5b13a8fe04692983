package store

import (
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// repairColumns are written by InsertRepair and read by scanRepair in this order.
var repairColumns = columns{
	"campaign", "ride", "version", "stack", "rider", "driver", "why", "made_by", "at",
}

// isRepaired is whether a campaign has given for a ride afterwards.
const isRepaired = `EXISTS (SELECT 1 FROM repair WHERE repair.ride = ride.id)`

var (
	insertRepair = repairColumns.insert("repair")
	repairsOf    = repairColumns.selects(`repair WHERE ride = $1 ORDER BY campaign`)
	repairsBy    = repairColumns.selects(`repair WHERE campaign = $1 AND ride > $2
		ORDER BY ride LIMIT $3`)

	// settledRides reads a city's rides by id, as completedRides does.
	settledRides = &query{text: `SELECT id FROM ride WHERE city = $1 AND id >= $2 AND id < $3
		AND completed_at >= $4 AND completed_at < $5 AND state = 'settled'
		ORDER BY completed_at, id LIMIT $6`}
)

func scanRepair(r *reader) money.Repair {
	return money.Repair{
		Campaign: money.CampaignID(r.text()), Subject: money.Subject(r.text()), Version: r.int(),
		Group: r.text(), Rider: r.fen(), Driver: r.fen(), Why: r.text(), By: r.text(),
		At: r.time(),
	}
}

// InsertRepair implements [money.Repairs].
func (t *tx) InsertRepair(r money.Repair) error {
	t.at(PauseRepair)
	_, err := t.exec(insertRepair, string(r.Campaign), string(r.Subject), r.Version, r.Group,
		int64(r.Rider), int64(r.Driver), r.Why, r.By, millis(r.At))
	return err
}

// RepairsOf implements [money.Repairs].
func (t *tx) RepairsOf(subject money.Subject) ([]money.Repair, error) {
	return all(t, scanRepair, repairsOf, string(subject))
}

// RepairsBy implements [money.Repairs].
func (t *tx) RepairsBy(
	c money.CampaignID, after money.Subject, limit int,
) ([]money.Repair, error) {
	return all(t, scanRepair, repairsBy, string(c), string(after), limit)
}

// SettledRides implements [dispatch.SettledRides].
func (t *tx) SettledRides(
	city dispatch.CityID, from, to time.Time, limit int,
) ([]dispatch.RideID, error) {
	id := func(r *reader) dispatch.RideID { return dispatch.RideID(r.text()) }
	return all(t, id, settledRides, string(city),
		dispatch.MadeAt(from.Add(-dispatch.LongestRide)), dispatch.MadeAt(to),
		millis(from), millis(to), limit)
}
