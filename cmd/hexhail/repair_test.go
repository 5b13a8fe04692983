package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// TestCampaignRepair gives afterwards for rides that a campaign has missed: a dry run first, then
// once however often. The books, a ride's figures and the driver's earnings have it.
func TestCampaignRepair(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	now := r.service.clock.Now()
	zone := r.service.cities["beijing"].Zone
	var rides []dispatch.RideID
	for i := range 3 {
		rides = append(rides, r.paidInWallet(i, now.Add(-time.Hour)))
	}
	r.ok(money.Cashier{Store: r.service.db}.Launch(t.Context(), money.Campaign{
		ID: "late", Version: 1, City: "beijing", Sponsor: "alipay", Channel: money.InWallet,
		State: money.CampaignRuns, Rider: money.Fixed(4_00), Driver: money.Fixed(2_00),
		Group: "late", Cap: 12_00, StartsAt: now, EndsAt: now.AddDate(0, 0, 7),
	}, now))
	campaign := func(want int, words ...string) string {
		t.Helper()
		code, stdout, stderr := hexhail(t.Context(), append(append([]string{"campaign"}, words...),
			"--data-dir", r.service.config.DataDir)...)
		if code != want {
			t.Fatalf("campaign %v: code %d, %s%s", words, code, stdout, stderr)
		}
		return stdout
	}
	has := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("want %q in\n%s", want, text)
			}
		}
	}
	window := []string{
		"--from", now.Add(-2 * time.Hour).In(zone).Format(time.RFC3339),
		"--to", now.In(zone).Format(time.RFC3339), "--why", "launched late",
	}
	repair := func(want int, id string, more ...string) string {
		t.Helper()
		return campaign(want, append(append([]string{"repair", id}, window...), more...)...)
	}
	given := "late 3 2 2 1 8.00 4.00"
	squeeze := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	for range 2 {
		has(squeeze(repair(exitOK, "late", "--dry-run")), "nothing is given", given,
			"budget_spent 1")
	}
	has(squeeze(repair(exitOK, "late")), given, "budget_spent 1")
	has(squeeze(repair(exitOK, "late")), "late 3 0 0 0 0.00 0.00", "already_repaired 2")
	repair(exitFailed, "never")
	campaign(exitUsage, "repair", "late", "--why", "when?")
	campaign(exitFailed, "repairs", "never")
	has(campaign(exitOK, "repairs", "late"), string(rides[0]), "4.00", "2.00", "launched late")
	if owed := r.balance(money.DriverPayable("D")); owed != 4_00 {
		t.Errorf("the driver is owed %s", owed)
	}
	if got := r.balance(money.Wallet("drawn0")); got != 4_00 {
		t.Errorf("the rider has %s", got)
	}
	e, err := r.service.db.Earnings(t.Context(), "D", now.AddDate(0, 0, -1), now)
	if err != nil || e.Subsidies != 4_00 || e.Balance != 4_00 {
		t.Errorf("earned %+v, %v", e, err)
	}
	for _, ride := range rides[:2] {
		r.traced(ride)
	}
}

// traced reads a ride's figures: the part of a repair is booked.
func (r *realm) traced(ride dispatch.RideID) {
	r.t.Helper()
	_, stdout, _ := hexhail(r.t.Context(), "ledger", "ride", string(ride), "--data-dir",
		r.service.config.DataDir)
	for _, want := range []string{"repaired subsidy_rider", "repaired subsidy_driver"} {
		line := ""
		for _, l := range strings.Split(stdout, "\n") {
			if strings.HasPrefix(l, want) {
				line = l
			}
		}
		if line == "" || strings.Contains(line, "NOT") {
			r.t.Error(fmt.Sprint("want ", want, " in\n", stdout))
		}
	}
}
