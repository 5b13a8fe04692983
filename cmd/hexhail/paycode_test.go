package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// atCode is what the service's HTTP side says of a code, after asking for money if ask is given.
func (r *realm) atCode(path string, ask map[string]string) (said struct {
	Plate    string `json:"plate"`
	State    string `json:"state"`
	DueFen   int64  `json:"due_fen"`
	Payments []struct {
		Ticket string `json:"ticket"`
	} `json:"payments"`
	Reason string `json:"reason"`
},
) {
	r.t.Helper()
	method, body := http.MethodGet, []byte(nil)
	if ask != nil {
		var err error
		method = http.MethodPost
		body, err = json.Marshal(ask)
		r.ok(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method,
		"http://"+r.service.httpAt.Addr().String()+path, bytes.NewReader(body))
	r.ok(err)
	res, err := http.DefaultClient.Do(req)
	r.ok(err)
	defer func() { _ = res.Body.Close() }()
	r.ok(json.NewDecoder(res.Body).Decode(&said))
	return said
}

// kerb is a street ride of driverOne's at 14 yuan that is paid by a code.
func (c *cast) kerb() dispatch.RideID {
	c.t.Helper()
	drivers := driverpb.NewDriverServiceClient(c.conn())
	give := func(command *driverpb.Command) *typepb.Ride {
		command.RequestId = c.fresh()
		res, err := drivers.GiveCommand(c.as(driverOne),
			&driverpb.GiveCommandRequest{Command: command})
		c.ok(err)
		return res.GetDone().GetRide()
	}
	ride := give(&driverpb.Command{Action: &driverpb.Command_Occupied{
		Occupied: &driverpb.StreetRide{At: wire.PointPB(c.at(0))},
	}})
	ride = give(&driverpb.Command{Action: &driverpb.Command_Completed{
		Completed: &driverpb.Completion{RideId: ride.GetRideId(), MeterFen: 14_00, ByCode: true},
	}})
	if ride.GetState() != typepb.RideState_RIDE_STATE_COMPLETED {
		c.t.Fatalf("%v: want it to be paid", ride)
	}
	return dispatch.RideID(ride.GetRideId())
}

// TestStreetRideByCode: whoever got in at the kerb scans the code on the dashboard, or a friend
// elsewhere the picture of the ride's, pays through either channel, and the driver's phone says so.
func TestStreetRideByCode(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin")
	for i, channel := range []money.ChannelName{money.WeChat, money.Alipay} {
		c := r.cast(settled)
		drivers := driverpb.NewDriverServiceClient(c.conn())
		ride := c.kerb()
		ask := &driverpb.MakePayCodeRequest{RequestId: c.fresh()}
		if i == 1 {
			ask.RideId = string(ride)
		}
		code, err := drivers.MakePayCode(c.as(driverOne), ask)
		c.ok(err)
		if seen := c.atCode(code.GetPath(), nil); seen.Plate != c.plate(driverOne) ||
			seen.DueFen != 14_00 {
			t.Fatalf("%+v", seen)
		}
		c.atCode(code.GetPath(), map[string]string{
			"request_id": c.fresh(), "channel": string(channel), "way": "qr",
		})
		ticket := func() string { return c.atCode(code.GetPath(), nil).Payments[0].Ticket }
		c.eventually("a ticket", func() bool { return ticket() != "" })
		c.posts("/pay", map[string]any{
			"ticket": ticket(), "payer": map[string]string{"account": "a-friend"},
		})
		c.eventually("the driver is told", func() bool {
			res, err := drivers.ListPayments(c.as(driverOne),
				&driverpb.ListPaymentsRequest{RideId: string(ride)})
			c.ok(err)
			return res.GetPayments()[0].GetState() == "paid"
		})
		after := c.atCode(code.GetPath(), nil)
		if i == 0 && after.Reason != string(dispatch.ReasonNothingDue) ||
			i == 1 && after.State != "settled" {
			t.Errorf("after it is paid: %+v", after)
		}
		if got := c.balance(money.DriverPayable(
			dispatch.DriverParty(dispatch.DriverID(c.id(driverOne))))); got != 14_00 {
			t.Errorf("the driver is owed %s", got)
		}
	}
}

// TestFriendsShareAFare: one friend has an account here and pays out of the wallet, another scans
// the picture of a code, and who organises it pays the last third: then the ride is settled.
func TestFriendsShareAFare(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--channels", "standin")
	c := r.cast(completed)
	riders := riderpb.NewRiderServiceClient(c.conn())
	split, err := riders.SplitFare(c.as(riderOne), &riderpb.SplitFareRequest{
		RequestId: c.fresh(), RideId: string(c.ride),
		Friends: []*riderpb.Friend{{Phone: c.phone(riderTwo)}, {}},
	})
	c.ok(err)
	asked, err := riders.ListShares(c.as(riderTwo), &riderpb.ListSharesRequest{})
	c.ok(err)
	if len(asked.GetShares()) != 1 {
		t.Fatalf("riderTwo is asked for %v", asked)
	}
	friend := dispatch.RiderParty(dispatch.RiderID(c.id(riderTwo)))
	c.ok(money.Cashier{Store: c.service.db}.TopUp(t.Context(), "for a friend",
		money.SandboxEquity, friend, 100_00, c.now))
	_, err = riders.PayByCode(c.as(riderTwo), &riderpb.PayByCodeRequest{
		RequestId: c.fresh(), Code: asked.GetShares()[0].GetCode(), Channel: "wallet",
	})
	c.ok(err)
	path := "/pay/" + split.GetShares()[2].GetCode()
	c.atCode(path, map[string]string{
		"request_id": c.fresh(), "channel": "wechat", "way": "qr",
	})
	c.eventually("a ticket", func() bool { return c.atCode(path, nil).Payments[0].Ticket != "" })
	c.posts("/pay", map[string]any{
		"ticket": c.atCode(path, nil).Payments[0].Ticket,
		"payer":  map[string]string{"account": "a-friend"},
	})
	c.eventually("the friend's is paid", func() bool { return c.atCode(path, nil).DueFen == 0 })
	if c.settled() {
		t.Fatal("settled before all is paid")
	}
	_, err = c.service.desk.CashReceived(t.Context(), c.now, c.once(driverOne),
		dispatch.CashReceived{Ride: c.ride, Driver: dispatch.DriverID(c.id(driverOne))})
	c.ok(err)
	c.eventually("settled", c.settled)
}
