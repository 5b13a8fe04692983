package sim

import (
	"errors"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// campaignID and sponsor are the launch campaign's in every simulated city.
const (
	campaignID money.CampaignID = "launch"
	sponsor    money.Party      = "sponsor"
)

// setUp makes the people, the money and the agenda.
func (v *virtual) setUp(taxis []Taxi) error {
	entropy := Entropy(v.do.Seed, "ids")
	v.polled = v.epoch
	v.desk = &dispatch.Desk{
		Cities: dispatch.Cities{v.city.ID: v.city}, Store: v.store, Traces: v.store, Hints: v,
		Listener: &v.tally, NewID: dispatch.IDs{Entropy: entropy}.New,
		Channels: money.Channels{
			money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: v.store},
		},
	}
	if err := v.register(); err != nil {
		return err
	}
	if err := v.fund(); err != nil {
		return err
	}
	var err error
	c := dispatch.EngineConfig{
		City: v.city, Store: v.store, Hints: v, Listener: &v.tally, NewID: v.desk.NewID,
	}
	if v.do.EngineRoads && v.world.roads != nil {
		c.Roads = geo.NewRoadTimes(v.world.roads)
	}
	v.engine, err = dispatch.NewEngine(v.ctx, c, v.now)
	if err != nil {
		return err
	}
	v.plan(taxis)
	return nil
}

// register writes riders, drivers and taxis, some hundreds in a transaction.
func (v *virtual) register() error {
	err := v.batches(len(v.riders), func(tx dispatch.Tx, i int) error {
		return tx.InsertRider(dispatch.Rider{ID: v.riders[i].id, Name: string(v.riders[i].id)})
	})
	if err != nil {
		return err
	}
	return v.batches(len(v.drivers), func(tx dispatch.Tx, i int) error {
		d := &v.drivers[i]
		return errors.Join(
			tx.InsertDriver(dispatch.Driver{ID: d.id, City: v.city.ID, Name: string(d.id)}),
			tx.InsertTaxi(dispatch.Taxi{
				ID: d.taxi, City: v.city.ID, Plate: string(d.taxi), Seats: d.seats,
			}),
		)
	})
}

// batches calls fn for 0 to n−1 in transactions of some hundreds.
func (v *virtual) batches(n int, fn func(tx dispatch.Tx, i int) error) error {
	for from := 0; from < n; from += setupBatch {
		to := min(from+setupBatch, n)
		err := v.store.Tx(v.ctx, func(tx dispatch.Tx) error {
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

// fund launches the campaign and fills the riders' wallets.
func (v *virtual) fund() error {
	cashier := money.Cashier{Store: v.store}
	v.tally.sponsored = v.do.Budget
	err := cashier.Launch(v.ctx, v.campaign(v.first), v.now)
	if err != nil || v.do.RiderBalance == 0 {
		return err
	}
	return v.topUp(cashier)
}

func (v *virtual) topUp(cashier money.Cashier) error {
	for i := range v.riders {
		party := dispatch.RiderParty(v.riders[i].id)
		id := money.EntryID("top_up/" + string(party))
		err := cashier.TopUp(v.ctx, id, money.SandboxEquity, party, v.do.RiderBalance, v.now)
		if err != nil {
			return err
		}
		v.tally.funded += v.do.RiderBalance
	}
	return nil
}

// plan puts on the agenda what is known beforehand.
func (v *virtual) plan(taxis []Taxi) {
	for i := range taxis {
		v.at(v.logOnAt(&taxis[i]), logOn, int32(i), 0)
	}
	v.planRequests()
	v.in(0, fixes, 0, 0)
	v.in(time.Second, work, 0, 0)
	v.in(time.Minute, lookAtClock, 0, 0)
	if v.do.DropHints() {
		v.in(pollEvery, poll, 0, 0)
	}
}

// fixes is every second: the taxis whose turn it is report where they are. A rhythm of whole
// seconds spreads them over it.
func (v *virtual) fixes(e entry) error {
	every := v.do.FixEvery
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
		if r, ok := v.reportOf(d); ok {
			v.frame = append(v.frame, r)
		}
		if len(d.trace) >= traceBatch {
			if err := v.flush(d); err != nil {
				return err
			}
		}
	}
	v.engine.Fixes(v.frame, v.now)
	return nil
}
