package sim

import (
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// countRiders fills in what riders were told, and how their rides ended.
func (c *crowd) countRiders(r *Report, rides []dispatch.Ride) {
	o := c.do
	r.Mode, r.Policy = o.Mode, c.city.PolicyAt(c.first).Mode
	r.Seed, r.Fleet = o.Seed, len(c.drivers)
	r.Requests, r.OutsideGraph = c.tally.requests, c.tally.outside
	r.DoubleClaims, r.Offers, r.Called = c.tally.doubles, c.tally.offers, c.tally.called
	r.Declined, r.Forward = c.tally.declined, c.tally.forward
	r.Refused = c.tally.refused
	r.Fixes = c.tally.fixes
	r.Released, r.BrokenDown = c.tally.released, c.tally.brokenDown
	if o.AcceptModel {
		r.Acceptance = c.tally.guesses.figures()
	}
	var match, pickup, metres []float64
	var all, within waits
	for i := range c.riders {
		p := &c.riders[i]
		if p.claims == 0 {
			continue
		}
		r.Claimed++
		if p.street || p.will.lead > 0 {
			continue // nobody searched, or not from when they asked
		}
		match = append(match, p.claimedAt.Sub(p.askedAt).Seconds())
		if p.arrivedAt.Before(p.claimedAt) {
			continue
		}
		pickup = append(pickup, p.arrivedAt.Sub(p.claimedAt).Seconds())
		metres = append(metres, p.pickupM)
		all.add(p)
		if !p.outside {
			within.add(p)
		}
	}
	r.MatchS, r.PickupS, r.PickupM = SpreadOf(match), SpreadOf(pickup), SpreadOf(metres)
	r.ArrivalS, r.WaitS = SpreadOf(all.arrival), SpreadOf(all.boarding)
	in := &r.WithinGraph
	in.ArrivalS, in.WaitS = SpreadOf(within.arrival), SpreadOf(within.boarding)
	in.Requests = r.Requests - r.OutsideGraph
	for i := range rides {
		was := r.Completed
		r.count(rides[i])
		if who, ok := c.byRide[rides[i].ID]; ok && !c.riders[who].outside {
			in.Completed += r.Completed - was
		}
	}
	c.countHabits(r, rides)
	r.Derive()
}

// waits are how long riders to whom a taxi has come have waited, in seconds from their request.
type waits struct{ arrival, boarding []float64 }

func (w *waits) add(p *rider) {
	w.arrival = append(w.arrival, p.arrivedAt.Sub(p.askedAt).Seconds())
	if !p.boardedAt.IsZero() {
		w.boarding = append(w.boarding, p.boardedAt.Sub(p.askedAt).Seconds())
	}
}

func (r *Report) count(ride dispatch.Ride) {
	switch ride.State {
	case dispatch.Settled:
		r.Completed++
		r.Settled++
	case dispatch.Completed:
		r.Completed++
	case dispatch.Expired:
		r.Expired++
	case dispatch.Cancelled:
		r.Cancelled++
	case dispatch.NoShow:
		r.NoShow++
	default: // the run was ended early
	}
}

// countDrivers fills in what the taxis drove.
func (c *crowd) countDrivers(r *Report) {
	var emptyM, loadedM, tripS, dutyS float64
	for i := range c.drivers {
		d := &c.drivers[i]
		emptyM += d.emptyM
		loadedM += d.loadedM
		tripS += d.tripS
		dutyS += d.dutyS
		if !d.onAt.IsZero() {
			dutyS += c.within(d.onAt, c.now)
		}
	}
	r.EmptyKM, r.LoadedKM = emptyM/1000, loadedM/1000
	if dutyS > 0 {
		r.Utilisation = tripS / dutyS
	}
}

// countMoney fills in the sums of the ledger, and whether they fit the rides.
func (c *crowd) countMoney(
	r *Report, rides []dispatch.Ride, byRide map[money.Subject]*booked, books ledger,
) {
	perRide, noCash, held := true, true, money.Fen(0)
	for i := range rides {
		ride := &rides[i]
		b := byRide[ride.Subject()]
		if b == nil {
			b = &booked{}
		}
		r.PaidFen += b.paid
		r.ChannelsFen += b.outside
		r.SubsidyRiderFen += b.riderSubsidy
		r.SubsidyDriverFen += b.driverSub
		if ride.CompletedAt.IsZero() {
			perRide = perRide && cancelCloses(ride, b)
			continue
		}
		owed := ride.Fare.Total() + ride.Tip + ride.Booking.Fee
		r.FaresFen += ride.Fare.Total()
		switch {
		case ride.State != dispatch.Settled: // the run was ended early
			perRide = perRide && b.paid+b.riderSubsidy+b.driverSub == 0
		case ride.PayBy == money.Cash:
			r.CashFen += owed
			noCash = noCash && b.paid+b.riderSubsidy+b.driverSub == 0
		case ride.Subsidy.Held && b.held > 0: // for somebody to decide on
			held += b.held
			perRide = perRide && owed == b.paid+ride.Subsidy.Rider &&
				b.held == ride.Subsidy.Rider+ride.Subsidy.Driver && b.riderSubsidy+b.driverSub == 0
		default:
			perRide = perRide && owed == b.paid+b.riderSubsidy && b.driverSub == ride.Subsidy.Driver
		}
		c.brushed.count(c, ride, b)
	}
	r.Brushing = c.brushed.figures(c.do)
	r.PendingFen = books.pending
	r.BudgetLeftFen = books.balance(money.PromoBudget(campaignID).Class())
	r.DriverPayableFen = books.balance(money.DriverPayable("").Class())
	r.WalletsFen = books.balance(money.Wallet("").Class())
	channels := books.balance(money.ChannelClearing("").Class()) +
		books.balance(money.FeeExpense("").Class())
	sponsored := -books.balance(money.SponsorReceivable(sponsor).Class())
	r.Books = Books{
		AccountsReplay: books.sound,
		NoPending:      r.PendingFen == held,
		Budget:         r.BudgetLeftFen == c.tally.sponsored-r.SubsidyRiderFen-r.SubsidyDriverFen,
		Rides:          perRide,
		DriverPayable:  r.DriverPayableFen == r.PaidFen+r.SubsidyRiderFen+r.SubsidyDriverFen,
		Wallets:        r.WalletsFen == c.tally.funded-(r.PaidFen-r.ChannelsFen),
		Channels: channels == -r.ChannelsFen &&
			books.balance(money.SuspenseDuplicate.Class()) == 0,
		Sponsor: sponsored == c.tally.sponsored,
		Cash:    noCash,
	}
	r.BooksClose = r.Books.Close()
}

// cancelCloses reports whether the ledger of a ride that nobody drove is right: nothing, or the fee
// of a late cancel, if the wallet held it.
func cancelCloses(ride *dispatch.Ride, b *booked) bool {
	return b.transfers == 0 || ride.CancelFee > 0 && b.paid == ride.CancelFee
}

// tick is the city at a glance, for the progress line.
func (c *crowd) tick() Tick {
	t := Tick{
		Now: c.now.In(c.city.Zone), OpenRides: c.open, Claims: len(c.tally.told),
		Subsidies: c.tally.subsidies,
	}
	t.Done = float64(c.tally.requests-c.open) / float64(len(c.trips))
	for i := range c.drivers {
		switch c.drivers[i].phase {
		case idle:
			t.Idle++
		case toPickup:
			t.ToPickup++
		case atPickup:
			t.AtPickup++
		case onTrip, atEnd:
			t.OnTrip++
		case offDuty:
			t.Off++
		}
	}
	if c.tally.boarded > 0 {
		t.MeanWait = c.tally.waited / time.Duration(c.tally.boarded)
	}
	return t
}
