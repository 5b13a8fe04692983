package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
)

// shanghai is the zone of the tests' city, whose midnight is 16:00 UTC.
var shanghai = time.FixedZone("CST", 8*3600)

// The limits under test.
const (
	limited     = money.CampaignID("limited") // by rider and driver
	bounded     = money.CampaignID("bounded") // by city, in a group of its own
	ridersADay  = 3
	driversADay = 5
	cityADay    = 40
	manyRiders  = 16
	manyDrivers = 8
)

// limitedCampaigns are one as of January 2014 (10 + 10 yuan, 3 a day for a rider, 5 for a driver),
// and one that gives to so many rides of a city.
func limitedCampaigns() []money.Campaign {
	of := func(id money.CampaignID, group string, l money.Limits) money.Campaign {
		c := campaign(id, 1)
		c.StartsAt, c.EndsAt = noon.AddDate(0, 0, -3), noon.AddDate(0, 0, 3)
		c.Cap, c.Group, c.Limits = money.Yuan(10_000), group, l
		return c
	}
	return []money.Campaign{
		of(bounded, "more", money.Limits{City: cityADay}),
		of(limited, "", money.Limits{Rider: ridersADay, Driver: driversADay}),
	}
}

// moments are around the midnights of Shanghai and of Greenwich, which is 08:00 there.
func moments() []time.Time {
	at := func(day, hour, minute, second, ms int) time.Time {
		return time.Date(2013, 12, day, hour, minute, second, ms*1e6, shanghai)
	}
	return []time.Time{
		at(9, 7, 59, 59, 999), at(9, 8, 0, 0, 0), at(9, 23, 59, 59, 999), at(10, 0, 0, 0, 0),
	}
}

// limitedFacts are of one of so many rides that each rider and each driver completes far more on
// each day than they are given for.
func limitedFacts(i int) money.SubsidyFacts {
	at := moments()
	return money.SubsidyFacts{
		City: string(city), Subject: money.Subject(fmt.Sprint("ride", i)),
		Rider:  money.Party(fmt.Sprint("R", i%manyRiders)),
		Driver: money.Party(fmt.Sprint("D", i%(manyDrivers+1)%manyDrivers)),
		Kind:   money.KindHailed, Channel: money.InWallet,
		CompletedAt: at[i/manyRiders%len(at)], Zone: shanghai, Fare: money.Yuan(28),
	}
}

// promiseLimit: a campaign gives as often as its limits of the day say, never once more, to each
// rider and each driver and in the city, whose day begins at its own midnight. What is given back
// can be given again.
func promiseLimit(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		var paused atomic.Int32
		db := open(t, store.WithPause(func(point string) {
			if point == store.PauseCount {
				paused.Add(1)
				runtime.Gosched()
			}
		}))
		launchLimited(t, db)
		given := givenTo{n: map[string]int{}}
		check(t, given.spend(t, 0, 1500, subsidise(db, shanghai)))
		equal(t, "pauses", paused.Load() >= 1500, true)
		given.back(t, db, 20)
		check(t, given.spend(t, 10_000, 1500, subsidise(db, shanghai)))
	})
	t.Run("MutantUTCDay", func(t *testing.T) {
		db := open(t)
		launchLimited(t, db)
		given := givenTo{n: map[string]int{}}
		caught(t, given.spend(t, 0, 900, subsidise(db, time.UTC)))
	})
	t.Run("MutantReadThenWrite", func(t *testing.T) {
		db := open(t)
		launchLimited(t, db)
		given := givenTo{n: map[string]int{}}
		caught(t, given.spend(t, 0, 900, readThenGive(db)))
	})
}

func launchLimited(t *testing.T, db Database) {
	t.Helper()
	for _, c := range limitedCampaigns() {
		check(t, money.Cashier{Store: db}.Launch(t.Context(), c, noon))
	}
}

type giveFunc func(context.Context, money.SubsidyFacts, []money.Campaign) (money.Subsidy, error)

func subsidise(db Database, zone *time.Location) giveFunc {
	return func(
		ctx context.Context, f money.SubsidyFacts, cs []money.Campaign,
	) (s money.Subsidy, err error) {
		f.Zone = zone
		err = db.MoneyTx(ctx, func(tx money.Tx) (err error) {
			s, err = money.Subsidise(tx, cs, f, money.Subsidy{}, noon)
			return err
		})
		return s, err
	}
}

// readThenGive looks at the rider's count, and then gives without a limit.
func readThenGive(db Database) giveFunc {
	return func(
		ctx context.Context, f money.SubsidyFacts, cs []money.Campaign,
	) (s money.Subsidy, err error) {
		key := money.CountKey{
			Campaign: limited, Day: money.BusinessDay(f.CompletedAt, shanghai),
			Side: money.SideRider, Key: string(f.Rider),
		}
		var had int
		err = db.MoneyTx(ctx, func(tx money.Tx) (err error) {
			had, err = tx.CountOf(key)
			return err
		})
		if err != nil || had >= ridersADay {
			return s, err
		}
		time.Sleep(100 * time.Microsecond)
		cs[1].Limits.Rider = money.MaxDailyLimit
		return subsidise(db, shanghai)(ctx, f, cs)
	}
}

// givenTo counts what is given by day, campaign, side and party.
type givenTo struct {
	mu     sync.Mutex
	n      map[string]int
	grants []money.Grant
	rides  []money.SubsidyFacts // of the grants
}

func (g *givenTo) add(f money.SubsidyFacts, grant money.Grant, n int) {
	day := money.BusinessDay(f.CompletedAt, shanghai)
	if grant.Campaign == bounded {
		g.n[day+" city"] += n
		return
	}
	if grant.Rider > 0 {
		g.n[day+" rider "+string(f.Rider)] += n
	}
	if grant.Driver > 0 {
		g.n[day+" driver "+string(f.Driver)] += n
	}
}

// spend has 64 workers complete rides, and says how the promise was broken, if it was.
func (g *givenTo) spend(t *testing.T, from, tries int, give giveFunc) error {
	t.Helper()
	each(64, tries, func(i int) {
		f := limitedFacts(from + i)
		s, err := give(t.Context(), f, limitedCampaigns())
		if err != nil {
			t.Errorf("ride %d: %v", i, err)
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, grant := range s.Grants {
			g.add(f, grant, 1)
			g.grants, g.rides = append(g.grants, grant), append(g.rides, f)
		}
	})
	limits := map[string]int{}
	for _, day := range []string{"2013-12-09", "2013-12-10"} {
		limits[day+" city"] = cityADay
		for i := range manyRiders {
			limits[fmt.Sprintf("%s rider R%d", day, i)] = ridersADay
		}
		for i := range manyDrivers {
			limits[fmt.Sprintf("%s driver D%d", day, i)] = driversADay
		}
	}
	for key, limit := range limits {
		if n := g.n[key]; n != limit {
			return fmt.Errorf("%s was given for %d rides, not for %d", key, n, limit)
		}
	}
	if len(g.n) != len(limits) {
		return fmt.Errorf("given to %d, not to %d", len(g.n), len(limits))
	}
	return nil
}

// back returns the counts of the first grants.
func (g *givenTo) back(t *testing.T, db Database, n int) {
	t.Helper()
	for i, grant := range g.grants[:n] {
		check(t, db.MoneyTx(t.Context(), func(tx money.Tx) error {
			return money.GiveBackCounts(tx, []money.Grant{grant})
		}))
		g.add(g.rides[i], grant, -1)
	}
}

// counts: one is taken below the limit alone, and goes back once.
func counts(t *testing.T, open Open) {
	db := open(t)
	key := filled[money.CountKey](0)
	take := func(k money.CountKey, limit, want int) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			n, err := tx.TakeCount(k, limit)
			equal(t, "taken", n, want)
			return err
		})
	}
	take(key, 2, 1)
	take(key, 2, 2)
	take(key, 2, 0)
	take(key, 3, 3)
	for _, other := range []func(*money.CountKey){
		func(k *money.CountKey) { k.Campaign = "x" }, func(k *money.CountKey) { k.Day = "x" },
		func(k *money.CountKey) { k.Side = "x" }, func(k *money.CountKey) { k.Key = "x" },
	} {
		k := key
		other(&k)
		take(k, 1, 1)
		do(t, db, func(tx dispatch.Tx) error { return tx.GiveBackCount(k) })
		refused(t, db, dispatch.Internal, dispatch.ReasonStore,
			func(tx dispatch.Tx) error { return tx.GiveBackCount(k) })
	}
	do(t, db, func(tx dispatch.Tx) error {
		n, err := tx.CountOf(key)
		equal(t, "count", n, 3)
		return err
	})
	refused(t, db, dispatch.Internal, dispatch.ReasonLedger, func(tx dispatch.Tx) error {
		return tx.GiveBackCount(money.CountKey{Campaign: "nobody's"})
	})
}

// ridersPast: what a rider had done before a ride counts, by the time of its completion.
func ridersPast(t *testing.T, open Open) {
	db := open(t)
	ridden := func(id dispatch.RideID, seconds float64, state dispatch.State,
		by money.ChannelName,
	) dispatch.Ride {
		r := searching(id)
		r.Rider, r.State, r.CompletedAt, r.PayBy = "R", state, after(seconds), by
		return r
	}
	other := ridden("other's", 1, dispatch.Settled, money.InWallet)
	other.Rider = "Q"
	insertRides(t, db, other,
		ridden("cash", 10, dispatch.Settled, money.Cash),
		ridden("owed", 20, dispatch.Completed, money.InWallet),
		ridden("paid", 30, dispatch.Settled, money.InWallet))
	for _, test := range []struct {
		ride   dispatch.RideID
		before float64
		want   dispatch.Past
	}{
		{"cash", 10, dispatch.Past{}},
		{"owed", 9, dispatch.Past{}},
		{"owed", 20, dispatch.Past{Rode: true}},
		{"paid", 30, dispatch.Past{Rode: true}},
		{"new", 40, dispatch.Past{Rode: true, PaidByApp: true}},
	} {
		do(t, db, func(tx dispatch.Tx) error {
			got, err := tx.PastOf("R", test.ride, after(test.before))
			equal(t, string(test.ride), got, test.want)
			return err
		})
	}
}

// completedRides: the rides of a span, in the order of their completion.
func completedRides(t *testing.T, open Open) {
	db := open(t)
	ids := dispatch.IDs{Entropy: rand.Reader}
	var want []dispatch.RideID
	for i := range 20 {
		r := filled[dispatch.Ride](0)
		r.ID = dispatch.RideID(ids.New(after(float64(100 - i))))
		r.City, r.State, r.Slot = city, dispatch.Settled, ""
		r.CompletedAt = after(float64(1000 - 10*i))
		if i == 3 {
			r.City = "chengdu"
		}
		if i == 4 {
			r.Rider = ""
		}
		insertRides(t, db, r)
		if i >= 1 && i <= 10 && r.City == city && r.Rider != "" { // [900, 1000)
			want = append([]dispatch.RideID{r.ID}, want...)
		}
	}
	got, err := db.CompletedRides(t.Context(), city, after(900), after(1000), 100)
	check(t, err)
	equal(t, "in order", rideIDs(got), want)
	full := filled[dispatch.Ride](0)
	equal(t, "fare", got[0].Fare.Total(), full.Fare.Total())
	equal(t, "driven", got[0].Fare.DrivenM, full.Fare.DrivenM)
	got, err = db.CompletedRides(t.Context(), city, after(900), after(1000), 3)
	check(t, err)
	equal(t, "at most", rideIDs(got), want[:3])
}

// segments: a rider is in one once, and out when taken out.
func segments(t *testing.T, open Open) {
	db := open(t)
	do(t, db, func(tx dispatch.Tx) error {
		for _, name := range []string{"students", "nurses", "students"} {
			check(t, tx.AddToSegment(name, "R1"))
		}
		check(t, tx.AddToSegment("elsewhere", "R2"))
		check(t, tx.DropFromSegment("students", "R2"))
		return nil
	})
	of := func(rider money.Party, want ...string) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			got, err := tx.SegmentsOf(rider)
			equal(t, "segments", got, want)
			return err
		})
	}
	of("R1", "nurses", "students")
	do(t, db, func(tx dispatch.Tx) error { return tx.DropFromSegment("nurses", "R1") })
	of("R1", "students")
	of("R2", "elsewhere")
	of("R3")
}
