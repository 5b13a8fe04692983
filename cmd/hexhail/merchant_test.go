package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhail/bus/bustest"
	"hexhail/dispatch"
	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// openRealmWith starts a service whose channels are stand-ins of their own, at which companies have
// accounts.
func openRealmWith(t *testing.T, companies ...string) *realm {
	t.Helper()
	phone, notify, dir := bustest.FreeAddress(t), bustest.FreeAddress(t), t.TempDir()
	ctx, end := context.WithCancel(t.Context())
	words := []string{
		"standin", "--addr", phone, "--dir", dir, "--notify-url", "http://" + notify,
	}
	for _, company := range companies {
		words = append(words, "--company", company)
	}
	ended := make(chan string)
	go func() {
		_, _, stderr := hexhail(ctx, words...)
		ended <- stderr
	}()
	t.Cleanup(func() {
		end()
		if said := <-ended; said != "" {
			t.Log(said)
		}
	})
	file := filepath.Join(dir, channelsName)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", phone); err == nil {
			_ = conn.Close()
			if _, err := os.Stat(file); err == nil {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the stand-ins do not listen")
		}
	}
	r := openRealm(t, "--channels", file, "--http-addr", notify)
	r.phone = phone
	return r
}

// TestCompanysOwnAccount: rides of a company's drivers are paid into its own accounts at both
// channels, by its own contract, given back out of them, and are in their bills; those of others
// are the house's.
func TestCompanysOwnAccount(t *testing.T) {
	t.Parallel()
	const company = "company-one-00001"
	for channel, fee := range map[money.ChannelName]money.PPM{
		money.Alipay: companyFee, money.WeChat: standinFee, // which has no other for companies
	} {
		t.Run(string(channel), func(t *testing.T) {
			t.Parallel()
			r := openRealmWith(t, company)
			c := r.cast(completed) // the first: its driver is of that company
			if c.id(companyOne) != company {
				t.Fatalf("the first cast's company is %s", c.id(companyOne))
			}
			c.paysInto(channel, company, fee)
			r.cast(completed).paysInto(channel, "", standinFee)
			day := time.Now().In(beijing).Format(time.DateOnly)
			for _, merchant := range []string{company, ""} {
				code, stdout, stderr := hexhail(t.Context(), "reconcile", day, "--channel",
					string(channel), "--merchant", merchant, "--data-dir",
					r.service.config.DataDir)
				if all := stdout + stderr; code != exitOK ||
					!strings.Contains(all, "0 differences are open") {
					t.Errorf("reconcile %q: code %d, %s", merchant, code, all)
				}
			}
			if left := r.balance(money.ChannelClearing(channel)); left != 0 {
				t.Errorf("%s owes us %s yuan", channel, -left)
			}
		})
	}
}

// paysInto pays the cast's ride by QR code, and gives a yuan of it back, by an account and its fee.
func (c *cast) paysInto(channel money.ChannelName, merchant string, fee money.PPM) {
	c.t.Helper()
	clearing, fees := money.ChannelClearing(channel), money.FeeExpense(channel)
	wasClearing, wasFees := c.balance(clearing), c.balance(fees)
	_, err := riderpb.NewRiderServiceClient(c.conn()).PayRide(c.as(riderOne),
		&riderpb.PayRideRequest{
			RequestId: "pay", RideId: string(c.ride), Channel: string(channel), Way: "qr",
		})
	c.ok(err)
	c.eventually("a ticket", func() bool { return c.owed().GetTicket() != "" })
	c.posts("/pay", map[string]any{
		"ticket": c.owed().GetTicket(), "payer": map[string]string{"account": "ann"},
	})
	c.eventually("settled", c.settled)
	want, err := money.ApplyPPM(money.Fen(c.owed().GetAmountFen()), fee)
	c.ok(err)
	if moved := wasFees - c.balance(fees); moved != want {
		c.t.Errorf("%s %q keeps %s, want %s", channel, merchant, moved, want)
	}
	c.ok(c.service.db.Tx(c.t.Context(), func(tx dispatch.Tx) error {
		payments, err := tx.PaymentsOf(money.Subject(c.ride))
		c.ok(err)
		paid, _, err := tx.PaidAttempt(payments[0].ID)
		if paid.Merchant != merchant {
			c.t.Errorf("%s was paid into %q, want %q", channel, paid.Merchant, merchant)
		}
		return err
	}))
	before := c.balance(clearing)
	c.ok(errOf(opspb.NewOpsServiceClient(c.conn()).RefundRide(c.as(staff),
		&opspb.RefundRideRequest{
			RequestId: c.fresh(), RideId: string(c.ride), Purpose: "fare", AmountFen: 1_00,
			Why: "a detour",
		})))
	c.eventually("refunded", func() bool { return c.balance(clearing)-before == 1_00 })
	if before >= wasClearing {
		c.t.Errorf("%s has moved nothing", channel)
	}
}
