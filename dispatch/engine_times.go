package dispatch

import (
	"context"
	"slices"
	"time"

	"hexhail/geo"
)

// MaxAsked is how many drives of a round a service is asked for; the others, of the rides that came
// last, are timed without it.
const MaxAsked = 20_000

// movedM is how far a taxi may have moved since a service was asked: three seconds of driving. What
// is answered for another place is no answer.
const movedM = 30

// drive is a taxi's way to a ride.
type drive struct {
	ride rideRef
	taxi taxiRef
}

// service is what an engine knows of the answers of a service.
type service struct {
	asked []drive
	known map[drive]geo.Estimate
}

// Drives are the ways of which the coming round will want the times, for a service to answer. They
// are the caller's until [Engine.Know] takes them back; there is one set at a time.
func (e *Engine) Drives(now time.Time) []geo.Estimate {
	e.service.asked = e.service.asked[:0]
	e.policy = e.city.PolicyAt(now)
	e.fleet.expire(now.Add(-e.policy.Stale()))
	waiting := slices.DeleteFunc(e.waiting(), func(ref rideRef) bool {
		return e.calls(&e.queue.waits[ref], now)
	})
	if len(waiting) == 0 || e.supply() == 0 {
		return nil
	}
	clear(e.pair.used)
	e.survey(waiting, e.hour(now), now)
	var drives []geo.Estimate
	for _, o := range e.pair.options {
		if o.verdict != Chosen {
			continue
		}
		if len(drives) == MaxAsked {
			break
		}
		e.service.asked = append(e.service.asked, drive{o.ride, o.taxi})
		drives = append(drives, e.estimate(e.fleet.taxis[o.taxi].spot(),
			e.queue.waits[o.ride].ride.Pickup, o.distanceM, o.pace))
	}
	return drives
}

// Know takes back the last Drives, with the times that a service has answered. The rounds use them
// until the next ones come.
func (e *Engine) Know(drives []geo.Estimate) {
	clear(e.service.known)
	for i, d := range drives {
		if d.Source == geo.SourceService {
			e.service.known[e.service.asked[i]] = d
		}
	}
}

// answer takes what a service has said about a drive, if it is still the same.
func (e *Engine) answer(o *option, d *geo.Estimate) {
	if len(e.service.known) == 0 {
		return
	}
	k, ok := e.service.known[drive{o.ride, o.taxi}]
	if ok && k.To == d.To && geo.DistanceM(k.From, d.From) <= movedM {
		d.TimeMS, d.Source = k.TimeMS, k.Source
	}
}

// Ask makes the loop ask a service for the times of every round, for as long as the policy's
// TimesMS: until the answer is there, rounds wait, and nothing else does. What the service has not
// answered by then, the roads or the learned pace do. To be called before Run.
func (l *Loop) Ask(service Times) {
	l.service, l.engine.asks = service, true
	l.engine.service.known = make(map[drive]geo.Estimate)
}

// asking is a question to the service that is on its way.
type asking struct {
	drives []geo.Estimate
	by     time.Time // machine time: then the round goes without it
	done   chan struct{}
	err    error // once done
}

// ready says whether a round can be made: the service has answered, or has had its time. If it has
// not been asked, it is. While an answer that is too late has not come, rounds go without a
// service: there is one question at a time.
func (l *Loop) ready(ctx context.Context, now time.Time) bool {
	if l.service == nil {
		return true
	}
	if a := l.asking; a != nil {
		select {
		case <-a.done:
			l.asking = nil
			l.heard(ctx, a.err)
			l.engine.Know(a.drives)
			return true
		default:
			l.engine.Know(nil)
			return !time.Now().Before(a.by)
		}
	}
	drives := l.engine.Drives(now)
	if len(drives) == 0 {
		l.engine.Know(nil)
		return true
	}
	policy := l.engine.city.PolicyAt(now)
	within := policy.Times()
	a := &asking{drives: drives, by: time.Now().Add(within), done: make(chan struct{})}
	l.asking = a
	go func() {
		defer l.ring()
		defer close(a.done)
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		a.err = l.service.Times(ctx, a.drives, float64(policy.SnapM))
	}()
	return false
}

// heard tells of a service that fails, once until it answers again.
func (l *Loop) heard(ctx context.Context, err error) {
	if err != nil && !l.deaf {
		l.fail(ctx, "times", err)
	}
	l.deaf = err != nil
}

// untilReady is the machine time until a round can be made that waits for the service, at the
// latest.
func (l *Loop) untilReady() time.Duration {
	if l.asking == nil {
		return 0
	}
	return time.Until(l.asking.by)
}

// timeBetter lets the service time the drives to a pickup, for who waits for an answer and holds up
// nobody else. What it does not know stays as it was.
func (l *Loop) timeBetter(ctx context.Context, n *Nearby) {
	if l.service == nil || len(n.drives) == 0 {
		return
	}
	policy := l.engine.city.PolicyAt(l.clock.Now())
	drives := slices.Clone(n.drives)
	for i := range drives {
		drives[i].Source = 0
	}
	ctx, cancel := context.WithTimeout(ctx, policy.Times())
	defer cancel()
	// An error is told by the rounds, which ask the same service.
	_ = l.service.Times(ctx, drives, float64(policy.SnapM))
	for i, d := range drives {
		if d.Source != 0 {
			n.drives[i] = d
		}
	}
	n.first()
}
