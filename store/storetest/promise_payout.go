package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// The load of promisePayout: each driver has earned 100 yuan and asks for far more, each wish twice
// at the same moment.
const (
	payoutDrivers = 12
	payoutWishes  = 16 // of each driver
	payoutWorkers = 64
	payoutEarned  = money.Fen(100_00)
)

// promisePayout: a withdrawal is paid once and nobody takes out more than they have earned, though
// phones tap twice, workers run side by side, answers of the channel get lost before and after it
// has paid, and it tells of its own accord, again and again. What the channel has paid is what our
// books say, to the fen.
func promisePayout(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		payer := newLossyPayer()
		check(t, payoutAll(t, open(t), payer, payer))
		if payer.lost[0] == 0 || payer.lost[1] == 0 || payer.failed == 0 {
			t.Errorf("answers lost before and after: %v, failed: %d; all have to happen",
				payer.lost, payer.failed)
		}
	})
	t.Run("MutantNewIDOnTimeout", func(t *testing.T) {
		payer := newLossyPayer()
		caught(t, payoutAll(t, open(t), payer, paysAgain{payer}))
	})
	t.Run("MutantUnknownIsPaid", func(t *testing.T) {
		payer := newLossyPayer()
		caught(t, payoutAll(t, open(t), payer, hopesPaid{payer}))
	})
	t.Run("MutantUnknownIsFailed", func(t *testing.T) {
		payer := newLossyPayer()
		caught(t, payoutAll(t, open(t), payer, givesUp{payer}))
	})
}

// lossyPayer is a channel that pays out at once, but for every seventh, which fails. Every third
// answer is lost, in turn before and after it has paid. It is safe for concurrent use.
type lossyPayer struct {
	money.Channel
	mu     sync.Mutex
	calls  int
	lost   [2]int // before, after
	failed int
	paid   map[money.PayoutID]money.Payout
	closed map[money.PayoutID]bool
}

func newLossyPayer() *lossyPayer {
	return &lossyPayer{
		paid: map[money.PayoutID]money.Payout{}, closed: map[money.PayoutID]bool{},
	}
}

// PayOut pays once for an id, or loses the question or the answer.
func (b *lossyPayer) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	b.mu.Lock()
	b.calls++
	n := b.calls
	if n%6 == 3 {
		b.lost[0]++
		b.mu.Unlock()
		return money.Outcome{}, errTimeout
	}
	_, known := b.paid[p.ID]
	switch {
	case known || b.closed[p.ID]:
	case n%7 == 0:
		b.closed[p.ID] = true
		b.failed++
	default:
		b.paid[p.ID] = p
	}
	if n%6 == 0 {
		b.lost[1]++
		b.mu.Unlock()
		return money.Outcome{}, errTimeout
	}
	b.mu.Unlock()
	return b.QueryPayout(ctx, p, now)
}

// QueryPayout tells what became of it.
func (b *lossyPayer) QueryPayout(
	_ context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch _, paid := b.paid[p.ID]; {
	case paid:
		return money.Outcome{State: money.AttemptPaid}, nil
	case b.closed[p.ID]:
		return money.Outcome{State: money.AttemptClosed, Reason: "refused"}, nil
	default:
		return money.Outcome{State: money.AttemptCreated}, nil
	}
}

// notices are what the channel tells of its own accord, each under two ids.
func (b *lossyPayer) notices() (all []money.Notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, p := range b.paid {
		for _, copied := range []string{"/1", "/1", "/2"} {
			all = append(all, money.Notice{
				Channel: money.Alipay, ID: string(id) + copied, Kind: money.NoticePayout,
				Order: string(id), Amount: p.Amount,
				Outcome: money.Outcome{State: money.AttemptPaid},
			})
		}
	}
	return all
}

// paysAgain pays under a new number when it has heard nothing.
type paysAgain struct{ *lossyPayer }

// PayOut pays again.
func (b paysAgain) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	outcome, err := b.lossyPayer.PayOut(ctx, p, now)
	if err == nil {
		return outcome, nil
	}
	p.ID += "again"
	return b.lossyPayer.PayOut(ctx, p, now)
}

// hopesPaid takes silence for success.
type hopesPaid struct{ *lossyPayer }

// PayOut says paid, whatever it has heard.
func (b hopesPaid) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	outcome, err := b.lossyPayer.PayOut(ctx, p, now)
	if err != nil {
		outcome = money.Outcome{State: money.AttemptPaid}
	}
	return outcome, nil
}

// givesUp takes silence for failure.
type givesUp struct{ *lossyPayer }

// PayOut says closed when it has heard nothing.
func (b givesUp) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	outcome, err := b.lossyPayer.PayOut(ctx, p, now)
	if err != nil {
		outcome = money.Outcome{State: money.AttemptClosed}
	}
	return outcome, nil
}

// OverPayouts is a desk with a channel that pays drivers out, as often as they like.
func OverPayouts(t testing.TB, db Database, channel money.Channel) *dispatch.Desk {
	t.Helper()
	desk := NewDesk(t, db)
	desk.Channels[money.Alipay] = channel
	beijing := desk.Cities[city].WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.PayoutsADay, p.PayoutLeastFen = 20, 1_00
		return p
	})
	desk.Cities = dispatch.Cities{city: beijing}
	return desk
}

// PayoutDesk is OverPayouts with new drivers, D0 and on, who have earned something.
func PayoutDesk(
	t testing.TB, db Database, drivers int, earned money.Fen, channel money.Channel,
) *dispatch.Desk {
	t.Helper()
	desk := OverPayouts(t, db, channel)
	for i := range drivers {
		id := fmt.Sprint("D", i)
		do(t, db, func(tx dispatch.Tx) error {
			err := tx.InsertDriver(dispatch.Driver{
				ID: dispatch.DriverID(id), City: city, Name: "Li Lei",
			})
			if err != nil {
				return err
			}
			return tx.Book(entry(money.EntryID("earned "+id), transfer(
				money.TransferID("earned "+id), equity, money.DriverPayable(money.Party(id)),
				earned)))
		})
	}
	return desk
}

// payoutAll has all drivers withdraw from all sides at once, and says what is not as the channel
// has it.
func payoutAll(t *testing.T, db Database, payer *lossyPayer, channel money.Channel) error {
	t.Helper()
	desk := PayoutDesk(t, db, payoutDrivers, payoutEarned, channel)
	var mu sync.Mutex
	refusals := map[dispatch.Reason]int{}
	made := map[string]map[money.PayoutID]bool{} // by wish
	each(payoutWorkers, payoutDrivers*payoutWishes*4, func(i int) {
		switch i % 4 {
		case 2:
			_, _ = desk.Work(t.Context(), noon)
			return
		case 3:
			for _, n := range payer.notices() {
				_ = desk.Noticed(t.Context(), noon, n)
			}
			return
		}
		wish := i / 4
		driver := fmt.Sprint("D", wish%payoutDrivers)
		key := dispatch.Once{Identity: "driver:" + driver, RequestID: fmt.Sprint("wish", wish)}
		w, err := desk.Withdraw(t.Context(), noon, key, dispatch.Withdraw{
			Driver: dispatch.DriverID(driver), Channel: money.Alipay, Account: "13800000000",
			Amount: money.Fen(10_00 + wish),
		})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			refusals[dispatch.ReasonOf(err)]++
			return
		}
		if made[key.RequestID] == nil {
			made[key.RequestID] = map[money.PayoutID]bool{}
		}
		made[key.RequestID][w.ID] = true
	})
	t.Logf("%d withdrawals made, refused: %v", len(made), refusals)
	for wish, ids := range made {
		if len(ids) != 1 {
			return fmt.Errorf("%s has become %v", wish, ids)
		}
	}
	if refusals[dispatch.ReasonLedgerLimit] == 0 {
		t.Error("nothing was refused for want of money")
	}
	for s := range 20 { // lost answers are asked for
		if _, err := desk.Work(t.Context(), after(float64(s)*30)); err != nil {
			return err
		}
	}
	return payer.judge(t, db, len(made))
}

// judge compares the channel's books with ours.
func (b *lossyPayer) judge(t *testing.T, db Database, made int) error {
	t.Helper()
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	if len(books.Wrong) > 0 || books.Pending() != 0 {
		return fmt.Errorf("accounts %v are wrong, %s is pending", books.Wrong, books.Pending())
	}
	var moved money.Fen
	for id, p := range b.paid {
		moved += p.Amount
		var w money.Withdrawal
		err := db.Tx(t.Context(), func(tx dispatch.Tx) (err error) {
			w, err = tx.Withdrawal(id)
			return err
		})
		if err != nil {
			return fmt.Errorf("the channel has paid %s for %s: %w", p.Amount, id, err)
		}
		if w.State != money.AttemptPaid || w.Amount != p.Amount {
			return fmt.Errorf("the channel has paid %s for %s, which is %s of %s",
				p.Amount, id, w.State, w.Amount)
		}
	}
	if ours := books.Balance("bank"); ours != moved {
		return fmt.Errorf("the channel has paid %s, our books say %s", moved, ours)
	}
	if left := books.Balance("payout_in_flight"); left != 0 {
		return fmt.Errorf("%s is in flight", left)
	}
	if earned := payoutEarned * payoutDrivers; moved > earned {
		return fmt.Errorf("%s was paid of %s earned", moved, earned)
	}
	if len(b.paid)+len(b.closed) != made {
		return fmt.Errorf("%d paid and %d failed of %d", len(b.paid), len(b.closed), made)
	}
	return nil
}
