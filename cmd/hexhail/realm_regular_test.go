package main

import (
	"context"

	"hexhail/dispatch"
	"hexhail/geo"
)

// keep has riderOne propose to keep driverOne, who may agree at once.
func (c *cast) keep(agree bool) {
	c.t.Helper()
	ctx, desk := c.t.Context(), c.service.desk
	got, err := desk.ProposeRegular(ctx, c.now, c.once(riderOne), dispatch.ProposeRegular{
		Person: dispatch.Person{Rider: dispatch.RiderID(c.id(riderOne))}, Ride: c.ride,
	})
	c.ok(err)
	if c.regular = got.ID; agree {
		_, err = desk.AgreeRegular(ctx, c.now, c.once(driverOne), dispatch.RegularWord{
			Person: dispatch.Person{Driver: dispatch.DriverID(c.id(driverOne))}, Regular: got.ID,
		})
		c.ok(err)
	}
}

// gather has driverOne found a team and invite driverTwo.
func (c *cast) gather() {
	c.t.Helper()
	ctx, desk, driver := c.t.Context(), c.service.desk, dispatch.DriverID(c.id(driverOne))
	own, err := desk.FoundTeam(ctx, c.now, c.once(driverOne),
		dispatch.FoundTeam{Driver: driver, Name: c.team()})
	c.ok(err)
	invited, err := desk.InviteToTeam(ctx, c.now, c.once(driverOne), dispatch.InviteToTeam{
		Driver: driver, Invited: dispatch.DriverID(c.id(driverTwo)),
	})
	c.ok(err)
	c.own, c.invited = own.ID, invited.ID
}

// awaitNear waits until riders at a place see so many taxis.
func (c *cast) awaitNear(ctx context.Context, at geo.Point, taxis int) {
	c.t.Helper()
	for {
		near, err := c.service.bus.Nearby(ctx, "beijing", at)
		c.ok(err)
		if len(near.Taxis) >= taxis {
			return
		}
	}
}
