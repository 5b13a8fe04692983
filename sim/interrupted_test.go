// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/sim"
)

// cutter is a store that ends the run in the middle of its n-th transaction, or of the first one
// after so many traces: with no time to get out that completes a ride, and reserves its subsidy.
type cutter struct {
	sim.Store
	n, traces int
	cut       context.CancelFunc
}

func (c *cutter) AppendTrace(ctx context.Context, ride dispatch.RideID, fixes []geo.Fix) error {
	if c.traces--; c.traces == 0 {
		c.n = 1
	}
	return c.Store.AppendTrace(ctx, ride, fixes)
}

func (c *cutter) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return c.Store.Tx(ctx, func(tx dispatch.Tx) error {
		if c.n--; c.n == 0 {
			c.cut()
		}
		return fn(tx)
	})
}

// cutAt is the evening, ended by c.
func cutAt(t *testing.T, c *cutter) (sim.Report, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	config := evening(t, func(o *sim.Options) {
		o.Accept, o.Release, o.BreakDown, o.Alighting, o.Cash = 0.8, 0.1, 0.1, 0, 0
	})
	c.Store, c.cut = memory(t), cancel
	config.Store, config.Wall = c, time.Now
	return sim.Virtual(ctx, config)
}

// TestARunMayBeCutAnywhere ends a run in every kind of command, and looks at what it tells.
func TestARunMayBeCutAnywhere(t *testing.T) {
	t.Parallel()
	reports := 0
	for n := 1; n < 4000; n += 1 + n/6 {
		r, err := cutAt(t, &cutter{n: n})
		if err == nil {
			reports++
			tellsThatItIsCut(t, r)
		} else if !errors.Is(err, context.Canceled) || r.Fleet != 0 {
			t.Errorf("cut in transaction %d: %v, report %+v", n, err, r)
		}
	}
	if reports < 5 {
		t.Errorf("%d reports: too few to prove anything", reports)
	}
}

// TestACutRunMayHaveMoneyPending ends a run while a ride is being completed.
func TestACutRunMayHaveMoneyPending(t *testing.T) {
	t.Parallel()
	for _, traces := range []int{10, 20} {
		r, err := cutAt(t, &cutter{traces: traces})
		if err != nil {
			t.Fatal(err)
		}
		tellsThatItIsCut(t, r)
		if r.PendingFen == 0 || r.Books.NoPending || r.BooksClose {
			t.Errorf("cut after %d traces: %d fen pending, books %+v",
				traces, r.PendingFen, r.Books)
		}
	}
}

func tellsThatItIsCut(t *testing.T, r sim.Report) {
	t.Helper()
	var out bytes.Buffer
	if err := r.Summary(&out); err != nil {
		t.Fatal(err)
	}
	if !r.CutShort || r.Fleet != eveningFleet || r.Requests == 0 || len(r.Wrong()) != 0 ||
		r.DoubleClaims != 0 || !strings.Contains(out.String(), "books      cut short: ") {
		t.Errorf("wrong: %v, double claims: %d\n%s", r.Wrong(), r.DoubleClaims, out.String())
	}
}
