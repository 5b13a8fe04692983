package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/money/alipay"
	"hexhail/money/wechat"
)

// beijing is where both channels' days are.
var beijing = time.FixedZone("CST", 8*60*60)

// bills fetches the bills of a channel, each into a file of its own: 100,000 rows are some 30 MB,
// and they are read twice. It implements [money.BillSource].
type bills struct {
	accounts map[string]string // at the channel, by merchant
	fetch    func(ctx context.Context, merchant string, day time.Time, w io.Writer) error
	// read tells whose bill it was; "" if it does not say.
	read  billReader
	unzip func(packed io.ReaderAt, size int64, w io.Writer) error
	most  int64 // bytes of a bill that is unpacked
}

type billReader func(r io.Reader, each func(money.BillRow) error) (account string, err error)

func wechatBills(c *wechat.Client, accounts map[string]wechat.Account) bills {
	b := bills{map[string]string{}, c.Bill, readWeChat, wechat.UnpackBill, wechat.MaxBill}
	for merchant, a := range accounts {
		b.accounts[merchant] = a.MchID
	}
	return b
}

func readWeChat(r io.Reader, each func(money.BillRow) error) (string, error) {
	sum, err := wechat.ReadBill(r, each)
	return sum.Account, err
}

func alipayBills(c *alipay.Client, accounts map[string]alipay.Account) bills {
	b := bills{map[string]string{}, c.Bill, readAlipay, alipay.UnpackBill, alipay.MaxBill}
	for merchant, a := range accounts {
		b.accounts[merchant] = a.SellerID
	}
	return b
}

// readAlipay leaves out the four digits that follow our number in a bill.
func readAlipay(r io.Reader, each func(money.BillRow) error) (string, error) {
	sum, err := alipay.ReadBill(r, each)
	return sum.Account[:max(0, len(sum.Account)-len("0156"))], err
}

// Merchants implements [money.BillSource].
func (b bills) Merchants() []string { return slices.Sorted(maps.Keys(b.accounts)) }

// Open implements [money.BillSource].
func (b bills) Open(ctx context.Context, id money.BillID) (money.OpenBill, error) {
	if _, ok := b.accounts[id.Merchant]; !ok {
		return nil, noAccount()
	}
	open, day, err := b.create(id)
	if err != nil {
		return nil, err
	}
	if err := b.fetch(ctx, id.Merchant, day, open.text); err != nil {
		return nil, errors.Join(billFault(id, err), open.Close())
	}
	return open, nil
}

// create makes the file of a bill.
func (b bills) create(id money.BillID) (openBill, time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, id.Day, beijing)
	if err != nil {
		return openBill{}, day, dispatch.BadField("day", "a day such as 2014-01-10")
	}
	text, err := os.CreateTemp("", "hexhail-bill-*") // readable by us alone
	return openBill{id, text, b.read}, day, err
}

func noAccount() error {
	return dispatch.BadField("merchant", "one that has an account at the channel")
}

// openBill is a bill in a file that goes when it is closed.
type openBill struct {
	id   money.BillID
	text *os.File
	read billReader
}

// Rows implements [money.OpenBill].
func (o openBill) Rows(each func(money.BillRow) error) error {
	if _, err := o.text.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := o.read(o.text, each)
	return billFault(o.id, err)
}

// Close implements [money.OpenBill].
func (o openBill) Close() error {
	return errors.Join(o.text.Close(), os.Remove(o.text.Name()))
}

// billFault is what an adapter says of a bill, in words that both share. Others' errors stay.
func billFault(id money.BillID, err error) error {
	var (
		ofWeChat   *wechat.BillError
		ofAlipay   *alipay.BillError
		wechatSaid *wechat.Error
		alipaySaid *alipay.Error
	)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wechat.ErrNoBill), errors.Is(err, alipay.ErrNoBill):
		return money.ErrNoBill
	case errors.Is(err, wechat.ErrBillNotReady):
		return money.ErrBillNotReady
	case errors.As(err, &ofWeChat), errors.As(err, &ofAlipay),
		errors.Is(err, wechat.ErrBillHash):
		return &money.BillError{Bill: id, Problem: "refused", Cause: err}
	case errors.As(err, &wechatSaid), errors.As(err, &alipaySaid):
		return &dispatch.Error{
			Kind: dispatch.Unavailable, Reason: dispatch.ReasonNoBill,
			Text: "the channel does not give its bill", Cause: err,
		}
	default:
		return err
	}
}
