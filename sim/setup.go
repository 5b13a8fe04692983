package sim

import (
	"errors"
	"fmt"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// campaignID and sponsor are the launch campaign's in every simulated city.
const (
	campaignID money.CampaignID = "launch"
	sponsor    money.Party      = "sponsor"
)

// setUp makes the people, the money and the agenda.
func (v *virtual) setUp() error {
	entropy := Entropy(v.Options.Seed, "ids")
	v.epoch = v.Trips[0].At
	v.last = v.Trips[len(v.Trips)-1].At
	v.now = v.epoch
	v.polled = v.epoch
	v.desk = &dispatch.Desk{
		Cities: dispatch.Cities{v.City.ID: v.City}, Store: v.Store, Traces: v.Store, Hints: v,
		Listener: &v.tally, NewID: dispatch.IDs{Entropy: entropy}.New,
		Channels: money.Channels{
			money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: v.Store},
		},
	}
	v.makeDrivers()
	v.makeRiders()
	if err := v.people(); err != nil {
		return err
	}
	if err := v.fund(); err != nil {
		return err
	}
	var err error
	v.engine, err = dispatch.NewEngine(v.ctx, dispatch.EngineConfig{
		City: v.City, Store: v.Store, Hints: v, Listener: &v.tally, NewID: v.desk.NewID,
	}, v.now)
	if err != nil {
		return err
	}
	v.plan()
	return nil
}

func (v *virtual) makeDrivers() {
	for i, taxi := range v.Taxis {
		d := driver{
			who: int32(i), id: dispatch.DriverID("D" + taxi.ID),
			taxi:  dispatch.TaxiID("T" + taxi.ID),
			seats: taxi.Seats, pos: taxi.At, rand: Stream(v.Options.Seed, "driver", uint64(i)),
		}
		v.byID[d.id] = d.who
		v.drivers = append(v.drivers, d)
	}
}

func (v *virtual) makeRiders() {
	for i := range v.Trips {
		r := rider{
			who: int32(i), id: dispatch.RiderID(fmt.Sprintf("R%06d", i)), trip: &v.Trips[i],
			rand: Stream(v.Options.Seed, "rider", uint64(i)), payBy: money.InWallet, driver: -1,
			at: v.Trips[i].Pickup, left: v.Trips[i].Duration,
		}
		if r.rand.Float64() < v.Options.Cash {
			r.payBy = money.Cash
		}
		r.gives = r.rand.Float64() < v.Options.CancelAfter
		r.absent = happens(r.rand, v.Options.NoShow)
		v.riders = append(v.riders, r)
	}
}

// people writes riders, drivers and taxis, some hundreds in a transaction.
func (v *virtual) people() error {
	err := v.batches(len(v.riders), func(tx dispatch.Tx, i int) error {
		return tx.InsertRider(dispatch.Rider{ID: v.riders[i].id, Name: string(v.riders[i].id)})
	})
	if err != nil {
		return err
	}
	return v.batches(len(v.drivers), func(tx dispatch.Tx, i int) error {
		d := &v.drivers[i]
		return errors.Join(
			tx.InsertDriver(dispatch.Driver{ID: d.id, City: v.City.ID, Name: string(d.id)}),
			tx.InsertTaxi(dispatch.Taxi{
				ID: d.taxi, City: v.City.ID, Plate: string(d.taxi), Seats: d.seats,
			}),
		)
	})
}

// batches calls fn for 0 to n−1 in transactions of some hundreds.
func (v *virtual) batches(n int, fn func(tx dispatch.Tx, i int) error) error {
	for from := 0; from < n; from += setupBatch {
		to := min(from+setupBatch, n)
		err := v.Store.Tx(v.ctx, func(tx dispatch.Tx) error {
			for i := from; i < to; i++ {
				if err := fn(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fund launches the campaign, valid on the simulated day, and fills the riders' wallets.
func (v *virtual) fund() error {
	day := v.epoch.In(v.City.Zone)
	midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, v.City.Zone)
	cashier := money.Cashier{Store: v.Store}
	err := cashier.Launch(v.ctx, money.Campaign{
		ID: campaignID, Version: 1, City: string(v.City.ID), Sponsor: sponsor,
		Channel: money.InWallet, Rider: money.Yuan(5), Driver: money.Yuan(5),
		Cap: v.Options.Budget, StartsAt: midnight, EndsAt: midnight.AddDate(0, 0, 2),
	}, v.now)
	if err != nil || v.Options.RiderBalance == 0 {
		return err
	}
	return v.topUp(cashier)
}

func (v *virtual) topUp(cashier money.Cashier) error {
	for i := range v.riders {
		party := dispatch.RiderParty(v.riders[i].id)
		id := money.EntryID("top_up/" + string(party))
		err := cashier.TopUp(
			v.ctx, id, money.SandboxEquity, party, v.Options.RiderBalance, v.now)
		if err != nil {
			return err
		}
		v.tally.funded += v.Options.RiderBalance
	}
	return nil
}

// plan puts on the agenda what is known beforehand.
func (v *virtual) plan() {
	for i := range v.Taxis {
		at := v.Taxis[i].From
		if v.Options.Fleet > 0 || at.Before(v.epoch) {
			at = v.epoch
		}
		v.at(at, logOn, int32(i), 0)
	}
	for i := range v.Trips {
		v.at(v.Trips[i].At, request, int32(i), 0)
	}
	v.in(0, fixes, 0, 0)
	v.in(time.Second, work, 0, 0)
	v.in(time.Minute, lookAtClock, 0, 0)
	if v.Options.DropHints() {
		v.in(pollEvery, poll, 0, 0)
	}
}

// logOn begins a driver's shift.
func (v *virtual) logOn(who int32) error {
	d := &v.drivers[who]
	_, err := v.desk.SetDuty(v.ctx, v.now, d.once(v, "duty"), dispatch.SetDuty{
		Driver: d.id, Taxi: d.taxi, Duty: dispatch.OnDuty,
	})
	if err != nil {
		return err
	}
	d.phase, d.onAt = idle, v.now
	d.record(v)
	return nil
}

// fixes is every second: the taxis whose turn it is report where they are. A rhythm of whole
// seconds spreads them over it.
func (v *virtual) fixes(e entry) error {
	every := v.Options.FixEvery
	turns := int64(1)
	if every%time.Second == 0 {
		turns = int64(every / time.Second)
		every = time.Second
	}
	v.in(every, fixes, 0, 0)
	turn := e.atMS / every.Milliseconds() % turns
	v.frame = v.frame[:0]
	for i := turn; i < int64(len(v.drivers)); i += turns {
		d := &v.drivers[i]
		if d.phase == offDuty {
			continue
		}
		if r, ok := d.report(v); ok {
			v.frame = append(v.frame, r)
		}
		if len(d.trace) >= traceBatch {
			if err := d.flush(v); err != nil {
				return err
			}
		}
	}
	v.engine.Fixes(v.frame, v.now)
	return nil
}
