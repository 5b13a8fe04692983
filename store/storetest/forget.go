package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// forgetting: what is old of rides is dropped, the oldest first and so many at once; what is young,
// or may still have to be looked at, stays.
func forgetting(t *testing.T, open Open) {
	t.Run("Notices", func(t *testing.T) { forgetNotices(t, open(t)) })
	t.Run("Codes", func(t *testing.T) { forgetCodes(t, open(t)) })
	db := open(t)
	ids := oldRides(t, db)
	old := noon.AddDate(0, 0, 5)
	for i, want := range []struct {
		limit, forgotten int
		left             []dispatch.RideID
	}{
		{1, 1, ids[1:]},
		{9, 1, append(slices.Clone(ids[1:4]), ids[5])},
		{9, 0, append(slices.Clone(ids[1:4]), ids[5])},
	} {
		do(t, db, func(tx dispatch.Tx) error {
			n, err := tx.ForgetTraces(old, want.limit)
			check(t, err)
			equal(t, fmt.Sprint(i, " traces"), n, want.forgotten)
			n, err = tx.ForgetRoundLogs(old, want.limit)
			equal(t, fmt.Sprint(i, " logs"), n, want.forgotten)
			check(t, err)
			n, err = tx.ForgetWhereabouts(old, want.limit)
			equal(t, fmt.Sprint(i, " phones"), n, want.forgotten)
			return err
		})
		traces, logs := tracesOf(t, db, ids), logsOf(t, db, ids)
		equal(t, fmt.Sprint(i, " phones left"), phonesOf(t, db, ids), want.left)
		equal(t, fmt.Sprint(i, " traces left"), traces, want.left)
		equal(t, fmt.Sprint(i, " logs left"), logs, want.left)
	}
}

// oldRides are rides of six days, each with a trace, a log and a phone: the first is done with, the
// second under way, the third's complaint contested, the fourth's subsidy held; of the fifth both
// are decided, and the sixth is young.
func oldRides(t *testing.T, db Database) []dispatch.RideID {
	t.Helper()
	ids := make([]dispatch.RideID, 6)
	for day := range ids {
		ids[day] = dispatch.RideID(dispatch.MadeAt(noon.AddDate(0, 0, day)) + "RIDE")
		r := searching(ids[day])
		if day != 1 {
			r.State = dispatch.Expired
		}
		do(t, db, func(tx dispatch.Tx) error {
			if err := tx.InsertRide(r); err != nil {
				return err
			}
			w := filled[dispatch.Whereabouts](0)
			w.Ride, w.Measured = r.ID, false
			if err := tx.PutWhereabouts(w); err != nil {
				return err
			}
			return tx.PutRoundLog(dispatch.RoundLog{Ride: r.ID, City: city})
		})
		check(t, db.AppendTraces(t.Context(), []dispatch.TraceBatch{
			{Ride: r.ID, Fixes: drive(noon, 2)}, {Ride: r.ID, Fixes: drive(noon, 2)},
		}))
	}
	decided := heldOf(ids[4], "D9")
	decided.State, decided.DueAt = dispatch.HoldReleased, time.Time{}
	decided.DecidedBy, decided.DecidedAt = "ops:1", after(5)
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertComplaint(contested(complained(ids[2], dispatch.SideRider, 1), 2)))
		check(t, tx.InsertComplaint(ruled(
			complained(ids[4], dispatch.SideRider, 1), dispatch.ComplaintUpheld)))
		check(t, tx.InsertHold(heldOf(ids[3], "D8")))
		return tx.InsertHold(decided)
	})
	return ids
}

// tracesOf are the rides that have a trace, among some.
func tracesOf(t *testing.T, db Database, ids []dispatch.RideID) (have []dispatch.RideID) {
	t.Helper()
	for _, id := range ids {
		fixes, err := db.Trace(t.Context(), id)
		check(t, err)
		if len(fixes) > 0 {
			have = append(have, id)
		}
	}
	return have
}

// logsOf are those that have a round log.
func logsOf(t *testing.T, db Database, ids []dispatch.RideID) (have []dispatch.RideID) {
	t.Helper()
	for _, id := range ids {
		do(t, db, func(tx dispatch.Tx) error {
			_, ok, err := tx.RoundLog(id)
			if ok {
				have = append(have, id)
			}
			return err
		})
	}
	return have
}

// phonesOf are those whose rider's phone has told something.
func phonesOf(t *testing.T, db Database, ids []dispatch.RideID) (have []dispatch.RideID) {
	t.Helper()
	for _, id := range ids {
		do(t, db, func(tx dispatch.Tx) error {
			w, err := tx.Whereabouts(id)
			if w.Ride != "" {
				have = append(have, id)
			}
			return err
		})
	}
	return have
}

// forgetNotices: a notice stays while its order is open, or its number differs from a bill.
func forgetNotices(t *testing.T, db Database) {
	w := emptyBillWorld(t, db)
	open := w.order(1000, money.AttemptUnknown, noon)
	differs := w.order(1000, money.AttemptClosed, noon)
	done := w.order(1000, money.AttemptClosed, noon)
	notice := func(order string) money.Notice {
		return money.Notice{
			Channel: billChannel, ID: "of " + order, Kind: money.NoticeCharge, Order: order,
			Amount: 1000,
		}
	}
	orders := []string{string(open.ID), string(differs.ID), string(done.ID), "nobody's"}
	do(t, db, func(tx dispatch.Tx) error {
		for i, order := range orders {
			_, err := tx.Keep(notice(order), after(float64(i)))
			check(t, err)
		}
		_, err := tx.Keep(money.Notice{
			Channel: billChannel, ID: "young", Kind: money.NoticeCharge, Order: "o",
		}, after(100))
		check(t, err)
		return tx.InsertDifference(money.Difference{
			ID: "d", Bill: w.day(0), Cause: money.CauseStatus, Kind: money.NoticeCharge,
			Number: string(differs.ID), State: money.DifferenceOpen, FoundAt: noon,
		})
	})
	for i, want := range []int{1, 1, 0} {
		do(t, db, func(tx dispatch.Tx) error {
			n, err := tx.ForgetNotices(after(100), 1)
			equal(t, fmt.Sprint(i, " forgotten"), n, want)
			return err
		})
	}
	do(t, db, func(tx dispatch.Tx) error {
		for i, order := range orders {
			first, err := tx.Keep(notice(order), after(200))
			check(t, err)
			equal(t, order+" is new", first, i >= 2)
		}
		return nil
	})
}

// forgetCodes: that a code has paid is remembered for a day.
func forgetCodes(t *testing.T, db Database) {
	use := func(step int64, at float64) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error {
			return tx.InsertUsedCode(dispatch.UsedCode{
				Handle: "0123456789", Step: step, Ride: "r", Driver: "D", At: after(at),
			})
		}
	}
	for step := range int64(3) {
		do(t, db, use(step, float64(step)))
	}
	for i, want := range []int{1, 1, 0} {
		do(t, db, func(tx dispatch.Tx) error {
			n, err := tx.ForgetUsedCodes(after(2), 1)
			equal(t, fmt.Sprint(i, " forgotten"), n, want)
			return err
		})
	}
	refused(t, db, dispatch.Conflict, dispatch.ReasonCodeUsed, use(2, 9))
	do(t, db, use(1, 9))
}
