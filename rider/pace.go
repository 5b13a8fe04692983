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
// row, and who looks for a driver needs thousands. And how often their phone may tell where it is:
// that is wanted once a minute, and told again when an answer was lost.
const (
	quoteEvery = 2 * time.Second
	quoteBurst = 5
	shareEvery = 10 * time.Second
	shareBurst = 6
	// maxPaced is how many riders are remembered in a generation; a rider is forgotten when all of
	// the burst has come back, and before that only if more riders than this ask in that time.
	maxPaced = 1 << 15
)

// pace holds riders to so many calls of a kind, each on their own.
type pace struct {
	what  string
	every time.Duration
	burst int

	mu     sync.Mutex
	riders lately[dispatch.RiderID, *rate.Limiter]
}

func newPace(what string, every time.Duration, burst int) *pace {
	p := &pace{what: what, every: every, burst: burst}
	p.riders.keep, p.riders.most = time.Duration(burst)*every, maxPaced
	return p
}

// take counts a call, or refuses it and says how long to wait.
func (p *pace) take(rider dispatch.RiderID, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	limiter, ok := p.riders.find(rider, now)
	if !ok {
		limiter = rate.NewLimiter(rate.Every(p.every), p.burst)
	}
	p.riders.put(rider, limiter, now)
	turn := limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	turn.CancelAt(now)
	return wire.RefuseFor(wait, codes.ResourceExhausted, wire.ReasonRateLimited,
		"%s: %d at once and one each %v: wait %v", p.what, p.burst, p.every, wait)
}
