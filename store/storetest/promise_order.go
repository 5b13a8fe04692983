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

// promiseOrder is promiseCapture for a channel of others: what the channel has moved and not given
// back is in our books to the fen, though its answers get lost before and after it has paid, it is
// asked and tells from all sides at once, and cash changes hands meanwhile.
func promiseOrder(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		bank := &lossyBank{}
		check(t, orderAll(t, open(t), bank, bank))
		if bank.lost[0] == 0 || bank.lost[1] == 0 {
			t.Errorf("answers lost before and after the charge: %v; both have to happen", bank.lost)
		}
	})
	t.Run("MutantNewIDOnTimeout", func(t *testing.T) {
		bank := &lossyBank{}
		caught(t, orderAll(t, open(t), bank, asksAgain{bank}))
	})
	t.Run("MutantUnknownIsPaid", func(t *testing.T) {
		bank := &lossyBank{}
		caught(t, orderAll(t, open(t), bank, hopes{bank}))
	})
}

// lossyBank is a channel whose payers pay at once. Every third answer to a charge is lost, in turn
// before and after the payer has paid. It is safe for concurrent use.
type lossyBank struct {
	mu      sync.Mutex
	calls   int
	lost    [2]int // before, after
	paid    map[money.AttemptID]money.Fen
	closed  map[money.AttemptID]bool
	refunds map[money.RefundID]money.Fen
}

// Charge takes the money, or loses the question or the answer.
func (b *lossyBank) Charge(
	_ context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if b.calls%6 == 3 {
		b.lost[0]++
		return money.Outcome{}, errTimeout
	}
	if b.closed[a.ID] {
		return money.Outcome{State: money.AttemptClosed, Reason: "closed"}, nil
	}
	if b.paid == nil {
		b.paid = map[money.AttemptID]money.Fen{}
	}
	b.paid[a.ID] = a.Charge()
	if b.calls%6 == 0 {
		b.lost[1]++
		return money.Outcome{}, errTimeout
	}
	return money.Outcome{State: money.AttemptPaid}, nil
}

// Query tells what became of an order.
func (b *lossyBank) Query(
	_ context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch _, paid := b.paid[a.ID]; {
	case paid:
		return money.Outcome{State: money.AttemptPaid}, nil
	case b.closed[a.ID]:
		return money.Outcome{State: money.AttemptClosed, Reason: "closed"}, nil
	default:
		return money.Outcome{State: money.AttemptCreated}, nil
	}
}

// Close closes what is not paid.
func (b *lossyBank) Close(
	_ context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, paid := b.paid[a.ID]; paid {
		return money.Outcome{State: money.AttemptPaid}, nil
	}
	if b.closed == nil {
		b.closed = map[money.AttemptID]bool{}
	}
	b.closed[a.ID] = true
	return money.Outcome{State: money.AttemptClosed, Reason: "closed"}, nil
}

// Refund gives back, once for an id.
func (b *lossyBank) Refund(
	_ context.Context, r money.Refund, _ time.Time,
) (money.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refunds == nil {
		b.refunds = map[money.RefundID]money.Fen{}
	}
	b.refunds[r.ID] = r.Amount
	return money.Outcome{State: money.AttemptPaid}, nil
}

// QueryRefund is Refund: asked again, it is done once.
func (b *lossyBank) QueryRefund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	return b.Refund(ctx, r, now)
}

// notices are what the bank tells of its own accord, each under two ids.
func (b *lossyBank) notices() (all []money.Notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, amount := range b.paid {
		for _, copied := range []string{"/1", "/1", "/2"} {
			all = append(all, money.Notice{
				Channel: money.Alipay, ID: string(id) + copied, Kind: money.NoticeCharge,
				Order: string(id), Amount: amount,
				Outcome: money.Outcome{State: money.AttemptPaid},
			})
		}
	}
	return all
}

// tells has the desk hear all notices.
func (b *lossyBank) tells(t *testing.T, desk *dispatch.Desk) func() {
	return func() {
		for _, n := range b.notices() {
			_ = desk.Noticed(t.Context(), noon, n)
		}
	}
}

// asksAgain charges under a new number when it has heard nothing.
type asksAgain struct{ *lossyBank }

// Charge charges again.
func (b asksAgain) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	outcome, err := b.lossyBank.Charge(ctx, a, now)
	if err == nil {
		return outcome, nil
	}
	a.ID += "/again"
	return b.lossyBank.Charge(ctx, a, now)
}

// hopes takes silence for success.
type hopes struct{ *lossyBank }

// Charge says paid, whatever it has heard.
func (b hopes) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	outcome, err := b.lossyBank.Charge(ctx, a, now)
	if err != nil {
		outcome = money.Outcome{State: money.AttemptPaid}
	}
	return outcome, nil
}

// orderAll pays many rides from all sides at once, and says what is in our books that the bank does
// not know, or the other way round.
func orderAll(t *testing.T, db Database, bank *lossyBank, c money.Channel) error {
	t.Helper()
	desk := NewDesk(t, db)
	desk.Channels[money.Alipay] = c
	rides := completeRidesWithTip(t, db, desk, captureRides)
	by := dispatch.Means{Channel: money.Alipay, Way: money.WayBarcode, Token: "28"}
	err := payAll(t, desk, rides, byMeans(t, desk, by), bank.tells(t, desk))
	if err != nil {
		return err
	}
	return bank.judge(t, db, rides)
}

// judge compares the bank's books with ours.
func (b *lossyBank) judge(t *testing.T, db Database, rides []dispatch.Ride) error {
	t.Helper()
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	if len(books.Wrong) > 0 || books.Pending() != 0 {
		return fmt.Errorf("accounts %v are wrong, %s is pending", books.Wrong, books.Pending())
	}
	var moved money.Fen
	for _, amount := range b.paid {
		moved += amount
	}
	for _, amount := range b.refunds {
		moved -= amount
	}
	if ours := -books.Balance("channel_clearing"); ours != moved {
		return fmt.Errorf("the bank has moved %s, our books say %s", moved, ours)
	}
	if waits := books.Balance("suspense"); waits != 0 {
		return fmt.Errorf("%s waits in suspense", waits)
	}
	through := 0
	for _, was := range rides {
		do(t, db, func(tx dispatch.Tx) error {
			r, err := tx.Ride(was.ID)
			if err == nil && r.State != dispatch.Settled {
				err = fmt.Errorf("ride %s is %s", r.ID, r.State)
			}
			if err != nil {
				return err
			}
			payments, err := tx.PaymentsOf(r.Subject())
			for _, p := range payments {
				if p.State == money.PaymentPaid {
					through++
				}
			}
			return err
		})
	}
	if through < len(rides)/3 {
		return fmt.Errorf("only %d payments went through the channel", through)
	}
	return nil
}
