package main

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// gives gives riderOne a hongbao through the API, and returns the request.
func (c *cast) gives(amount money.Fen, kept time.Duration) *opspb.GiveHongbaosRequest {
	c.t.Helper()
	in := &opspb.GiveHongbaosRequest{
		RequestId: c.fresh(), City: "beijing", Sponsor: "alipay",
		RiderIds: []string{c.id(riderOne)}, AmountFen: int64(amount), TitleEn: "Spring Festival",
		TitleZh:   "春节红包",
		ExpiresAt: timestamppb.New(c.service.clock.Now().Add(kept)),
	}
	_, err := opspb.NewOpsServiceClient(c.conn()).GiveHongbaos(c.as(staff), in)
	c.ok(err)
	return in
}

// wallet is riderOne's.
func (c *cast) wallet() *riderpb.GetWalletResponse {
	c.t.Helper()
	got, err := riderpb.NewRiderServiceClient(c.conn()).GetWallet(c.as(riderOne),
		&riderpb.GetWalletRequest{City: "beijing"})
	c.ok(err)
	return got
}

// TestHongbao takes hongbaos from ops to a rider's wallet, a paid ride, its receipt, back, and to
// their giver once they have expired.
func TestHongbao(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	c := r.cast(completed)
	riders, ops := riderpb.NewRiderServiceClient(c.conn()), opspb.NewOpsServiceClient(c.conn())
	fare := c.owed().GetAmountFen() - c.owed().GetDiscountFen()
	was := c.wallet()
	if len(was.GetHongbaos()) != 0 || was.GetSpendableFen() != was.GetAvailableFen() {
		t.Fatalf("before: %v", was)
	}
	in := c.gives(3_00, time.Hour)
	c.gives(2_00, time.Minute)
	again, err := ops.GiveHongbaos(c.as(staff), in)
	c.ok(err)
	has := c.wallet()
	list := has.GetHongbaos()
	if len(list) != 2 || has.GetSpendableFen() != was.GetSpendableFen()+5_00 ||
		list[0].GetLeftFen() != 2_00 || list[1].GetHongbaoId() != again.GetHongbaoIds()[0] ||
		list[0].GetTitleZh() != "春节红包" || list[0].GetExpiresAt() == nil {
		t.Fatalf("given: %v", has)
	}
	_, err = ops.TopUpWallet(c.as(staff), &opspb.TopUpWalletRequest{
		RequestId: c.fresh(), RiderId: c.id(riderOne), AmountFen: 100_00,
	})
	c.ok(err)
	_, err = riders.PayRide(c.as(riderOne), &riderpb.PayRideRequest{
		RequestId: "pay", RideId: string(c.ride), Channel: "wallet",
	})
	c.ok(err)
	c.eventually("settled", c.settled)
	if p := c.owed(); p.GetHongbaoFen() != 5_00 {
		t.Errorf("paid by %v, want 5.00 of it by hongbaos", p)
	}
	paid := c.wallet()
	if len(paid.GetHongbaos()) != 0 ||
		paid.GetAvailableFen() != was.GetAvailableFen()+100_00-fare+5_00 {
		t.Errorf("afterwards: %v", paid)
	}
	receipt, err := riders.GetReceipt(c.as(riderOne),
		&riderpb.GetReceiptRequest{RideId: string(c.ride)})
	c.ok(err)
	if lines := receipt.GetReceipt().GetPayments(); lines[0].GetHongbaoFen() != 5_00 {
		t.Errorf("want the hongbaos in %v", lines)
	}
	_, err = ops.RefundRide(c.as(staff), &opspb.RefundRideRequest{
		RequestId: c.fresh(), RideId: string(c.ride), Purpose: "fare", AmountFen: fare - 1_00,
		Why: "a detour",
	})
	c.ok(err)
	if back := c.wallet().GetHongbaos(); len(back) != 2 || back[0].GetLeftFen() != 1_00 ||
		back[1].GetLeftFen() != 3_00 {
		t.Errorf("given back: %v, want all but 1.00 of the first", back)
	}
	c.sound()
}

// sound has the books audited.
func (c *cast) sound() {
	c.t.Helper()
	books, err := opspb.NewOpsServiceClient(c.conn()).AuditBooks(c.as(staff),
		&opspb.AuditBooksRequest{})
	c.ok(err)
	if !books.GetSound() {
		c.t.Errorf("the books are not sound: %v", books)
	}
}

// TestHongbaoCommands gives by the command line, and what is not spent goes back by itself.
func TestHongbaoCommands(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	c := r.cast(searching)
	c.gives(7_00, time.Second)
	hongbao := func(want int, words ...string) string {
		t.Helper()
		code, stdout, stderr := hexhail(t.Context(), append(append([]string{"hongbao"}, words...),
			"--data-dir", r.service.config.DataDir)...)
		if code != want {
			t.Fatalf("hongbao %v: code %d, %s%s", words, code, stdout, stderr)
		}
		return stdout
	}
	until := r.service.clock.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	give := []string{
		"give", c.id(riderOne), c.id(riderTwo), "--amount", "5.00", "--sponsor", "wechat",
		"--until", until, "--title-en", "New Year", "--title-zh", "新年红包",
	}
	for range 2 {
		if out := hongbao(exitOK, give...); !strings.Contains(out, "given: 2 of 5.00 yuan") {
			t.Errorf("given: %s", out)
		}
	}
	if out := hongbao(exitOK, "list", "--sponsor", "wechat"); strings.Count(out, "新年红包") != 2 {
		t.Errorf("listed: %s", out)
	}
	hongbao(exitUsage, "give", "--amount", "5.00")
	hongbao(exitUsage, "give", "R", "--amount", "much")
	hongbao(exitFailed, "give", "nobody", "--amount", "5.00", "--sponsor", "wechat",
		"--until", until, "--title-en", "New Year", "--title-zh", "新年红包")
	c.eventually("back with its giver", func() bool {
		return c.balance(money.SponsorReceivable("alipay")) == 0
	})
	if out := hongbao(exitOK, "list", "--rider", c.id(riderOne)); !strings.Contains(out, "7.00") ||
		strings.Count(out, "0.00") < 2 {
		t.Errorf("listed: %s", out)
	}
	_, err := opspb.NewOpsServiceClient(c.conn()).GiveHongbaos(c.as(staff),
		&opspb.GiveHongbaosRequest{
			RequestId: c.fresh(), City: "beijing", Sponsor: "alipay",
			RiderIds: []string{c.id(riderOne)}, AmountFen: 1, TitleEn: "late", TitleZh: "晚",
			ExpiresAt: timestamppb.New(r.service.clock.Now().Add(-time.Second)),
		})
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "expires_at") {
		t.Errorf("given too late: %v", err)
	}
	c.sound()
}
