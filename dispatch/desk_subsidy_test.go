package dispatch_test

import (
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// launch starts a campaign of 5 + 5 yuan paid through the wallet, changed as the test needs.
func (w *town) launch(id money.CampaignID, change func(*money.Campaign)) {
	w.t.Helper()
	c := money.Campaign{
		ID: id, Version: 1, City: string(w.city.ID), Sponsor: "sponsor", Channel: money.InWallet,
		State: money.CampaignRuns, Rider: money.Fixed(500), Driver: money.Fixed(500), Cap: 100_00,
		StartsAt: w.now.Add(-time.Hour), EndsAt: w.now.AddDate(0, 0, 7),
	}
	change(&c)
	w.ok(money.Cashier{Store: w.db}.Launch(w.ctx, c, w.now))
}

// topUp gives riders 100 yuan.
func (w *town) topUp(riders ...string) {
	w.t.Helper()
	for _, r := range riders {
		w.ok(money.Cashier{Store: w.db}.TopUp(w.ctx, money.EntryID("top/"+r), money.SandboxEquity,
			money.Party("R"+r), 100_00, w.now))
	}
}

// TestLimitOfTheDay: a rider's second ride of the day has nothing off, while its driver is given
// for it; a subsidy that goes back can be had again on the same day.
func TestLimitOfTheDay(t *testing.T) {
	w := newTown(t)
	w.topUp("1")
	w.launch("caps", func(c *money.Campaign) { c.Limits = money.Limits{Rider: 1, Driver: 5} })
	driver := w.taxi("A", w.at(0, 0), 4)
	first := w.ridden("1", driver, metered)
	w.ok(w.pay("1", first, money.InWallet))
	second := w.ridden("1", driver, metered)
	s := w.ride(second).Subsidy
	if s.Rider != 0 || s.Driver != 500 || !s.Granted() ||
		!slices.Equal(s.Refused, []money.Refusal{{Campaign: "caps", Reason: money.SubsidyRider}}) {
		t.Errorf("second ride: %+v", s)
	}
	w.ok(w.pay("1", second, money.InWallet)) // 12 and 17 yuan
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 71_00, "driver_payable:DA": 44_00, "promo_budget:caps": 85_00,
	})
	w.pass(24 * time.Hour)
	third := w.ridden("1", driver, metered)
	if s := w.ride(third).Subsidy; s.Rider != 500 {
		t.Errorf("the next day: %+v", s)
	}
	w.ok(w.pay("1", third, money.Cash)) // gives it back
	w.ok(w.cash(driver, third))
	fourth := w.ridden("1", driver, metered)
	if s := w.ride(fourth).Subsidy; s.Rider != 500 || len(s.Refused) != 0 {
		t.Errorf("after one was given back: %+v", s)
	}
	w.pass(dispatch.SubsidyHeld + time.Second)
	_, err := w.desk.Work(w.ctx, w.now)
	w.ok(err)
	day := money.BusinessDay(w.ride(fourth).CompletedAt, w.city.Zone)
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) error {
		for side, key := range map[money.Side]string{
			money.SideRider: "R1", money.SideDriver: "DA",
		} {
			n, err := tx.CountOf(money.CountKey{Campaign: "caps", Day: day, Side: side, Key: key})
			w.ok(err)
			if n != 0 {
				t.Errorf("%s: %d are counted after the last went back", side, n)
			}
		}
		return nil
	}))
}

// TestChannelChangesTheSubsidy: of two campaigns, one that takes the new channel too stays, one
// that does not goes back, and one for the new channel comes. What went back does not come again.
func TestChannelChangesTheSubsidy(t *testing.T) {
	w := newTown(t)
	w.topUp("1")
	w.desk.Channels[money.Alipay] = newChannel()
	w.launch("both", func(c *money.Campaign) {
		c.When.Channels = []money.ChannelName{money.Alipay}
	})
	w.launch("wallet", func(c *money.Campaign) { c.Group, c.Rider = "more", money.Fixed(200) })
	w.launch("alipay", func(c *money.Campaign) {
		c.Channel, c.Group, c.Rider = money.Alipay, "more", money.Fixed(300)
	})
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	has := func(rider money.Fen, campaigns ...money.CampaignID) {
		t.Helper()
		var got []money.CampaignID
		s := w.ride(ride).Subsidy
		for _, g := range s.Grants {
			got = append(got, g.Campaign)
		}
		if s.Rider != rider || !slices.Equal(got, campaigns) {
			t.Errorf("%+v; want %s off by %v", s, rider, campaigns)
		}
		if due := w.owed(ride)[money.PurposeFare].Payment; due.Discount != rider {
			t.Errorf("discount %s, want %s", due.Discount, rider)
		}
	}
	has(700, "both", "wallet")
	w.ok(w.payExternal(ride, byQR))
	has(800, "both", "alipay")
	w.ok(w.pay("1", ride, money.InWallet))
	has(500, "both")
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 88_00, "driver_payable:DA": 22_00, "promo_budget:both": 90_00,
		"promo_budget:wallet": 100_00, "promo_budget:alipay": 100_00,
	})
}

// TestFirstRideAlone: the second ride of a rider is none of a campaign for first rides.
func TestFirstRideAlone(t *testing.T) {
	w := newTown(t)
	w.topUp("1")
	w.launch("first", func(c *money.Campaign) {
		c.When = money.When{FirstRide: true, MinDistanceM: 3000, Kinds: []string{"hailed"}}
	})
	driver := w.taxi("A", w.at(0, 0), 4)
	first := w.ridden("1", driver, metered)
	if r := w.ride(first); !r.Subsidy.Granted() || r.DrivenM() < 3290 || r.DrivenM() > 3310 {
		t.Errorf("%+v after %d m", r.Subsidy, r.DrivenM())
	}
	w.ok(w.pay("1", first, money.InWallet))
	if s := w.ride(w.ridden("1", driver, metered)).Subsidy; s.Reason != money.SubsidyNotFirst {
		t.Errorf("%+v", s)
	}
}

// TestPausedAndEnded: neither gives; what was reserved is paid out, whatever comes after.
func TestPausedAndEnded(t *testing.T) {
	w := newTown(t)
	w.topUp("1", "2")
	w.launch("c", func(*money.Campaign) {})
	cashier := money.Cashier{Store: w.db}
	driver := w.taxi("A", w.at(0, 0), 4)
	reserved := w.ridden("1", driver, metered)
	_, err := cashier.Pause(w.ctx, string(w.city.ID), "c", true)
	w.ok(err)
	paused := w.ridden("2", driver, metered)
	if s := w.ride(paused).Subsidy; s.Reason != money.SubsidyPaused {
		t.Errorf("%+v", s)
	}
	c, err := cashier.Newest(w.ctx, string(w.city.ID), "c")
	w.ok(err)
	left, err := cashier.End(w.ctx, c, "end", w.now)
	w.ok(err)
	if left != 90_00 {
		t.Errorf("returned %s, want all that is not reserved", left)
	}
	w.ok(w.pay("1", reserved, money.InWallet))
	w.ok(w.pay("2", paused, money.InWallet))
	if s := w.ride(w.ridden("2", driver, metered)).Subsidy; s.Reason != money.SubsidyEnded {
		t.Errorf("%+v", s)
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 88_00, "wallet:R2": 83_00, "driver_payable:DA": 39_00, "promo_budget:c": 0,
		"sponsor_receivable:sponsor": -10_00,
	})
}

// TestCampaignsForARider tells what is left of the day.
func TestCampaignsForARider(t *testing.T) {
	w := newTown(t)
	w.topUp("1")
	w.launch("a", func(c *money.Campaign) { c.Limits = money.Limits{Rider: 3, City: 2} })
	w.launch("b", func(c *money.Campaign) { c.Group, c.When.FirstAppPayment = "b", true })
	w.launch("c", func(c *money.Campaign) { c.Group = "c" })
	w.launch("later", func(c *money.Campaign) {
		c.Group, c.StartsAt = "d", w.now.Add(48*time.Hour)
	})
	left := func(want ...int) {
		t.Helper()
		offers, err := w.desk.CampaignsFor(w.ctx, w.now, "R1", w.city.ID)
		w.ok(err)
		var got []int
		for _, o := range offers {
			got = append(got, o.Left)
		}
		if !slices.Equal(got, want) {
			t.Errorf("left %v, want %v", got, want)
		}
	}
	left(2, 1, -1)
	driver := w.taxi("A", w.at(0, 0), 4)
	w.ok(w.pay("1", w.ridden("1", driver, metered), money.InWallet))
	left(1, 0, -1)
	w.ok(w.pay("1", w.ridden("1", driver, metered), money.InWallet))
	left(0, 0, -1)
	_, err := w.desk.CampaignsFor(w.ctx, w.now, "R1", "atlantis")
	if dispatch.ReasonOf(err) != dispatch.ReasonUnknownCity {
		t.Errorf("of a city that is none: %v", err)
	}
}

// TestSegmentPhoneAndExpression: a completed ride is asked for whose it is, from which phone it
// came, and what the campaign's expression says.
func TestSegmentPhoneAndExpression(t *testing.T) {
	w := newTown(t)
	w.topUp("1", "2")
	w.desk.Holds = func(expr string, f money.SubsidyFacts) bool {
		return expr == "students only" && len(f.Segments) == 1 && f.Segments[0] == "students"
	}
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.AddToSegment("students", "R1")
	}))
	w.launch("segment", func(c *money.Campaign) {
		c.Group, c.When.Segments = "a", []string{"students"}
	})
	w.launch("expression", func(c *money.Campaign) { c.Group, c.When.Expr = "b", "students only" })
	w.launch("phone", func(c *money.Campaign) { c.Group, c.Limits.Device = "c", 1 })
	driver := w.taxi("A", w.at(0, 0), 4)
	w.device = "one phone"
	first := w.ride(w.ridden("1", driver, metered))
	if len(first.Subsidy.Grants) != 3 || first.Device != "one phone" {
		t.Errorf("%+v by %q", first.Subsidy, first.Device)
	}
	second := w.ride(w.ridden("2", driver, metered)).Subsidy
	if len(second.Grants) != 0 || !slices.Equal(second.Refused, []money.Refusal{
		{Campaign: "expression", Reason: money.SubsidyRule},
		{Campaign: "phone", Reason: money.SubsidyDevice},
		{Campaign: "segment", Reason: money.SubsidySegment},
	}) {
		t.Errorf("%+v", second)
	}
	for rider, want := range map[dispatch.RiderID]int{"R1": 3, "R2": 2} {
		offers, err := w.desk.CampaignsFor(w.ctx, w.now, rider, w.city.ID)
		w.ok(err)
		if len(offers) != want {
			t.Errorf("%s is offered %+v", rider, offers)
		}
	}
}
