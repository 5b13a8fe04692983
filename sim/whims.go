package sim

import (
	"math/rand/v2"
	"time"

	"hexhail/dispatch"
)

// whims are what one rider will do of the crowd's [Habits].
type whims struct {
	lead   time.Duration // from asking to the pickup; 0: asks for now
	found  time.Duration // a driver finds the booking so long after that; 0: none does
	finder float64       // where among the drivers, 0 to 1
	leaves time.Duration // beyond the free time of a cancel; 0: does not change their mind
	clipS  int           // seconds of what they say; 0: nothing
	raises bool          // the tip
	blames bool          // complains of the driver
	keeps  bool          // the driver
	brush  brushWay      // how they brush; 0: they do not
	ally   float64       // with whom among the drivers, 0 to 1
	quick  time.Duration // for how long they pretend to be driven
	tells  bool          // the app, where the phone is
	awayM  float64       // how far north of the pickup the phone stays; 0: it comes along
}

// whimsOf draws them from a stream of their own: what else a rider does is the same without them.
func whimsOf(r *rand.Rand, h Habits) whims {
	var w whims
	if happens(r, h.Booked) {
		w.lead = minutes(h.BookFromMin + (h.BookToMin-h.BookFromMin)*r.Float64())
		if happens(r, h.TakenAhead) {
			w.found = w.lead/10 + time.Duration(0.4*r.Float64()*float64(w.lead))
			w.finder = r.Float64()
		}
	}
	if happens(r, h.LateCancel) {
		w.leaves = time.Second + time.Duration(r.Float64()*float64(time.Minute))
	}
	if happens(r, h.Clip) {
		w.clipS = 1 + r.IntN(3)
	}
	w.raises = happens(r, h.RaiseTip)
	w.blames = happens(r, h.Complain)
	w.keeps = happens(r, h.Keep)
	if happens(r, h.Brush) {
		w = whims{
			brush: brushWay(1 + r.IntN(int(brushWays))), ally: r.Float64(),
			quick: 20*time.Second + time.Duration(30*r.Float64()*float64(time.Second)),
		}
	}
	stay := h.Away
	if w.brush > 0 {
		stay = atHome
	}
	if w.tells = happens(r, h.Tell); w.tells && happens(r, stay) {
		w.awayM = awayFromM + (awayToM-awayFromM)*r.Float64()
	}
	return w
}

// atHome is the share of the brushers whose second phone stays at home, and how far away that, and
// whoever asks for somebody else, is.
const (
	atHome    = 0.5
	awayFromM = 1500.0
	awayToM   = 8000.0
)

// tellPhone is the app of a driver's passenger telling where the phone is. The kerb knows no rider.
func (c *crowd) tellPhone(d *driver) error {
	if d.job.rider == nobody {
		return nil
	}
	r := &c.riders[d.job.rider]
	if !r.will.tells || r.street {
		return nil
	}
	at := d.where(c.now)
	if r.will.awayM > 0 {
		at = north(r.trip.Pickup, r.will.awayM)
	}
	return c.phones.share(r, at)
}

// kept is a rider who has kept a driver, and will ask for a taxi again.
type kept struct {
	rider   int32
	driver  int32
	regular dispatch.RegularID
}

// firstFor is how long a request waits for a regular, if the city allows so much.
const firstFor = 30 * time.Second

// comeBack lets a rider of the demand be one who has kept a driver, if there is one: who asks for
// that driver first. Whoever books, books for all.
func (c *crowd) comeBack(r *rider) {
	if len(c.kept) == 0 || r.will.lead > 0 || r.trip.Street {
		return
	}
	k := c.kept[0]
	c.kept = c.kept[1:]
	r.id, r.again = c.riders[k.rider].id, true
	if limit := c.city.PolicyAt(c.now).FirstRegularS; limit > 0 {
		r.first = dispatch.AskFirst{
			Regular: k.regular, RegularS: min(int(firstFor/time.Second), limit),
		}
		r.regular = k.driver
		c.tally.habits.AskedFirst++
	}
}

// taken is a request that the city has taken in: what the rider will do while it searches, or until
// the pickup that they have booked.
func (c *crowd) taken(r *rider) {
	if r.will.clipS > 0 {
		c.tally.habits.Clips++
	}
	switch {
	case r.will.lead == 0:
		c.mindTip(r)
		return
	case r.will.found > 0:
		c.in(r.will.found, takeAhead, r.who, 0)
	}
	c.tally.habits.Booked++
	r.state, r.search = dispatch.Scheduled, 0
}

// mindTip puts the app's next proposal of a tip on the agenda.
func (c *crowd) mindTip(r *rider) {
	if s := c.city.PolicyAt(c.now).TipPromptS; r.will.raises && s > 0 {
		c.in(time.Duration(s)*time.Second, raiseTip, r.who, 0)
	}
}

// raiseTip raises the tip of a ride that nobody has taken to the next of the city's steps.
func (c *crowd) raiseTip(who int32) error {
	r := &c.riders[who]
	if r.state != dispatch.Searching {
		return nil
	}
	for _, step := range c.city.PolicyAt(c.now).TipStepsFen {
		if step > r.tip {
			r.tip = step
			return c.phones.ask(r, wantTip)
		}
	}
	return nil
}

// takeAhead is a driver who has found a booking in the list and takes it.
func (c *crowd) takeAhead(who int32) error {
	r, n := &c.riders[who], len(c.drivers)
	if r.state != dispatch.Scheduled {
		return nil
	}
	first := int(r.will.finder * float64(n))
	for i := range n {
		d := &c.drivers[(first+i)%n]
		if d.phase != offDuty && d.waits == 0 && d.seats >= r.trip.Seats {
			return d.give(c, command{
				deed: takeBooking, errand: errand{ride: r.ride, rider: who, pickup: r.at},
			})
		}
	}
	return nil
}

// onAhead is news of a booking that the driver has taken: it is time to set out, or it is theirs no
// more. An offer of it is another matter.
func (d *driver) onAhead(c *crowd, b dispatch.Brief) {
	job, ok := d.ahead[b.ID]
	if !ok || b.State == dispatch.Booked {
		return
	}
	delete(d.ahead, b.ID)
	if b.State != dispatch.Assigned || b.Driver != d.id || d.job.ride == b.ID {
		return
	}
	job.search = b.Search
	if d.phase == idle {
		c.tally.driverTold(b.ID, d.job.ride, d.who, job.search)
		d.hush()
		d.head(c, job)
		return
	}
	// The phone has yet to hear that the ride before is over.
	c.tally.driverTold(b.ID, d.next.ride, d.who, job.search)
	d.next = job
}

// mindLeaving puts the rider's change of mind about a taxi on the agenda.
func (r *rider) mindLeaving(c *crowd) {
	if r.will.leaves > 0 {
		free := time.Duration(c.city.PolicyAt(c.now).CancelFreeS) * time.Second
		c.at(r.claimedAt.Add(free+r.will.leaves), leave, r.who, r.claims)
	}
}

// leave cancels a ride whose taxi is on its way, or waits.
func (c *crowd) leave(e entry) error {
	r := &c.riders[e.who]
	if r.claims != e.serial || r.state != dispatch.Assigned && r.state != dispatch.Arrived {
		return nil
	}
	r.leaving = true
	return c.phones.ask(r, wantOut)
}

// afterRide is what a rider does when they have got out, once, before they pay. Who hailed at the
// kerb has no ride in the app.
func (c *crowd) afterRide(r *rider) error {
	if r.street || r.pays > 0 || r.spoke {
		return nil
	}
	r.spoke = true
	if r.will.blames {
		if err := c.phones.ask(r, wantComplain); err != nil {
			return err
		}
	}
	if r.will.keeps && r.payee >= 0 {
		return c.phones.ask(r, wantKeep)
	}
	return nil
}

// tipOdds is by how much the log odds of a driver's yes rise with each yuan of tip.
const tipOdds = 0.1

// The frames of a clip: AMR at 4.75 kbit/s, each a byte of its type and 12 of speech (RFC 4867).
const (
	framesPerS = 50
	frameHead  = 0x04
	frameBody  = 12
)

// clip is what a rider says, so many seconds long.
func clip(seconds int) []byte {
	if seconds == 0 {
		return nil
	}
	sound := []byte("#!AMR\n")
	for frame := range seconds * framesPerS {
		sound = append(sound, frameHead)
		for i := range frameBody {
			sound = append(sound, byte(frame*frameBody+i))
		}
	}
	return sound
}
