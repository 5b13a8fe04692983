package dispatch

import (
	"slices"
	"time"

	"hexhail/geo"
)

// Duty says whether a driver wants rides.
type Duty int

// The duties.
const (
	// OnDuty takes offers.
	OnDuty Duty = iota + 1
	// Paused keeps the taxi and takes no offers.
	Paused
	// OffDuty has given the taxi back.
	OffDuty
)

var duties = [...]string{"", "on", "paused", "off"}

// String is the name as stored.
func (d Duty) String() string { return duties[d] }

// ParseDuty is String's inverse; it returns 0 for an unknown name.
func ParseDuty(s string) Duty { return Duty(max(0, slices.Index(duties[:], s))) }

// Shift binds one driver to one taxi of a city. A taxi that is not given back has one driver.
type Shift struct {
	Driver    DriverID
	Taxi      TaxiID
	City      CityID
	Seats     int // of the taxi, without the driver
	Vehicle   Vehicle
	Duty      Duty
	Silent    int // offers in a row that reached the driver and were not answered
	ChangedAt time.Time

	Destination Destination // of the driver
	// Team is the driver's, "" for none. It is read with the shift, and never written with it.
	Team TeamID
}

// Leave takes the driver off duty who has not said so; where they are going goes with it.
func (s Shift) Leave() Shift {
	s.Duty, s.Silent = OffDuty, 0
	s.Destination.To = geo.Point{}
	return s
}

// Hush counts one more silent offer; at the limit the driver goes off duty.
func (s Shift) Hush(limit int, now time.Time) Shift {
	s.Silent++
	s.ChangedAt = now
	if s.Silent >= limit {
		return s.Leave()
	}
	return s
}

// Rider is a person who rides.
type Rider struct {
	ID    RiderID
	Name  string
	Phone string
	// Senior riders go before others where the policy says so.
	Senior bool
}

// Driver is a person who drives.
type Driver struct {
	ID      DriverID
	City    CityID
	Name    string
	Phone   string
	Company string // its id
	// PhotoURI is where a picture is; "" if there is none.
	PhotoURI string
}

// Taxi is a vehicle.
type Taxi struct {
	ID    TaxiID
	City  CityID
	Plate string
	Seats int // for riders, 1–8
	Vehicle
}
