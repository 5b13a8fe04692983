package money_test

import (
	"maps"
	"testing"

	"hexhail/money"
)

// missed is a ride of 28 yuan, paid by its rider alone.
func missed(change func(*money.Missed)) money.Missed {
	m := money.Missed{
		Facts: rideFacts(anyRide), Paid: []money.PaidPart{{Payer: "rider", Kept: 28_00}},
	}
	change(&m)
	return m
}

// repairTest is a campaign, a ride that has missed it, and what it is given.
type repairTest struct {
	campaign func(*money.Campaign)
	missed   func(*money.Missed)
	rider    money.Fen
	driver   money.Fen
	why      money.SubsidyReason
}

// repairTests are of campaigns and of what the ride has from others.
func repairTests() map[string]repairTest {
	granted := func(c money.CampaignID, group string) money.Subsidy {
		return money.Subsidy{
			Reason: money.SubsidyGranted, Rider: 20_00,
			Grants: []money.Grant{{Campaign: c, Group: group, Rider: 20_00}},
		}
	}
	return map[string]repairTest{
		"missed": {rider: 10_00, driver: 5_00, why: money.SubsidyGranted},
		"paused": {
			campaign: func(c *money.Campaign) { c.State = money.CampaignPaused },
			rider:    10_00, driver: 5_00, why: money.SubsidyGranted,
		},
		"other channel": {
			missed: func(m *money.Missed) { m.Facts.Channel = money.Cash },
			why:    money.SubsidyChannel,
		},
		"given with it": {
			missed: func(m *money.Missed) { m.Had = granted("spring", "") },
			why:    money.SubsidyGiven,
		},
		"of its group": {
			missed: func(m *money.Missed) { m.Had = granted("other", "") },
			why:    money.SubsidyGroup,
		},
		"of another group": { // which leaves 8 of the fare
			missed: func(m *money.Missed) { m.Had = granted("other", "more") },
			rider:  8_00, driver: 5_00, why: money.SubsidyGranted,
		},
		"repaired": {
			missed: func(m *money.Missed) { m.Repairs = []money.Repair{{Campaign: "spring"}} },
			why:    money.SubsidyRepaired,
		},
		"its group repaired": {
			missed: func(m *money.Missed) { m.Repairs = []money.Repair{{Campaign: "other"}} },
			why:    money.SubsidyGroup,
		},
		"another group repaired": {
			missed: func(m *money.Missed) {
				m.Repairs = []money.Repair{{Campaign: "other", Group: "more", Rider: 25_00}}
			},
			rider: 3_00, driver: 5_00, why: money.SubsidyGranted,
		},
		"given back once": {
			missed: func(m *money.Missed) {
				m.Had.Reason = money.SubsidyExpired
				m.Had.Refused = []money.Refusal{{"spring", money.SubsidyExpired}}
			},
			why: money.SubsidyExpired,
		},
	}
}

// paymentTests are of what was paid, and of the budget.
func paymentTests() map[string]repairTest {
	return map[string]repairTest{
		"refunded in part": {
			missed: func(m *money.Missed) { m.Paid[0].Kept = 4_00 },
			rider:  4_00, driver: 5_00, why: money.SubsidyGranted,
		},
		"nobody we know": {
			missed: func(m *money.Missed) { m.Paid = nil },
			driver: 5_00, why: money.SubsidyGranted,
		},
		"budget spent": {
			campaign: func(c *money.Campaign) { c.Cap = 14_99 },
			why:      money.SubsidyBudget,
		},
		"shared": {
			missed: func(m *money.Missed) {
				m.Paid = []money.PaidPart{{"rider", 9_34}, {"friend", 4_66}}
			},
			rider: 10_00, driver: 5_00, why: money.SubsidyGranted,
		},
	}
}

// TestRepairs: what a ride that has missed a campaign is given, whatever the campaign's dates.
func TestRepairs(t *testing.T) {
	tests := repairTests()
	maps.Copy(tests, paymentTests())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := spring(func(c *money.Campaign) {
				c.StartsAt, c.EndsAt = noon.AddDate(0, 0, 7), noon.AddDate(0, 0, 8)
				if test.campaign != nil {
					test.campaign(c)
				}
			})
			m := missed(func(m *money.Missed) {
				if test.missed != nil {
					test.missed(m)
				}
			})
			repairsTo(t, c, m, test.rider, test.driver, test.why)
		})
	}
}

// repairsTo repairs a ride twice on books of its own: once as if, which changes nothing.
func repairsTo(
	t *testing.T, c money.Campaign, m money.Missed, rider, driver money.Fen,
	why money.SubsidyReason,
) {
	t.Helper()
	store := cashier(t).Store
	err := store.MoneyTx(t.Context(), func(tx money.Tx) error {
		if err := tx.Book(c.Funding(noon)); err != nil {
			return err
		}
		for _, giver := range []money.Giver{money.Suppose().On(tx), tx} {
			made, reason, err := c.Repair(giver, m, noon)
			if err != nil {
				return err
			}
			if made.Rider != rider || made.Driver != driver || reason != why {
				t.Errorf("gave %+v, %s; want %s and %s, %s", made, reason, rider, driver, why)
			}
		}
		budget, err := tx.Account(money.PromoBudget(c.ID))
		if err != nil {
			return err
		}
		if left := budget.Available(); left != c.Cap-rider-driver {
			t.Errorf("%s is left of %s", left, c.Cap)
		}
		var sum money.Fen
		for _, p := range m.Paid {
			wallet, err := tx.Account(money.Wallet(p.Payer))
			if err != nil {
				return err
			}
			sum += wallet.Balance()
			if wallet.Balance() > p.Kept {
				t.Errorf("%s has %s for %s", p.Payer, wallet.Balance(), p.Kept)
			}
		}
		if sum != rider {
			t.Errorf("wallets have %s, want %s", sum, rider)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
