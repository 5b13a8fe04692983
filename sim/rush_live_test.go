package sim_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/geo"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/sim"
	"hexhail/store"
	"hexhail/wire"
)

// A village in the morning of Shanghai's first Monday with closed hours: before and after an end of
// them a rider asks every 40 s of ten minutes, and there are taxis for all. On a machine so busy
// that the demand moves by some minutes there are still some on both sides.
const (
	rushTaxis = 24
	rushRides = 32
	rushEvery = 40 * time.Second
	rushSpan  = 10 * time.Minute // before the end of the hours, and after it
	rushRate  = 100 / slow
)

// rushHour is the village around a time.
func rushHour(t testing.TB, at string) (*town, sim.LiveConfig, time.Time) {
	t.Helper()
	data, err := os.ReadFile("../docs/cities/shanghai-2014.json")
	must(t, err)
	city, err := dispatch.ParseCity("shanghai-2014.json", data)
	must(t, err)
	turn, err := time.ParseInLocation("2006-01-02 15:04", at, city.Zone)
	must(t, err)
	o := sim.DefaultOptions()
	o.Mode, o.City = sim.ModeLive, city.ID
	spot := func(i int, north float64) geo.Point {
		return geo.Point{
			Lat: city.Center.Lat + north, Lng: city.Center.Lng + .0008*float64(i%8),
		}
	}
	c := sim.LiveConfig{City: city, Options: o, Wall: time.Now}
	for i := range rushTaxis {
		c.Taxis = append(c.Taxis, sim.Taxi{
			ID: fmt.Sprintf("%02d", i), Seats: 4, At: spot(i, .002), From: turn.Add(-time.Hour),
		})
	}
	for i := range rushRides {
		c.Trips = append(c.Trips, sim.Trip{
			At: turn.Add(-rushSpan + time.Duration(i)*rushEvery), Seats: 1,
			Pickup: spot(i, 0), Dropoff: spot(i, -.025),
		})
	}
	w := newTown(t, city, turn.Add(-2*rushSpan), rushRate)
	c.Addr, c.Key = w.addr, wire.NewSigner(w.key)
	return w, c, turn
}

// TestLiveRushHour lets the apps of Shanghai close in the morning and open again, with phones and
// through the real API. Who asks in the closed hours is refused, and told until when; nothing is
// searched and nobody is offered anything but for who asked before; drives that have begun go on.
// Rides for later are booked, and taken, all the same.
func TestLiveRushHour(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]string{
		"closes": "2014-03-03 07:30", "opens": "2014-03-03 09:30",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c, turn := rushHour(t, at)
			var all sync.WaitGroup
			all.Go(func() { w.asksInClosedHours(t, name == "closes", turn) })
			r, err := sim.Live(t.Context(), c)
			all.Wait()
			must(t, err)
			w.crash() // so that the rows are nobody else's
			asked, driven, inClosed := w.drivenAround(t, turn, name == "closes")
			refused := r.Refused["Request "+string(dispatch.ReasonClosed)]
			t.Logf("%d refused, %d asked, %d driven, %d of them to their end in closed hours",
				refused, asked, driven, inClosed)
			if refused < rushRides/8 || asked < rushRides/8 || refused+asked != rushRides ||
				driven < asked/2 || driven != r.Settled || name == "closes" && inClosed == 0 {
				t.Errorf("of %d requests; %+v", rushRides, r)
			}
			if r.DoubleClaims != 0 || !r.BooksClose {
				t.Errorf("%d double claims, open books: %v", r.DoubleClaims, r.Books.Open())
			}
		})
	}
}

// drivenAround reads all rides that were hailed, and the offers, and fails if one was asked for in
// the closed hours, which begin or end at turn. It says how many there are, how many of them were
// driven to their end and are paid, and how many of these were so in those hours.
func (w *town) drivenAround(
	t *testing.T, turn time.Time, closes bool,
) (asked, driven, inClosed int) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(w.dir, "town.db"))
	must(t, err)
	defer func() { must(t, db.Close()) }()
	closed := func(at time.Time) bool { return at.Before(turn) != closes }
	must(t, db.View(t.Context(), func(tx dispatch.Tx) error {
		rides, err := tx.ChangedRides(w.city.ID, time.Time{})
		if err != nil {
			return err
		}
		hailed := map[dispatch.RideID]bool{}
		for _, b := range rides {
			if b.State.Ahead() {
				continue
			}
			hailed[b.ID] = true
			asked++
			if closed(b.RequestedAt) {
				t.Errorf("ride %s was taken in at %s", b.ID, b.RequestedAt.In(w.city.Zone))
			}
			if b.State == dispatch.Settled {
				driven++
				if closed(b.ChangedAt) {
					inClosed++
				}
			}
		}
		offers, err := tx.ChangedOffers(w.city.ID, time.Time{})
		for _, o := range offers {
			if !hailed[o.Ride] {
				t.Errorf("an offer of ride %s, which nobody hailed", o.Ride)
			}
		}
		return err
	}))
	return asked, driven, inClosed
}

// asksInClosedHours is a rider who asks when the hours have just begun, or are nearly over, and
// books for later instead, and a driver who takes that.
func (w *town) asksInClosedHours(t *testing.T, closes bool, turn time.Time) {
	conn, err := grpc.NewClient(w.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	defer func() { must(t, conn.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	w.enrolLate(ctx, t, conn)
	begins, ends := turn, turn.Add(2*time.Hour)
	if !closes {
		begins, ends = turn.Add(-rushSpan), turn
	}
	looks := time.NewTicker(20 * time.Millisecond)
	defer looks.Stop()
	for range looks.C {
		if w.clock.Now().After(begins) {
			break
		}
	}
	rider, as := riderpb.NewRiderServiceClient(conn), w.as(ctx, t, typepb.Role_ROLE_RIDER, "late")
	from := &typepb.Place{Point: wire.PointPB(w.city.Center)}
	to := &typepb.Place{Point: wire.PointPB(geo.Point{
		Lat: w.city.Center.Lat + .03, Lng: w.city.Center.Lng,
	})}
	quote, err := rider.QuoteRide(as, &riderpb.QuoteRideRequest{
		City: string(w.city.ID), Pickup: from, Dropoff: to,
	})
	must(t, err)
	if until := quote.GetClosedUntil().AsTime(); !until.Equal(ends) {
		t.Errorf("quoted as closed until %s, not %s", until, ends)
	}
	_, err = rider.RequestRide(as, &riderpb.RequestRideRequest{
		RequestId: "now", City: string(w.city.ID), Pickup: from, Dropoff: to, Seats: 1,
		PayBy: "cash",
	})
	if reason, until := whyClosed(err); status.Code(err) != codes.FailedPrecondition ||
		reason != string(dispatch.ReasonClosed) || !until.Equal(ends) {
		t.Errorf("asked in closed hours: %v, %s until %s", err, reason, until)
	}
	booked, err := rider.BookRide(as, &riderpb.BookRideRequest{
		RequestId: "later", City: string(w.city.ID), Pickup: from, Dropoff: to, Seats: 1,
		PayBy: "cash", PickupAt: timestamppb.New(ends.Add(time.Hour)),
	})
	must(t, err)
	_, err = driverpb.NewDriverServiceClient(conn).GiveCommand(
		w.as(ctx, t, typepb.Role_ROLE_DRIVER, "early"),
		&driverpb.GiveCommandRequest{Command: &driverpb.Command{
			RequestId: "take", Action: &driverpb.Command_TakeBooking{
				TakeBooking: &driverpb.RideAction{RideId: booked.GetRide().GetRideId()},
			},
		}})
	if err != nil {
		t.Errorf("the booking was not taken: %v", err)
	}
}

// whyClosed is a refusal's reason, and until when it holds.
func whyClosed(err error) (reason string, until time.Time) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			reason = info.GetReason()
			until, _ = time.Parse(time.RFC3339, info.GetMetadata()["until"])
		}
	}
	return reason, until
}

// as is a context in which somebody calls.
func (w *town) as(
	ctx context.Context, t *testing.T, role typepb.Role, id string,
) context.Context {
	t.Helper()
	token, err := wire.NewSigner(w.key).Mint(
		wire.Caller{Role: role, ID: id}, time.Now(), time.Hour)
	must(t, err)
	return wire.WithToken(ctx, token)
}

// enrolLate brings in the rider and the driver, on duty somewhere.
func (w *town) enrolLate(ctx context.Context, t *testing.T, conn *grpc.ClientConn) {
	t.Helper()
	api, as := opspb.NewOpsServiceClient(conn), w.as(ctx, t, typepb.Role_ROLE_OPS, "O1")
	riders, err := api.ImportRiders(as)
	must(t, err)
	must(t, riders.Send(&opspb.ImportRidersRequest{
		Rows: []*opspb.Rider{{Id: "late", Name: "late"}},
	}))
	_, err = riders.CloseAndRecv()
	must(t, err)
	drivers, err := api.ImportDrivers(as)
	must(t, err)
	must(t, drivers.Send(&opspb.ImportDriversRequest{
		Rows: []*opspb.Driver{{Id: "early", City: string(w.city.ID), Name: "early"}},
	}))
	_, err = drivers.CloseAndRecv()
	must(t, err)
	taxis, err := api.ImportTaxis(as)
	must(t, err)
	must(t, taxis.Send(&opspb.ImportTaxisRequest{
		Rows: []*opspb.Taxi{{Id: "early", City: string(w.city.ID), Plate: "沪A00001", Seats: 4}},
	}))
	_, err = taxis.CloseAndRecv()
	must(t, err)
	_, err = driverpb.NewDriverServiceClient(conn).GiveCommand(
		w.as(ctx, t, typepb.Role_ROLE_DRIVER, "early"),
		&driverpb.GiveCommandRequest{Command: &driverpb.Command{
			RequestId: "on", Action: &driverpb.Command_SetDuty{SetDuty: &driverpb.SetDuty{
				Duty: driverpb.Duty_DUTY_ON, TaxiId: "early",
			}},
		}})
	must(t, err)
}
