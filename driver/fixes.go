package driver

import (
	"context"
	"errors"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// refusal is why a fix was refused: geo's reasons, and after them those of the session.
type refusal int

const (
	refusedDatum   = refusal(geo.FixJump) + 1 + iota // not one that we know
	refusedNoTaxi                                    // not the taxi of the driver's shift
	refusedTooMany                                   // in a message with more than MaxFixes
	refusalEnd
)

// String is the word in metrics and in messages.
func (r refusal) String() string {
	switch r {
	case refusedDatum:
		return "datum"
	case refusedNoTaxi:
		return "no_taxi"
	case refusedTooMany:
		return "too_many"
	default:
		return geo.FixReason(r).String()
	}
}

// RefusalReasons lists all words for why a fix was refused, for metrics that start at zero.
func RefusalReasons() []string {
	words := make([]string, 0, refusalEnd-1)
	for r := refusal(geo.FixOutOfRange); r < refusalEnd; r++ {
		words = append(words, r.String())
	}
	return words
}

// refusals counts refused fixes by reason.
type refusals [refusalEnd]int32

// message tells the phone.
func (n *refusals) message() *driverpb.DriveResponse {
	return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_FixesRefused{
		FixesRefused: &driverpb.FixesRefused{Counts: n.counts()},
	}}
}

func (n *refusals) counts() map[string]int32 {
	counts := make(map[string]int32)
	for r, count := range n {
		if count > 0 {
			counts[refusal(r).String()] = count
		}
	}
	return counts
}

// slot is a taxi's last accepted fix: the newest wins. Guarded by its session's mu.
type slot struct {
	fix     geo.Fix
	taxi    dispatch.TaxiID // whose fix it is; "" before the first
	dirty   bool            // waits for the next frame
	shard   uint8           // of the city's frames
	taken   int32           // fixes that were accepted and not counted yet
	refused *refusals
}

// verdict is what became of a batch of fixes.
type verdict struct {
	taken   int
	refused refusals
	any     bool // refused

	city   *city
	report dispatch.Report // the newest, if any was taken
	watch  dispatch.RideID // its watchers are due a position; "" otherwise
}

func (d *verdict) refuse(why refusal, n int) {
	d.refused[why] += int32(n) //nolint:gosec // G115: a message has less than 64 Ki fixes
	d.any = true
}

// takeFixes checks a batch of the session's taxi, and passes on what it accepts.
func (s *session) takeFixes(ctx context.Context, b *driverpb.FixBatch) verdict {
	v := s.srv
	now := v.c.Now()
	var d verdict
	s.mu.Lock()
	s.check(&d, b, now)
	direct := d.taken > 0 && v.c.FrameEvery == 0
	if d.taken > 0 && !direct {
		s.slot.taken += int32(d.taken) //nolint:gosec // G115: at most MaxFixes
		if !s.slot.dirty {
			s.slot.dirty = true
			d.city.frames[s.slot.shard].add(s)
		}
	}
	full := len(s.trace.fixes) >= traceBatch
	s.mu.Unlock()
	if direct {
		v.sendAtOnce(d.city, d.report, d.taken)
	}
	if d.watch != "" {
		if err := v.c.Fixes.Position(d.city.id, d.watch, d.report.Fix); err != nil {
			v.c.Listener.Dropped("position")
		}
	}
	if d.any {
		s.countRefused(&d)
	}
	if full {
		_ = aside(func() error { s.flushTrace(ctx); return nil })
	}
	return d
}

// check goes through a batch. The caller holds s.mu.
func (s *session) check(d *verdict, b *driverpb.FixBatch, now time.Time) {
	fixes := b.GetFixes()
	switch {
	case len(fixes) > MaxFixes:
		d.refuse(refusedTooMany, len(fixes))
		return
	case !s.stand.mine || s.stand.city == nil:
		d.refuse(refusedNoTaxi, len(fixes))
		return
	}
	datum := geo.WGS84
	if said := b.GetDatum(); said != typepb.Datum_DATUM_UNSPECIFIED {
		datum = wire.DatumOf(said)
	}
	ride := &s.stand.ride
	onTrip := ride.active && ride.state == dispatch.OnTrip
	for _, f := range fixes {
		var last *geo.Fix
		if s.slot.taxi == s.stand.taxi {
			last = &s.slot.fix
		}
		fix, err := wire.FixOf(f, datum)
		if err == nil {
			err = geo.CheckFix(last, fix, now)
		}
		if err != nil {
			d.refuse(refusalOf(err), 1)
			continue
		}
		s.slot.fix, s.slot.taxi = fix, s.stand.taxi
		d.taken++
		if onTrip {
			s.trace.add(ride.id, fix)
		}
	}
	if d.taken == 0 {
		return
	}
	d.city = s.stand.city
	d.report = dispatch.Report{Taxi: s.slot.taxi, Fix: s.slot.fix}
	if ride.active && now.Sub(ride.posAt) >= s.srv.inCity(positionEvery) {
		ride.posAt, d.watch = now, ride.id
	}
}

// positionEvery is how often those who watch a ride get its taxi's position at most, machine time:
// a fast clock sends no more.
const positionEvery = time.Second

func refusalOf(err error) refusal {
	var fix *geo.FixError
	if errors.As(err, &fix) {
		return refusal(fix.Reason)
	}
	var datum *geo.DatumError
	if errors.As(err, &datum) {
		return refusedDatum
	}
	return refusal(geo.FixOutOfRange)
}

// countRefused counts for the metrics now, and for the phone until it is told.
func (s *session) countRefused(d *verdict) {
	for why, n := range d.refused {
		if n > 0 {
			s.srv.c.Listener.FixesRefused(refusal(why).String(), int(n))
		}
	}
	if s.stream == nil {
		return // a unary call's answer says it
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slot.refused == nil {
		s.slot.refused = new(refusals)
	}
	for why, n := range d.refused {
		s.slot.refused[why] += n
	}
}
