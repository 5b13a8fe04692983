package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// stage is a place of the funnel that rides go through.
type stage int

// The stages, in the order of a ride.
const (
	stageRequested stage = iota
	stageOffered
	stageClaimed
	stageReleased
	stageArrived
	stageNoShow
	stageStarted
	stageBroken
	stageCompleted
	stageAsked
	stageContested
	stageResolved
	stageSettled
	stageCancelled
	stageExpired
	stageBooked
	stageDropped
	stageSetOut
	stageFellOut
	stageHandedOver
	stages
)

var stageNames = [stages]string{
	"requested", "offered", "claimed", "released", "arrived", "no_show", "started", "broken_down",
	"completed", "fare_asked", "fare_contested", "fare_resolved", "settled", "cancelled", "expired",
	"booked", "dropped", "set_out", "fell_out", "handed_over",
}

// acted says to which stage an act leads; −1 is none.
var acted = [...]stage{
	0: stageRequested,

	dispatch.ActCancel: stageCancelled, dispatch.ActClaim: stageClaimed,
	dispatch.ActRelease: stageReleased, dispatch.ActArrive: stageArrived,
	dispatch.ActNoShow: stageNoShow, dispatch.ActStart: stageStarted,
	dispatch.ActBreak: stageBroken, dispatch.ActComplete: stageCompleted,
	dispatch.ActConfirm: -1, dispatch.ActContest: stageContested, dispatch.ActSettle: -1,
	dispatch.ActExpire: stageExpired, dispatch.ActTip: -1, dispatch.ActRate: -1,
	dispatch.ActPayBy: -1, dispatch.ActResolve: stageResolved,

	dispatch.ActBook: stageBooked, dispatch.ActDrop: stageDropped,
	dispatch.ActSetOut: stageSetOut, dispatch.ActFallOut: stageFellOut,
	dispatch.ActRemind: -1, dispatch.ActMove: -1, dispatch.ActDue: -1,
	dispatch.ActPromote:  -1,
	dispatch.ActComplain: -1, dispatch.ActContestComplaint: -1, dispatch.ActDecideComplaint: -1,
	dispatch.ActPassOn:   -1,
	dispatch.ActHandOver: -1, dispatch.ActWithdrawHandOver: -1,
	dispatch.ActTakeOver: stageHandedOver,
	dispatch.ActWinDraw:  -1, dispatch.ActCorrect: -1, dispatch.ActRepair: -1,
}

// outcomes of offers, indexed by their state; an open one has just been made.
var outcomes = [...]string{
	dispatch.OfferOpen: "made", dispatch.OfferAccepted: "accepted",
	dispatch.OfferDeclined: "declined", dispatch.OfferSilent: "silent",
	dispatch.OfferExpired: "expired", dispatch.OfferWithdrawn: "withdrawn",
}

// callOutcomes are of calls, likewise.
var callOutcomes = [...]string{
	dispatch.CallOpen: "made", dispatch.CallGrabbed: "grabbed",
	dispatch.CallExpired: "expired", dispatch.CallWithdrawn: "withdrawn",
}

// cityMetrics are a city's counters, looked up once.
type cityMetrics struct {
	hailed, street, booked [stages]prometheus.Counter

	offers      [len(outcomes)]prometheus.Counter
	calls       [len(callOutcomes)]prometheus.Counter
	calledTaxis prometheus.Observer

	offerSeconds, offerMeters            prometheus.Observer
	match, pickup, wait, boarding, drive prometheus.Observer
	late                                 prometheus.Observer
	quoted, overQuoted                   prometheus.Observer

	fares, cash, tips, riderSubsidies, driverSubsidies prometheus.Counter
	held                                               prometheus.Counter
	subsidiesRefused                                   *prometheus.CounterVec // by reason
	drawDays                                           *prometheus.CounterVec // by state
	lots, won                                          prometheus.Counter

	taken, notTaken prometheus.Counter
	chances, errors prometheus.Counter

	rounds         prometheus.Counter
	pairs          [geo.Sources]prometheus.Counter
	roundSeconds   prometheus.Observer
	waiting, idle  prometheus.Gauge
	quotes, nobody prometheus.Counter
}

// rideVectors are the same of all cities.
type rideVectors struct {
	rides, offers, fares, cash, tips, subsidies *prometheus.CounterVec
	held, subsidiesRefused                      *prometheus.CounterVec
	drawDays, lots, won                         *prometheus.CounterVec
	calls                                       *prometheus.CounterVec
	calledTaxis                                 *prometheus.HistogramVec
	rounds, pairs, quotes                       *prometheus.CounterVec
	answers, chances, errors                    *prometheus.CounterVec
	waiting, idle                               *prometheus.GaugeVec
	offerSeconds, offerMeters, roundSeconds     *prometheus.HistogramVec
	match, pickup, wait, boarding, drive, late  *prometheus.HistogramVec
	quoted, overQuoted                          *prometheus.HistogramVec
}

// rides registers what concerns rides, and looks it up for each city.
func (m *Metrics) rides(f *factory, cities []dispatch.CityID) {
	v := newRideVectors(f)
	m.refused = f.counters("hexhail_commands_refused_total",
		"Commands on rides that failed.", "command", "reason")
	m.cities = make(map[dispatch.CityID]*cityMetrics, len(cities))
	for _, id := range cities {
		m.cities[id] = v.city(string(id))
	}
	m.elsewhere = v.city(other)
}

func newRideVectors(f *factory) *rideVectors {
	seconds := func(name, help string) *prometheus.HistogramVec {
		return f.histograms(name, help, waitSeconds, "city")
	}
	fen := func(name, help string) *prometheus.CounterVec { return f.counters(name, help, "city") }
	return &rideVectors{
		rides: f.counters("hexhail_rides_total",
			"Rides that came to a stage of the funnel, anew after a re-search.",
			"city", "kind", "act"),
		offers: f.counters("hexhail_offers_total", "Offers made, and how they ended.",
			"city", "outcome"),
		calls: f.counters("hexhail_calls_total", "Calls made, and how they ended.",
			"city", "outcome"),
		calledTaxis: f.histograms("hexhail_called_taxis",
			"Taxis that a call reaches when it is made.",
			prometheus.ExponentialBuckets(1, 2, 10), "city"),
		offerSeconds: seconds("hexhail_offer_pickup_seconds",
			"Estimated time of the way to the pickup, of offers as they are made."),
		offerMeters: f.histograms("hexhail_offer_pickup_meters",
			"Estimated way to the pickup, of offers as they are made.",
			prometheus.ExponentialBuckets(50, 2, 10), "city"),
		match: seconds("hexhail_match_seconds",
			"From request to claim, of rides found a taxi by their first search."),
		pickup: seconds("hexhail_pickup_seconds", "From claim to arrival at the pickup."),
		wait:   seconds("hexhail_wait_seconds", "From request to boarding, of hailed rides."),
		boarding: seconds("hexhail_boarding_seconds",
			"From the taxi's arrival to boarding, of hailed rides."),
		late: seconds("hexhail_booked_late_seconds",
			"From the booked time to the taxi's arrival, 0 for one that was there before."),
		drive: seconds("hexhail_drive_seconds", "From boarding to the end of the drive."),
		quoted: seconds("hexhail_quoted_pickup_seconds",
			"Time until a taxi is there as it was quoted, of rides whose taxi has arrived."),
		overQuoted: f.histograms("hexhail_pickup_over_quoted_ratio",
			"Time from request to arrival over the quoted one.",
			[]float64{.25, .5, .75, .9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10}, "city"),
		fares: fen("hexhail_fares_fen_total", "Fares with tolls of settled rides paid in the app."),
		cash:  fen("hexhail_cash_fen_total", "Fares with tolls of settled rides paid by hand."),
		tips:  fen("hexhail_tips_fen_total", "Tips of settled rides."),
		held: f.counters("hexhail_subsidies_held_total",
			"Settled rides whose subsidy was held, as they look like brushing.", "city"),
		subsidies: f.counters("hexhail_subsidies_fen_total",
			"Subsidies of settled rides, but for those that were held.",
			"city", "side"),
		drawDays: f.counters("hexhail_draw_states_total",
			"Days of draws that came to a state.", "city", "state"),
		lots: fen("hexhail_draw_lots_total", "Rides that were listed for draws."),
		won:  fen("hexhail_draw_won_fen_total", "What draws have sent back to riders."),
		subsidiesRefused: f.counters("hexhail_subsidies_refused_total",
			"Completed rides that a campaign has not given for, or not to one side, by reason.",
			"city", "reason"),
		rounds: f.counters("hexhail_rounds_total", "Finished rounds.", "city"),
		pairs: f.counters("hexhail_round_pairs_total",
			"Pairs that rounds considered, by where their pickup time comes from.",
			"city", "source"),
		roundSeconds: f.histograms("hexhail_round_seconds", "Time of a round.",
			shortSeconds, "city"),
		waiting: f.gauges("hexhail_round_waiting_rides", "Rides in the last round.", "city"),
		idle:    f.gauges("hexhail_round_idle_taxis", "Idle taxis in the last round.", "city"),
		answers: f.counters("hexhail_acceptance_answers_total",
			"Offers that drivers took or not, of those whose chance was guessed.",
			"city", "outcome"),
		chances: f.counters("hexhail_acceptance_chance_total",
			"Sum of the guessed chances of these offers to be taken.", "city"),
		errors: f.counters("hexhail_acceptance_squared_error_total",
			"Sum of the squares by which these guesses were wrong.", "city"),
		quotes: f.counters("hexhail_quotes_total",
			"Quotes given, and whether any taxi was near.", "city", "outcome"),
	}
}

func (v *rideVectors) city(id string) *cityMetrics {
	c := &cityMetrics{
		offerSeconds: v.offerSeconds.WithLabelValues(id),
		offerMeters:  v.offerMeters.WithLabelValues(id),
		match:        v.match.WithLabelValues(id), pickup: v.pickup.WithLabelValues(id),
		wait: v.wait.WithLabelValues(id), boarding: v.boarding.WithLabelValues(id),
		drive:  v.drive.WithLabelValues(id),
		late:   v.late.WithLabelValues(id),
		quoted: v.quoted.WithLabelValues(id), overQuoted: v.overQuoted.WithLabelValues(id),
		fares: v.fares.WithLabelValues(id), cash: v.cash.WithLabelValues(id),
		tips:             v.tips.WithLabelValues(id),
		riderSubsidies:   v.subsidies.WithLabelValues(id, "rider"),
		driverSubsidies:  v.subsidies.WithLabelValues(id, "driver"),
		held:             v.held.WithLabelValues(id),
		subsidiesRefused: v.subsidiesRefused.MustCurryWith(prometheus.Labels{"city": id}),
		drawDays:         v.drawDays.MustCurryWith(prometheus.Labels{"city": id}),
		lots:             v.lots.WithLabelValues(id),
		won:              v.won.WithLabelValues(id),
		rounds:           v.rounds.WithLabelValues(id),
		roundSeconds:     v.roundSeconds.WithLabelValues(id),
		waiting:          v.waiting.WithLabelValues(id), idle: v.idle.WithLabelValues(id),
		taken:    v.answers.WithLabelValues(id, outcomes[dispatch.OfferAccepted]),
		notTaken: v.answers.WithLabelValues(id, outcomes[dispatch.OfferDeclined]),
		chances:  v.chances.WithLabelValues(id), errors: v.errors.WithLabelValues(id),
		quotes: v.quotes.WithLabelValues(id, "taxis"),
		nobody: v.quotes.WithLabelValues(id, "nobody"),
	}
	for s, name := range stageNames {
		c.hailed[s] = v.rides.WithLabelValues(id, dispatch.Hailed.String(), name)
		c.street[s] = v.rides.WithLabelValues(id, dispatch.Street.String(), name)
		c.booked[s] = v.rides.WithLabelValues(id, dispatch.BookedRide.String(), name)
	}
	for state := dispatch.OfferOpen; int(state) < len(outcomes); state++ {
		c.offers[state] = v.offers.WithLabelValues(id, outcomes[state])
	}
	for state := dispatch.CallOpen; int(state) < len(callOutcomes); state++ {
		c.calls[state] = v.calls.WithLabelValues(id, callOutcomes[state])
	}
	for s := geo.SourceLearned; s < geo.Sources; s++ {
		c.pairs[s] = v.pairs.WithLabelValues(id, s.String())
	}
	c.calledTaxis = v.calledTaxis.WithLabelValues(id)
	return c
}

func (m *Metrics) city(id dispatch.CityID) *cityMetrics {
	if c, ok := m.cities[id]; ok {
		return c
	}
	return m.elsewhere
}

// Acted implements [dispatch.Listener]: the funnel, the times between its stages, and the money of
// what is settled.
func (m *Metrics) Acted(act dispatch.ActKind, r dispatch.Ride) {
	c := m.city(r.City)
	funnel := &c.hailed
	switch r.Kind {
	case dispatch.Street:
		funnel = &c.street
	case dispatch.BookedRide:
		funnel = &c.booked
	case dispatch.Hailed:
	}
	if act >= 0 && int(act) < len(acted) && acted[act] >= 0 {
		at := acted[act]
		if act == 0 && r.State == dispatch.OnTrip { // taken at the kerb: it begins on board
			at = stageStarted
		}
		funnel[at].Inc()
	}
	c.timed(act, r)
	if act == dispatch.ActComplete && r.Fare.State == dispatch.FareAsked {
		funnel[stageAsked].Inc()
	}
	if r.State == dispatch.Settled && settles(act) {
		funnel[stageSettled].Inc()
		c.settled(r)
	}
}

// settles reports whether an act can lead to Settled: a ride that nobody owes anything for is
// settled as soon as its fare stands.
func settles(act dispatch.ActKind) bool {
	switch act {
	case dispatch.ActSettle, dispatch.ActComplete, dispatch.ActConfirm, dispatch.ActResolve:
		return true
	default:
		return false
	}
}

// timed observes the times that end with an act.
func (c *cityMetrics) timed(act dispatch.ActKind, r dispatch.Ride) {
	span := func(o prometheus.Observer, from, to time.Time) {
		o.Observe(max(0, to.Sub(from).Seconds()))
	}
	switch act {
	case dispatch.ActComplete, dispatch.ActConfirm, dispatch.ActResolve:
		for _, r := range r.Subsidy.Refused {
			c.subsidiesRefused.WithLabelValues(string(r.Reason)).Inc()
		}
	default:
	}
	switch act {
	case dispatch.ActClaim:
		c.offers[dispatch.OfferAccepted].Inc()
		if r.Search == 1 && r.Kind == dispatch.Hailed {
			span(c.match, r.RequestedAt, r.ClaimedAt)
		}
	case dispatch.ActArrive:
		span(c.pickup, r.ClaimedAt, r.ArrivedAt)
		if quoted := r.Quote.Pickup.Seconds(); quoted > 0 && r.Search == 1 {
			c.quoted.Observe(quoted)
			c.overQuoted.Observe(max(0, r.ArrivedAt.Sub(r.RequestedAt).Seconds()) / quoted)
		}
	case dispatch.ActStart:
		if r.Kind == dispatch.BookedRide {
			span(c.late, r.Booking.PickupAt, r.ArrivedAt)
			break
		}
		span(c.wait, r.RequestedAt, r.StartedAt)
		span(c.boarding, r.ArrivedAt, r.StartedAt)
	case dispatch.ActComplete:
		span(c.drive, r.StartedAt, r.CompletedAt)
	default:
	}
}

// settled counts a settled ride's money, in fen.
func (c *cityMetrics) settled(r dispatch.Ride) {
	fare := c.fares
	if r.PayBy == money.Cash || r.PayBy == "" {
		fare = c.cash
	}
	fare.Add(float64(r.Fare.Total()))
	c.tips.Add(float64(r.Tip))
	switch {
	case !r.Subsidy.Granted():
	case r.Subsidy.Held:
		c.held.Inc()
	default:
		c.riderSubsidies.Add(float64(r.Subsidy.Rider))
		c.driverSubsidies.Add(float64(r.Subsidy.Driver))
	}
}

// Offered implements [dispatch.Listener]. An accepted offer is counted as its ride is claimed.
func (m *Metrics) Offered(o dispatch.Offer) {
	c := m.city(o.City)
	if o.State < dispatch.OfferOpen || int(o.State) >= len(outcomes) ||
		o.State == dispatch.OfferAccepted {
		return
	}
	c.offers[o.State].Inc()
	if o.State != dispatch.OfferOpen {
		return
	}
	c.offerSeconds.Observe(float64(o.PickupS))
	c.offerMeters.Observe(float64(o.PickupM))
	if m.seen.first(o.Ride, o.Search) {
		c.hailed[stageOffered].Inc()
	}
}

// Called implements [dispatch.Listener].
func (m *Metrics) Called(c dispatch.Call) {
	if c.State < dispatch.CallOpen || int(c.State) >= len(callOutcomes) {
		return
	}
	at := m.city(c.City)
	at.calls[c.State].Inc()
	if c.State == dispatch.CallOpen {
		at.calledTaxis.Observe(float64(c.Taxis))
	}
}

// Answered implements [dispatch.Listener]: how good the engine's guesses are.
func (m *Metrics) Answered(a dispatch.Answer) {
	c, off := m.city(a.City), a.Chance
	if a.Accepted {
		c.taken.Inc()
		off--
	} else {
		c.notTaken.Inc()
	}
	c.chances.Add(a.Chance)
	c.errors.Add(off * off)
}

// Drew implements [dispatch.Listener].
func (m *Metrics) Drew(d dispatch.DrewDay) {
	c := m.city(dispatch.CityID(d.Day.City))
	c.lots.Add(float64(d.Lots))
	c.won.Add(float64(d.Won))
	if d.Lots == 0 && d.Won == 0 { // nothing but its state
		c.drawDays.WithLabelValues(d.Day.State.String()).Inc()
	}
}

// Refused implements [dispatch.Listener].
func (m *Metrics) Refused(command string, _ dispatch.Kind, reason dispatch.Reason) {
	m.refused.WithLabelValues(m.commands.word(command), m.reasons.word(string(reason))).Inc()
}

// Rounded implements [dispatch.Listener].
func (m *Metrics) Rounded(r dispatch.RoundStats) {
	c := m.city(r.City)
	c.rounds.Inc()
	for source, n := range r.Timed {
		if n > 0 {
			c.pairs[source].Add(float64(n))
		}
	}
	c.waiting.Set(float64(r.Waiting))
	c.idle.Set(float64(r.Idle))
}

// RoundTook is the machine time of a round, which its loop measures: the engine has no clock.
func (m *Metrics) RoundTook(city dispatch.CityID, took time.Duration) {
	m.city(city).roundSeconds.Observe(took.Seconds())
}

// Quoted implements the riders' edge's listener: an answered question for a quote.
func (m *Metrics) Quoted(city dispatch.CityID, taxis int) {
	c := m.city(city)
	if taxis == 0 {
		c.nobody.Inc()
		return
	}
	c.quotes.Inc()
}

// Watching implements the riders' edge's listener: +1 for a watch that begins, −1 for one that
// ends.
func (m *Metrics) Watching(change int) { m.watches.Add(float64(change)) }
