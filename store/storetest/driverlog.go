package storetest

import (
	"testing"
	"time"

	"hexhail/dispatch"
)

// driverLogs writes, replaces, reads and drops drivers' logs.
func driverLogs(t *testing.T, open Open) {
	db := open(t)
	var logs []dispatch.DriverLog
	for hour := range 5 {
		l := filled[dispatch.DriverLog](10 * hour)
		l.Driver, l.City, l.From = "D1", city, noon.Add(time.Duration(hour)*time.Hour)
		logs = append(logs, l)
	}
	other, away := logs[0], logs[0]
	other.Driver = "D2"
	away.Driver, away.City = "D3", "chengdu"
	do(t, db, func(tx dispatch.Tx) error {
		for _, l := range append([]dispatch.DriverLog{logs[4], other, away}, logs[:4]...) {
			check(t, tx.PutDriverLog(l))
		}
		again := logs[2]
		again.Rides++
		logs[2] = again
		return tx.PutDriverLog(again)
	})
	read := func(driver dispatch.DriverID, from, to int) (got []dispatch.DriverLog) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			got, err = tx.DriverLogs(driver, noon.Add(time.Duration(from)*time.Hour),
				noon.Add(time.Duration(to)*time.Hour))
			return err
		})
		return got
	}
	equal(t, "from the second to before the fourth", read("D1", 1, 3), logs[1:3])
	equal(t, "all of another", read("D2", -1, 9), []dispatch.DriverLog{other})
	equal(t, "none", read("D9", -1, 9), []dispatch.DriverLog{})
	forget := func(before, limit int) (n int) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			n, err = tx.ForgetDriverLogs(city, noon.Add(time.Duration(before)*time.Hour), limit)
			return err
		})
		return n
	}
	equal(t, "forgotten at most", forget(2, 1), 1)
	equal(t, "forgotten", forget(2, 10), 2)
	equal(t, "nothing left to forget", forget(2, 10), 0)
	equal(t, "what is left", read("D1", -1, 9), logs[2:])
	equal(t, "another city's", len(read("D3", -1, 9)), 1)
}
