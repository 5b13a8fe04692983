package dispatch

import (
	"context"
	"slices"
	"sync"
	"time"

	"hexhail/geo"
)

// Limits of a loop's inbox, and what happens at each.
const (
	// MaxPending is how many positions wait at most; beyond it the older ones of each taxi go.
	MaxPending = 1 << 18
	// MaxChanges is how many nudges wait at most; beyond it new ones are lost, and the engine
	// reads rows.
	MaxChanges = 4096
	// MaxQuestions is how many questions for taxis wait at most; beyond it they are refused.
	MaxQuestions = 1000
)

// dueEvery is how often in city time a loop does what is due, dueLeast the shortest machine time
// between two times.
const (
	dueEvery = time.Second
	dueLeast = 100 * time.Millisecond
)

// Clock is the city clock, as loops need it.
type Clock interface {
	// Now is the city's time.
	Now() time.Time
	// Wait is the machine time until the city's time is at, 0 if it has come.
	Wait(at time.Time) time.Duration
}

// Loop is the goroutine around one engine: an inbox of positions, nudges, questions, and a clock.
// Its methods but Run may be called from anywhere, and wait for nothing but
// answers to questions.
type Loop struct {
	// Rounded hears how long each round took, machine time; nil is nobody. To be set before Run.
	Rounded func(took time.Duration)

	engine *Engine
	clock  Clock
	failed func(what string, err error)

	service Times   // nil: nobody is asked for times
	asking  *asking // nil: nothing is
	deaf    bool    // the service has failed the last time

	mu      sync.Mutex
	reports []Report
	changes []Change
	asks    []question
	lost    int
	wake    chan struct{}

	counts Counts // guarded by mu, as of the last turn
	stands []int  // likewise
	spare  []Report
	dueAt  time.Time // city time
	dueWas time.Time // machine time of the last
}

// question is put to the engine by another goroutine; answer has room for one.
type question struct {
	ask    func(e *Engine, now time.Time)
	answer chan struct{}
}

// NewLoop makes the loop of an engine. failed hears of errors that the loop goes on after; it may
// not block.
func NewLoop(e *Engine, clock Clock, failed func(what string, err error)) *Loop {
	return &Loop{engine: e, clock: clock, failed: failed, wake: make(chan struct{}, 1)}
}

// Run turns until ctx ends, and then returns nil; or until another engine has taken the city: an
// error with ReasonFenced.
func (l *Loop) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer func() {
		if l.asking != nil {
			<-l.asking.done // within the time that it has
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return l.leave(ctx)
		case <-l.wake:
		case <-timer.C:
		}
		if ctx.Err() != nil {
			return l.leave(ctx) // of two that are ready, select takes any
		}
		next, err := l.turn(ctx)
		if err != nil {
			return err
		}
		timer.Reset(next)
	}
}

// leaveWithin is how long the engine may take to write what it has not written yet.
const leaveWithin = 5 * time.Second

// leave ends the loop when its context has ended.
func (l *Loop) leave(ctx context.Context) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	if err := l.engine.Leave(last, l.clock.Now()); err != nil && ReasonOf(err) != ReasonFenced {
		l.failed("leave", err)
	}
	return nil
}

// turn empties the inbox, makes the round and does what is due, and says after how much machine
// time the next turn should be at the latest.
func (l *Loop) turn(ctx context.Context) (time.Duration, error) {
	now := l.clock.Now()
	l.takeAll(now)
	if err := l.round(ctx, now); err != nil {
		return 0, err
	}
	if !l.dueAt.After(now) && time.Since(l.dueWas) >= dueLeast {
		l.dueAt, l.dueWas = now.Add(dueEvery), time.Now()
		if err := l.engine.Due(ctx, now); err != nil {
			if ReasonOf(err) == ReasonFenced {
				return 0, err
			}
			l.fail(ctx, "due", err)
		}
		counts, stands := l.engine.Counts(), l.engine.StandCounts()
		l.mu.Lock()
		l.counts, l.stands = counts, stands
		l.mu.Unlock()
	}
	next := max(l.clock.Wait(l.dueAt), dueLeast-time.Since(l.dueWas))
	if at, ok := l.engine.NextRound(); ok {
		next = min(next, max(l.clock.Wait(at), l.untilReady(), 0))
	}
	return max(next, 0), nil
}

// round makes the round that is wanted by now. Its error is that of a fenced engine only.
func (l *Loop) round(ctx context.Context, now time.Time) error {
	at, ok := l.engine.NextRound()
	if !ok || at.After(now) || !l.ready(ctx, now) {
		return nil
	}
	began := time.Now()
	stats, err := l.engine.Round(ctx, now)
	if l.Rounded != nil {
		l.Rounded(time.Since(began))
	}
	if stats.Pairs > 0 {
		l.engine.keepPace(l.clock.Now().Sub(now))
	}
	switch {
	case ReasonOf(err) == ReasonFenced:
		return err
	case err != nil:
		l.fail(ctx, "round", err)
	}
	return nil
}

// fail tells of an error, unless it is only that the loop ends.
func (l *Loop) fail(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		l.failed(what, err)
	}
}

// takeAll hands to the engine all that has come.
func (l *Loop) takeAll(now time.Time) {
	l.mu.Lock()
	reports, changes, asks := l.reports, l.changes, l.asks
	l.reports, l.changes, l.asks = l.spare[:0], nil, nil
	l.mu.Unlock()
	l.engine.Fixes(reports, now)
	l.spare = reports
	for _, c := range changes {
		l.engine.Nudge(c, now)
	}
	for _, q := range asks {
		q.ask(l.engine, now)
		close(q.answer)
	}
}

func (l *Loop) ring() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Frame takes positions. The slice is the caller's again when it returns. Beyond MaxPending only
// the newest position of each taxi is kept.
func (l *Loop) Frame(reports []Report) {
	l.mu.Lock()
	l.reports = append(l.reports, reports...)
	if len(l.reports) > MaxPending {
		before := len(l.reports)
		l.reports = newest(l.reports)
		l.lost += before - len(l.reports)
	}
	l.mu.Unlock()
	l.ring()
}

// newest keeps the last report of each taxi, in place.
func newest(reports []Report) []Report {
	at := make(map[TaxiID]int, len(reports)/2)
	kept := reports[:0]
	for _, r := range reports {
		if i, ok := at[r.Taxi]; ok {
			kept[i] = r
			continue
		}
		at[r.Taxi] = len(kept)
		kept = append(kept, r)
	}
	return kept
}

// Change takes a nudge. Beyond MaxChanges it is lost: rows tell the engine within seconds.
func (l *Loop) Change(c Change) {
	l.mu.Lock()
	if len(l.changes) < MaxChanges {
		l.changes = append(l.changes, c)
	} else {
		l.lost++
	}
	l.mu.Unlock()
	l.ring()
}

// Nearby asks for taxis near a point. Exhausted when MaxQuestions wait already; CallerGone when ctx
// ends first.
func (l *Loop) Nearby(ctx context.Context, at geo.Point) (Nearby, error) {
	var found Nearby
	err := l.ask(ctx, func(e *Engine, now time.Time) { found = e.near(at, now) })
	if err != nil {
		return Nearby{}, err
	}
	l.timeBetter(ctx, &found)
	found.drives = nil
	return found, nil
}

// RoundLog asks for the log of a ride that searches, or has until minutes ago; ok is false for
// another one. Errors as
// for Nearby.
func (l *Loop) RoundLog(ctx context.Context, ride RideID) (log RoundLog, ok bool, err error) {
	var found RoundLog
	var is bool
	err = l.ask(ctx, func(e *Engine, _ time.Time) { found, is = e.RoundLog(ride) })
	if err != nil {
		return RoundLog{}, false, err
	}
	return found, is, nil
}

// DriverLog asks for what of a driver is not written yet; ok is false for one whom the engine does
// not know. Errors as for Nearby.
func (l *Loop) DriverLog(ctx context.Context, driver DriverID) (log DriverLog, ok bool, err error) {
	var found DriverLog
	var is bool
	err = l.ask(ctx, func(e *Engine, now time.Time) { found, is = e.DriverLog(driver, now) })
	if err != nil {
		return DriverLog{}, false, err
	}
	return found, is, nil
}

func (l *Loop) ask(ctx context.Context, ask func(*Engine, time.Time)) error {
	q := question{ask: ask, answer: make(chan struct{})}
	l.mu.Lock()
	full := len(l.asks) >= MaxQuestions
	if !full {
		l.asks = append(l.asks, q)
	}
	l.mu.Unlock()
	if full {
		return Errorf(Exhausted, ReasonTooManyQuestions,
			"%d questions wait for the engine, its limit: try again soon", MaxQuestions)
	}
	l.ring()
	select {
	case <-q.answer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Load is how much waits in the inbox, and how much of it was lost since the start.
type Load struct{ Reports, Changes, Questions, Lost int }

// Load looks at the inbox.
func (l *Loop) Load() Load {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Load{len(l.reports), len(l.changes), len(l.asks), l.lost}
}

// Counts are the engine's counts as of its last second.
func (l *Loop) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// Stands are how many taxis queue at each stand, in the order of the city's file, as of the last
// second; nil before the first.
func (l *Loop) Stands() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.stands)
}
