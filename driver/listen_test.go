package driver

import (
	"context"
	"sync"
	"sync/atomic"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// hints passes hints on to the bus, unless it is told to lose those for drivers' phones.
type hints struct {
	dispatch.Hints
	deaf atomic.Bool
}

func (h *hints) Push(ctx context.Context, n dispatch.Notice) {
	if !h.deaf.Load() {
		h.Hints.Push(ctx, n)
	}
}

func (h *hints) Announce(ctx context.Context, c dispatch.Call) {
	if !h.deaf.Load() {
		h.Hints.Announce(ctx, c)
	}
}

// tap passes fixes on and remembers them.
type tap struct {
	to        Fixes
	mu        sync.Mutex
	reports   map[dispatch.TaxiID]geo.Fix
	positions map[dispatch.RideID][]geo.Fix
}

func newTap(to Fixes) *tap {
	return &tap{
		to: to, reports: map[dispatch.TaxiID]geo.Fix{},
		positions: map[dispatch.RideID][]geo.Fix{},
	}
}

func (f *tap) Frame(city dispatch.CityID, reports []dispatch.Report) error {
	f.mu.Lock()
	for _, r := range reports {
		f.reports[r.Taxi] = r.Fix
	}
	f.mu.Unlock()
	return f.to.Frame(city, reports)
}

func (f *tap) Position(city dispatch.CityID, ride dispatch.RideID, at geo.Fix) error {
	f.mu.Lock()
	f.positions[ride] = append(f.positions[ride], at)
	f.mu.Unlock()
	return f.to.Position(city, ride, at)
}

func (f *tap) of(taxi dispatch.TaxiID) (geo.Fix, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fix, ok := f.reports[taxi]
	return fix, ok
}

func (f *tap) watched(ride dispatch.RideID) []geo.Fix {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.positions[ride]
}

// ears hear what happened.
type ears struct {
	mu       sync.Mutex
	open     int
	ends     map[string]int
	accepted int
	refused  map[string]int
	dropped  map[string]int
	deepest  int
}

func newEars() *ears {
	return &ears{ends: map[string]int{}, refused: map[string]int{}, dropped: map[string]int{}}
}

func (e *ears) Session(change int, why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open += change
	if change < 0 {
		e.ends[why]++
	}
}

func (e *ears) Fixes(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.accepted += n
}

func (e *ears) FixesRefused(reason string, n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused[reason] += n
}

func (e *ears) Queued(depth int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deepest = max(e.deepest, depth)
}

func (e *ears) Dropped(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropped[what]++
}

// ended is how often sessions ended for a reason.
func (e *ears) ended(why string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ends[why]
}

func (e *ears) count(reason string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused[reason]
}

func (e *ears) taken() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.accepted
}

// quiet is a dispatch.Listener that nobody asks.
type quiet struct{}

func (quiet) Acted(dispatch.ActKind, dispatch.Ride)          {}
func (quiet) Offered(dispatch.Offer)                         {}
func (quiet) Refused(string, dispatch.Kind, dispatch.Reason) {}
func (quiet) Called(dispatch.Call)                           {}
func (quiet) Rounded(dispatch.RoundStats)                    {}
func (quiet) Answered(dispatch.Answer)                       {}

// Withdrew implements [dispatch.Listener].
func (quiet) Withdrew(money.Withdrawal) {}

// Floats implements [dispatch.Listener].
func (quiet) Floats(money.Fen) {}

// Forgot implements [dispatch.Listener].
func (quiet) Forgot(dispatch.Forgotten, int) {}
func (quiet) Drew(dispatch.DrewDay)          {}
