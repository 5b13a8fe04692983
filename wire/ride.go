package wire

import (
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/type/v1"
)

// int32Of is n, or the end of the range that it is beyond.
func int32Of(n int) int32 {
	return int32(min(max(n, math.MinInt32), math.MaxInt32))
}

// TimePB is a time for a message; nil for the zero Time.
func TimePB(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// TimeOf is a time of a message in UTC; the zero Time for nil.
func TimeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// StatePB is a ride's state for a message.
func StatePB(s dispatch.State) typepb.RideState {
	switch s {
	case dispatch.Scheduled:
		return typepb.RideState_RIDE_STATE_SCHEDULED
	case dispatch.Booked:
		return typepb.RideState_RIDE_STATE_BOOKED
	case dispatch.Searching:
		return typepb.RideState_RIDE_STATE_SEARCHING
	case dispatch.Assigned:
		return typepb.RideState_RIDE_STATE_ASSIGNED
	case dispatch.Arrived:
		return typepb.RideState_RIDE_STATE_ARRIVED
	case dispatch.OnTrip:
		return typepb.RideState_RIDE_STATE_ON_TRIP
	case dispatch.Completed:
		return typepb.RideState_RIDE_STATE_COMPLETED
	case dispatch.Settled:
		return typepb.RideState_RIDE_STATE_SETTLED
	case dispatch.Cancelled:
		return typepb.RideState_RIDE_STATE_CANCELLED
	case dispatch.NoShow:
		return typepb.RideState_RIDE_STATE_NO_SHOW
	case dispatch.Expired:
		return typepb.RideState_RIDE_STATE_EXPIRED
	default:
		return typepb.RideState_RIDE_STATE_UNSPECIFIED
	}
}

// StateOf is a ride's state of a message; 0, which is no state, if it does not say or names one
// that we do not know.
func StateOf(s typepb.RideState) dispatch.State {
	for state := dispatch.Scheduled; state <= dispatch.Expired; state++ {
		if StatePB(state) == s {
			return state
		}
	}
	return 0
}

func kindPB(k dispatch.RideKind) typepb.RideKind {
	switch k {
	case dispatch.Hailed:
		return typepb.RideKind_RIDE_KIND_HAILED
	case dispatch.Street:
		return typepb.RideKind_RIDE_KIND_STREET
	case dispatch.BookedRide:
		return typepb.RideKind_RIDE_KIND_BOOKED
	default:
		return typepb.RideKind_RIDE_KIND_UNSPECIFIED
	}
}

func fareStatePB(s dispatch.FareState) typepb.FareState {
	switch s {
	case dispatch.FareAccepted:
		return typepb.FareState_FARE_STATE_ACCEPTED
	case dispatch.FareAsked:
		return typepb.FareState_FARE_STATE_ASKED
	case dispatch.FareContested:
		return typepb.FareState_FARE_STATE_CONTESTED
	case dispatch.FareResolved:
		return typepb.FareState_FARE_STATE_RESOLVED
	default:
		return typepb.FareState_FARE_STATE_UNSPECIFIED
	}
}

// SourcePB is where a pickup time comes from, for a message.
func SourcePB(s geo.Source) typepb.PickupSource {
	switch s {
	case geo.SourceLearned:
		return typepb.PickupSource_PICKUP_SOURCE_LEARNED
	case geo.SourceRoad:
		return typepb.PickupSource_PICKUP_SOURCE_ROAD
	case geo.SourceService:
		return typepb.PickupSource_PICKUP_SOURCE_SERVICE
	default:
		return typepb.PickupSource_PICKUP_SOURCE_UNSPECIFIED
	}
}

// SourceOf is where a pickup time of a message comes from; 0 if it does not say or names a source
// that we do not know.
func SourceOf(s typepb.PickupSource) geo.Source {
	for source := geo.SourceLearned; source <= geo.SourceService; source++ {
		if SourcePB(source) == s {
			return source
		}
	}
	return 0
}

// QuotePB is a quote for a message; nil for the zero Quote of a street ride.
func QuotePB(q dispatch.Quote) *typepb.Quote {
	if q == (dispatch.Quote{}) {
		return nil
	}
	pb := &typepb.Quote{
		LowFen: int64(q.Low), HighFen: int64(q.High), DistanceMeters: int32Of(q.DistanceM),
		PickupSource: SourcePB(q.PickupSource),
	}
	if q.Pickup > 0 {
		pb.Pickup = durationpb.New(q.Pickup)
	}
	return pb
}

// QuoteOf is a quote of a message; the zero Quote for nil.
func QuoteOf(q *typepb.Quote) dispatch.Quote {
	return dispatch.Quote{
		Low: money.Fen(q.GetLowFen()), High: money.Fen(q.GetHighFen()),
		Pickup: q.GetPickup().AsDuration(), DistanceM: int(q.GetDistanceMeters()),
		PickupSource: SourceOf(q.GetPickupSource()),
	}
}

// farePB is nil before the ride is completed.
func farePB(f dispatch.Fare) *typepb.Fare {
	if f.State == 0 {
		return nil
	}
	pb := &typepb.Fare{
		MeterFen: int64(f.Meter), TollsFen: int64(f.Tolls), ByTraceFen: int64(f.ByTrace),
		CoveragePercent: int32Of(f.Coverage), Flagged: f.Flagged, State: fareStatePB(f.State),
		DrivenMeters: int32Of(f.DrivenM),
	}
	if f.State == dispatch.FareResolved {
		pb.Resolution = &typepb.FareResolution{
			TotalFen: int64(f.Resolution.Total), Note: f.Resolution.Note,
		}
	}
	for _, was := range f.Was {
		pb.Was = append(pb.Was, readingPB(was))
	}
	if f.Proposed != (dispatch.Reading{}) {
		pb.Proposed = readingPB(f.Proposed)
	}
	for _, line := range f.Lines {
		pb.Lines = append(pb.Lines,
			&typepb.FareLine{Code: line.Code.String(), AmountFen: int64(line.Amount)})
	}
	return pb
}

func readingPB(r dispatch.Reading) *typepb.FareReading {
	return &typepb.FareReading{
		MeterFen: int64(r.Meter), TollsFen: int64(r.Tolls), At: TimePB(r.At),
	}
}

// subsidyPB is nil before the ride is completed.
func subsidyPB(s money.Subsidy) *typepb.Subsidy {
	if s.IsZero() {
		return nil
	}
	pb := &typepb.Subsidy{
		RiderFen: int64(s.Rider), DriverFen: int64(s.Driver),
		Reason: string(s.Reason), Campaign: string(s.Campaign), Held: s.Held,
	}
	for _, g := range s.Grants {
		pb.Grants = append(pb.Grants, &typepb.SubsidyGrant{
			Campaign: string(g.Campaign), RiderFen: int64(g.Rider), DriverFen: int64(g.Driver),
		})
	}
	for _, r := range s.Refused {
		en, zh := SubsidyWords(r.Reason)
		pb.Refusals = append(pb.Refusals, &typepb.SubsidyRefusal{
			Campaign: string(r.Campaign), Reason: string(r.Reason), Text: en, TextZh: zh,
		})
	}
	return pb
}

// RidePB is a ride for a message, without the driver's card and the rider's contact: who may see
// them adds them.
func RidePB(r dispatch.Ride) *typepb.Ride {
	pb := &typepb.Ride{
		RideId: string(r.ID), City: string(r.City), Kind: kindPB(r.Kind), State: StatePB(r.State),
		Version: int32Of(r.Version), Pickup: PlacePB(r.Pickup), Seats: int32Of(r.Seats),
		Class: string(r.Wants.Class), Tags: r.Wants.Tags.Words(),
		PayBy: string(r.PayBy), TipFen: int64(r.Tip), Quote: QuotePB(r.Quote),
		RequestedAt: TimePB(r.RequestedAt), SearchBy: TimePB(r.SearchBy),
		ClaimedAt: TimePB(r.ClaimedAt), ArrivedAt: TimePB(r.ArrivedAt),
		StartedAt: TimePB(r.StartedAt), CompletedAt: TimePB(r.CompletedAt),
		EndedAt: TimePB(r.EndedAt), Fare: farePB(r.Fare), Subsidy: subsidyPB(r.Subsidy),
		EndedBy: r.EndedBy.String(), EndReason: r.EndReason,
		RiderStars: int32Of(r.RiderStars), DriverStars: int32Of(r.DriverStars),
		Booking: bookingPB(r), Voice: VoicePB(r.Voice), CancelFeeFen: int64(r.CancelFee),
		AfterAnother: r.Slot == dispatch.SlotNext,
	}
	if r.State.Active() {
		pb.ExpectedAt = TimePB(r.ExpectedAt)
	}
	if r.Dropoff != (dispatch.Place{}) {
		pb.Dropoff = PlacePB(r.Dropoff)
	}
	return pb
}
