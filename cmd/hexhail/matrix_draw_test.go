package main

import (
	"context"

	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// drawTable has the requests about daily draws.
func drawTable() map[string][]variant {
	const service = "hexhail.ops.v1.OpsService."
	return map[string][]variant{
		service + "LaunchDraw": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				return &opspb.LaunchDrawRequest{RequestId: "fresh", Draw: c.draw()}
			}),
			shows: func(*cast) map[who][]string { return map[who][]string{staff: {`"numberIs"`}} },
		}},
		service + "EnterDrawNumber": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				return &opspb.EnterDrawNumberRequest{
					RequestId: "fresh", City: "beijing", Day: c.frozenDay(), Number: "385",
				}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{staff: {`"DRAW_STATE_NUMBERED"`}}
			},
		}},
		service + "EndDraw": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				return &opspb.EndDrawRequest{
					RequestId: "fresh", City: "beijing", DrawId: c.launched(),
				}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{staff: {`"cancelledDays"`, `"returnedFen"`}}
			},
		}},
		service + "ListDrawDays": {{
			stage: searching,
			request: same(func(*cast) proto.Message {
				return &opspb.ListDrawDaysRequest{
					City: "beijing", FromDay: "2013-12-01", ToDay: "2013-12-31",
				}
			}),
			shows: func(*cast) map[who][]string { return map[who][]string{staff: {`{`}} },
		}},
		"hexhail.rider.v1.RiderService.ListLots": {{
			stage:   searching,
			request: same(func(*cast) proto.Message { return &riderpb.ListLotsRequest{} }),
		}},
	}
}

// draw is one of a day ahead that no other has.
func (c *cast) draw() *opspb.Draw {
	c.t.Helper()
	day := money.DayOf(c.service.clock.Now(), c.service.cities["beijing"].Zone).Next()
	taken, err := c.service.db.CityDrawDays(context.Background(), "beijing", day, "9999-12-31")
	c.ok(err)
	if len(taken) > 0 {
		day = taken[len(taken)-1].Day.Next()
	}
	return &opspb.Draw{
		Id: c.fresh(), Version: 1, City: "beijing", Sponsor: "us", Channel: "wallet", Slots: 1,
		MaxWinFen: 1, NumberIs: "3D lottery", FirstDay: string(day), LastDay: string(day),
	}
}

// launched launches one, and is its id.
func (c *cast) launched() string {
	c.t.Helper()
	d := c.draw()
	_, err := c.service.desk.LaunchDraw(context.Background(), c.service.clock.Now(),
		dispatch.Once{Identity: "ops:me", RequestID: d.GetId()}, money.Draw{
			ID: money.DrawID(d.GetId()), Version: 1, City: d.GetCity(), Sponsor: "us",
			Channel: money.InWallet, Slots: 1, MaxWin: 1, NumberIs: d.GetNumberIs(),
			FirstDay: money.Day(d.GetFirstDay()), LastDay: money.Day(d.GetLastDay()),
		})
	c.ok(err)
	return d.GetId()
}

// frozenDay is one that waits for its number.
func (c *cast) frozenDay() string {
	c.t.Helper()
	id := money.DrawID(c.launched())
	var day money.DrawDay
	c.ok(c.service.db.MoneyTx(context.Background(), func(tx money.Tx) error {
		days, err := tx.DrawDaysOf(id)
		if err != nil {
			return err
		}
		if day, err = days[0].Listed(1, "r"); err != nil {
			return err
		}
		if err := tx.UpdateDrawDay(day); err != nil {
			return err
		}
		err = tx.InsertLot(money.Lot{
			Draw: id, Day: day.Day, Code: "0123456789abcdef0123", Paid: 1,
			Subject: money.Subject(c.fresh()), Payer: "nobody",
		})
		if err != nil {
			return err
		}
		if day, err = day.Freeze("00", c.service.clock.Now()); err != nil {
			return err
		}
		return tx.UpdateDrawDay(day)
	}))
	return string(day.Day)
}
