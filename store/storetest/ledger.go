package storetest

import (
	"errors"
	"fmt"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// transfer is one amount, posted at once.
func transfer(id money.TransferID, from, to money.AccountID, fen money.Fen) money.Transfer {
	return money.Transfer{
		ID: id, Kind: money.TransferPosted, Debit: from, Credit: to, Amount: fen,
		Code: money.CodeTopUp,
	}
}

func pending(id money.TransferID, from, to money.AccountID, fen money.Fen) money.Transfer {
	t := transfer(id, from, to, fen)
	t.Kind = money.TransferPending
	return t
}

func entry(id money.EntryID, transfers ...money.Transfer) money.Entry {
	return money.Entry{ID: id, Subject: "ride", At: noon, Transfers: transfers}
}

func bookIt(e money.Entry) func(dispatch.Tx) error {
	return func(tx dispatch.Tx) error { return tx.Book(e) }
}

func account(t testing.TB, db Database, id money.AccountID) (a money.Account) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) (err error) {
		a, err = tx.Account(id)
		return err
	})
	return a
}

// books audits the ledger; it has to be right.
func books(t testing.TB, db Database) money.Books {
	t.Helper()
	b, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	if len(b.Wrong) > 0 {
		t.Errorf("accounts that do not add up: %v of %+v", b.Wrong, b.Accounts)
	}
	return b
}

const equity = money.SandboxEquity

func book(t *testing.T, open Open) {
	db := open(t)
	wallet, driver := money.Wallet("R1"), money.DriverPayable("D1")
	equal(t, "never booked on", account(t, db, wallet), money.Account{ID: wallet})
	do(t, db, bookIt(entry("top", transfer("top", equity, wallet, 5000))))
	do(t, db, bookIt(entry("fare",
		transfer("fare/1", wallet, driver, 2300), transfer("fare/2", wallet, driver, 700),
		pending("fare/3", wallet, driver, 1500))))
	equal(t, "wallet", account(t, db, wallet), money.Account{
		ID: wallet, Credits: 5000, Debits: 3000, PendingDebits: 1500,
	})
	equal(t, "driver", account(t, db, driver), money.Account{
		ID: driver, Credits: 3000, PendingCredits: 1500,
	})
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Transfers("ride")
		equal(t, "transfers", got, []money.Transfer{
			transfer("top", equity, wallet, 5000), transfer("fare/1", wallet, driver, 2300),
			transfer("fare/2", wallet, driver, 700), pending("fare/3", wallet, driver, 1500),
		})
		check(t, err)
		got, err = tx.Transfers("another ride")
		equal(t, "of another", len(got), 0)
		return err
	})
	nobodys := entry("none", transfer("none", equity, wallet, 1))
	nobodys.Subject = ""
	do(t, db, bookIt(nobodys))
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Transfers("")
		equal(t, "of no subject", len(got), 0)
		return err
	})
	equal(t, "booked", books(t, db).Transfers, 5)
}

func bookLimits(t *testing.T, open Open) {
	db := open(t)
	a, b, z := money.Wallet("A"), money.Wallet("B"), money.AccountID("z:1")
	do(t, db, bookIt(entry("top", transfer("top", equity, a, 100))))
	before := account(t, db, a)
	for _, e := range []money.Entry{
		entry("over", transfer("over", a, z, 101)),
		entry("over", pending("over", a, z, 101)),
		entry("over", transfer("over1", a, z, 60), pending("over2", a, z, 41)),
		// B has nothing and comes last: A's and equity's changes have to go back.
		entry("over", transfer("over1", a, "equity:1", 50), transfer("over2", b, "equity:1", 1)),
		entry("over", transfer("over1", equity, a, 7), transfer("over2", b, z, 8)),
	} {
		// The transaction goes on, and what it writes besides is kept.
		do(t, db, func(tx dispatch.Tx) error {
			err := tx.Book(e)
			var limit *money.LimitError
			if !errors.As(err, &limit) {
				t.Errorf("%+v: %v, want a LimitError", e.Transfers, err)
			}
			_, err = tx.Searching(city)
			return err
		})
		equal(t, "after a refusal", account(t, db, a), before)
	}
	all := books(t, db)
	equal(t, "accounts", len(all.Accounts), 2)
	equal(t, "transfers", all.Transfers, 1)

	do(t, db, bookIt(entry("all", pending("all", a, z, 100))))
	do(t, db, func(tx dispatch.Tx) error {
		var limit *money.LimitError
		err := tx.Book(entry("one more", transfer("one more", a, z, 1)))
		if !errors.As(err, &limit) || limit.Account != a || limit.Amount != 1 {
			t.Errorf("1 fen more than is left: %v", err)
		}
		// What goes out and comes in by one entry may be more than there is.
		return tx.Book(entry("through", transfer("in", equity, a, 30), transfer("out", a, z, 30)))
	})
	equal(t, "reserved to the last fen", account(t, db, a).Available(), 0)
	for _, bad := range []money.Entry{
		{ID: "none"},
		entry("zero", transfer("zero", equity, a, 0)),
		entry("self", transfer("self", a, a, 1)),
		entry("huge", transfer("huge", equity, a, 1e15+1)),
		entry("many", make([]money.Transfer, 1001)...),
	} {
		refused(t, db, dispatch.Invalid, dispatch.ReasonLedger, bookIt(bad))
	}
	// The largest that there may be; then the account is full: refused, not wrapped around.
	full := make([]money.Transfer, 1000)
	for i := range full {
		full[i] = transfer(money.TransferID(fmt.Sprint("full/", i)), "y:2", "z:2", 1e15)
	}
	do(t, db, bookIt(entry("full", full...)))
	refused(t, db, dispatch.Internal, dispatch.ReasonStore,
		bookIt(entry("fuller", transfer("fuller", equity, "z:2", 1))))
	equal(t, "a full account", account(t, db, "z:2").Credits, 1e18)
	books(t, db)
}

func bookResolutions(t *testing.T, open Open) {
	db := open(t)
	wallet, driver := money.Wallet("R"), money.DriverPayable("D")
	do(t, db, bookIt(entry("top", transfer("top", equity, wallet, 1000))))
	hold := func(id money.TransferID, fen money.Fen) money.Transfer {
		p := pending(id, wallet, driver, fen)
		do(t, db, bookIt(entry(money.EntryID(id), p)))
		return p
	}
	a, b, c := hold("a", 100), hold("b", 200), hold("c", 300)
	end := func(p money.Transfer, kind money.TransferKind) money.Entry {
		return money.Resolution("end "+money.EntryID(p.ID), "ride", []money.Transfer{p}, kind, noon)
	}
	do(t, db, bookIt(end(a, money.TransferPost)))
	do(t, db, bookIt(end(b, money.TransferVoid)))
	do(t, db, bookIt(end(c, money.TransferExpire)))
	equal(t, "wallet", account(t, db, wallet),
		money.Account{ID: wallet, Credits: 1000, Debits: 100})
	equal(t, "driver", account(t, db, driver), money.Account{ID: driver, Credits: 100})

	d := hold("d", 400)
	for what, bad := range map[string]func(*money.Transfer){
		"resolved already": func(m *money.Transfer) { m.Pending, m.Amount = "b", 200 },
		"of nothing":       func(m *money.Transfer) { m.Pending = "nothing" },
		"of what was posted": func(m *money.Transfer) {
			m.Pending, m.Debit, m.Credit = "top", equity, wallet
		},
		"of another amount":  func(m *money.Transfer) { m.Amount = 399 },
		"to another account": func(m *money.Transfer) { m.Credit = money.DriverPayable("E") },
		"from another":       func(m *money.Transfer) { m.Debit = money.Wallet("E") },
	} {
		wrong := end(d, money.TransferPost)
		bad(&wrong.Transfers[0])
		if err := db.Tx(t.Context(), bookIt(wrong)); err == nil {
			t.Errorf("booked a resolution %s", what)
		}
	}
	equal(t, "still held", account(t, db, wallet).PendingDebits, 400)
	do(t, db, bookIt(end(d, money.TransferPost)))
	equal(t, "pending", books(t, db).Pending(), 0)
}

func bookOnce(t *testing.T, open Open) {
	db := open(t)
	first := entry("e", transfer("e/1", equity, "z:1", 5))
	do(t, db, bookIt(first))
	sameTransfer, sameEntry := first, first
	sameTransfer.ID = "f"
	sameEntry.Transfers = []money.Transfer{transfer("e/2", equity, "z:1", 6)}
	for _, again := range []money.Entry{first, sameTransfer, sameEntry} {
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, bookIt(again))
	}
	equal(t, "booked once", account(t, db, "z:1").Credits, 5)
	books(t, db)
}

func audit(t *testing.T, open Open) {
	db := open(t)
	none, err := db.Audit(t.Context(), func(money.Subject, money.Transfer) {
		t.Error("a transfer in an empty ledger")
	})
	check(t, err)
	equal(t, "no accounts", len(none), 0)
	var want []money.TransferID
	for i := range 12 {
		id := money.TransferID(string(rune('z' - i)))
		want = append(want, id)
		do(t, db, bookIt(entry(money.EntryID(id), transfer(id, equity, money.Wallet("B"), 1))))
	}
	var got []money.TransferID
	accounts, err := db.Audit(t.Context(), func(s money.Subject, m money.Transfer) {
		got = append(got, m.ID)
		equal(t, "subject", s, "ride")
	})
	check(t, err)
	equal(t, "in the order of booking", got, want)
	equal(t, "by id", accounts, []money.Account{
		{ID: equity, Debits: 12}, {ID: money.Wallet("B"), Credits: 12},
	})
}
