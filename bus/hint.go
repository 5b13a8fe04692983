package bus

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nats-io/nats.go"

	"hexhail/dispatch"
	"hexhail/dispatch/voice"
	"hexhail/money"
)

// errHint is a hint that no node of this service has sent.
var errHint = errors.New("bus: not a hint")

// Nudge tells the city's engine what changed. It does not wait, and drops and counts what does not
// fit into the queue.
func (b *Bus) Nudge(_ context.Context, n dispatch.Change) {
	b.hint(nudgeSubject(n.City), n)
}

// Push tells a driver's phone, on whichever node its session is. It does not wait, and drops and
// counts what does not fit into the queue.
func (b *Bus) Push(_ context.Context, n dispatch.Notice) {
	b.hint(pushSubject(cityOf(n), n.Driver), n)
}

// Tell tells those who watch a ride. It does not wait, and drops and counts what does not fit into
// the queue.
func (b *Bus) Tell(_ context.Context, r dispatch.Ride) {
	b.hint(rideSubject(r.City, r.ID), r)
}

// Announce tells the sessions of a city of a call, on every node. It does not wait, and drops and
// counts what does not fit into the queue.
func (b *Bus) Announce(_ context.Context, c dispatch.Call) {
	b.hint(callSubject(c.City), c)
}

// Calls calls on with every call of a city that is made or has ended, until stop is called. on is
// called by one goroutine at a time and must not block. A call that has begun when stop is called
// may end after it. Errors: Unavailable after Close.
func (b *Bus) Calls(city dispatch.CityID, on func(dispatch.Call)) (stop func(), err error) {
	if b.closed.Load() {
		return nil, errClosed()
	}
	sub, err := b.subscribe(callSubject(city), func(m *nats.Msg) {
		c, err := readCall(m.Data, city)
		if err != nil {
			b.refused.Add(1)
			return
		}
		on(c)
	})
	if err != nil {
		return nil, err
	}
	return func() { b.unsubscribe(sub) }, nil
}

func (b *Bus) hint(subject string, value any) {
	data, err := json.Marshal(value)
	if err != nil { // a place that is not a number: the domain lets none in
		b.refused.Add(1)
		return
	}
	b.out.put(item{subject: subject, data: data})
}

// cityOf is the city that a notice is about.
func cityOf(n dispatch.Notice) dispatch.CityID {
	switch {
	case n.Offer != nil:
		return n.Offer.City
	case n.Ride != nil:
		return n.Ride.City
	case n.Shift != nil:
		return n.Shift.City
	case n.Rank != nil:
		return n.Rank.City
	case n.HandOver != nil:
		return n.HandOver.City
	case n.Money != nil:
		return n.Money.City
	}
	return ""
}

// readChange reads a nudge for a city.
func readChange(data []byte, city dispatch.CityID) (dispatch.Change, error) {
	var c dispatch.Change
	if err := json.Unmarshal(data, &c); err != nil {
		return dispatch.Change{}, err
	}
	sound := oneOf(c.Ride, c.Offer, c.Shift)
	if c.Call != nil {
		sound = c.Ride == nil && c.Offer == nil && c.Shift == nil && soundCall(c.Call)
	}
	if c.City != city || !sound {
		return dispatch.Change{}, errHint
	}
	return c, nil
}

// readNotice reads a notice for a driver, given by the token.
func readNotice(data []byte, driverToken string) (dispatch.Notice, error) {
	var n dispatch.Notice
	if err := json.Unmarshal(data, &n); err != nil {
		return dispatch.Notice{}, err
	}
	sound := oneOf(n.Ride, n.Offer, n.Shift)
	none := n.Ride == nil && n.Offer == nil && n.Shift == nil
	switch {
	case n.Money != nil:
		sound = none && n.Rank == nil && n.HandOver == nil && soundMoney(n.Money)
	case n.HandOver != nil:
		sound = none && n.Rank == nil && soundHandOver(n.HandOver)
	case n.Rank != nil:
		sound = none && soundRank(n.Rank)
	}
	if token(string(n.Driver)) != driverToken || !sound {
		return dispatch.Notice{}, errHint
	}
	return n, nil
}

// readCall reads a call of a city.
func readCall(data []byte, city dispatch.CityID) (dispatch.Call, error) {
	var c dispatch.Call
	if err := json.Unmarshal(data, &c); err != nil {
		return dispatch.Call{}, err
	}
	if c.City != city || !soundCall(&c) {
		return dispatch.Call{}, errHint
	}
	return c, nil
}

// readRide reads a change of a ride.
func readRide(data []byte) (*dispatch.Ride, error) {
	r := new(dispatch.Ride)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	if !soundRide(r) {
		return nil, errHint
	}
	return r, nil
}

// oneOf reports whether exactly one of the three is set, and that one is sound.
func oneOf(r *dispatch.Ride, o *dispatch.Offer, s *dispatch.Shift) bool {
	switch {
	case r != nil:
		return o == nil && s == nil && soundRide(r)
	case o != nil:
		return s == nil && soundOffer(o)
	}
	return s != nil && soundShift(s)
}

func soundMoney(n *dispatch.MoneyNews) bool {
	w := n.Withdrawal
	return n.City != "" && (n.Ride != "") == (w == nil) && n.Paid >= 0 && n.Subsidy >= 0 &&
		(w == nil || w.ID != "" && w.State >= money.AttemptCreated &&
			w.State <= money.AttemptUnknown)
}

func soundHandOver(n *dispatch.HandOverNews) bool {
	return n.City != "" && n.Ride != "" && n.Version > 0
}

// soundRide reports whether a ride can be worked with: its enums have names and its places are on
// the earth. States have been checked by their own UnmarshalText.
func soundRide(r *dispatch.Ride) bool {
	return r.ID != "" && r.City != "" && r.State != 0 &&
		r.Kind >= dispatch.Hailed && r.Kind <= dispatch.BookedRide &&
		r.Fare.State >= 0 && r.Fare.State <= dispatch.FareResolved &&
		r.Voice.Format >= 0 && r.Voice.Format <= voice.Opus &&
		r.EndedBy >= 0 && r.EndedBy <= dispatch.SideSystem &&
		r.Pickup.Point.Check() == nil && r.Dropoff.Point.Check() == nil
}

func soundOffer(o *dispatch.Offer) bool {
	return o.ID != "" && o.Ride != "" && o.Driver != "" && o.City != "" &&
		o.State >= dispatch.OfferOpen && o.State <= dispatch.OfferWithdrawn
}

func soundCall(c *dispatch.Call) bool {
	return c.ID != "" && c.Ride != "" && c.City != "" && c.RadiusM >= 0 &&
		c.State >= dispatch.CallOpen && c.State <= dispatch.CallWithdrawn &&
		c.Pickup.Check() == nil
}

func soundRank(r *dispatch.StandRank) bool {
	return r.City != "" && r.Stand != "" && r.Rank >= 0 && r.Length >= r.Rank
}

func soundShift(s *dispatch.Shift) bool {
	return s.Driver != "" && s.City != "" &&
		s.Duty >= dispatch.OnDuty && s.Duty <= dispatch.OffDuty
}
