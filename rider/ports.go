package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/geo"
)

// Reads are the rows that a rider may see. Every read names the rider, and to anybody else the row
// does not exist: NotFound.
type Reads interface {
	// RiderRide is one ride of a rider. NotFound with ReasonUnknownRide if it is not theirs.
	RiderRide(ctx context.Context, rider dispatch.RiderID, id dispatch.RideID) (
		dispatch.Ride, error)
	// RiderRides are a rider's rides, the latest first.
	RiderRides(ctx context.Context, rider dispatch.RiderID, p dispatch.Page) (
		[]dispatch.Ride, error)
	// RiderVoice is the clip that came with a rider's ride. NotFound with ReasonUnknownVoice if the
	// ride is not theirs or has none.
	RiderVoice(ctx context.Context, rider dispatch.RiderID, id dispatch.RideID) (
		dispatch.Clip, error)
	// RiderPayments are the payments of a rider's ride, by id; none of one that is not theirs.
	RiderPayments(ctx context.Context, rider dispatch.RiderID, id dispatch.RideID) (
		[]dispatch.Owed, error)
	// RiderReceipt is what the receipt of a rider's ride is made of. NotFound with
	// ReasonUnknownRide if it is not theirs.
	RiderReceipt(ctx context.Context, rider dispatch.RiderID, id dispatch.RideID) (
		dispatch.ReceiptRows, error)
	// RiderShares are the shares of friends' rides that a rider was asked for, the latest first.
	RiderShares(ctx context.Context, rider dispatch.RiderID) ([]dispatch.SharedFare, error)
	// RideCard is the card of the driver and taxi of a rider's ride. NotFound if the ride is not
	// theirs or has no driver.
	RideCard(ctx context.Context, rider dispatch.RiderID, id dispatch.RideID) (
		dispatch.Card, error)
	// RiderComplaints are the complaints by and about a rider, those of the latest rides first.
	RiderComplaints(ctx context.Context, rider dispatch.RiderID, p dispatch.Page) (
		[]dispatch.Complaint, error)
	// RiderRegulars are a rider's regulars that have not ended, the latest first.
	RiderRegulars(ctx context.Context, rider dispatch.RiderID, p dispatch.Page) (
		[]dispatch.RegularCard, error)
	GreetingReads
	TopUpReads
	// RiderLots are a rider's rides in the lists of draws, those of the latest rides first.
	RiderLots(ctx context.Context, rider dispatch.RiderID, p dispatch.Page) (
		[]dispatch.RiderLot, error)
	// RiderRegular is one of them. NotFound with ReasonUnknownRegular if it is not theirs.
	RiderRegular(ctx context.Context, rider dispatch.RiderID, id dispatch.RegularID) (
		dispatch.RegularCard, error)
}

// GreetingReads are the greetings that a rider has got.
type GreetingReads interface {
	// RiderGreetings are those by drivers whom the rider keeps still, the latest first.
	RiderGreetings(ctx context.Context, rider dispatch.RiderID, p dispatch.Page) (
		[]dispatch.GreetingCard, error)
	// WantsGreetings reports whether the rider wants any.
	WantsGreetings(ctx context.Context, rider dispatch.RiderID) (bool, error)
}

// TopUpReads are what a rider has paid into their wallet, or wants to.
type TopUpReads interface {
	// RiderTopUps are a rider's top-ups, the latest first.
	RiderTopUps(ctx context.Context, rider dispatch.RiderID, p dispatch.Page) (
		[]dispatch.TopUp, error)
	// RiderTopUp is one of them. NotFound with ReasonPayment if it is not theirs.
	RiderTopUp(ctx context.Context, rider dispatch.RiderID, id dispatch.TopUpID) (
		dispatch.TopUp, error)
}

// City asks the engine of a city.
type City interface {
	// Nearby finds idle taxis within the longest pickup. Exhausted when the engine has too many
	// questions, Unavailable when none answers in time.
	Nearby(ctx context.Context, city dispatch.CityID, at geo.Point) (dispatch.Nearby, error)
}

// Watch hears what happens to a ride. What it hears may be late, twice, or not at all: rows are the
// truth, and every watch reads them again every few seconds.
type Watch interface {
	// Watch calls on with every change of the ride and every position of its taxi until stop is
	// called. on is called by one goroutine at a time and must not block; after stop has returned
	// it is not called any more.
	Watch(ride dispatch.Brief, on func(Update)) (stop func(), err error)
}

// Update is one of the two.
type Update struct {
	Ride *dispatch.Ride
	Taxi *geo.Fix
}

// Listener hears what happened, for metrics. It must not block.
type Listener interface {
	// Watching is +1 for a watch that begins, −1 for one that ends.
	Watching(change int)
	// Quoted is an answered question for a quote.
	Quoted(city dispatch.CityID, taxis int)
}
