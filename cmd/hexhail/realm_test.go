package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// realm is the whole service in this process, wired as serve wires it: a file of SQLite, the
// embedded NATS, Beijing in a sandbox, addresses of its own.
type realm struct {
	t       *testing.T
	service *service
	log     *complaints
	signer  *wire.Signer
	ids     atomic.Int64
	home    *grpc.ClientConn // to the service; nil before the first use
	phone   string           // where stand-ins of another process are; "" for its own
}

// openRealm starts one, with more flags. What a loop of it complains of is in the test's log if the
// test fails.
func openRealm(t *testing.T, more ...string) *realm {
	t.Helper()
	flags := append([]string{
		"--data-dir", t.TempDir(), "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0",
		"--sandbox", "--channels", "none", "--rate-per-s", "100000", "--drain-for", "5s",
	}, more...)
	config, _, err := readConfig(flagsOf(t, flags...), nil)
	if err != nil {
		t.Fatal(err)
	}
	log := &complaints{}
	s, err := openService(t.Context(), config, newLog(log, "warn"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		if text := log.String(); t.Failed() && text != "" {
			t.Log(text)
		}
	})
	return &realm{t: t, service: s, log: log, signer: wire.NewSigner(s.key.private)}
}

// complaints keeps a log that several goroutines write to.
type complaints struct {
	mu   sync.Mutex
	text strings.Builder
}

func (c *complaints) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(line)
}

func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

func (r *realm) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *realm) grpcAddr() string { return r.service.grpcAt.Addr().String() }

// dial connects to a server until the test ends.

// token is good for a minute.
func (r *realm) token(c wire.Caller) string {
	r.t.Helper()
	token, err := r.signer.Mint(c, time.Now(), time.Minute)
	r.ok(err)
	return token
}

func (r *realm) fresh() string { return fmt.Sprintf("id-%06d", r.ids.Add(1)) }

// at is a point so many kilometres north of the city's centre.
func (r *realm) at(northKM float64) geo.Point {
	centre := r.service.cities["beijing"].Center
	return geo.Point{Lat: centre.Lat + northKM/111.195, Lng: centre.Lng}
}

// who is a part in a cast: whose token a call carries.
type who int

const (
	nobody  who = iota + 1 // no token
	expired                // the right one, an hour too late
	forged                 // the right one, signed by somebody else
	riderOne
	riderTwo
	driverOne   // at the ride, or has its offer
	driverTwo   // had it, and gave it back
	driverThree // never had it
	companyOne  // driverOne's
	companyTwo  // of the other drivers
	staff       // ops
	whoEnd
)

func (w who) String() string {
	return [...]string{
		nobody: "nobody", expired: "expired", forged: "forged", riderOne: "rider-one",
		riderTwo: "rider-two", driverOne: "driver-one", driverTwo: "driver-two",
		driverThree: "driver-three", companyOne: "company-one", companyTwo: "company-two",
		staff: "staff",
	}[w]
}

// role is the token's; none for those whose token is no good.
func (w who) role() typepb.Role {
	switch w {
	case riderOne, riderTwo:
		return typepb.Role_ROLE_RIDER
	case driverOne, driverTwo, driverThree:
		return typepb.Role_ROLE_DRIVER
	case companyOne, companyTwo:
		return typepb.Role_ROLE_COMPANY
	case staff:
		return typepb.Role_ROLE_OPS
	default:
		return typepb.Role_ROLE_UNSPECIFIED
	}
}

// employer is a driver's company.
func (w who) employer() who {
	if w == driverOne {
		return companyOne
	}
	return companyTwo
}

// stage is how far the ride of a cast has come.
type stage int

const (
	searching stage = iota + 1 // driverTwo has had it and given it back, at every stage
	offered                    // to driverOne, open
	assigned                   // driverOne is at it, from here on
	arrived
	waited // arrived so long ago that nobody need come any more
	onTrip
	asked     // completed, at a fare that the trace does not give
	completed // at one that stands
	settled   // paid by hand
	unmet     // another end: driverOne waited in vain
	blamed    // settled, and riderOne has complained of driverOne
	scheduled // another one: riderOne's for tomorrow, which driverOne alone may take
	booked    // and has taken
	proposed  // settled, and riderOne would keep driverOne
	kept      // who has agreed
	teamed    // driverOne has founded a team and invited driverTwo
	handing   // another one: booked, and driverOne offers it to a team, of which is driverTwo
	relieved  // who has taken it over
	greeted   // driverOne, whom riderOne keeps, has greeted their regulars
	halved    // completed, and riderOne shares the fare with riderTwo
)

// cast is a small company of players of their own, and a ride at a stage.
type cast struct {
	*realm
	n     int64
	stage stage
	now   time.Time // the city's, as the history is played

	ride    dispatch.RideID // riderOne's
	earlier dispatch.RideID // another of riderOne's, cancelled
	others  dispatch.RideID // riderTwo's, cancelled
	lapsed  dispatch.OfferID
	regular dispatch.RegularID // riderOne and driverOne
	own     dispatch.MemberID  // driverOne's place in a team
	invited dispatch.MemberID  // driverTwo's
	offer   dispatch.OfferID   // driverOne's
	code    string             // of riderTwo's share
}

func (c *cast) id(w who) string    { return fmt.Sprintf("%s-%05d", w, c.n) }
func (c *cast) name(w who) string  { return fmt.Sprintf("Name %d of %05d", w, c.n) }
func (c *cast) phone(w who) string { return fmt.Sprintf("138%05d%03d", c.n, 100+w) }
func (c *cast) taxi(w who) string  { return fmt.Sprintf("taxi-%d-%05d", w, c.n) }
func (c *cast) plate(w who) string { return fmt.Sprintf("京B·%d%05d", w, c.n) }

// meterFen is below what the tariff asks for any ride, which stands, or far above it.
func (c *cast) meterFen() int64 {
	if c.stage == asked {
		return 4_000_00 + c.n%1000
	}
	return 7_00 + c.n%500
}

// caller is who the token of a part names. A bad token names the one whose good token would do.
func (c *cast) caller(w, best who) wire.Caller {
	if w == expired || w == forged {
		w = best
	}
	return wire.Caller{Role: w.role(), ID: c.id(w)}
}

// word is one that an answer may have in it, and who may read it.
type word struct {
	text    string
	readers []who
}

// words are all that tell something of somebody in the cast.
func (c *cast) words() []word {
	list := []word{
		{string(c.ride), c.atRide()},
		{string(c.earlier), []who{riderOne, staff}},
		{string(c.others), []who{riderTwo, staff}},
		{string(c.offer), []who{driverOne, staff}},
		{string(c.regular), []who{riderOne, driverOne}},
		{string(c.own), []who{driverOne, driverTwo}},
		{string(c.invited), []who{driverOne, driverTwo}},
		{c.team(), []who{driverOne, driverTwo}},
		{string(c.lapsed), []who{driverTwo, staff}},
		{fmt.Sprintf(`"%d"`, c.meterFen()), c.payers()},
		{c.saidText(), c.atRide()},
	}
	if c.stage == greeted {
		list = append(list, word{c.greeting(), []who{riderOne, driverOne}})
	}
	if c.stage == blamed {
		list = append(list, word{complaintText, []who{riderOne, staff}})
	}
	for _, w := range []who{riderOne, riderTwo, companyOne, companyTwo} {
		list = append(list, word{c.id(w), []who{w, staff}}, word{c.phone(w), []who{w, staff}})
	}
	list = append(list, word{c.name(riderOne), []who{riderOne, driverOne, staff}},
		word{c.name(riderTwo), []who{riderTwo, staff}},
		word{c.name(companyOne), []who{companyOne, driverOne, riderOne, staff}},
		word{c.name(companyTwo), []who{companyTwo, driverTwo, driverThree, staff}})
	if c.stage == relieved { // riderOne sees for whom the new driver works
		list[len(list)-1].readers = append(list[len(list)-1].readers, riderOne)
	}
	for _, w := range []who{driverOne, driverTwo, driverThree} {
		can, card := []who{w, w.employer(), staff}, []who{w, w.employer(), staff}
		if w == driverOne {
			card = append(card, riderOne)
		}
		if (c.stage == teamed || c.stage == handing || c.stage == relieved) && w != driverThree {
			card = append(card, driverOne, driverTwo)
		}
		if c.stage == halved && w == driverOne { // who pays sees in which taxi
			card = append(card, riderTwo)
		}
		if c.stage == relieved && w == driverTwo {
			card = append(card, riderOne)
		}
		list = append(list, word{c.id(w), can}, word{c.phone(w), can}, word{c.name(w), card},
			word{c.taxi(w), []who{w, staff}}, word{c.plate(w), card})
	}
	return slices.DeleteFunc(list, func(w word) bool { return w.text == "" })
}

// atRide are those who may see the ride: driverTwo when it is offered to their team, and then alone
// of the drivers.
func (c *cast) atRide() []who {
	switch c.stage {
	case handing:
		return []who{riderOne, driverOne, driverTwo, staff}
	case relieved:
		return []who{riderOne, driverTwo, staff}
	default:
		return []who{riderOne, driverOne, staff}
	}
}

// cast plays a new cast's history up to a stage.
func (r *realm) cast(to stage) *cast {
	r.t.Helper()
	c := &cast{realm: r, n: r.ids.Add(1), stage: to, now: r.service.clock.Now().Add(-time.Second)}
	c.enrol()
	c.others = c.request(riderTwo)
	c.cancel(riderTwo, c.others)
	c.earlier = c.request(riderOne)
	c.cancel(riderOne, c.earlier)
	c.now = c.now.Add(100 * time.Millisecond) // ids of one millisecond have no order
	if to == scheduled || to == booked || to == handing || to == relieved {
		c.book(to != scheduled)
		if to >= handing {
			c.handOver(to == relieved)
		}
		return c
	}
	c.ride = c.request(riderOne)
	c.lapsed = c.offerTo(driverTwo, 1)
	c.accept(driverTwo, c.lapsed)
	c.drive(driverTwo, c.service.desk.Release)
	if to == searching {
		return c
	}
	c.offer = c.offerTo(driverOne, 2)
	last := to
	switch to {
	case unmet:
		last = waited
	case halved:
		last = completed
	case blamed, proposed, kept, teamed, greeted:
		last = settled
	default:
	}
	for at := assigned; at <= last; at++ {
		c.play(at)
	}
	switch {
	case to == halved:
	case to >= proposed:
		c.keep(to >= kept)
	case last != to:
		c.play(to)
	}
	switch to {
	case teamed:
		c.gather()
	case greeted:
		c.greet()
	case halved:
		c.halve()
	default:
	}
	return c
}

// play is the step that leads to a stage.
func (c *cast) play(at stage) {
	desk := c.service.desk
	switch at {
	case assigned:
		c.accept(driverOne, c.offer)
	case arrived:
		if c.stage == waited || c.stage == unmet {
			policy := c.service.cities["beijing"].PolicyAt(c.now)
			c.now = c.now.Add(-time.Duration(policy.NoShowS) * time.Second)
		}
		c.drive(driverOne, desk.Arrive)
	case onTrip:
		c.drive(driverOne, desk.Start)
	case completed:
		c.complete()
	case asked:
		if c.stage == asked {
			c.complete()
		}
	case settled:
		_, err := desk.CashReceived(c.t.Context(), c.now, c.once(driverOne),
			dispatch.CashReceived{Ride: c.ride, Driver: dispatch.DriverID(c.id(driverOne))})
		c.ok(err)
	case unmet:
		policy := c.service.cities["beijing"].PolicyAt(c.now)
		c.now = c.now.Add(time.Duration(policy.NoShowS) * time.Second)
		c.drive(driverOne, desk.NoShow)
	case blamed:
		_, err := desk.Complain(c.t.Context(), c.now, c.once(riderOne), dispatch.MakeComplaint{
			Ride: c.ride, Rider: dispatch.RiderID(c.id(riderOne)), Cause: dispatch.CauseRude,
			Text: complaintText,
		})
		c.ok(err)
	default: // waited is arrived, long ago
	}
}

// enrol writes the players' rows and puts the drivers on duty.
func (c *cast) enrol() {
	c.t.Helper()
	ctx, db := c.t.Context(), c.service.db
	var riders []dispatch.Rider
	var companies []dispatch.Company
	var drivers []dispatch.Driver
	var taxis []dispatch.Taxi
	for _, w := range []who{riderOne, riderTwo} {
		riders = append(riders, dispatch.Rider{
			ID: dispatch.RiderID(c.id(w)), Name: c.name(w), Phone: c.phone(w),
		})
	}
	for _, w := range []who{companyOne, companyTwo} {
		companies = append(companies, dispatch.Company{ID: c.id(w), Name: c.name(w)})
	}
	for _, w := range []who{driverOne, driverTwo, driverThree} {
		drivers = append(drivers, dispatch.Driver{
			ID: dispatch.DriverID(c.id(w)), City: "beijing", Name: c.name(w), Phone: c.phone(w),
			Company: c.id(w.employer()),
		})
		taxis = append(taxis, dispatch.Taxi{
			ID: dispatch.TaxiID(c.taxi(w)), City: "beijing", Plate: c.plate(w), Seats: 4,
		})
	}
	_, err := db.ImportRiders(ctx, riders)
	c.ok(err)
	_, err = db.ImportCompanies(ctx, companies)
	c.ok(err)
	_, err = db.ImportDrivers(ctx, drivers)
	c.ok(err)
	_, err = db.ImportTaxis(ctx, taxis)
	c.ok(err)
	for _, w := range []who{driverOne, driverTwo, driverThree} {
		_, err := c.service.desk.SetDuty(ctx, c.now, c.once(w), dispatch.SetDuty{
			Driver: dispatch.DriverID(c.id(w)), Taxi: dispatch.TaxiID(c.taxi(w)),
			Duty: dispatch.OnDuty,
		})
		c.ok(err)
	}
}

func (c *cast) once(w who) dispatch.Once {
	return dispatch.Once{Identity: c.caller(w, w).Identity(), RequestID: c.fresh()}
}

func (c *cast) request(w who) dispatch.RideID {
	c.t.Helper()
	got, err := c.service.desk.Request(c.t.Context(), c.now, c.once(w), dispatch.RequestRide{
		City: "beijing", Rider: dispatch.RiderID(c.id(w)), Seats: 1, PayBy: money.Cash,
		Pickup: dispatch.Place{Point: c.at(0)}, Dropoff: dispatch.Place{Point: c.at(5)},
		Voice: c.said(),
	})
	c.ok(err)
	return got.Ride
}

// book has riderOne book a ride for driverOne, who may take it at once.
func (c *cast) book(take bool) {
	c.t.Helper()
	ctx, desk, driver := c.t.Context(), c.service.desk, dispatch.DriverID(c.id(driverOne))
	got, err := desk.Book(ctx, c.now, c.once(riderOne), dispatch.BookRide{
		RequestRide: dispatch.RequestRide{
			City: "beijing", Rider: dispatch.RiderID(c.id(riderOne)), Seats: 1, PayBy: money.Cash,
			Pickup: dispatch.Place{Point: c.at(0)}, Dropoff: dispatch.Place{Point: c.at(5)},
			Voice: c.said(),
		},
		PickupAt: c.now.Add(24 * time.Hour), ForDriver: driver, OpenAt: c.now.Add(20 * time.Hour),
	})
	c.ok(err)
	if c.ride = got.Ride; take {
		_, err = desk.TakeBooking(ctx, c.now, c.once(driverOne),
			dispatch.HoldBooking{Ride: c.ride, Driver: driver})
		c.ok(err)
	}
}

// team is what driverOne calls the team.
func (c *cast) team() string { return fmt.Sprintf("Team of %05d", c.n) }

func (c *cast) cancel(w who, ride dispatch.RideID) {
	c.t.Helper()
	_, err := c.service.desk.Cancel(c.t.Context(), c.now, c.once(w),
		dispatch.CancelRide{Ride: ride, Rider: dispatch.RiderID(c.id(w))})
	c.ok(err)
}

// offerTo makes an offer of the ride, as the engine would if the taxi had a position.
func (c *cast) offerTo(w who, search int) dispatch.OfferID {
	c.t.Helper()
	o := dispatch.Offer{
		ID: dispatch.OfferID(c.service.desk.NewID(c.now)), City: "beijing", Ride: c.ride,
		Search: search, Driver: dispatch.DriverID(c.id(w)), Taxi: dispatch.TaxiID(c.taxi(w)),
		State: dispatch.OfferOpen, MadeAt: c.now, ExpiresAt: c.now.Add(time.Hour),
		ChangedAt: c.now,
	}
	c.ok(c.service.db.Tx(c.t.Context(), func(tx dispatch.Tx) error {
		made, err := tx.InsertOffer(o)
		if err == nil && !made {
			err = errors.New("the offer was not made")
		}
		return err
	}))
	return o.ID
}

func (c *cast) accept(w who, offer dispatch.OfferID) {
	c.t.Helper()
	_, err := c.service.desk.Accept(c.t.Context(), c.now, c.once(w),
		dispatch.AnswerOffer{Offer: offer, Driver: dispatch.DriverID(c.id(w))})
	c.ok(err)
}

// drive gives a command of a driver on the ride.
func (c *cast) drive(w who, command func(
	context.Context, time.Time, dispatch.Once, dispatch.DriveRide,
) (dispatch.Receipt, error),
) {
	c.t.Helper()
	_, err := command(c.t.Context(), c.now, c.once(w),
		dispatch.DriveRide{Ride: c.ride, Driver: dispatch.DriverID(c.id(w))})
	c.ok(err)
}

func (c *cast) complete() {
	c.t.Helper()
	_, err := c.service.desk.Complete(c.t.Context(), c.now, c.once(driverOne),
		dispatch.CompleteRide{
			Ride: c.ride, Driver: dispatch.DriverID(c.id(driverOne)),
			Meter: money.Fen(c.meterFen()),
		})
	c.ok(err)
}

// state is all that there is of the ride, of offers of it, and of driverOne's shift.
func (c *cast) state() string {
	c.t.Helper()
	record, err := c.service.db.RideRecord(c.t.Context(), c.ride)
	c.ok(err)
	var offers []dispatch.Offer
	var shift dispatch.Shift
	var regular dispatch.Regular
	var places []dispatch.MemberCard
	c.ok(c.service.db.Tx(c.t.Context(), func(tx dispatch.Tx) (err error) {
		if offers, err = tx.OpenOffers(dispatch.OfferQuery{Ride: c.ride}); err == nil {
			shift, _, err = tx.Shift(dispatch.DriverID(c.id(driverOne)))
		}
		if err == nil && c.regular != "" {
			regular, err = tx.Regular(c.regular)
		}
		return err
	}))
	if c.own != "" {
		places, err = c.service.db.TeamMembers(c.t.Context(), dispatch.DriverID(c.id(driverOne)))
		c.ok(err)
	}
	text, err := json.MarshalIndent([]any{
		record.Ride, record.Payments, record.Transfers, offers, shift, regular, places,
	}, "", "\t")
	c.ok(err)
	return string(text)
}

func (r *realm) options() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
}

// dial connects to a server until the test ends.
func (r *realm) dial(addr string) *grpc.ClientConn {
	r.t.Helper()
	conn, err := grpc.NewClient(addr, r.options()...)
	r.ok(err)
	r.t.Cleanup(func() { r.ok(conn.Close()) })
	return conn
}

// conn is a connection to the service itself.
func (r *realm) conn() *grpc.ClientConn {
	r.t.Helper()
	if r.home == nil {
		r.home = r.dial(r.grpcAddr())
	}
	return r.home
}

// as is a context in which a part of the cast calls.
func (c *cast) as(w who) context.Context {
	c.t.Helper()
	return wire.WithToken(c.t.Context(), c.token(c.caller(w, w)))
}
