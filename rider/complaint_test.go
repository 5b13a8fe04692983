package rider_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

// govern changes the city's policy for all of the town.
func (w *town) govern(change func(*dispatch.Policy)) {
	w.t.Helper()
	policy := w.city.PolicyAt(w.now())
	change(&policy)
	city := w.city
	city.Policies = dispatch.Policies{{Policy: policy}}
	w.desk.Cities[city.ID] = city
}

// TestNoShowSuspends: who was not there is told until when there is no taxi, may contest it once,
// and ask again as soon as ops drop it.
func TestNoShowSuspends(t *testing.T) {
	w := newTown(t)
	w.govern(func(p *dispatch.Policy) { p.NoShowSuspendDays, p.NoShowLimit = 7, 3 })
	a, other := w.app("1"), w.app("2")
	driver := w.taxi("A", w.at(0, 0))
	w.ask(a)
	ride := w.claim(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.pass(10 * time.Minute)
	w.drive(driver, ride, w.desk.NoShow)
	until := w.now().Add(7 * 24 * time.Hour)

	list := func() *riderpb.ListComplaintsResponse {
		got, err := a.ListComplaints(a.ctx,
			&riderpb.ListComplaintsRequest{City: string(w.city.ID)})
		w.ok(err)
		return got
	}
	refused := func() {
		t.Helper()
		_, err := a.RequestRide(a.ctx, w.request(w.key("").RequestID, 0))
		w.refused(err, codes.FailedPrecondition, dispatch.ReasonRiderSuspended)
		for _, d := range status.Convert(err).Details() {
			if info, ok := d.(*errdetails.ErrorInfo); ok {
				if got := info.GetMetadata()["until"]; got != until.Format(time.RFC3339) {
					t.Errorf("suspended until %q, want %s", got, until)
				}
			}
		}
	}
	refused()
	got := list()
	if c := got.GetComplaints(); len(c) != 1 || c[0].GetRideId() != string(ride) ||
		c[0].GetCause() != typepb.ComplaintCause_COMPLAINT_CAUSE_NO_SHOW ||
		c[0].GetBy() != typepb.ComplaintSide_COMPLAINT_SIDE_DRIVER ||
		c[0].GetState() != typepb.ComplaintState_COMPLAINT_STATE_OPEN ||
		!got.GetSuspended() || !got.GetSuspendedUntil().AsTime().Equal(until) {
		t.Errorf("complaints: %v", got)
	}
	contest := &riderpb.ContestComplaintRequest{
		RequestId: "tap", RideId: string(ride), Text: "I stood there",
	}
	_, err := other.ContestComplaint(other.ctx, contest)
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownRide)
	for range 2 { // the same tap twice
		_, err = a.ContestComplaint(a.ctx, contest)
		w.ok(err)
	}
	contest.RequestId = "again"
	_, err = a.ContestComplaint(a.ctx, contest)
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonComplaintState)
	refused() // it counts until it is dropped
	_, err = w.desk.DecideComplaint(t.Context(), w.now(), w.key("ops:O1"), dispatch.RuleComplaint{
		Ride: ride, By: dispatch.SideDriver, Note: "the trace is 300 m away",
	})
	w.ok(err)
	if got := list(); got.GetSuspended() || got.GetSuspendedUntil() != nil ||
		got.GetComplaints()[0].GetState() != typepb.ComplaintState_COMPLAINT_STATE_DROPPED ||
		got.GetComplaints()[0].GetContest() != "I stood there" ||
		got.GetComplaints()[0].GetNote() == "" {
		t.Errorf("dropped: %v", got)
	}
	w.ask(a)
}

// TestComplain: a rider complains of a ride once; whose ride it is not has nothing to complain of.
func TestComplain(t *testing.T) {
	w := newTown(t)
	a, other := w.app("1"), w.app("2")
	driver := w.taxi("A", w.at(0, 0))
	ride := w.ridden(a, driver, 17_00)
	in := &riderpb.ComplainRequest{
		RequestId: "tap", RideId: string(ride),
		Cause: typepb.ComplaintCause_COMPLAINT_CAUSE_RUDE, Text: "他说脏话",
	}
	_, err := other.Complain(other.ctx, in)
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownRide)
	for range 2 {
		_, err = a.Complain(a.ctx, in)
		w.ok(err)
	}
	in.Text = "something else"
	_, err = a.Complain(a.ctx, in)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)
	in.RequestId = "again"
	_, err = a.Complain(a.ctx, in)
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonComplained)
	in.Cause = typepb.ComplaintCause_COMPLAINT_CAUSE_NO_SHOW
	_, err = a.Complain(a.ctx, in)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	in.Cause, in.Text = typepb.ComplaintCause_COMPLAINT_CAUSE_OTHER, ""
	_, err = a.Complain(a.ctx, in)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	// The driver has made no complaint that the rider could contest.
	_, err = a.ContestComplaint(a.ctx, &riderpb.ContestComplaintRequest{
		RequestId: "c", RideId: string(ride), Text: "no",
	})
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownComplaint)
	got, err := a.ListComplaints(a.ctx,
		&riderpb.ListComplaintsRequest{City: string(w.city.ID), PageSize: 1})
	w.ok(err)
	if c := got.GetComplaints(); len(c) != 1 || c[0].GetText() != "他说脏话" || got.GetSuspended() {
		t.Errorf("complaints: %v", got)
	}
	_, err = a.ListComplaints(a.ctx, &riderpb.ListComplaintsRequest{City: "atlantis"})
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)
	w.pass(31 * 24 * time.Hour)
	_, err = w.desk.Complain(t.Context(), w.now(), w.key("rider:R1"), dispatch.MakeComplaint{
		Ride: ride, Rider: "R1", Cause: dispatch.CauseRude,
	})
	if e := (*dispatch.Error)(nil); !errors.As(err, &e) || e.Reason != dispatch.ReasonTooLate {
		t.Errorf("after a month: %v", err)
	}
}

// TestLateCancel: the quote tells what a late cancel costs, the ride what it has cost; it is
// charged to the wallet and the driver has it. Who says that the driver asked for it pays nothing.
func TestLateCancel(t *testing.T) {
	w := newTown(t)
	w.govern(func(p *dispatch.Policy) { p.CancelFee, p.CancelFreeS = 5_00, 60 })
	a := w.app("1")
	driver := w.taxi("A", w.at(0, 0))
	quote, err := a.QuoteRide(a.ctx, &riderpb.QuoteRideRequest{
		City: string(w.city.ID), Pickup: place(w.at(0, 0)), Dropoff: place(w.at(4000, 4000)),
	})
	w.ok(err)
	if quote.GetCancelFeeFen() != 500 || quote.GetCancelFreeSeconds() != 60 {
		t.Errorf("quoted: %v", quote)
	}
	cancel := func(asked bool) *typepb.Ride {
		t.Helper()
		w.fix("TA", w.at(0, 0))
		w.ask(a)
		ride := w.claim(driver)
		w.drive(driver, ride, w.desk.Arrive)
		w.pass(2 * time.Minute)
		got, err := a.CancelRide(a.ctx, &riderpb.CancelRideRequest{
			RequestId: w.key("").RequestID, RideId: string(ride), AskedByDriver: asked,
		})
		w.ok(err)
		return got.GetRide()
	}
	if r := cancel(false); r.GetCancelFeeFen() != 500 {
		t.Errorf("a late cancel: %v", r)
	}
	w.work()
	books, err := money.Cashier{Store: w.db}.Audit(t.Context(), nil)
	w.ok(err)
	var has money.Fen
	for _, account := range books.Accounts {
		if account.ID == money.DriverPayable(money.Party(driver)) {
			has = account.Balance()
		}
	}
	if has != 5_00 {
		t.Errorf("the driver has %s", has)
	}
	if len(books.Wrong) > 0 || books.Pending() != 0 {
		t.Errorf("the books do not close: %v", books)
	}
	if r := cancel(true); r.GetCancelFeeFen() != 0 {
		t.Errorf("the driver asked for it: %v", r)
	}
	got, err := a.ListComplaints(a.ctx, &riderpb.ListComplaintsRequest{City: string(w.city.ID)})
	w.ok(err)
	if c := got.GetComplaints(); len(c) != 1 ||
		c[0].GetCause() != typepb.ComplaintCause_COMPLAINT_CAUSE_ASKED_TO_CANCEL {
		t.Errorf("complaints: %v", got)
	}
}

// TestUnpaidFee: who owes for a late cancel is told for which ride and how much when they ask for
// the next one, and has a taxi as soon as it is paid.
func TestUnpaidFee(t *testing.T) {
	w := newTown(t)
	w.govern(func(p *dispatch.Policy) { p.CancelFee, p.CancelFreeS = 5_00, 60 })
	a := w.app("1")
	driver := w.taxi("A", w.at(0, 0))
	ask := func() error {
		in := w.request(w.key("").RequestID, 0)
		in.PayBy = "cash"
		_, err := a.RequestRide(a.ctx, in)
		return err
	}
	w.ok(ask())
	ride := w.claim(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.pass(2 * time.Minute)
	_, err := a.CancelRide(a.ctx, &riderpb.CancelRideRequest{
		RequestId: w.key("").RequestID, RideId: string(ride),
	})
	w.ok(err)
	err = ask()
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonUnpaidFee)
	told := map[string]string{}
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			told = info.GetMetadata()
		}
	}
	if told["ride_id"] != string(ride) || told["owed_fen"] != "500" {
		t.Errorf("told %v", told)
	}
	_, err = a.PayRide(a.ctx, &riderpb.PayRideRequest{
		RequestId: w.key("").RequestID, RideId: string(ride), Channel: "wallet",
	})
	w.ok(err)
	w.ok(ask()) // while the wallet is being charged
}
