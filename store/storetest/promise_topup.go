package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// The load of promiseTopUp.
const (
	topUpRiders = 24
	topUpOrders = 2 // each asks for, several times
	topUpFen    = money.Fen(12_34)
)

// promiseTopUp: a top-up is in its wallet once if its channel has moved it, else not at all: though
// riders tap again and again, every third answer is lost, notices come under several ids from all
// sides, and the process dies before or after any of its commits.
func promiseTopUp(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		bank := &lossyBank{}
		check(t, topUpAll(t, open(t), bank, func(db Database) dispatch.Store { return db }))
		if bank.lost[0] == 0 || bank.lost[1] == 0 {
			t.Errorf("answers lost before and after the charge: %v; both have to happen", bank.lost)
		}
	})
	t.Run("MutantEachWordCredits", func(t *testing.T) {
		caught(t, topUpAll(t, open(t), &lossyBank{}, func(db Database) dispatch.Store {
			return &credulous{Database: db}
		}))
	})
	t.Run("KeptOverDeaths", func(t *testing.T) {
		check(t, topUpOverDeaths(t, open(t), func(s dispatch.Store) dispatch.Store { return s }))
	})
	t.Run("MutantCreditsAfterwards", func(t *testing.T) {
		caught(t, topUpOverDeaths(t, open(t), func(s dispatch.Store) dispatch.Store {
			return halves{s}
		}))
	})
}

// saver is a rider who pays into their wallet.
func saver(i int) dispatch.RiderID { return dispatch.RiderID(fmt.Sprint("payer", i)) }

// topUpDesk is a desk over a store, with the bank as Alipay.
func topUpDesk(
	t *testing.T, db Database, s dispatch.Store, bank money.Channel,
) *dispatch.Desk {
	t.Helper()
	desk := NewDesk(t, db)
	desk.Store = s
	desk.Channels[money.Alipay] = bank
	return desk
}

// tops asks for a top-up, under an id that is the same each time.
func tops(t *testing.T, desk *dispatch.Desk, rider dispatch.RiderID, order int) error {
	t.Helper()
	_, err := desk.TopUp(t.Context(), noon,
		dispatch.Once{Identity: string(rider), RequestID: fmt.Sprint("top", order)},
		dispatch.TopUpWallet{
			Rider: rider, Amount: topUpFen,
			Means: dispatch.Means{Channel: money.Alipay, Way: money.WayQR},
		})
	return err
}

func insertSavers(t *testing.T, db Database, n int) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) error {
		for i := range n {
			check(t, tx.InsertRider(dispatch.Rider{ID: saver(i)}))
		}
		return nil
	})
}

// topUpAll fills many wallets from all sides at once.
func topUpAll(
	t *testing.T, db Database, bank *lossyBank, over func(Database) dispatch.Store,
) error {
	t.Helper()
	insertSavers(t, db, topUpRiders)
	desk := topUpDesk(t, db, over(db), bank)
	each(captureWorkers, topUpRiders*captureWorkers, func(i int) {
		switch way := i % captureWorkers; {
		case way < 2*topUpOrders: // what is refused here is somebody's who came second
			_ = tops(t, desk, saver(i/captureWorkers), way%topUpOrders)
		case way == 5:
			bank.tells(t, desk)()
		default:
			_, _ = desk.Work(t.Context(), noon)
		}
	})
	return bank.fills(t, db, desk, topUpRiders, topUpOrders)
}

// fills has what is open ended, and compares each wallet with what the bank has moved.
func (b *lossyBank) fills(
	t *testing.T, db Database, desk *dispatch.Desk, riders, orders int,
) error {
	t.Helper()
	for s := range 40 { // lost answers are asked for
		if _, err := desk.Work(t.Context(), after(float64(s)*30)); err != nil {
			return err
		}
	}
	b.tells(t, desk)()
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	all := money.Fen(len(b.paid)) * topUpFen
	if ours := -books.Balance("channel_clearing"); ours != all || len(books.Wrong) > 0 ||
		books.Pending() != 0 || books.Balance("wallet") != all {
		return fmt.Errorf("the bank has moved %s, our books say %s, wallets have %s; wrong: %v",
			all, ours, books.Balance("wallet"), books.Wrong)
	}
	for i := range riders {
		list, err := db.RiderTopUps(t.Context(), saver(i), dispatch.Page{Limit: 9})
		check(t, err)
		if len(list) != orders {
			return fmt.Errorf("%s has %d top-ups, want %d", saver(i), len(list), orders)
		}
		paid := money.Fen(0)
		for _, topUp := range list {
			if topUp.Payment.State != money.PaymentPaid {
				return fmt.Errorf("%s of %s is %s", topUp.ID, saver(i), topUp.Payment.State)
			}
			paid += topUp.Payment.Amount
		}
		do(t, db, func(tx dispatch.Tx) error {
			wallet, err := tx.Account(money.Wallet(dispatch.RiderParty(saver(i))))
			if err == nil && wallet.Available() != paid {
				err = fmt.Errorf("%s has paid in %s and has %s",
					saver(i), paid, wallet.Available())
			}
			return err
		})
	}
	return nil
}

// topUpOverDeaths fills wallets, one after another, by a process that dies at its first, second,
// third commit and so on, in turn before and after it, and is followed by one that lives.
func topUpOverDeaths(
	t *testing.T, db Database, over func(dispatch.Store) dispatch.Store,
) error {
	t.Helper()
	const most = 40
	insertSavers(t, db, most)
	bank := &lossyBank{}
	deaths, riders := 0, 0
	for died := true; died; deaths++ {
		for _, committed := range []bool{false, true} {
			if riders == most {
				return errors.New("no process has lived to the end")
			}
			s := &mortal{Database: db, committed: committed}
			s.left.Store(int32(deaths + 1))
			told := maps.Clone(bank.paid)
			died = topUpLife(t, topUpDesk(t, db, over(s), bank), bank, told, saver(riders)) != nil
			check(t, topUpLife(t, topUpDesk(t, db, db, bank), bank, told, saver(riders)))
			riders++
		}
	}
	if deaths < 4 {
		return fmt.Errorf("only %d commits to die at", deaths)
	}
	return bank.fills(t, db, topUpDesk(t, db, db, bank), riders, 1)
}

// topUpLife is a life of a process: a top-up is asked for, taken to the channel, and told of; not
// of what was told before.
func topUpLife(
	t *testing.T, desk *dispatch.Desk, bank *lossyBank, told map[money.AttemptID]money.Fen,
	rider dispatch.RiderID,
) error {
	t.Helper()
	if err := tops(t, desk, rider, 0); err != nil {
		return err
	}
	for s := range 3 {
		if _, err := desk.Work(t.Context(), after(float64(s)*30)); err != nil {
			return err
		}
	}
	for _, n := range bank.notices() {
		if _, before := told[money.AttemptID(n.Order)]; before {
			continue
		}
		if err := desk.Noticed(t.Context(), noon, n); err != nil {
			return err
		}
	}
	return nil
}

var errDead = errors.New("the process is dead")

// mortal is the store of a process that dies at one of its commits.
type mortal struct {
	Database
	left      atomic.Int32
	committed bool // it dies after the commit, and nobody hears of it
}

// Tx implements [dispatch.Store].
func (m *mortal) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	left := m.left.Add(-1)
	if left < 0 {
		return errDead
	}
	err := m.Database.Tx(ctx, func(tx dispatch.Tx) error {
		if err := fn(tx); err != nil || left > 0 || m.committed {
			return err
		}
		return errDead
	})
	if err == nil && left == 0 {
		err = errDead
	}
	return err
}

// View implements [dispatch.Store].
func (m *mortal) View(ctx context.Context, fn func(dispatch.Tx) error) error {
	if m.left.Load() <= 0 {
		return errDead
	}
	return m.Database.View(ctx, fn)
}

// halves is a store that books what a transaction has decided in another one.
type halves struct{ dispatch.Store }

// Tx implements [dispatch.Store].
func (h halves) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	var later []money.Entry
	err := h.Store.Tx(ctx, func(tx dispatch.Tx) error {
		later = nil
		return fn(halvedTx{tx, &later})
	})
	for _, e := range later {
		if err == nil {
			err = h.Store.Tx(ctx, func(tx dispatch.Tx) error { return tx.Book(e) })
		}
	}
	return err
}

type halvedTx struct {
	dispatch.Tx
	later *[]money.Entry
}

// Book puts it off.
func (tx halvedTx) Book(e money.Entry) error {
	*tx.later = append(*tx.later, e)
	return nil
}

// credulous is a store that knows of nothing that it is paid, and books each word of it anew.
type credulous struct {
	Database
	tries atomic.Int32
}

// Tx implements [dispatch.Store].
func (s *credulous) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Database.Tx(ctx, func(tx dispatch.Tx) error {
		return fn(credulousTx{tx, fmt.Sprint("/", s.tries.Add(1))})
	})
}

type credulousTx struct {
	dispatch.Tx
	own string
}

func unpaidAttempt(a money.Attempt) money.Attempt {
	if a.State == money.AttemptPaid {
		a.State, a.Captured = money.AttemptSent, 0
	}
	return a
}

// Attempt is not paid.
func (tx credulousTx) Attempt(id money.AttemptID) (money.Attempt, error) {
	a, err := tx.Tx.Attempt(id)
	return unpaidAttempt(a), err
}

// Order is not paid.
func (tx credulousTx) Order(id money.AttemptID) (money.Order, error) {
	order, err := tx.Tx.Order(id)
	for i, a := range order {
		order[i] = unpaidAttempt(a)
	}
	return order, err
}

// PaymentsOf are not paid.
func (tx credulousTx) PaymentsOf(s money.Subject) ([]money.Payment, error) {
	list, err := tx.Tx.PaymentsOf(s)
	for i, p := range list {
		if p.State == money.PaymentPaid {
			list[i].State = money.PaymentOpen
		}
	}
	return list, err
}

// UpdateAttempt writes whatever there was.
func (tx credulousTx) UpdateAttempt(a money.Attempt, _ money.AttemptState) error {
	was, err := tx.Tx.Attempt(a.ID)
	if err != nil {
		return err
	}
	return tx.Tx.UpdateAttempt(a, was.State)
}

// UpdatePayment writes whatever there was.
func (tx credulousTx) UpdatePayment(p money.Payment, from money.PaymentState) error {
	list, err := tx.Tx.PaymentsOf(p.Subject)
	for _, was := range list {
		if was.ID == p.ID {
			from = was.State
		}
	}
	if err != nil {
		return err
	}
	return tx.Tx.UpdatePayment(p, from)
}

// Book books under ids of its own.
func (tx credulousTx) Book(e money.Entry) error {
	e.ID += money.EntryID(tx.own)
	for i := range e.Transfers {
		e.Transfers[i].ID += money.TransferID(tx.own)
	}
	return tx.Tx.Book(e)
}
