package money_test

import (
	"testing"

	"pgregory.net/rapid"

	"hexhail/money"
)

// lowerable are gifts of each kind.
func lowerable() map[string]money.Gift {
	return map[string]money.Gift{
		"fixed":   money.Fixed(5_00),
		"percent": {Percent: money.PercentGift{Percent: 50, Cap: 10_00}},
		"random":  {Random: money.RandomGift{From: 3_00, To: 8_00}},
		"tiers":   {Tiers: []money.TierGift{{From: 1, Amount: 4_00}}},
		"price":   {Price: money.PriceGift{Price: 1, Cap: 50_00}},
	}
}

// Lowered never raises a gift nor lets the rider pay more than for the higher fare, gives no more
// than the fare, and what is given back adds up, whatever the gifts and however often it is done.
func TestLowered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.SampledFrom([]string{
			"fixed", "percent", "random", "tiers", "price",
		}), 1, 3).Draw(t, "gifts")
		fare := money.Fen(rapid.Int64Range(1, 100_00).Draw(t, "fare"))
		var campaigns []money.Campaign
		var had money.Subsidy
		left := fare
		for i, name := range names {
			c := money.Campaign{
				ID: money.CampaignID(rune('a' + i)), Sponsor: "sponsor", State: money.CampaignRuns,
				Rider: lowerable()[name], Driver: money.Fixed(2_00),
			}
			c.When.MinFare = money.Fen(rapid.Int64Range(0, 50_00).Draw(t, "min fare"))
			if rapid.Bool().Draw(t, "ended") {
				c.State = money.CampaignEnded
			}
			campaigns = append(campaigns, c)
			g := money.Grant{
				Campaign: c.ID,
				Rider:    min(left, money.Fen(rapid.Int64Range(0, 20_00).Draw(t, "r"))),
				Driver:   2_00,
			}
			left -= g.Rider
			had.Grants = append(had.Grants, g)
			had.Rider += g.Rider
			had.Driver += g.Driver
		}
		had.Reason = money.SubsidyGranted
		for range 3 {
			lower := money.Fen(rapid.Int64Range(0, int64(fare)).Draw(t, "lower"))
			drop := fare - lower
			facts := money.SubsidyFacts{Fare: lower, Subject: "r"}
			now := money.Lowered(campaigns, had, facts, drop)
			var rider, driver, back money.Fen
			for i, g := range now.Grants {
				if g.Rider > had.Grants[i].Rider || g.Driver > had.Grants[i].Driver || g.Rider < 0 {
					t.Fatalf("%+v became %+v", had.Grants[i], g)
				}
				rider += g.Rider
				driver += g.Driver
			}
			for _, m := range money.GivenBack(campaigns, had, now, "from", "id") {
				if m.Amount <= 0 || m.Debit != "from" {
					t.Fatalf("%+v", m)
				}
				back += m.Amount
			}
			switch {
			case now.Rider != rider || now.Driver != driver:
				t.Fatalf("%+v adds up to %s and %s", now, rider, driver)
			case rider > lower:
				t.Fatalf("%s of a fare of %s", rider, lower)
			case lower-rider > fare-had.Rider:
				t.Fatalf("the rider pays %s instead of %s", lower-rider, fare-had.Rider)
			case back != had.Rider-rider+had.Driver-driver:
				t.Fatalf("%s go back", back)
			}
			fare, had = lower, now
		}
	})
}

// A fare that was given nothing for, as its ride looked like brushing, is judged anew when it is
// corrected; what ops have denied stays denied.
func TestAnewAfterBrushing(t *testing.T) {
	if s := (money.Subsidy{Reason: money.SubsidyBrushing}).Anew(); s.Reason != "" {
		t.Errorf("never given: %+v", s)
	}
	given := money.Subsidy{Campaign: "a", Grants: []money.Grant{{Campaign: "a", Rider: 5_00}}}
	s := given.Without(money.SubsidyBrushing).Anew()
	if s.Reason != money.SubsidyBrushing || len(s.Refused) != 1 {
		t.Errorf("denied: %+v", s)
	}
}
