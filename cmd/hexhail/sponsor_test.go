package main

import (
	"strings"
	"testing"
	"time"

	"hexhail/money"
)

// gift is what the campaign "spring" gives for a ride, 5 yuan, of which a corrected fare gives one
// back.
func (r *realm) gift(at time.Time) {
	r.t.Helper()
	r.ok(r.service.db.MoneyTx(r.t.Context(), func(tx money.Tx) error {
		return tx.Book(money.Entry{
			ID: "gift", Subject: "ride-1", At: at, Transfers: []money.Transfer{{
				ID: "gift", Kind: money.TransferPosted, Code: money.CodeSubsidyRider,
				Debit: money.PromoBudget("spring"), Credit: "driver_payable:D", Amount: 500,
			}},
		})
	}))
	back := money.GivenBack(nil, money.Subsidy{Grants: []money.Grant{
		{Campaign: "spring", Rider: 100},
	}}, money.Subsidy{Grants: []money.Grant{{Campaign: "spring"}}}, "driver_payable:D", "back")
	r.ok(r.service.db.MoneyTx(r.t.Context(), func(tx money.Tx) error {
		return tx.Book(money.Entry{ID: "back", Subject: "ride-1", At: at, Transfers: back})
	}))
}

// TestSponsorCommands takes a claim from its campaign's gift to the sponsor's money: listed,
// traced, disputed, decided, paid. The same words again change nothing.
func TestSponsorCommands(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	zone := r.service.cities["beijing"].Zone
	now := r.service.clock.Now()
	day := money.DaysBefore(now, zone, 1)[0]
	at := day.From.Add(9 * time.Hour)
	cashier := money.Cashier{Store: r.service.db}
	r.ok(cashier.Launch(t.Context(), money.Campaign{
		ID: "spring", Version: 1, City: "beijing", Sponsor: "alipay", Channel: money.InWallet,
		State: money.CampaignRuns, Rider: money.Fixed(500), Cap: 100_00, StartsAt: day.From,
		EndsAt: now.AddDate(0, 0, 7),
	}, at))
	r.gift(at)
	sponsor := func(want int, words ...string) string {
		t.Helper()
		code, stdout, stderr := hexhail(t.Context(), append(append([]string{"sponsor"}, words...),
			"--data-dir", r.service.config.DataDir)...)
		if code != want {
			t.Fatalf("sponsor %v: code %d, %s%s", words, code, stdout, stderr)
		}
		return stdout
	}
	has := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("want %q in\n%s", want, text)
			}
		}
	}
	sponsor(exitOK, "make", day.Day) // unless the service has been first
	if again := sponsor(exitOK, "make", day.Day); strings.Contains(again, "spring") {
		t.Errorf("made twice: %s", again)
	}
	sponsor(exitFailed, "make", now.In(zone).Format(time.DateOnly)) // it is not over
	has(sponsor(exitOK, "claims", "--sponsor", "alipay"), "spring", "4.00", "claimed")
	has(sponsor(exitOK, "transfers", "spring", day.Day), "ride-1", "500,subsidy_rider",
		"100,subsidy_rider_back")
	sponsor(exitFailed, "transfers", "autumn", day.Day)
	about := func(verb, amount, why string) []string {
		return []string{verb, "spring", day.Day, "--amount", amount, "--why", why}
	}
	for range 2 {
		has(sponsor(exitOK, about("dispute", "1.00", "not ours")...), "disputed")
	}
	sponsor(exitFailed, about("settle", "4.00", "paid")...)
	has(sponsor(exitOK, about("decide", "0.50", "half of it")...), "claimed", "3.50")
	sponsor(exitUsage, about("settle", "a lot", "paid")...)
	for range 2 {
		has(sponsor(exitOK, about("settle", "3.50", "paid")...), "settled", "0.00")
	}
	_, err := cashier.End(t.Context(), money.Campaign{
		ID: "spring", City: "beijing", Sponsor: "alipay",
	}, "end", now)
	r.ok(err)
	if owed := r.balance(money.SponsorReceivable("alipay")); owed != 0 {
		t.Errorf("the sponsor owes us %s yuan in the end", -owed)
	}
}
