package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// promiseLedger: money only moves. After a load of random entries every account replays to its
// balance; a row that was touched by hand is refused, or found if it could not be.
func promiseLedger(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		bookAtRandom(t, db, 600/slow)
		b := books(t, db)
		var sum money.Fen
		for _, a := range b.Accounts {
			sum += a.Balance()
		}
		equal(t, "the sum of all balances", sum, 0)
		t.Logf("%d transfers on %d accounts, %v pending", b.Transfers, len(b.Accounts), b.Pending())
	})
	for name, m := range map[string]struct {
		without safeguard
		text    string
	}{
		"OffByOneFen": {0, `UPDATE account SET credits = credits + 1 WHERE id = 'wallet:0'`},
		"UpdateTransfer": {
			transferTrigger, `UPDATE transfer SET amount = amount + 1 WHERE id = 'top 0'`,
		},
		"RedirectTransfer": {
			transferTrigger, `UPDATE transfer SET credit = 'wallet:1' WHERE id = 'top 0'`,
		},
		"DropTransfer": {transferTrigger, `DELETE FROM transfer WHERE id = 'top 0'`},
	} {
		t.Run("Mutant"+name, func(t *testing.T) {
			db := open(t)
			bookAtRandom(t, db, 50)
			if m.without != 0 {
				wantError(t, db.SQL(t.Context(), m.text),
					dispatch.Internal, dispatch.ReasonStore)
				books(t, db)
				remove(t, db, m.without)
			}
			check(t, db.SQL(t.Context(), m.text))
			b, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
			check(t, err)
			err = nil
			if len(b.Wrong) > 0 {
				err = fmt.Errorf("accounts that do not add up: %v", b.Wrong)
			}
			caught(t, err)
		})
	}
}

// bookAtRandom books n entries of every kind from 16 workers, some of which are refused.
func bookAtRandom(t *testing.T, db Database, n int) {
	t.Helper()
	const wallets = 6
	for w := range wallets {
		id := money.TransferID(fmt.Sprint("top ", w))
		top := transfer(id, equity, money.Wallet(money.Party(fmt.Sprint(w))), 3000)
		do(t, db, bookIt(entry(money.EntryID(id), top)))
	}
	seeds := random(t)
	var mu sync.Mutex
	var open []money.Transfer
	refused := 0
	each(16, n, func(i int) {
		mu.Lock()
		r := rand.New(rand.NewPCG(seeds.Uint64(), 0))
		e := drawEntry(r, i, wallets)
		if len(open) > 0 && r.IntN(3) == 0 {
			kind := money.TransferPost + money.TransferKind(r.IntN(3))
			e = money.Resolution(e.ID, "ride", open[:1], kind, noon)
			open = open[1:]
		}
		mu.Unlock()
		err := db.Tx(t.Context(), bookIt(e))
		mu.Lock()
		defer mu.Unlock()
		var limit *money.LimitError
		switch {
		case errors.As(err, &limit):
			refused++
		case err != nil:
			t.Errorf("entry %d: %v", i, err)
		default:
			for _, m := range e.Transfers {
				if m.Kind == money.TransferPending {
					open = append(open, m)
				}
			}
		}
	})
	if n >= 60 && refused == 0 {
		t.Error("no entry was refused")
	}
}

// drawEntry moves up to 1,000 fen between wallets, drivers and a clearing account, in one to three
// transfers.
func drawEntry(r *rand.Rand, i, wallets int) money.Entry {
	account := func() money.AccountID {
		party := money.Party(fmt.Sprint(r.IntN(wallets)))
		switch r.IntN(3) {
		case 0:
			return money.DriverPayable(party)
		case 1:
			return "channel_clearing:x"
		default:
			return money.Wallet(party)
		}
	}
	e := money.Entry{ID: money.EntryID(fmt.Sprint("e", i)), Subject: "ride", At: noon}
	for part := range 1 + r.IntN(3) {
		from, to := account(), account()
		for from == to {
			to = account()
		}
		m := transfer(money.TransferID(fmt.Sprint(e.ID, "/", part)), from, to,
			money.Fen(1+r.IntN(1000)))
		if r.IntN(2) == 0 {
			m.Kind = money.TransferPending
		}
		e.Transfers = append(e.Transfers, m)
	}
	return e
}
