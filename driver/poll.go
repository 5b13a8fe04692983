package driver

import (
	"context"
	"time"

	"hexhail/dispatch"
)

const (
	// pollStep is how often Run looks whether a city's poll is due, machine time: as often as a
	// fast clock makes sense.
	pollStep = 100 * time.Millisecond
	// pollLeast is the shortest time between two polls, machine time: a fast clock gets no more.
	pollLeast = time.Second
	// pollWithin is how long a poll may take, machine time.
	pollWithin = 10 * time.Second
	// pollOverlap is how far a poll looks back beyond the last one, machine time: longer than a
	// transaction takes from its clock reading to its commit.
	pollOverlap = 2 * time.Second
	// pollBack is how far a poll looks back at most, machine time. If none has gone well for
	// longer, phones get snapshots instead.
	pollBack = 2 * time.Minute
)

// pollDue reads what hints have missed, for each city that has sessions and whose time has come.
func (v *Server) pollDue(ctx context.Context) {
	for _, c := range v.cities {
		if c.sessions.Load() == 0 {
			c.polledAt, c.triedAt = time.Time{}, time.Time{}
			continue
		}
		now := v.c.Now()
		if now.Sub(c.triedAt) < max(v.c.MissedEvery, v.inCity(pollLeast)) {
			continue
		}
		c.triedAt = now
		if err := v.poll(ctx, c, now); err != nil && ctx.Err() == nil {
			v.c.Log.Warn("reading what hints have missed", "city", c.id, "err", err)
			v.c.Listener.Dropped("poll")
		}
	}
}

// inCity is how much city time passes in some machine time, at least as much.
func (v *Server) inCity(machine time.Duration) time.Duration {
	return time.Duration(float64(machine) * max(1, v.c.Rate()))
}

// poll tells the sessions of a city what has changed since the last poll.
func (v *Server) poll(ctx context.Context, c *city, now time.Time) error {
	since := c.polledAt
	if since.IsZero() {
		since = now.Add(-v.c.MissedEvery)
	}
	if oldest := now.Add(-v.inCity(pollBack)); since.Before(oldest) {
		since = oldest
		v.doubt(c)
	}
	ctx, cancel := context.WithTimeout(ctx, pollWithin)
	defer cancel()
	missed, err := v.c.Desk.Missed(ctx, c.id, since.Add(-v.inCity(pollOverlap)))
	if err != nil {
		return err
	}
	c.polledAt = now
	v.tellMissed(c, missed)
	v.healCalls(ctx, c, polled{missed, now.Add(-v.inCity(pollOverlap))})
	return nil
}

// polled is what a poll has read: every change that was made before readAt is in it.
type polled struct {
	missed dispatch.Missed
	readAt time.Time
}

func (v *Server) tellMissed(c *city, missed dispatch.Missed) {
	for _, o := range missed.Offers {
		if s := v.book.get(o.Driver); s != nil {
			s.hearOffer(o)
		}
	}
	for _, shift := range missed.Shifts {
		if s := v.book.get(shift.Driver); s != nil {
			s.unlessObeying(func() { s.hearShift(shift) })
		}
	}
	free := make(map[dispatch.RideID]dispatch.Brief)
	for _, b := range missed.Rides {
		if b.Driver == "" || b.State == dispatch.Booked { // it may have been another's
			free[b.ID] = b
		}
		if b.Driver == "" {
			continue
		}
		if s := v.book.get(b.Driver); s != nil {
			s.unlessObeying(func() { s.hearRide(b, nil) })
		}
	}
	v.tellFreed(c, free)
}

// tellFreed finds the drivers who still think that they are at a ride that has no driver any more,
// or hold a booking that has none, or another one.
func (v *Server) tellFreed(c *city, free map[dispatch.RideID]dispatch.Brief) {
	if len(free) == 0 {
		return
	}
	v.book.each(func(s *session) {
		s.mu.Lock()
		at := s.stand.ride
		here := s.stand.city == c
		lost := s.stand.lost(free, s.driver)
		s.mu.Unlock()
		if !here {
			return
		}
		if b, ok := free[at.id]; ok && at.active && b.Version > at.version {
			lost = append(lost, b)
		}
		for _, b := range lost {
			s.unlessObeying(func() { s.hearRide(b, nil) })
		}
	})
}

// doubt has every phone of a city told anew where it stands.
func (v *Server) doubt(c *city) {
	v.book.each(func(s *session) {
		s.mu.Lock()
		if s.stand.city == c {
			s.out.unsure = true
		}
		s.mu.Unlock()
	})
}
