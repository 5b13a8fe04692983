package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
)

// The load of promiseDraw.
const (
	drawRides   = 160 // paid at four moments around two midnights
	drawSlots   = 20
	drawMost    = money.Fen(20_00) // of a fare of 28 yuan
	drawWorkers = 8                // of two nodes
)

// promiseDraw: on each day of a city at most so many rides are free, everybody who reads the list
// draws the same, and what was won goes back once, though two nodes draw at the same time, whatever
// they are at is cut off, and every third answer of the channel gets lost. A ride belongs to the
// day of its city to the millisecond.
func promiseDraw(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		var paused atomic.Int32
		d := newDrawing(t, open(t, store.WithPause(func(point string) {
			if point == store.PauseDraw {
				paused.Add(1)
				runtime.Gosched()
			}
		})))
		check(t, d.run(t))
		d.paused = int(paused.Load())
		d.wasHard(t)
	})
	t.Run("MutantUTCDay", func(t *testing.T) {
		d := newDrawing(t, open(t))
		for _, node := range d.nodes {
			utc := node.Cities[city]
			utc.Zone = time.UTC
			node.Cities = dispatch.Cities{city: utc}
		}
		caught(t, d.run(t))
	})
	t.Run("MutantNewIDOnTimeout", func(t *testing.T) {
		d := newDrawing(t, open(t))
		d.setBank(givesAgain{d.bank})
		caught(t, d.run(t))
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		var err error
		for n := 0; err == nil && n < 3; n++ { // chance may keep two from meeting
			d := newDrawing(t, open(t))
			tries := &atomic.Int64{}
			d.patience = time.Hour
			for _, node := range d.nodes {
				node.Store = carelessStore{node.Store, tries}
			}
			err = d.run(t)
		}
		caught(t, err)
	})
	t.Run("MutantNumberChosenAfterwards", func(t *testing.T) {
		d := newDrawing(t, open(t))
		check(t, d.run(t))
		check(t, d.db.SQL(t.Context(), `UPDATE draw_day SET number = '77'`))
		caught(t, d.judge(t))
	})
}

// drawing is a draw of two days and the nodes that work on it.
type drawing struct {
	db     Database
	nodes  []*dispatch.Desk
	bank   *lossyRefunds
	on     map[money.Subject]money.Day // the day of each ride
	cut    atomic.Int32                // calls that were ended in the middle
	paused int
	// patience is how long a call lasts at most, at random.
	patience time.Duration
}

func newDrawing(t *testing.T, db Database) *drawing {
	t.Helper()
	d := &drawing{
		db: db, bank: &lossyRefunds{lossyBank: &lossyBank{}}, on: map[money.Subject]money.Day{},
		patience: 4 * time.Millisecond,
	}
	for range 2 {
		node := NewDesk(t, db)
		node.NewSecret = randomSecret
		d.nodes = append(d.nodes, node)
	}
	d.setBank(d.bank)
	var rides []dispatch.Ride
	for i := range drawRides {
		at := moments()[i%len(moments())]
		r := assigned(searching(dispatch.RideID(
			fmt.Sprintf("%s%06d", dispatch.MadeAt(at.Add(-time.Hour)), i))), "D")
		r.State, r.Rider, r.PayBy = dispatch.Settled, "R", money.Alipay
		r.EndedAt, r.Slot, r.Fare.State = at, "", dispatch.FareAccepted
		rides = append(rides, r)
		d.on[r.Subject()] = money.DayOf(at, shanghai)
	}
	do(t, d.db, func(tx dispatch.Tx) error {
		for _, r := range rides {
			if err := paidByAlipay(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	return d
}

func randomSecret() (s money.DrawSecret) {
	for i := range s {
		s[i] = byte(rand.Uint32())
	}
	return s
}

func (d *drawing) setBank(bank money.Channel) {
	for _, node := range d.nodes {
		node.Channels[money.Alipay] = bank
	}
}

// paidByAlipay writes a settled ride with all that its payment has left behind.
func paidByAlipay(tx dispatch.Tx, r dispatch.Ride) error {
	p := due(r.Subject(), money.PurposeFare)
	p.Discount, p.State, p.Channel = 0, money.PaymentPaid, money.Alipay
	a := money.Attempt{
		ID: money.AttemptID("A" + r.ID), Payment: p.ID, Subject: p.Subject, Payer: p.Payer,
		Payee: p.Payee, Purpose: p.Purpose, Channel: money.Alipay, State: money.AttemptPaid,
		MadeAt: noon, Order: money.AttemptID("A" + r.ID), Way: money.WayQR, Captured: p.Amount,
		Legs: []money.Leg{{Instrument: money.Alipay, Amount: p.Amount}},
	}
	entry, err := money.Order{a}.Capture(money.Contract{}, nil, noon)
	if err == nil {
		err = tx.InsertRide(r)
	}
	if err == nil {
		err = tx.InsertPayment(p)
	}
	if err == nil {
		err = tx.InsertAttempt(a)
	}
	if err != nil {
		return err
	}
	return tx.Book(entry)
}

// run launches the draw, draws its days, and says how the promise was broken, if it was.
func (d *drawing) run(t *testing.T) error {
	t.Helper()
	draw := drawOf("b", 1)
	draw.FirstDay, draw.LastDay = "2013-12-09", "2013-12-10"
	draw.Channel, draw.Slots, draw.MaxWin = money.Alipay, drawSlots, drawMost
	launched := noon.AddDate(0, 0, -1)
	_, err := d.nodes[0].LaunchDraw(t.Context(), launched, key("launch"), draw)
	check(t, err)
	for day := draw.FirstDay; day <= draw.LastDay; day = day.Next() {
		_, to := day.Bounds(shanghai)
		now := to.Add(9 * time.Hour) // the day is over in Greenwich too
		if err := d.work(t, now, day, money.DrawFrozen); err != nil {
			return err
		}
		entered := d.number(t, now, day)
		if entered != 1 {
			return cmp.Or(d.judgeDay(t, day),
				fmt.Errorf("%d numbers were entered for %s", entered, day))
		}
		if err := d.work(t, now, day, money.DrawPaid); err != nil {
			return err
		}
		d.send(t, now)
	}
	return d.judge(t)
}

func key(id string) dispatch.Once { return dispatch.Once{Identity: "ops:me", RequestID: id} }

// work has the nodes draw until a day has come to a state; many of their calls are cut off.
func (d *drawing) work(
	t *testing.T, now time.Time, day money.Day, until money.DrawState,
) error {
	t.Helper()
	for range 40 {
		each(drawWorkers, drawWorkers, func(i int) {
			ctx, cancel := context.WithTimeout(t.Context(),
				time.Duration(rand.Int64N(int64(d.patience))))
			defer cancel()
			if _, err := d.nodes[i%2].Draws(ctx, now); err != nil {
				d.cut.Add(1)
			}
		})
		var at money.DrawState
		do(t, d.db, func(tx dispatch.Tx) error {
			got, err := tx.DrawDay(string(city), day)
			at = got.State
			return err
		})
		if at >= until {
			return nil
		}
		// One call that nobody ends, so that a slow machine comes on too.
		_, _ = d.nodes[0].Draws(t.Context(), now)
	}
	return fmt.Errorf("%s has not become %s", day, until)
}

// number has eight people of ops enter as many numbers, and says how many were taken.
func (d *drawing) number(t *testing.T, now time.Time, day money.Day) int {
	t.Helper()
	var taken atomic.Int32
	each(drawWorkers, drawWorkers, func(i int) {
		_, err := d.nodes[i%2].EnterNumber(t.Context(), now, key(fmt.Sprint(day, i)),
			dispatch.EnterNumber{City: city, Day: day, Number: fmt.Sprint(300 + i)})
		if err == nil {
			taken.Add(1)
		}
	})
	return int(taken.Load())
}

// send takes what was won to the channel until nothing is open.
func (d *drawing) send(t *testing.T, now time.Time) {
	t.Helper()
	for i := range 8 {
		each(2, 2, func(n int) { _, _ = d.nodes[n].Work(t.Context(), now) })
		now = now.Add(time.Duration(i) * time.Minute)
	}
}

func (d *drawing) wasHard(t *testing.T) {
	t.Helper()
	t.Logf("%d pauses, %d calls cut off, %d answers lost", d.paused, d.cut.Load(), d.bank.lost)
	if d.paused < 10 || d.cut.Load() == 0 || d.bank.lost == 0 {
		t.Error("too easy: each has to happen")
	}
}

// judge compares lists, wins, the bank's refunds and the books.
func (d *drawing) judge(t *testing.T) error {
	t.Helper()
	var won money.Fen
	wins := 0
	for _, day := range []money.Day{"2013-12-09", "2013-12-10"} {
		if err := d.judgeDay(t, day); err != nil {
			return err
		}
		list := publishedList(t, d.db, day)
		if _, err := list.Verify(); err != nil {
			return fmt.Errorf("%s: %w", day, err)
		}
		if len(list.Wins) != drawSlots {
			return fmt.Errorf("%s has %d wins", day, len(list.Wins))
		}
		for _, w := range list.Wins {
			wins++
			won += w.Sent
		}
	}
	return d.judgeMoney(t, wins, won)
}

// judgeDay says which ride is in the list of a day and of another, or in none.
func (d *drawing) judgeDay(t *testing.T, day money.Day) error {
	t.Helper()
	listed := map[money.Subject]bool{}
	for _, lot := range publishedList(t, d.db, day).Lots {
		if d.on[lot.Subject] != day {
			return fmt.Errorf("ride %s of %s is in the list of %s", lot.Subject,
				d.on[lot.Subject], day)
		}
		listed[lot.Subject] = true
	}
	for ride, on := range d.on {
		if on == day && !listed[ride] {
			return fmt.Errorf("ride %s of %s is in no list of that day", ride, day)
		}
	}
	return nil
}

func (d *drawing) judgeMoney(t *testing.T, wins int, won money.Fen) error {
	t.Helper()
	var back money.Fen
	for _, amount := range d.bank.refunds {
		back += amount
	}
	if len(d.bank.refunds) != wins || back != won || won != drawMost*2*drawSlots {
		return fmt.Errorf("%d wins of %s, the bank has given %d back, %s in all",
			wins, won, len(d.bank.refunds), back)
	}
	b := books(t, d.db)
	captured := money.Fen(drawRides * 28_00)
	if b.Pending() != 0 || b.Balance("promo_budget") != 0 ||
		b.Balance("driver_payable") != captured || b.Balance("sponsor_receivable") != -won ||
		b.Balance("channel_clearing") != won-captured {
		return fmt.Errorf("the books say %+v", b.Accounts)
	}
	return nil
}

// publishedList is a day as everybody reads it, with the rides.
func publishedList(t *testing.T, db Database, day money.Day) (l money.DrawList) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) error {
		d, err := tx.DrawDay(string(city), day)
		check(t, err)
		l = d.Publish()
		check(t, tx.EachLot(d.Draw, day, func(lot money.Lot) { l.Lots = append(l.Lots, lot) }))
		l.Wins, err = tx.Wins(d.Draw, day)
		return err
	})
	return l
}

// lossyRefunds gives back, and every third answer is lost. It is safe for concurrent use.
type lossyRefunds struct {
	*lossyBank
	mu          sync.Mutex
	calls, lost int
}

// Refund gives back once for an id, and may not say so.
func (b *lossyRefunds) Refund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	outcome, err := b.lossyBank.Refund(ctx, r, now)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls++; b.calls%3 == 0 {
		b.lost++
		return money.Outcome{}, errTimeout
	}
	return outcome, err
}

// givesAgain gives back under a new number when it has heard nothing.
type givesAgain struct{ *lossyRefunds }

// Refund gives back again.
func (b givesAgain) Refund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	outcome, err := b.lossyRefunds.Refund(ctx, r, now)
	if err == nil {
		return outcome, nil
	}
	r.ID += "/again"
	return b.lossyRefunds.Refund(ctx, r, now)
}

// carelessStore lets a node send a win that another has sent, under a number of its own.
type carelessStore struct {
	dispatch.Store
	tries *atomic.Int64
}

// Tx implements [dispatch.Store].
func (s carelessStore) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	for range 100 {
		runtime.Gosched() // the pause between check and act, in which others check
	}
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error {
		return fn(carelessTx{tx, fmt.Sprintf("W%d", s.tries.Add(1))})
	})
}

type carelessTx struct {
	dispatch.Tx
	own string // in place of the W of a win's refund
}

// UpdateWin takes no for an answer, and goes on.
func (tx carelessTx) UpdateWin(w money.Win) error {
	err := tx.Tx.UpdateWin(w)
	if dispatch.ReasonOf(err) == dispatch.ReasonStale {
		return nil
	}
	return err
}

// Book makes a number of its own for what a win holds.
func (tx carelessTx) Book(e money.Entry) error {
	if base, ok := strings.CutSuffix(string(e.ID), "W/hold"); ok {
		e.ID = money.EntryID(base + tx.own + "/hold")
		e.Transfers[0].ID = money.TransferID(e.ID)
	}
	return tx.Tx.Book(e)
}

// InsertRefund makes the same number.
func (tx carelessTx) InsertRefund(r money.Refund) error {
	r.ID = money.RefundID(strings.TrimSuffix(string(r.ID), "W") + tx.own)
	return tx.Tx.InsertRefund(r)
}
