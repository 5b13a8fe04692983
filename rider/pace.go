package rider

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/wire"
)

// How often a rider may ask for a quote: an app that follows the finger on the map needs a few in a
// row, and who looks for a driver needs thousands.
const (
	quoteEvery = 2 * time.Second
	quoteBurst = 5
	// maxPaced is how many riders are remembered in a generation; a rider is forgotten when all of
	// the burst has come back, and before that only if more riders than this ask in that time.
	maxPaced = 1 << 15
)

// pace holds riders to quoteEvery, each on their own.
type pace struct {
	mu     sync.Mutex
	riders lately[dispatch.RiderID, *rate.Limiter]
}

func newPace() *pace {
	p := &pace{}
	p.riders.keep, p.riders.most = quoteBurst*quoteEvery, maxPaced
	return p
}

// take counts a quote, or refuses it and says how long to wait.
func (p *pace) take(rider dispatch.RiderID, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	limiter, ok := p.riders.find(rider, now)
	if !ok {
		limiter = rate.NewLimiter(rate.Every(quoteEvery), quoteBurst)
	}
	p.riders.put(rider, limiter, now)
	turn := limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	turn.CancelAt(now)
	return wire.RefuseFor(wait, codes.ResourceExhausted, wire.ReasonRateLimited,
		"quotes: %d at once and one each %v: wait %v", quoteBurst, quoteEvery, wait)
}
