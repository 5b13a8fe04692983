package store

import (
	"context"

	"hexhail/dispatch"
)

// turnColumns are written by PutTurn and read by scanTurn in this order.
var turnColumns = columns{
	"driver", "taxi", "city", "stand", "place", "entered_at", "ordered_at", "ride",
}

var (
	putTurn = &query{text: turnColumns.insert("stand_turn").text +
		` ON CONFLICT (driver) DO UPDATE SET taxi = excluded.taxi, city = excluded.city,
		stand = excluded.stand, place = excluded.place, entered_at = excluded.entered_at,
		ordered_at = excluded.ordered_at, ride = excluded.ride`}
	dropTurn  = &query{text: `DELETE FROM stand_turn WHERE driver = $1 AND city = $2`}
	cityTurns = turnColumns.selects(`stand_turn WHERE city = $1 ORDER BY driver`)
	rankOf    = &query{text: `SELECT t.city, t.stand, t.entered_at,
		(SELECT count(*) FROM stand_turn q WHERE q.city = t.city AND q.stand = t.stand
			AND q.ride = '' AND q.place <= t.place),
		(SELECT count(*) FROM stand_turn q WHERE q.city = t.city AND q.stand = t.stand
			AND q.ride = '')
		FROM stand_turn t WHERE t.driver = $1 AND t.ride = ''`}
	standTurns = turnColumns.selects(`stand_turn WHERE city = $1 AND stand = $2 AND place > $3
		AND ride = '' ORDER BY place LIMIT $4`)
	standLengths = &query{text: `SELECT stand, count(*) FROM stand_turn
		WHERE city = $1 AND ride = '' GROUP BY stand`}
)

func scanTurn(r *reader) dispatch.Turn {
	return dispatch.Turn{
		Driver: dispatch.DriverID(r.text()), Taxi: dispatch.TaxiID(r.text()),
		City: dispatch.CityID(r.text()), Stand: dispatch.StandID(r.text()), Order: r.integer(),
		EnteredAt: r.time(), OrderedAt: r.time(), Ride: dispatch.RideID(r.text()),
	}
}

func scanRank(r *reader) dispatch.StandRank {
	return dispatch.StandRank{
		City: dispatch.CityID(r.text()), Stand: dispatch.StandID(r.text()), EnteredAt: r.time(),
		Rank: r.int(), Length: r.int(),
	}
}

// PutTurn implements [dispatch.Turns].
func (t *tx) PutTurn(turn dispatch.Turn) error {
	_, err := t.exec(putTurn, string(turn.Driver), string(turn.Taxi), string(turn.City),
		string(turn.Stand), turn.Order, millis(turn.EnteredAt), millis(turn.OrderedAt),
		string(turn.Ride))
	return err
}

// DropTurn implements [dispatch.Turns].
func (t *tx) DropTurn(city dispatch.CityID, driver dispatch.DriverID) error {
	_, err := t.exec(dropTurn, string(driver), string(city))
	return err
}

// StandRank implements [dispatch.Turns].
func (t *tx) StandRank(driver dispatch.DriverID) (dispatch.StandRank, bool, error) {
	return one(t, scanRank, rankOf, string(driver))
}

// StandTurns are the turns in the queue of a stand after a place in it, the head first, at most
// limit. Turns that are kept for who is on the way to a rider are not among them.
func (db *DB) StandTurns(
	ctx context.Context, city dispatch.CityID, stand dispatch.StandID, after int64, limit int,
) ([]dispatch.Turn, error) {
	return all(db.look(ctx), scanTurn, standTurns, string(city), string(stand), after, limit)
}

// StandLengths are how many taxis queue at each stand of a city that has any.
func (db *DB) StandLengths(
	ctx context.Context, city dispatch.CityID,
) (map[dispatch.StandID]int, error) {
	lengths := map[dispatch.StandID]int{}
	err := db.look(ctx).each(standLengths, []any{string(city)}, func(r *reader) {
		stand := dispatch.StandID(r.text())
		lengths[stand] = r.int()
	})
	return lengths, err
}
