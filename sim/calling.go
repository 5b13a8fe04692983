package sim

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

const (
	// callersAtOnce is how many calls without streams are under way at the same time: at 600 calls
	// a second there is room for answers that take 0.6 s.
	callersAtOnce = callLines * streamsALine
	// callLines is how many connections they share.
	callLines = 4
	// tokenFor is how long a token lasts, machine time: longer than any run.
	tokenFor = 48 * time.Hour
	// cashOnly is how street rides are paid: the app of the kerb knows no rider.
	cashOnly = money.Cash
)

// app is a rider's phone.
type app struct {
	token string
	line  *watchLine // of the watch; nil without one
}

// call is a call without streams that is to be made.
type call struct {
	due  time.Time // city time
	try  func(context.Context, grpc.ClientConnInterface) error
	then func(error) error // in the crowd
}

// startCallers begins to make calls, until the run ends.
func (l *live) startCallers() {
	for i := range callersAtOnce {
		conn := l.remote.conns[i%callLines]
		l.callers.Go(func() {
			for {
				select {
				case c := <-l.calls:
					l.lag.add(l.clock.At(l.config.Wall()).Sub(c.due))
					err := keepTrying(l.ctx, l.config.Wall, func(ctx context.Context) error {
						return c.try(ctx, conn)
					})
					l.post(func() error { l.unasked--; return c.then(err) })
				case <-l.ctx.Done():
					return
				}
			}
		})
	}
}

// call puts a call into the queue. It has room for all that a crowd asks at once.
func (l *live) call(c call) {
	l.unasked++
	c.due = l.now
	l.calls <- c
}

// token is a token of somebody.
func (l *live) token(role typepb.Role, id string) (string, error) {
	return l.tokenOf(wire.Caller{Role: role, ID: id})
}

func (l *live) tokenOf(c wire.Caller) (string, error) {
	return l.config.Key.Mint(c, l.config.Wall(), tokenFor)
}

// riderCaller is a rider at the phone that they use.
func riderCaller(r *rider) wire.Caller {
	return wire.Caller{Role: typepb.Role_ROLE_RIDER, ID: string(r.id), Device: r.device}
}

// look implements [phones].
func (l *live) look(d *driver) error {
	token, err := l.token(typepb.Role_ROLE_DRIVER, string(d.id))
	if err != nil {
		return err
	}
	var got *driverpb.GetSnapshotResponse
	l.call(call{
		try: func(ctx context.Context, conn grpc.ClientConnInterface) (err error) {
			got, err = driverpb.NewDriverServiceClient(conn).GetSnapshot(
				wire.WithToken(ctx, token), &driverpb.GetSnapshotRequest{})
			return err
		},
		then: func(err error) error {
			if err == nil {
				l.snapshot(&l.sessions[d.who], got.GetSnapshot())
			}
			return l.excuse("GetSnapshot", err)
		},
	})
	return nil
}

// excuse counts a refused call. A run does not end by one.
func (l *live) excuse(method string, err error) error {
	if err != nil {
		l.tally.refused[method+" "+string(refusal(err).Reason)]++
	}
	return nil
}

// share implements [phones].
func (l *live) share(r *rider, at geo.Point) error {
	token, ride := l.apps[r.who].token, string(r.ride)
	fix := geo.Fix{Point: at, At: l.now, AccuracyM: 5}
	l.call(call{
		try: func(ctx context.Context, conn grpc.ClientConnInterface) error {
			_, err := riderpb.NewRiderServiceClient(conn).SharePosition(wire.WithToken(ctx, token),
				&riderpb.SharePositionRequest{RideId: ride, Fix: wire.FixPB(fix)})
			return err
		},
		then: func(err error) error { return l.excuse("SharePosition", err) },
	})
	return nil
}

// ask implements [phones].
func (l *live) ask(r *rider, w wish) error {
	if r.street && w == wantLook {
		return r.answered(&l.crowd, w, told{brief: dispatch.Brief{State: r.state}}, nil)
	}
	a := &l.apps[r.who]
	if a.token == "" {
		var err error
		if a.token, err = l.tokenOf(riderCaller(r)); err != nil {
			return err
		}
	}
	if w == wantRide {
		l.byName[string(r.id)] = r.who // of those who have come back, the latest
	}
	r.asked++
	request := r.requestID()
	var got reply
	l.call(call{
		try: func(ctx context.Context, conn grpc.ClientConnInterface) (err error) {
			got, err = l.serve(ctx, conn, r, w, request)
			return err
		},
		then: func(err error) error {
			switch {
			case err != nil:
				return l.turnedDown(r, w, err)
			case got.ride == nil:
				return r.answered(&l.crowd, w, told{kept: got.kept}, nil)
			default:
				return l.granted(r, w, got.ride)
			}
		},
	})
	return nil
}

// reply is a server's answer to a wish: the ride, unless it was about something else.
type reply struct {
	ride *typepb.Ride
	kept dispatch.RegularID
}

// turnedDown is a wish that was refused.
func (l *live) turnedDown(r *rider, w wish, err error) error {
	why := refusal(err)
	l.tally.refused[wishNames[w]+" "+string(why.Reason)]++
	why.Kind = dispatch.Conflict // a run does not end by it
	if w == wantLook || w == wantConfirm {
		l.in(l.again, pay, r.who, 0)
	}
	return r.answered(&l.crowd, w, told{}, why)
}

// wishNames are the commands' names at the Desk.
var wishNames = [...]string{
	wantRide: "Request", wantOut: "Cancel", wantLook: "GetRide", wantConfirm: "Confirm",
	wantPay: "Pay", wantTip: "AddTip", wantComplain: "Complain", wantKeep: "ProposeRegular",
}

// granted is an answer: the ride as it stands.
func (l *live) granted(r *rider, w wish, pb *typepb.Ride) error {
	got := told{
		brief: l.riderHears(r, pb), fare: fareStateOf(pb),
		quoted: pb.GetQuote().GetPickup().AsDuration(),
	}
	if err := r.answered(&l.crowd, w, got, nil); err != nil || w != wantRide {
		return err
	}
	return l.watch(r)
}

// riderHears is news of a rider's ride.
func (l *live) riderHears(r *rider, pb *typepb.Ride) dispatch.Brief {
	was, brief := r.state, l.briefOf(r, pb)
	r.onRide(&l.crowd, brief)
	if r.claims == 0 && brief.ID == r.ride && !brief.ClaimedAt.IsZero() &&
		(brief.State == dispatch.Completed || brief.State == dispatch.Settled) {
		// All of it was missed, and is told at the end.
		r.claims = 1
		r.claimedAt, r.arrivedAt, r.boardedAt = brief.ClaimedAt, brief.ArrivedAt, brief.ChangedAt
	}
	if r.state == dispatch.Settled && was != r.state {
		l.tally.subsidies += money.Fen(pb.GetSubsidy().GetRiderFen() +
			pb.GetSubsidy().GetDriverFen())
	}
	return brief
}

// fareStateOf is FareAsked where the rider has to agree first.
func fareStateOf(pb *typepb.Ride) dispatch.FareState {
	if pb.GetFare().GetState() == typepb.FareState_FARE_STATE_ASKED {
		return dispatch.FareAsked
	}
	return dispatch.FareAccepted
}

// serve makes the call of a wish. It reads of the rider what does not change while a call is under
// way.
func (l *live) serve(
	bare context.Context, conn grpc.ClientConnInterface, r *rider, w wish, request string,
) (a reply, err error) {
	api, id := riderpb.NewRiderServiceClient(conn), string(r.ride)
	ctx := wire.WithToken(bare, l.apps[r.who].token)
	switch w {
	case wantRide:
		a.ride, err = l.requestRide(ctx, api, r, request)
	case wantOut:
		got, failed := api.CancelRide(ctx, &riderpb.CancelRideRequest{
			RequestId: request, RideId: id, Reason: r.whyOut(),
		})
		a.ride, err = got.GetRide(), failed
	case wantConfirm:
		got, failed := api.ConfirmFare(ctx, &riderpb.ConfirmFareRequest{
			RequestId: request, RideId: id,
		})
		a.ride, err = got.GetRide(), failed
	case wantPay:
		if r.payBy.External() {
			a.ride, err = l.payOutside(ctx, api, r, request)
			break
		}
		got, failed := api.PayRide(ctx, &riderpb.PayRideRequest{
			RequestId: request, RideId: id, Channel: string(r.payBy),
		})
		a.ride, err = got.GetRide(), failed
	case wantTip:
		got, failed := api.AddTip(ctx, &riderpb.AddTipRequest{
			RequestId: request, RideId: id, TipFen: int64(r.tip),
		})
		a.ride, err = got.GetRide(), failed
	case wantComplain:
		_, err = api.Complain(ctx, &riderpb.ComplainRequest{
			RequestId: request, RideId: id, Cause: typepb.ComplaintCause_COMPLAINT_CAUSE_RUDE,
		})
	case wantKeep:
		if a.kept, err = l.propose(ctx, api, r, request); err == nil {
			err = l.agree(bare, conn, r, a.kept)
		}
	default:
		got, failed := api.GetRide(ctx, &riderpb.GetRideRequest{RideId: id})
		a.ride, err = got.GetRide(), failed
	}
	return a, err
}

// propose is a rider's wish to keep the driver.
func (l *live) propose(
	ctx context.Context, api riderpb.RiderServiceClient, r *rider, request string,
) (dispatch.RegularID, error) {
	got, err := api.ProposeRegular(ctx,
		&riderpb.ProposeRegularRequest{RequestId: request, RideId: string(r.ride)})
	return dispatch.RegularID(got.GetRegular().GetRegularId()), err
}

// agree is the driver's yes. bare has no token yet.
func (l *live) agree(
	bare context.Context, conn grpc.ClientConnInterface, r *rider, kept dispatch.RegularID,
) error {
	token, err := l.token(typepb.Role_ROLE_DRIVER, string(l.drivers[r.payee].id))
	if err != nil {
		return err
	}
	_, err = driverpb.NewDriverServiceClient(conn).AgreeRegular(wire.WithToken(bare, token),
		&driverpb.AgreeRegularRequest{
			RequestId: "keep " + string(kept), RegularId: string(kept),
		})
	return err
}

// requestRide asks for a quote, as an app does, and then for the ride, now or at its time.
func (l *live) requestRide(
	ctx context.Context, api riderpb.RiderServiceClient, r *rider, request string,
) (*typepb.Ride, error) {
	from, to := placePB(r.trip.Pickup), placePB(r.trip.Dropoff)
	_, err := api.QuoteRide(ctx, &riderpb.QuoteRideRequest{
		City: string(l.city.ID), Pickup: from, Dropoff: to,
	})
	if err != nil {
		return nil, err
	}
	seats := int32(r.trip.Seats) //nolint:gosec // G115: 1 to 8
	if r.will.lead > 0 {
		got, err := api.BookRide(ctx, &riderpb.BookRideRequest{
			RequestId: request, City: string(l.city.ID), Pickup: from, Dropoff: to, Seats: seats,
			PayBy: string(r.payBy), PickupAt: timestamppb.New(r.pickupAt),
			Voice: clip(r.will.clipS),
		})
		return got.GetRide(), err
	}
	ask := &riderpb.RequestRideRequest{
		RequestId: request, City: string(l.city.ID), Pickup: from, Dropoff: to, Seats: seats,
		PayBy: string(r.payBy), Voice: clip(r.will.clipS),
	}
	if r.first != (dispatch.AskFirst{}) {
		ask.First = &riderpb.AskFirst{
			RegularId:      string(r.first.Regular),
			RegularSeconds: int32(r.first.RegularS), //nolint:gosec // G115: at most 30
		}
	}
	got, err := api.RequestRide(ctx, ask)
	return got.GetRide(), err
}
