package driver

import (
	"context"
	"strconv"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// handOverQuery says what a driver with a shift may take over now.
func (v *Server) handOverQuery(shift dispatch.Shift) dispatch.HandOverQuery {
	now := v.c.Now()
	q := dispatch.HandOverQuery{Driver: shift.Driver, Seats: shift.Seats, After: now}
	if city, ok := v.c.Cities[shift.City]; ok {
		q.After = now.Add(city.PolicyAt(now).HandOverLead())
	}
	return q
}

// ListHandOvers reads the bookings that the driver may take over, the first pickup first.
func (v *Server) ListHandOvers(
	ctx context.Context, in *driverpb.ListHandOversRequest,
) (*driverpb.ListHandOversResponse, error) {
	list := "driver/handovers/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	rows, err := v.c.Desk.Snapshot(ctx, self(ctx).Driver)
	if err != nil {
		return nil, err
	}
	cards, err := v.c.Reads.HandOvers(ctx, v.handOverQuery(rows.Shift), page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListHandOversResponse{}
	for _, c := range cards {
		if !rows.Shift.Vehicle.Serves(c.Ride.Wants) {
			continue
		}
		pb, err := v.handOverPB(c, rows.Shift.Driver)
		if err != nil {
			return nil, err
		}
		out.HandOvers = append(out.HandOvers, pb)
	}
	if len(cards) == page.Limit {
		out.NextPageToken = wire.NextPage(list,
			dispatch.BookingKey(cards[len(cards)-1].Ride))
	}
	return out, nil
}

// handOverPB is a booking as a driver sees it who may take it over.
func (v *Server) handOverPB(
	c dispatch.HandOverCard, driver dispatch.DriverID,
) (*driverpb.HandOver, error) {
	b, err := openBookingPB(c.Ride, driver)
	if err != nil {
		return nil, err
	}
	pb := &driverpb.HandOver{
		Booking: b, From: c.From, ToYou: c.Ride.Booking.HandOver.To == driver,
	}
	if city, ok := v.c.Cities[c.Ride.City]; ok {
		lead := city.PolicyAt(v.c.Now()).HandOverLead()
		pb.Until = wire.TimePB(c.Ride.Booking.PickupAt.Add(-lead))
	}
	return pb, nil
}

// hearHandOver tells of a booking that is offered to the driver's team, or no more: the row says
// which when its turn comes.
func (s *session) hearHandOver(n dispatch.HandOverNews) {
	s.mu.Lock()
	shift := s.stand.shift
	news := s.stand.once(s.srv.book.seed, "hand over "+string(n.Ride), strconv.Itoa(n.Version))
	s.mu.Unlock()
	if !news {
		return
	}
	s.sendLate(func(ctx context.Context) (*driverpb.DriveResponse, error) {
		q := s.srv.handOverQuery(shift)
		c, err := s.srv.c.Reads.HandOver(ctx, q, n.Ride)
		if dispatch.KindOf(err) == dispatch.NotFound {
			return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_HandOverEnded{
				HandOverEnded: &driverpb.HandOverEnded{RideId: string(n.Ride)},
			}}, nil
		}
		if err != nil || !shift.Vehicle.Serves(c.Ride.Wants) {
			return nil, err
		}
		pb, err := s.srv.handOverPB(c, s.driver)
		return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_HandOver{
			HandOver: pb,
		}}, err
	})
}
