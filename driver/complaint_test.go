package driver

import (
	"testing"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// blamed is a cancelled ride of the first driver that its rider has complained of.
func (w *town) blamed(id dispatch.RideID) dispatch.RideID {
	w.t.Helper()
	now := w.clock.Now()
	check(w.t, w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRide(dispatch.Ride{
			ID: id, City: w.city.ID, Kind: dispatch.Hailed, State: dispatch.Cancelled, Version: 1,
			Search: 1, Rider: "R1", Seats: 1, PayBy: money.Cash, Driver: driverID(0),
			Pickup: dispatch.Place{Point: w.at(0, 0)}, RequestedAt: now, EndedAt: now,
			ChangedAt: now,
		})
	}))
	_, err := w.desk.Complain(w.ctx, now, w.key("rider:R1"), dispatch.MakeComplaint{
		Ride: id, Rider: "R1", Cause: dispatch.CauseRude, Text: "what was said",
	})
	check(w.t, err)
	return id
}

// TestSuspendedDriver: complaints take the phone off duty, which cannot go on duty until ops drop
// one; what the rider has written stays with ops.
func TestSuspendedDriver(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	policy := w.city.PolicyAt(w.clock.Now())
	policy.ComplaintLimit, policy.ComplaintSuspendDays = 2, 7
	city := w.city
	city.Policies = dispatch.Policies{{Policy: policy}}
	w.desk.Cities[city.ID] = city

	client := driverpb.NewDriverServiceClient(w.dial())
	ctx := w.as(driverID(0))
	give := func(want dispatch.Reason) {
		t.Helper()
		on := duty(driverpb.Duty_DUTY_ON)
		on.GetSetDuty().TaxiId = string(taxiID(0))
		on.RequestId = w.key("").RequestID
		_, err := client.GiveCommand(ctx, &driverpb.GiveCommandRequest{Command: on})
		if _, reason := reasonOf(err); reason != want {
			t.Errorf("on duty: %v, want %q", err, want)
		}
	}
	give("")
	w.blamed("first")
	second := w.blamed("second")
	snapshot, err := client.GetSnapshot(ctx, &driverpb.GetSnapshotRequest{})
	check(t, err)
	if d := snapshot.GetSnapshot().GetShift().GetDuty(); d != driverpb.Duty_DUTY_OFF {
		t.Errorf("after two complaints the duty is %s", d)
	}
	give(dispatch.ReasonDriverSuspended)
	got, err := client.ListComplaints(ctx, &driverpb.ListComplaintsRequest{PageSize: 1})
	check(t, err)
	if c := got.GetComplaints(); !got.GetSuspended() || got.GetSuspendedUntil() == nil ||
		len(c) != 1 || c[0].GetRideId() != string(second) || c[0].GetText() != "" ||
		c[0].GetCause() != typepb.ComplaintCause_COMPLAINT_CAUSE_RUDE {
		t.Errorf("complaints: %v", got)
	}
	rest, err := client.ListComplaints(ctx,
		&driverpb.ListComplaintsRequest{PageSize: 2, PageToken: got.GetNextPageToken()})
	check(t, err)
	if c := rest.GetComplaints(); len(c) != 1 || c[0].GetRideId() != "first" {
		t.Errorf("second page: %v", rest)
	}
	contest := &driverpb.ContestComplaintRequest{
		RequestId: "tap", RideId: string(second), Text: "I said nothing",
	}
	for range 2 {
		_, err = client.ContestComplaint(ctx, contest)
		check(t, err)
	}
	contest.RideId, contest.RequestId = "never", "again"
	_, err = client.ContestComplaint(ctx, contest)
	if code, reason := reasonOf(err); code != codes.NotFound ||
		reason != dispatch.ReasonUnknownRide {
		t.Errorf("a ride that never was: %v", err)
	}
	give(dispatch.ReasonDriverSuspended)
	_, err = w.desk.DecideComplaint(w.ctx, w.clock.Now(), w.key("ops:O1"), dispatch.RuleComplaint{
		Ride: second, By: dispatch.SideRider,
	})
	check(t, err)
	give("")
}
