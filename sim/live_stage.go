package sim

import (
	"context"
	"fmt"
	"time"
)

// gather connects the drivers who are on duty from the first request on, and waits for them.
func (l *live) gather(stop context.Context) error {
	for i := range l.taxis {
		if !l.logOnAt(&l.taxis[i]).After(l.first) {
			l.connect(&l.sessions[i])
			if err := l.drivers[i].logOn(&l.crowd); err != nil {
				return err
			}
		}
	}
	return l.await(stop, giveUpAfter, func() bool { return l.untold() == 0 })
}

// await hears what is told until something is true, at most so long by the machine's clock.
func (l *live) await(stop context.Context, within time.Duration, is func() bool) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	by := l.config.Wall().Add(within)
	for !is() {
		switch {
		case stop.Err() != nil:
			return fmt.Errorf("sim: before the first request: %w", stop.Err())
		case l.config.Wall().After(by):
			return fmt.Errorf("sim: waited for %v for %s", within, l.config.Addr)
		}
		l.tick()
		if err := l.listen(stop, l.now.Add(l.cityTime(pollMachine)), timer); err != nil {
			return err
		}
		if err := l.hear(); err != nil {
			return err
		}
	}
	return nil
}

// pollMachine is how long to wait for something to be heard before looking at the clock.
const pollMachine = 50 * time.Millisecond

// place puts the demand where the city's clock is, and all that is known beforehand on the agenda.
func (l *live) place() error {
	l.tick()
	if begin := l.now.Add(l.cityTime(startAhead)); begin.After(l.first) {
		l.move(begin.Sub(l.first).Truncate(time.Second) + time.Second)
	}
	if wait := l.wait(l.first); wait > startWithin {
		return fmt.Errorf("sim: the clock of %s is %v of machine time before the first request",
			l.config.Addr, wait.Round(time.Second))
	}
	for i := range l.drivers {
		d := &l.drivers[i]
		if l.sessions[i].calling {
			if d.onAt.Before(l.first) {
				d.onAt = l.first
			}
			continue
		}
		at := l.taxis[i].From
		l.at(at.Add(-l.cityTime(connectAhead)), connect, d.who, 0)
		l.at(at, logOn, d.who, 0)
	}
	l.planRequests()
	l.fixesFrom = l.now
	l.in(0, fixes, 0, 0)
	l.in(0, lookAtClock, 0, 0)
	return nil
}

// move moves all that is to come.
func (l *live) move(by time.Duration) {
	for i := range l.trips {
		l.trips[i].At = l.trips[i].At.Add(by)
	}
	for i := range l.taxis {
		l.taxis[i].From = l.taxis[i].From.Add(by)
	}
	l.first, l.last = l.first.Add(by), l.last.Add(by)
	l.figures.MovedS = by.Seconds()
}

// goHome ends the shifts and the sessions.
func (l *live) goHome(stop context.Context) error {
	for i := range l.drivers {
		if d := &l.drivers[i]; d.phase == idle {
			if err := d.give(&l.crowd, command{deed: endShift}); err != nil {
				return err
			}
		}
	}
	l.stopped = l.now
	stop = context.WithoutCancel(stop)
	// Who is cut off meanwhile stays on duty.
	_ = l.await(stop, partWithin, func() bool { return l.untold() == 0 })
	l.parting.Store(true)
	for i := range l.sessions {
		l.say(&l.sessions[i], outgoing{due: l.now})
	}
	_ = l.await(stop, callWithin, func() bool {
		for i := range l.sessions {
			if l.sessions[i].stream != nil {
				return false
			}
		}
		return true
	})
	return nil
}
