package ops_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

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
	_, err = e.ExplainRide(e.ops(), &opspb.ExplainRideRequest{RideId: "nothing"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownRide)
}
