package alipay

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"hexhail/money"
	"hexhail/money/standin"
)

// aDay is a world in which 40 rides were paid and some of them refunded; it is the next morning.
func aDay(t testing.TB) *world {
	w := newWorld(t, byKey)
	for i := range 40 {
		a := w.paid(money.WayBarcode)
		if i%8 == 0 {
			_, err := w.channel.Refund(t.Context(), w.refundOf(a, 500), w.now())
			must(t, err)
		}
		w.pass(time.Minute)
	}
	w.pass(noon.AddDate(0, 0, 1).Sub(w.now()))
	return w
}

func (w *world) bill() ([]money.BillRow, error) {
	var rows []money.BillRow
	var text bytes.Buffer
	if err := w.channel.Bill(w.t.Context(), "", noon, &text); err != nil {
		return nil, err
	}
	sum, err := ReadBill(&text, func(r money.BillRow) error {
		rows = append(rows, r)
		return nil
	})
	if err == nil && sum.Rows != len(rows) {
		w.t.Errorf("%d rows, %+v", len(rows), sum)
	}
	return rows, err
}

// TestBill reads what the stand-in's book says.
func TestBill(t *testing.T) {
	w := aDay(t)
	rows, err := w.bill()
	must(t, err)
	day := time.Date(2014, 1, 6, 0, 0, 0, 0, beijing)
	want, err := w.book.BillRows(
		money.Alipay, w.merchant.SellerID, day, day.AddDate(0, 0, 1), 6_000)
	must(t, err)
	same := func(a, b money.BillRow) bool {
		sameTime := a.At.Equal(b.At)
		a.At, b.At = time.Time{}, time.Time{}
		return sameTime && a == b
	}
	if len(rows) != 45 || !slices.EqualFunc(rows, want, same) {
		t.Errorf("%d rows, want %d: %+v", len(rows), len(want), rows[:1])
	}
	if rows[0].Fee != 14 || rows[1].Kind != money.NoticeRefund || rows[1].Fee != -3 ||
		rows[1].Of != rows[0].Order {
		t.Errorf("%+v", rows[:2])
	}
	w.pass(noon.Sub(w.now()))
	if _, err := w.bill(); !errors.Is(err, ErrNoBill) {
		t.Errorf("of today: %v", err)
	}
}

// TestBillOfCancelled: what a cancel gave back is in the bill twice, and comes to nothing.
func TestBillOfCancelled(t *testing.T) {
	w := newWorld(t, byKey)
	w.fault(standin.CallCharge, standin.UserPaying)
	w.fault(standin.CallReverse, standin.PayFirst)
	d := &desk{world: w, port: w.channel}
	a, err := d.settle(w.try(money.WayBarcode), d.neverPays)
	must(t, err)
	w.pass(24 * time.Hour)
	rows, err := w.bill()
	must(t, err)
	if len(rows) != 2 || rows[0].Kind != money.NoticeCharge || rows[1].Kind != money.NoticeRefund ||
		rows[1].Order != string(a.ID) || rows[0].Amount != rows[1].Amount ||
		rows[0].Fee != -rows[1].Fee {
		t.Errorf("%+v", rows)
	}
}

// TestBillFaults: rows that are missing, too many or changed are for who compares them; a file that
// is not whole is refused.
func TestBillFaults(t *testing.T) {
	rows := map[standin.Fault]int{
		standin.BillMissing: 41, standin.BillExtra: 49, standin.BillChanged: 45,
		standin.BillGBK: 45, standin.BillMoreColumns: 45,
	}
	for _, f := range standin.BillFaults() {
		w := aDay(t)
		w.fault(standin.CallBill, f)
		got, err := w.bill()
		var bad *BillError
		if want := rows[f]; want > 0 && (err != nil || len(got) != want) {
			t.Errorf("%s: %d rows, %v", f, len(got), err)
		} else if want == 0 && !errors.As(err, &bad) {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, f := range []standin.Fault{standin.HangAfter, standin.DropBefore} {
		in(t, string(f), func(t *testing.T) {
			w := aDay(t)
			w.fault(standin.CallDownload, f)
			var failed *Error
			if _, err := w.bill(); !errors.As(err, &failed) {
				t.Error(err)
			}
		})
	}
}

func nothing(money.BillRow) error { return nil }

const billHead = "#支付宝业务明细查询\n#账号：[20881021794456260156]\n#-----业务明细列表-----\n" +
	"支付宝交易号,商户订单号,业务类型,完成时间,商家实收（元）,退款批次号/请求号,服务费（元）\n"

const billTail = "#-----业务明细列表结束-----\n"

const billRow = "2014010622001\t,01KA\t,交易,2014-01-06 12:00:00,23.00,,-0.14\n"

// sums are the lines after the rows of a bill without refunds.
func sums(paid int, sum string) string {
	return fmt.Sprintf(
		"#交易合计：%d笔，商家实收共%s元，商家优惠共0.00元\n#退款合计：0笔，商家实收退款共0.00元\n", paid, sum)
}

func inGBK(text io.Reader) io.Reader {
	return transform.NewReader(text, simplifiedchinese.GBK.NewEncoder())
}

// TestBillTexts: each way in which a file is not what it should be has a typed error that says
// where, and nothing of it is called whole.
func TestBillTexts(t *testing.T) {
	whole := billHead + billRow + billTail + sums(1, "23.00")
	with := func(old, other string) string { return strings.Replace(whole, old, other, 1) }
	for name, c := range map[string]struct {
		text   string
		line   int
		column string
	}{
		"whole":             {text: whole},
		"no row":            {text: billHead + billTail + sums(0, "0.00")},
		"plain brackets":    {text: with("（元）", "(元)")},
		"sums without yuan": {text: with("笔，商家实收共23.00元，商家优惠共0.00元", "笔")},
		"crlf":              {text: strings.ReplaceAll(whole, "\n", "\r\n")},
		"empty":             {text: "", line: 1},
		"of sums":           {text: with("明细", "汇总"), line: 1},
		"no end":            {text: billHead + billRow, line: 6},
		"no sums":           {text: billHead + billRow + billTail, line: 7},
		"half a row":        {text: billHead + billRow[:40], line: 5},
		"a row too few":     {text: with(billRow, ""), line: 6},
		"other sum":         {text: with("共23.00元", "共23.01元"), line: 7},
		"row after the end": {text: with(billTail, billTail+billRow), line: 7},
		"column gone":       {text: with("服务费（元）", "费"), line: 4, column: columnFee},
		"column twice":      {text: with("支付宝交易号", "商户订单号"), line: 4, column: columnOrder},
		"field more":        {text: with(",-0.14", ",-0.14,"), line: 5},
		"other type":        {text: with("交易,2014", "转账,2014"), line: 5, column: columnType},
		"no order":          {text: with("01KA\t", ""), line: 5, column: columnOrder},
		"time":              {text: with("12:00:00", "noon"), line: 5, column: columnAt},
		"amount":            {text: with(",23.00,", ",2e3,"), line: 5, column: columnMoved},
		"amount of nothing": {text: with(",23.00,", ",0.00,"), line: 5, column: columnMoved},
		"amount below":      {text: with(",23.00,", ",-23.00,"), line: 5, column: columnMoved},
		"fee that we get":   {text: with("-0.14", "0.14"), line: 5, column: columnFee},
		"fee of all": {
			text: with("-0.14", "-92233720368547758.08"), line: 5, column: columnFee,
		},
		"long line": {text: with("01KA", strings.Repeat("x", maxBillLine)), line: 4},
	} {
		for coding, file := range map[string]io.Reader{
			"gbk":   inGBK(strings.NewReader(c.text)),
			"utf-8": strings.NewReader(c.text), "bom": strings.NewReader("\uFEFF" + c.text),
		} {
			_, err := ReadBill(file, nothing)
			var bad *BillError
			switch {
			case c.line == 0 && err != nil:
				t.Errorf("%s in %s: %v", name, coding, err)
			case c.line > 0 && (!errors.As(err, &bad) || bad.Line != c.line ||
				bad.Column != c.column):
				t.Errorf("%s in %s: %v, want line %d %s", name, coding, err, c.line, c.column)
			}
		}
	}
	stop := errors.New("stop")
	_, err := ReadBill(strings.NewReader(whole), func(money.BillRow) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("the visitor's error: %v", err)
	}
}

// zipped packs files.
func zipped(t testing.TB, files map[string]io.Reader) *bytes.Reader {
	t.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, text := range files {
		f, err := z.Create(name)
		must(t, err)
		_, err = io.Copy(f, text)
		must(t, err)
	}
	must(t, z.Close())
	return bytes.NewReader(packed.Bytes())
}

// repeated is a line, again and again.
type repeated struct {
	line string
	left int
	rest strings.Reader
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest.Len() == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest.Reset(r.line)
	}
	return r.rest.Read(p)
}

// TestBillZips: a zip without rows, with too many files, or that unpacks to more than it may.
func TestBillZips(t *testing.T) {
	many := map[string]io.Reader{}
	for i := range maxBillFiles + 1 {
		many[fmt.Sprint(i)] = strings.NewReader("")
	}
	const limit = 1 << 20
	bomb := io.MultiReader(strings.NewReader(billHead),
		&repeated{line: "#" + strings.Repeat(" ", 8190) + "\n", left: limit/8192 + 1})
	for name, files := range map[string]map[string]io.Reader{
		"no file": {}, "no rows": {"sum.csv": strings.NewReader("#支付宝业务汇总查询\n")},
		"many": many, "bomb": {"a.csv": bomb},
		"two": {"a.csv": strings.NewReader(billHead), "b.csv": strings.NewReader(billHead)},
	} {
		packed := zipped(t, files)
		var bad *BillError
		err := unpackBill(packed, packed.Size(), io.Discard, limit)
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var bad *BillError
	if err := UnpackBill(strings.NewReader("no zip"), 6, io.Discard); !errors.As(err, &bad) {
		t.Errorf("no zip: %v", err)
	}
}

const (
	manyRows = 100_000
	wideHead = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号," +
		"对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）," +
		"券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\n"
	wideRow = "2014010622001004330012345678\t,01KB2V7Q3ZJ8N5X4R6T9W0Y1C2\t,交易,出租车费," +
		"2014-01-06 12:00:00,2014-01-06 12:00:05,,,,,*师傅(138****0000),23.00,23.00,0.00,0.00," +
		"0.00,0.00,0.00,,0.00,0.00,,-0.14,0.00,\n"
)

// largeBill is a bill of 100,000 rows as wide as real ones, in GBK.
func largeBill(t testing.TB) *bytes.Reader {
	t.Helper()
	text := io.MultiReader(strings.NewReader("#支付宝业务明细查询\n"+wideHead),
		&repeated{line: wideRow, left: manyRows},
		strings.NewReader(billTail+sums(manyRows, money.Fen(manyRows*2300).String())))
	return zipped(t, map[string]io.Reader{
		"a.csv": inGBK(text),
	})
}

// unpackAndRead reads a bill through a buffer of its own, as Bill's caller does.
func unpackAndRead(packed *bytes.Reader) (BillSum, error) {
	var text bytes.Buffer
	if err := UnpackBill(packed, packed.Size(), &text); err != nil {
		return BillSum{}, err
	}
	return ReadBill(&text, nothing)
}

// countLines is what reading a bill is measured against: it unpacks, decodes and counts lines.
func countLines(packed *bytes.Reader) error {
	files, err := zip.NewReader(packed, packed.Size())
	if err != nil {
		return err
	}
	f, err := files.File[0].Open()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(decoded(f))
	if err == nil && bytes.Count(text, []byte("\n")) < manyRows {
		err = errors.New("lines are missing")
	}
	return err
}

// TestLargeBill: 100,000 rows in under 10 s and 200 MB, all that is allocated counted together. On
// a machine that is so busy that decoding alone takes long, in at most five times that.
func TestLargeBill(t *testing.T) {
	packed := largeBill(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	sum, err := unpackAndRead(packed)
	must(t, err)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d rows in %s, %d MiB allocated in all", sum.Rows, took, allocated)
	want := BillSum{Rows: manyRows, Amount: manyRows * 2300, Fees: manyRows * 14}
	began = time.Now()
	must(t, countLines(packed))
	slow := took > 10*time.Second && took > 5*time.Since(began)
	if sum != want || slow || allocated > 200 {
		t.Errorf("%+v: wrong, too slow or too much", sum)
	}
}

// BenchmarkBill reads 100,000 rows; its baseline only decodes and counts the lines.
func BenchmarkBill(b *testing.B) {
	packed := largeBill(b)
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_, err := unpackAndRead(packed)
			must(b, err)
		}
		b.ReportMetric(float64(manyRows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("lines", func(b *testing.B) {
		for b.Loop() {
			must(b, countLines(packed))
		}
		b.ReportMetric(float64(manyRows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// FuzzBill: whatever is called whole has rows within the limits, as many as it says.
func FuzzBill(f *testing.F) {
	whole := billHead + billRow + billTail + sums(1, "23.00")
	f.Add([]byte(whole))
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(whole)
	must(f, err)
	f.Add([]byte(gbk))
	f.Add([]byte("\uFEFF" + whole))
	f.Add([]byte(whole[:len(whole)-30]))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows := 0
		sum, err := ReadBill(bytes.NewReader(text), func(r money.BillRow) error {
			rows++
			if r.Amount <= 0 || r.Amount > maxAmount || r.Order == "" ||
				r.Kind == money.NoticeCharge && r.Fee < 0 ||
				r.Kind == money.NoticeRefund && (r.Fee > 0 || r.Of == "") {
				t.Fatalf("%+v", r)
			}
			return nil
		})
		var bad *BillError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		if err == nil && sum.Rows != rows || rows > bytes.Count(text, []byte("\n")) {
			t.Fatalf("%d rows", rows)
		}
	})
}
