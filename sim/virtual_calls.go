package sim

import (
	"context"
	"slices"

	"hexhail/dispatch"
)

// Announce tells the phones of a call at once, or never.
func (v *virtual) Announce(_ context.Context, c dispatch.Call) {
	switch {
	case v.do.DropHints():
	case c.State == dispatch.CallOpen:
		v.openCall(c)
	default:
		v.endCall(c.ID)
	}
}

// openCall shows a call to all whom it reaches.
func (v *virtual) openCall(c dispatch.Call) {
	v.calls = append(v.calls, c)
	for i := range v.drivers {
		v.showCall(&v.drivers[i], c)
	}
}

// showCall shows a call to a driver, if it reaches them.
func (v *virtual) showCall(d *driver, c dispatch.Call) {
	shift := dispatch.Shift{Driver: d.id, City: c.City, Seats: d.seats, Duty: dispatch.OnDuty}
	if d.phase == idle && c.Reaches(shift, d.pos) {
		d.onCall(&v.crowd, offered{call: c.ID, open: true, errand: errand{
			ride: c.Ride, search: c.Search, rider: v.byRide[c.Ride], pickup: c.Pickup,
		}})
	}
}

// endCall takes a call off all screens.
func (v *virtual) endCall(id dispatch.CallID) {
	v.calls = slices.DeleteFunc(v.calls, func(c dispatch.Call) bool { return c.ID == id })
	for i := range v.drivers {
		if d := &v.drivers[i]; d.offer.call == id {
			d.onCall(&v.crowd, offered{call: id})
		}
	}
}

// hearCalls is what the phones read of the open calls when hints may get lost.
func (v *virtual) hearCalls(open []dispatch.Call) {
	with := func(list []dispatch.Call, id dispatch.CallID) bool {
		return slices.ContainsFunc(list, func(c dispatch.Call) bool { return c.ID == id })
	}
	for _, c := range slices.Clone(v.calls) {
		if !with(open, c.ID) {
			v.endCall(c.ID)
		}
	}
	for _, c := range open {
		if !with(v.calls, c.ID) {
			v.openCall(c)
		}
	}
}

// freed implements [phones].
func (v *virtual) freed(d *driver) {
	for _, c := range v.calls {
		if v.showCall(d, c); d.offer.call != "" {
			return
		}
	}
}
