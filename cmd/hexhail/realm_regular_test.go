package main

import (
	"context"
	"fmt"
	"time"

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

// handOver has driverOne offer the booking to the team, and driverTwo join it, who may take it over
// at once.
func (c *cast) handOver(take bool) {
	c.t.Helper()
	c.gather()
	ctx, desk := c.t.Context(), c.service.desk
	one, two := dispatch.DriverID(c.id(driverOne)), dispatch.DriverID(c.id(driverTwo))
	_, err := desk.JoinTeam(ctx, c.now, c.once(driverTwo),
		dispatch.MemberWord{Driver: two, Member: c.invited})
	c.ok(err)
	_, err = desk.HandOverBooking(ctx, c.now, c.once(driverOne),
		dispatch.HandOverBooking{Ride: c.ride, Driver: one})
	c.ok(err)
	if take {
		_, err = desk.TakeOverBooking(ctx, c.now, c.once(driverTwo),
			dispatch.HoldBooking{Ride: c.ride, Driver: two})
		c.ok(err)
	}
}

// greeting is what driverOne writes to their regulars.
func (c *cast) greeting() string { return fmt.Sprintf("马年吉祥 from %05d", c.n) }

// greet has driverOne greet their regulars, at a festival that is today: what was sent at one long
// ago is soon forgotten.
func (c *cast) greet() {
	c.t.Helper()
	desk, zone := *c.service.desk, c.service.cities["beijing"].Zone
	desk.Festivals = dispatch.Festivals{{
		ID: "today", Name: "today", NameZH: "今天", Day: c.now.In(zone).Format(time.DateOnly),
	}}
	_, err := desk.SendGreeting(c.t.Context(), c.now, c.once(driverOne), dispatch.SendGreeting{
		Driver: dispatch.DriverID(c.id(driverOne)), Festival: "today", Text: c.greeting(),
	})
	c.ok(err)
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
