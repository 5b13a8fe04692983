package ops_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
)

func TestExplainRide(t *testing.T) {
	e := newEdge(t, sandbox)
	e.people()
	settled := e.ride(money.InWallet, 0)
	got, err := e.ExplainRide(e.ops(), &opspb.ExplainRideRequest{RideId: string(settled)})
	e.ok(err)
	if o := got.GetOffers(); len(o) != 1 || o[0].GetDriverId() != "D1" ||
		o[0].GetState() != "accepted" || o[0].GetEndedAt().AsTime().Sub(
		o[0].GetMadeAt().AsTime()) != 5*time.Second {
		t.Errorf("offers: %v", o)
	}
	if got.GetCause() != "" || got.GetRounds() != 1 || got.GetRoundsWithout() != 0 ||
		!strings.Contains(got.GetText(), "taken by D1 after 5 s") ||
		!strings.Contains(got.GetTextZh(), "5 秒后由 D1 接单") {
		t.Errorf("taken: %v", got)
	}

	e.pass(time.Minute) // nobody reports a position any more
	open := e.request(money.Cash, 0)
	for range 20 {
		e.pass(time.Second)
		_, err = e.engine.Round(t.Context(), e.now)
		e.ok(err)
		e.ok(e.engine.Due(t.Context(), e.now))
	}
	got, err = e.ExplainRide(e.ops(), &opspb.ExplainRideRequest{RideId: string(open)})
	e.ok(err)
	if got.GetCause() != "phones_silent" || len(got.GetLooks()) != 1 ||
		got.GetLooks()[0].GetNear().GetSilent() != 1 || got.GetLooks()[0].GetTimes() != 2 ||
		!strings.Contains(got.GetText(), "still does") {
		t.Errorf("searching: %v", got)
	}

	// Right after a cancel its row has no log yet: the engine's is told.
	_, err = e.desk.Cancel(t.Context(), e.now, dispatch.Once{
		Identity: "rider:R1", RequestID: "gives up",
	}, dispatch.CancelRide{Ride: open, Rider: "R1"})
	e.ok(err)
	got, err = e.ExplainRide(e.ops(), &opspb.ExplainRideRequest{RideId: string(open)})
	e.ok(err)
	if got.GetCause() != "rider_left" || got.GetCauseUntil() != "phones_silent" ||
		len(got.GetTimes()) != 1 {
		t.Errorf("cancelled: %v", got)
	}
	_, err = e.ExplainRide(e.ops(), &opspb.ExplainRideRequest{RideId: "nothing"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownRide)
}

func TestExplainDriver(t *testing.T) {
	e := newEdge(t, sandbox)
	e.people()
	e.ok(e.engine.Due(t.Context(), e.now)) // sees the driver idle
	ride := e.ride(money.InWallet, 0)
	e.ok(e.engine.Due(t.Context(), e.now)) // sees the driver idle again
	e.pass(2 * time.Minute)                // without a position
	e.ok(e.engine.Due(t.Context(), e.now))
	got, err := e.ExplainDriver(e.ops(), &opspb.ExplainDriverRequest{
		DriverId: "D1", From: timestamppb.New(e.now.Add(-20 * time.Minute)),
	})
	e.ok(err)
	if got.GetPresence() != "silent" || got.GetAccepted() != 1 || got.GetRides() != 1 ||
		len(got.GetSeen()) != 1 || got.GetSeen()[0].GetRideId() != string(ride) ||
		got.GetSeen()[0].GetOffer() != "accepted" || got.GetHindrance() != "was_busy" ||
		!strings.Contains(got.GetText(), "Offers: 1. 1 accepted.") ||
		!strings.Contains(got.GetTextZh(), "派单 1 次：1 次接单。") {
		t.Errorf("%v", got)
	}
	for what, in := range map[string]*opspb.ExplainDriverRequest{
		"too long": {DriverId: "D1", From: timestamppb.New(e.now.Add(-25 * time.Hour))},
		"turned":   {DriverId: "D1", From: timestamppb.New(e.now.Add(time.Hour))},
	} {
		_, err = e.ExplainDriver(e.ops(), in)
		if err == nil {
			t.Error(what)
			continue
		}
		e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	}
	_, err = e.ExplainDriver(e.ops(), &opspb.ExplainDriverRequest{DriverId: "D9"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownDriver)
}
