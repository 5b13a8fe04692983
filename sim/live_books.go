package sim

import (
	"context"
	"slices"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// ridesPage is how many rides are read at once: the most.
const ridesPage = 200

// closeBooks reads what the server says of the rides and the money, and fills the report.
func (l *live) closeBooks(ctx context.Context) error {
	rides, err := l.ridesSince(ctx)
	if err != nil {
		return err
	}
	byRide, err := l.transfers(ctx, rides)
	if err != nil {
		return err
	}
	before := l.before
	if err := l.audit(ctx); err != nil {
		return err
	}
	l.now = l.stopped // the figures are of the run
	r := &l.report
	l.countRiders(r, slices.DeleteFunc(slices.Clone(rides), func(r dispatch.Ride) bool {
		_, ours := l.byRide[r.ID]
		return !ours
	}))
	l.countDrivers(r)
	l.countMoney(r, rides, byRide, ledger{
		sound: l.before.GetSound(), pending: money.Fen(l.before.GetPendingFen()),
		balance: func(class string) money.Fen {
			return money.Fen(l.before.GetBalancesFen()[class] - before.GetBalancesFen()[class])
		},
	})
	r.BudgetLeftFen = money.Fen(l.before.GetBalancesFen()[money.PromoBudget(campaignID).Class()])
	l.figures.LagS = l.lag.lag()
	r.LiveFigures = &l.figures
	return nil
}

// ridesSince reads all rides of the city that were asked for since the run began, those of others
// too: their money is in the same books.
func (l *live) ridesSince(ctx context.Context) ([]dispatch.Ride, error) {
	var rides []dispatch.Ride
	page := &opspb.ListRidesRequest{City: string(l.city.ID), PageSize: ridesPage}
	for {
		var got *opspb.ListRidesResponse
		err := l.ops(ctx, func(ctx context.Context, api opspb.OpsServiceClient) (err error) {
			got, err = api.ListRides(ctx, page)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, pb := range got.GetRides() {
			ride := rideOfPB(pb)
			if ride.RequestedAt.Before(l.start) {
				return rides, nil // the latest come first
			}
			rides = append(rides, ride)
		}
		if page.PageToken = got.GetNextPageToken(); page.PageToken == "" {
			return rides, nil
		}
	}
}

// rideOfPB is what the books need of a ride. Who takes a street ride without the app pays by hand.
func rideOfPB(pb *typepb.Ride) dispatch.Ride {
	r := dispatch.Ride{
		ID: dispatch.RideID(pb.GetRideId()), State: wire.StateOf(pb.GetState()),
		PayBy: money.ChannelName(pb.GetPayBy()), Tip: money.Fen(pb.GetTipFen()),
		RequestedAt: wire.TimeOf(pb.GetRequestedAt()),
		CompletedAt: wire.TimeOf(pb.GetCompletedAt()),
		CancelFee:   money.Fen(pb.GetCancelFeeFen()),
		Booking:     dispatch.Booking{Fee: money.Fen(pb.GetBooking().GetFeeFen())},
		Fare: dispatch.Fare{
			Meter: money.Fen(pb.GetFare().GetMeterFen()),
			Tolls: money.Fen(pb.GetFare().GetTollsFen()),
		},
		Subsidy: money.Subsidy{
			Rider:  money.Fen(pb.GetSubsidy().GetRiderFen()),
			Driver: money.Fen(pb.GetSubsidy().GetDriverFen()),
			Held:   pb.GetSubsidy().GetHeld(),
		},
	}
	if r.PayBy == "" {
		r.PayBy = money.Cash
	}
	return r
}

// transfers reads what was booked for each ride.
func (l *live) transfers(ctx context.Context, rides []dispatch.Ride) (
	map[money.Subject]*booked, error,
) {
	all := make([]booked, len(rides))
	err := l.each(ctx, len(rides), func(
		ctx context.Context, api opspb.OpsServiceClient, i int,
	) error {
		got, err := api.GetRide(ctx, &opspb.GetRideRequest{RideId: string(rides[i].ID)})
		if err != nil {
			return err
		}
		all[i] = booked{}
		for _, t := range got.GetTransfers() {
			all[i].add(money.Transfer{
				Kind: money.ParseTransferKind(t.GetKind()), Code: money.Code(t.GetCode()),
				Debit:  money.AccountID(t.GetDebit()),
				Amount: money.Fen(t.GetAmountFen()),
			})
		}
		return nil
	}, func(int) {})
	byRide := make(map[money.Subject]*booked, len(rides))
	for i := range rides {
		byRide[rides[i].Subject()] = &all[i]
	}
	return byRide, err
}
