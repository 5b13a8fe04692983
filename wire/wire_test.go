package wire

import (
	"context"
	"crypto/ed25519"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

// noon is when the tests take place.
var noon = time.Date(2014, 1, 10, 12, 0, 0, 0, time.UTC)

// seconds is a clock of machine time that tests move.
type seconds struct {
	mu sync.Mutex
	at time.Time
}

func (s *seconds) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *seconds) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

// heard keeps what a server tells its listener.
type heard struct {
	mu      sync.Mutex
	calls   map[string]map[codes.Code]int
	refused map[dispatch.Reason]int
}

func newHeard() *heard {
	return &heard{calls: map[string]map[codes.Code]int{}, refused: map[dispatch.Reason]int{}}
}

func (h *heard) Called(method string, code codes.Code, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls[method] == nil {
		h.calls[method] = map[codes.Code]int{}
	}
	h.calls[method][code]++
}

func (h *heard) Refused(reason dispatch.Reason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused[reason]++
}

func (h *heard) count(reason dispatch.Reason) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refused[reason]
}

// riders answers as a test wants; what it does not want is Unimplemented.
type riders struct {
	riderpb.UnimplementedRiderServiceServer
	get   func(context.Context, *riderpb.GetRideRequest) (*riderpb.GetRideResponse, error)
	watch func(*riderpb.WatchRideRequest,
		grpc.ServerStreamingServer[riderpb.WatchRideResponse]) error
}

func (r *riders) GetRide(
	ctx context.Context, q *riderpb.GetRideRequest,
) (*riderpb.GetRideResponse, error) {
	if r.get == nil {
		return &riderpb.GetRideResponse{Ride: &typepb.Ride{RideId: q.GetRideId()}}, nil
	}
	return r.get(ctx, q)
}

func (r *riders) WatchRide(
	q *riderpb.WatchRideRequest, to grpc.ServerStreamingServer[riderpb.WatchRideResponse],
) error {
	return r.watch(q, to)
}

// drivers runs a stream as a test wants.
type drivers struct {
	driverpb.UnimplementedDriverServiceServer
	drive func(grpc.BidiStreamingServer[driverpb.DriveRequest, driverpb.DriveResponse]) error
}

func (d *drivers) Drive(
	s grpc.BidiStreamingServer[driverpb.DriveRequest, driverpb.DriveResponse],
) error {
	return d.drive(s)
}

// edge is a real server on loopback and a connection to it.
type edge struct {
	t       testing.TB
	key     ed25519.PrivateKey
	signer  *Signer
	clock   *seconds
	heard   *heard
	server  *Server
	address string
	conn    *grpc.ClientConn
	rider   riderpb.RiderServiceClient
	driver  driverpb.DriverServiceClient
}

func newEdge(t testing.TB, c ServerConfig, r *riders, d *drivers) *edge {
	t.Helper()
	key, err := MakeKey()
	if err != nil {
		t.Fatal(err)
	}
	e := &edge{t: t, key: key, signer: NewSigner(key), clock: &seconds{at: noon}, heard: newHeard()}
	c.Verifier, c.Now, c.Listener = NewVerifier(publicOf(key)), e.clock.now, e.heard
	e.server, err = NewServer(c, func(to grpc.ServiceRegistrar) {
		riderpb.RegisterRiderServiceServer(to, r)
		driverpb.RegisterDriverServiceServer(to, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	e.address = listen(t, e.server.Server)
	e.conn = e.dial()
	e.rider = riderpb.NewRiderServiceClient(e.conn)
	e.driver = driverpb.NewDriverServiceClient(e.conn)
	return e
}

func listen(t testing.TB, s *grpc.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableServiceConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func (e *edge) dial() *grpc.ClientConn { return dial(e.t, e.address) }

// as is a context in which somebody calls with an hour's token.
func (e *edge) as(c Caller) context.Context {
	e.t.Helper()
	token, err := e.signer.Mint(c, e.clock.now(), time.Hour)
	if err != nil {
		e.t.Fatal(err)
	}
	return WithToken(e.t.Context(), token)
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	public, _ := key.Public().(ed25519.PublicKey) // documented to be one
	return public
}

func rider(id string) Caller { return Caller{Role: typepb.Role_ROLE_RIDER, ID: id} }

func driver(id string) Caller { return Caller{Role: typepb.Role_ROLE_DRIVER, ID: id} }

// details are what a client finds in a status.
type details struct {
	info  *errdetails.ErrorInfo
	texts map[string]string
	bad   *errdetails.BadRequest
	retry time.Duration
	id    string
}

func detailsOf(err error) details {
	d := details{texts: map[string]string{}}
	for _, detail := range status.Convert(err).Details() {
		switch m := detail.(type) {
		case *errdetails.ErrorInfo:
			d.info = m
		case *errdetails.LocalizedMessage:
			d.texts[m.GetLocale()] = m.GetMessage()
		case *errdetails.BadRequest:
			d.bad = m
		case *errdetails.RetryInfo:
			d.retry = m.GetRetryDelay().AsDuration()
		case *errdetails.RequestInfo:
			d.id = m.GetRequestId()
		}
	}
	return d
}

// refusedFor asserts code and reason of what a client got, with both texts of the table.
func refusedFor(t *testing.T, err error, code codes.Code, reason dispatch.Reason) details {
	t.Helper()
	d := detailsOf(err)
	if status.Code(err) != code || d.info.GetReason() != string(reason) {
		t.Fatalf("got %v (%s), want %v (%s)", err, d.info.GetReason(), code, reason)
	}
	row := rowOf(reason)
	if d.info.GetDomain() != Domain || d.texts[LocaleEN] != row.EN || d.texts[LocaleZH] != row.ZH {
		t.Errorf("%s: domain %q, texts %q", reason, d.info.GetDomain(), d.texts)
	}
	return d
}
