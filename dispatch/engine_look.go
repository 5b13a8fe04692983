package dispatch

import (
	"math"
	"time"

	"hexhail/geo"
)

// How the engine looks around for rides that wait: rounds say who was considered, looks say who
// else was there, and what kept them. A ride that is matched at once is never looked around for.
const (
	lookFirst = 3 * time.Second
	lookEvery = 10 * time.Second
	// looksAtOnce is for how many rides at most in one second. With more than 640 rides in want,
	// each of them has its turn later; the time between two looks goes to the cause of the second.
	looksAtOnce = 64
	// lapseLeast is how late the engine may hear of a ride without having been down: a lost hint
	// costs syncEvery.
	lapseLeast = 2 * syncEvery
	// logEvery is how often the log of a ride that goes on searching is written.
	logEvery = time.Minute
)

// gaze is the look around one ride while it is being counted.
type gaze struct {
	ref     rideRef
	at      geo.Point
	reachM  float64
	nearest float64   // metres to the nearest fit idle taxi so far
	heard   time.Time // the latest fix of a silent phone near
	fit     int
	near    Census
	unfit   [len(verdicts)]int
}

// lookAround counts the fleet, in all and around each ride whose turn it is, and notes for the
// drivers' logs who has come and gone.
func (e *Engine) lookAround(now time.Time) {
	e.dueLooks(now)
	var city Census
	silentBefore := now.Add(-e.policy.Stale())
	for ref := range e.fleet.taxis {
		c := &e.fleet.taxis[ref]
		p := c.presence(silentBefore)
		city.count(p, !c.fixedAt.IsZero())
		e.witness.turn(taxiRef(ref), p, c.fixedAt, now)
		if p == DriverOff || c.fixedAt.IsZero() {
			continue
		}
		for i := range e.gazes {
			e.see(&e.gazes[i], c, p, now)
		}
	}
	for i := range e.gazes {
		e.keepLook(&e.gazes[i], city, now)
	}
}

// dueLooks gathers the rides whose turn it is, beginning after the last one that had it.
func (e *Engine) dueLooks(now time.Time) {
	e.gazes = e.gazes[:0]
	hour, n := e.hour(now), len(e.queue.order)
	for i := range n {
		ref := e.queue.order[(e.lookFrom+i)%n]
		w := &e.queue.waits[ref]
		switch {
		case w.lookAt.IsZero():
			e.beginLooks(w, now)
		case w.offer != "":
			w.lookedAt = now // this time is the offer's
		case !w.lookAt.After(now) && len(e.gazes) < looksAtOnce:
			at := w.ride.Pickup
			e.gazes = append(e.gazes, gaze{
				ref: ref, at: at, reachM: e.reach(e.speed.PaceAt(at, hour)), nearest: math.Inf(1),
			})
			if len(e.gazes) == looksAtOnce {
				e.lookFrom = (e.lookFrom + i + 1) % n
			}
		}
	}
}

// noteLapse notes for how long nobody has looked around for a ride, or nobody knows.
func (e *Engine) noteLapse(w *wait, now time.Time) {
	log := &w.memo.log
	since := w.ride.RequestedAt
	if w.ride.Search > 1 || w.ride.Kind == BookedRide {
		since = w.ride.ChangedAt
	}
	if log.Until.After(since) {
		since = log.Until
	}
	if (span{since, now}).length() > lapseLeast {
		log.lapse(span{since, now}, e.down)
	}
}

// beginLooks begins to look around for a ride.
func (e *Engine) beginLooks(w *wait, now time.Time) {
	e.noteLapse(w, now)
	log := &w.memo.log
	if log.Since.IsZero() {
		log.Since = now
	}
	log.Until = now
	w.lookAt, w.lookedAt = now.Add(lookFirst), now
	w.outbid, w.later, w.held = log.Outbid, log.Later, log.Held
}

// see counts one taxi around one ride.
func (e *Engine) see(g *gaze, c *taxi, p Presence, now time.Time) {
	limit := g.reachM
	if p == DriverIdle {
		limit = max(limit, g.nearest)
	}
	if math.Abs(c.at.Lat-g.at.Lat)*metresPerDegree > limit {
		return
	}
	m := geo.DistanceM(c.at, g.at)
	if m > limit {
		return
	}
	verdict := Verdict(0)
	if p == DriverIdle {
		verdict = e.judge(&e.queue.waits[g.ref], c, now)
	}
	if verdict == Chosen {
		g.nearest = min(g.nearest, m)
	}
	if m > g.reachM {
		return
	}
	switch {
	case p != DriverIdle:
	case verdict == Chosen:
		g.fit++
	default:
		g.unfit[verdict]++
	}
	g.near.count(p, true)
	if p == DriverSilent && c.fixedAt.After(g.heard) {
		g.heard = c.fixedAt
	}
}

// keepLook writes down what was seen around a ride.
func (e *Engine) keepLook(g *gaze, city Census, now time.Time) {
	w := &e.queue.waits[g.ref]
	log := &w.memo.log
	look := Look{
		At: now, Until: now, Times: 1, City: city, Near: g.near,
		Waiting: e.queue.open.Len(), Idle: city.Idle,
	}
	if now.Sub(e.last.At) < lookEvery {
		look.Waiting, look.Idle = e.last.Waiting, e.last.Idle
	}
	for v, n := range g.unfit {
		if n > 0 {
			look.Unfit = append(look.Unfit, Unfit{Verdict: Verdict(v), Taxis: n})
		}
	}
	if !math.IsInf(g.nearest, 1) {
		pace := e.speed.PaceAt(g.at, e.hour(now))
		look.NearestM, look.NearestS = int(g.nearest), int(math.Round(pace.TimeS(g.nearest)))
	}
	if !g.heard.IsZero() {
		look.HeardS = int(now.Sub(g.heard).Seconds())
	}
	look.Cause = look.judge(sinceLook{
		fit: g.fit, outbid: log.Outbid > w.outbid, later: log.Later > w.later,
		held: log.Held > w.held, called: w.call != "",
	}, log.Offers)
	log.look(look, w.lookedAt)
	w.lookAt, w.lookedAt = now.Add(lookEvery), now
	w.outbid, w.later, w.held = log.Outbid, log.Later, log.Held
	if w.loggedAt.IsZero() {
		w.loggedAt = now
	} else if now.Sub(w.loggedAt) >= logEvery {
		w.loggedAt = now
		e.toWrite(w.ride.ID, w.memo)
	}
}
