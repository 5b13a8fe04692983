package main

import (
	"context"
	"testing"
	"time"

	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// TestRegularFirst: after a ride, rider and driver keep each other; the next request goes to that
// driver though another taxi is nearer, and to the other one at the driver's no. All of it goes
// through the real API.
func TestRegularFirst(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	c := r.cast(settled)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	rider, driver := riderpb.NewRiderServiceClient(c.conn()),
		driverpb.NewDriverServiceClient(c.conn())
	proposal, err := rider.ProposeRegular(c.in(ctx, riderOne),
		&riderpb.ProposeRegularRequest{RequestId: "keep", RideId: string(c.ride)})
	c.ok(err)
	waiting, err := driver.ListRegulars(c.in(ctx, driverOne), &driverpb.ListRegularsRequest{})
	c.ok(err)
	id := proposal.GetRegular().GetRegularId()
	if list := waiting.GetRegulars(); len(list) != 1 || list[0].GetRegularId() != id ||
		list[0].GetProposedByYou() {
		t.Fatalf("the driver's list: %v", waiting)
	}
	_, err = driver.AgreeRegular(c.in(ctx, driverOne),
		&driverpb.AgreeRegularRequest{RequestId: "yes", RegularId: id})
	c.ok(err)

	phone := c.rolling(ctx)      // 500 m away
	c.cruise(driverTwo, 0.1)     // 100 m
	c.awaitNear(ctx, c.at(0), 2) // taxis
	asked, err := rider.RequestRide(c.in(ctx, riderOne), &riderpb.RequestRideRequest{
		RequestId: "first", City: "beijing", Seats: 1, PayBy: "cash",
		Pickup: placeOf(c.at(0)), Dropoff: placeOf(c.at(5)),
		First: &riderpb.AskFirst{RegularId: id, RegularSeconds: 60},
	})
	c.ok(err)
	watch, err := rider.WatchRide(c.in(ctx, riderOne),
		&riderpb.WatchRideRequest{RideId: asked.GetRide().GetRideId()})
	c.ok(err)
	waitsFor := func(whom typepb.WaitsFor) {
		t.Helper()
		hears(c, whom.String(), watch.Recv, func(m *riderpb.WatchRideResponse) bool {
			return m.GetRide().GetWaitsFor() == whom
		})
	}
	waitsFor(typepb.WaitsFor_WAITS_FOR_REGULAR)
	offer := hears(c, "the regular's offer", phone.Recv, func(m *driverpb.DriveResponse) bool {
		return m.GetOffer() != nil
	}).GetOffer()
	if !offer.GetForYou() || offer.GetRideId() != asked.GetRide().GetRideId() {
		t.Errorf("offered %v", offer)
	}
	c.ok(phone.Send(command(&driverpb.Command{
		RequestId: "no", Action: &driverpb.Command_Decline{
			Decline: &driverpb.OfferAnswer{OfferId: offer.GetOfferId()},
		},
	})))
	waitsFor(typepb.WaitsFor_WAITS_FOR_ALL)
	for {
		got, err := driver.GetSnapshot(c.in(ctx, driverTwo), &driverpb.GetSnapshotRequest{})
		c.ok(err)
		if o := got.GetSnapshot().GetOffer(); o != nil {
			if o.GetForYou() || o.GetRideId() != asked.GetRide().GetRideId() {
				t.Errorf("the other is offered %v", o)
			}
			return
		}
	}
}
