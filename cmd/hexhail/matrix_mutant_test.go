package main

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"hexhail/dispatch"
	"hexhail/driver"
	"hexhail/money"
	"hexhail/ops"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/rider"
	"hexhail/wire"
)

// careless is rows whose owner nobody looks for: what a missing condition in a WHERE would be.
type careless struct {
	*realm
}

func (c careless) RiderRide(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
) (dispatch.Ride, error) {
	record, err := c.service.db.RideRecord(ctx, id)
	record.Ride.Rider = rider // a watch looks again whose the ride is
	return record.Ride, err
}

func (c careless) RiderRides(
	ctx context.Context, _ dispatch.RiderID, p dispatch.Page,
) ([]dispatch.Ride, error) {
	return c.service.db.CityRides(ctx, "beijing", 0, p)
}

func (c careless) RiderComplaints(
	ctx context.Context, _ dispatch.RiderID, p dispatch.Page,
) (list []dispatch.Complaint, err error) {
	rides, err := c.service.db.CityRides(ctx, "beijing", dispatch.Settled, p)
	if err != nil {
		return nil, err
	}
	for _, r := range rides {
		mine, err := c.service.db.RiderComplaints(ctx, r.Rider, p)
		if err != nil {
			return nil, err
		}
		list = append(list, mine...)
	}
	return list, nil
}

func (c careless) RideCard(
	ctx context.Context, of dispatch.RiderID, id dispatch.RideID,
) (dispatch.Card, error) {
	return c.service.db.RideCard(ctx, of, id)
}

func (c careless) RiderVoice(
	ctx context.Context, _ dispatch.RiderID, id dispatch.RideID,
) (dispatch.Clip, error) {
	return c.service.db.RideVoice(ctx, id)
}

func (c careless) RiderPayments(
	ctx context.Context, of dispatch.RiderID, id dispatch.RideID,
) ([]dispatch.Owed, error) {
	return c.service.db.RiderPayments(ctx, of, id)
}

func (c careless) RiderReceipt(
	ctx context.Context, _ dispatch.RiderID, id dispatch.RideID,
) (dispatch.ReceiptRows, error) {
	return c.service.db.RideReceipt(ctx, id)
}

func (c careless) RiderShares(
	ctx context.Context, of dispatch.RiderID,
) ([]dispatch.SharedFare, error) {
	return c.service.db.RiderShares(ctx, of)
}

func (c careless) RiderRegulars(
	ctx context.Context, of dispatch.RiderID, p dispatch.Page,
) ([]dispatch.RegularCard, error) {
	return c.service.db.RiderRegulars(ctx, of, p)
}

func (c careless) RiderGreetings(
	ctx context.Context, _ dispatch.RiderID, p dispatch.Page,
) (list []dispatch.GreetingCard, err error) {
	rides, err := c.service.db.CityRides(ctx, "beijing", dispatch.Settled, p)
	if err != nil {
		return nil, err
	}
	for _, r := range rides {
		own, err := c.service.db.RiderGreetings(ctx, r.Rider, p)
		if err != nil {
			return nil, err
		}
		list = append(list, own...)
	}
	return list, nil
}

func (c careless) WantsGreetings(ctx context.Context, of dispatch.RiderID) (bool, error) {
	return c.service.db.WantsGreetings(ctx, of)
}

func (c careless) RiderRegular(
	ctx context.Context, of dispatch.RiderID, id dispatch.RegularID,
) (dispatch.RegularCard, error) {
	return c.service.db.RiderRegular(ctx, of, id)
}

func (c careless) RiderLots(
	ctx context.Context, of dispatch.RiderID, p dispatch.Page,
) ([]dispatch.RiderLot, error) {
	return c.service.db.RiderLots(ctx, of, p)
}

func (c careless) RiderTopUps(
	ctx context.Context, of dispatch.RiderID, p dispatch.Page,
) ([]dispatch.TopUp, error) {
	return c.service.db.RiderTopUps(ctx, of, p)
}

func (c careless) RiderTopUp(
	ctx context.Context, of dispatch.RiderID, id dispatch.TopUpID,
) (dispatch.TopUp, error) {
	return c.service.db.RiderTopUp(ctx, of, id)
}

// carelessDrivers is the same for drivers.
type carelessDrivers struct {
	driver.Reads
	careless
}

func (c carelessDrivers) DriverPayments(
	ctx context.Context, of dispatch.DriverID, id dispatch.RideID,
) ([]dispatch.Owed, error) {
	return c.service.db.DriverPayments(ctx, of, id)
}

func (c carelessDrivers) DriverRides(
	ctx context.Context, _ dispatch.DriverID, p dispatch.Page,
) ([]dispatch.Ride, error) {
	return c.RiderRides(ctx, "", p)
}

func (c carelessDrivers) DriverVoice(
	ctx context.Context, _ dispatch.DriverID, id dispatch.RideID, _ time.Time,
) (dispatch.Clip, error) {
	return c.service.db.RideVoice(ctx, id)
}

// HandOvers are all that is booked, whosever team it is.
func (c carelessDrivers) HandOvers(
	ctx context.Context, _ dispatch.HandOverQuery, p dispatch.Page,
) (list []dispatch.HandOverCard, err error) {
	rides, err := c.service.db.CityRides(ctx, "beijing", dispatch.Booked, p)
	for _, r := range rides {
		list = append(list, dispatch.HandOverCard{Ride: r})
	}
	return list, err
}

func (c carelessDrivers) DriverGreetings(
	ctx context.Context, _ dispatch.DriverID, p dispatch.Page,
) (list []dispatch.Greeting, err error) {
	cards, err := c.RiderGreetings(ctx, "", p)
	for _, g := range cards {
		list = append(list, g.Greeting)
	}
	return list, err
}

func (c carelessDrivers) DriverComplaints(
	ctx context.Context, _ dispatch.DriverID, p dispatch.Page,
) ([]dispatch.Complaint, error) {
	return c.RiderComplaints(ctx, "", p)
}

// carelessOffices is the same for companies.
type carelessOffices struct{ ops.Reads }

func (c carelessOffices) Drivers(
	ctx context.Context, _ string, p dispatch.Page,
) ([]dispatch.Driver, error) {
	return c.Reads.Drivers(ctx, "", p)
}

// carelessStore makes every ride that a command reads the caller's own: a Desk that does not look.
type carelessStore struct{ dispatch.Store }

func (s carelessStore) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error {
		return fn(carelessTx{tx, wire.CallerOf(ctx)})
	})
}

type carelessTx struct {
	dispatch.Tx
	caller wire.Caller
}

func (t carelessTx) mine(r dispatch.Ride, err error) (dispatch.Ride, error) {
	if t.caller.Role == typepb.Role_ROLE_RIDER {
		r.Rider = dispatch.RiderID(t.caller.ID)
	} else if r.Driver != "" {
		r.Driver = dispatch.DriverID(t.caller.ID)
	}
	return r, err
}

func (t carelessTx) Ride(id dispatch.RideID) (dispatch.Ride, error) {
	return t.mine(t.Tx.Ride(id))
}

func (t carelessTx) LockRide(id dispatch.RideID) (dispatch.Ride, error) {
	return t.mine(t.Tx.LockRide(id))
}

// Regular is the caller's, whosever it is.
func (t carelessTx) Regular(id dispatch.RegularID) (dispatch.Regular, error) {
	r, err := t.Tx.Regular(id)
	if t.caller.Role == typepb.Role_ROLE_RIDER {
		r.Rider = dispatch.RiderID(t.caller.ID)
	} else {
		r.Driver = dispatch.DriverID(t.caller.ID)
	}
	return r, err
}

// Member is the caller's, whosever it is.
func (t carelessTx) Member(id dispatch.MemberID) (dispatch.Member, error) {
	m, err := t.Tx.Member(id)
	m.Driver = dispatch.DriverID(t.caller.ID)
	return m, err
}

// mutant is a service with one check removed.
type mutant struct {
	name string
	// caught are the methods where the matrix has to notice, and what its complaint has in it.
	caught map[string]string
	// serve registers the service; the rest of it is that of the realm.
	serve func(r *realm, to grpc.ServiceRegistrar) error
}

// ridersCommandsCaught are the commands that a rider gives on what is another's.
func ridersCommandsCaught(two string) map[string]string {
	return map[string]string{
		"RiderService.AddTip":      two + "OK",
		"RiderService.CancelRide":  two + "OK",
		"RiderService.ConfirmFare": two + "OK",
		"RiderService.ContestFare": two + "OK",
		"RiderService.PayRide":     two + "FailedPrecondition", // the payment's own check
		"RiderService.RateRide":    two + "OK",

		"RiderService.AddReceiptNumber": two + "OK",
		"RiderService.Complain":         two + "OK",

		"RiderService.ContestComplaint": two + "tells what exists", // Step looks too
		// It is written in place of none, and its id is taken.
		"RiderService.ProposeRegular": two + "OK",
		"RiderService.AgreeRegular":   two + "OK",
		"RiderService.EndRegular":     two + "AlreadyExists",
		"RiderService.RequestRide":    two + "OK",
		"RiderService.SharePosition":  two + "OK",
	}
}

func mutants() []mutant {
	const two, former, three = "rider-two: ", "driver-two: ", "driver-three: "
	return []mutant{
		{
			"riders' rows without their owner",
			map[string]string{
				"RiderService.GetRide": two + "OK", "RiderService.WatchRide": two + "OK",
				"RiderService.ListRides": two + "the answer has",
				"RiderService.GetVoice":  two + "OK", "RiderService.ListPayments": two + "OK",

				"RiderService.GetReceipt":     two + "OK",
				"RiderService.ListComplaints": two + "the answer has",
				"RiderService.ListGreetings":  two + "the answer has",
			},
			func(r *realm, to grpc.ServiceRegistrar) error {
				return r.serveRiders(to, careless{r}, r.service.desk)
			},
		},
		{
			"riders' commands without their owner",
			ridersCommandsCaught("rider-two: "),
			func(r *realm, to grpc.ServiceRegistrar) error {
				desk := *r.service.desk
				desk.Store = carelessStore{desk.Store}
				return r.serveRiders(to, careless{r}, &desk)
			},
		},
		{
			"drivers' rows without their owner",
			map[string]string{
				"DriverService.ListRides":      three + "the answer has",
				"DriverService.ListComplaints": three + "the answer has",
				"DriverService.GetVoice":       former + "OK",
				"DriverService.ListHandOvers":  three + "the answer has",
				"DriverService.ListGreetings":  three + "the answer has",
			},
			func(r *realm, to grpc.ServiceRegistrar) error {
				reads := carelessDrivers{r.service.db, careless{r}}
				return r.serveDrivers(to, reads, r.service.desk)
			},
		},
		{
			"drivers' commands without their owner",
			map[string]string{
				"DriverService.GiveCommand": former + "OK", "DriverService.Drive": former + "OK",

				"DriverService.ContestComplaint": former + "tells what exists",
				"DriverService.ProposeRegular":   former + "OK",
				"DriverService.EndRegular":       former + "AlreadyExists",
				"DriverService.JoinTeam":         three + "OK",
				"DriverService.LeaveTeam":        former + "OK",
			},
			func(r *realm, to grpc.ServiceRegistrar) error {
				desk := *r.service.desk
				desk.Store = carelessStore{desk.Store}
				return r.serveDrivers(to, r.service.db, &desk)
			},
		},
		{
			"companies' rows without their owner",
			map[string]string{"OpsService.ListDrivers": "company-two: the answer has"},
			func(r *realm, to grpc.ServiceRegistrar) error {
				return r.serveOps(to, carelessOffices{r.service.db})
			},
		},
	}
}

func (r *realm) serveRiders(
	to grpc.ServiceRegistrar, reads rider.Reads, desk *dispatch.Desk,
) error {
	s := r.service
	server, err := rider.New(rider.Config{
		Desk: desk, Cities: s.cities, City: s.bus, Watch: watches{s.bus}, Reads: reads,
		Listener: s.metrics, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		riderpb.RegisterRiderServiceServer(to, server)
	}
	return err
}

func (r *realm) serveDrivers(
	to grpc.ServiceRegistrar, reads driver.Reads, desk *dispatch.Desk,
) error {
	s := r.service
	server, err := driver.New(driver.Config{
		Desk: desk, Cities: s.cities, Fixes: s.bus, Inbox: s.bus, Reads: reads, Traces: s.db,
		Listener: s.metrics, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		driverpb.RegisterDriverServiceServer(to, server)
	}
	return err
}

func (r *realm) serveOps(to grpc.ServiceRegistrar, reads ops.Reads) error {
	s := r.service
	server, err := ops.New(ops.Config{
		Cities: s.cities, Desk: s.desk, Store: s.db, Registry: s.db, Reads: reads,
		Cashier: money.Cashier{Store: s.db},
		Clock:   func() (time.Time, float64) { return s.clock.Now(), 1 },
	})
	if err == nil {
		opspb.RegisterOpsServiceServer(to, server)
	}
	return err
}

// open serves the mutant behind the same gate as the service.
func (m mutant) open(r *realm) *trial {
	r.t.Helper()
	var broken error
	server, err := wire.NewServer(wire.ServerConfig{
		Verifier: wire.NewVerifier(r.service.key.public()), Limits: r.service.limits(),
	}, func(to grpc.ServiceRegistrar) { broken = m.serve(r, to) })
	r.ok(err)
	r.ok(broken)
	at, err := net.Listen("tcp", "127.0.0.1:0")
	r.ok(err)
	go func() { _ = server.Serve(at) }()
	r.t.Cleanup(server.Stop)
	return r.try(at.Addr().String())
}

// A matrix that finds nothing proves nothing: with one owner check removed it has to complain.
func TestTheMatrixCatchesAMissingOwnerCheck(t *testing.T) {
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			r := openRealm(t, "--channels", "standin")
			server, requests := m.open(r), matrixTable()
			methods(t, func(method protoreflect.MethodDescriptor, rule *typepb.Rule) {
				want, ok := m.caught[string(method.Parent().Name()+"."+method.Name())]
				if !ok {
					return
				}
				var found []string
				for _, v := range requests[string(method.FullName())] {
					found = append(found, server.wrong(method, rule, v)...)
				}
				if !strings.Contains(strings.Join(found, "\n"), want) {
					t.Errorf("%s: nothing found with %q in it, but %q",
						method.FullName(), want, found)
				}
			})
		})
	}
}
