// Package storetest is the conformance suite of the store's ports: what dispatch and money may rely
// on, whatever the engine. Each engine's test calls Run. The promises that a store keeps or breaks
// under load (one ride a driver, no fen over a cap, …) are tested here too, each with mutants: the
// same check is run against a store with the safeguard taken out, and has to notice.
package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/store"
)

// Database is an open store with what only tests may do to it.
type Database struct {
	*store.DB
	Postgres bool
	// SQL runs one statement that the store knows nothing of.
	SQL func(ctx context.Context, text string) error
}

// Open opens an empty store that is closed when the test ends.
type Open func(t testing.TB, opts ...store.Option) Database

// Run runs the suite on one engine.
func Run(t *testing.T, open Open) {
	for _, test := range slices.Concat(
		rowTests(), fareTests(), campaignTests(), withdrawalTests(), walletTests(),
		promiseTests(),
	) {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

// test is one of the suite.
type test struct {
	name string
	run  func(*testing.T, Open)
}

// rowTests are of rows and transactions.
func rowTests() []test {
	return []test{
		{"Rides", rides},
		{"RideScans", rideScans},
		{"UnpaidRides", unpaidRides},
		{"SilentFares", silentFares},
		{"RideIndexes", rideIndexes},
		{"Offers", offers},
		{"OfferRefused", offerRefused},
		{"OfferForAfter", offerForAfter},
		{"OfferAnswers", offerAnswers},
		{"OfferQueries", offerQueries},
		{"Calls", calls},
		{"CallRefused", callRefused},
		{"CallAnswers", callAnswers},
		{"KeptGrabs", keptGrabs},
		{"Bookings", bookings},
		{"Voices", voices},
		{"VoicesOfOffers", voicesOfOffers},
		{"VoicesOfCalls", voicesOfCalls},
		{"Complaints", complaints},
		{"Regulars", regulars},
		{"Teams", teams},
		{"HandOvers", handOvers},
		{"Greetings", greetings},
		{"People", people},
		{"Shifts", shifts},
		{"Once", once},
		{"Outbox", outbox},
		{"Changes", changes},
		{"Standing", standing},
		{"RoundLogs", roundLogs},
		{"StandTurns", standTurns},
		{"DriverLogs", driverLogs},
		{"PastOffers", pastOffers},
		{"Models", models},
		{"Book", book},
		{"BookLimits", bookLimits},
		{"BookResolutions", bookResolutions},
		{"BookOnce", bookOnce},
		{"Payments", payments},
		{"Attempts", attempts},
		{"Orders", orders},
		{"Refunds", refunds},
		{"Inbox", inbox},
		{"Immutable", immutable},
		{"Audit", audit},
		{"Traces", traces},
		{"Forgetting", forgetting},
		{"Fences", fences},
		{"Transactions", transactions},
		{"FailedStatement", failedStatement},
		{"Panics", panics},
		{"Goexit", goexit},
		{"Cancelled", cancelled},
		{"Closed", closed},
		{"Retries", retries},
		{"OwnLists", ownLists},
		{"Earnings", earnings},
		{"Imports", imports},
		{"ImportRefused", importRefused},
		{"ImportDuringShift", importDuringShift},
		{"ImportBesideShift", importBesideShift},
		{"CityRides", cityRides},
		{"Drivers", driverLists},
		{"RideRecord", rideRecord},
		{"OutboxAlone", outboxAlone},
	}
}

// fareTests are of what leads to a payment, and of what is left of it.
func fareTests() []test {
	return []test{
		{"PayCodes", payCodes},
		{"Splits", splits},
		{"Receipts", receipts},
		{"ReceiptNumbers", receiptNumbers},
	}
}

// withdrawalTests are of what drivers take, and take out, and of what is held from them.
func withdrawalTests() []test {
	return []test{
		{"Withdrawals", withdrawals},
		{"WithdrawalScans", withdrawalScans},
		{"BankFiles", bankFiles},
		{"LockAccount", lockAccount},
		{"Statements", statements},
		{"Holds", holds},
		{"RiddenTogether", riddenTogether},
		{"Phones", phones},
	}
}

// walletTests are of riders' wallets, with their promises.
func walletTests() []test {
	return []test{
		{"PayPINs", payPINs},
		{"PromisePayPIN", promisePayPIN},
		{"WalletCodes", walletCodes},
		{"PromiseWalletCode", promiseWalletCode},
		{"Hongbaos", hongbaos},
		{"HongbaosPay", hongbaosPay},
		{"PromiseHongbao", promiseHongbao},
		{"LegsBack", legsBack},
		{"PromiseWalletFirst", promiseWalletFirst},
		{"TopUps", topUps},
		{"PromiseTopUp", promiseTopUp},
	}
}

// campaignTests are of the rows of campaigns and draws, and of what these ask of rides.
func campaignTests() []test {
	return []test{
		{"Campaigns", campaigns},
		{"Counts", counts},
		{"Segments", segments},
		{"RidersPast", ridersPast},
		{"CompletedRides", completedRides},
		{"Draws", draws},
		{"DrawDays", drawDays},
		{"Lots", lots},
		{"PaidRides", paidRides},
	}
}

// promiseTests are of what holds under load, with the mutants that they catch.
func promiseTests() []test {
	return []test{
		{"PromiseClaim", promiseClaim},
		{"PromiseNext", promiseNext},
		{"PromiseGrab", promiseGrab},
		{"PromiseHandOver", promiseHandOver},
		{"PromiseExpiry", promiseExpiry},
		{"PromiseCap", promiseCap},
		{"PromiseLimit", promiseLimit},
		{"PromiseDraw", promiseDraw},
		{"PromiseBalance", promiseBalance},
		{"PromiseLedger", promiseLedger},
		{"PromiseSeal", promiseSeal},
		{"PromiseAnswer", promiseAnswer},
		{"PromiseCapture", promiseCapture},
		{"PromiseOrder", promiseOrder},
		{"PromiseStreet", promiseStreet},
		{"PromiseCorrect", promiseCorrect},
		{"PromiseShare", promiseShare},
		{"PromiseRefund", promiseRefund},
		{"PromiseReceipt", promiseReceipt},
		{"PromisePayout", promisePayout},
		{"PromiseBill", promiseBill},
		{"PromiseSponsor", promiseSponsor},
		{"PromiseHold", promiseHold},
		{"PromisePhone", promisePhone},
		{"PromiseRepair", promiseRepair},
		{"PromiseOwner", promiseOwner},
		{"OutcomesTogether", outcomesTogether},
		{"ExpiryTogether", expiryTogether},
		{"DutyTogether", dutyTogether},
	}
}

const city = dispatch.CityID("beijing")

// noon is when most tests happen.
var noon = time.Date(2013, 12, 9, 4, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// do runs fn in a transaction that has to succeed.
func do(t testing.TB, db Database, fn func(dispatch.Tx) error) {
	t.Helper()
	if err := db.Tx(t.Context(), fn); err != nil {
		t.Fatalf("transaction: %v", err)
	}
}

// refused runs fn in a transaction that has to fail with this kind and reason.
func refused(
	t testing.TB, db Database, kind dispatch.Kind, reason dispatch.Reason,
	fn func(dispatch.Tx) error,
) {
	t.Helper()
	wantError(t, db.Tx(t.Context(), fn), kind, reason)
}

func wantError(t testing.TB, err error, kind dispatch.Kind, reason dispatch.Reason) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s %s", kind, reason)
		return
	}
	if k, r := dispatch.Classify(err); k != kind || r != reason {
		t.Errorf("error %s %s (%v), want %s %s", k, r, err, kind, reason)
	}
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// random is a generator whose seed is printed.
func random(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// fill sets every field of a value to something of its own, so that a column that is forgotten or
// mixed up with another shows. n is the last number used.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * 1001 * time.Millisecond)))
		return
	case time.Duration:
		v.SetInt(int64(*n) * int64(time.Millisecond))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.String:
		v.SetString(v.Type().Name() + " " + string(rune('丐'+*n)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64, reflect.Float32:
		v.SetFloat(float64(*n) + 0.123456789)
	case reflect.Uint8:
		v.SetUint(2)
	default:
		v.SetInt(int64(*n))
		if v.Kind() == reflect.Int && v.Type() != reflect.TypeFor[int]() {
			v.SetInt(2) // one of the names that every enum has
		}
	}
}

// filled is a value with every field set.
func filled[T any](seed int) T {
	var v T
	n := seed
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

// searching is a ride that looks for a taxi.
func searching(id dispatch.RideID) dispatch.Ride {
	return dispatch.Ride{
		ID: id, City: city, Kind: dispatch.Hailed, State: dispatch.Searching, Version: 1, Search: 1,
		Rider: dispatch.RiderID("of " + id), Seats: 1, PayBy: money.Cash,
		RequestedAt: noon, SearchBy: after(300), ChangedAt: noon,
	}
}

// assigned is the ride with a driver who is on the way.
func assigned(r dispatch.Ride, driver dispatch.DriverID) dispatch.Ride {
	r.State, r.Driver, r.Taxi = dispatch.Assigned, driver, dispatch.TaxiID("taxi of "+driver)
	r.Slot, r.ClaimedAt = dispatch.SlotCurrent, noon
	return r
}

// next is a later version of a ride.
func next(r dispatch.Ride, state dispatch.State, at time.Time) dispatch.Ride {
	r.State, r.ChangedAt = state, at
	r.Version++
	return r
}

// offered is an open offer of 15 s.
func offered(
	id dispatch.OfferID, ride dispatch.RideID, driver dispatch.DriverID,
) dispatch.Offer {
	return dispatch.Offer{
		ID: id, City: city, Ride: ride, Search: 1, Driver: driver,
		Taxi: dispatch.TaxiID("taxi of " + driver), State: dispatch.OfferOpen, Round: 1,
		PickupM: 700, PickupS: 120, Tip: 5_00, PickupSource: geo.SourceRoad,
		MadeAt: noon, ExpiresAt: after(15), ChangedAt: noon,
	}
}

func insertRides(t testing.TB, db Database, rides ...dispatch.Ride) {
	t.Helper()
	for _, r := range rides {
		do(t, db, func(tx dispatch.Tx) error { return tx.InsertRide(r) })
	}
}

// makeOffer inserts an offer and says whether it was made.
func makeOffer(t testing.TB, db Database, o dispatch.Offer) (made bool) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) (err error) {
		made, err = tx.InsertOffer(o)
		return err
	})
	return made
}

func rideIDs(rides []dispatch.Ride) (ids []dispatch.RideID) {
	for _, r := range rides {
		ids = append(ids, r.ID)
	}
	return ids
}

func offerIDs(offers []dispatch.Offer) (ids []dispatch.OfferID) {
	for _, o := range offers {
		ids = append(ids, o.ID)
	}
	return ids
}

var errUndo = errors.New("undo")
