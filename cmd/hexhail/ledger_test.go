package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// paidRide is a ride of a realm that its rider has paid from the wallet.
func paidRide(t *testing.T, r *realm) *cast {
	t.Helper()
	c := r.cast(completed)
	rider := c.id(riderOne)
	c.ok(money.Cashier{Store: r.service.db}.TopUp(t.Context(), money.EntryID("top/"+rider),
		money.SandboxEquity, money.Party(rider), money.Yuan(1000), r.service.clock.Now()))
	_, err := riderpb.NewRiderServiceClient(c.conn()).PayRide(c.as(riderOne),
		&riderpb.PayRideRequest{RequestId: "pay", RideId: string(c.ride), Channel: "wallet"})
	c.ok(err)
	c.eventually("settled", c.settled)
	return c
}

// TestLedgerCommands: the books of a running server are read beside it; a row that was changed by
// hand is named by check and by the ride's figures, and a head that was kept finds what was sealed
// anew.
func TestLedgerCommands(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	c := paidRide(t, r)
	dir := r.service.config.DataDir
	ledger := func(want int, words ...string) string {
		t.Helper()
		code, stdout, stderr := hexhail(t.Context(),
			append(append([]string{"ledger"}, words...), "--data-dir", dir)...)
		if code != want {
			t.Fatalf("ledger %v: code %d, %s%s", words, code, stdout, stderr)
		}
		return stdout
	}
	contains := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("want %q in\n%s", want, text)
			}
		}
	}
	c.eventually("sealed", func() bool {
		return !strings.Contains(ledger(exitOK, "check"), "not yet")
	})
	checked := ledger(exitOK, "check")
	contains(checked, "sound")
	head := regexp.MustCompile(`head (\S+)`).FindStringSubmatch(checked)[1]
	ledger(exitOK, "check", "--head", head)
	contains(ledger(exitFailed, "check", "--head", "1:"+strings.Repeat("0", 64)), "head: ")
	ledger(exitUsage, "check", "--head", "1:0")
	contains(ledger(exitOK, "check", "--json"), `"head": "`+head)

	contains(ledger(exitOK, "trial", "--accounts"), "driver_payable (", "all")
	driver := "driver_payable:" + c.id(driverOne)
	fare := money.Fen(c.owed().GetAmountFen()).String()
	contains(ledger(exitOK, "statement", driver), driver, "fare", fare, "2 lines")
	contains(ledger(exitOK, "statement", driver, "--to", "2001-01-01"), "0 lines")
	contains(ledger(exitOK, "ride", string(c.ride)), "booked "+fare, driver)
	ledger(exitFailed, "ride", "nobody's")
	ledger(exitUsage, "statement")
	ledger(exitFailed, "statement", "driver_payable:nobody")

	out := filepath.Join(t.TempDir(), "transfers.csv")
	ledger(exitOK, "export", "--out", out)
	text, err := os.ReadFile(out)
	r.ok(err)
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	r.ok(err)
	if len(rows) < 3 || rows[0][0] != "seq" || len(rows[1]) != len(rows[0]) {
		t.Errorf("exported %v", rows)
	}
}
