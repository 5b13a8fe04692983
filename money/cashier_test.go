package money_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
)

var noon = time.Date(2014, 1, 10, 4, 0, 0, 0, time.UTC)

func cashier(t *testing.T) money.Cashier {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return money.Cashier{Store: db}
}

// spring is a campaign of 1,000 yuan.
func spring(change func(*money.Campaign)) money.Campaign {
	c := money.Campaign{
		ID: "spring", Version: 1, City: "beijing", Sponsor: "tencent", Channel: "wechat",
		State: money.CampaignRuns, Rider: money.Fixed(money.Yuan(10)),
		Driver: money.Fixed(money.Yuan(5)), Cap: money.Yuan(1000),
		StartsAt: noon, EndsAt: noon.AddDate(0, 0, 30),
	}
	change(&c)
	return c
}

func asItIs(*money.Campaign) {}

// launched is a cashier with the campaign.
func launched(t *testing.T) money.Cashier {
	t.Helper()
	c := cashier(t)
	if err := c.Launch(t.Context(), spring(asItIs), noon); err != nil {
		t.Fatal(err)
	}
	return c
}

// holds fails unless the ledger replays and a class of accounts has the balance.
func holds(t *testing.T, c money.Cashier, class string, want money.Fen) {
	t.Helper()
	books, err := c.Audit(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := books.Balance(class); got != want || len(books.Wrong) != 0 {
		t.Errorf("%s: %s yuan, want %s; wrong accounts: %v", class, got, want, books.Wrong)
	}
}

// refused fails unless err is a *CampaignError of the field.
func refused(t *testing.T, err error, field string) {
	t.Helper()
	var bad *money.CampaignError
	if !errors.As(err, &bad) || bad.Field != field || !strings.Contains(bad.Error(), bad.Limit) {
		t.Errorf("want a refused %s, got %v", field, err)
	}
}

func TestLaunchFundsOnce(t *testing.T) {
	c := launched(t)
	holds(t, c, money.PromoBudget("spring").Class(), money.Yuan(1000))
	holds(t, c, money.SponsorReceivable("tencent").Class(), -money.Yuan(1000))
	err := c.Launch(t.Context(), spring(asItIs), noon)
	if dispatch.KindOf(err) != dispatch.Conflict {
		t.Errorf("launched again: %v", err)
	}
	holds(t, c, money.PromoBudget("spring").Class(), money.Yuan(1000))
	for field, change := range map[string]func(*money.Campaign){
		"id":      func(c *money.Campaign) { c.ID = "" },
		"version": func(c *money.Campaign) { c.ID, c.Version = "other", 2 },
		"channel": func(c *money.Campaign) { c.ID, c.Channel = "other", money.Cash },
		"cap":     func(c *money.Campaign) { c.ID, c.Cap = "other", 0 },
		"rider": func(c *money.Campaign) {
			c.ID, c.Rider = "other", money.Fixed(money.MaxSubsidy+1)
		},
		"driver":  func(c *money.Campaign) { c.ID, c.Driver = "other", money.Fixed(-1) },
		"ends_at": func(c *money.Campaign) { c.ID, c.EndsAt = "other", c.StartsAt },
	} {
		refused(t, c.Launch(t.Context(), spring(change), noon), field)
	}
	refused(t, c.Launch(t.Context(), spring(func(c *money.Campaign) {
		c.ID, c.Rider, c.Driver = "other", money.Gift{}, money.Gift{}
	}), noon), "rider")
	holds(t, c, money.PromoBudget("spring").Class(), money.Yuan(1000))
}

func TestRedateChangesThePeriodAlone(t *testing.T) {
	c := launched(t)
	next := func(change func(*money.Campaign)) money.Campaign {
		return spring(func(c *money.Campaign) {
			c.Version, c.EndsAt = 2, noon.AddDate(0, 0, 60)
			change(c)
		})
	}
	for field, change := range map[string]func(*money.Campaign){
		"version": func(c *money.Campaign) { c.Version = 3 },
		"id":      func(c *money.Campaign) { c.City = "shanghai" },
		"sponsor": func(c *money.Campaign) { c.Sponsor = "alibaba" },
		"channel": func(c *money.Campaign) { c.Channel = "alipay" },
		"rider":   func(c *money.Campaign) { c.Rider.Fixed++ },
		"driver":  func(c *money.Campaign) { c.Driver.Fixed++ },
		"cap":     func(c *money.Campaign) { c.Cap *= 2 },
		"ends_at": func(c *money.Campaign) { c.EndsAt = c.StartsAt },
	} {
		refused(t, c.Redate(t.Context(), next(change), noon), field)
	}
	other := next(func(c *money.Campaign) { c.ID = "other" })
	refused(t, c.Redate(t.Context(), other, noon), "id")
	if err := c.Redate(t.Context(), next(asItIs), noon); err != nil {
		t.Fatal(err)
	}
	refused(t, c.Redate(t.Context(), next(asItIs), noon), "version")
	var stored []money.Campaign
	err := c.Store.MoneyTx(t.Context(), func(tx money.Tx) (err error) {
		stored, err = tx.CampaignsOf("beijing")
		return err
	})
	if err != nil || len(stored) != 1 || stored[0].Version != 2 ||
		!stored[0].EndsAt.Equal(noon.AddDate(0, 0, 60)) {
		t.Errorf("stored %+v, %v", stored, err)
	}
	holds(t, c, money.PromoBudget("spring").Class(), money.Yuan(1000))
}

// reserve sets a ride's subsidy aside, and returns what voids it.
func reserve(t *testing.T, c money.Cashier) (void func()) {
	t.Helper()
	s := money.Subsidy{Grants: []money.Grant{
		{Campaign: "spring", Version: 1, Rider: money.Yuan(10), Driver: money.Yuan(5)},
	}}
	e := s.Reservation("ride", "driver", noon)
	book := func(e money.Entry) {
		t.Helper()
		err := c.Store.MoneyTx(t.Context(), func(tx money.Tx) error { return tx.Book(e) })
		if err != nil {
			t.Fatal(err)
		}
	}
	book(e)
	return func() {
		book(money.Resolution("ride/void", "ride", e.Transfers, money.TransferVoid, noon))
	}
}

func TestEndGivesBackWhatIsLeft(t *testing.T) {
	c := launched(t)
	void := reserve(t, c)
	end := func(id money.EntryID) (money.Fen, error) {
		return c.End(t.Context(), spring(asItIs), id, noon)
	}
	if left, err := end("first"); err != nil || left != money.Yuan(985) {
		t.Fatalf("gave back %s, %v; want 985 yuan", left, err)
	}
	if again, err := end("first"); err != nil || again != 0 {
		t.Errorf("the same id, with nothing left: %s, %v", again, err)
	}
	void()
	again, err := end("first")
	if dispatch.KindOf(err) != dispatch.Conflict || again != 0 {
		t.Errorf("the same id, with something left: %s, %v", again, err)
	}
	holds(t, c, money.PromoBudget("spring").Class(), money.Yuan(15))
	if rest, err := end("second"); err != nil || rest != money.Yuan(15) {
		t.Errorf("the rest: %s, %v; want 15 yuan", rest, err)
	}
	holds(t, c, money.PromoBudget("spring").Class(), 0)
	holds(t, c, money.SponsorReceivable("tencent").Class(), 0)
}

func TestEndIsTheSponsorsAlone(t *testing.T) {
	c := launched(t)
	for field, change := range map[string]func(*money.Campaign){
		"sponsor": func(c *money.Campaign) { c.Sponsor = "alibaba" },
		"id":      func(c *money.Campaign) { c.City = "shanghai" },
	} {
		left, err := c.End(t.Context(), spring(change), "end", noon)
		refused(t, err, field)
		if left != 0 {
			t.Errorf("%s: gave back %s", field, left)
		}
	}
	holds(t, c, money.PromoBudget("spring").Class(), money.Yuan(1000))
}

func TestTopUpKeepsItsLimits(t *testing.T) {
	c := cashier(t)
	topUp := func(id money.EntryID, from money.AccountID, amount money.Fen) error {
		return c.TopUp(t.Context(), id, from, "rider", amount, noon)
	}
	var bad *money.TransferError
	for _, amount := range []money.Fen{0, -1, -money.MaxTopUp, money.MaxTopUp + 1} {
		if err := topUp("bad", money.SandboxEquity, amount); !errors.As(err, &bad) {
			t.Errorf("%d fen: %v", amount, err)
		}
	}
	if err := topUp("self", money.Wallet("rider"), 1); !errors.As(err, &bad) {
		t.Errorf("out of the wallet itself: %v", err)
	}
	var limit *money.LimitError
	if err := topUp("poor", money.Wallet("other"), 1); !errors.As(err, &limit) {
		t.Errorf("out of an empty wallet: %v", err)
	}
	for id, amount := range map[money.EntryID]money.Fen{"least": 1, "most": money.MaxTopUp} {
		if err := topUp(id, money.SandboxEquity, amount); err != nil {
			t.Errorf("%d fen: %v", amount, err)
		}
		err := topUp(id, money.SandboxEquity, amount)
		if dispatch.KindOf(err) != dispatch.Conflict {
			t.Errorf("%d fen with the same id: %v", amount, err)
		}
	}
	holds(t, c, money.Wallet("").Class(), money.MaxTopUp+1)
}

func TestAuditShowsEveryTransfer(t *testing.T) {
	c := launched(t)
	reserve(t, c)
	var codes []string
	books, err := c.Audit(t.Context(), func(s money.Subject, transfer money.Transfer) {
		codes = append(codes, strings.TrimSpace(string(s)+" "+string(transfer.Code)))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"fund", "ride subsidy_rider", "ride subsidy_driver"}
	if !slices.Equal(codes, want) || books.Transfers != len(want) {
		t.Errorf("%d transfers, saw %v", books.Transfers, codes)
	}
	if len(books.Wrong) != 0 || books.Pending() != money.Yuan(15) || len(books.Accounts) != 3 {
		t.Errorf("%+v, pending %s", books, books.Pending())
	}
}
