package bus

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
)

// phone is a driver's session.
type phone struct {
	notices  chan dispatch.Notice
	replaced atomic.Int32
	stop     func()
}

func listen(t testing.TB, b *Bus, driver dispatch.DriverID, session string) *phone {
	t.Helper()
	p := &phone{notices: make(chan dispatch.Notice, 64)}
	var err error
	p.stop, err = b.Listen(driver, session, func(n dispatch.Notice) { p.notices <- n },
		func() { p.replaced.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func testNotices(t *testing.T, open func() *Bus) {
	a, b := open(), open()
	odd := dispatch.DriverID("a.b *>\n东")
	phones := map[dispatch.DriverID]*phone{
		"D1": listen(t, a, "D1", "s1"), "D2": listen(t, b, "D2", "s2"),
		odd: listen(t, b, odd, "s3"),
		"a": listen(t, b, "a", "s4"), "": listen(t, b, "", "s5"),
	}
	settle(t, a, b)
	one := ride("X1")
	for driver, p := range phones {
		for _, want := range []dispatch.Notice{
			{Driver: driver, Offer: offer()},
			{Driver: driver, Ride: &one},
			{Driver: driver, Shift: shift()},
		} {
			a.Push(t.Context(), want)
			if got := next(t, "a notice", p.notices); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		}
	}
	phones["D1"].stop()
	a.Push(t.Context(), dispatch.Notice{Driver: "D1", Offer: offer()})
	settle(t, a, b)
	for driver, p := range phones {
		if len(p.notices) > 0 || p.replaced.Load() > 0 {
			t.Errorf("%q has %d more notices, and was replaced %d times",
				driver, len(p.notices), p.replaced.Load())
		}
	}
}

func testReplaced(t *testing.T, open func() *Bus) {
	a, b := open(), open()
	settle(t, a, b)
	first, bystander := listen(t, a, "D1", "s9"), listen(t, a, "D2", "s1")
	// On the same node, on another one, on the first again, with an earlier session id, with the
	// same one.
	later := first
	for i, at := range []*Bus{a, b, a, b, b} {
		settle(t, a, b)
		before := later
		later = listen(t, at, "D1", []string{"s8", "s7", "s6", "s5", "s5"}[i])
		eventually(t, "the earlier session is replaced", func() bool {
			return before.replaced.Load() == 1
		})
		before.stop() // of a session that is replaced already: leaves the later one alone
	}
	a.Push(t.Context(), dispatch.Notice{Driver: "D1", Offer: offer()})
	next(t, "a notice for the last session", later.notices)
	settle(t, a, b)
	if later.replaced.Load() != 0 || bystander.replaced.Load() != 0 || first.replaced.Load() != 1 {
		t.Errorf("replaced: last %d, bystander %d, first %d", later.replaced.Load(),
			bystander.replaced.Load(), first.replaced.Load())
	}
	if got := a.Stats().Replaced + b.Stats().Replaced; got != 5 {
		t.Errorf("%d sessions were counted as replaced, not 5", got)
	}
}

// testReplacedAtOnce: of many sessions of one driver that begin together on several nodes exactly
// one stays. Mutants that it catches: every announcement of another node replaces (none stays);
// only lower ranks of the same node are replaced (several stay).
func testReplacedAtOnce(t *testing.T, open func() *Bus) {
	nodes := []*Bus{open(), open(), open()}
	settle(t, nodes...)
	// One clock is a second ahead: the others' sessions still end up in one order.
	nodes[1].drivers.saw(time.Now().Add(time.Second).UnixNano())
	const drivers, each = 20, 3
	phones := make([][]*phone, drivers)
	var lock sync.Mutex
	var begun sync.WaitGroup
	for d := range drivers {
		for i, node := range nodes {
			for j := range each {
				begun.Go(func() {
					p := listen(t, node, driverN(d), fmt.Sprintf("s%d-%d", (i*7+d)%3, j))
					lock.Lock()
					defer lock.Unlock()
					phones[d] = append(phones[d], p)
				})
			}
		}
	}
	begun.Wait()
	total := drivers * (each*len(nodes) - 1)
	eventually(t, "all but one of each driver are replaced", func() bool {
		n := 0
		for _, of := range phones {
			for _, p := range of {
				n += int(p.replaced.Load())
			}
		}
		return n >= total
	})
	settle(t, nodes...)
	for d, of := range phones {
		nodes[d%3].Push(t.Context(), dispatch.Notice{Driver: driverN(d), Offer: offer()})
	one:
		for deadline := time.Now().Add(patience); ; {
			for _, p := range of {
				if len(p.notices) > 0 {
					break one
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("no session of %s has got the notice", driverN(d))
			}
			time.Sleep(time.Millisecond)
		}
	}
	settle(t, nodes...)
	for d, of := range phones {
		stay, notices := 0, 0
		for _, p := range of {
			switch p.replaced.Load() {
			case 0:
				stay++
				notices += len(p.notices)
			case 1:
			default:
				t.Errorf("a session was told %d times", p.replaced.Load())
			}
		}
		if stay != 1 || notices != 1 {
			t.Errorf("%s: %d sessions stay, with %d notices", driverN(d), stay, notices)
		}
	}
}

func driverN(i int) dispatch.DriverID { return dispatch.DriverID(fmt.Sprint("D", i)) }
