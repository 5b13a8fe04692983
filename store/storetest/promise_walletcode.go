package storetest

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// walletCodes reads and writes them.
func walletCodes(t *testing.T, open Open) {
	db := open(t)
	c := dispatch.SealedCode{
		Rider: "R", Handle: "0123456789", Key: "1a2b3c4d", MadeAt: noon,
		Sealed: bytes.Repeat([]byte{0, 255}, dispatch.SealedBytes/2),
	}
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertWalletCode(c) })
	do(t, db, func(tx dispatch.Tx) error {
		for _, read := range []func(string) (dispatch.SealedCode, bool, error){
			tx.WalletCode, tx.LockWalletCode,
			func(string) (dispatch.SealedCode, bool, error) { return tx.WalletCodeOf("R") },
		} {
			got, is, err := read(c.Handle)
			check(t, err)
			equal(t, "is", is, true)
			equal(t, "code", got, c)
		}
		_, is, err := tx.WalletCode("9876543210")
		equal(t, "another is", is, false)
		return err
	})
	for name, want := range map[string]string{c.Key: "", "another": c.Key} {
		other, err := db.ForeignSealer(t.Context(), name)
		check(t, err)
		equal(t, "sealed by others than "+name, other, want)
	}
	second := c
	second.Handle = "1"
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate,
		func(tx dispatch.Tx) error { return tx.InsertWalletCode(second) })
	used := dispatch.UsedCode{Handle: c.Handle, Step: 7, Ride: "r", Driver: "D", At: noon}
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertUsedCode(used) })
	used.Ride = "another"
	refused(t, db, dispatch.Conflict, dispatch.ReasonCodeUsed,
		func(tx dispatch.Tx) error { return tx.InsertUsedCode(used) })
	for _, want := range []bool{true, false} {
		do(t, db, func(tx dispatch.Tx) error {
			was, err := tx.DropWalletCode("R")
			equal(t, "was", was, want)
			return err
		})
	}
	for _, want := range []dispatch.CodeTries{
		{}, {Driver: "D", Wrong: 1, Since: noon}, {Driver: "D", Wrong: 2, Since: after(1)},
	} {
		do(t, db, func(tx dispatch.Tx) error {
			if want.Driver != "" {
				check(t, tx.PutCodeTries(want))
			}
			got, err := tx.CodeTries("D")
			equal(t, "tries", got, want)
			return err
		})
	}
}

// promiseWalletCode: a code that a phone shows pays one ride, though many drivers have a picture of
// it and give it at the same moment.
func promiseWalletCode(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) { check(t, collectAll(t, open(t))) })
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		check(t, db.SQL(t.Context(), `DROP INDEX wallet_code_once`))
		caught(t, collectAll(t, db))
	})
}

const racingDrivers = 32

// collectAll has many drivers collect their fares by one code.
func collectAll(t *testing.T, db Database) error {
	t.Helper()
	const rider = dispatch.RiderID("R")
	desk := NewDesk(t, db)
	rides := completeRides(t, db, desk, racingDrivers)
	check(t, money.Cashier{Store: db}.TopUp(t.Context(), "top", money.SandboxEquity,
		dispatch.RiderParty(rider), money.Yuan(2000), noon))
	do(t, db, func(tx dispatch.Tx) error {
		for _, r := range rides {
			check(t, tx.InsertDriver(dispatch.Driver{ID: r.Driver, City: city}))
		}
		return nil
	})
	c, err := desk.IssueWalletCode(t.Context(), noon,
		dispatch.Once{Identity: "r", RequestID: "issue"}, rider)
	check(t, err)
	code := c.Shown(dispatch.WalletStepAt(noon))
	var used atomic.Int32
	each(racingDrivers, racingDrivers, func(i int) {
		_, err := desk.Collect(t.Context(), noon,
			dispatch.Once{Identity: "driver:" + string(rides[i].Driver), RequestID: "collect"},
			dispatch.CollectFare{
				Ride: rides[i].ID, Driver: rides[i].Driver, Means: dispatch.Means{
					Channel: money.InWallet, Way: money.WayBarcode, Token: code,
				},
			})
		switch {
		case err == nil:
		case dispatch.ReasonOf(err) == dispatch.ReasonCodeUsed:
			used.Add(1)
		default:
			t.Error(err)
		}
	})
	for range 2 {
		if _, err := desk.Work(t.Context(), noon); err != nil {
			return err
		}
	}
	spent := account(t, db, money.Wallet(dispatch.RiderParty(rider))).Debits
	if spent != money.Yuan(28) || used.Load() != racingDrivers-1 {
		return fmt.Errorf("one code has paid %s; %d drivers heard that it was used",
			spent, used.Load())
	}
	return nil
}
