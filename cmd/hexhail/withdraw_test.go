package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hexhail/money"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// withdrawn is driverOne's latest withdrawal.
func (c *cast) withdrawn() *typepb.Withdrawal {
	c.t.Helper()
	res, err := driverpb.NewDriverServiceClient(c.conn()).ListWithdrawals(c.as(driverOne),
		&driverpb.ListWithdrawalsRequest{})
	c.ok(err)
	return res.GetWithdrawals()[0]
}

func (c *cast) available() int64 {
	c.t.Helper()
	res, err := driverpb.NewDriverServiceClient(c.conn()).GetBalance(c.as(driverOne),
		&driverpb.GetBalanceRequest{})
	c.ok(err)
	return res.GetAvailableFen()
}

// TestWithdrawThroughChannels: a driver's money arrives at both channels, through the real adapters
// with real signatures and the driver's name, encrypted where the channel wants that.
func TestWithdrawThroughChannels(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin")
	for channel, account := range map[string]string{
		"wechat": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "alipay": "13800000000",
	} {
		c := r.cast(searching)
		c.earn(driverOne)
		flight := money.PayoutInFlight(money.ChannelName(channel))
		was := c.balance(money.Bank)
		made, err := driverpb.NewDriverServiceClient(c.conn()).Withdraw(c.as(driverOne),
			&driverpb.WithdrawRequest{
				RequestId: "w", Channel: channel, Account: account, AmountFen: 80_00,
			})
		c.ok(err)
		if left := c.available(); left != 20_00 {
			t.Errorf("%s: %d fen are left", channel, left)
		}
		c.eventually("paid", func() bool { return c.withdrawn().GetState() == "paid" })
		if got := c.withdrawn(); got.GetWithdrawalId() != made.GetWithdrawal().GetWithdrawalId() ||
			got.GetEndedAt() == nil {
			t.Errorf("%s: %v", channel, got)
		}
		if moved := c.balance(money.Bank) - was; moved != 80_00 || c.balance(flight) != 0 {
			t.Errorf("%s: the bank has paid %s, %s is in flight",
				channel, moved, c.balance(flight))
		}
	}
}

// TestWithdrawToTheBank: by a file and its results, as ops do it.
func TestWithdrawToTheBank(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	paid, failed := r.cast(searching), r.cast(searching)
	paid.withdraw()
	failed.withdraw()
	ask := func(args ...string) (string, string, int) {
		var out, log bytes.Buffer
		args = append(args, "--data-dir", r.service.config.DataDir)
		code := run(t.Context(), args, &out, &log)
		return out.String(), log.String(), code
	}
	out := filepath.Join(t.TempDir(), "payouts.csv")
	if _, log, code := ask("payouts", "file", "--out", out); code != 0 {
		t.Fatal(log)
	}
	text, err := os.ReadFile(out)
	r.ok(err)
	results := "withdrawal_id,amount_yuan,result,reason\nnobodys,1.00,paid,\n"
	for _, c := range []*cast{paid, failed} {
		id := c.withdrawn().GetWithdrawalId()
		if line := fmt.Sprintf("%s,%s,%s,10.00", id, examplesCard, c.name(driverOne)); !strings.
			Contains(string(text), line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
		word := map[bool]string{true: "paid,", false: "失败,no such card"}[c == paid]
		results += fmt.Sprintf("%s,10.00,%s\n", id, word)
	}
	back := filepath.Join(t.TempDir(), "results.csv")
	r.ok(os.WriteFile(back, []byte(results), 0o600))
	for _, want := range []string{
		"1 paid, 1 failed, 0 known before", "0 paid, 0 failed, 2 known before",
	} {
		said, log, code := ask("payouts", "results", back)
		if !strings.Contains(said, want) || !strings.Contains(log, "line 2") || code == 0 {
			t.Errorf("%d %q %q, want %q", code, said, log, want)
		}
	}
	if got := paid.withdrawn(); got.GetState() != "paid" || paid.available() != 90_00 {
		t.Errorf("%v, %d left", got, paid.available())
	}
	if got := failed.withdrawn(); got.GetReason() != "no such card" ||
		failed.available() != 100_00 {
		t.Errorf("%v, %d left", got, failed.available())
	}
	res, err := opspb.NewOpsServiceClient(paid.conn()).ListWithdrawals(paid.as(staff),
		&opspb.ListWithdrawalsRequest{})
	r.ok(err)
	if len(res.GetWithdrawals()) != 0 || res.GetFloatFen() != 10_00 {
		t.Errorf("open: %v", res)
	}
}
