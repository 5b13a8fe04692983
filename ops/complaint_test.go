package ops_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
)

// missed takes a ride to a no-show after 301 s at the pickup, and contests it.
func (e *edge) missed() dispatch.RideID {
	e.t.Helper()
	ctx := e.t.Context()
	e.people()
	ride := e.request(money.Cash, 0)
	e.round()
	_, err := e.desk.Accept(ctx, e.now, e.once("driver:D1"),
		dispatch.AnswerOffer{Offer: e.offer.ID, Driver: "D1"})
	e.ok(err)
	drive := dispatch.DriveRide{Ride: ride, Driver: "D1"}
	_, err = e.desk.Arrive(ctx, e.now, e.once("driver:D1"), drive)
	e.ok(err)
	e.pass(301 * time.Second)
	_, err = e.desk.NoShow(ctx, e.now, e.once("driver:D1"), drive)
	e.ok(err)
	_, err = e.desk.ContestComplaint(ctx, e.now, e.once("rider:R1"), dispatch.SpeakComplaint{
		Ride: ride, Rider: "R1", Text: "I stood there",
	})
	e.ok(err)
	return ride
}

// TestContests: ops see what waits for them with the ride's times, and decide once for a request
// id and for good; the event tells it, and who has decided stays in the row.
func TestContests(t *testing.T) {
	e := newEdge(t, sandbox)
	ctx := e.ops()
	ride := e.missed()
	list := func() []*opspb.Contest {
		got, err := e.ListContests(ctx, &opspb.ListContestsRequest{City: "beijing"})
		e.ok(err)
		return got.GetContests()
	}
	all := list()
	if len(all) != 1 {
		t.Fatalf("%d contests, want 1", len(all))
	}
	if c := all[0]; c.GetComplaint().GetRideId() != string(ride) ||
		c.GetComplaint().GetContest() != "I stood there" || c.GetWaitedSeconds() != 301 ||
		c.GetRide().GetArrivedAt() == nil || c.GetRiderId() != "R1" || c.GetDriverId() != "D1" {
		t.Errorf("contest: %v", c)
	}
	in := &opspb.DecideComplaintRequest{
		RequestId: "1", RideId: string(ride), Note: "the trace is elsewhere",
		By: typepb.ComplaintSide_COMPLAINT_SIDE_RIDER,
	}
	_, err := e.DecideComplaint(ctx, in)
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownComplaint)
	in.By = typepb.ComplaintSide_COMPLAINT_SIDE_DRIVER
	for range 2 {
		_, err = e.DecideComplaint(ctx, in)
		e.ok(err)
	}
	in.RequestId, in.Uphold = "2", true
	_, err = e.DecideComplaint(ctx, in)
	e.refused(err, codes.FailedPrecondition, dispatch.ReasonComplaintState)
	if left := list(); len(left) != 0 {
		t.Errorf("still waiting: %v", left)
	}
	_, err = e.ListContests(ctx, &opspb.ListContestsRequest{City: "atlantis"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)
	e.ok(e.db.View(t.Context(), func(tx dispatch.Tx) error {
		c, err := tx.Complaint(ride, dispatch.SideDriver)
		e.ok(err)
		if c.State != dispatch.ComplaintDropped || c.DecidedBy == "" || c.Note != in.GetNote() {
			t.Errorf("decided: %+v", c)
		}
		events, err := tx.Unsent(100)
		e.ok(err)
		last := events[len(events)-1]
		if last.Kind != "decide_complaint" || last.Reason != "dropped" || last.Ride != ride {
			t.Errorf("the last event is %+v", last)
		}
		return nil
	}))
}
