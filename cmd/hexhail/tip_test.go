package main

import (
	"context"
	"testing"
	"time"

	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// TestRaisedTip: the only driver near declines, the rider's app proposes a tip, the rider raises
// it, and the same driver is asked again, for that tip, which in the end is wholly theirs. All of
// it goes through the real API, ten city seconds a second.
func TestRaisedTip(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--clock-rate", "10")
	c := &cast{realm: r, n: r.ids.Add(1), now: r.service.clock.Now()}
	c.enrol()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	rider := riderpb.NewRiderServiceClient(c.conn())
	c.ok(errOf(opspb.NewOpsServiceClient(c.conn()).TopUpWallet(c.in(ctx, staff),
		&opspb.TopUpWalletRequest{
			RequestId: "fund", RiderId: c.id(riderOne), AmountFen: 100_00,
		})))
	phone := c.rolling(ctx)
	c.awaitNear(ctx, c.at(0), 1)
	asked, err := rider.RequestRide(c.in(ctx, riderOne), &riderpb.RequestRideRequest{
		RequestId: "ask", City: "beijing", Seats: 1, PayBy: "wallet", Pickup: placeOf(c.at(0)),
		Dropoff: placeOf(c.at(5)),
	})
	c.ok(err)
	ride := asked.GetRide().GetRideId()
	watch, err := rider.WatchRide(c.in(ctx, riderOne), &riderpb.WatchRideRequest{RideId: ride})
	c.ok(err)
	until := func(what string, fits func(*typepb.Ride) bool) {
		t.Helper()
		hears(c, what, watch.Recv, func(m *riderpb.WatchRideResponse) bool {
			return fits(m.GetRide())
		})
	}

	offer := c.offeredAt(phone, 0)
	c.say(phone, &driverpb.Command{Action: &driverpb.Command_Decline{
		Decline: &driverpb.OfferAnswer{OfferId: offer.GetOfferId()},
	}})
	const tip = 5_00
	until("the proposal", func(r *typepb.Ride) bool { return r.GetSuggestedTipFen() == tip })
	c.ok(errOf(rider.AddTip(c.in(ctx, riderOne),
		&riderpb.AddTipRequest{RequestId: "tip", RideId: ride, TipFen: tip})))
	offer = c.offeredAt(phone, tip)
	c.say(phone, &driverpb.Command{Action: &driverpb.Command_Accept{
		Accept: &driverpb.OfferAnswer{OfferId: offer.GetOfferId()},
	}})
	action := &driverpb.RideAction{RideId: ride}
	c.say(phone, &driverpb.Command{Action: &driverpb.Command_Arrived{Arrived: action}})
	c.say(phone, &driverpb.Command{Action: &driverpb.Command_Started{Started: action}})
	c.say(phone, &driverpb.Command{Action: &driverpb.Command_Completed{
		Completed: &driverpb.Completion{RideId: ride, MeterFen: c.meterFen()},
	}})
	c.ok(errOf(rider.PayRide(c.in(ctx, riderOne),
		&riderpb.PayRideRequest{RequestId: "pay", RideId: ride, Channel: "wallet"})))
	until("the end", func(r *typepb.Ride) bool {
		return r.GetState() == typepb.RideState_RIDE_STATE_SETTLED
	})
	got, err := driverpb.NewDriverServiceClient(c.conn()).GetEarnings(c.in(ctx, driverOne),
		&driverpb.GetEarningsRequest{})
	c.ok(err)
	if got.GetTipsFen() != tip || got.GetBalanceFen() != c.meterFen()+tip {
		t.Errorf("the driver has earned %v", got)
	}
}

// offeredAt waits for an offer on driverOne's phone, which must be at a tip.
func (c *cast) offeredAt(
	phone driverpb.DriverService_DriveClient, tip int64,
) *driverpb.Offer {
	c.t.Helper()
	offer := hears(c, "the offer", phone.Recv, func(m *driverpb.DriveResponse) bool {
		return m.GetOffer() != nil
	}).GetOffer()
	if offer.GetTipFen() != tip {
		c.t.Errorf("offered at %d fen, not %d", offer.GetTipFen(), tip)
	}
	return offer
}

// say gives a command on driverOne's phone and waits until it is done.
func (c *cast) say(phone driverpb.DriverService_DriveClient, cmd *driverpb.Command) {
	c.t.Helper()
	cmd.RequestId = c.fresh()
	c.ok(phone.Send(command(cmd)))
	result := hears(c, "the result", phone.Recv, func(m *driverpb.DriveResponse) bool {
		return m.GetResult().GetRequestId() == cmd.GetRequestId()
	}).GetResult()
	if e := result.GetError(); e != nil {
		c.t.Fatalf("%v: %v", cmd, e)
	}
}
