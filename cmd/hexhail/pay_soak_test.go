//go:build soak && !race

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/sim"
)

// TestSoakPaying is the recorded hour of New York with the launch campaign and a draw of 200 rides,
// six riders in ten paying through channels that have a bad day, the server killed twice: every
// payment is captured once, the budget is exact, the books close; after bills, draw and claims no
// channel and no sponsor owes anything.
func TestSoakPaying(t *testing.T) {
	const rate = 12
	dir := os.Getenv("HEXHAIL_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir = filepath.Join(dir, "nyc_2013-11-18")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("SKIPPED: no recorded hour: %v", err)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	zone, err := time.LoadLocation("America/New_York")
	must(t, err)
	start := time.Date(2013, 11, 18, 16, 0, 0, 0, zone).Add(-rate * 40 * time.Second)
	w := prepareTown(t, "--cities", string(sim.ReplayCity)+","+witnessCity, "--rate-per-s",
		"100000", "--clock-rate", "12", "--clock-epoch", start.AddDate(0, 0, -1).Format(time.RFC3339))
	w.city = string(sim.ReplayCity)
	s := startStandins(t, "http://"+w.http)
	w.args = append(w.args, "--channels", s.channels)
	w.open()
	n := announce(t, w, money.Alipay, 200, start)
	s.ask("/faults", troubles, &struct{}{})
	c := newCrowdOf(t, w, "--trips", file("trips_1600_1700_jittered.csv.gz"),
		"--taxis", file("taxis_start_1500_1700.csv.gz"),
		"--roads-nodes", file("links_nodes.csv.gz"), "--roads-edges", file("links_edges.csv.gz"),
		"--fleet", "5000", "--wechat", "0.3", "--alipay", "0.3", "--phone", s.phone)
	c.reached(t, load{requested: 1})
	for range 2 {
		time.Sleep(80 * time.Second) // 16 minutes of the city
		kills(t, c, load{requested: 2000, claimed: 2000, started: 1000}, 1, func(int) {})
	}
	o := c.closes(t)
	s.balances(t, o.report)
	n.falls()
	n.reconciles()
	n.settles()
	n.closes()
	t.Logf("%.1f %% served", 100*o.report.ServiceRate)
}
