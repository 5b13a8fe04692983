package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// SendGreeting greets the driver's regulars.
func (v *Server) SendGreeting(
	ctx context.Context, in *driverpb.SendGreetingRequest,
) (*driverpb.SendGreetingResponse, error) {
	g, err := v.c.Desk.SendGreeting(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.SendGreeting{
			Driver: self(ctx).Driver, Festival: dispatch.FestivalID(in.GetFestivalId()),
			Text: in.GetText(),
		})
	if err != nil {
		return nil, err
	}
	return &driverpb.SendGreetingResponse{Greeting: v.greetingPB(g)}, nil
}

// ListGreetings reads what the driver has sent, the latest first, and for which festivals it is
// time.
func (v *Server) ListGreetings(
	ctx context.Context, in *driverpb.ListGreetingsRequest,
) (*driverpb.ListGreetingsResponse, error) {
	list := "driver/greetings/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	driver := self(ctx).Driver
	found, err := v.c.Reads.DriverGreetings(ctx, driver, page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListGreetingsResponse{}
	for _, g := range found {
		out.Greetings = append(out.Greetings, v.greetingPB(g))
	}
	if len(found) == page.Limit {
		out.NextPageToken = wire.NextPage(list, string(found[len(found)-1].ID))
	}
	rows, err := v.c.Desk.Snapshot(ctx, driver)
	if dispatch.KindOf(err) == dispatch.NotFound {
		return out, nil // before the first shift nobody knows the city, and nobody is a regular
	}
	if err != nil {
		return nil, err
	}
	if city, ok := v.c.Cities[rows.Shift.City]; ok {
		for _, f := range v.c.Desk.Festivals.Greeted(city, v.c.Now()) {
			out.Festivals = append(out.Festivals, wire.FestivalPB(f))
		}
	}
	return out, nil
}

func (v *Server) greetingPB(g dispatch.Greeting) *driverpb.Greeting {
	festival, _ := v.c.Desk.Festivals.Find(g.Festival)
	return &driverpb.Greeting{
		GreetingId: string(g.ID), Festival: wire.FestivalPB(festival), Text: g.Text,
		SentAt: wire.TimePB(g.SentAt),
		Riders: int32(min(g.Riders, 1000)), //nolint:gosec // G115: at most 1,000
	}
}
