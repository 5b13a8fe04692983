package rider

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// Config is what a Server needs; every field has to be set.
type Config struct {
	Desk     *dispatch.Desk
	Cities   dispatch.Cities
	City     City
	Watch    Watch
	Reads    Reads
	Listener Listener
	// Now is the city's time.
	Now func() time.Time
	Log *slog.Logger
}

func (c Config) check() error {
	switch {
	case c.Desk == nil, c.Cities == nil, c.City == nil, c.Watch == nil, c.Reads == nil,
		c.Listener == nil, c.Now == nil, c.Log == nil:
		return errors.New("rider: every field of the Config has to be set")
	default:
		return nil
	}
}

// Server answers riders' apps.
type Server struct {
	riderpb.UnimplementedRiderServiceServer

	desk     *dispatch.Desk
	cities   dispatch.Cities
	city     City
	watch    Watch
	reads    Reads
	listener Listener
	now      func() time.Time
	log      *slog.Logger

	machine func() time.Time // transport's clock
	quotes  *pace
	shared  *pace // positions
	blur    blur
	cards   *cards
	hub     *hub
}

// New makes a server. The names of taxis nearby hold as long as it does: each has a key of its own
// for them.
func New(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Server{
		desk: c.Desk, cities: c.Cities, city: c.City, watch: c.Watch, reads: c.Reads,
		listener: c.Listener, now: c.Now, log: c.Log,
		machine: time.Now, quotes: newPace("quotes", quoteEvery, quoteBurst),
		shared: newPace("positions", shareEvery, shareBurst), cards: newCards(),
	}
	s.hub = newHub(s)
	_, err := rand.Read(s.blur.key[:])
	return s, err
}

// Drain ends every watch with DRAINING, so that apps go to another node, refuses new ones, and
// returns when all have ended, or with ctx's error. Calls that are no watches go on.
func (s *Server) Drain(ctx context.Context) error { return s.hub.drain(ctx) }

// riderOf is the rider who calls. The method's rule lets nobody else in; this is the second lock.
func riderOf(ctx context.Context) (dispatch.RiderID, error) {
	c := wire.CallerOf(ctx)
	if c.Role != typepb.Role_ROLE_RIDER || c.ID == "" {
		return "", wire.Refuse(codes.PermissionDenied, wire.ReasonRoleDenied,
			"only riders may call this")
	}
	return dispatch.RiderID(c.ID), nil
}

// fail is an error as riders see it. A ride that is somebody else's and one that never was are the
// same to them, to the letter.
func fail(err error) error {
	if err != nil && dispatch.ReasonOf(err) == dispatch.ReasonUnknownRide {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownRide,
			"you have no such ride")
	}
	return wire.Fail(err)
}
