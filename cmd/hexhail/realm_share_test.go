package main

import (
	"time"

	"hexhail/dispatch"
	driverpb "hexhail/pb/hexhail/driver/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// payers are those who may see what the ride costs.
func (c *cast) payers() []who {
	all := []who{riderOne, driverOne, companyOne, staff}
	if c.stage == halved {
		all = append(all, riderTwo)
	}
	return all
}

// halve has riderOne share the fare with riderTwo.
func (c *cast) halve() {
	c.t.Helper()
	shares, err := c.service.desk.Split(c.t.Context(), c.now, c.once(riderOne), dispatch.SplitFare{
		Ride: c.ride, Rider: dispatch.RiderID(c.id(riderOne)),
		Friends: []dispatch.Friend{{Phone: c.phone(riderTwo)}},
	})
	c.ok(err)
	c.code = shares[1].Code
}

// cruise has a driver's taxi report from a place, and waits until riders there can see it.
func (c *cast) cruise(w who, northKM float64) {
	c.t.Helper()
	at := c.at(northKM)
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := driverpb.NewDriverServiceClient(c.conn()).SendFixes(c.as(w),
			&driverpb.SendFixesRequest{Batch: &driverpb.FixBatch{Fixes: []*typepb.Fix{{
				Lat: at.Lat, Lng: at.Lng, AtMs: c.service.clock.Now().UnixMilli(),
			}}}})
		c.ok(err)
		near, err := c.service.bus.Nearby(c.t.Context(), "beijing", at)
		c.ok(err)
		if len(near.Taxis) > 0 {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatal("the taxi is nowhere")
		}
	}
}
