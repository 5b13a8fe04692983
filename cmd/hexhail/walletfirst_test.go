package main

import (
	"strings"
	"testing"
	"time"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// hongbaosFirst has riderOne pay by hongbaos of 3 yuan first, and asks a channel for the rest,
// until there is a ticket.
func (c *cast) hongbaosFirst(channel money.ChannelName, way money.Way) {
	c.t.Helper()
	in := &riderpb.PayRideRequest{
		RequestId: c.fresh(), RideId: string(c.ride), Channel: string(channel), Way: string(way),
		WalletFirst: "hongbaos",
	}
	if way == money.WayPage {
		in.Token = "a-payers-own-id"
	}
	c.ok(errOf(riderpb.NewRiderServiceClient(c.conn()).PayRide(c.as(riderOne), in)))
	c.eventually("a ticket", func() bool { return c.owed().GetTicket() != "" })
	if p := c.owed(); p.GetHongbaoFen() != 3_00 || len(c.wallet().GetHongbaos()) != 0 {
		c.t.Errorf("%v, want 3.00 held of hongbaos; the wallet has %v", p, c.wallet())
	}
}

// paysTicket is the payer's tap in the channel's app.
func (c *cast) paysTicket() {
	c.t.Helper()
	c.posts("/pay", map[string]any{
		"ticket": c.owed().GetTicket(), "payer": map[string]string{"account": "a-payers-own-id"},
	})
}

// TestWalletFirst pays rides by hongbaos and either channel together, through the real adapters:
// the channel moves its part and takes its fee of that, the receipt has both, and what ops send
// back goes to the channel first. One that nobody pays gives the hongbaos back, and in the end the
// day's bills agree with the books.
func TestWalletFirst(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin")
	for _, channel := range []money.ChannelName{money.WeChat, money.Alipay} {
		for _, way := range []money.Way{money.WayApp, money.WayQR, money.WayPage} {
			t.Log(channel, way)
			c := r.cast(completed)
			c.gives(3_00, time.Hour)
			c.firstThrough(channel, way)
		}
		c := r.cast(completed)
		c.gives(3_00, time.Hour)
		c.firstClosed(channel)
	}
	r.reconciles(money.WeChat, money.Alipay)
	r.cast(searching).sound()
}

func (c *cast) firstThrough(channel money.ChannelName, way money.Way) {
	c.t.Helper()
	clearing, was := money.ChannelClearing(channel), c.balance(money.ChannelClearing(channel))
	c.hongbaosFirst(channel, way)
	c.paysTicket()
	c.eventually("settled", c.settled)
	fare := money.Fen(c.owed().GetAmountFen())
	fee, err := money.ApplyPPM(fare-3_00, standinFee)
	c.ok(err)
	if moved := c.balance(clearing) - was; moved != fee-(fare-3_00) {
		c.t.Errorf("clearing has moved by %s, want %s", moved, fee-(fare-3_00))
	}
	receipt, err := riderpb.NewRiderServiceClient(c.conn()).GetReceipt(c.as(riderOne),
		&riderpb.GetReceiptRequest{RideId: string(c.ride), Language: "zh"})
	c.ok(err)
	line := receipt.GetReceipt().GetPayments()[0]
	if line.GetHongbaoFen() != 3_00 || line.GetChannel() != string(channel) ||
		line.GetAmountFen() != int64(fare) ||
		!strings.Contains(receipt.GetReceipt().GetText(), "（红包 3.00）") {
		c.t.Errorf("the receipt has %v\n%s", line, receipt.GetReceipt().GetText())
	}
	for _, back := range []money.Fen{1_00, fare - 2_00} {
		_, err = opspb.NewOpsServiceClient(c.conn()).RefundRide(c.as(staff),
			&opspb.RefundRideRequest{
				RequestId: c.fresh(), RideId: string(c.ride), Purpose: "fare",
				AmountFen: int64(back), Why: "a detour",
			})
		c.ok(err)
	}
	c.eventually("refunded", func() bool { return c.balance(clearing)-was == fee })
	if has := c.wallet().GetHongbaos(); len(has) != 1 || has[0].GetLeftFen() != 2_00 {
		c.t.Errorf("%v came back, want 2.00: the channel had the rest", has)
	}
}

// firstClosed opens an order beside hongbaos and thinks better of it.
func (c *cast) firstClosed(channel money.ChannelName) {
	c.t.Helper()
	c.hongbaosFirst(channel, money.WayPage)
	c.ok(errOf(riderpb.NewRiderServiceClient(c.conn()).PayRide(c.as(riderOne),
		&riderpb.PayRideRequest{
			RequestId: c.fresh(), RideId: string(c.ride), Channel: string(channel), Way: "qr",
		})))
	if has := c.wallet().GetHongbaos(); len(has) != 1 || has[0].GetLeftFen() != 3_00 {
		c.t.Errorf("%v came back of the order that was closed, want 3.00", has)
	}
	c.eventually("another ticket", func() bool { return c.owed().GetTicket() != "" })
	if p := c.owed(); p.GetHongbaoFen() != 0 {
		c.t.Errorf("%v, want nothing by hongbaos", p)
	}
	c.paysTicket()
	c.eventually("settled", c.settled)
}

// TestWalletFirstOnABadDay: the channel carries out what it does not answer, and its notice is
// lost. What is held stays so until a question tells that it is paid.
func TestWalletFirstOnABadDay(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin", "--clock-epoch", "2014-01-10T08:00:00+08:00",
		"--clock-rate", "10")
	for _, channel := range []money.ChannelName{money.WeChat, money.Alipay} {
		c := r.cast(completed)
		c.gives(3_00, time.Hour)
		c.posts("/faults", []map[string]any{
			{"call": "charge", "fault": "drop_after", "times": 1},
			{"call": "notice", "fault": "notice_lost", "times": 1},
		})
		c.hongbaosFirst(channel, money.WayQR)
		c.paysTicket()
		c.posts("/faults", []map[string]any{
			{"call": "query", "fault": "drop_after", "times": 1},
			{"call": "notice", "fault": "notice_lost", "times": 1},
		})
		c.eventually("settled", c.settled)
		if p := c.owed(); p.GetHongbaoFen() != 3_00 || p.GetState() != "paid" {
			t.Errorf("%v, want it paid with 3.00 of hongbaos", p)
		}
		c.posts("/faults", []map[string]any{})
	}
	r.reconciles(money.WeChat, money.Alipay)
	c := r.cast(searching)
	c.sound()
	if owed := -c.balance(money.SponsorReceivable("alipay")); owed != 6_00 {
		t.Errorf("the hongbaos' sponsor owes %s, want 6.00", owed)
	}
}
