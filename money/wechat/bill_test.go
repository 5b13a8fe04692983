package wechat

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// read collects the rows of a bill.
func read(text string) ([]money.BillRow, BillSum, error) {
	var rows []money.BillRow
	sum, err := ReadBill(strings.NewReader(text), func(r money.BillRow) error {
		rows = append(rows, r)
		return nil
	})
	return rows, sum, err
}

// tradeBill is one as WeChat writes it, of five rows: a payment, a refund of it, one that is not
// through, and a barcode's payment that was reversed. The numbers are made up.
//
//go:embed testdata/tradebill.csv
var tradeBill string

func TestReadBill(t *testing.T) {
	rows, sum, err := read(tradeBill)
	if err != nil {
		t.Fatal(err)
	}
	at := func(h, m, s int) time.Time { return time.Date(2014, 1, 10, h, m, s, 0, beijing) }
	want := []money.BillRow{
		{
			Kind: money.NoticeCharge, Order: "01HZXA", Trade: "4200001", Amount: 2300, Fee: 14,
			At: at(8, 0, 1),
		},
		{
			Kind: money.NoticeRefund, Order: "R1", Of: "01HZXA", Trade: "5030001", Amount: 300,
			Fee: -2, At: at(9, 30, 0),
		},
		{
			Kind: money.NoticeCharge, Order: "01HZXB", Trade: "4200002", Amount: 900, Fee: 5,
			At: at(10, 0, 0),
		},
		{
			Kind: money.NoticeRefund, Order: "01HZXB", Of: "01HZXB", Trade: "4200002", Amount: 900,
			Fee: -5, At: at(10, 0, 50),
		},
	}
	if !slices.Equal(rows, want) {
		t.Errorf("rows %+v\nwant %+v", rows, want)
	}
	whole := BillSum{Account: "1900007291", Rows: 5, Amount: 3200, Refunds: 1300, Fees: 12}
	if sum != whole {
		t.Errorf("sum %+v, want %+v", sum, whole)
	}
}

// TestReadBillRefuses: each damage is refused by name, wherever it is.
func TestReadBillRefuses(t *testing.T) {
	const paid = "`23.00,`0.00,`0," // the fields after the first row's currency
	with := func(old, by string) string { return strings.Replace(tradeBill, old, by, 1) }
	until := func(mark string) string { return tradeBill[:strings.Index(tradeBill, mark)] }
	pending := tradeBill[strings.Index(tradeBill, "`2014-01-10 09:31"):strings.Index(tradeBill,
		"`2014-01-10 10:00:00")]
	for name, c := range map[string]struct {
		text  string
		fault BillFault
	}{
		"empty":            {"", BillCutShort},
		"only a mark":      {"\ufeff", BillColumns},
		"GBK":              {"\xbd\xbb\xd2\xd7\xca\xb1\xbc\xe4,1\r\n", BillNoUTF8},
		"no sums":          {until("总交易单数"), BillCutShort},
		"no sums' values":  {until("`5,`32.00"), BillCutShort},
		"a column gone":    {with(",手续费,", ",费用,"), BillColumns},
		"a column twice":   {with("费率备注", "手续费"), BillColumns},
		"a field more":     {with("`wx1,", "`wx1,`wx1,"), BillRow},
		"a field less":     {with("`wx1,", ""), BillRow},
		"no time":          {with("2014-01-10 08", "10/01/2014 08"), BillRow},
		"no amount":        {with(paid, "`23,00,`0.00,`0,"), BillRow},
		"half a fen":       {with("0.14000", "0.14500"), BillRow},
		"minus":            {with(paid, "`-23.00,`0.00,`0,"), BillRow},
		"a fen more":       {with(paid, "`23.01,`0.00,`0,"), BillWrongSum},
		"a fee more":       {with("0.14000", "0.15000"), BillWrongSum},
		"a row gone":       {with(pending, ""), BillWrongSum},
		"a new state":      {with("`APP,`SUCCESS", "`APP,`MAYBE"), BillRow},
		"something after":  {tradeBill + tradeBill, BillRow},
		"no number":        {with("`01HZXA", "`"), BillRow},
		"another account":  {with("007291,`0,`,`4200002", "007292,`0,`,`4200002"), BillRow},
		"a huge line":      {with("`o1,", "`"+strings.Repeat("o", 5000)+","), BillRow},
		"more than int64":  {with(paid, "`92233720368547758.08,`0.00,`0,"), BillRow},
		"a sum over int64": {with(paid, "`92233720368547758.07,`0.00,`0,"), BillRow},
	} {
		_, _, err := read(c.text)
		bad := (*BillError)(nil)
		if !errors.As(err, &bad) || bad.Fault != c.fault || bad.Line == 0 {
			t.Errorf("%s: %v, want %s", name, err, c.fault)
		}
	}
}

// TestReadBillByHeaders: columns may move, and new ones come.
func TestReadBillByHeaders(t *testing.T) {
	rows := many(100)
	plain, _, err := read(standin.WeChatBill(mchid, appID, rows))
	if err != nil {
		t.Fatal(err)
	}
	moved, _, err := read(standin.WeChatBill(mchid, appID, rows, standin.BillMoreColumns))
	if err != nil || !slices.Equal(plain, moved) || !slices.Equal(plain, rows) {
		t.Errorf("%v: %d and %d rows of %d", err, len(plain), len(moved), len(rows))
	}
}

// many are n rows of a day, a tenth of them refunds.
func many(n int) []money.BillRow {
	rows := make([]money.BillRow, n)
	day := time.Date(2014, 1, 10, 0, 0, 0, 0, beijing)
	for i := range rows {
		rows[i] = money.BillRow{
			Kind: money.NoticeCharge, Order: fmt.Sprintf("01HZX%021d", i),
			Trade: fmt.Sprintf("4200%020d", i), Amount: money.Fen(1300 + i%4000), Fee: 14,
			At: day.Add(time.Duration(i%86400) * time.Second),
		}
		if i%10 == 9 {
			rows[i].Kind, rows[i].Of, rows[i].Fee = money.NoticeRefund, rows[i-1].Order, -14
		}
	}
	return rows
}

// TestBillOf100000Rows: well under 10 s, and in memory that does not grow with the rows.
func TestBillOf100000Rows(t *testing.T) {
	rows := many(100_000)
	path := filepath.Join(t.TempDir(), "bill.csv")
	text := standin.WeChatBill(mchid, appID, rows)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	from, n, peak := time.Now(), 0, uint64(0)
	_, err = ReadBill(f, func(r money.BillRow) error {
		if r != rows[n] {
			return fmt.Errorf("row %d: %+v, want %+v", n, r, rows[n])
		}
		if n++; n%10_000 == 0 {
			runtime.ReadMemStats(&after)
			peak = max(peak, after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))
		}
		return nil
	})
	if err != nil || n != len(rows) {
		t.Fatalf("%d rows, %v", n, err)
	}
	if took := time.Since(from); took > 10*time.Second || peak > 200<<20 {
		t.Errorf("took %v and %d MiB", took, peak>>20)
	} else {
		t.Logf("took %v and at most %d MiB", took, peak>>20)
	}
}

// rides makes n orders that were paid yesterday, and tells when.
func (s *stand) rides(t *testing.T, n int) time.Time {
	t.Helper()
	at := s.clock.now().In(beijing).AddDate(0, 0, -1)
	for i := range n {
		o := standin.Order{Channel: money.WeChat, Merchant: mchid, App: appID, Amount: 2300}
		o.Number = fmt.Sprintf("01HZXBILL%04d", i)
		if _, err := s.book.Open(o, at); err != nil {
			t.Fatal(err)
		}
		if _, err := s.book.Pay(
			money.WeChat, mchid, o.Number, standin.Payer{}, at); err != nil {
			t.Fatal(err)
		}
	}
	return at
}

// TestBill: a day's bill is announced, downloaded, compared with its hash and read.
func TestBill(t *testing.T) {
	s := newStand(t, byCertificate)
	today := s.clock.now().In(beijing)
	if err := s.Bill(t.Context(), "", today, io.Discard); !errors.Is(err, ErrBillNotReady) {
		t.Errorf("today's: %v", err)
	}
	yesterday := today.AddDate(0, 0, -1)
	if err := s.Bill(t.Context(), "", yesterday, io.Discard); !errors.Is(err, ErrNoBill) {
		t.Errorf("of a day without rides: %v", err)
	}
	yesterday = s.rides(t, 40)
	good := func(n int) func(int, error) bool {
		return func(rows int, err error) bool { return rows == n && err == nil }
	}
	refused := func(faults ...BillFault) func(int, error) bool {
		return func(_ int, err error) bool { return isBill(err, faults...) }
	}
	none := func(rows int, err error) bool { return rows == 0 && err != nil }
	for name, c := range map[string]struct {
		call  standin.Call
		fault standin.Fault
		want  func(rows int, err error) bool
	}{
		"as it is":       {standin.CallQuery, standin.Unsigned, good(40)},
		"ten missing":    {standin.CallBill, standin.BillMissing, good(30)},
		"ten extra":      {standin.CallBill, standin.BillExtra, good(50)},
		"ten changed":    {standin.CallBill, standin.BillChanged, good(40)},
		"cut short":      {standin.CallBill, standin.BillCut, refused(BillCutShort, BillRow)},
		"GBK":            {standin.CallBill, standin.BillGBK, refused(BillNoUTF8)},
		"another column": {standin.CallBill, standin.BillOtherColumn, refused(BillColumns)},
		"another hash": {
			standin.CallBill, standin.BillWrongHash,
			func(_ int, err error) bool { return errors.Is(err, ErrBillHash) },
		},
		"announced unsigned": {standin.CallBill, standin.Unsigned, none},
		"no download":        {standin.CallDownload, standin.SystemError, none},
		"download cut":       {standin.CallDownload, standin.DropAfter, none},
	} {
		s.script.Clear()
		s.add(t, standin.Rule{Call: c.call, Fault: c.fault})
		var text bytes.Buffer
		err := s.Bill(t.Context(), "", yesterday, &text)
		var rows []money.BillRow
		if err == nil {
			rows, _, err = read(text.String())
		}
		if !c.want(len(rows), err) {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}

func isBill(err error, faults ...BillFault) bool {
	bad := (*BillError)(nil)
	return errors.As(err, &bad) && slices.Contains(faults, bad.Fault)
}

// TestBillIsNotFetchedElsewhere: what is sent there is signed with the merchant's key.
func TestBillIsNotFetchedElsewhere(t *testing.T) {
	s := newStand(t, byPublicKey)
	for _, from := range []string{
		"https://example.com/v3/billdownload/file", "http://api.mch.weixin.qq.com/x", "://",
		"https://api.mch.weixin.qq.com.example.com/x",
	} {
		err := s.accounts[""].download(t.Context(), from, "", io.Discard)
		if said := (*Error)(nil); !errors.As(err, &said) || said.Status != 0 {
			t.Errorf("%s: %v", from, err)
		}
	}
}

// FuzzReadBill: whatever a bill is, its rows add up to what it says or it is refused by name.
func FuzzReadBill(f *testing.F) {
	f.Add(tradeBill)
	f.Add(strings.TrimPrefix(tradeBill, "\ufeff"))
	f.Add(standin.WeChatBill(mchid, appID, many(20), standin.BillMoreColumns))
	f.Add(standin.WeChatBill(mchid, appID, many(3), standin.BillGBK))
	f.Add("`,`\n,\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, sum, err := read(text)
		if bad := (*BillError)(nil); err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		var moved, back money.Fen
		for _, row := range rows {
			if row.Amount <= 0 || row.Order == "" || row.At.IsZero() {
				t.Fatalf("row %+v", row)
			}
			if row.Kind == money.NoticeRefund {
				back += row.Amount
			} else {
				moved += row.Amount
			}
		}
		if err == nil && (moved != sum.Amount || back > sum.Refunds || len(rows) > sum.Rows) {
			t.Fatalf("rows of %v and %v, it says %+v", moved, back, sum)
		}
	})
}

func BenchmarkReadBill(b *testing.B) {
	text := standin.WeChatBill(mchid, appID, many(100_000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadBill(strings.NewReader(text), func(money.BillRow) error {
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}
