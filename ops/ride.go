package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// GetRide reads a ride with all that is known of it. While it searches its rounds are the engine's;
// if that has no time to tell, they are those of the search before, or none.
func (s *Server) GetRide(ctx context.Context, in *opspb.GetRideRequest) (
	*opspb.GetRideResponse, error,
) {
	record, err := s.record(ctx, dispatch.RideID(in.GetRideId()))
	if err != nil {
		return nil, err
	}
	r := record.Ride
	out := &opspb.GetRideResponse{
		Ride: wire.RidePB(r), RiderId: string(r.Rider), DriverId: string(r.Driver),
		TaxiId: string(r.Taxi), EmptyRounds: int32Of(record.Log.Empty),
		FareResolvedBy: r.Fare.Resolution.By,
	}
	for _, round := range record.Log.Rounds {
		out.Rounds = append(out.Rounds, roundPB(round))
	}
	for _, p := range record.Payments {
		out.Payments = append(out.Payments, &opspb.Payment{
			Id: string(p.ID), Purpose: string(p.Purpose), State: p.State.String(),
			AmountFen: int64(p.Amount), DiscountFen: int64(p.Discount),
			RefundedFen: int64(p.Refunded), Channel: string(p.Channel),
		})
	}
	for _, t := range record.Transfers {
		out.Transfers = append(out.Transfers, transferPB(t))
	}
	return out, nil
}

// unwrittenFor is for how long after a search the engine may know more than the row of its log.
const unwrittenFor = time.Minute

// record is all that is known of a ride, with the engine's log while it searches and right after.
func (s *Server) record(ctx context.Context, id dispatch.RideID) (dispatch.Record, error) {
	record, err := s.config.Reads.RideRecord(ctx, id)
	if err != nil {
		return dispatch.Record{}, err
	}
	r := record.Ride
	fresh := r.State == dispatch.Searching || s.now().Sub(r.ChangedAt) < unwrittenFor
	if fresh && s.config.Live != nil {
		if log, ok, err := s.config.Live(ctx, r.City, r.ID); err == nil && ok {
			record.Log = log
		}
	}
	return record, nil
}

func roundPB(r dispatch.Round) *opspb.Round {
	pb := &opspb.Round{
		At: wire.TimePB(r.At), Waiting: int32Of(r.Waiting), Idle: int32Of(r.Idle),
	}
	for _, c := range r.Candidates {
		verdict := c.Verdict.String()
		if c.Verdict == dispatch.Chosen {
			verdict = "offered"
		}
		pb.Candidates = append(pb.Candidates, &opspb.Candidate{
			TaxiId: string(c.Taxi), PickupMeters: int32Of(c.PickupM),
			PickupSeconds: int32Of(c.PickupS), CostSeconds: int32Of(c.CostS), Verdict: verdict,
			PickupSource:  wire.SourcePB(c.Source),
			ChancePercent: int32Of(c.ChancePct), AfterSeconds: int32Of(c.AfterS),
		})
	}
	return pb
}

func transferPB(t money.Transfer) *opspb.Transfer {
	return &opspb.Transfer{
		Debit: string(t.Debit), Credit: string(t.Credit), AmountFen: int64(t.Amount),
		Code: string(t.Code), Kind: t.Kind.String(),
	}
}

// ListRides reads a city's rides, the latest first.
func (s *Server) ListRides(ctx context.Context, in *opspb.ListRidesRequest) (
	*opspb.ListRidesResponse, error,
) {
	city := dispatch.CityID(in.GetCity())
	if _, err := s.config.Cities.City(city); err != nil {
		return nil, err
	}
	state := wire.StateOf(in.GetState())
	list := "ops/rides/" + in.GetCity() + "/" + in.GetState().String() + "/" +
		wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	read := func(p dispatch.Page) ([]dispatch.Ride, error) {
		return s.config.Reads.CityRides(ctx, city, state, p)
	}
	rides, err := read(page)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListRidesResponse{}
	for _, r := range rides {
		out.Rides = append(out.Rides, wire.RidePB(r))
	}
	if len(rides) == page.Limit {
		out.NextPageToken, err = nextPage(list, string(rides[len(rides)-1].ID), read)
	}
	return out, err
}
