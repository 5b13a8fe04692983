package dispatch

import (
	"fmt"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// What apps and ops read from rows, besides rides themselves. The ports that read it belong to
// rider, driver and ops; every read names its owner, and the store looks for rows of that owner
// only.

// Page is a part of a list whose rows are ordered by id.
type Page struct {
	After string // the last id of the page before; "" for the first page
	Limit int    // 1–MaxPage
}

// MaxPage is how many rows a page has at most.
const MaxPage = 200

// Company is a taxi company.
type Company struct {
	ID   string
	Name string
}

// Card is what a rider sees of the driver who comes.
type Card struct {
	Name     string
	PhotoURI string
	Phone    string // whole: who shows it masks it
	Company  string // its name
	Plate    string
	Stars    int // given by riders, summed up
	Ratings  int // how many riders have given stars
}

// Rating is the mean of the stars, 0 before the first.
func (c Card) Rating() float64 {
	if c.Ratings == 0 {
		return 0
	}
	return float64(c.Stars) / float64(c.Ratings)
}

// Earnings is what a driver has earned in a span of time.
type Earnings struct {
	Rides     int       // completed
	Fares     money.Fen // with tolls, of rides paid in the app
	Cash      money.Fen // with tolls, of rides paid by hand
	Tips      money.Fen // of settled rides
	Subsidies money.Fen // of settled rides
	Balance   money.Fen // to be paid out now
}

// Owed is a payment with its last attempt, if there was one.
type Owed struct {
	Payment money.Payment
	Way     money.Way
	Attempt money.AttemptState // 0 without one
	Reason  string
	Ticket  string // of the attempt's order
	// Of what only the rider reads: the code of a share, and what hongbaos pay and, beside an
	// external channel, the wallet's balance.
	Code             string
	Hongbao, Balance money.Fen
}

// SharedFare is a share of a friend's ride, for who was asked for it.
type SharedFare struct {
	Payment     money.Payment
	Code        string
	Plate       string
	CompletedAt time.Time
}

// MaxSharesRead is how many of their shares somebody reads: the latest.
const MaxSharesRead = 50

// Record is all that is known of a ride, for ops.
type Record struct {
	Ride      Ride
	Log       RoundLog
	EngineAt  time.Time // when an engine of the ride's city was last known to run; zero if never
	Payments  []money.Payment
	Transfers []money.Transfer
	Hold      *Hold // of its subsidy; nil if that was never held
}

// Imported counts the rows of an import.
type Imported struct{ Added, Changed, Same int }

// Nearby is what a city's engine answers to a question for taxis near a point.
type Nearby struct {
	Pickup time.Duration // until the first is there; 0 without any
	Source geo.Source    // of Pickup; 0 without any
	Taxis  []NearTaxi    // the nearest first, at most MaxNearby

	drives []geo.Estimate // of the taxis
}

// first sets the pickup to the time of the taxi that is there first.
func (n *Nearby) first() {
	for i, d := range n.drives {
		took := time.Duration(d.TimeMS) * time.Millisecond
		if i == 0 || took < n.Pickup {
			n.Pickup, n.Source = took, d.Source
		}
	}
	n.Pickup = n.Pickup.Round(time.Second)
}

// NearTaxi is an idle taxi and where it is.
type NearTaxi struct {
	Taxi TaxiID
	At   geo.Point
}

// MaxNearby is how many taxis a rider is shown.
const MaxNearby = 10

// Contested is a complaint that waits for a decision, with its ride.
type Contested struct {
	Complaint Complaint
	Ride      Ride
}

// ContestKey is after which contest a page of [Contested] begins.
func ContestKey(c Complaint) string {
	return fmt.Sprintf("%d/%s", c.ContestedAt.UnixMilli(), ComplaintKey(c))
}

// ComplaintKey is the same in a list of somebody's complaints.
func ComplaintKey(c Complaint) string { return string(c.Ride) + "/" + c.By.String() }
