package rider_test

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/rider"
	"hexhail/store"
	"hexhail/wire"
)

// rows are the store's, counted, and out of order when a test wants them to be.
type rows struct {
	*store.DB
	rides, cards atomic.Int64
	broken       atomic.Bool
	// after is called when the nth read of a ride is done.
	after atomic.Pointer[func(n int64)]
}

var errBroken = dispatch.Errorf(dispatch.Unavailable, dispatch.ReasonStore, "no database")

func (r *rows) RiderRide(
	ctx context.Context, id dispatch.RiderID, ride dispatch.RideID,
) (dispatch.Ride, error) {
	n := r.rides.Add(1)
	if r.broken.Load() {
		return dispatch.Ride{}, errBroken
	}
	if after := r.after.Load(); after != nil {
		defer (*after)(n)
	}
	return r.DB.RiderRide(ctx, id, ride)
}

func (r *rows) RideCard(
	ctx context.Context, id dispatch.RiderID, ride dispatch.RideID,
) (dispatch.Card, error) {
	r.cards.Add(1)
	return r.DB.RideCard(ctx, id, ride)
}

var _ rider.Reads = (*rows)(nil)

// calls hears of calls and forgets them.
type calls struct{}

func (calls) Called(string, codes.Code, time.Duration) {}
func (calls) Refused(dispatch.Reason)                  {}

// limits of the server: far from what tests do.
var limits = wire.Limits{
	Caller: wire.Rate{PerSecond: 1e6, Burst: 1e6}, Device: wire.Rate{PerSecond: 1e6, Burst: 1e6},
}
