package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ExplainRide tells why a ride was taken, or why nobody took it. While it searches the log is the
// engine's; if that has no time to tell, it is at most a minute old.
func (s *Server) ExplainRide(ctx context.Context, in *opspb.ExplainRideRequest) (
	*opspb.ExplainRideResponse, error,
) {
	record, err := s.record(ctx, dispatch.RideID(in.GetRideId()))
	if err != nil {
		return nil, err
	}
	story := dispatch.ExplainRide(record, s.now())
	zone, maxPickup := time.UTC, dispatch.DefaultPolicy().MaxPickup()
	if city, err := s.config.Cities.City(record.Ride.City); err == nil {
		zone, maxPickup = city.Zone, city.PolicyAt(record.Ride.RequestedAt).MaxPickup()
	}
	out := &opspb.ExplainRideResponse{
		Ride: wire.RidePB(record.Ride), Cause: story.Cause.String(),
		CauseUntil:   story.Until.String(),
		Text:         story.Tell(dispatch.English, zone, maxPickup),
		TextZh:       story.Tell(dispatch.Chinese, zone, maxPickup),
		Rounds:       int32Of(story.Rounds),
		RoundsOutbid: int32Of(story.Outbid), RoundsWithout: int32Of(story.Without),
		OffersMade: int32Of(story.Made), CallsMade: int32Of(story.Called),
	}
	if record.Hold != nil {
		en, zh := dispatch.HoldWords(*record.Hold)
		out.Text, out.TextZh = out.GetText()+"\n"+en+"\n", out.GetTextZh()+"\n"+zh+"\n"
	}
	for _, o := range story.Offers {
		out.Offers = append(out.Offers, &opspb.OfferAnswer{
			OfferId: string(o.ID), DriverId: string(o.Driver), TaxiId: string(o.Taxi),
			PickupMeters: int32Of(o.PickupM), PickupSeconds: int32Of(o.PickupS),
			MadeAt: wire.TimePB(o.MadeAt), EndedAt: wire.TimePB(o.EndedAt), State: o.State.String(),
		})
	}
	for _, c := range story.Calls {
		out.Calls = append(out.Calls, &opspb.CallAnswer{
			CallId: string(c.ID), RadiusMeters: int32Of(c.RadiusM), Taxis: int32Of(c.Taxis),
			MadeAt: wire.TimePB(c.MadeAt), EndedAt: wire.TimePB(c.EndedAt), State: c.State.String(),
			DriverId: string(c.Driver),
		})
	}
	for _, spent := range story.Spent {
		out.Times = append(out.Times, &opspb.CauseTime{
			Cause: spent.Cause.String(), Seconds: int32Of(int(spent.For().Seconds())),
		})
	}
	for _, l := range record.Log.Looks {
		out.Looks = append(out.Looks, lookPB(l))
	}
	return out, nil
}

func lookPB(l dispatch.Look) *opspb.Look {
	pb := &opspb.Look{
		At: wire.TimePB(l.At), Until: wire.TimePB(l.Until), Times: int32Of(l.Times),
		Cause: l.Cause.String(), Waiting: int32Of(l.Waiting), Idle: int32Of(l.Idle),
		City: censusPB(l.City), Near: censusPB(l.Near), NearestMeters: int32Of(l.NearestM),
		NearestSeconds: int32Of(l.NearestS), HeardSeconds: int32Of(l.HeardS),
	}
	for _, u := range l.Unfit {
		pb.Unfit = append(pb.Unfit, &opspb.Unfit{
			Verdict: u.Verdict.String(), Taxis: int32Of(u.Taxis),
		})
	}
	return pb
}

func censusPB(c dispatch.Census) *opspb.Census {
	return &opspb.Census{
		Idle: int32Of(c.Idle), Busy: int32Of(c.Busy), Offered: int32Of(c.Offered),
		Paused: int32Of(c.Paused), Off: int32Of(c.Off), Silent: int32Of(c.Silent),
		Unplaced: int32Of(c.Unplaced),
	}
}
