package main

import (
	"context"
	"errors"
	"io"
	"os"
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
	merchants []string
	fetch     func(ctx context.Context, merchant string, day time.Time, w io.Writer) error
	read      func(r io.Reader, each func(money.BillRow) error) error
}

func wechatBills(c *wechat.Client, merchants ...string) bills {
	return bills{merchants, c.Bill, func(r io.Reader, each func(money.BillRow) error) error {
		_, err := wechat.ReadBill(r, each)
		return err
	}}
}

func alipayBills(c *alipay.Client, merchants ...string) bills {
	return bills{merchants, c.Bill, func(r io.Reader, each func(money.BillRow) error) error {
		_, err := alipay.ReadBill(r, each)
		return err
	}}
}

// Merchants implements [money.BillSource].
func (b bills) Merchants() []string { return b.merchants }

// Open implements [money.BillSource].
func (b bills) Open(ctx context.Context, id money.BillID) (money.OpenBill, error) {
	day, err := time.ParseInLocation(time.DateOnly, id.Day, beijing)
	if err != nil {
		return nil, dispatch.BadField("day", "a day such as 2014-01-10")
	}
	text, err := os.CreateTemp("", "hexhail-bill-*") // readable by us alone
	if err != nil {
		return nil, err
	}
	open := openBill{id, text, b.read}
	if err := b.fetch(ctx, id.Merchant, day, text); err != nil {
		return nil, errors.Join(billFault(id, err), open.Close())
	}
	return open, nil
}

// openBill is a bill in a file that goes when it is closed.
type openBill struct {
	id   money.BillID
	text *os.File
	read func(r io.Reader, each func(money.BillRow) error) error
}

// Rows implements [money.OpenBill].
func (o openBill) Rows(each func(money.BillRow) error) error {
	if _, err := o.text.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return billFault(o.id, o.read(o.text, each))
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
