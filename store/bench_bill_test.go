package store_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/store/storetest"
)

// billRows is how many rows the bill of a large city's day has.
const billRows = 100_000

// billDay is when they were paid.
var billDay = time.Date(2014, 1, 10, 0, 0, 0, 0, time.UTC)

// prepareBill writes as many captured orders as a bill has rows, by a few statements: through the
// desk it would take minutes.
func prepareBill(b *testing.B, db storetest.Database) {
	b.Helper()
	at := billDay.Add(12 * time.Hour).UnixMilli()
	numbers := fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
		WHERE i < %d) `, billRows)
	ledger := `(id, kind, pending_id, debit, credit, amount, code, entry, part, subject, at) `
	for _, text := range []string{
		`INSERT INTO payment (id, subject, payer, payee, purpose, amount, discount, state, channel,
			attempts, refunded) ` + numbers + `SELECT 'o' || i, 'r' || i, 'R', 'D', 'fare', 2300, 0,
			'paid', 'alipay', 1, 0 FROM n`,
		`INSERT INTO attempt (id, payment, subject, payer, payee, purpose, channel, state, reason,
			made_at, due_at, tries, order_id, captured, refunded, way, merchant, token, ticket,
			trade, captured_at) ` + numbers + fmt.Sprintf(`SELECT 'o' || i, 'o' || i, 'r' || i,
			'R', 'D', 'fare', 'alipay', 'paid', '', 1, 0, 1, 'o' || i, 2300, 0, 'app', '', '', '',
			'', %d + i FROM n`, at),
		fmt.Sprintf(`INSERT INTO account VALUES ('channel_clearing:alipay', %d, %d, 0, 0, 0),
			('driver_payable:D', 0, %d, 0, 0, 1), ('fee_expense:alipay', %d, 0, 0, 0, 0)`,
			2300*billRows, 14*billRows, 2300*billRows, 14*billRows),
		`INSERT INTO transfer ` + ledger + numbers + fmt.Sprintf(`SELECT 'o' || i || '/paid',
			'posted', '', 'channel_clearing:alipay', 'driver_payable:D', 2300, 'fare',
			'o' || i || '/capture', 0, 'r' || i, %d FROM n`, at),
		`INSERT INTO transfer ` + ledger + numbers + fmt.Sprintf(`SELECT 'o' || i || '/channel_fee',
			'posted', '', 'fee_expense:alipay', 'channel_clearing:alipay', 14, 'channel_fee',
			'o' || i || '/capture', 1, 'r' || i, %d FROM n`, at),
	} {
		if err := db.SQL(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}

// dayBill is the bill of these orders: ten are missing, ten made up and ten a fen too much.
type dayBill struct{}

// Open implements [money.BillSource].
func (dayBill) Open(context.Context, money.BillID) (money.OpenBill, error) { return dayBill{}, nil }

// OpenFile implements [money.BillSource].
func (dayBill) OpenFile(money.BillID, money.BillFile) (money.OpenBill, error) {
	return dayBill{}, nil
}

// Merchants implements [money.BillSource].
func (dayBill) Merchants() []string { return []string{""} }

// Close implements [money.OpenBill].
func (dayBill) Close() error { return nil }

// Rows implements [money.OpenBill].
func (dayBill) Rows(each func(money.BillRow) error) error {
	for i := 1; i <= billRows; i++ {
		row := money.BillRow{
			Kind: money.NoticeCharge, Order: fmt.Sprint("o", i), Trade: fmt.Sprint("t", i),
			Amount: 2300, Fee: 14, At: billDay.Add(12 * time.Hour),
		}
		switch i % 10_000 {
		case 1:
			continue
		case 2:
			row.Amount++
		case 3:
			extra := row
			extra.Order = fmt.Sprint("x", i)
			if err := each(extra); err != nil {
				return err
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkBill imports, matches and settles a bill of 100,000 rows: on two cores that have nothing
// else to do it has to take less than 10 s and 200 MiB of heap. The raw figure beside it is writing
// the rows alone, in the same transactions of 500.
func BenchmarkBill(b *testing.B) {
	for name, open := range engines() {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			prepareBill(b, db)
			r := money.Reconciler{
				Store: db, Sources: map[money.ChannelName]money.BillSource{money.Alipay: dayBill{}},
				Day: func(string) (from, to time.Time, err error) {
					return billDay, billDay.AddDate(0, 0, 1), nil
				},
			}
			raw := writeRows(b, db)
			var peak atomic.Uint64
			stop := watchHeap(&peak)
			b.ResetTimer()
			for i := range b.N {
				if i > 0 {
					b.Skip("a bill is settled once: -benchtime=1x")
				}
				id := money.BillID{Channel: money.Alipay, Day: "2014-01-10"}
				bill, err := r.Import(b.Context(), id, billDay.AddDate(0, 0, 1))
				if err != nil {
					b.Fatal(err)
				}
				if want := money.Fen((billRows - 20) * (2300 - 14)); bill.Settled != want {
					b.Fatalf("settled %s, want %s", bill.Settled, want)
				}
			}
			b.StopTimer()
			stop()
			n := 0
			err := db.MoneyView(b.Context(), func(tx money.Tx) (err error) {
				n, err = tx.OpenDifferences(money.Alipay)
				return err
			})
			if err != nil || n != 30 {
				b.Fatalf("%d differences, want 30: %v", n, err)
			}
			took := b.Elapsed()
			b.ReportMetric(took.Seconds(), "s/bill")
			b.ReportMetric(raw.Seconds(), "s/raw")
			b.ReportMetric(float64(peak.Load()>>20), "MiB")
		})
	}
}

// writeRows writes as many rows of another bill, and tells how long it took.
func writeRows(b *testing.B, db storetest.Database) time.Duration {
	b.Helper()
	began := time.Now()
	id := money.BillID{Channel: money.Alipay, Merchant: "raw", Day: "2014-01-10"}
	for from := 0; from < billRows; from += money.MaxRowsAtOnce {
		rows := make([]money.KeptRow, money.MaxRowsAtOnce)
		for i := range rows {
			rows[i] = money.KeptRow{Day: id.Day, State: money.RowOpen}
			rows[i].BillRow = money.BillRow{
				Kind: money.NoticeCharge, Order: fmt.Sprint("o", from+i), Amount: 2300, Fee: 14,
				At: billDay,
			}
		}
		err := db.MoneyTx(b.Context(), func(tx money.Tx) error { return tx.InsertRows(id, rows) })
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// watchHeap keeps the largest heap that it sees, until it is stopped.
func watchHeap(peak *atomic.Uint64) (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
			select {
			case <-end:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(end); <-done }
}
