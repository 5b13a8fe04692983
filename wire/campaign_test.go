package wire

import (
	"os"
	"strings"
	"testing"

	"hexhail/money"
)

// TestSubsidyWordsAreOnThePage: every reason has words in both languages, and docs/campaigns.md has
// them.
func TestSubsidyWordsAreOnThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/campaigns.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range []money.SubsidyReason{
		money.SubsidyGranted, money.SubsidyNone, money.SubsidyNotDated, money.SubsidyPaused,
		money.SubsidyEnded, money.SubsidyChannel, money.SubsidyKind, money.SubsidyHours,
		money.SubsidyFare, money.SubsidyDistance, money.SubsidyNotFirst, money.SubsidyGroup,
		money.SubsidyRider, money.SubsidyDriver, money.SubsidyPair, money.SubsidyCity,
		money.SubsidyNothing, money.SubsidyBudget, money.SubsidyWaits, money.SubsidyVoid,
		money.SubsidyExpired, money.SubsidyNotAllowed, money.SubsidyGiven, money.SubsidyRepaired,
	} {
		en, zh := SubsidyWords(why)
		if en == string(why) || zh == string(why) || en == "" || zh == "" {
			t.Errorf("%s has no words", why)
		}
		if row := "| " + string(why) + " | " + en + " | " + zh + " |"; !strings.Contains(
			string(page), row) {
			t.Errorf("docs/campaigns.md lacks %s", row)
		}
	}
}

func TestGiftWords(t *testing.T) {
	for en, g := range map[string]money.Gift{
		"":                                   {},
		"5.00 yuan off":                      money.Fixed(500),
		"20 % off, up to 10.00 yuan":         {Percent: money.PercentGift{Percent: 20, Cap: 1000}},
		"12.00 to 20.00 yuan off, at random": {Random: money.RandomGift{From: 1200, To: 2000}},
		"the ride for 0.01 yuan, up to 30.00 yuan off": {
			Price: money.PriceGift{Price: 1, Cap: 3000},
		},
		"10.00 yuan off the day's first ride, 5.00 from ride 4 on": {
			Tiers: []money.TierGift{{From: 1, Amount: 1000}, {From: 4, Amount: 500}},
		},
	} {
		if got, zh := GiftWords(g); got != en || (zh == "") != (en == "") {
			t.Errorf("%+v: %q, %q; want %q", g, got, zh, en)
		}
	}
}
