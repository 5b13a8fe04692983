package driver

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// TestRideWithoutAStream is a whole ride by unary calls, as a script makes it.
func TestRideWithoutAStream(t *testing.T) {
	w := newTown(t)
	w.enrol(2)
	client, ctx := driverpb.NewDriverServiceClient(w.dial()), w.as(driverID(0))
	give := func(c *driverpb.Command) { giveTwice(ctx, t, client, c) }
	send := func(list ...*typepb.Fix) *driverpb.SendFixesResponse {
		t.Helper()
		got, err := client.SendFixes(ctx,
			&driverpb.SendFixesRequest{Batch: &driverpb.FixBatch{Fixes: list}})
		check(t, err)
		return got
	}
	before, err := client.GetSnapshot(ctx, &driverpb.GetSnapshotRequest{})
	check(t, err)
	if before.GetSnapshot().GetShift() != nil {
		t.Errorf("before the first shift: %v", before)
	}
	if got := send(fixPB(w.at(0, 0), w.clock.Now())); got.GetRefused()["no_taxi"] != 1 {
		t.Errorf("before the first shift: %v", got)
	}
	on := duty(driverpb.Duty_DUTY_ON)
	on.GetSetDuty().TaxiId = string(taxiID(0))
	give(on)
	eventually(t, "the engine knows the shift", func() bool { return w.loop.Counts().Idle > 0 })
	now := w.clock.Now()
	got := send(fixPB(w.at(0, 0), now.Add(-time.Second)), fixPB(w.at(0, 0), now),
		fixPB(w.at(0, 0), now))
	if got.GetTaken() != 2 || got.GetRefused()["repeated"] != 1 {
		t.Errorf("%v", got)
	}
	ride := w.ask("R1", w.at(100, 0))
	var offer string
	eventually(t, "the offer", func() bool {
		s, err := client.GetSnapshot(ctx, &driverpb.GetSnapshotRequest{})
		check(t, err)
		offer = s.GetSnapshot().GetOffer().GetOfferId()
		return offer != ""
	})
	_, err = client.AckOffer(ctx, &driverpb.AckOfferRequest{OfferId: offer})
	check(t, err)
	_, err = client.AckOffer(w.as(driverID(1)), &driverpb.AckOfferRequest{OfferId: offer})
	if code, reason := reasonOf(err); code != codes.NotFound ||
		reason != dispatch.ReasonUnknownOffer {
		t.Errorf("somebody else's offer: %v", err)
	}
	give(accept(offer))
	give(atRide("arrived", string(ride)))
	give(atRide("started", string(ride)))
	for i := range 3 {
		send(fixPB(w.at(10*float64(i), 0), w.clock.Now()))
	}
	give(atRide("completed", string(ride)))
	if trace, err := w.db.Trace(w.ctx, ride); err != nil || len(trace) != 3 {
		t.Errorf("%d fixes in the trace, %v", len(trace), err)
	}
	if n := w.server.Sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// giveTwice gives a command twice under one id, which has to have one answer.
func giveTwice(
	ctx context.Context, t *testing.T, client driverpb.DriverServiceClient, c *driverpb.Command,
) {
	t.Helper()
	c.RequestId = rand.Text()
	var answers [2]*driverpb.Done
	for i := range answers {
		got, err := client.GiveCommand(ctx, &driverpb.GiveCommandRequest{Command: c})
		check(t, err)
		answers[i] = got.GetDone()
	}
	if !same(answers[0], answers[1]) {
		t.Errorf("%v twice: %v, then %v", c, answers[0], answers[1])
	}
}

// TestUnaryBesideAStream gives a command without a stream while the driver's phone has one.
func TestUnaryBesideAStream(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	client, ctx := driverpb.NewDriverServiceClient(p.conn), w.as(p.driver)
	on := duty(driverpb.Duty_DUTY_ON)
	on.RequestId = "web"
	_, err := client.GiveCommand(ctx, &driverpb.GiveCommandRequest{Command: on})
	check(t, err)
	await(p, "shift", (*driverpb.DriveResponse).GetShift, nil)
	ride, offer := w.toOffer(p)
	yes := accept(offer.GetOfferId())
	yes.RequestId = "web2"
	_, err = client.GiveCommand(ctx, &driverpb.GiveCommandRequest{Command: yes})
	check(t, err)
	told := await(p, "ride", (*driverpb.DriveResponse).GetRide, nil)
	if told.GetRideId() != string(ride) || told.GetContact() == nil {
		t.Errorf("%v", told)
	}
}

// TestIdleCallers are forgotten.
func TestIdleCallers(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	v := w.still()
	client, ctx := driverpb.NewDriverServiceClient(w.dial()), w.as(driverID(0))
	on := duty(driverpb.Duty_DUTY_ON)
	on.RequestId, on.GetSetDuty().TaxiId = "1", "T0"
	_, err := client.GiveCommand(ctx, &driverpb.GiveCommandRequest{Command: on})
	check(t, err)
	if n := v.cities[w.city.ID].sessions.Load(); n != 1 || v.loose != 1 {
		t.Errorf("%d, %d in the city", v.loose, n)
	}
	for range silentTurns + 1 {
		v.walk()
	}
	if n := v.cities[w.city.ID].sessions.Load(); n != 0 || v.loose != 0 ||
		v.book.get(driverID(0)) != nil {
		t.Errorf("%d, %d in the city", v.loose, n)
	}
}

func TestReadsHaveLimits(t *testing.T) {
	w := newTown(t)
	w.enrol(2)
	client, ctx := driverpb.NewDriverServiceClient(w.dial()), w.as(driverID(0))
	sum, err := client.GetEarnings(ctx, &driverpb.GetEarningsRequest{})
	check(t, err)
	if sum.GetRides() != 0 {
		t.Errorf("%v", sum)
	}
	now := w.clock.Now()
	for _, from := range []time.Time{now.Add(time.Hour), now.Add(-400 * 24 * time.Hour)} {
		_, err := client.GetEarnings(ctx, &driverpb.GetEarningsRequest{
			From: timestamppb.New(from), To: timestamppb.New(now),
		})
		if code, _ := reasonOf(err); code != codes.InvalidArgument {
			t.Errorf("from %s: %v", from, err)
		}
	}
	_, err = client.ListRides(ctx, &driverpb.ListRidesRequest{PageToken: "nonsense"})
	if _, reason := reasonOf(err); reason != wire.ReasonPageToken {
		t.Errorf("page token: %v", err)
	}
	_, err = client.GiveCommand(ctx, &driverpb.GiveCommandRequest{})
	if code, _ := reasonOf(err); code != codes.InvalidArgument {
		t.Errorf("no command: %v", err)
	}
}

// TestPages lists street rides page by page.
func TestPages(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	p.onDuty()
	p.drive(w.at(0, 0))
	const rides = 4
	for range rides {
		ride := p.do(&driverpb.Command{Action: &driverpb.Command_Occupied{
			Occupied: &driverpb.StreetRide{},
		}}).GetRide()
		p.do(atRide("completed", ride.GetRideId()))
	}
	client, ctx := driverpb.NewDriverServiceClient(p.conn), w.as(p.driver)
	seen, token := map[string]bool{}, ""
	for pages := 1; ; pages++ {
		list, err := client.ListRides(ctx,
			&driverpb.ListRidesRequest{PageSize: 2, PageToken: token})
		check(t, err)
		for _, r := range list.GetRides() {
			seen[r.GetRideId()] = true
		}
		if token = list.GetNextPageToken(); token == "" {
			if pages != rides/2 || len(seen) != rides {
				t.Errorf("%d rides on %d pages", len(seen), pages)
			}
			return
		}
	}
}

func TestBeginOfDay(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	check(t, err)
	now := time.Date(2013, 12, 19, 17, 0, 0, 0, time.UTC) // 1 in the morning of the 20th
	want := time.Date(2013, 12, 20, 0, 0, 0, 0, zone)
	if got := beginOfDay(now, zone); !got.Equal(want) {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestADestinationOverBothDoors: a driver says where they are going over a call and over the
// stream, sees it in the snapshot, and hears when the day's are used up.
func TestADestinationOverBothDoors(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	client, p := driverpb.NewDriverServiceClient(w.dial()), w.phone(0)
	p.onDuty()
	heading := func(lat float64) *driverpb.Command {
		set := &driverpb.SetDestination{}
		if lat != 0 {
			set.To = &typepb.Point{Lat: lat, Lng: 116.4, Datum: typepb.Datum_DATUM_WGS84}
		}
		return &driverpb.Command{Action: &driverpb.Command_SetDestination{SetDestination: set}}
	}
	if s := p.do(heading(39.95)).GetShift(); s.GetDestination().GetLat() != 39.95 ||
		s.GetDestinationsUsed() != 1 {
		t.Errorf("over the stream: %v", s)
	}
	if s := p.do(heading(0)).GetShift(); s.GetDestination() != nil {
		t.Errorf("nowhere: %v", s)
	}
	second := heading(39.8)
	second.RequestId = "unary"
	done, err := client.GiveCommand(
		w.as(driverID(0)), &driverpb.GiveCommandRequest{Command: second})
	if err != nil || done.GetDone().GetShift().GetDestination().GetLat() != 39.8 {
		t.Fatalf("over a call: %v %v", done, err)
	}
	got, err := client.GetSnapshot(w.as(driverID(0)), &driverpb.GetSnapshotRequest{})
	if err != nil || got.GetSnapshot().GetShift().GetDestination().GetLat() != 39.8 {
		t.Errorf("snapshot: %v %v", got, err)
	}
	if e := p.give(heading(39.9)).GetError(); e.GetReason() != "DESTINATIONS_USED_UP" {
		t.Errorf("a third: %v", e)
	}
	if e := p.give(heading(99)).GetError(); e == nil {
		t.Error("a place that is none was taken")
	}
}
