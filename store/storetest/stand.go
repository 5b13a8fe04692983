package storetest

import (
	"testing"

	"hexhail/dispatch"
)

// standTurns is the queue of stands in rows: places move, are kept for a ride, and go.
func standTurns(t *testing.T, open Open) {
	db := open(t)
	turn := func(driver string, stand dispatch.StandID, order int64) dispatch.Turn {
		return dispatch.Turn{
			Driver: dispatch.DriverID(driver), Taxi: dispatch.TaxiID("T" + driver), City: city,
			Stand: stand, Order: order, EnteredAt: after(float64(order)),
			OrderedAt: after(float64(order)),
		}
	}
	a, b, c, d := turn("A", "t3", 4), turn("B", "t3", 2), turn("C", "west", 1), turn("D", "t3", 3)
	elsewhere := turn("E", "t3", 1)
	elsewhere.City = "shanghai"
	do(t, db, func(tx dispatch.Tx) error {
		for _, turn := range []dispatch.Turn{a, b, c, d, elsewhere} {
			check(t, tx.PutTurn(turn))
		}
		return nil
	})
	rank := func(driver dispatch.DriverID) (r dispatch.StandRank, ok bool) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			r, ok, err = tx.StandRank(driver)
			return err
		})
		return r, ok
	}
	wantRank := func(turn dispatch.Turn, n, length int) {
		t.Helper()
		got, ok := rank(turn.Driver)
		equal(t, "is queued", ok, true)
		equal(t, "rank of "+string(turn.Driver), got, dispatch.StandRank{
			City: turn.City, Stand: turn.Stand, Rank: n, Length: length, EnteredAt: turn.EnteredAt,
		})
	}
	wantRank(b, 1, 3)
	wantRank(d, 2, 3)
	wantRank(a, 3, 3)
	wantRank(c, 1, 1)
	wantRank(elsewhere, 1, 1)

	b.Order, b.OrderedAt = 9, after(9) // to the tail
	d.Ride = "R1"                      // on the way to a rider
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.PutTurn(b))
		check(t, tx.PutTurn(d))
		check(t, tx.DropTurn("shanghai", c.Driver)) // is not theirs to drop
		return tx.DropTurn(city, "nobody")
	})
	wantRank(a, 1, 2)
	wantRank(b, 2, 2)
	wantRank(c, 1, 1)
	if _, ok := rank(d.Driver); ok {
		t.Error("who is on the way to a rider has a rank")
	}
	if _, ok := rank("nobody"); ok {
		t.Error("nobody has a rank")
	}
	standLists(t, db, a, b)

	do(t, db, func(tx dispatch.Tx) error {
		s, err := tx.Standing(city)
		equal(t, "standing", s.Turns, []dispatch.Turn{a, b, c, d})
		check(t, tx.DropTurn(city, a.Driver))
		return err
	})
	wantRank(b, 1, 1)
}

// standLists are what ops see, when a and b queue at t3, and one at the other stand.
func standLists(t *testing.T, db Database, a, b dispatch.Turn) {
	t.Helper()
	lengths, err := db.StandLengths(t.Context(), city)
	check(t, err)
	equal(t, "lengths", lengths, map[dispatch.StandID]int{"t3": 2, "west": 1})
	queue, err := db.StandTurns(t.Context(), city, "t3", 0, 10)
	check(t, err)
	equal(t, "queue", queue, []dispatch.Turn{a, b})
	queue, err = db.StandTurns(t.Context(), city, "t3", a.Order, 1)
	check(t, err)
	equal(t, "second page", queue, []dispatch.Turn{b})
}
