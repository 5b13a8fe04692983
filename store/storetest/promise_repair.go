package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
)

// The load of promiseRepair: rides that missed a campaign, and a budget for fewer of them.
const (
	missedRides  = 60
	repairBudget = 50
	repairRuns   = 8
)

// promiseRepair: everyone who has missed a campaign is given for once, and the budget is spent to
// the fen and not over it, though eight runs repair the same at the same time and half of them are
// cut off in the middle; what is left of them a last run does.
func promiseRepair(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		var paused atomic.Int32
		w := newMissedWorld(t, open(t, store.WithPause(func(point string) {
			if point == store.PauseRepair {
				paused.Add(1)
				runtime.Gosched()
			}
		})))
		check(t, w.repair(w.db, &paused))
		check(t, w.once())
		equal(t, "pauses", paused.Load() >= repairBudget, true)
		equal(t, "runs were cut off", w.cut.Load() > 0, true)
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		var broken error
		for range repairRuns { // one run may have spent the budget before the others begin
			w := newMissedWorld(t, open(t))
			var tries atomic.Int32
			failed := w.repair(checkedOnce{w.db, &tries}, &tries)
			if broken = errors.Join(failed, w.once()); broken != nil {
				break
			}
		}
		caught(t, broken)
	})
	t.Run("Refused", func(t *testing.T) { repairRefused(t, open(t)) })
}

// checkedOnce is a store whose runs have all looked who has been given for before any of them gave,
// and write it without a key.
type checkedOnce struct {
	Database
	tries *atomic.Int32
}

// Tx implements [dispatch.Store].
func (s checkedOnce) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Database.Tx(ctx, func(tx dispatch.Tx) error {
		return fn(checkedOnceTx{tx, s.tries.Add(1)})
	})
}

// View implements [dispatch.Store].
func (s checkedOnce) View(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Database.View(ctx, func(tx dispatch.Tx) error { return fn(checkedOnceTx{tx, 0}) })
}

type checkedOnceTx struct {
	dispatch.Tx
	try int32
}

// RepairsOf were looked at before.
func (tx checkedOnceTx) RepairsOf(money.Subject) ([]money.Repair, error) { return nil, nil }

// InsertRepair writes it somewhere.
func (tx checkedOnceTx) InsertRepair(r money.Repair) error {
	r.Campaign += money.CampaignID(fmt.Sprint("/", tx.try))
	r.Group = string(r.Campaign)
	return tx.Tx.InsertRepair(r)
}

// Book books under ids of its own.
func (tx checkedOnceTx) Book(e money.Entry) error {
	own := fmt.Sprint("/", tx.try)
	e.ID += money.EntryID(own)
	for i := range e.Transfers {
		e.Transfers[i].ID += money.TransferID(own)
	}
	return tx.Tx.Book(e)
}

// missedWorld is a campaign that began too late for rides that are paid.
type missedWorld struct {
	t     *testing.T
	db    Database
	rides []dispatch.Ride
	cut   atomic.Int32
}

const late = money.CampaignID("late")

func newMissedWorld(t *testing.T, db Database) *missedWorld {
	t.Helper()
	w := &missedWorld{t: t, db: db}
	desk := NewDesk(t, db)
	w.rides = completedAs(t, db, desk, missedRides, 0, func(i int) dispatch.RideID {
		return dispatch.RideID(fmt.Sprintf("%s%016d", dispatch.MadeAt(noon.Add(-time.Hour)), i))
	})
	for i, r := range w.rides {
		_, err := desk.Pay(t.Context(), noon,
			dispatch.Once{Identity: "rider", RequestID: fmt.Sprint("pay", i)},
			dispatch.PayRide{Ride: r.ID, Rider: r.Rider, Means: byWallet})
		check(t, err)
		_, err = desk.Work(t.Context(), noon)
		check(t, err)
	}
	c := campaign(late, 1)
	c.Cap = repairBudget * 10_00
	c.StartsAt, c.EndsAt = after(3600), after(7200)
	check(t, money.Cashier{Store: db}.Launch(t.Context(), c, after(3600)))
	return w
}

// repairing is the command, of after the launch.
func (w *missedWorld) repairing() dispatch.RepairCampaign {
	return dispatch.RepairCampaign{
		City: city, Campaign: late, From: after(-3600), To: after(3600), Why: "launched late",
		By: "ops:me",
	}
}

func later() time.Time { return after(4000) }

// repair runs it from several sides, some of which are cut off after so many rides, and then to the
// end.
func (w *missedWorld) repair(db dispatch.Store, given *atomic.Int32) error {
	failed := make([]error, repairRuns+1)
	run := func(ctx context.Context, i int) {
		desk := NewDesk(w.t, w.db)
		desk.Store = db
		_, failed[i] = desk.RepairCampaign(ctx, later, w.repairing(),
			func(dispatch.Repaired) error { return nil })
	}
	each(repairRuns, repairRuns, func(i int) {
		ctx, cancel := context.WithCancel(w.t.Context())
		defer cancel()
		if i%2 == 0 {
			go func() {
				for int(given.Load()) < (i+1)*5 && ctx.Err() == nil {
					time.Sleep(100 * time.Microsecond)
				}
				cancel()
			}()
		}
		run(ctx, i)
		if errors.Is(failed[i], context.Canceled) {
			w.cut.Add(1)
			failed[i] = nil
		}
	})
	run(w.t.Context(), repairRuns)
	return errors.Join(failed...)
}

// once says what was not given once, or is not in the books.
func (w *missedWorld) once() error {
	b := books(w.t, w.db)
	if b.Pending() != 0 {
		return fmt.Errorf("%s is pending", b.Pending())
	}
	given := 0
	for _, r := range w.rides {
		var booked []money.Transfer
		var repairs []money.Repair
		var now dispatch.Ride
		do(w.t, w.db, func(tx dispatch.Tx) (err error) {
			if booked, err = tx.Transfers(r.Subject()); err != nil {
				return err
			}
			if now, err = tx.Ride(r.ID); err != nil {
				return err
			}
			repairs, err = tx.RepairsOf(r.Subject())
			return err
		})
		var rider, driver money.Fen
		for _, m := range booked {
			switch {
			case m.Debit != money.PromoBudget(late):
			case m.Credit == money.Wallet(money.Party(r.Rider)):
				rider += m.Amount
			case m.Credit == money.DriverPayable(money.Party(r.Driver)):
				driver += m.Amount
			default:
				return fmt.Errorf("ride %s: given to %s", r.ID, m.Credit)
			}
		}
		given += len(repairs)
		want := money.Fen(len(repairs)) * 5_00
		if len(repairs) > 1 || rider != want || driver != want {
			return fmt.Errorf("ride %s: %d repairs gave %s and %s", r.ID, len(repairs), rider,
				driver)
		}
		if now.Subsidy.Rider != 0 || now.Subsidy.Granted() {
			return fmt.Errorf("ride %s has a subsidy of its own: %+v", r.ID, now.Subsidy)
		}
	}
	left := account(w.t, w.db, money.PromoBudget(late)).Available()
	if given != repairBudget || left != 0 {
		return fmt.Errorf("%d rides were given for, %s is left of a budget for %d", given, left,
			repairBudget)
	}
	return w.claimed()
}

// claimed asks the sponsor for the day of the repair.
func (w *missedWorld) claimed() error {
	day := money.CityDay{Day: "2013-12-09", From: noon, To: after(86_400)}
	made, err := money.Cashier{Store: w.db}.Claim(w.t.Context(), string(city),
		[]money.CityDay{day}, after(90_000))
	if err != nil || len(made) != 1 || made[0].Amount != repairBudget*10_00 {
		return fmt.Errorf("claimed %+v (%w)", made, err)
	}
	return nil
}

// repairRefused: a dry run says what a run then does, and writes nothing; again there is nothing
// left to give. A campaign that has ended, and a window that is too long, are refused.
func repairRefused(t *testing.T, db Database) {
	w := newMissedWorld(t, db)
	desk := NewDesk(t, db)
	run := func(change func(*dispatch.RepairCampaign)) (dispatch.Repaired, error) {
		c := w.repairing()
		change(&c)
		return desk.RepairCampaign(t.Context(), later, c,
			func(dispatch.Repaired) error { return nil })
	}
	want := dispatch.Repaired{
		Of: missedRides, Rides: missedRides, Given: repairBudget, Rider: repairBudget * 5_00,
		Driver: repairBudget * 5_00, Riders: repairBudget, Drivers: repairBudget,
		Refused: map[money.SubsidyReason]int{
			money.SubsidyBudget: missedRides - repairBudget,
		},
	}
	for _, dry := range []bool{true, true, false} {
		got, err := run(func(c *dispatch.RepairCampaign) { c.DryRun = dry })
		check(t, err)
		equal(t, fmt.Sprint("dry: ", dry), got, want)
	}
	check(t, w.once())
	got, err := run(func(*dispatch.RepairCampaign) {})
	check(t, err)
	equal(t, "again", got, dispatch.Repaired{
		Of: missedRides, Rides: missedRides, Refused: map[money.SubsidyReason]int{
			money.SubsidyRepaired: repairBudget, money.SubsidyBudget: missedRides - repairBudget,
		},
	})
	_, err = run(func(c *dispatch.RepairCampaign) { c.To = after(32 * 86_400) })
	wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
	_, err = run(func(c *dispatch.RepairCampaign) { c.Campaign = "none" })
	wantError(t, err, dispatch.Invalid, dispatch.ReasonCampaign)
	c := campaign(late, 1)
	_, err = money.Cashier{Store: db}.End(t.Context(), c, "end", later())
	check(t, err)
	_, err = run(func(*dispatch.RepairCampaign) {})
	wantError(t, err, dispatch.Invalid, dispatch.ReasonCampaign)
}
