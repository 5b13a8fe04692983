package wechat

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hexhail/money"
)

// The limits of a bill.
const (
	maxLine    = 4 << 10
	maxColumns = 64
	bom        = "\ufeff"
)

// BillFault is why a bill is refused.
type BillFault string

// The faults.
const (
	BillNoUTF8   BillFault = "encoding" // GBK, say, as spreadsheets write it
	BillColumns  BillFault = "columns"  // one that is needed is not there, or is there twice
	BillRow      BillFault = "row"      // it has other columns than the header, or no amount
	BillCutShort BillFault = "cut_short"
	BillWrongSum BillFault = "sum" // its rows are not what its last line says
	BillTooBig   BillFault = "too_big"
	BillPacked   BillFault = "packing" // no file of rows in it, or damaged
)

// BillError refuses a bill and names the line, from 1.
type BillError struct {
	Fault BillFault
	Line  int // 0 if it is about the whole
	Text  string
}

func (e *BillError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("wechat: the bill is refused, %s: %s", e.Fault, e.Text)
	}
	return fmt.Sprintf("wechat: the bill is refused, %s: line %d: %s", e.Fault, e.Line, e.Text)
}

// The columns that are read, by their headers. WeChat has added and moved columns before.
const (
	colAt        = "交易时间"
	colMerchant  = "商户号"
	colTrade     = "微信订单号"
	colOrder     = "商户订单号"
	colState     = "交易状态"
	colAmount    = "应结订单金额"
	colRefundNo  = "微信退款单号"
	colRefundOur = "商户退款单号"
	colRefund    = "退款金额"
	colStatus    = "退款状态"
	colFee       = "手续费"

	sumCount  = "总交易单数"
	sumAmount = "应结订单总金额"
	sumRefund = "退款总金额"
	sumFee    = "手续费总金额"
)

var (
	rowColumns = []string{
		colAt, colMerchant, colTrade, colOrder, colState, colAmount, colRefundNo, colRefundOur,
		colRefund, colStatus, colFee,
	}
	sumColumns = []string{sumCount, sumAmount, sumRefund, sumFee}
)

// beijing is where the times of a bill are.
var beijing = time.FixedZone("CST", 8*60*60)

// BillSum is what the last line of a bill says, checked against its rows.
type BillSum struct {
	Account string // the mchid of all its rows; "" if it has none
	Rows    int
	Amount  money.Fen // of the payments
	Refunds money.Fen
	Fees    money.Fen // less those given back
}

// ReadBill reads a trade bill (bill_type ALL) line by line and calls each for every row that moved
// money; refunds that failed or are not through do not. A reversed barcode's order is a refund of
// its own number. It takes what each says as its end. Amounts are those that WeChat settles; a
// coupon of the merchant's shows as a smaller amount. That all rows have come, and add up, is known
// only when it returns nil: book nothing before. Errors: *[BillError], and those of r and each.
func ReadBill(r io.Reader, each func(money.BillRow) error) (BillSum, error) {
	b := billReader{lines: bufio.NewReaderSize(r, maxLine), each: each}
	err := b.read()
	return b.sum, err
}

type billReader struct {
	lines *bufio.Reader
	each  func(money.BillRow) error
	at    int // the line, from 1
	sum   BillSum
	cols  columns
	row   [][]byte
}

// columns are where the columns that are read stand.
type columns struct {
	index map[string]int
	count int
}

func (b *billReader) fail(f BillFault, text string) error {
	return &BillError{Fault: f, Line: b.at, Text: text}
}

// line reads the next one without its end; io.EOF if there is none.
func (b *billReader) line() ([]byte, error) {
	line, err := b.lines.ReadSlice('\n')
	b.at++
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, b.fail(BillRow, "longer than 4 KiB")
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case !utf8.Valid(line):
		return nil, b.fail(BillNoUTF8, "not UTF-8")
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func (b *billReader) read() error {
	header, err := b.line()
	if errors.Is(err, io.EOF) {
		return b.fail(BillCutShort, "empty")
	}
	if err != nil {
		return err
	}
	if b.cols, err = b.header(header, rowColumns); err != nil {
		return err
	}
	for {
		line, err := b.line()
		switch {
		case errors.Is(err, io.EOF):
			return b.fail(BillCutShort, "no sums at its end")
		case err != nil:
			return err
		case !bytes.HasPrefix(line, []byte("`")): // the header of the sums
			return b.end(line)
		}
		if err := b.one(line); err != nil {
			return err
		}
	}
}

// header finds columns by their names.
func (b *billReader) header(line []byte, need []string) (columns, error) {
	names := strings.Split(strings.TrimPrefix(string(line), bom), ",")
	c := columns{index: map[string]int{}, count: len(names)}
	if len(names) > maxColumns {
		return c, b.fail(BillColumns, "more than 64")
	}
	for i, name := range names {
		name = strings.Trim(name, "` ")
		if !slices.Contains(need, name) {
			continue
		}
		if _, twice := c.index[name]; twice {
			return c, b.fail(BillColumns, name+" is there twice")
		}
		c.index[name] = i
	}
	for _, name := range need {
		if _, ok := c.index[name]; !ok {
			return c, b.fail(BillColumns, name+" is missing")
		}
	}
	return c, nil
}

// split cuts a line into fields: each begins with a backtick, so that a comma within one is none.
func (b *billReader) split(line []byte, count int) error {
	b.row = b.row[:0]
	if !bytes.HasPrefix(line, []byte("`")) {
		return b.fail(BillRow, "no backtick before its fields")
	}
	for rest, more := line[1:], true; more; {
		var field []byte
		field, rest, more = bytes.Cut(rest, []byte(",`"))
		if len(b.row) == count {
			return b.fail(BillRow, "more fields than columns")
		}
		b.row = append(b.row, field)
	}
	if len(b.row) < count {
		return b.fail(BillRow, "fewer fields than columns")
	}
	return nil
}

func (b *billReader) field(name string) string { return string(b.row[b.cols.index[name]]) }

// yuan reads an amount. Fees have five decimals, of which WeChat uses two.
func (b *billReader) yuan(name string) (money.Fen, error) {
	s := b.field(name)
	if dot := strings.IndexByte(s, '.'); dot >= 0 && len(s)-dot > 3 &&
		strings.Trim(s[dot+3:], "0") == "" {
		s = s[:dot+3]
	}
	minus := strings.HasPrefix(s, "-")
	amount, err := money.ParseYuan(strings.TrimPrefix(s, "-"))
	if err != nil {
		return 0, b.fail(BillRow, name+" is no amount")
	}
	if minus {
		amount = -amount
	}
	return amount, nil
}

// one reads a row.
func (b *billReader) one(line []byte) error {
	if err := b.split(line, b.cols.count); err != nil {
		return err
	}
	at, err := time.ParseInLocation(time.DateTime, b.field(colAt), beijing)
	if err != nil {
		return b.fail(BillRow, colAt+" is no time")
	}
	if of := b.field(colMerchant); b.sum.Rows == 0 {
		b.sum.Account = of
	} else if of != b.sum.Account {
		return b.fail(BillRow, colMerchant+" is another than above")
	}
	row := money.BillRow{
		Kind: money.NoticeCharge, Order: b.field(colOrder), Trade: b.field(colTrade), At: at,
	}
	amountIn := colAmount
	switch b.field(colState) {
	case "SUCCESS":
	case "REFUND":
		row.Kind, row.Order, row.Of = money.NoticeRefund, b.field(colRefundOur), row.Order
		row.Trade, amountIn = b.field(colRefundNo), colRefund
	case "REVOKED": // it has no number of ours but the order's
		row.Kind, row.Of, amountIn = money.NoticeRefund, row.Order, colRefund
	default:
		return b.fail(BillRow, colState+" is unknown")
	}
	if row.Order == "" {
		return b.fail(BillRow, "no number of ours")
	}
	if row.Amount, err = b.yuan(amountIn); err != nil {
		return err
	}
	if row.Fee, err = b.yuan(colFee); err != nil {
		return err
	}
	return b.count(row)
}

// count adds a row to the sums and hands it on.
func (b *billReader) count(row money.BillRow) error {
	b.sum.Rows++
	moved := b.moved(row)
	var err error
	sum := &b.sum.Amount
	if row.Kind == money.NoticeRefund {
		sum = &b.sum.Refunds
	}
	if *sum, err = money.Add(*sum, row.Amount); err == nil {
		b.sum.Fees, err = money.Add(b.sum.Fees, row.Fee)
	}
	switch {
	case err != nil:
		return b.fail(BillRow, "more money than there is")
	case row.Amount < 0 || moved && row.Amount == 0:
		return b.fail(BillRow, "an amount that is not positive")
	case !moved:
		return nil
	}
	return b.each(row)
}

// moved reports whether a row's money has gone where it says.
func (b *billReader) moved(row money.BillRow) bool {
	if row.Kind == money.NoticeCharge || b.field(colState) == "REVOKED" {
		return row.Kind == money.NoticeCharge || row.Amount > 0
	}
	return b.field(colStatus) == "SUCCESS"
}

// end reads the sums, whose header is given, and compares.
func (b *billReader) end(header []byte) error {
	cols, err := b.header(header, sumColumns)
	if err != nil {
		return err
	}
	line, err := b.line()
	if errors.Is(err, io.EOF) {
		return b.fail(BillCutShort, "no sums at its end")
	}
	if err != nil {
		return err
	}
	if err := b.split(line, cols.count); err != nil {
		return err
	}
	b.cols = cols
	if got := b.field(sumCount); got != fmt.Sprint(b.sum.Rows) {
		return b.fail(BillWrongSum, "other rows than it says")
	}
	for name, want := range map[string]money.Fen{
		sumAmount: b.sum.Amount, sumRefund: b.sum.Refunds, sumFee: b.sum.Fees,
	} {
		got, err := b.yuan(name)
		if err != nil {
			return err
		}
		if got != want {
			return b.fail(BillWrongSum, name+" is not the sum of its rows")
		}
	}
	if _, err := b.line(); !errors.Is(err, io.EOF) {
		return b.fail(BillRow, "something comes after its end")
	}
	return nil
}
