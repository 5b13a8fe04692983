package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// Registry is where people and taxis are written. An import writes all of its rows or none; a row
// that is there already with the same content is no change.
type Registry interface {
	// ImportCompanies writes companies by id.
	ImportCompanies(ctx context.Context, rows []dispatch.Company) (dispatch.Imported, error)
	// ImportDrivers writes drivers by id. NotFound for an unknown company, which it names.
	ImportDrivers(ctx context.Context, rows []dispatch.Driver) (dispatch.Imported, error)
	// ImportTaxis writes taxis by id.
	ImportTaxis(ctx context.Context, rows []dispatch.Taxi) (dispatch.Imported, error)
	// ImportRiders writes riders by id.
	ImportRiders(ctx context.Context, rows []dispatch.Rider) (dispatch.Imported, error)
}

// Reads are the rows that ops may see.
type Reads interface {
	// Drivers are drivers by id; of one company, if company is not "".
	Drivers(ctx context.Context, company string, p dispatch.Page) ([]dispatch.Driver, error)
	// CityRides are a city's rides, the latest first; in one state, if state is not 0.
	CityRides(ctx context.Context, city dispatch.CityID, state dispatch.State, p dispatch.Page) (
		[]dispatch.Ride, error)
	// RideReceipt is what a ride's receipt is made of. NotFound with ReasonUnknownRide.
	RideReceipt(ctx context.Context, id dispatch.RideID) (dispatch.ReceiptRows, error)
	// RideRecord is all that is known of a ride. NotFound with ReasonUnknownRide.
	RideRecord(ctx context.Context, id dispatch.RideID) (dispatch.Record, error)
	// RideVoice is the clip of a ride. NotFound with ReasonUnknownVoice if it has none.
	RideVoice(ctx context.Context, id dispatch.RideID) (dispatch.Clip, error)
	// StandTurns are the turns in the queue of a stand after a place in it, the head first.
	StandTurns(ctx context.Context, city dispatch.CityID, stand dispatch.StandID, after int64,
		limit int) ([]dispatch.Turn, error)
	// StandLengths are how many taxis queue at each stand of a city that has any.
	StandLengths(ctx context.Context, city dispatch.CityID) (map[dispatch.StandID]int, error)
	// CompletedRides are a city's rides with a rider, completed in [from, to), in the order of
	// their completion: of each what campaigns go by.
	CompletedRides(ctx context.Context, city dispatch.CityID, from, to time.Time, limit int) (
		[]dispatch.Ride, error)
	// Statement adds up the rides of a span.
	Statement(ctx context.Context, q dispatch.StatementQuery) (dispatch.Statement, error)
	// OpenHolds are the held subsidies of a city that nobody has decided on, by ride.
	OpenHolds(ctx context.Context, city dispatch.CityID, p dispatch.Page) (
		[]dispatch.Hold, error)
	// OpenWithdrawals are those that have not ended, the oldest first.
	OpenWithdrawals(ctx context.Context, p dispatch.Page) ([]money.Withdrawal, error)
	// CityDrawDays are a city's days of draws from one day to another, both included, in their
	// order; cancelled ones are not among them.
	CityDrawDays(ctx context.Context, city dispatch.CityID, from, to money.Day) (
		[]money.DrawDay, error)
	// Hongbaos are hongbaos, the latest first: of one rider and of one sponsor, if these are not
	// "".
	Hongbaos(ctx context.Context, rider dispatch.RiderID, sponsor money.Party, p dispatch.Page) (
		[]money.Hongbao, error)
	// Contests are the complaints of a city that wait for a decision, the longest waiting first.
	Contests(ctx context.Context, city dispatch.CityID, p dispatch.Page) (
		[]dispatch.Contested, error)
}
