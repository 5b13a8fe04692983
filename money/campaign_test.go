package money_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/money"
)

// shanghai is Beijing's zone.
var shanghai = time.FixedZone("CST", 8*3600)

// rideFacts are of a ride of 28 yuan and 9 km on a Friday at noon, paid through WeChat.
func rideFacts(change func(*money.SubsidyFacts)) money.SubsidyFacts {
	f := money.SubsidyFacts{
		City: "beijing", Subject: "ride", Rider: "rider", Driver: "driver",
		Kind: money.KindHailed, Channel: "wechat", CompletedAt: noon.Add(time.Hour),
		Zone: shanghai, Fare: 28_00, DistanceM: 9000,
	}
	change(&f)
	return f
}

func anyRide(*money.SubsidyFacts) {}

// give is what campaigns, launched one after another, give for rides.
func give(t *testing.T, cs []money.Campaign, rides ...money.SubsidyFacts) []money.Subsidy {
	t.Helper()
	c := cashier(t)
	var list []money.Subsidy
	err := c.Store.MoneyTx(t.Context(), func(tx money.Tx) error {
		for _, campaign := range cs {
			if err := campaign.Check(); err != nil {
				return err
			}
			if err := tx.Book(campaign.Funding(noon)); err != nil {
				return err
			}
		}
		for _, f := range rides {
			s, err := money.Subsidise(tx, cs, f, money.Subsidy{}, noon)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestGiftsOfARide(t *testing.T) {
	for name, test := range map[string]struct {
		gift money.Gift
		fare money.Fen
		want money.Fen
	}{
		"fixed":          {money.Fixed(10_00), 28_00, 10_00},
		"above the fare": {money.Fixed(40_00), 28_00, 28_00},
		"percent": {
			money.Gift{Percent: money.PercentGift{Percent: 33, Cap: 20_00}},
			28_01, 9_24,
		},
		"percent, capped": {
			money.Gift{Percent: money.PercentGift{Percent: 50, Cap: 10_00}},
			28_00, 10_00,
		},
		"one amount": {
			money.Gift{Random: money.RandomGift{From: 700, To: 700}},
			28_00, 7_00,
		},
		"pays 1 fen": {
			money.Gift{Price: money.PriceGift{Price: 1, Cap: 50_00}},
			28_00, 27_99,
		},
		"price, capped": {
			money.Gift{Price: money.PriceGift{Price: 1, Cap: 20_00}},
			28_00, 20_00,
		},
		"below the price": {
			money.Gift{Price: money.PriceGift{Price: 30_00, Cap: 9_00}},
			28_00, 0,
		},
		"percent of little": {money.Gift{Percent: money.PercentGift{Percent: 1, Cap: 1}}, 99, 0},
	} {
		c := spring(func(c *money.Campaign) { c.Rider, c.Driver = test.gift, money.Fixed(1) })
		got := give(t, []money.Campaign{c}, rideFacts(func(f *money.SubsidyFacts) {
			f.Fare = test.fare
		}))[0]
		if got.Rider != test.want || got.Driver != 1 || !got.Granted() {
			t.Errorf("%s: %+v, want %d fen for the rider", name, got, test.want)
		}
	}
}

// TestDrawIsForEverybody: the number of a random gift is what docs/campaigns.md says. The wanted
// values were made with sha256sum and bc.
func TestDrawIsForEverybody(t *testing.T) {
	const drawn = "7de19fe81e824aaa"
	// printf 'didi-2014-05\nR1\nrider\n' | sha256sum | head -c 16
	got := fmt.Sprintf("%016x", money.GiftNumber("didi-2014-05", "R1", money.SideRider))
	if got != drawn {
		t.Errorf("drew %s, want %s", got, drawn)
	}
	c := spring(func(c *money.Campaign) {
		c.ID = "didi-2014-05"
		c.Rider = money.Gift{Random: money.RandomGift{From: 12_00, To: 20_00, Step: 1_00}}
	})
	seen := map[money.Fen]int{}
	var rides []money.SubsidyFacts
	for i := range 50 {
		rides = append(rides, rideFacts(func(f *money.SubsidyFacts) {
			f.Subject = money.Subject(fmt.Sprint("R", i))
		}))
	}
	c.Cap = money.Yuan(10_000)
	for _, s := range give(t, []money.Campaign{c}, rides...) {
		if s.Rider < 12_00 || s.Rider > 20_00 || s.Rider%100 != 0 {
			t.Errorf("gave %s", s.Rider)
		}
		seen[s.Rider]++
	}
	if len(seen) < 7 { // of 9; what is drawn is always the same
		t.Errorf("drew %v", seen)
	}
}

func TestTiersGoByTheCountOfTheDay(t *testing.T) {
	c := spring(func(c *money.Campaign) {
		c.Driver = money.Gift{}
		c.Rider.Fixed = 0
		c.Rider.Tiers = []money.TierGift{{From: 1, Amount: 10_00}, {From: 3, Amount: 4_00}}
		c.Limits.Rider = 4
	})
	var rides []money.SubsidyFacts
	for i := range 6 {
		rides = append(rides, rideFacts(func(f *money.SubsidyFacts) {
			f.Subject = money.Subject(fmt.Sprint("R", i))
			if i == 5 { // 00:00 in Beijing
				f.CompletedAt = time.Date(2014, 1, 10, 16, 0, 0, 0, time.UTC)
			}
		}))
	}
	want := []money.Fen{10_00, 10_00, 4_00, 4_00, 0, 10_00}
	for i, s := range give(t, []money.Campaign{c}, rides...) {
		if s.Rider != want[i] || s.Granted() != (want[i] > 0) {
			t.Errorf("ride %d: %+v, want %s", i, s, want[i])
		}
		if i == 4 && s.Reason != money.SubsidyRider {
			t.Errorf("ride %d: %s", i, s.Reason)
		}
	}
}

// TestALimitEndsItsOwnSide: a rider who has had enough leaves the driver theirs, a pair neither.
func TestALimitEndsItsOwnSide(t *testing.T) {
	c := spring(func(c *money.Campaign) {
		c.Limits = money.Limits{Rider: 1, Driver: 3, Pair: 2}
	})
	ride := func(id, rider, driver string) money.SubsidyFacts {
		return rideFacts(func(f *money.SubsidyFacts) {
			f.Subject = money.Subject(id)
			f.Rider, f.Driver = money.Party(rider), money.Party(driver)
		})
	}
	got := give(t, []money.Campaign{c},
		ride("1", "r1", "d1"), ride("2", "r1", "d1"), ride("3", "r1", "d1"), ride("4", "r2", "d1"),
		ride("5", "r3", "d1"), ride("6", "r1", "d2"), ride("7", "r3", "d1"))
	for i, want := range []struct {
		rider, driver money.Fen
		refused       money.SubsidyReason
	}{
		{10_00, 5_00, ""},
		{0, 5_00, money.SubsidyRider},
		{0, 0, money.SubsidyPair}, // the driver's third is not used up by it
		{10_00, 5_00, ""},
		{10_00, 0, money.SubsidyDriver},
		{0, 5_00, money.SubsidyRider},
		{0, 0, money.SubsidyRider},
	} {
		var refused money.SubsidyReason
		if len(got[i].Refused) > 0 {
			refused = got[i].Refused[0].Reason
		}
		if got[i].Rider != want.rider || got[i].Driver != want.driver || refused != want.refused {
			t.Errorf("ride %d: %+v, want %+v", i+1, got[i], want)
		}
	}
}

// TestWhoseAndWhichRide: segments, expressions and phones decide, each with its own reason.
func TestWhoseAndWhichRide(t *testing.T) {
	students := func(c *money.Campaign) { c.When.Segments = []string{"students", "nurses"} }
	night := func(c *money.Campaign) { c.When.Expr = "night" }
	onePhone := func(c *money.Campaign) { c.Limits.Device = 1 }
	ride := func(n int, change func(*money.SubsidyFacts)) money.SubsidyFacts {
		return rideFacts(func(f *money.SubsidyFacts) {
			f.Subject, f.Rider = money.Subject(fmt.Sprint(n)), money.Party(fmt.Sprint("r", n))
			change(f)
		})
	}
	phone := func(f *money.SubsidyFacts) { f.Device = "phone" }
	says := func(holds bool) func(*money.SubsidyFacts) {
		return func(f *money.SubsidyFacts) {
			f.Holds = func(expr string, of money.SubsidyFacts) bool {
				return holds && expr == "night" && of.Subject == f.Subject
			}
		}
	}
	for name, test := range map[string]struct {
		campaign func(*money.Campaign)
		rides    []money.SubsidyFacts
		want     []money.SubsidyReason
	}{
		"segments": {students, []money.SubsidyFacts{
			ride(1, func(f *money.SubsidyFacts) { f.Segments = []string{"nurses", "x"} }),
			ride(2, func(f *money.SubsidyFacts) { f.Segments = []string{"x"} }),
			ride(3, anyRide),
		}, []money.SubsidyReason{
			money.SubsidyGranted, money.SubsidySegment, money.SubsidySegment,
		}},
		"expression": {
			night,
			[]money.SubsidyFacts{ride(1, says(true)), ride(2, says(false)), ride(3, anyRide)},
			[]money.SubsidyReason{money.SubsidyGranted, money.SubsidyRule, money.SubsidyRule},
		},
		"phone": {
			onePhone,
			[]money.SubsidyFacts{
				ride(1, phone), ride(2, phone), ride(3, anyRide), ride(4, anyRide),
			},
			[]money.SubsidyReason{
				money.SubsidyGranted, money.SubsidyDevice, money.SubsidyGranted,
				money.SubsidyGranted,
			},
		},
	} {
		for i, s := range give(t, []money.Campaign{spring(test.campaign)}, test.rides...) {
			if s.Reason != test.want[i] {
				t.Errorf("%s, ride %d: %+v, want %s", name, i+1, s, test.want[i])
			}
		}
	}
}

// TestOneOfEachGroup: of a group the first that applies gives, groups add up, never above the fare;
// where a budget is spent the next of its group gives, and counts have gone back.
func TestOneOfEachGroup(t *testing.T) {
	of := func(id money.CampaignID, group string, change func(*money.Campaign)) money.Campaign {
		return spring(func(c *money.Campaign) { c.ID, c.Group = id, group; change(c) })
	}
	cs := []money.Campaign{
		of("a", "", func(c *money.Campaign) {
			c.Cap = 14_99 // below one ride of 15 yuan
			c.Limits.Rider = 1
		}),
		of("b", "", func(c *money.Campaign) { c.Rider, c.Limits.Rider = money.Fixed(3_00), 1 }),
		of("c", "", asItIs),
		of("d", "extra", func(c *money.Campaign) {
			c.Rider = money.Gift{Price: money.PriceGift{Price: 1, Cap: 200_00}}
		}),
	}
	second := rideFacts(func(f *money.SubsidyFacts) { f.Subject = "2" })
	got := give(t, cs, rideFacts(anyRide), second)
	for i, s := range got {
		if len(s.Grants) != 2 || s.Rider != 27_99 ||
			s.Refused[0] != (money.Refusal{Campaign: "a", Reason: money.SubsidyBudget}) {
			t.Errorf("ride %d: %+v", i, s)
		}
	}
	byID := func(s money.Subsidy) map[money.CampaignID]money.Grant {
		m := map[money.CampaignID]money.Grant{}
		for _, g := range s.Grants {
			m[g.Campaign] = g
		}
		return m
	}
	// d was to give what a leaves; b comes in a's place, and d gives more.
	if g := byID(got[0]); g["b"].Rider != 3_00 || g["d"].Rider != 24_99 || got[0].Driver != 10_00 {
		t.Errorf("%+v", got[0])
	}
}

// TestConditions: each of them refuses a ride for its own reason, at its very edge.
func TestConditions(t *testing.T) {
	at := func(hour, minute int) func(*money.SubsidyFacts) {
		return func(f *money.SubsidyFacts) {
			f.CompletedAt = time.Date(2014, 1, 10, hour, minute, 0, 0, shanghai) // a Friday
		}
	}
	night := money.When{Hours: []money.Hours{{From: 22 * 60, To: 1440}, {From: 0, To: 300}}}
	friday := money.When{Hours: []money.Hours{{Days: []int{5}, To: 1440}}}
	saturday := money.When{Hours: []money.Hours{{Days: []int{6, 7}, To: 1440}}}
	for name, test := range map[string]struct {
		when money.When
		ride func(*money.SubsidyFacts)
		want money.SubsidyReason
	}{
		"none": {money.When{}, anyRide, money.SubsidyGranted},
		"kind": {
			money.When{Kinds: []string{"booked", "street"}},
			anyRide, money.SubsidyKind,
		},
		"its kind": {money.When{Kinds: []string{"hailed"}}, anyRide, money.SubsidyGranted},
		"channel": {
			money.When{Channels: []money.ChannelName{"wallet"}},
			byWallet, money.SubsidyGranted,
		},
		"other":        {money.When{}, byWallet, money.SubsidyChannel},
		"before night": {night, at(21, 59), money.SubsidyHours},
		"night":        {night, at(22, 0), money.SubsidyGranted},
		"after night":  {night, at(23, 59), money.SubsidyGranted},
		"weekday":      {friday, at(22, 0), money.SubsidyGranted},
		"weekend":      {saturday, at(22, 0), money.SubsidyHours},
		"min fare":     {money.When{MinFare: 28_01}, anyRide, money.SubsidyFare},
		"fare":         {money.When{MinFare: 28_00, MaxFare: 28_00}, anyRide, money.SubsidyGranted},
		"max fare":     {money.When{MaxFare: 27_99}, anyRide, money.SubsidyFare},
		"min distance": {money.When{MinDistanceM: 9001}, anyRide, money.SubsidyDistance},
		"distance": {
			money.When{MinDistanceM: 9000, MaxDistanceM: 9000},
			anyRide, money.SubsidyGranted,
		},
		"max distance": {money.When{MaxDistanceM: 8999}, anyRide, money.SubsidyDistance},
		"not first":    {money.When{FirstRide: true}, anyRide, money.SubsidyNotFirst},
		"first": {
			money.When{FirstRide: true},
			func(f *money.SubsidyFacts) { f.FirstRide = true }, money.SubsidyGranted,
		},
		"not paid": {
			money.When{FirstAppPayment: true},
			func(f *money.SubsidyFacts) { f.FirstRide = true }, money.SubsidyNotFirst,
		},
	} {
		c := spring(func(c *money.Campaign) {
			c.When, c.StartsAt = test.when, noon.AddDate(0, 0, -1)
		})
		if got := give(t, []money.Campaign{c}, rideFacts(test.ride))[0]; got.Reason != test.want {
			t.Errorf("%s: %s, want %s", name, got.Reason, test.want)
		}
	}
}

func byWallet(f *money.SubsidyFacts) { f.Channel = money.InWallet }

// TestFirstIsOnce: two first rides of a rider that are completed before either is known give once.
func TestFirstIsOnce(t *testing.T) {
	c := spring(func(c *money.Campaign) { c.When.FirstRide = true })
	first := func(id money.Subject, day int) money.SubsidyFacts {
		return rideFacts(func(f *money.SubsidyFacts) {
			f.Subject, f.FirstRide, f.CompletedAt = id, true, noon.AddDate(0, 0, day)
		})
	}
	got := give(t, []money.Campaign{c}, first("1", 0), first("2", 1))
	if !got[0].Granted() || got[1].Reason != money.SubsidyNotFirst {
		t.Errorf("%+v", got)
	}
}

func TestCampaignsThatCannotBe(t *testing.T) {
	for field, change := range map[string]func(*money.Campaign){
		"rider": func(c *money.Campaign) {
			c.Rider.Price = money.PriceGift{Price: 1, Cap: 1}
		},
		"driver": func(c *money.Campaign) {
			c.Driver = money.Gift{Price: money.PriceGift{Price: 1, Cap: 1}}
		},
		"rider.percent": func(c *money.Campaign) {
			c.Rider = money.Gift{Percent: money.PercentGift{Percent: 101, Cap: 1}}
		},
		"rider.percent.cap": func(c *money.Campaign) {
			c.Rider = money.Gift{Percent: money.PercentGift{Percent: 1, Cap: 200_01}}
		},
		"rider.random": func(c *money.Campaign) {
			c.Rider = money.Gift{Random: money.RandomGift{From: 2, To: 1}}
		},
		"rider.random.to": func(c *money.Campaign) {
			c.Rider = money.Gift{Random: money.RandomGift{To: 200_01}}
		},
		"rider.price": func(c *money.Campaign) {
			c.Rider = money.Gift{Price: money.PriceGift{Cap: 1}}
		},
		"rider.tiers": func(c *money.Campaign) {
			c.Rider = money.Gift{Tiers: []money.TierGift{{From: 2, Amount: 1}}}
		},
		"driver.tiers": func(c *money.Campaign) {
			c.Driver = money.Gift{Tiers: []money.TierGift{{1, 1}, {1, 2}}}
		},
		"rider.tiers.amount": func(c *money.Campaign) {
			c.Rider = money.Gift{Tiers: []money.TierGift{{1, 0}}}
		},
		"channel":      func(c *money.Campaign) { c.Channel = money.Cash },
		"limits.rider": func(c *money.Campaign) { c.Limits.Rider = -1 },
		"limits.city":  func(c *money.Campaign) { c.Limits.City = money.MaxDailyLimit + 1 },
		"when.channels": func(c *money.Campaign) {
			c.When.Channels = []money.ChannelName{"cash"}
		},
		"limits.device":   func(c *money.Campaign) { c.Limits.Device = -1 },
		"when.segments":   func(c *money.Campaign) { c.When.Segments = []string{""} },
		"when.expression": func(c *money.Campaign) { c.When.Expr = fmt.Sprintf("%1001d", 1) },
		"when.kinds":      func(c *money.Campaign) { c.When.Kinds = []string{"flown"} },
		"when.hours": func(c *money.Campaign) {
			c.When.Hours = []money.Hours{{From: 60, To: 60}}
		},
		"when.hours.days": func(c *money.Campaign) {
			c.When.Hours = []money.Hours{{Days: []int{0}, To: 60}}
		},
		"when.min_fare": func(c *money.Campaign) { c.When.MinFare = -1 },
		"when.max_fare": func(c *money.Campaign) { c.When.MinFare, c.When.MaxFare = 2, 1 },
		"when.max_distance": func(c *money.Campaign) {
			c.When.MinDistanceM, c.When.MaxDistanceM = 2, 1
		},
		"state": func(c *money.Campaign) { c.State = 0 },
		"name":  func(c *money.Campaign) { c.Name = fmt.Sprintf("%121d", 1) },
	} {
		refused(t, spring(change).Check(), field)
	}
}

// TestOverlapsIsRight: wherever a ride meets both campaigns, they overlap.
func TestOverlapsIsRight(t *testing.T) {
	pick := func(r *rapid.T, name string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID).Draw(r, name)
	}
	when := func(r *rapid.T, name string) money.When {
		w := money.When{Kinds: pick(r, name+" kinds", "hailed", "street", "booked")}
		for range rapid.IntRange(0, 2).Draw(r, name+" hours") {
			from := rapid.IntRange(0, 5).Draw(r, "from")
			h := money.Hours{From: from, To: from + rapid.IntRange(1, 3).Draw(r, "minutes")}
			h.Days = rapid.SliceOfN(rapid.IntRange(1, 7), 0, 2).Draw(r, "days")
			w.Hours = append(w.Hours, h)
		}
		w.MinFare = money.Fen(rapid.IntRange(0, 3).Draw(r, "min"))
		w.MaxFare = money.Fen(rapid.SampledFrom([]int{0, 3, 4}).Draw(r, "max"))
		return w
	}
	rapid.Check(t, func(r *rapid.T) {
		a := spring(func(c *money.Campaign) { c.When = when(r, "a") })
		b := spring(func(c *money.Campaign) {
			c.ID, c.When = "b", when(r, "b")
			c.Channel = rapid.SampledFrom([]money.ChannelName{"wechat", "alipay"}).Draw(r, "by")
		})
		if a.Overlaps(b) != b.Overlaps(a) {
			r.Fatalf("overlaps to one side only: %+v and %+v", a, b)
		}
		f := rideFacts(func(f *money.SubsidyFacts) {
			f.Kind = rapid.SampledFrom([]string{"hailed", "street", "booked"}).Draw(r, "kind")
			day := rapid.IntRange(11, 17).Draw(r, "day")
			minute := rapid.IntRange(0, 8).Draw(r, "minute")
			f.CompletedAt = time.Date(2014, 1, day, 0, minute, 0, 0, shanghai)
			f.Fare = money.Fen(rapid.IntRange(1, 5).Draw(r, "fare"))
		})
		gives := func(c money.Campaign) bool {
			c.Cap = money.Yuan(100)
			p, err := money.Rehearse(c, []money.SubsidyFacts{f})
			return err == nil && p.Granted == 1
		}
		if gives(a) && gives(b) && !a.Overlaps(b) {
			r.Fatalf("a ride meets both, and they do not overlap: %+v, %+v, %+v", f, a.When, b.When)
		}
	})
}

func TestLaunchRefusesAnOverlap(t *testing.T) {
	c := launched(t)
	beside := func(change func(*money.Campaign)) error {
		return c.Launch(t.Context(), spring(func(c *money.Campaign) {
			c.ID = "beside"
			change(c)
		}), noon)
	}
	refused(t, beside(asItIs), "group")
	for name, change := range map[string]func(*money.Campaign){
		"group":   func(c *money.Campaign) { c.ID, c.Group = "1", "other" },
		"channel": func(c *money.Campaign) { c.ID, c.Channel = "2", "alipay" },
		"later": func(c *money.Campaign) {
			c.ID, c.StartsAt, c.EndsAt = "3", c.EndsAt, c.EndsAt.Add(1e9)
		},
		"city": func(c *money.Campaign) { c.ID, c.City = "4", "shanghai" },
	} {
		if err := beside(change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// To extend it into the next one's time is refused likewise.
	longer := spring(func(c *money.Campaign) { c.Version, c.EndsAt = 2, c.EndsAt.Add(time.Hour) })
	refused(t, c.Redate(t.Context(), longer, noon), "group")
}

func TestPauseAndEndAreVersions(t *testing.T) {
	c := launched(t)
	pause := func(paused bool, version int, state money.CampaignState) {
		t.Helper()
		got, err := c.Pause(t.Context(), "beijing", "spring", paused)
		if err != nil || got.Version != version || got.State != state {
			t.Errorf("%+v, %v; want version %d, %s", got, err, version, state)
		}
	}
	pause(false, 1, money.CampaignRuns) // as it is
	pause(true, 2, money.CampaignPaused)
	pause(true, 2, money.CampaignPaused)
	longer := spring(func(c *money.Campaign) { c.Version, c.EndsAt = 3, c.EndsAt.Add(time.Hour) })
	if err := c.Redate(t.Context(), longer, noon); err != nil {
		t.Fatal(err)
	}
	pause(true, 3, money.CampaignPaused) // longer, and still paused
	pause(false, 4, money.CampaignRuns)
	newest, err := c.Newest(t.Context(), "beijing", "spring")
	if err != nil || !newest.EndsAt.Equal(longer.EndsAt) {
		t.Fatal(newest, err)
	}
	left, err := c.End(t.Context(), newest, "end", noon)
	if err != nil || left != money.Yuan(1000) {
		t.Errorf("returned %s, %v", left, err)
	}
	_, err = c.Pause(t.Context(), "beijing", "spring", false)
	refused(t, err, "id")
	longer.Version = 6
	refused(t, c.Redate(t.Context(), longer, noon), "version")
	_, err = c.Pause(t.Context(), "beijing", "autumn", true)
	refused(t, err, "id")
	// What was ended is in nobody's way.
	next := spring(func(c *money.Campaign) { c.ID = "next" })
	if err := c.Launch(t.Context(), next, noon); err != nil {
		t.Error(err)
	}
}

// TestRehearseIsWhatWouldBe: a preview comes to what the same campaign gives for the same rides.
func TestRehearseIsWhatWouldBe(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := spring(func(c *money.Campaign) {
			c.Cap = money.Fen(rapid.IntRange(10_00, 300_00).Draw(r, "cap"))
			c.Limits.Rider = rapid.IntRange(0, 3).Draw(r, "by rider")
			c.Limits.Driver = rapid.IntRange(0, 3).Draw(r, "by driver")
			c.Limits.City = rapid.IntRange(0, 9).Draw(r, "by city")
			c.EndsAt = c.StartsAt.AddDate(0, 0, 3)
		})
		var rides []money.SubsidyFacts
		for i := range rapid.IntRange(1, 30).Draw(r, "rides") {
			rides = append(rides, rideFacts(func(f *money.SubsidyFacts) {
				f.Subject = money.Subject(fmt.Sprint("R", i))
				f.Rider = rapid.SampledFrom([]money.Party{"r1", "r2", "r3"}).Draw(r, "rider")
				f.Driver = money.Party(rapid.SampledFrom([]string{"d1", "d2"}).Draw(r, "driver"))
				f.Fare = money.Fen(rapid.IntRange(1, 40_00).Draw(r, "fare"))
				f.CompletedAt = noon.Add(time.Duration(i) * 2 * time.Hour)
			}))
		}
		p, err := money.Rehearse(c, rides)
		if err != nil {
			r.Fatal(err)
		}
		granted := 0
		var rider, driver money.Fen
		for _, s := range give(t, []money.Campaign{c}, rides...) {
			if s.Granted() {
				granted++
			}
			rider, driver = rider+s.Rider, driver+s.Driver
		}
		if p.Granted != granted || p.Rider != rider || p.Driver != driver {
			r.Fatalf("%+v; in fact %d rides, %s and %s", p, granted, rider, driver)
		}
		if p.Rider+p.Driver > c.Cap {
			r.Fatalf("gave %s of %s", p.Rider+p.Driver, c.Cap)
		}
	})
}

func TestLess(t *testing.T) {
	s := money.Subsidy{
		Campaign: "a", Version: 1, Rider: 3, Driver: 30, Reason: money.SubsidyGranted,
		Grants: []money.Grant{
			{Campaign: "a", Version: 1, Rider: 1, Driver: 10},
			{Campaign: "b", Version: 2, Rider: 2, Driver: 20},
		},
		Refused: []money.Refusal{{"a", money.SubsidyDriver}, {"c", money.SubsidyHours}},
	}
	rest, gone := s.Less(func(g money.Grant) bool { return g.Campaign == "a" }, money.SubsidyVoid)
	if len(gone) != 1 || gone[0].Campaign != "a" || rest.Rider != 2 || rest.Driver != 20 ||
		rest.Campaign != "b" || rest.Version != 2 || !rest.Granted() || len(rest.Refused) != 2 ||
		rest.Refused[0] != (money.Refusal{Campaign: "a", Reason: money.SubsidyVoid}) {
		t.Errorf("%+v, gone %+v", rest, gone)
	}
	none := s.Without(money.SubsidyExpired)
	if none.Granted() || none.Rider+none.Driver != 0 || len(none.Grants) != 0 ||
		none.Campaign != "a" || len(none.Refused) != 3 {
		t.Errorf("%+v", none)
	}
	if !(money.Subsidy{}).IsZero() || none.IsZero() {
		t.Error("what is nothing, and what is something")
	}
}
