package dispatch

import (
	"context"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// Store is what Desk and Engine need of the database. A transaction's closure may run twice (after
// a lost race) and does no I/O but tx.
type Store interface {
	// Tx runs fn in one transaction and returns when it is committed, or with fn's error and
	// nothing written.
	Tx(ctx context.Context, fn func(Tx) error) error
	// View runs fn on one snapshot of what is committed, and does not wait for who writes. fn only
	// reads: a write in it fails.
	View(ctx context.Context, fn func(Tx) error) error
	// FencedTx is Tx for the engine of a city: it is refused with ReasonFenced when another
	// engine has taken the city since.
	FencedTx(ctx context.Context, f Fence, fn func(Tx) error) error
	// TakeCity makes the caller the city's one engine.
	TakeCity(ctx context.Context, city CityID) (Fence, error)
}

// Fence is an engine's right to write for its city, until a higher one is given out.
type Fence struct {
	City   CityID
	Number int
}

// Tx is one transaction's view of the rows.
type Tx interface {
	Rides
	RideScans
	Fares
	RiderPast
	PaidRides
	Voices
	Bookings
	FlightRows
	Regulars
	Teams
	HandOvers
	Greetings
	Offers
	Calls
	Grabs
	People
	Shifts
	Complaints
	OnceRows
	Outbox
	Holds
	PairRides
	Phones
	SettledRides
	Changes
	RoundLogs
	Lives
	Models
	Turns
	DriverLogs
	PayCodes
	PayPINs
	WalletCodes
	Splits
	ReceiptNumbers
	Forgetting
	money.Tx
}

// Splits are the fares that friends share, until when.
type Splits interface {
	// InsertSplit writes when what is not paid is the organiser's.
	InsertSplit(ride RideID, due time.Time) error
	// PutOffSplit writes another time.
	PutOffSplit(ride RideID, due time.Time) error
	// EndSplit forgets it.
	EndSplit(ride RideID) error
	// RiderByPhone is the rider who has a phone, the first by id of several; "" if nobody has it.
	RiderByPhone(phone string) (RiderID, error)
	// DueSplits are the rides whose time has come, by it and id, at most limit.
	DueSplits(now time.Time, limit int) ([]RideID, error)
}

// ReceiptNumbers are what taxis have printed.
type ReceiptNumbers interface {
	// PutReceiptNumber writes the number of a ride, in place of one that the same side has typed.
	// Conflict with ReasonReceiptOther if the other side has, with ReasonReceiptNumber if another
	// ride of the taxi has the number, or another ride of the city has it with the same code.
	PutReceiptNumber(n ReceiptNumber) error
}

// PayCodes lead who scans them to what is to be paid.
type PayCodes interface {
	// InsertPayCode writes a new one. Conflict with ReasonDuplicate if another one leads to the
	// same taxi or ride.
	InsertPayCode(c PayCode) error
	// PayCode reads one by its text; ok is false if there is none.
	PayCode(code string) (c PayCode, ok bool, err error)
	// PayCodeTo is the one that leads to the taxi, or the ride, of another.
	PayCodeTo(c PayCode) (is PayCode, ok bool, err error)
	// DropPayCode forgets one.
	DropPayCode(code string) error
	// TaxisRide is the last ride on which a taxi has set out with a rider and that is not ended: on
	// its way, or to be paid.
	TaxisRide(taxi TaxiID) (r Ride, ok bool, err error)
}

// Rides are the rides' rows.
type Rides interface {
	// Ride reads a ride. Errors: NotFound.
	Ride(id RideID) (Ride, error)
	// LockRide reads a ride and keeps others from changing it until the transaction ends. A command
	// on its payments locks the ride before it reads them. Errors: NotFound.
	LockRide(id RideID) (Ride, error)
	// InsertRide writes a new ride. Conflict if the rider has an open one already, or the driver
	// another one in the slot.
	InsertRide(r Ride) error
	// UpdateRide writes a ride whose stored version is still r.Version−1, but for what it was asked
	// for with: city, kind, rider, destination, seats, quote and time of request stay. Conflict if
	// the version is another, or if the driver has another ride in the slot.
	UpdateRide(r Ride) error
}

// RideScans find rides otherwise than by their id.
type RideScans interface {
	// DueRides are a city's searching rides whose SearchBy has come, by time and id.
	DueRides(city CityID, now time.Time, limit int) ([]Ride, error)
	// Searching counts a city's rides that look for a taxi.
	Searching(city CityID) (int, error)
	// UnpaidRides are completed rides that last changed by a time, whose subsidy is reserved and
	// whose fare is not paid, nor being paid, by that time and id.
	UnpaidRides(before time.Time, limit int) ([]Ride, error)
	// DriversRide is the ride that a driver is at, in the slot current.
	DriversRide(driver DriverID) (r Ride, ok bool, err error)
	// DriversNext is the ride that a driver goes to after that one.
	DriversNext(driver DriverID) (r Ride, ok bool, err error)
	// RidersRide is a rider's open ride.
	RidersRide(rider RiderID) (r Ride, ok bool, err error)
}

// Fares find what is questioned.
type Fares interface {
	// SilentFares are a city's rides completed by a time whose riders are asked about the fare and
	// have not answered, by the time of their completion and id. Those whose trace covers too
	// little are among them only if they were quoted a fare.
	SilentFares(city CityID, before time.Time, limit int) ([]Ride, error)
}

// RiderPast is what campaigns for first rides ask for.
type RiderPast interface {
	// PastOf is what a rider had done before a ride was completed, other than it.
	PastOf(rider RiderID, ride RideID, before time.Time) (Past, error)
}

// Past is what a rider has done.
type Past struct {
	Rode      bool // completed a ride
	PaidByApp bool // settled one otherwise than by hand
}

// Voices keep what riders have said with their requests.
type Voices interface {
	// InsertVoice keeps the clip of a ride that is written already, and goes with it. Conflict with
	// ReasonDuplicate if the ride has one.
	InsertVoice(ride RideID, clip []byte, at time.Time) error
	// ForgetVoices drops clips that came before a time, the oldest first, at most limit, and says
	// how many.
	ForgetVoices(before time.Time, limit int) (int, error)
}

// Bookings find booked rides, and write what is no change that anybody is told of.
type Bookings interface {
	// DueBookings are a city's Scheduled and Booked rides whose DueAt has come, by time and id.
	DueBookings(city CityID, now time.Time, limit int) ([]Ride, error)
	// DriversBookings are the Booked rides of a driver, by time of pickup.
	DriversBookings(driver DriverID) ([]Ride, error)
	// RidersBookings counts a rider's Scheduled and Booked rides.
	RidersBookings(rider RiderID) (int, error)
	// PutOff writes when a ride is looked at next and the landing that its pickup goes by; ok is
	// false if the ride's version is another.
	PutOff(ride RideID, version int, b Booking) (ok bool, err error)
}

// FlightRows find the rides whose pickup goes by a flight and has not been.
type FlightRows interface {
	// FlightRides are a city's rides of a flight, by id.
	FlightRides(city CityID, f Flight, limit int) ([]Ride, error)
	// OpenFlights are the flights of a city's rides that are picked up by a time, the first pickup
	// first.
	OpenFlights(city CityID, by time.Time, limit int) ([]Flight, error)
}

// Offers are the offers' rows.
type Offers interface {
	// InsertOffer writes an open offer if its ride is still in that search, the driver has no
	// ride in the slot, and neither has another open offer; otherwise made is false. One with After
	// is for the slot next: it asks besides that the driver is on trip with that ride.
	InsertOffer(o Offer) (made bool, err error)
	// AcceptOffer turns an open offer of this driver that has not expired into an accepted one:
	// one conditional update. Otherwise NotFound, or Conflict with ReasonOfferExpired or
	// ReasonOfferClosed.
	AcceptOffer(id OfferID, driver DriverID, now time.Time) (Offer, error)
	// CloseOffer moves an open offer to another state; closed is false if it was not open.
	CloseOffer(id OfferID, to OfferState, now time.Time) (closed bool, err error)
	// OpenOffers are open offers: of a ride, of a driver, or those of a city that have expired
	// by a time. Ordered by id.
	OpenOffers(q OfferQuery) ([]Offer, error)
	// DeliverOffer notes that an open offer has reached the driver's phone.
	DeliverOffer(id OfferID, driver DriverID, now time.Time) error
}

// OfferQuery selects open offers by the fields that are set.
type OfferQuery struct {
	Ride      RideID
	Driver    DriverID
	City      CityID
	ExpiredBy time.Time
	Limit     int // 0 is 1,000
}

// Calls are the calls' rows.
type Calls interface {
	// InsertCall writes an open call if its ride is still in that search and has neither an open
	// offer nor another open call; otherwise made is false.
	InsertCall(c Call) (made bool, err error)
	// GrabCall gives an open call that has not expired to a driver: one conditional update.
	// Otherwise NotFound, or Conflict with ReasonCallExpired or ReasonCallGone.
	GrabCall(id CallID, driver DriverID, now time.Time) (Call, error)
	// CloseCall moves an open call to another state; closed is false if it was not open.
	CloseCall(id CallID, to CallState, now time.Time) (closed bool, err error)
	// OpenCalls are open calls: the one of an id, of a ride, or of a city, all or those that have
	// expired by a time and collect no grabs. Ordered by id.
	OpenCalls(q CallQuery) ([]Call, error)
}

// Grabs are the grabs that are collected.
type Grabs interface {
	// AddGrab keeps a grab of an open call that neither has expired nor is decided by the grab's
	// time; the first one sets when it is decided. Errors as of GrabCall.
	AddGrab(g KeptGrab, decideAt time.Time) (Call, error)
	// GrabsOf are the grabs of a call, the nearest first, of equals the earliest.
	GrabsOf(id CallID) ([]KeptGrab, error)
}

// CallQuery selects open calls by the fields that are set.
type CallQuery struct {
	ID        CallID
	Ride      RideID
	City      CityID
	ExpiredBy time.Time
	Limit     int // 0 is as many as may search in a city
}

// People are riders, drivers and taxis.
type People interface {
	// InsertRider writes a new rider. Conflict with ReasonDuplicate if the id is taken.
	InsertRider(r Rider) error
	// InsertDriver writes a new driver. Conflict with ReasonDuplicate if the id is taken.
	InsertDriver(d Driver) error
	// InsertTaxi writes a new taxi. Conflict with ReasonDuplicate if the id is taken.
	InsertTaxi(t Taxi) error
	// LockDriver reads a driver and keeps others from locking the same one until the transaction
	// ends: who adds to a driver's bookings locks the driver before it reads them. NotFound as for
	// Driver.
	LockDriver(id DriverID) (Driver, error)
	// Rider reads a rider. NotFound with ReasonUnknownRider if there is none.
	Rider(id RiderID) (Rider, error)
	// Driver reads a driver. NotFound with ReasonUnknownDriver if there is none.
	Driver(id DriverID) (Driver, error)
	// Taxi reads a taxi. NotFound with ReasonUnknownTaxi if there is none.
	Taxi(id TaxiID) (Taxi, error)
}

// Regulars are riders and drivers who keep each other.
type Regulars interface {
	// Regular reads one, an ended one too. NotFound with ReasonUnknownRegular.
	Regular(id RegularID) (Regular, error)
	// RegularOf is that of a rider and a driver, an ended one too; ok is false if there never was
	// one.
	RegularOf(rider RiderID, driver DriverID) (r Regular, ok bool, err error)
	// PutRegular writes one, in place of that of the same two.
	PutRegular(r Regular) error
	// CountRegulars counts those of a rider and of a driver that have not ended.
	CountRegulars(rider RiderID, driver DriverID) (riders, drivers int, err error)
	// LockRider reads a rider and keeps others from locking the same one until the transaction
	// ends. Who adds to two people's regulars locks the driver first. NotFound as for Rider.
	LockRider(id RiderID) (Rider, error)
}

// Teams are drivers who organise themselves.
type Teams interface {
	// PutTeam writes a team, in place of the one with its id.
	PutTeam(t Team) error
	// LockTeam reads a team and keeps others from locking it until the transaction ends: who
	// changes its members locks it first, after the drivers. NotFound with ReasonUnknownTeam.
	LockTeam(id TeamID) (Team, error)
	// TeamOf is the team that a driver has joined, "" for none.
	TeamOf(driver DriverID) (TeamID, error)
	MemberRows
}

// HandOvers are the records of bookings that went from one driver of a team to another.
type HandOvers interface {
	// InsertHandOver writes one. Conflict with ReasonHandedOver if its ride has one.
	InsertHandOver(h HandedOver) error
	// HandOverOf is that of a ride; ok is false if it was never handed over.
	HandOverOf(ride RideID) (h HandedOver, ok bool, err error)
}

// Greetings are what drivers send to their regulars.
type Greetings interface {
	// InsertGreeting writes a new one. Conflict with ReasonGreeted if its driver has sent one for
	// the festival.
	InsertGreeting(g Greeting) error
	// DeliverGreeting puts one before all regulars of its driver that both have agreed to, but for
	// riders who want none, and says how many those are.
	DeliverGreeting(g Greeting) (riders int, err error)
	// SetGreetings says whether a rider wants greetings.
	SetGreetings(rider RiderID, want bool) error
	// ForgetGreetings drops greetings that were sent before a time, the oldest first, at most
	// limit, and says how many.
	ForgetGreetings(before time.Time, limit int) (int, error)
}

// MemberRows are the drivers of teams, and those who are invited.
type MemberRows interface {
	// Member reads one. NotFound with ReasonUnknownMember.
	Member(id MemberID) (Member, error)
	// Members are a team's, those who have joined first, by id.
	Members(team TeamID) ([]Member, error)
	// InsertMember writes a new one. Conflict with ReasonInTeam for a driver who has joined another
	// team, with ReasonDuplicate for one who is in the team or invited already.
	InsertMember(m Member) error
	// UpdateMember writes the state of one and since when it holds. Conflict with ReasonInTeam.
	UpdateMember(m Member) error
	// DropMember forgets one.
	DropMember(id MemberID) error
}

// Shifts say who drives which taxi.
type Shifts interface {
	// Shift is a driver's shift; ok is false if there never was one.
	Shift(driver DriverID) (s Shift, ok bool, err error)
	// PutShift writes a driver's shift. Conflict if another driver has the taxi.
	PutShift(s Shift) error
	// Answered sets the driver's count of silent offers back to 0.
	Answered(driver DriverID, now time.Time) error
}

// Complaints are what sides of rides hold against each other.
type Complaints interface {
	// InsertComplaint writes a new complaint. Conflict with ReasonComplained if this side has made
	// one of the ride already.
	InsertComplaint(c Complaint) error
	// UpdateComplaint writes state, contest and decision of a complaint that is in state was.
	// Conflict with ReasonStale if it is in another.
	UpdateComplaint(c Complaint, was ComplaintState) error
	// Complaint is one side's of a ride. NotFound with ReasonUnknownComplaint.
	Complaint(ride RideID, by Side) (Complaint, error)
	// AgainstRider are the times of the no-shows of a rider that count, rising: the latest
	// MaxCounted.
	AgainstRider(rider RiderID) ([]time.Time, error)
	// AgainstDriver are the times of the complaints of a driver that count, likewise.
	AgainstDriver(driver DriverID) ([]time.Time, error)
}

// OnceRow is an answer that is kept for its request id.
type OnceRow struct {
	Identity  string // who asked
	RPC       string
	RequestID string
	Hash      string // SHA-256 of the command's canonical JSON, in hex
	Answer    []byte // JSON
	At        time.Time
}

// OnceRows make a repeated request return the first one's answer.
type OnceRows interface {
	// Recall is the answer that was kept for a request; ok is false if none is.
	Recall(identity, rpc, requestID string) (row OnceRow, ok bool, err error)
	// Remember keeps an answer. Conflict with ReasonDuplicate if one is kept for this identity,
	// RPC and request id already.
	Remember(row OnceRow) error
	// Forget drops answers older than before, at most limit, and says how many.
	Forget(before time.Time, limit int) (int, error)
}

// Holds are held subsidies.
type Holds interface {
	// InsertHold writes a hold, unless its ride has one.
	InsertHold(h Hold) error
	// UpdateHold writes state, due time, appeal and decision of a hold that is in state was.
	// Conflict with ReasonStale if it is in another.
	UpdateHold(h Hold, was HoldState) error
	// Hold is that of a ride. NotFound with ReasonUnknownHold.
	Hold(ride RideID) (Hold, error)
	// DueHolds are open holds whose time is over, by due time and ride, at most limit.
	DueHolds(now time.Time, limit int) ([]Hold, error)
}

// PairRides are what two people have ridden together, and what else speaks against a ride.
type PairRides interface {
	// RiddenTogether are the rides that a rider and a driver have completed since a time, the
	// latest first, at most 100.
	RiddenTogether(rider RiderID, driver DriverID, since time.Time) ([]PairRide, error)
	// BriefRides counts the rides with a rider in the app that a driver has completed in [from, to)
	// in less than a time, over less than so many metres.
	BriefRides(driver DriverID, from, to time.Time, took time.Duration, metres int) (int, error)
	// AccountsOf are the riders but one whose subsidised rides, completed in [from, to), a phone
	// has asked for, each once, at most 100.
	AccountsOf(device string, but RiderID, from, to time.Time) ([]RiderID, error)
}

// Outbox keeps events until they are sent.
type Outbox interface {
	// Emit keeps an event to be sent; it commits with the change that it tells of. Conflict with
	// ReasonDuplicate if the id is taken.
	Emit(e Event) error
	// Unsent are events to send, by id, at most limit.
	Unsent(limit int) ([]Event, error)
	// Sent drops events that were sent.
	Sent(ids []EventID) error
}

// Changes are what an engine or a phone has missed: rows of a city changed at or after a time, by
// that time and id.
type Changes interface {
	// ChangedRides are rides in every state, ended ones too.
	ChangedRides(city CityID, since time.Time) ([]Brief, error)
	// ChangedOffers are offers in every state, ended ones too.
	ChangedOffers(city CityID, since time.Time) ([]Offer, error)
	// ChangedCalls are calls in every state, ended ones too.
	ChangedCalls(city CityID, since time.Time) ([]Call, error)
	// ChangedShifts are shifts, those that went off duty too. Their id is the driver's.
	ChangedShifts(city CityID, since time.Time) ([]Shift, error)
	// Standing is what holds now, for a start.
	Standing(city CityID) (Standing, error)
}

// Standing is all that an engine needs to begin with, each list by id.
type Standing struct {
	Rides  []Brief // searching, or with a driver who is at it
	Offers []Offer // open, and all ended ones of searching rides
	Shifts []Shift // not off duty
	Calls  []Call  // open and expired ones of searching rides
	Turns  []Turn  // in the queues of stands, or kept
}

// Turns keep the queues of stands, so that an engine that is begun anew knows them. A city's engine
// alone writes them.
type Turns interface {
	// PutTurn writes a driver's turn, in place of the one that they had.
	PutTurn(t Turn) error
	// DropTurn forgets a driver's turn in a city, if there is one.
	DropTurn(city CityID, driver DriverID) error
	// StandRank is where a driver is in the queue of a stand; ok is false if they are in none. It
	// has no At.
	StandRank(driver DriverID) (r StandRank, ok bool, err error)
}

// RoundLogs keep why a ride got the taxi that it got, or none.
type RoundLogs interface {
	// PutRoundLog writes a ride's log, in place of the one that it had.
	PutRoundLog(l RoundLog) error
	// RoundLog reads a ride's log; the bool is false if none was written.
	RoundLog(ride RideID) (RoundLog, bool, error)
}

// Lives keep when each city's engine was last at work: what a crash leaves no other word of.
type Lives interface {
	// MarkAlive notes that the city's engine is at work now. It never goes back in time.
	MarkAlive(city CityID, now time.Time) error
	// AliveAt is the latest time at which the city's engine has said that it is at work; zero if
	// none ever has.
	AliveAt(city CityID) (time.Time, error)
}

// Models keep what cities' models of acceptance have learned.
type Models interface {
	// PutLearned writes a city's weights, in place of those that it had.
	PutLearned(l Learned) error
	// Learned reads a city's weights; ok is false if none were written.
	Learned(city CityID) (l Learned, ok bool, err error)
}

// DriverLogs keep why a driver got the rides that they got, or none.
type DriverLogs interface {
	// PutDriverLog writes a driver's log, in place of one with the same From.
	PutDriverLog(l DriverLog) error
	// DriverLogs are a driver's logs that began in [from, to), the oldest first, at most 400.
	DriverLogs(driver DriverID, from, to time.Time) ([]DriverLog, error)
	// PastOffers are the offers to a driver that were made in [from, to), and the calls that they
	// have grabbed then: the latest MaxPastOffers, the oldest first.
	PastOffers(driver DriverID, from, to time.Time) ([]PastOffer, error)
	// ForgetDriverLogs drops a city's logs that began before a time, at most limit, and says how
	// many.
	ForgetDriverLogs(city CityID, before time.Time, limit int) (int, error)
}

// Traces keep the fixes of rides. They are appended outside transactions: a lost batch lowers the
// coverage of a trace, and nothing else.
type Traces interface {
	// AppendTrace adds fixes in time order, at most 256.
	AppendTrace(ctx context.Context, ride RideID, fixes []geo.Fix) error
	// AppendTraces is AppendTrace for many rides in one transaction: all of it or nothing.
	AppendTraces(ctx context.Context, batches []TraceBatch) error
	// Trace is all fixes of a ride in time order.
	Trace(ctx context.Context, ride RideID) ([]geo.Fix, error)
}

// TraceBatch is some fixes of one ride.
type TraceBatch struct {
	Ride  RideID
	Fixes []geo.Fix
}

// Hints is where things are told after a commit. Any of it may get lost, and nothing depends on it.
type Hints interface {
	// Nudge tells the city's engine what changed.
	Nudge(ctx context.Context, n Change)
	// Push tells a driver's phone.
	Push(ctx context.Context, n Notice)
	// Tell tells those who watch a ride.
	Tell(ctx context.Context, r Ride)
	// Announce tells the phones of a city of a call that was made, or that has ended.
	Announce(ctx context.Context, c Call)
}

// Change is what an engine is told: one of the four is set.
type Change struct {
	City  CityID
	Ride  *Ride
	Offer *Offer
	Shift *Shift
	Call  *Call
}

// Notice is what a driver's phone is told: one of the six is set.
type Notice struct {
	Driver DriverID
	Offer  *Offer     // made, or closed
	Ride   *Ride      // changed
	Shift  *Shift     // put off duty
	Rank   *StandRank `json:",omitempty"` // in the queue of a stand, changed
	// HandOver is a booking that is offered to the driver's team, or no more.
	HandOver *HandOverNews `json:",omitempty"`
	// Money is money that has come, or a withdrawal that has ended.
	Money *MoneyNews `json:",omitempty"`
}

// Times is a service that tells how long drives take, many at once. It is asked for what a round
// weighs, and by who wants a quote: it is safe for concurrent use.
type Times interface {
	// Times sets TimeMS and Source of those drives that it can tell, whose ends are within snapM
	// metres of a road; the others stay as they are. It returns when ctx ends, with what it knows
	// by then. Drives with the same end stand together. An error says why some have no answer.
	Times(ctx context.Context, drives []geo.Estimate, snapM float64) error
}

// Listener hears what happened, for metrics. It must not block.
type Listener interface {
	// Acted is a committed change of a ride.
	Acted(act ActKind, r Ride)
	// Offered is an offer that was made, or has ended.
	Offered(o Offer)
	// Called is a call that was made, or has ended.
	Called(c Call)
	// Refused is a command that failed.
	Refused(command string, kind Kind, reason Reason)
	// Rounded is a finished round.
	Rounded(r RoundStats)
	// Answered is an offer that a driver has taken or not, beside the chance that the engine gave.
	Answered(a Answer)
	// Withdrew is a withdrawal that was made, waits for the float, waits for the driver's tap, or
	// has ended.
	Withdrew(w money.Withdrawal)
	// Floats is how much of the house's own money is out, each second.
	Floats(float money.Fen)
	// Drew is a day of a draw that has come on.
	Drew(d DrewDay)
	// Forgot is how much of something was dropped, as it was old.
	Forgot(what Forgotten, n int)
}
