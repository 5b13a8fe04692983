package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// payIn has a rider pay into their wallet, so much through each channel at the same time: the app
// asks, the phone pays.
func (c *cast) payIn(w who, way money.Way, amount money.Fen, channels ...money.ChannelName) {
	c.t.Helper()
	riders := riderpb.NewRiderServiceClient(c.conn())
	var asks []*riderpb.TopUpWalletRequest
	for _, channel := range channels {
		ask := &riderpb.TopUpWalletRequest{
			RequestId: c.fresh(), AmountFen: int64(amount), Channel: string(channel),
			Way: string(way),
		}
		if way == money.WayPage {
			ask.Token = "a-payers-own-id"
		}
		c.ok(errOf(riders.TopUpWallet(c.as(w), ask)))
		asks = append(asks, ask)
	}
	is := func(ask *riderpb.TopUpWalletRequest) *riderpb.TopUp { // asked for again, it is told
		got, err := riders.TopUpWallet(c.as(w), ask)
		c.ok(err)
		return got.GetTopUp()
	}
	for _, ask := range asks {
		c.eventually("a ticket", func() bool { return is(ask).GetTicket() != "" })
		c.posts("/pay", map[string]any{
			"ticket": is(ask).GetTicket(),
			"payer":  map[string]string{"account": "a-payers-own-id"},
		})
	}
	for _, ask := range asks {
		c.eventually("paid", func() bool { return is(ask).GetState() == "paid" })
	}
	listed, err := riders.ListTopUps(c.as(w), &riderpb.ListTopUpsRequest{PageSize: 1})
	c.ok(err)
	last := is(asks[len(asks)-1])
	if !proto.Equal(listed.GetTopUps()[0], last) || listed.GetNextPageToken() == "" {
		c.t.Errorf("the latest is %v, listed %v", last, listed)
	}
}

// holds is a rider's wallet, with the latest top-up.
func (c *cast) holds(w who) *riderpb.GetWalletResponse {
	c.t.Helper()
	res, err := riderpb.NewRiderServiceClient(c.conn()).GetWallet(c.as(w),
		&riderpb.GetWalletRequest{City: "beijing"})
	c.ok(err)
	return res
}

// TestTopUpThroughChannels: riders pay into their wallets in every way of both channels, the wallet
// pays a ride, and the day's bills agree with the books to the fen.
func TestTopUpThroughChannels(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin")
	c := r.cast(completed)
	want := money.Fen(0)
	for i, way := range []money.Way{money.WayApp, money.WayPage, money.WayQR} {
		amount := money.Yuan(20) + money.Fen(i)
		c.payIn(riderOne, way, amount, money.WeChat, money.Alipay)
		want += 2 * amount
		is := c.holds(riderOne)
		if money.Fen(is.GetAvailableFen()) != want || is.GetIncomingFen() != 0 ||
			is.GetLastTopUp().GetAmountFen() != int64(amount) ||
			is.GetLastTopUp().GetState() != "paid" {
			t.Fatalf("%s: %v, want %s", way, is, want)
		}
	}
	_, err := riderpb.NewRiderServiceClient(c.conn()).PayRide(c.as(riderOne),
		&riderpb.PayRideRequest{RequestId: "pay", RideId: string(c.ride), Channel: "wallet"})
	c.ok(err)
	c.eventually("settled", c.settled)
	if others := c.holds(riderTwo); others.GetAvailableFen() != 0 || others.GetLastTopUp() != nil {
		t.Errorf("another's wallet: %v", others)
	}
	c.reconciles(money.WeChat, money.Alipay)
}

// reconciles compares the day's bills with the books: nothing differs, and no channel owes us.
func (r *realm) reconciles(channels ...money.ChannelName) {
	r.t.Helper()
	day := time.Now().In(beijing).Format(time.DateOnly)
	for _, channel := range channels {
		code, stdout, stderr := hexhail(r.t.Context(), "reconcile", day, "--channel",
			string(channel), "--data-dir", r.service.config.DataDir)
		if all := stdout + stderr; code != exitOK || !strings.Contains(all,
			"0 differences are open; "+string(channel)+" owes us 0.00 yuan") {
			r.t.Errorf("reconcile %s: code %d, %s", channel, code, all)
		}
		if left := r.balance(money.ChannelClearing(channel)); left != 0 {
			r.t.Errorf("%s owes us %s yuan", channel, -left)
		}
	}
}

// TestTopUpOnABadDay: notices are lost and found by a question, come too often, and calls fail
// before and after they are carried out. Every top-up is in the wallet once.
func TestTopUpOnABadDay(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin", "--clock-epoch", "2014-01-10T08:00:00+08:00",
		"--clock-rate", "10")
	c := r.cast(searching)
	want := int64(0)
	for _, faults := range [][]map[string]any{
		{
			{"call": "charge", "fault": "system_error_after", "times": 2},
			{"call": "notice", "fault": "notice_lost", "times": 2},
		},
		{
			{"call": "charge", "fault": "system_error", "times": 2},
			{"call": "notice", "fault": "notice_twice", "times": 2},
		},
	} {
		t.Log(faults)
		c.posts("/faults", faults)
		c.payIn(riderOne, money.WayQR, 10_00, money.WeChat, money.Alipay)
		if want += 20_00; c.holds(riderOne).GetAvailableFen() != want {
			t.Fatalf("%v, want %d", c.holds(riderOne), want)
		}
	}
	c.posts("/faults", []map[string]any{})
	c.reconciles(money.WeChat, money.Alipay)
}

// TestTopUpIsLimited: what a wallet has no room for is refused, with the field and what would do.
func TestTopUpIsLimited(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin")
	c := r.cast(searching)
	riders := riderpb.NewRiderServiceClient(c.conn())
	ask := func(amount int64) error {
		_, err := riders.TopUpWallet(c.as(riderOne), &riderpb.TopUpWalletRequest{
			RequestId: c.fresh(), AmountFen: amount, Channel: "wechat", Way: "app",
		})
		return err
	}
	for _, amount := range []int64{0, 99, 200_001} {
		if err := ask(amount); status.Code(err) != codes.InvalidArgument ||
			!strings.Contains(err.Error(), "amount_fen") {
			t.Errorf("%d: %v", amount, err)
		}
	}
	c.ok(ask(200_000))
	c.ok(ask(200_000))
	err := ask(200_000)
	if status.Code(err) != codes.ResourceExhausted ||
		!strings.Contains(status.Convert(err).Message(), "1000.00 more") {
		t.Errorf("%v", err)
	}
	details := fmt.Sprint(status.Convert(err).Details())
	for _, want := range []string{"amount_fen", "must be at most 100000"} {
		if !strings.Contains(details, want) {
			t.Errorf("want %q in %s", want, details)
		}
	}
	if is := c.holds(riderOne); is.GetIncomingFen() != 400_000 || is.GetTopUpFen() != 100_000 {
		t.Errorf("%v", is)
	}
}
