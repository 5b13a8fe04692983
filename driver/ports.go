package driver

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// Reads are the rows that a driver may see. Every read names the driver, and to anybody else the
// row does not exist: NotFound.
type Reads interface {
	// DriverRide is one ride that the driver is at or has completed. NotFound with
	// ReasonUnknownRide if it is not theirs, or no more.
	DriverRide(ctx context.Context, driver dispatch.DriverID, id dispatch.RideID) (
		dispatch.Ride, error)
	// DriverRides are a driver's rides, the latest first.
	DriverRides(ctx context.Context, driver dispatch.DriverID, p dispatch.Page) (
		[]dispatch.Ride, error)
	// DriverPayments are the payments of a driver's ride, by id; none of one that is not theirs.
	DriverPayments(ctx context.Context, driver dispatch.DriverID, id dispatch.RideID) (
		[]dispatch.Owed, error)
	// DriverOffer is an offer to the driver with its ride. NotFound with ReasonUnknownOffer.
	DriverOffer(ctx context.Context, driver dispatch.DriverID, id dispatch.OfferID) (
		dispatch.Offer, dispatch.Ride, error)
	// OpenCall is an open call with its ride, for the phones that it reaches. NotFound with
	// ReasonUnknownCall if it is not open any more.
	OpenCall(ctx context.Context, id dispatch.CallID) (dispatch.Call, dispatch.Ride, error)
	// DriverVoice is the clip of a ride that the driver has an open offer of, has booked or is at.
	// NotFound with ReasonUnknownVoice for another, and for a ride without a clip.
	DriverVoice(ctx context.Context, driver dispatch.DriverID, id dispatch.RideID, now time.Time) (
		dispatch.Clip, error)
	// CallVoice is the clip of a ride that is called out, if the call fits the driver's shift and
	// the driver has no ride. NotFound as of DriverVoice.
	CallVoice(ctx context.Context, driver dispatch.DriverID, id dispatch.RideID, now time.Time) (
		dispatch.Call, dispatch.Shift, dispatch.Clip, error)
	// OpenBookings are the bookings of a city that a driver may take, the first pickup first.
	OpenBookings(ctx context.Context, q dispatch.BookingQuery, p dispatch.Page) (
		[]dispatch.Ride, error)
	// RideContact is the rider of a ride that the driver is at. NotFound if it is not theirs; a
	// street ride that nobody pays in the app has the zero Rider.
	RideContact(ctx context.Context, driver dispatch.DriverID, id dispatch.RideID) (
		dispatch.Rider, error)
	// Earnings adds up rides completed in [from, to).
	Earnings(ctx context.Context, driver dispatch.DriverID, from, to time.Time) (
		dispatch.Earnings, error)
	// DriverComplaints are the complaints by and about a driver, those of the latest rides first.
	DriverComplaints(ctx context.Context, driver dispatch.DriverID, p dispatch.Page) (
		[]dispatch.Complaint, error)
	RegularReads
	TeamReads
	HandOverReads
	MoneyReads
	// DriverGreetings are the greetings that a driver has sent, the latest first.
	DriverGreetings(ctx context.Context, driver dispatch.DriverID, p dispatch.Page) (
		[]dispatch.Greeting, error)
}

// TeamReads are the teams that a driver has to do with.
type TeamReads interface {
	// TeamMembers are those of the driver's team, joined ones first; none for who is of no team.
	TeamMembers(ctx context.Context, driver dispatch.DriverID) ([]dispatch.MemberCard, error)
	// Invitations are what a driver is invited to.
	Invitations(ctx context.Context, driver dispatch.DriverID) ([]dispatch.MemberCard, error)
}

// HandOverReads are the bookings that others of a driver's team would hand over to the driver.
type HandOverReads interface {
	// HandOvers are those that the driver may take over, the first pickup first.
	HandOvers(ctx context.Context, q dispatch.HandOverQuery, p dispatch.Page) (
		[]dispatch.HandOverCard, error)
	// HandOver is one of them. NotFound with ReasonUnknownRide if the driver may not, or no more.
	HandOver(ctx context.Context, q dispatch.HandOverQuery, id dispatch.RideID) (
		dispatch.HandOverCard, error)
}

// MoneyReads are what a driver has taken, and taken out.
type MoneyReads interface {
	// DriverWithdrawals are a driver's withdrawals, the latest first.
	DriverWithdrawals(ctx context.Context, driver dispatch.DriverID, p dispatch.Page) (
		[]money.Withdrawal, error)
	// DriverHolds are a driver's held subsidies, decided ones too, the latest rides first.
	DriverHolds(ctx context.Context, driver dispatch.DriverID, p dispatch.Page) (
		[]dispatch.Hold, error)
	// Statement adds up the rides of a span.
	Statement(ctx context.Context, q dispatch.StatementQuery) (dispatch.Statement, error)
}

// RegularReads are the riders whom a driver keeps.
type RegularReads interface {
	// DriverRegulars are a driver's regulars that have not ended, the latest first.
	DriverRegulars(ctx context.Context, driver dispatch.DriverID, p dispatch.Page) (
		[]dispatch.RegularCard, error)
	// DriverRegular is one of them. NotFound with ReasonUnknownRegular if it is not theirs.
	DriverRegular(ctx context.Context, driver dispatch.DriverID, id dispatch.RegularID) (
		dispatch.RegularCard, error)
}

// Fixes is where positions go: to the engine of the city, and to who watches a ride. Lossy; the
// newest wins.
type Fixes interface {
	// Frame sends positions of a city's taxis. The slice is the caller's again when it returns.
	Frame(city dispatch.CityID, reports []dispatch.Report) error
	// Position tells those who watch a ride where its taxi is.
	Position(city dispatch.CityID, ride dispatch.RideID, at geo.Fix) error
}

// Inbox is what comes to drivers' phones. It may be late, twice, or not at all: rows are the truth.
type Inbox interface {
	// Listen calls on with every notice for the driver until stop is called, and takes the driver
	// over from any other session here or on another node: its replaced is called. Both are called
	// without waiting for each other and must not block.
	Listen(driver dispatch.DriverID, session string, on func(dispatch.Notice), replaced func()) (
		stop func(), err error)
	// Calls calls on with every call of a city that is made or has ended, until stop is called. on
	// must not block.
	Calls(city dispatch.CityID, on func(dispatch.Call)) (stop func(), err error)
}

// Listener hears what happened, for metrics. It must not block.
type Listener interface {
	// Session is +1 for a session that begins, −1 for one that ends, and why it ended ("" at the
	// begin).
	Session(change int, why string)
	// Fixes counts fixes that were accepted.
	Fixes(accepted int)
	// FixesRefused counts fixes that were refused for a reason.
	FixesRefused(reason string, n int)
	// Queued is the depth of a session's queue as a message is added.
	Queued(depth int)
	// Dropped is a message that a slow reader did not get.
	Dropped(what string)
}
