package driver

import (
	"context"
	"math"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// GetWhy tells why the driver got the rides that they got, or none: the blurred story.
func (v *Server) GetWhy(
	ctx context.Context, in *driverpb.GetWhyRequest,
) (*driverpb.GetWhyResponse, error) {
	story, err := dispatch.ExplainDriver(ctx, v.c.Desk.Store, v.c.LiveLog, dispatch.DriverQuestion{
		Driver: dispatch.DriverID(wire.CallerOf(ctx).ID),
		From:   wire.TimeOf(in.GetFrom()), To: wire.TimeOf(in.GetTo()),
	}, v.c.Now())
	if err != nil {
		return nil, err
	}
	story = story.Blurred()
	zone := time.UTC
	if city, ok := v.c.Cities[story.City]; ok {
		zone = city.Zone
	}
	out := &driverpb.GetWhyResponse{
		Hindrance: story.Hindrance.String(), Text: story.Tell(dispatch.English, zone),
		TextZh: story.Tell(dispatch.Chinese, zone),
		From:   wire.TimePB(story.From), To: wire.TimePB(story.To),
		UnwatchedSeconds: secondsPB(story.Unwatched), Presence: story.Now.String(),
		Rides:      countPB(story.Rides),
		Accepted:   countPB(story.Answers[dispatch.OfferAccepted]),
		Declined:   countPB(story.Answers[dispatch.OfferDeclined]),
		Unanswered: countPB(story.Answers[dispatch.OfferSilent]),
		Missed:     countPB(story.Answers[dispatch.OfferExpired]),
		GivenBack:  countPB(story.GivenBack),
	}
	for p, spent := range story.Spent {
		if spent > 0 {
			out.Times = append(out.Times, &driverpb.PresenceTime{
				Presence: dispatch.Presence(p).String(), Seconds: secondsPB(spent),
			})
		}
	}
	for _, t := range story.Changes {
		out.Changes = append(out.Changes, &driverpb.PresenceChange{
			At: wire.TimePB(t.At), Presence: t.Presence.String(), HeardAt: wire.TimePB(t.HeardAt),
		})
	}
	for _, c := range story.Verdicts {
		out.Verdicts = append(out.Verdicts, &driverpb.VerdictCount{
			Verdict: c.Verdict.String(), Rides: countPB(c.Rides),
		})
	}
	for _, r := range story.Seen {
		out.Seen = append(out.Seen, seenPB(r))
	}
	return out, nil
}

func seenPB(r dispatch.SeenRide) *driverpb.SeenRide {
	pb := &driverpb.SeenRide{
		At: wire.TimePB(r.At), PickupSeconds: countPB(r.PickupS), Verdict: r.Verdict.String(),
		Offer: r.Offer.String(), TakenByAnother: r.Taken && !r.Mine,
		GivenBack: r.Back,
	}
	if r.Pickup != (geo.Point{}) {
		pb.Near = wire.PointPB(r.Pickup)
	}
	return pb
}

// countPB is n, or the end of the range that it is beyond.
func countPB(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }

// secondsPB is a time in whole seconds.
func secondsPB(d time.Duration) int32 { return countPB(int(d.Seconds())) }
