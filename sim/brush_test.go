// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
)

// leastHeld is how much of what brushers get has to be held, and mostHonest how many of the others'
// rides may be.
const (
	leastHeld  = 0.9
	mostHonest = 0.001
)

// caught checks how much of what brushers were to get is held, and whom else it has hit.
func caught(t *testing.T, r sim.Report, least int) {
	t.Helper()
	f := r.Brushing
	if f == nil {
		t.Fatal("nobody has brushed")
	}
	t.Logf("%d brushed, %d held: %s of %s yuan; of %d others %d held", f.Rides, f.Held,
		f.HeldFen, f.SubsidyFen, f.HonestRides, f.HonestHeld)
	if f.Rides < least || float64(f.HeldFen) < leastHeld*float64(f.SubsidyFen) {
		t.Errorf("%d brushed rides, %s of %s yuan held", f.Rides, f.HeldFen, f.SubsidyFen)
	}
	if float64(f.HonestHeld) > mostHonest*float64(f.HonestRides) {
		t.Errorf("%d of %d honest rides are held", f.HonestHeld, f.HonestRides)
	}
}

// TestBrushersAreCaught: in a small Beijing, whichever way rides find their taxis; the books close
// with what is held, and nothing of the fares is.
func TestBrushersAreCaught(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sim.Options){
		"assign":  func(*sim.Options) {},
		"grab":    func(o *sim.Options) { o.Policy = dispatch.Grab },
		"unheard": func(o *sim.Options) { o.Hints = sim.HintsDrop },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := evening(t, func(o *sim.Options) {
				o.Brush, o.Requests, o.Fleet, o.Cash = 0.6, 240, 400, 0
				o.Duration, o.Tell, o.Away = 40*time.Minute, 0.7, 0.03
				change(o)
			})
			r := run(t, c)
			if r.DoubleClaims != 0 || !r.BooksClose {
				t.Errorf("%d double claims, open books: %v", r.DoubleClaims, r.Books.Open())
			}
			caught(t, r, 20)
		})
	}
}

// TestHonestNewYork: of three minutes of real trips none to speak of is held.
func TestHonestNewYork(t *testing.T) {
	t.Parallel()
	c := newYork(t, 6000, 3*time.Minute, dispatch.Assign)
	c.Options.Cash, c.Options.Tell, c.Options.Away = 0, 0.7, 0.03
	r := run(t, c)
	held := 0
	if r.Brushing != nil {
		held = r.Brushing.HonestHeld
	}
	t.Logf("%d of %d rides are held", held, r.Settled)
	if !r.BooksClose || float64(held) > mostHonest*float64(r.Settled) {
		t.Errorf("%d of %d rides are held, open books %v", held, r.Settled, r.Books.Open())
	}
}
