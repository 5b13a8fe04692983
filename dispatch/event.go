package dispatch

import (
	"fmt"
	"time"
)

// EventKind says what happened to a ride, for outsiders.
type EventKind string

// Event is what outsiders are told about a ride. Its row commits with the change; the relay sends
// it later, perhaps twice, always under the same id.
type Event struct {
	ID      EventID   `json:"id"`
	City    CityID    `json:"city"`
	Ride    RideID    `json:"ride"`
	Version int       `json:"version"`
	Kind    EventKind `json:"kind"`
	At      time.Time `json:"at"`
	State   string    `json:"state"`
	Rider   RiderID   `json:"rider,omitempty"`
	Driver  DriverID  `json:"driver,omitempty"`
	Taxi    TaxiID    `json:"taxi,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

// EventRequested is a ride's first event; the others are named after the act.
const EventRequested EventKind = "requested"

func eventOf(r Ride, act ActKind, now time.Time) Event {
	kind := EventRequested
	if act != 0 {
		kind = EventKind(act.String())
	}
	return Event{
		ID: EventID(fmt.Sprintf("%s.%04d", r.ID, r.Version)), City: r.City, Ride: r.ID,
		Version: r.Version, Kind: kind, At: now, State: r.State.String(),
		Rider: r.Rider, Driver: r.Driver, Taxi: r.Taxi, Reason: r.EndReason,
	}
}
