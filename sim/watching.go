package sim

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// watchLine is a connection for up to 100 watches.
type watchLine struct {
	conn  *grpc.ClientConn
	inUse int
}

// lineForWatch finds room for one more watch.
func (l *live) lineForWatch() (*watchLine, error) {
	for _, w := range l.watching {
		if w.inUse < streamsALine {
			return w, nil
		}
	}
	conn, err := l.remote.dial()
	if err != nil {
		return nil, err
	}
	w := &watchLine{conn: conn}
	l.watching = append(l.watching, w)
	return w, nil
}

// watch follows a rider's ride until it has ended.
func (l *live) watch(r *rider) error {
	on, err := l.lineForWatch()
	if err != nil {
		return err
	}
	on.inUse++
	a := &l.apps[r.who]
	a.line = on
	ctx := wire.WithToken(l.ctx, a.token)
	ride := string(r.ride)
	l.callers.Go(func() {
		err := l.follow(ctx, on.conn, ride, func(g *glimpse) {
			pb := g.ride
			l.post(func() error { l.riderHears(r, pb); return nil })
		})
		l.post(func() error {
			on.inUse--
			a.line = nil
			return l.excuse("WatchRide", err)
		})
	})
	return nil
}

var watch = &riderpb.RiderService_ServiceDesc.Streams[0]

// follow tells of every change of a ride. It returns when the ride has ended, or an error that no
// new try will change. A server that is away for long ends the run by its drivers' sessions.
func (l *live) follow(
	ctx context.Context, conn *grpc.ClientConn, ride string, tell func(*glimpse),
) error {
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		over, heard, err := followOnce(ctx, conn, ride, tell)
		wait, passes := passing(err)
		if heard {
			pause = leastPause
		}
		switch {
		case over || ctx.Err() != nil:
			return nil
		case err != nil && !passes:
			return err
		}
		jittered := pause/2 + time.Duration(l.config.Wall().UnixNano()%int64(pause))
		if !sleep(ctx, max(wait, jittered)) {
			return nil
		}
	}
}

// followOnce is one watch. over says that the ride has ended.
func followOnce(
	ctx context.Context, conn *grpc.ClientConn, ride string, tell func(*glimpse),
) (over, heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, watch, riderpb.RiderService_WatchRide_FullMethodName,
		grpc.ForceCodecV2(newCodec()), grpc.StaticMethod())
	if err != nil {
		return false, false, err
	}
	_ = stream.SendMsg(&riderpb.WatchRideRequest{RideId: ride}) // RecvMsg tells what went wrong
	_ = stream.CloseSend()
	for {
		g := new(glimpse)
		if err := stream.RecvMsg(g); err != nil {
			return over, heard, ended(err)
		}
		heard = true
		if g.ride == nil {
			continue
		}
		tell(g)
		if over = wire.StateOf(g.ride.GetState()).Terminal(); over {
			return true, true, nil
		}
	}
}
