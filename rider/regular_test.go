package rider_test

import (
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// TestRegulars: a rider proposes to keep a driver, lists what was proposed and kept page by page,
// and sees neither phone, plate nor id; what is repeated changes nothing.
func TestRegulars(t *testing.T) {
	w := newTown(t)
	a, b := w.app("1"), w.app("2")
	var ids []string
	for _, name := range []string{"A", "B"} {
		driver := w.taxi(name, w.at(0, 0))
		ride := w.ridden(a, driver, 1500)
		in := &riderpb.ProposeRegularRequest{RequestId: "of " + name, RideId: string(ride)}
		for range 2 {
			got, err := a.ProposeRegular(a.ctx, in)
			w.ok(err)
			r := got.GetRegular()
			if r.GetState() != typepb.RegularState_REGULAR_STATE_PROPOSED ||
				!r.GetProposedByYou() || r.GetName() != "driver "+name {
				t.Errorf("proposed %v", r)
			}
			w.secrets(got)
			ids = append(ids, r.GetRegularId())
		}
		_, err := a.AgreeRegular(a.ctx,
			&riderpb.AgreeRegularRequest{RequestId: "self " + name, RegularId: ids[len(ids)-1]})
		w.refused(err, codes.FailedPrecondition, dispatch.ReasonRegularState)
		_, err = w.desk.SetDuty(t.Context(), w.now(), w.key("driver:"+string(driver)),
			dispatch.SetDuty{
				Driver: driver, Taxi: dispatch.TaxiID("T" + name), Duty: dispatch.OffDuty,
			})
		w.ok(err)
	}
	if ids[0] != ids[1] || ids[0] == ids[2] {
		t.Fatalf("ids %v", ids)
	}
	_, err := w.desk.AgreeRegular(t.Context(), w.now(), w.key("driver:DA"), dispatch.RegularWord{
		Person: dispatch.Person{Driver: "DA"}, Regular: dispatch.RegularID(ids[0]),
	})
	w.ok(err)
	first, err := a.ListRegulars(a.ctx, &riderpb.ListRegularsRequest{PageSize: 1})
	w.ok(err)
	second, err := a.ListRegulars(a.ctx, &riderpb.ListRegularsRequest{
		PageSize: 1, PageToken: first.GetNextPageToken(),
	})
	w.ok(err)
	w.secrets(second)
	if first.GetRegulars()[0].GetRegularId() != ids[2] || second.GetNextPageToken() != "" ||
		second.GetRegulars()[0].GetState() != typepb.RegularState_REGULAR_STATE_KEPT {
		t.Errorf("listed %v, %v", first, second)
	}
	_, err = b.ListRegulars(b.ctx,
		&riderpb.ListRegularsRequest{PageToken: first.GetNextPageToken()})
	w.refused(err, codes.InvalidArgument, wire.ReasonPageToken)
	end := &riderpb.EndRegularRequest{RequestId: "end", RegularId: ids[0]}
	_, err = b.EndRegular(b.ctx, end)
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownRegular)
	for range 2 {
		_, err = a.EndRegular(a.ctx, end)
		w.ok(err)
	}
	left, err := a.ListRegulars(a.ctx, &riderpb.ListRegularsRequest{})
	w.ok(err)
	if len(left.GetRegulars()) != 1 {
		t.Errorf("left %v", left)
	}
}

// TestWaitsForRegular: a rider sees for whom the ride waits, and a watch learns that the regular's
// time is over though nothing has changed in the ride.
func TestWaitsForRegular(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	start := time.Now()
	var ahead atomic.Int64
	w.server.SetMachine(func() time.Time { return start.Add(time.Duration(ahead.Load())) })
	driver := w.taxi("A", w.at(0, 0))
	got, err := a.ProposeRegular(a.ctx, &riderpb.ProposeRegularRequest{
		RequestId: "keep", RideId: string(w.ridden(a, driver, 1500)),
	})
	w.ok(err)
	id := got.GetRegular().GetRegularId()
	_, err = w.desk.AgreeRegular(t.Context(), w.now(), w.key("driver:DA"), dispatch.RegularWord{
		Person: dispatch.Person{Driver: "DA"}, Regular: dispatch.RegularID(id),
	})
	w.ok(err)
	in := w.request("first", 0)
	in.First = &riderpb.AskFirst{RegularId: id, RegularSeconds: 20}
	asked, err := a.RequestRide(a.ctx, in)
	w.ok(err)
	until := asked.GetRide().GetRegularUntil()
	if asked.GetRide().GetWaitsFor() != typepb.WaitsFor_WAITS_FOR_REGULAR ||
		!until.AsTime().Equal(w.now().Add(20*time.Second)) {
		t.Errorf("asked %v", asked)
	}
	e := w.open(a, asked.GetRide().GetRideId())
	w.secrets(asked)
	if r := e.sees(dispatch.Searching); r.GetWaitsFor() != typepb.WaitsFor_WAITS_FOR_REGULAR {
		t.Errorf("first %v", r)
	}
	w.pass(20 * time.Second)
	ahead.Add(int64(time.Minute))
	w.server.Sweep()
	if r := e.sees(dispatch.Searching); r.GetWaitsFor() != typepb.WaitsFor_WAITS_FOR_ALL {
		t.Errorf("then %v", r)
	}
	w.fix("TA", w.at(0, 0))
	w.claim(driver)
	if r := e.sees(dispatch.Assigned); r.GetWaitsFor() != typepb.WaitsFor_WAITS_FOR_UNSPECIFIED {
		t.Errorf("at last %v", r)
	}
}
