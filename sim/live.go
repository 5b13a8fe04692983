package sim

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// LiveConfig is what a live run needs.
type LiveConfig struct {
	Addr string // of the server, host:port
	// Creds are how the server is trusted; nil: plain text.
	Creds credentials.TransportCredentials
	Key   *wire.Signer // mints the tokens of all apps, and of the ops who set them up
	Phone string       // URL of the payers' phone of the channels' stand-ins; "" without them
	// City is the server's: tariff and zone are taken from here, the policy from the server.
	City     dispatch.City
	Options  Options
	Trips    []Trip           // in the order of their times
	Taxis    []Taxi           // each with its own time to log on
	Roads    *geo.Roads       // nil: all legs are straight
	Progress *Progress        // nil: silent
	Wall     func() time.Time // the machine's clock; called by many goroutines
}

// How a live run goes, machine time where it does not say.
const (
	// fixSlots are by how many moments of one rhythm the taxis' fixes are spread, each a tenth of a
	// second of the city apart if the rhythm is 4 s.
	fixSlots = 40
	// connectAhead is how long before the shift a phone connects.
	connectAhead = 2 * time.Second
	// startAhead is between the last log-on of the setup and the first request.
	startAhead = time.Second
	// startWithin is how long the city's clock may take to come to the first request.
	startWithin = 10 * time.Minute
	// giveUpAfter is how long the server may be away before the run is given up.
	giveUpAfter = 2 * time.Minute
	// lookEvery is how often the progress is told, and quiet phones send a sign of life.
	lookEvery = 500 * time.Millisecond
	// payAgainLive is the least time after which a rider looks whether a payment has arrived.
	payAgainLive = 3 * time.Second
	// partWithin is how long all the drivers may take to go home.
	partWithin = 20 * time.Second

	inboxDepth = 4096
	inboxBatch = 256 // answers that are heard before the agenda has its turn
	actsBatch  = 64  // acts that are done before the inbox has its turn
)

// live is a crowd with real phones. The goroutine of Live has the crowd to itself: what receivers
// and callers hear goes through the inbox.
type live struct {
	crowd
	config LiveConfig
	tag    string // begins every id of this run
	clock  wire.Clock
	ctx    context.Context // of all streams and calls
	inbox  chan func() error
	remote remote
	payer  payer
	lag    lagMeter
	taxis  []Taxi

	sessions []session // of the drivers
	lines    []*line   // their connections
	hellos   chan struct{}
	apps     []app // of the riders
	calls    chan call
	callers  sync.WaitGroup
	unasked  int // calls that have not been answered
	watching []*watchLine
	byPlate  map[string]dispatch.DriverID
	byName   map[string]int32 // → rider

	begin     time.Time // machine time
	figures   LiveFigures
	start     time.Time // of the setup, city time
	fixesFrom time.Time // city time
	stopped   time.Time // of the run's end, city time
	before    *opspb.AuditBooksResponse
	parting   atomic.Bool // drivers close their streams
}

// Live runs the city against a server until every ride has ended, at most two hours of the city's
// time after the last request, and reports. It is never faster than the server's clock: what the
// crowd does is done when that clock says so. Where the clock is past the first request already,
// all times move by as much.
//
// Every taxi is a Drive stream, at most 100 on a connection; every rider is a client of its own. A
// stream that breaks is connected again, calls are repeated under their ids: a server that is
// killed and started again within two minutes loses nothing. When ctx ends early, the report is of
// what was done until then and says so (CutShort); before the first request there is none.
func Live(ctx context.Context, c LiveConfig) (Report, error) {
	if len(c.Trips) == 0 {
		return Report{}, errNoTrips
	}
	l := newLive(c)
	lasting := context.WithoutCancel(ctx)
	running, stop := context.WithCancel(lasting)
	l.ctx = running
	defer l.remote.close()
	err := l.run(ctx)
	stop()
	l.callers.Wait()
	switch {
	case err != nil && ctx.Err() != nil && l.tally.requests == 0:
		return Report{}, fmt.Errorf("sim: before the first request: %w", ctx.Err())
	case err != nil:
		return Report{}, err
	}
	if err := l.closeBooks(lasting); err != nil {
		return Report{}, fmt.Errorf("sim: the books of %s: %w", c.Addr, err)
	}
	l.report.Wall(c.Wall().Sub(l.begin))
	return l.report, nil
}

func newLive(c LiveConfig) *live {
	begin := c.Wall()
	c.Options.Mode = ModeLive
	l := &live{
		config: c, begin: begin, tag: strconv.FormatInt(begin.UnixMilli(), 36),
		inbox: make(chan func() error, inboxDepth), hellos: make(chan struct{}, hellosAtOnce),
		byPlate: make(map[string]dispatch.DriverID, len(c.Taxis)),
		byName:  make(map[string]int32, len(c.Trips)),
	}
	l.taxis = append(l.taxis, c.Taxis...)
	trips := append([]Trip(nil), c.Trips...) // they may move
	l.crowd = newCrowd(c.City, c.Options, trips, l.taxis, l.tag)
	l.world, l.phones = world{roads: c.Roads}, l
	l.remote = remote{addr: c.Addr, creds: c.Creds}
	l.payer = payer{c.Phone, &http.Client{Timeout: callWithin}}
	l.figures.FixesRefused = map[string]int{}
	l.byID[""] = stranger
	l.sessions, l.apps = make([]session, len(l.drivers)), make([]app, len(l.riders))
	for i := range l.drivers {
		d := &l.drivers[i]
		l.sessions[i] = session{who: d.who, luck: Stream(c.Options.Seed, "phone", uint64(i))}
		l.byPlate[l.plate(d)] = d.id
	}
	for i := range l.riders {
		l.byName[string(l.riders[i].id)] = int32(i)
	}
	l.calls = make(chan call, 2*(len(l.riders)+len(l.drivers)))
	return l
}

// run does all but the books.
func (l *live) run(stop context.Context) error {
	if err := l.setUp(stop); err != nil {
		return fmt.Errorf("sim: setting up at %s: %w", l.config.Addr, err)
	}
	l.startCallers()
	if err := l.gather(stop); err != nil {
		return err
	}
	if err := l.place(); err != nil {
		return err
	}
	if err := l.play(stop); err != nil {
		return fmt.Errorf("sim: at %s: %w", l.now.In(l.city.Zone).Format(time.DateTime), err)
	}
	return l.goHome(stop)
}

// tick takes the city's time, in whole milliseconds as fixes have it. It never goes back.
func (l *live) tick() {
	if now := l.clock.At(l.config.Wall()).Truncate(time.Millisecond); now.After(l.now) {
		l.now = now
	}
}

// post hands what was heard to the goroutine of the crowd.
func (l *live) post(heard func() error) {
	select {
	case l.inbox <- heard:
	case <-l.ctx.Done():
	}
}

// listen waits for something to be heard, until the city's clock shows the time.
func (l *live) listen(stop context.Context, until time.Time, timer *time.Timer) error {
	timer.Reset(l.wait(until))
	select {
	case heard := <-l.inbox:
		l.tick()
		return heard()
	case <-timer.C:
	case <-stop.Done():
	}
	l.tick()
	return nil
}

// wait is how long the machine has to wait for a time of the city.
func (l *live) wait(until time.Time) time.Duration {
	city := until.Sub(l.clock.At(l.config.Wall()))
	return max(0, time.Duration(float64(city)/l.clock.Rate))
}

// city is a span of the machine's time in the city's.
func (l *live) cityTime(machine time.Duration) time.Duration {
	return time.Duration(float64(machine) * l.clock.Rate)
}

// hear does what is in the inbox, up to some number.
func (l *live) hear() error {
	for range inboxBatch {
		select {
		case heard := <-l.inbox:
			l.tick()
			if err := heard(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// play is the run: it does what the agenda says when the city's clock says so, and hears what is
// told meanwhile.
func (l *live) play(stop context.Context) error {
	end := l.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := l.hear(); err != nil {
			return err
		}
		if err := l.act(); err != nil {
			return err
		}
		switch {
		case l.now.After(end) || l.done():
			return nil
		case stop.Err() != nil:
			if l.tally.requests == 0 {
				return stop.Err()
			}
			l.report.CutShort = true
			return nil
		}
		next := l.epoch.Add(time.Duration(l.agenda[0].atMS) * time.Millisecond) // there are fixes
		if err := l.listen(stop, next, timer); err != nil {
			return err
		}
	}
}

// act does what is due, up to some number.
func (l *live) act() error {
	for range actsBatch {
		l.tick()
		if l.agenda[0].atMS > l.ms(l.now) {
			return nil
		}
		e := l.agenda.next()
		l.lag.add(time.Duration(l.ms(l.now)-e.atMS) * time.Millisecond)
		if err := l.happen(e); err != nil {
			return err
		}
	}
	return nil
}

// done reports whether every ride has ended, and nothing is on its way.
func (l *live) done() bool {
	return l.tally.requests == len(l.trips) && l.open == 0 && l.unasked == 0 && l.untold() == 0
}

func (l *live) happen(e entry) error {
	switch e.what {
	case fixes:
		return l.fixes(e)
	case connect:
		l.connect(&l.sessions[e.who])
		return nil
	case giveAgain:
		l.resend(&l.sessions[e.who])
		return nil
	case lookAtClock:
		l.in(l.cityTime(lookEvery), lookAtClock, 0, 0)
		l.config.Progress.Tick(l.crowd.tick())
		l.signsOfLife()
		return nil
	default:
		return l.crowd.happen(e)
	}
}

// fixes is the turn of some taxis: those of a connection together, so that what they send leaves in
// one piece.
func (l *live) fixes(e entry) error {
	l.at(l.fixesFrom.Add(l.fixTurn(e.serial+1)), fixes, 0, e.serial+1)
	for n := int(e.serial % fixSlots); n < len(l.lines); n += fixSlots {
		from := n * streamsALine
		for i := from; i < min(from+streamsALine, len(l.drivers)); i++ {
			if d := &l.drivers[i]; d.phase != offDuty {
				if err := l.fix(d); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fixTurn is when the n-th turn is.
func (l *live) fixTurn(n int32) time.Duration {
	return l.do.FixEvery * time.Duration(n) / fixSlots
}
