package driver

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// GiveCommand does a command without a stream. Errors: as in a result on the stream.
func (v *Server) GiveCommand(
	ctx context.Context, in *driverpb.GiveCommandRequest,
) (*driverpb.GiveCommandResponse, error) {
	s, err := v.of(ctx)
	if err != nil {
		return nil, err
	}
	done, err := s.command(ctx, in.GetCommand(), false)
	if err != nil {
		return nil, err
	}
	return &driverpb.GiveCommandResponse{Done: done}, nil
}

// SendFixes takes fixes of the taxi of the driver's shift. What is refused is no error.
func (v *Server) SendFixes(
	ctx context.Context, in *driverpb.SendFixesRequest,
) (*driverpb.SendFixesResponse, error) {
	s, err := v.of(ctx)
	if err != nil {
		return nil, err
	}
	done := s.takeFixes(ctx, in.GetBatch())
	return &driverpb.SendFixesResponse{
		Taken:   int32(done.taken), //nolint:gosec // G115: at most MaxFixes
		Refused: done.refused.counts(),
	}, nil
}

// AckOffer notes that an offer has reached the driver's eyes. NotFound if it is not the driver's.
func (v *Server) AckOffer(
	ctx context.Context, in *driverpb.AckOfferRequest,
) (*driverpb.AckOfferResponse, error) {
	driver := dispatch.DriverID(wire.CallerOf(ctx).ID)
	err := v.c.Desk.Delivered(ctx, v.c.Now(), dispatch.OfferID(in.GetOfferId()), driver)
	if err != nil {
		return nil, err
	}
	return &driverpb.AckOfferResponse{}, nil
}

// GetSnapshot reads where the driver stands.
func (v *Server) GetSnapshot(
	ctx context.Context, _ *driverpb.GetSnapshotRequest,
) (*driverpb.GetSnapshotResponse, error) {
	s := v.outside(ctx)
	defer v.moved(s, nil)
	if is := v.book.get(s.driver); is != nil {
		s.inherit(is) // where the taxi is
	}
	snapshot, err := s.stands(ctx)
	if err != nil {
		return nil, err
	}
	return &driverpb.GetSnapshotResponse{Snapshot: snapshot}, nil
}

// maxEarnings is the longest span that earnings are added up for: a year, by days.
const maxEarnings = 366 * 24 * time.Hour

// GetEarnings adds up what the driver has earned: today in the city of the shift, if nothing is
// said.
func (v *Server) GetEarnings(
	ctx context.Context, in *driverpb.GetEarningsRequest,
) (*driverpb.GetEarningsResponse, error) {
	driver := dispatch.DriverID(wire.CallerOf(ctx).ID)
	from, to := wire.TimeOf(in.GetFrom()), wire.TimeOf(in.GetTo())
	if to.IsZero() {
		to = v.c.Now()
	}
	if from.IsZero() {
		zone, err := v.zoneOf(ctx, driver)
		if err != nil {
			return nil, err
		}
		from = beginOfDay(to, zone)
	}
	if from.After(to) || to.Sub(from) > maxEarnings {
		return nil, wire.BadField("from", "not after to and at most 366 days before it")
	}
	sum, err := v.c.Reads.Earnings(ctx, driver, from, to)
	if err != nil {
		return nil, err
	}
	return &driverpb.GetEarningsResponse{
		Rides:        int32(min(sum.Rides, 1<<30)), //nolint:gosec // G115: at most 1<<30
		FaresFen:     int64(sum.Fares),
		CashFen:      int64(sum.Cash),
		TipsFen:      int64(sum.Tips),
		SubsidiesFen: int64(sum.Subsidies),
		BalanceFen:   int64(sum.Balance),
	}, nil
}

// zoneOf is the time zone that a driver works in; UTC before the first shift, when there is nothing
// to be added up.
func (v *Server) zoneOf(ctx context.Context, driver dispatch.DriverID) (*time.Location, error) {
	rows, err := v.c.Desk.Snapshot(ctx, driver)
	if err != nil && dispatch.ReasonOf(err) != dispatch.ReasonUnknownDriver {
		return nil, err
	}
	if city, ok := v.c.Cities[rows.Shift.City]; ok && err == nil {
		return city.Zone, nil
	}
	return time.UTC, nil
}

// beginOfDay is the begin of a city's day.
func beginOfDay(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
}

// ListRides reads the driver's rides, the latest first. Of the rider nothing is in it.
func (v *Server) ListRides(
	ctx context.Context, in *driverpb.ListRidesRequest,
) (*driverpb.ListRidesResponse, error) {
	caller := wire.CallerOf(ctx)
	list := "driver/rides/" + caller.Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	rides, err := v.c.Reads.DriverRides(ctx, dispatch.DriverID(caller.ID), page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListRidesResponse{Rides: make([]*typepb.Ride, 0, len(rides))}
	for _, r := range rides {
		out.Rides = append(out.Rides, wire.RidePB(r))
	}
	if len(rides) < page.Limit {
		return out, nil
	}
	last := string(rides[len(rides)-1].ID)
	more, err := v.c.Reads.DriverRides(
		ctx, dispatch.DriverID(caller.ID), dispatch.Page{After: last, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(more) > 0 {
		out.NextPageToken = wire.NextPage(list, last)
	}
	return out, nil
}
