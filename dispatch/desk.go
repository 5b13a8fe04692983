package dispatch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"hexhail/money"
)

// Desk is the one door for commands on a ride. Every command is one transaction: rows are read,
// Step and money's pure functions decide, the ride, offer, entries, payments, event and the answer
// kept for the request id are written, and after the commit the hints are given. Each takes the
// city's time as an argument. It is safe for concurrent use.
type Desk struct {
	Cities   Cities
	Store    Store
	Traces   Traces
	Hints    Hints
	Listener Listener
	Channels money.Channels
	// Festivals are those for which drivers may greet their regulars; none is nobody.
	Festivals Festivals
	// Contracts say what external channels keep of what they move; one without has no fee.
	Contracts money.Contracts
	// Holds evaluates the expressions of campaigns; nil is that none is true.
	Holds func(expr string, f money.SubsidyFacts) bool
	// NewID makes an id for a time; safe for concurrent use if the Desk is so used.
	NewID func(now time.Time) string
	// NewSecret makes a secret that nobody can guess, for draws; safe for concurrent use if the
	// Desk is so used. Without it no draw is launched.
	NewSecret func() money.DrawSecret
	// PINCost is how slow the hash of a pay PIN is: bcrypt's cost, 4–31; 0 is its usual one, 10.
	PINCost int
	// WalletKey seals the secrets of wallets' codes; without it there are none.
	WalletKey WalletKey
	// RidesKept is for how long rides' traces and logs and channels' notices are kept; 0 is the
	// constant of this name.
	RidesKept time.Duration
	// Committed is called after every committed command, to wake who sends events; Opened after one
	// that opened attempts, to wake who takes them to their channels. They must not block; nil is
	// nobody.
	Committed func()
	Opened    func()
	// Backlog is how many events wait to be sent; nil is none.
	Backlog func() int
	// Parallel is how many payments Work takes to their channels at once; 0 is one after another.
	Parallel int
}

// Once says who gives a command, and under which id of their own. The same id gives the same
// answer; the same id with another command is an error.
type Once struct {
	Identity  string // "rider:R1", 1–64 bytes
	RequestID string // 1–64 bytes
}

// Receipt is the answer to a command on a ride.
type Receipt struct {
	Ride    RideID    `json:"ride"`
	State   State     `json:"state"`
	Version int       `json:"version"`
	At      time.Time `json:"at"`
}

func receipt(r Ride) Receipt { return Receipt{r.ID, r.State, r.Version, r.ChangedAt} }

// job is one run of a command's transaction.
type job struct {
	tx    Tx
	now   time.Time
	acted []ActKind
	rides []Ride // after each act
	after []Hint
	told  []any // Change, Notice or Call, for what is no ride

	opened bool // attempts, refunds or withdrawals

	withdrawn []money.Withdrawal // made, ended, or waiting

	drew []DrewDay

	unpaid []string // what a channel will never do: the commands, as the listener hears of them
}

// do runs a command once for its request id.
func do[A any](
	ctx context.Context, d *Desk, name string, now time.Time, key Once, cmd any,
	fn func(*job) (A, error),
) (A, error) {
	var answer A
	var j job
	hash, err := key.hash(cmd)
	if err == nil {
		err = d.retry(ctx, func(tx Tx) (err error) {
			j = job{tx: tx, now: now}
			answer, err = recall(&j, OnceRow{
				Identity: key.Identity, RPC: name, RequestID: key.RequestID, Hash: hash, At: now,
			}, fn)
			return err
		})
	}
	if err != nil {
		kind, reason := Classify(err)
		d.Listener.Refused(name, kind, reason)
		return *new(A), err
	}
	d.tell(ctx, &j)
	return answer, nil
}

// retries is how often a command is tried anew whose ride changed between its read and its write.
const retries = 3

func (d *Desk) retry(ctx context.Context, fn func(Tx) error) error {
	err := d.Store.Tx(ctx, fn)
	for try := 1; try <= retries && err != nil && ReasonOf(err) == ReasonStale; try++ {
		err = d.Store.Tx(ctx, fn)
	}
	return err
}

// recall returns the answer that is kept for a request id, or runs the command and keeps its own.
func recall[A any](j *job, row OnceRow, fn func(*job) (A, error)) (answer A, err error) {
	kept, ok, err := j.tx.Recall(row.Identity, row.RPC, row.RequestID)
	if err != nil {
		return answer, err
	}
	if ok {
		err = kept.answer(row.Hash, &answer)
		return answer, err
	}
	if answer, err = fn(j); err != nil {
		return answer, err
	}
	if row.Answer, err = json.Marshal(answer); err != nil {
		return answer, err
	}
	return answer, j.tx.Remember(row)
}

func (k Once) hash(cmd any) (string, error) {
	if err := checkID("identity", k.Identity); err != nil {
		return "", err
	}
	if k.RequestID == "" || len(k.RequestID) > MaxRequestIDBytes {
		return "", invalid("request_id", fmt.Sprintf("1 to %d bytes", MaxRequestIDBytes))
	}
	body, err := json.Marshal(cmd)
	if err != nil { // a NaN in a position
		return "", &Error{Kind: Invalid, Reason: ReasonField, Text: "command", Cause: err}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

func (row OnceRow) answer(hash string, into any) error {
	if row.Hash != hash {
		return Errorf(Invalid, ReasonRequestReused,
			"request_id %s was used for another %s", row.RequestID, row.RPC)
	}
	return json.Unmarshal(row.Answer, into)
}

// step does an act to a ride that was read in this job, and writes what it decides. Commands lock
// rows in one order, so that none waits for another in a ring: shift, offers, ride, payments.
func (j *job) step(r Ride, act Act) (Ride, error) {
	d, err := Step(r, act, j.now)
	if err != nil {
		return r, err
	}
	for _, w := range d.Writes {
		if err := j.withdraw(w); err != nil {
			return r, err
		}
	}
	// Before its event and payments: who comes second hears that the ride is stale, and tries anew.
	if err := j.tx.UpdateRide(d.Ride); err != nil {
		return r, err
	}
	if err := j.write(d, act.Kind()); err != nil {
		return d.Ride, err
	}
	if err := j.tellReached(r, d.Ride); err != nil || d.Ride.Slot != "" {
		return d.Ride, err
	}
	return d.Ride, j.nextUp(r, act)
}

// write writes what belongs to a ride that is written.
func (j *job) write(d Decision, act ActKind) error {
	for _, w := range d.Writes {
		var err error
		switch w := w.(type) {
		case Owe:
			err = j.owe(w)
		case FileComplaint:
			err = j.file(w)
		case RecordHandOver:
			err = j.tx.InsertHandOver(w.HandedOver)
		}
		if err != nil {
			return err
		}
	}
	j.acted, j.rides = append(j.acted, act), append(j.rides, d.Ride)
	j.after = append(j.after, d.After...)
	return j.tx.Emit(d.Event)
}

// withdraw closes what is open of a ride, as the write says.
func (j *job) withdraw(w Write) error {
	switch w := w.(type) {
	case WithdrawOffers:
		if err := j.withdrawOffers(w.Ride); err != nil {
			return err
		}
		return j.withdrawCalls(w.Ride)
	case WithdrawCalls:
		return j.withdrawCalls(w.Ride)
	default:
		return nil
	}
}

func (j *job) withdrawCalls(ride RideID) error {
	open, err := j.tx.OpenCalls(CallQuery{Ride: ride})
	if err != nil {
		return err
	}
	for _, c := range open {
		if err := j.closeCall(c, CallWithdrawn); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) closeCall(c Call, to CallState) error {
	closed, err := j.tx.CloseCall(c.ID, to, j.now)
	if err != nil || !closed {
		return err
	}
	c.State, c.ChangedAt = to, j.now
	j.tellCall(c)
	return nil
}

// tellCall tells the engine, and the phones that show it.
func (j *job) tellCall(c Call) {
	j.told = append(j.told, Change{City: c.City, Call: &c}, c)
}

func (j *job) withdrawOffers(ride RideID) error {
	open, err := j.tx.OpenOffers(OfferQuery{Ride: ride})
	if err != nil {
		return err
	}
	for _, o := range open {
		if err := j.closeOffer(o, OfferWithdrawn); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) closeOffer(o Offer, to OfferState) error {
	closed, err := j.tx.CloseOffer(o.ID, to, j.now)
	if err != nil || !closed {
		return err
	}
	o.State, o.ChangedAt = to, j.now
	j.tellOffer(o)
	return nil
}

func (j *job) tellOffer(o Offer) {
	j.told = append(j.told, Change{City: o.City, Offer: &o}, Notice{Driver: o.Driver, Offer: &o})
}

// tell gives the hints of a committed job.
func (d *Desk) tell(ctx context.Context, j *job) {
	tell(ctx, d.Hints, d.Listener, j)
	for _, command := range j.unpaid {
		d.Listener.Refused(command, Conflict, ReasonPayment)
	}
	for _, w := range j.withdrawn {
		d.Listener.Withdrew(w)
	}
	if d.Committed != nil {
		d.Committed()
	}
	if d.Opened != nil && j.opened {
		d.Opened()
	}
}

func tell(ctx context.Context, hints Hints, listener Listener, j *job) {
	for i, act := range j.acted {
		listener.Acted(act, j.rides[i])
	}
	for _, drew := range j.drew {
		listener.Drew(drew)
	}
	for _, t := range j.told {
		switch t := t.(type) {
		case Change:
			if t.Offer != nil {
				listener.Offered(*t.Offer)
			}
			if t.Call != nil {
				listener.Called(*t.Call)
			}
			hints.Nudge(ctx, t)
		case Notice:
			hints.Push(ctx, t)
		case Call:
			hints.Announce(ctx, t)
		}
	}
	for _, h := range j.after {
		switch h := h.(type) {
		case Nudge:
			hints.Nudge(ctx, Change{City: h.Ride.City, Ride: &h.Ride})
		case Push:
			hints.Push(ctx, Notice{Driver: h.Driver, Ride: &h.Ride})
		case Tell:
			hints.Tell(ctx, h.Ride)
		}
	}
}

// act is a command that does one act to one ride; plan says which, or refuses.
func (d *Desk) act(
	ctx context.Context, name string, now time.Time, key Once, cmd any, ride RideID,
	plan func(j *job, r Ride) (Act, error),
) (Receipt, error) {
	return do(ctx, d, name, now, key, cmd, func(j *job) (Receipt, error) {
		r, err := j.tx.Ride(ride)
		if err != nil {
			return Receipt{}, err
		}
		act, err := plan(j, r)
		if err != nil {
			return Receipt{}, err
		}
		if r, err = j.step(r, act); err != nil {
			return Receipt{}, err
		}
		return receipt(r), nil
	})
}

// Snapshot is what a phone needs after it was cut off.
type Snapshot struct {
	Shift Shift
	Offer *Offer // open
	Ride  *Ride  // that the driver is at
	Next  *Ride  // that the driver goes to after it
	// Bookings are what the driver has taken and not set out for, the first pickup first.
	Bookings []Ride
	// Rank is in the queue of a stand; without an At.
	Rank *StandRank
}

// Snapshot reads from rows where a driver stands. NotFound if the driver never had a shift.
func (d *Desk) Snapshot(ctx context.Context, driver DriverID) (Snapshot, error) {
	var s Snapshot
	err := d.Store.View(ctx, func(tx Tx) error {
		s = Snapshot{}
		shift, ok, err := tx.Shift(driver)
		if err != nil {
			return err
		}
		if !ok {
			return Errorf(NotFound, ReasonUnknownDriver, "driver %s has no shift", driver)
		}
		s.Shift = shift
		open, err := tx.OpenOffers(OfferQuery{Driver: driver})
		if err != nil {
			return err
		}
		if len(open) > 0 {
			s.Offer = &open[0]
		}
		ride, ok, err := tx.DriversRide(driver)
		if err != nil {
			return err
		}
		if ok {
			s.Ride = &ride
		}
		next, ok, err := tx.DriversNext(driver)
		if err != nil {
			return err
		}
		if ok {
			s.Next = &next
		}
		rank, ok, err := tx.StandRank(driver)
		if err != nil {
			return err
		}
		if ok {
			s.Rank = &rank
		}
		s.Bookings, err = tx.DriversBookings(driver)
		return err
	})
	return s, err
}

// Missed is what changed in a city since a time, for many phones at once.
type Missed struct {
	Rides  []Brief
	Offers []Offer
	Shifts []Shift
	Calls  []Call // all that are open
}

// Missed reads in one go what the phones of a city have missed since a time: what a session does
// every few seconds for all its drivers, as hints may get lost.
func (d *Desk) Missed(ctx context.Context, city CityID, since time.Time) (Missed, error) {
	var m Missed
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		if m.Rides, err = tx.ChangedRides(city, since); err != nil {
			return err
		}
		if m.Offers, err = tx.ChangedOffers(city, since); err != nil {
			return err
		}
		if m.Shifts, err = tx.ChangedShifts(city, since); err != nil {
			return err
		}
		m.Calls, err = tx.OpenCalls(CallQuery{City: city})
		return err
	})
	return m, err
}
