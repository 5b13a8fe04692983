package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// promiseHongbao: what a hongbao holds is spent once, or goes back to who gave it once, though many
// spend it at the moment at which it expires, by the wallet or before a channel of others, and some
// of what they hold comes free later.
func promiseHongbao(t *testing.T, open Open) {
	same := func(tx money.Tx) money.Tx { return tx }
	t.Run("Kept", func(t *testing.T) {
		if err := newSpree(t, open(t), same).run(); err != nil {
			t.Error(err)
		}
	})
	t.Run("Claimed", func(t *testing.T) { check(t, claimSpent(t, open(t), same)) })
	t.Run("MutantClaimsAgain", func(t *testing.T) {
		caught(t, claimSpent(t, open(t),
			func(tx money.Tx) money.Tx { return claimsAgain{tx} }))
	})
	t.Run("MutantForgetsHeld", func(t *testing.T) {
		caught(t, newSpree(t, open(t),
			func(tx money.Tx) money.Tx { return endsForGood{tx} }).run())
	})
	t.Run("MutantReadThenWrite", func(t *testing.T) {
		db := open(t)
		remove(t, db, overdraftCheck)
		s := newSpree(t, db, same)
		s.end = s.endBadly
		caught(t, s.run())
	})
}

// endsForGood looks at an expired hongbao once, whatever is held of it.
type endsForGood struct{ money.Tx }

// PutOffHongbao puts it off for ever.
func (e endsForGood) PutOffHongbao(id money.HongbaoID, _ time.Time) error {
	return e.Tx.PutOffHongbao(id, time.Time{})
}

const (
	spreeWorkers = 64
	spreeRounds  = 6 // a hongbao each
	spreeTries   = 60
)

// spree is payments of one rider that spend hongbaos as these expire.
type spree struct {
	t      *testing.T
	db     Database
	mutate func(money.Tx) money.Tx
	end    func(now time.Time) error
	wallet money.WalletChannel

	ended, closed, byHongbao, beside, late atomic.Int32
}

// paying is a payment whose money is held.
type paying struct {
	id   money.AttemptID
	roll int
}

func newSpree(t *testing.T, db Database, mutate func(money.Tx) money.Tx) *spree {
	s := &spree{t: t, db: db, mutate: mutate, wallet: money.WalletChannel{Store: db}}
	s.end = func(now time.Time) error {
		return db.MoneyTx(t.Context(), func(tx money.Tx) error {
			n, err := money.EndHongbaos(mutate(tx), now, 100)
			s.ended.Add(int32(n))
			return err
		})
	}
	return s
}

// run puts the load on the store and says how the promise was broken, if it was.
func (s *spree) run() error {
	check(s.t, money.Cashier{Store: s.db}.TopUp(s.t.Context(), "top", equity, "R", 300_00, noon))
	rolls := random(s.t)
	for round := range spreeRounds {
		h := hongbaoFor(money.HongbaoID(fmt.Sprint("h", round)), "R", float64(round+1))
		h.Amount = 60_00
		give(s.t, s.db, h)
		tries := make([]int, spreeTries)
		for i := range tries {
			tries[i] = rolls.IntN(100)
		}
		if err := s.round(h, tries); err != nil {
			return err
		}
	}
	for _, late := range []float64{100, 200, 300} {
		if err := s.end(after(late)); err != nil {
			return err
		}
	}
	s.t.Logf("%d looked at, %d held of hongbaos, %d of those beside a channel, %d held until "+
		"after the end, %d found too little", s.ended.Load(), s.byHongbao.Load(),
		s.beside.Load(), s.late.Load(), s.closed.Load())
	if s.byHongbao.Load() == 0 || s.beside.Load() == 0 || s.late.Load() == 0 ||
		s.ended.Load() == 0 {
		s.t.Error("too little has happened to prove anything")
	}
	return s.sums()
}

// round spends one hongbao. Some of what is held is posted or given back at once, some only after
// the hongbao has ended.
func (s *spree) round(h money.Hongbao, rolls []int) error {
	held, errs := make([]paying, len(rolls)), make([]error, len(rolls))
	try := func(i int) {
		if i >= spreeTries/3 && rolls[i] < 20 {
			errs[i] = s.end(h.ExpiresAt)
			return
		}
		id := money.AttemptID(fmt.Sprint(h.ID, "-", i))
		is, err := s.hold(id, h, rolls[i])
		if errs[i] = err; !is {
			return
		}
		held[i] = paying{id, rolls[i]}
		if rolls[i] < 60 {
			errs[i], held[i] = s.resolve(held[i]), paying{}
		}
	}
	each(spreeWorkers, spreeTries/3, try) // else one that ends it may come before them all
	each(spreeWorkers, len(rolls)-spreeTries/3, func(i int) { try(i + spreeTries/3) })
	errs = append(errs, s.end(h.ExpiresAt))
	for _, p := range held {
		if p.id != "" {
			s.late.Add(1)
			errs = append(errs, s.resolve(p))
		}
	}
	return errors.Join(errs...)
}

// hold has the wallet set 1 to 3 yuan aside just before a hongbao expires, or what of them there is
// in hongbaos, for a third of the rolls.
func (s *spree) hold(id money.AttemptID, h money.Hongbao, roll int) (held bool, err error) {
	p := due(money.Subject(id), money.PurposeFare)
	p.Amount, p.Discount = money.Fen(100+2*roll), 0
	channel := money.InWallet
	if roll%3 == 0 {
		channel = money.Alipay
	}
	p, a, err := p.Try(id, channel, noon)
	if err != nil {
		return false, err
	}
	ctx, now := s.t.Context(), h.ExpiresAt.Add(-time.Millisecond)
	err = s.db.MoneyTx(ctx, func(tx money.Tx) error {
		if err := tx.InsertPayment(p); err != nil {
			return err
		}
		if err := tx.InsertAttempt(a); err != nil || channel == money.InWallet {
			return err
		}
		held = false
		list, err := money.HoldFirst(tx, []money.Attempt{a}, func() (money.Spending, error) {
			hongbaos, err := tx.HongbaosOf(p.Payer, now, money.MaxHongbaos)
			return money.Spending{Hongbaos: hongbaos, Most: a.Charge() - 1}, err
		}, now)
		held = err == nil && list[0].Outside() < a.Charge()
		return err
	})
	if err != nil || channel != money.InWallet {
		return held, err
	}
	outcome, err := s.wallet.Charge(ctx, a, now)
	if err == nil && outcome.State != money.AttemptPaid {
		s.closed.Add(1)
	}
	return outcome.State == money.AttemptPaid, err
}

// resolve posts what was held, or gives it back.
func (s *spree) resolve(p paying) error {
	return s.db.MoneyTx(s.t.Context(), func(tx money.Tx) error {
		a, err := tx.Attempt(p.id)
		if err != nil {
			return err
		}
		if a.Charge() != money.Fen(100+2*p.roll) {
			return fmt.Errorf("attempt %s has the legs %v", p.id, a.Legs)
		}
		if a.ByHongbao() > 0 {
			s.byHongbao.Add(1)
		}
		if a.Outside() > 0 {
			s.beside.Add(1)
		}
		how := money.TransferPost
		if p.roll%2 == 0 {
			how = money.TransferVoid
		}
		return tx.Book(money.Resolution(money.EntryID(string(p.id)+"/end"), a.Subject, a.Holds(),
			how, noon))
	})
}

// endBadly looks in one transaction and acts in another.
func (s *spree) endBadly(now time.Time) error {
	ctx := context.WithoutCancel(s.t.Context())
	var list []money.Hongbao
	err := s.db.MoneyTx(ctx, func(tx money.Tx) (err error) {
		list, err = tx.DueHongbaos(now, 100)
		return err
	})
	if err != nil {
		return err
	}
	s.ended.Add(int32(len(list)))
	time.Sleep(100 * time.Microsecond)
	for _, h := range list {
		h.Left = max(0, h.Left)
		for _, text := range []string{
			fmt.Sprintf(`UPDATE account SET debits = debits + %d WHERE id = '%s'`,
				h.Left, h.ID.Account()),
			fmt.Sprintf(`UPDATE hongbao SET due_at = 0 WHERE id = '%s'`, h.ID),
		} {
			if err := s.db.SQL(ctx, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// sums compares the rows with the ledger: of each hongbao all was spent or has gone back, and its
// sponsor owes what was spent.
func (s *spree) sums() error {
	b, err := money.Cashier{Store: s.db}.Audit(s.t.Context(), nil)
	check(s.t, err)
	if len(b.Wrong) > 0 || b.Pending() != 0 {
		return fmt.Errorf("accounts that do not add up: %v; pending %s", b.Wrong, b.Pending())
	}
	if left := b.Balance("hongbao"); left != 0 {
		return fmt.Errorf("%s yuan are left in hongbaos that have expired", left)
	}
	list, err := s.db.Hongbaos(s.t.Context(), "R", "", dispatch.Page{Limit: dispatch.MaxPage})
	check(s.t, err)
	for _, h := range list {
		if a := account(s.t, s.db, h.ID.Account()); a.Credits != h.Amount {
			return fmt.Errorf("hongbao %s of %s has got %s", h.ID, h.Amount, a.Credits)
		}
	}
	var spent money.Fen
	do(s.t, s.db, func(tx dispatch.Tx) (err error) {
		spent, _, err = tx.HongbaosSpent(money.HongbaoSponsor{
			City: string(city), Sponsor: "alipay",
		}, time.Time{}, after(1000))
		return err
	})
	owed := -account(s.t, s.db, money.SponsorReceivable("alipay")).Balance()
	wallet := account(s.t, s.db, money.Wallet("R"))
	if paid := account(s.t, s.db, money.DriverPayable("D")).Balance(); spent != owed ||
		paid != spent+wallet.Debits {
		return fmt.Errorf("the driver has got %s, of which %s were of hongbaos and %s of the "+
			"balance; the sponsor owes %s", paid, spent, wallet.Debits, owed)
	}
	return nil
}

// claimSpent spends of hongbaos on two days and gives back on another, claims the days from several
// sides, and says whether the sponsor is asked for other than that.
func claimSpent(t *testing.T, db Database, mutate func(money.Tx) money.Tx) error {
	t.Helper()
	first := noon.Add(-12 * time.Hour) // midnight in Beijing
	var days []money.CityDay
	for day := range 3 {
		from := first.AddDate(0, 0, day)
		days = append([]money.CityDay{{
			Day: fmt.Sprintf("2013-12-%02d", 9+day), From: from, To: from.AddDate(0, 0, 1),
		}}, days...)
	}
	a, b := hongbaoFor("a", "R", 1e6), hongbaoFor("b", "R", 1e6)
	other := hongbaoFor("c", "R", 1e6)
	other.City = "shanghai"
	give(t, db, a, b, other)
	move := func(id money.TransferID, day int, from, to money.AccountID, amount money.Fen) {
		e := entry(money.EntryID(id), transfer(id, from, to, amount))
		e.Transfers[0].Code, e.At = money.CodeFare, first.AddDate(0, 0, day).Add(time.Hour)
		do(t, db, bookIt(e))
	}
	const driver = money.AccountID("driver_payable:D")
	move("one", 0, a.ID.Account(), driver, 10_00)
	move("elsewhere", 0, other.ID.Account(), driver, 1_00)
	move("back", 1, driver, a.ID.Account(), 4_00)
	move("two", 2, b.ID.Account(), driver, 6_00)
	cashier := money.Cashier{Store: mutantMoney{mutantStore{db, mutate}, db}}
	made, failed := make([][]money.Claim, 4), make([]error, 4)
	claim := func(days []money.CityDay) {
		each(4, 4, func(i int) {
			made[i], failed[i] = cashier.Claim(t.Context(), string(city), days, noon)
		})
	}
	sums := map[string]money.Fen{}
	for _, these := range [][]money.CityDay{days[2:], days, days[1:2]} {
		claim(these)
		for i := range made {
			if failed[i] != nil {
				return failed[i]
			}
			for _, c := range made[i] {
				sums[c.Day] += c.Amount
				if c.Sponsor != "alipay" || c.Campaign != "hongbao/beijing/alipay" {
					return fmt.Errorf("claimed %+v", c)
				}
			}
		}
	}
	if len(sums) != 3 || sums["2013-12-09"] != 10_00 || sums["2013-12-10"] != -4_00 ||
		sums["2013-12-11"] != 6_00 {
		return fmt.Errorf("claimed %v", sums)
	}
	n := 0
	check(t, money.Ledger{Rows: db}.Spent(t.Context(), money.HongbaoSponsor{
		City: string(city), Sponsor: "alipay",
	}, time.Time{}, time.Time{}, func(money.Booked) { n++ }))
	equal(t, "transfers", n, 3)
	return nil
}
