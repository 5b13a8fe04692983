package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// Store is the one store that the simulated city works on.
type Store interface {
	dispatch.Store
	dispatch.Traces
	money.Store
}

// VirtualConfig is what a virtual run needs.
type VirtualConfig struct {
	City     dispatch.City
	Options  Options
	Trips    []Trip     // in the order of their times
	Taxis    []Taxi     // each with its own time to log on
	Roads    *geo.Roads // nil: all legs are straight
	Store    Store
	Progress *Progress        // nil: silent
	Wall     func() time.Time // the machine's clock, for wall_s
}

// How a run goes.
const (
	afterLast    = 2 * time.Hour // of city time, at most, after the last request or booked pickup
	pollEvery    = 5 * time.Second
	payAgain     = 10 * time.Second
	setupBatch   = 500
	traceBatch   = 256
	outboxBatch  = 1000
	streetReachM = 500 // within which an empty taxi sees a raised hand
)

// virtual is a city in one goroutine: production's Desk and Engine, driven by an agenda.
type virtual struct {
	crowd
	store    Store
	progress *Progress
	ctx      context.Context // of what happens: never ends in the middle of it
	stop     context.Context // looked at between two happenings
	desk     *dispatch.Desk
	engine   *dispatch.Engine
	frame    []dispatch.Report
	roundAt  int64 // of the round on the agenda, −1 none
	polled   time.Time
	calls    []dispatch.Call // open, as the phones were told, the oldest first
}

// Virtual runs the city until every ride has ended, at most two hours after the last request, and
// reports. The same configuration gives the same report to the byte, but for wall_s and
// fixes_per_s. When ctx ends early, the report is of what was done until then and says so
// (CutShort); when it ends before the first request, there is none, and the error is ctx's.
func Virtual(ctx context.Context, c VirtualConfig) (Report, error) {
	if len(c.Trips) == 0 {
		return Report{}, errNoTrips
	}
	started := c.Wall()
	v := &virtual{
		crowd: newCrowd(c.City, c.Options, c.Trips, c.Taxis, ""), store: c.Store,
		progress: c.Progress, ctx: ctx, stop: ctx, roundAt: -1,
	}
	v.world, v.phones = world{roads: c.Roads}, v
	if err := v.setUp(c.Taxis); err != nil {
		return Report{}, err
	}
	// What has begun is done, and the books are closed, whoever goes away.
	v.ctx = context.WithoutCancel(ctx)
	if err := v.run(); err != nil {
		return Report{}, err
	}
	if err := v.closeBooks(); err != nil {
		return Report{}, err
	}
	v.report.Wall(c.Wall().Sub(started))
	return v.report, nil
}

var errNoTrips = errors.New("sim: no trips to simulate")

func (v *virtual) run() error {
	end := v.ms(v.end())
	for len(v.agenda) > 0 {
		e := v.agenda.next()
		if e.atMS > end || v.open == 0 && v.tally.requests == len(v.trips) {
			break
		}
		if err := v.stop.Err(); err != nil {
			if v.tally.requests == 0 {
				return fmt.Errorf("sim: before the first request: %w", err)
			}
			v.report.CutShort = true
			break
		}
		v.now = v.epoch.Add(time.Duration(e.atMS) * time.Millisecond)
		if err := v.happen(e); err != nil {
			return fmt.Errorf("sim: at %s: %w", v.now.Format(time.DateTime), err)
		}
		v.planRound()
	}
	return nil
}

func (v *virtual) happen(e entry) error {
	switch e.what {
	case fixes:
		return v.fixes(e)
	case poll:
		return v.poll(e)
	case work:
		return v.work(e)
	case round:
		return v.round(e)
	case lookAtClock:
		v.in(time.Minute, lookAtClock, e.who, 0)
		v.progress.Tick(v.tick())
		return nil
	default:
		return v.crowd.happen(e)
	}
}

// planRound puts the engine's next round on the agenda, unless an earlier one is there.
func (v *virtual) planRound() {
	at, ok := v.engine.NextRound()
	if !ok {
		return
	}
	ms := max(v.ms(at), v.ms(v.now))
	if v.roundAt < 0 || ms < v.roundAt {
		v.roundAt = ms
		v.agenda.add(entry{atMS: ms, what: round})
	}
}

func (v *virtual) round(e entry) error {
	if e.atMS != v.roundAt {
		return nil // an earlier one has been made instead
	}
	v.roundAt = -1
	_, err := v.engine.Round(v.ctx, v.now)
	return err
}

// work is what a server does every second of the city's time.
func (v *virtual) work(e entry) error {
	v.in(time.Second, work, e.who, 0)
	if err := v.engine.Due(v.ctx, v.now); err != nil {
		return err
	}
	if _, err := v.desk.Work(v.ctx, v.now); err != nil {
		return err
	}
	return v.relay()
}

// relay stands for the bus: it takes events out of the outbox, and counts them.
func (v *virtual) relay() error {
	return v.store.Tx(v.ctx, func(tx dispatch.Tx) error {
		events, err := tx.Unsent(outboxBatch)
		if err != nil || len(events) == 0 {
			return err
		}
		ids := make([]dispatch.EventID, len(events))
		for i := range events {
			ids[i] = events[i].ID
		}
		return tx.Sent(ids)
	})
}

// poll is what phones do every few seconds when hints may get lost: they read the rows.
func (v *virtual) poll(e entry) error {
	v.in(pollEvery, poll, e.who, 0)
	missed, err := v.desk.Missed(v.ctx, v.city.ID, v.polled)
	if err != nil {
		return err
	}
	v.polled = v.now
	for _, s := range missed.Shifts {
		v.onShift(s)
	}
	for _, o := range missed.Offers {
		v.onOffer(o)
	}
	for _, b := range missed.Rides {
		v.onRide(b)
	}
	v.hearCalls(missed.Calls)
	return nil
}

// Nudge tells the engine at once, or never.
func (v *virtual) Nudge(_ context.Context, c dispatch.Change) {
	if !v.do.DropHints() {
		v.engine.Nudge(c, v.now)
	}
}

// Push tells a driver's phone at once, or never.
func (v *virtual) Push(_ context.Context, n dispatch.Notice) {
	switch {
	case v.do.DropHints():
	case n.Offer != nil:
		v.onOffer(*n.Offer)
	case n.Shift != nil:
		v.onShift(*n.Shift)
	case n.Ride != nil:
		if who, ok := v.byID[n.Driver]; ok {
			v.drivers[who].onRide(&v.crowd, n.Ride.Brief())
		}
	}
}

// Tell tells the rider's phone at once, or never.
func (v *virtual) Tell(_ context.Context, r dispatch.Ride) {
	if who, ok := v.byRide[r.ID]; ok && !v.do.DropHints() {
		v.riders[who].onRide(&v.crowd, r.Brief())
	}
}

func (v *virtual) onOffer(o dispatch.Offer) {
	who, ok := v.byID[o.Driver]
	if !ok {
		return
	}
	rider := v.byRide[o.Ride]
	v.drivers[who].onOffer(&v.crowd, offered{
		id: o.ID, open: o.State == dispatch.OfferOpen, after: o.After != "", errand: errand{
			ride: o.Ride, search: o.Search, rider: rider, pickup: v.riders[rider].at,
		},
	})
}

func (v *virtual) onShift(s dispatch.Shift) {
	if who, ok := v.byID[s.Driver]; ok {
		v.drivers[who].onShift(&v.crowd, s.Duty)
	}
}

// onRide tells all who have to do with a ride: the rider, its driver, and a driver who had it.
func (v *virtual) onRide(b dispatch.Brief) {
	who, ok := v.byRide[b.ID]
	if !ok {
		return
	}
	had := v.riders[who].driver
	v.riders[who].onRide(&v.crowd, b)
	if b.Driver != "" {
		v.drivers[v.byID[b.Driver]].onRide(&v.crowd, b)
	}
	if had >= 0 && v.drivers[had].id != b.Driver {
		v.drivers[had].onRide(&v.crowd, b)
	}
}
