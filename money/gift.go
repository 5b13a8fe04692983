package money

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Gift is what a campaign gives to one side of a ride. At most one of its fields is set; the zero
// value gives nothing.
type Gift struct {
	Fixed   Fen         `json:"fixed,omitempty"`
	Percent PercentGift `json:"percent,omitzero"`
	Random  RandomGift  `json:"random,omitzero"`
	Tiers   []TierGift  `json:"tiers,omitempty"`
	Price   PriceGift   `json:"price,omitzero"`
}

// PercentGift is a part of the fare, rounded down to a fen, and at most Cap.
type PercentGift struct {
	Percent int `json:"percent"` // 1 to 100
	Cap     Fen `json:"cap"`
}

// RandomGift is an amount in a range, both ends included, in steps from From. It is drawn from
// the campaign, the ride and the side (see [GiftNumber]), so that anybody can draw it again.
type RandomGift struct {
	From Fen `json:"from"`
	To   Fen `json:"to"`
	Step Fen `json:"step,omitempty"` // 0 is 1 fen
}

// TierGift is the amount from the n-th ride of the day on. There is one from the first, and each
// gives something: what is not given is not counted.
type TierGift struct {
	From   int `json:"from"` // 1 is the first
	Amount Fen `json:"amount"`
}

// PriceGift is what the fare is above a fixed price, and at most Cap: with a price of 1 fen the
// rider pays 1 fen.
type PriceGift struct {
	Price Fen `json:"price"`
	Cap   Fen `json:"cap"`
}

// MaxTiers is how many tiers a gift may have.
const MaxTiers = 20

// Fixed is the gift of one amount.
func Fixed(amount Fen) Gift { return Gift{Fixed: amount} }

// None reports whether nothing is given.
func (g Gift) None() bool { return g.kinds() == 0 }

// String tells the gift in words, for errors.
func (g Gift) String() string {
	switch {
	case g.Percent != (PercentGift{}):
		return fmt.Sprintf("%d %% up to %d fen", g.Percent.Percent, g.Percent.Cap)
	case g.Random != (RandomGift{}):
		return fmt.Sprintf("random from %d to %d fen", g.Random.From, g.Random.To)
	case len(g.Tiers) > 0:
		return fmt.Sprintf("%d tiers", len(g.Tiers))
	case g.Price != (PriceGift{}):
		return fmt.Sprintf("down to %d fen, up to %d fen", g.Price.Price, g.Price.Cap)
	default:
		return fmt.Sprintf("%d fen", g.Fixed)
	}
}

func (g Gift) kinds() int {
	n := 0
	for _, set := range []bool{
		g.Fixed != 0, g.Percent != (PercentGift{}), g.Random != (RandomGift{}),
		len(g.Tiers) > 0, g.Price != (PriceGift{}),
	} {
		if set {
			n++
		}
	}
	return n
}

func (g Gift) check(side string) error {
	if g.kinds() > 1 {
		return &CampaignError{side, "one of fixed, percent, random, tiers and price"}
	}
	amount := func(field string, v, least Fen) error {
		if v < least || v > MaxSubsidy {
			return &CampaignError{field, fmt.Sprintf("%d to %d fen", least, MaxSubsidy)}
		}
		return nil
	}
	switch {
	case g.Percent != (PercentGift{}):
		if g.Percent.Percent < 1 || g.Percent.Percent > 100 {
			return &CampaignError{side + ".percent", "1 to 100"}
		}
		return amount(side+".percent.cap", g.Percent.Cap, 1)
	case g.Random != (RandomGift{}):
		r := g.Random
		if r.From < 0 || r.From > r.To || r.To == 0 || r.Step < 0 || r.Step > r.To {
			return &CampaignError{
				side + ".random",
				"from_fen ≥ 0, to_fen above it, step_fen at most to_fen",
			}
		}
		return amount(side+".random.to", r.To, 1)
	case len(g.Tiers) > 0:
		return g.checkTiers(side+".tiers", amount)
	case g.Price != (PriceGift{}):
		if g.Price.Price < 1 || g.Price.Price > MaxMeter {
			return &CampaignError{side + ".price", fmt.Sprintf("1 to %d fen", MaxMeter)}
		}
		return amount(side+".price.cap", g.Price.Cap, 1)
	default:
		return amount(side, g.Fixed, 0)
	}
}

func (g Gift) checkTiers(field string, amount func(string, Fen, Fen) error) error {
	if len(g.Tiers) > MaxTiers {
		return &CampaignError{field, fmt.Sprintf("at most %d", MaxTiers)}
	}
	last := 0
	for i, tier := range g.Tiers {
		if tier.From <= last || tier.From > MaxDailyLimit || i == 0 && tier.From != 1 {
			return &CampaignError{field, fmt.Sprintf(
				"from 1 and then rising counts of the day, at most %d", MaxDailyLimit)}
		}
		if err := amount(field+".amount", tier.Amount, 1); err != nil {
			return err
		}
		last = tier.From
	}
	return nil
}

// giving is what a gift goes by.
type giving struct {
	fare Fen
	nth  int    // ride of the day, from 1, where the gift has tiers
	draw uint64 // where it is random
}

// amount is what is given for a ride, before the rider's other gifts are looked at.
func (g Gift) amount(on giving) Fen {
	switch {
	case g.Percent != (PercentGift{}):
		return min(on.fare*Fen(g.Percent.Percent)/100, g.Percent.Cap)
	case g.Random != (RandomGift{}):
		r := g.Random
		step := max(r.Step, 1)
		choices := uint64((r.To-r.From)/step) + 1 //nolint:gosec // G115: from ≤ to by check
		n, _ := bits.Mul64(on.draw, choices)
		return r.From + step*Fen(n) //nolint:gosec // G115: below choices
	case len(g.Tiers) > 0:
		var given Fen
		for _, tier := range g.Tiers {
			if tier.From <= on.nth {
				given = tier.Amount
			}
		}
		return given
	case g.Price != (PriceGift{}):
		return max(0, min(on.fare-g.Price.Price, g.Price.Cap))
	default:
		return g.Fixed
	}
}

// GiftNumber is the number by which a random gift is chosen: the first 8 bytes, big-endian, of the
// SHA-256 of campaign, ride and side, each followed by a line feed. Of so many choices it takes the
// one at draw × choices / 2⁶⁴ (Lemire, Fast Random Integer Generation in an Interval, 2019); what
// that prefers is below 2⁻⁴⁹, as there are at most 20,001. Nobody chooses any of the three after
// the fare is known.
func GiftNumber(c CampaignID, ride Subject, side Side) uint64 {
	sum := sha256.Sum256([]byte(string(c) + "\n" + string(ride) + "\n" + string(side) + "\n"))
	return binary.BigEndian.Uint64(sum[:8])
}
