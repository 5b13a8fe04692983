package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ExplainDriver tells why a driver got the rides that they got, or none. If the engine has no time
// to tell what it has not written yet, up to ten minutes are missing.
func (s *Server) ExplainDriver(ctx context.Context, in *opspb.ExplainDriverRequest) (
	*opspb.ExplainDriverResponse, error,
) {
	story, err := dispatch.ExplainDriver(ctx, s.config.Store, s.config.LiveDriver,
		dispatch.DriverQuestion{
			Driver: dispatch.DriverID(in.GetDriverId()),
			From:   wire.TimeOf(in.GetFrom()), To: wire.TimeOf(in.GetTo()),
		}, s.now())
	if err != nil {
		return nil, err
	}
	zone := time.UTC
	if city, err := s.config.Cities.City(story.City); err == nil {
		zone = city.Zone
	}
	out := &opspb.ExplainDriverResponse{
		Hindrance: story.Hindrance.String(), Text: story.Tell(dispatch.English, zone),
		TextZh: story.Tell(dispatch.Chinese, zone),
		From:   wire.TimePB(story.From), To: wire.TimePB(story.To),
		UnwatchedSeconds: int32Of(int(story.Unwatched.Seconds())),
		Presence:         story.Now.String(), Rides: int32Of(story.Rides),
		Accepted:   int32Of(story.Answers[dispatch.OfferAccepted]),
		Declined:   int32Of(story.Answers[dispatch.OfferDeclined]),
		Unanswered: int32Of(story.Answers[dispatch.OfferSilent]),
		Missed:     int32Of(story.Answers[dispatch.OfferExpired]),
		GivenBack:  int32Of(story.GivenBack),
	}
	for p, spent := range story.Spent {
		if spent > 0 {
			out.Times = append(out.Times, &opspb.PresenceTime{
				Presence: dispatch.Presence(p).String(), Seconds: int32Of(int(spent.Seconds())),
			})
		}
	}
	for _, t := range story.Changes {
		out.Changes = append(out.Changes, &opspb.PresenceChange{
			At: wire.TimePB(t.At), Presence: t.Presence.String(), HeardAt: wire.TimePB(t.HeardAt),
		})
	}
	for _, v := range story.Verdicts {
		out.Verdicts = append(out.Verdicts, &opspb.VerdictCount{
			Verdict: v.Verdict.String(), Rides: int32Of(v.Rides),
		})
	}
	for _, r := range story.Seen {
		out.Seen = append(out.Seen, seenPB(r))
	}
	return out, nil
}

func seenPB(r dispatch.SeenRide) *opspb.SeenRide {
	return &opspb.SeenRide{
		RideId: string(r.Ride), At: wire.TimePB(r.At), Until: wire.TimePB(r.Until),
		PickupMeters: int32Of(r.PickupM), PickupSeconds: int32Of(r.PickupS),
		CostSeconds: int32Of(r.CostS), Verdict: r.Verdict.String(), Offer: r.Offer.String(),
		State: wire.StatePB(r.State), RivalSeconds: int32Of(r.RivalS), GivenBack: r.Back,
	}
}
