package ops_test

import (
	"context"
	"crypto/ed25519"
	"net"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/ops"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// edge is the service behind a real gate, over a socket.
type edge struct {
	*town
	opspb.OpsServiceClient
	signer *wire.Signer
}

func newEdge(t *testing.T, change func(*ops.Config)) *edge {
	t.Helper()
	w := newTown(t)
	c := ops.Config{
		Cities: w.desk.Cities, Desk: w.desk, Store: w.db, Registry: w.db, Reads: w.db,
		Cashier: money.Cashier{Store: w.db}, Sandbox: true,
		Clock: func() (time.Time, float64) { return w.now, 30 },
		Live: func(_ context.Context, _ dispatch.CityID, ride dispatch.RideID) (
			log dispatch.RoundLog, ok bool, err error,
		) {
			log, ok = w.engine.RoundLog(ride)
			return log, ok, nil
		},
		LiveDriver: func(_ context.Context, _ dispatch.CityID, driver dispatch.DriverID) (
			log dispatch.DriverLog, ok bool, err error,
		) {
			log, ok = w.engine.DriverLog(driver, w.now)
			return log, ok, nil
		},
	}
	change(&c)
	service, err := ops.New(c)
	w.ok(err)
	key, err := wire.MakeKey()
	w.ok(err)
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("not an Ed25519 key")
	}
	server, err := wire.NewServer(wire.ServerConfig{
		Verifier: wire.NewVerifier(public), Listener: w.metrics.Calls(),
	}, func(r grpc.ServiceRegistrar) { opspb.RegisterOpsServiceServer(r, service) })
	w.ok(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.ok(err)
	ended := make(chan error)
	go func() { ended <- server.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	w.ok(err)
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &edge{w, opspb.NewOpsServiceClient(conn), wire.NewSigner(key)}
}

func sandbox(*ops.Config) {}

// as is a context in which somebody calls.
func (e *edge) as(role typepb.Role, id string) context.Context {
	e.t.Helper()
	token, err := e.signer.Mint(wire.Caller{Role: role, ID: id}, time.Now(), time.Hour)
	e.ok(err)
	return wire.WithToken(e.t.Context(), token)
}

func (e *edge) ops() context.Context { return e.as(typepb.Role_ROLE_OPS, "O1") }

// refused fails unless an error has the code and the reason; it returns the text.
func (e *edge) refused(err error, code codes.Code, reason dispatch.Reason) string {
	e.t.Helper()
	st := status.Convert(err)
	var got string
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			got = info.GetReason()
		}
	}
	if st.Code() != code || got != string(reason) {
		e.t.Fatalf("%v (%s), want %s, %s", err, got, code, reason)
	}
	return st.Message()
}

func TestConfigLacks(t *testing.T) {
	w := newTown(t)
	whole := ops.Config{
		Cities: w.desk.Cities, Desk: w.desk, Store: w.db, Registry: w.db, Reads: w.db,
		Cashier: money.Cashier{Store: w.db},
		Clock:   func() (time.Time, float64) { return w.now, 1 },
	}
	if _, err := ops.New(whole); err != nil {
		t.Error(err)
	}
	for _, lack := range []func(*ops.Config){
		func(c *ops.Config) { c.Cities = nil }, func(c *ops.Config) { c.Store = nil },
		func(c *ops.Config) { c.Registry = nil }, func(c *ops.Config) { c.Reads = nil },
		func(c *ops.Config) { c.Desk = nil },
		func(c *ops.Config) { c.Cashier.Store = nil }, func(c *ops.Config) { c.Clock = nil },
	} {
		c := whole
		lack(&c)
		if _, err := ops.New(c); err == nil {
			t.Errorf("%+v is not whole", c)
		}
	}
}

func TestClockAndCities(t *testing.T) {
	e := newEdge(t, sandbox)
	clock, err := e.GetClock(e.as(typepb.Role_ROLE_DRIVER, "D1"), &opspb.GetClockRequest{})
	e.ok(err)
	if !clock.GetAt().AsTime().Equal(e.now) || clock.GetRate() != 30 {
		t.Errorf("%v", clock)
	}
	cities, err := e.ListCities(e.ops(), &opspb.ListCitiesRequest{})
	e.ok(err)
	if c := cities.GetCities(); len(c) != 1 || c[0].GetId() != "beijing" ||
		c[0].GetTimeZone() != "Asia/Shanghai" || c[0].GetNameZh() == "" ||
		c[0].GetPolicyJson() == "" {
		t.Errorf("%v", cities)
	}
	versions := []byte(cities.GetCities()[0].GetPoliciesJson())
	policies, err := dispatch.ParsePolicies(versions, time.UTC)
	if err != nil || policies.At(e.now).OfferS != 15 {
		t.Errorf("%+v, %v", policies, err)
	}
}

func TestGate(t *testing.T) {
	e := newEdge(t, sandbox)
	_, err := e.AuditBooks(t.Context(), &opspb.AuditBooksRequest{})
	e.refused(err, codes.Unauthenticated, wire.ReasonTokenMissing)
	for _, role := range []typepb.Role{
		typepb.Role_ROLE_RIDER, typepb.Role_ROLE_DRIVER, typepb.Role_ROLE_COMPANY,
	} {
		_, err = e.AuditBooks(e.as(role, "X1"), &opspb.AuditBooksRequest{})
		e.refused(err, codes.PermissionDenied, wire.ReasonRoleDenied)
	}
	body, _ := scrape(t, e.metrics, "text/plain")
	const method = `method="hexhail.ops.v1.OpsService/AuditBooks"`
	shows(t, body,
		`hexhail_rpc_calls_total{code="PermissionDenied",`+method+`} 3`,
		`hexhail_rpc_calls_total{code="Unauthenticated",`+method+`} 1`,
		`hexhail_rpc_seconds_count{`+method+`} 4`,
		`hexhail_rpc_errors_total{reason="ROLE_DENIED"} 3`)
}

func (e *edge) campaign() *opspb.Campaign {
	return &opspb.Campaign{
		Id: "spring", Version: 1, City: "beijing", Sponsor: "alipay", Channel: "wallet",
		RiderFen: 500, DriverFen: 500, CapFen: 100_000,
		StartsAt: timestamppb.New(e.now), EndsAt: timestamppb.New(e.now.Add(time.Hour)),
	}
}

// fields are those that an error names.
func fields(err error) (names []string) {
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				names = append(names, v.GetField())
			}
		}
	}
	return names
}

func TestCampaigns(t *testing.T) {
	e := newEdge(t, sandbox)
	ctx := e.ops()
	launch := func(id string, c *opspb.Campaign) (*opspb.LaunchCampaignResponse, error) {
		return e.LaunchCampaign(ctx, &opspb.LaunchCampaignRequest{RequestId: id, Campaign: c})
	}
	first := e.campaign()
	for _, id := range []string{"q1", "q1", "q2"} { // again, and once more under another id
		got, err := launch(id, first)
		e.ok(err)
		if got.GetCampaign().GetLeftFen() != 100_000 {
			t.Errorf("%s: %v", id, got)
		}
	}
	other := e.campaign()
	other.CapFen++
	_, err := launch("q1", other)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)
	_, err = launch("q3", other)
	e.refused(err, codes.AlreadyExists, dispatch.ReasonDuplicate)

	next := e.campaign()
	next.Version, next.EndsAt = 2, timestamppb.New(e.now.Add(2*time.Hour))
	for _, id := range []string{"q4", "q4", "q5"} {
		_, err = launch(id, next)
		e.ok(err)
	}
	longer := e.campaign()
	longer.Version, longer.EndsAt = 2, timestamppb.New(e.now.Add(3*time.Hour))
	_, err = launch("q6", longer)
	e.refused(err, codes.AlreadyExists, dispatch.ReasonDuplicate)
	richer := e.campaign()
	richer.Version, richer.RiderFen = 3, 600
	_, err = launch("q7", richer)
	text := e.refused(err, codes.InvalidArgument, dispatch.ReasonCampaign)
	if want := "campaign.rider_fen must be 500 fen, as it was funded"; text != want ||
		!slices.Equal(fields(err), []string{"campaign.rider_fen"}) {
		t.Errorf("%q of %q, want %q", text, fields(err), want)
	}
	ended := e.campaign()
	ended.Id, ended.EndsAt = "autumn", ended.GetStartsAt()
	_, err = launch("q9", ended)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonCampaign)
	if got := fields(err); !slices.Equal(got, []string{"campaign.ends_at"}) {
		t.Errorf("%q", got)
	}
	lost := e.campaign()
	lost.City = "atlantis"
	_, err = launch("q8", lost)
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)

	list, err := e.ListCampaigns(ctx, &opspb.ListCampaignsRequest{City: "beijing"})
	e.ok(err)
	ends := next.GetEndsAt().AsTime()
	if c := list.GetCampaigns(); len(c) != 1 || c[0].GetVersion() != 2 ||
		c[0].GetLeftFen() != 100_000 || !c[0].GetEndsAt().AsTime().Equal(ends) {
		t.Errorf("%v", list)
	}
	_, err = e.ListCampaigns(ctx, &opspb.ListCampaignsRequest{City: "atlantis"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)
}

func TestTopUp(t *testing.T) {
	e := newEdge(t, sandbox)
	_, err := e.db.ImportRiders(t.Context(), []dispatch.Rider{{ID: "R1"}, {ID: "R2"}})
	e.ok(err)
	top := func(ctx context.Context, id, rider string, fen int64) (int64, error) {
		got, err := e.TopUpWallet(ctx, &opspb.TopUpWalletRequest{
			RequestId: id, RiderId: rider, AmountFen: fen,
		})
		return got.GetBalanceFen(), err
	}
	for _, tc := range []struct {
		ops, id string
		want    int64
	}{
		{"O1", "q1", 500},
		{"O1", "q1", 500},
		{"O2", "q1", 1000},
		{"O1", "q2", 1500},
		{"O1", "q1", 500},
	} {
		got, err := top(e.as(typepb.Role_ROLE_OPS, tc.ops), tc.id, "R1", 500)
		e.ok(err)
		if got != tc.want {
			t.Errorf("%s by %s: %d fen, want %d", tc.id, tc.ops, got, tc.want)
		}
	}
	_, err = top(e.ops(), "q1", "R1", 501)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)
	_, err = top(e.ops(), "q1", "R2", 500)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)
	_, err = top(e.ops(), "q9", "R9", 500)
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownRider)

	// When the kept answers are forgotten, the ledger still knows the entry.
	e.pass(dispatch.OnceKept + time.Hour)
	e.ok(e.db.Tx(t.Context(), func(tx dispatch.Tx) error {
		_, err := tx.Forget(e.now, 100)
		return err
	}))
	_, err = top(e.ops(), "q1", "R1", 500)
	e.refused(err, codes.AlreadyExists, dispatch.ReasonDuplicate)
	audit, err := e.AuditBooks(e.ops(), &opspb.AuditBooksRequest{})
	e.ok(err)
	if !audit.GetSound() || audit.GetBalancesFen()["wallet"] != 1500 ||
		audit.GetBalancesFen()["sandbox"] != -1500 {
		t.Errorf("%v", audit)
	}
}

// TestTopUpAtOnce sends one request many times at the same time: it books once.
func TestTopUpAtOnce(t *testing.T) {
	e := newEdge(t, sandbox)
	_, err := e.db.ImportRiders(t.Context(), []dispatch.Rider{{ID: "R1"}})
	e.ok(err)
	ctx, answers := e.ops(), make(chan error)
	for range 20 {
		go func() {
			got, err := e.TopUpWallet(ctx, &opspb.TopUpWalletRequest{
				RequestId: "q", RiderId: "R1", AmountFen: 700,
			})
			if err == nil && got.GetBalanceFen() != 700 {
				t.Errorf("%d fen", got.GetBalanceFen())
			}
			answers <- err
		}()
	}
	for range 20 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

func TestTopUpNeedsASandbox(t *testing.T) {
	e := newEdge(t, func(c *ops.Config) { c.Sandbox = false })
	_, err := e.TopUpWallet(e.ops(), &opspb.TopUpWalletRequest{
		RequestId: "q", RiderId: "R1", AmountFen: 700,
	})
	e.refused(err, codes.PermissionDenied, wire.ReasonNotSandbox)
}

func TestRides(t *testing.T) {
	e := newEdge(t, sandbox)
	e.people()
	settled := e.ride(money.InWallet, 5_00)
	e.pass(time.Minute)
	open := e.request(money.Cash, 0)

	got, err := e.GetRide(e.ops(), &opspb.GetRideRequest{RideId: string(settled)})
	e.ok(err)
	if got.GetRide().GetState() != typepb.RideState_RIDE_STATE_SETTLED ||
		got.GetRiderId() != "R1" || got.GetDriverId() != "D1" || got.GetTaxiId() != "T1" {
		t.Errorf("%v", got)
	}
	if r := got.GetRounds(); len(r) != 1 || len(r[0].GetCandidates()) != 1 ||
		r[0].GetCandidates()[0].GetTaxiId() != "T1" ||
		r[0].GetCandidates()[0].GetVerdict() != "offered" || r[0].GetWaiting() != 1 {
		t.Errorf("rounds: %v", r)
	}
	var paid, tips int64
	for _, p := range got.GetPayments() {
		if p.GetState() != "paid" {
			t.Errorf("%v", p)
		}
		if p.GetPurpose() == "tip" {
			tips += p.GetAmountFen()
		} else {
			paid += p.GetAmountFen() - p.GetDiscountFen()
		}
	}
	if paid != 17_00 || tips != 5_00 || len(got.GetTransfers()) == 0 {
		t.Errorf("paid %d, tip %d, transfers %v", paid, tips, got.GetTransfers())
	}
	e.pass(time.Minute) // nobody reports a position any more: rounds consider nobody
	_, err = e.engine.Round(t.Context(), e.now)
	e.ok(err)
	live, err := e.GetRide(e.ops(), &opspb.GetRideRequest{RideId: string(open)})
	e.ok(err)
	if live.GetEmptyRounds() != 1 || live.GetDriverId() != "" {
		t.Errorf("searching: %v", live)
	}
	_, err = e.GetRide(e.ops(), &opspb.GetRideRequest{RideId: "nothing"})
	e.refused(err, codes.NotFound, dispatch.ReasonUnknownRide)

	audit, err := e.AuditBooks(e.ops(), &opspb.AuditBooksRequest{})
	e.ok(err)
	if !audit.GetSound() || len(audit.GetWrongAccounts()) != 0 || audit.GetPendingFen() != 0 ||
		audit.GetSubsidyRiderFen() != 5_00 || audit.GetSubsidyDriverFen() != 4_00 ||
		audit.GetPaidFen() != 22_00 || audit.GetBalancesFen()["driver_payable"] != 31_00 {
		t.Errorf("%v", audit)
	}
}

func TestListRides(t *testing.T) {
	e := newEdge(t, sandbox)
	e.people()
	settled := e.ride(money.InWallet, 0)
	e.pass(time.Minute)
	open := e.request(money.Cash, 0)
	list := func(token string, state typepb.RideState) *opspb.ListRidesResponse {
		t.Helper()
		page, err := e.ListRides(e.ops(), &opspb.ListRidesRequest{
			City: "beijing", PageSize: 1, PageToken: token, State: state,
		})
		e.ok(err)
		return page
	}
	const every = typepb.RideState_RIDE_STATE_UNSPECIFIED
	one := list("", every)
	two := list(one.GetNextPageToken(), every)
	if one.GetRides()[0].GetRideId() != string(open) ||
		two.GetRides()[0].GetRideId() != string(settled) {
		t.Errorf("%v, then %v", one, two)
	}
	if one.GetNextPageToken() == "" || two.GetNextPageToken() != "" {
		t.Errorf("after the last page: %v, then %v", one, two)
	}
	searching := list("", typepb.RideState_RIDE_STATE_SEARCHING)
	if len(searching.GetRides()) != 1 || searching.GetRides()[0].GetRideId() != string(open) {
		t.Errorf("searching: %v", searching)
	}
	_, err := e.ListRides(e.ops(), &opspb.ListRidesRequest{
		City: "beijing", PageToken: one.GetNextPageToken(),
		State: typepb.RideState_RIDE_STATE_SEARCHING,
	})
	e.refused(err, codes.InvalidArgument, wire.ReasonPageToken)
}
