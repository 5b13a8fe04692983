package alipay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hexhail/money"
)

// maxBillLine is the longest line of a bill, in bytes; real ones have some 300.
const maxBillLine = 16 << 10

// What the first line of a bill says, and the line after its last row.
const (
	billOfRows = "#支付宝业务明细查询"
	billOfSums = "#支付宝业务汇总查询"
	billEnd    = "业务明细列表结束"
)

// BillError refuses a bill. Nothing of a refused one may be booked.
type BillError struct {
	Line   int    // from 1; 0 if it is about the whole
	Column string // "" if it is about no single one
	Why    string
}

func (e *BillError) Error() string {
	text := "alipay: bill refused"
	if e.Line > 0 {
		text += fmt.Sprintf(", line %d", e.Line)
	}
	if e.Column != "" {
		text += ", " + e.Column
	}
	return text + ": " + e.Why
}

// BillSum is what the rows of a bill come to, checked against what it says itself.
type BillSum struct {
	Account string // that its head names: our number at Alipay and four more digits; "" for none
	Rows    int
	Amount  money.Fen // of the payments
	Refunds money.Fen
	Fees    money.Fen // less those given back
}

// ReadBill reads the file of rows of a bill, in GBK or in UTF-8 with or without a byte order mark,
// and calls each for every row. It takes what each says as its end. Columns are found by their
// names, in any order; unknown ones are passed over. The file must be whole: it has an end, and as
// many payments and refunds, of the same sums, as it says. That is known only when ReadBill returns
// nil: book nothing before. Errors: *[BillError], those of file and of each.
func ReadBill(file io.Reader, each func(money.BillRow) error) (BillSum, error) {
	b := &billFile{
		count: map[money.NoticeKind]int{}, sum: map[money.NoticeKind]money.Fen{},
		claimed: map[money.NoticeKind]bool{}, each: each,
	}
	if err := b.read(bufio.NewReaderSize(decoded(file), maxBillLine)); err != nil {
		return BillSum{}, err
	}
	return BillSum{
		Account: b.account,
		Rows:    b.count[money.NoticeCharge] + b.count[money.NoticeRefund],
		Amount:  b.sum[money.NoticeCharge],
		Refunds: b.sum[money.NoticeRefund], Fees: b.fees,
	}, nil
}

// mark is the byte order mark of UTF-8.
const mark = "\uFEFF"

// decoded reads a text as UTF-8. A text without a mark is UTF-8 if what it begins with is.
func decoded(file io.Reader) io.Reader {
	raw := bufio.NewReader(file)
	if first, _ := raw.Peek(len(mark)); string(first) == mark {
		_, _ = raw.Discard(len(mark)) // they were there
		return raw
	}
	if first, _ := raw.Peek(len(billOfRows)); utf8.Valid(first) {
		return raw
	}
	// GB 18030 has GBK in it, and reads the characters that GBK lacks.
	return simplifiedchinese.GB18030.NewDecoder().Reader(raw)
}

// The columns that we read, by their names with plain brackets.
const (
	columnTrade = "支付宝交易号"
	columnOrder = "商户订单号"
	columnType  = "业务类型"
	columnAt    = "完成时间"
	columnMoved = "商家实收(元)" // what reaches us; equal to 订单金额 unless we gave a discount at Alipay
	columnBatch = "退款批次号/请求号"
	columnFee   = "服务费(元)"
)

var billColumns = []string{
	columnTrade, columnOrder, columnType, columnAt, columnMoved, columnBatch, columnFee,
}

// billFile is a bill while it is read.
type billFile struct {
	line    int
	width   int            // columns
	at      map[string]int // by name
	account string
	ended   bool
	count   map[money.NoticeKind]int
	sum     map[money.NoticeKind]money.Fen
	claimed map[money.NoticeKind]bool // its sum was told, and is right
	fees    money.Fen
	each    func(money.BillRow) error
}

func (b *billFile) read(text *bufio.Reader) error {
	for {
		line, err := text.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return b.bad("", "too long a line")
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("alipay: the bill: %w", err)
		}
		b.line++
		if failed := b.take(strings.TrimSpace(string(line))); failed != nil {
			return failed
		}
		if err != nil {
			return b.whole()
		}
	}
}

func (b *billFile) bad(column, why string) error { return &BillError{b.line, column, why} }

// take reads one line.
func (b *billFile) take(line string) error {
	switch {
	case b.line == 1 && !strings.HasPrefix(line, billOfRows):
		return b.bad("", "it does not begin as a bill of trades")
	case line == "":
		return nil
	case line[0] == '#':
		return b.remark(line)
	case b.ended:
		return b.bad("", "a row after the end")
	case b.at == nil:
		return b.header(line)
	}
	return b.row(line)
}

var billSums = regexp.MustCompile(
	`^#+(交易|退款)合计：(\d{1,9})笔(?:，商家实收(?:退款)?共(-?[0-9.]{1,20})元)?`)

var billAccount = regexp.MustCompile(`^#账号：\[([0-9]{1,32})\]`)

// remark reads the lines around the rows.
func (b *billFile) remark(line string) error {
	if strings.Contains(line, billEnd) {
		if b.at == nil || b.ended {
			return b.bad("", "the end where none is due")
		}
		b.ended = true
		return nil
	}
	if of := billAccount.FindStringSubmatch(line); of != nil && b.at == nil {
		b.account = of[1]
	}
	sums := billSums.FindStringSubmatch(line)
	if sums == nil {
		return nil
	}
	kind := money.NoticeCharge
	if sums[1] == "退款" {
		kind = money.NoticeRefund
	}
	if n, err := strconv.Atoi(sums[2]); err != nil || n != b.count[kind] {
		return b.bad("", fmt.Sprintf("it has %d rows of %s, and says %s",
			b.count[kind], sums[1], sums[2]))
	}
	if sums[3] != "" {
		told, err := money.ParseYuan(sums[3])
		if sum := b.sum[kind]; err != nil || told != sum && told != -sum {
			return b.bad("", fmt.Sprintf("its rows of %s come to %s, and it says %s",
				sums[1], sum, sums[3]))
		}
	}
	b.claimed[kind] = true
	return nil
}

// whole is the check at the end of the file.
func (b *billFile) whole() error {
	if !b.ended || !b.claimed[money.NoticeCharge] || !b.claimed[money.NoticeRefund] {
		return b.bad("", "it is cut short")
	}
	return nil
}

func (b *billFile) header(line string) error {
	b.at = map[string]int{}
	plain := strings.NewReplacer("（", "(", "）", ")")
	for i, name := range strings.Split(line, ",") {
		name = plain.Replace(strings.TrimSpace(name))
		if _, twice := b.at[name]; twice && name != "" {
			return b.bad(name, "two columns of this name")
		}
		b.at[name], b.width = i, i+1
	}
	for _, name := range billColumns {
		if _, ok := b.at[name]; !ok {
			return b.bad(name, "no such column")
		}
	}
	return nil
}

func (b *billFile) row(line string) error {
	fields := strings.Split(line, ",")
	if len(fields) != b.width {
		return b.bad("", fmt.Sprintf("%d fields, want %d", len(fields), b.width))
	}
	field := func(name string) string { return strings.TrimSpace(fields[b.at[name]]) }
	row := money.BillRow{Trade: field(columnTrade), Order: field(columnOrder)}
	if row.Trade == "" || row.Order == "" {
		return b.bad(columnOrder, "missing, or the trade's number is")
	}
	var err error
	if row.At, err = time.ParseInLocation(time.DateTime, field(columnAt), beijing); err != nil {
		return b.bad(columnAt, "not a time")
	}
	if row.Amount, err = money.ParseYuan(field(columnMoved)); err != nil {
		return b.bad(columnMoved, "not an amount")
	}
	if row.Fee, err = money.ParseYuan(field(columnFee)); err != nil {
		return b.bad(columnFee, "not an amount")
	}
	if row.Fee < -maxAmount || row.Fee > maxAmount || row.Amount < -maxAmount {
		return b.bad(columnFee, "beyond the limits")
	}
	// Seen from our account: what is paid comes in, its fee goes out, and back with a refund.
	row.Fee = -row.Fee
	switch kind := field(columnType); kind {
	case "交易":
		row.Kind = money.NoticeCharge
	case "退款":
		row.Kind = money.NoticeRefund
		row.Amount, row.Of = -row.Amount, row.Order
		if batch := field(columnBatch); batch != "" { // a cancel's has no number of its own
			row.Order = batch
		}
	default:
		return b.bad(columnType, "none that we know")
	}
	if err := b.add(row); err != nil {
		return err
	}
	return b.each(row)
}

// add checks a row's signs and adds it to the sums.
func (b *billFile) add(row money.BillRow) error {
	if row.Amount <= 0 || row.Amount > maxAmount {
		return b.bad(columnMoved, "beyond the limits")
	}
	back := row.Kind == money.NoticeRefund
	if fee := row.Fee; fee < 0 && !back || fee > 0 && back {
		return b.bad(columnFee, "the wrong sign")
	}
	b.count[row.Kind]++
	var err error
	if b.sum[row.Kind], err = money.Add(b.sum[row.Kind], row.Amount); err != nil {
		return b.bad(columnMoved, "more than there is")
	}
	if b.fees, err = money.Add(b.fees, row.Fee); err != nil {
		return b.bad(columnFee, "more than there is")
	}
	return nil
}
