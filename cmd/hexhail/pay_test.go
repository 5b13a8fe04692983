package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"hexhail/money"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// posts asks the payers' phone of the stand-ins, and returns its answer's fields.
func (r *realm) posts(path string, ask any) map[string]string {
	r.t.Helper()
	body, err := json.Marshal(ask)
	r.ok(err)
	phone := r.phone
	if phone == "" {
		phone = r.service.standins.Addr().String()
	}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost,
		"http://"+phone+"/phone"+path, bytes.NewReader(body))
	r.ok(err)
	res, err := http.DefaultClient.Do(req)
	r.ok(err)
	defer func() { _ = res.Body.Close() }()
	said := map[string]any{}
	r.ok(json.NewDecoder(res.Body).Decode(&said))
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("phone %s: %d %v", path, res.StatusCode, said)
	}
	texts := map[string]string{}
	for key, value := range said {
		texts[key] = fmt.Sprint(value)
	}
	return texts
}

// eventually waits for what has to happen within ten seconds.
func (r *realm) eventually(what string, happened func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !happened(); {
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: not within 10 s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// owed is the payment of the ride's fare, as its rider reads it.
func (c *cast) owed() *typepb.Payment {
	c.t.Helper()
	res, err := riderpb.NewRiderServiceClient(c.conn()).ListPayments(c.as(riderOne),
		&riderpb.ListPaymentsRequest{RideId: string(c.ride)})
	c.ok(err)
	for _, p := range res.GetPayments() {
		if p.GetPurpose() == string(money.PurposeFare) {
			return p
		}
	}
	c.t.Fatalf("no fare among %v", res)
	return nil
}

func (c *cast) settled() bool {
	res, err := riderpb.NewRiderServiceClient(c.conn()).GetRide(c.as(riderOne),
		&riderpb.GetRideRequest{RideId: string(c.ride)})
	c.ok(err)
	return res.GetRide().GetState() == typepb.RideState_RIDE_STATE_SETTLED
}

func (r *realm) balance(id money.AccountID) money.Fen {
	r.t.Helper()
	var balance money.Fen
	r.ok(r.service.db.MoneyTx(r.t.Context(), func(tx money.Tx) error {
		a, err := tx.Account(id)
		balance = a.Balance()
		return err
	}))
	return balance
}

// TestPayThroughChannels pays rides in every way of both channels, through the real adapters with
// real signatures: the app asks, the payer's phone pays, the channel's notice settles the ride, and
// what ops send back arrives.
func TestPayThroughChannels(t *testing.T) {
	t.Parallel()
	payEveryWay(t)
}

// TestPayInAnotherTime is the same in a city whose clock shows another year and runs ten times as
// fast: channels go by the machine's.
func TestPayInAnotherTime(t *testing.T) {
	t.Parallel()
	payEveryWay(t, "--clock-epoch", "2014-01-10T08:00:00+08:00", "--clock-rate", "10")
}

func payEveryWay(t *testing.T, more ...string) {
	r := openRealm(t, append([]string{"--channels", "standin"}, more...)...)
	for _, channel := range []money.ChannelName{money.WeChat, money.Alipay} {
		for way, token := range map[money.Way]string{
			money.WayApp: "", money.WayQR: "", money.WayPage: "a-payers-own-id",
			money.WayBarcode: r.posts("/barcode", map[string]any{
				"channel": channel, "payer": map[string]string{"account": "ann"},
			})["code"],
		} {
			t.Log(channel, way)
			r.cast(completed).payThrough(channel, way, token)
		}
	}
}

// TestCollectAtTheDriversPhone: a friend elsewhere pays the driver's QR code, a barcode is scanned
// while the rider's phone is offline, and a code that is no money is told as such.
func TestCollectAtTheDriversPhone(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin")
	for _, channel := range []money.ChannelName{money.WeChat, money.Alipay} {
		code := r.posts("/barcode", map[string]any{
			"channel": channel, "payer": map[string]string{"account": "ann"},
		})["code"]
		for _, barcode := range []string{"", code} {
			c := r.cast(completed)
			drivers := driverpb.NewDriverServiceClient(c.conn())
			_, err := drivers.CollectFare(c.as(driverOne), &driverpb.CollectFareRequest{
				RequestId: "pay", RideId: string(c.ride), Channel: string(channel),
				Barcode: barcode,
			})
			c.ok(err)
			ticket := func() string {
				res, err := drivers.ListPayments(c.as(driverOne),
					&driverpb.ListPaymentsRequest{RideId: string(c.ride)})
				c.ok(err)
				return res.GetPayments()[0].GetTicket()
			}
			if barcode == "" {
				c.eventually("a ticket", func() bool { return ticket() != "" })
				c.posts("/pay", map[string]any{
					"ticket": ticket(), "payer": map[string]string{"account": "a-friend"},
				})
			}
			c.eventually("settled", c.settled)
		}
		c := r.cast(completed)
		_, err := driverpb.NewDriverServiceClient(c.conn()).CollectFare(c.as(driverOne),
			&driverpb.CollectFareRequest{
				RequestId: "pay", RideId: string(c.ride), Channel: string(channel),
				Barcode: "999999999999999999",
			})
		c.ok(err)
		c.eventually("due again", func() bool {
			p := c.owed()
			return p.GetState() == "due" && p.GetAttemptState() == "closed" && p.GetReason() != ""
		})
	}
}

func (c *cast) payThrough(channel money.ChannelName, way money.Way, token string) {
	c.t.Helper()
	clearing, fees := money.ChannelClearing(channel), money.FeeExpense(channel)
	wasClearing, wasFees := c.balance(clearing), c.balance(fees)
	_, err := riderpb.NewRiderServiceClient(c.conn()).PayRide(c.as(riderOne),
		&riderpb.PayRideRequest{
			RequestId: "pay", RideId: string(c.ride), Channel: string(channel),
			Way: string(way), Token: token,
		})
	c.ok(err)
	if way != money.WayBarcode {
		c.eventually("a ticket", func() bool { return c.owed().GetTicket() != "" })
		c.posts("/pay", map[string]any{
			"ticket": c.owed().GetTicket(),
			"payer":  map[string]string{"account": "a-payers-own-id"},
		})
	}
	c.eventually("settled", c.settled)
	fare := money.Fen(c.owed().GetAmountFen())
	fee, err := money.ApplyPPM(fare, standinFee)
	c.ok(err)
	if moved := c.balance(clearing) - wasClearing; moved != fee-fare {
		c.t.Errorf("clearing has moved by %s, want %s", moved, fee-fare)
	}
	if moved := c.balance(fees) - wasFees; moved != -fee {
		c.t.Errorf("fees have moved by %s, want %s", moved, -fee)
	}
	_, err = opspb.NewOpsServiceClient(c.conn()).RefundRide(c.as(staff), &opspb.RefundRideRequest{
		RequestId: c.fresh(), RideId: string(c.ride), Purpose: "fare", AmountFen: 1_00,
		Why: "a detour",
	})
	c.ok(err)
	c.eventually("refunded", func() bool {
		return c.balance(clearing)-wasClearing == fee-fare+1_00
	})
	if p := c.owed(); p.GetState() != "partly_refunded" || p.GetRefundedFen() != 1_00 {
		c.t.Errorf("%v, want 1.00 refunded", p)
	}
}
