package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"hexhail/dispatch"
)

// pair is a regular that both sides have agreed to.
func pair(rider dispatch.RiderID, driver dispatch.DriverID) dispatch.Regular {
	return keeps(dispatch.RegularID(rider)+"+"+dispatch.RegularID(driver), rider, driver)
}

func greetingBy(
	id dispatch.GreetingID, driver dispatch.DriverID, f dispatch.FestivalID,
) dispatch.Greeting {
	return dispatch.Greeting{
		ID: id, Driver: driver, City: city, Festival: f, Text: "新年快乐", SentAt: noon, Riders: 1,
	}
}

// sendGreeting delivers and writes one, as Desk does, and says to how many it went.
func sendGreeting(t *testing.T, db Database, g dispatch.Greeting) (n int) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) (err error) {
		if n, err = tx.DeliverGreeting(g); err != nil {
			return err
		}
		return tx.InsertGreeting(g)
	})
	return n
}

func greetings(t *testing.T, open Open) {
	t.Run("Promise", func(t *testing.T) { promiseGreeting(t, open) })
	db := open(t)
	proposed, ended := pair("R3", "D1"), pair("R4", "D1")
	proposed.State, ended.State = dispatch.RegularProposed, dispatch.RegularEnded
	ended.EndedBy, ended.EndedAt = dispatch.SideRider, noon
	putRegulars(t, db, pair("R1", "D1"), pair("R2", "D1"), proposed, ended, pair("R1", "D2"),
		pair("R5", "D1"))
	wants := func(rider dispatch.RiderID, want bool) {
		t.Helper()
		got, err := db.WantsGreetings(t.Context(), rider)
		check(t, err)
		equal(t, "wants greetings", got, want)
	}
	for _, want := range []bool{true, false, false} {
		do(t, db, func(tx dispatch.Tx) error { return tx.SetGreetings("R5", want) })
		wants("R5", want)
	}
	wants("R1", true)
	driver := filled[dispatch.Driver](0)
	driver.ID = "D1"
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertDriver(driver) })

	first, later := greetingBy("1", "D1", "spring-2014"), greetingBy("2", "D1", "new_year-2014")
	other := greetingBy("3", "D2", "spring-2014")
	equal(t, "went to", sendGreeting(t, db, first), 2)
	equal(t, "went to", sendGreeting(t, db, later), 2)
	equal(t, "of another", sendGreeting(t, db, other), 1)
	hears := func(rider dispatch.RiderID, want ...dispatch.GreetingID) {
		t.Helper()
		var got []dispatch.GreetingID
		for p := (dispatch.Page{Limit: 1}); ; {
			list, err := db.RiderGreetings(t.Context(), rider, p)
			check(t, err)
			if len(list) == 0 {
				break
			}
			got = append(got, list[0].ID)
			p.After = string(list[0].ID)
		}
		equal(t, "heard by "+string(rider), got, want)
	}
	hears("R1", "3", "2", "1")
	hears("R2", "2", "1")
	for _, rider := range []dispatch.RiderID{"R3", "R4", "R5", "", "nobody"} {
		hears(rider)
	}
	list, err := db.RiderGreetings(t.Context(), "R2", dispatch.Page{Limit: 9})
	check(t, err)
	equal(t, "card", list[1], dispatch.GreetingCard{
		Greeting: first, Regular: pair("R2", "D1").ID, Name: driver.Name,
		PhotoURI: driver.PhotoURI,
	})
	sent, err := db.DriverGreetings(t.Context(), "D1", dispatch.Page{Limit: 9})
	check(t, err)
	equal(t, "sent", sent, []dispatch.Greeting{later, first})
	greetingsGo(t, db, hears)
}

// greetingsGo: nobody is greeted by whom they keep no more, and what is old is dropped.
func greetingsGo(
	t *testing.T, db Database, hears func(dispatch.RiderID, ...dispatch.GreetingID),
) {
	t.Helper()
	over := pair("R1", "D1")
	over.State, over.EndedBy, over.EndedAt = dispatch.RegularEnded, dispatch.SideDriver, noon
	putRegulars(t, db, over)
	hears("R1", "3")
	forget := func(at float64, limit, want int) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			n, err := tx.ForgetGreetings(after(at), limit)
			equal(t, "forgotten", n, want)
			return err
		})
	}
	forget(0, 9, 0)
	forget(1, 2, 2)
	hears("R2")
	hears("R1", "3")
	forget(1, 2, 1)
	hears("R1")
}

// promiseGreeting: of many greetings that a driver sends at once for a festival one arrives.
func promiseGreeting(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) { check(t, greetAll(t, open(t))) })
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		check(t, db.SQL(t.Context(), `DROP INDEX greeting_once`))
		caught(t, greetAll(t, db))
	})
}

// greetAll has a few drivers send many greetings at once, without looking what they have sent.
func greetAll(t *testing.T, db Database) error {
	t.Helper()
	const drivers, times = 4, 12
	for d := range drivers {
		putRegulars(t, db, pair("R1", keptDriver(d)), pair("R2", keptDriver(d)))
	}
	send := func(ctx context.Context, i int) error {
		g := greetingBy(dispatch.GreetingID(fmt.Sprintf("%03d", i)), keptDriver(i%drivers),
			"spring-2014")
		return db.Tx(ctx, func(tx dispatch.Tx) error {
			if _, err := tx.DeliverGreeting(g); err != nil {
				return err
			}
			return tx.InsertGreeting(g)
		})
	}
	var mu sync.Mutex
	refusals := 0
	each(claimWorkers, drivers*times, func(i int) {
		if err := send(t.Context(), i); err != nil {
			mu.Lock()
			defer mu.Unlock()
			refusals++
			if dispatch.ReasonOf(err) != dispatch.ReasonGreeted {
				t.Error(err)
			}
		}
	})
	for _, rider := range []dispatch.RiderID{"R1", "R2"} {
		list, err := db.RiderGreetings(t.Context(), rider, dispatch.Page{Limit: 200})
		check(t, err)
		if len(list) != drivers {
			return fmt.Errorf("rider %s has %d greetings by %d drivers", rider, len(list), drivers)
		}
	}
	if refusals != drivers*(times-1) {
		t.Errorf("%d refusals", refusals)
	}
	return nil
}
