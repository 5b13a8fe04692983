package dispatch

import (
	"fmt"
	"slices"
	"time"

	"hexhail/money"
)

// PayoutRules are the part of a policy that is about what drivers take out.
type PayoutRules struct {
	// PayoutChannels are how drivers may be paid: wechat, alipay, bank. None is no withdrawals.
	PayoutChannels []money.ChannelName `json:"payout_channels"`
	// PayoutDays is how many days after it is asked for a withdrawal is paid out, 0–14: 0 is at
	// once (T+0), 3 is as late as a channel settles (T+3), and needs no float.
	PayoutDays int `json:"payout_days"`
	// PayoutLeastFen is the least that may be taken out at once, 100–100,000 fen.
	PayoutLeastFen int `json:"payout_least_fen"`
	// PayoutsADay is how often a driver may take something out on a business day, 1–20, and
	// PayoutDayFen how much, 10,000–10,000,000 fen.
	PayoutsADay  int `json:"payouts_a_day"`
	PayoutDayFen int `json:"payout_day_fen"`
	// FloatLimitFen is how much of the house's own money may be out at most when another withdrawal
	// of the city is sent, 0–100,000,000,000 fen; beyond it withdrawals wait. See [money.Float].
	FloatLimitFen int `json:"float_limit_fen"`
}

// defaultPayoutRules pay at once: cash is what drivers trust, and money in their account on the
// same day is nearest to it. 5 million yuan are what 20,000 drivers earn in the app on a day.
func defaultPayoutRules() PayoutRules {
	return PayoutRules{
		PayoutChannels: []money.ChannelName{money.WeChat, money.Alipay, money.ToBank},
		PayoutLeastFen: 10_00, PayoutsADay: 3, PayoutDayFen: 20_000_00,
		FloatLimitFen: 5_000_000_00,
	}
}

func (p PayoutRules) check() error {
	for i, c := range p.PayoutChannels {
		if c != money.WeChat && c != money.Alipay && c != money.ToBank ||
			slices.Contains(p.PayoutChannels[:i], c) {
			return invalid("policy.payout_channels", "of wechat, alipay and bank, each once")
		}
	}
	return checkRanges([]keyRange{
		{"payout_days", p.PayoutDays, 0, 14},
		{"payout_least_fen", p.PayoutLeastFen, 1_00, 1000_00},
		{"payouts_a_day", p.PayoutsADay, 1, 20},
		{"payout_day_fen", p.PayoutDayFen, 100_00, 100_000_00},
		{"float_limit_fen", p.FloatLimitFen, 0, 1_000_000_000_00},
	})
}

func (p PayoutRules) clone() PayoutRules {
	p.PayoutChannels = slices.Clone(p.PayoutChannels)
	return p
}

// paysAt is when a withdrawal that is asked for now is paid out.
func (p PayoutRules) paysAt(now time.Time) time.Time { return now.AddDate(0, 0, p.PayoutDays) }

// checkAmount refuses an amount that may not be taken out at once.
func (p PayoutRules) checkAmount(amount money.Fen) error {
	least, most := money.Fen(p.PayoutLeastFen), money.Fen(p.PayoutDayFen)
	if amount < least || amount > most {
		return invalid("amount_fen", fmt.Sprintf("%d to %d", least, most))
	}
	return nil
}
