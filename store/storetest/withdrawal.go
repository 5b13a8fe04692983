package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// asked is a withdrawal as it is written first.
func asked(id money.PayoutID, driver money.Party, c money.ChannelName) money.Withdrawal {
	return money.Withdrawal{
		ID: id, Driver: driver, City: string(city), Channel: c, Account: "13800000000",
		Name: "Li Lei", Amount: 100_00, Day: "2013-12-09", State: money.AttemptCreated,
		MadeAt: noon, PayAt: noon,
	}
}

func insertWithdrawals(t testing.TB, db Database, list ...money.Withdrawal) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) error {
		for _, w := range list {
			if err := tx.InsertWithdrawal(w); err != nil {
				return err
			}
		}
		return nil
	})
}

func withdrawals(t *testing.T, open Open) {
	db := open(t)
	want := filled[money.Withdrawal](0)
	want.State, want.ID = money.AttemptSent, "W1"
	want.EndedAt = time.Time{}
	insertWithdrawals(t, db, want)
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, func(tx dispatch.Tx) error {
		return tx.InsertWithdrawal(want)
	})
	changed := filled[money.Withdrawal](50)
	changed.ID, changed.Driver, changed.City = want.ID, want.Driver, want.City
	changed.Channel, changed.Account, changed.Name = want.Channel, want.Account, want.Name
	changed.Amount, changed.Day = want.Amount, want.Day
	changed.MadeAt, changed.PayAt = want.MadeAt, want.PayAt
	changed.State = money.AttemptPaid
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, func(tx dispatch.Tx) error {
		return tx.UpdateWithdrawal(changed, money.AttemptUnknown)
	})
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Withdrawal(want.ID)
		equal(t, "inserted", got, want)
		check(t, err)
		check(t, tx.UpdateWithdrawal(changed, money.AttemptSent))
		got, err = tx.Withdrawal(want.ID)
		equal(t, "changed", got, changed)
		return err
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonPayment,
		func(tx dispatch.Tx) error {
			_, err := tx.Withdrawal("nobody's")
			return err
		})
	for name, spoil := range map[string]func(*money.Withdrawal){
		"nothing":        func(w *money.Withdrawal) { w.Amount = 0 },
		"nobody":         func(w *money.Withdrawal) { w.Driver = "" },
		"never ended":    func(w *money.Withdrawal) { w.State, w.SentAt = money.AttemptPaid, noon },
		"never sent":     func(w *money.Withdrawal) { w.State = money.AttemptSent },
		"ended and open": func(w *money.Withdrawal) { w.EndedAt = noon },
	} {
		bad := asked(money.PayoutID(name), "D", money.Alipay)
		spoil(&bad)
		refused(t, db, dispatch.Internal, dispatch.ReasonStore, func(tx dispatch.Tx) error {
			return tx.InsertWithdrawal(bad)
		})
	}
}

func withdrawalScans(t *testing.T, open Open) {
	db := open(t)
	var list []money.Withdrawal
	for i := range 6 {
		w := asked(money.PayoutID(fmt.Sprint("W", i)), "D", money.Alipay)
		w.Amount = money.Fen(1 << i)
		w.DueAt = after(float64(10 - i))
		list = append(list, w)
	}
	list[1].Day = "2013-12-10"
	list[2].Driver = "other"
	list[3].State, list[3].SentAt, list[3].EndedAt = money.AttemptClosed, noon, noon
	list[3].DueAt = time.Time{}
	list[4].State, list[4].SentAt = money.AttemptUnknown, noon
	list[5].DueAt = time.Time{} // waits for people
	insertWithdrawals(t, db, list...)
	do(t, db, func(tx dispatch.Tx) error {
		n, sum, err := tx.WithdrawnOn("D", "2013-12-09")
		equal(t, "times of the day", n, 3)
		equal(t, "of the day", sum, 1+16+32)
		check(t, err)
		n, sum, err = tx.WithdrawnOn("nobody", "2013-12-09")
		equal(t, "nobody's", fmt.Sprint(n, sum), "0 0.00")
		check(t, err)
		due, err := tx.DueWithdrawals(after(9), 9)
		equal(t, "due", withdrawalIDs(due), []money.PayoutID{"W4", "W2", "W1"})
		check(t, err)
		due, err = tx.DueWithdrawals(after(10), 2)
		equal(t, "the first", withdrawalIDs(due), []money.PayoutID{"W4", "W2"})
		return err
	})
	ctx := context.Background()
	mine, err := db.DriverWithdrawals(ctx, "D", dispatch.Page{Limit: 3})
	check(t, err)
	equal(t, "the latest", withdrawalIDs(mine), []money.PayoutID{"W5", "W4", "W3"})
	mine, err = db.DriverWithdrawals(ctx, "D", dispatch.Page{After: "W3", Limit: 3})
	check(t, err)
	equal(t, "those before", withdrawalIDs(mine), []money.PayoutID{"W1", "W0"})
	mine, err = db.DriverWithdrawals(ctx, "", dispatch.Page{Limit: 3})
	check(t, err)
	equal(t, "nobody's", len(mine), 0)
	still, err := db.OpenWithdrawals(ctx, dispatch.Page{After: "W0", Limit: 9})
	check(t, err)
	equal(t, "open", withdrawalIDs(still), []money.PayoutID{"W1", "W2", "W4", "W5"})
}

func withdrawalIDs(list []money.Withdrawal) (ids []money.PayoutID) {
	for _, w := range list {
		ids = append(ids, w.ID)
	}
	return ids
}

func bankFiles(t *testing.T, open Open) {
	db := open(t)
	var list []money.Withdrawal
	for i := range 6 {
		list = append(list, asked(money.PayoutID(fmt.Sprint("W", i)), "D", money.ToBank))
	}
	list[1].Channel = money.Alipay
	list[2].PayAt = after(1)
	list[3].State, list[3].SentAt, list[3].File = money.AttemptSent, noon, "F"
	list[4].State, list[4].SentAt, list[4].EndedAt = money.AttemptPaid, noon, noon
	list[4].File = "F"
	insertWithdrawals(t, db, list...)
	do(t, db, func(tx dispatch.Tx) error {
		found, err := tx.ForBank(noon, 9)
		equal(t, "for the bank", withdrawalIDs(found), []money.PayoutID{"W0", "W5"})
		check(t, err)
		found, err = tx.ForBank(after(1), 2)
		equal(t, "the first", withdrawalIDs(found), []money.PayoutID{"W0", "W2"})
		check(t, err)
		found, err = tx.BankFile("F")
		equal(t, "in the file", found, list[3:5])
		check(t, err)
		found, err = tx.BankFile("")
		equal(t, "in no file", len(found), 0)
		return err
	})
}

// lockAccount: what is read under the lock stays so until the transaction has ended, though many
// would change it at once.
func lockAccount(t *testing.T, open Open) {
	db := open(t)
	const most = money.Fen(10)
	each(16, 100, func(i int) {
		check(t, db.Tx(t.Context(), func(tx dispatch.Tx) error {
			bank, err := tx.LockAccount(money.Bank)
			if err != nil || bank.Balance() >= most {
				return err
			}
			id := fmt.Sprint("T", i)
			return tx.Book(entry(money.EntryID(id),
				transfer(money.TransferID(id), equity, money.Bank, 1)))
		}))
	})
	do(t, db, func(tx dispatch.Tx) error {
		bank, err := tx.Account(money.Bank)
		equal(t, "the bank has", bank.Balance(), most)
		return err
	})
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	equal(t, "wrong", len(books.Wrong), 0)
}
