package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// Report is what a run tells. Its JSON has these names in this order, numbers that are not whole
// rounded to three decimals (the shares, from 0 to 1, to five), and the same bytes for the
// same configuration, but for wall_s and fixes_per_s.
type Report struct {
	Mode     Mode          `json:"mode"`
	Policy   dispatch.Mode `json:"policy"`
	Seed     uint64        `json:"seed"`
	Fleet    int           `json:"fleet"`    // taxis
	Requests int           `json:"requests"` // riders who asked or hailed
	Claimed  int           `json:"claimed"`  // rides claimed at least once
	// Completed rides were driven to their end; Settled ones are paid as well.
	Completed int `json:"completed"`
	Settled   int `json:"settled"`
	Expired   int `json:"expired"` // nobody took them
	Cancelled int `json:"cancelled"`
	NoShow    int `json:"no_show"`
	// OutsideGraph counts requests farther than 500 m from the road graph.
	OutsideGraph int         `json:"outside_graph"`
	ServiceRate  float64     `json:"service_rate"` // completed ÷ requests
	WithinGraph  WithinGraph `json:"within_graph"`
	MatchS       Spread      `json:"match_s"`   // request to last claim
	PickupS      Spread      `json:"pickup_s"`  // last claim to arrival
	ArrivalS     Spread      `json:"arrival_s"` // request to last arrival
	WaitS        Spread      `json:"wait_s"`    // request to last boarding
	PickupM      Spread      `json:"pickup_m"`  // driven from last claim to arrival
	EmptyKM      float64     `json:"empty_km"`  // driven without a rider
	LoadedKM     float64     `json:"loaded_km"`
	Utilisation  float64     `json:"utilisation"` // time with a rider ÷ time on duty
	// DoubleClaims is counted from what the simulated riders and drivers were told.
	DoubleClaims int       `json:"double_claims"`
	BooksClose   bool      `json:"books_close"` // all of Books
	Books        Books     `json:"books"`
	FaresFen     money.Fen `json:"fares_fen"` // all completed rides
	CashFen      money.Fen `json:"cash_fen"`
	PaidFen      money.Fen `json:"paid_fen"` // by riders in the app
	// ChannelsFen is what of it went through external channels, and not out of wallets.
	ChannelsFen      money.Fen `json:"channels_fen,omitempty"`
	SubsidyRiderFen  money.Fen `json:"subsidy_rider_fen"`
	SubsidyDriverFen money.Fen `json:"subsidy_driver_fen"`
	PendingFen       money.Fen `json:"pending_fen"`
	BudgetLeftFen    money.Fen `json:"budget_left_fen"`
	DriverPayableFen money.Fen `json:"driver_payable_fen"`
	WalletsFen       money.Fen `json:"wallets_fen"`
	Fixes            int       `json:"fixes"`
	FixesPerS        float64   `json:"fixes_per_s"` // of wall time
	WallS            float64   `json:"wall_s"`
	Offers           int       `json:"offers"`           // that reached a driver's phone
	Declined         int       `json:"declined"`         // of them, by their drivers
	Called           int       `json:"called,omitempty"` // calls that a driver thought about
	// Forward counts rides that a driver took for after the one that they were at.
	Forward int `json:"forward,omitempty"`
	// Refused counts commands that the city refused, by command and reason.
	Refused    map[string]int `json:"refused"`
	Released   int            `json:"released"`    // claims given back by their drivers
	BrokenDown int            `json:"broken_down"` // loaded legs that ended halfway
	// CutShort is a run that was ended from outside. Its rides and payments stand where they stood,
	// so that money may be pending.
	CutShort bool `json:"cut_short"`
	// Acceptance is of a run with --accept-model only; nil otherwise.
	Acceptance *AcceptanceFigures `json:"acceptance,omitempty"`
	// Habits are of a run with --behaviour only; nil otherwise.
	Habits *HabitFigures `json:"habits,omitempty"`
	// Brushing is of a run in which somebody brushes, or in which a subsidy was held.
	Brushing *BrushFigures `json:"brushing,omitempty"`
	// LiveFigures are of a live run only; nil otherwise.
	*LiveFigures
}

// WithinGraph are the figures of the requests within 500 m of the road graph; of all where there is
// none. Taxis that drive to the others do so across country, at a pace that nobody has measured.
type WithinGraph struct {
	Requests    int     `json:"requests"`
	Completed   int     `json:"completed"`
	ServiceRate float64 `json:"service_rate"` // completed ÷ requests
	ArrivalS    Spread  `json:"arrival_s"`    // request to last arrival
	WaitS       Spread  `json:"wait_s"`       // request to last boarding
}

// LiveFigures are what only a live run can tell.
type LiveFigures struct {
	Speedup float64 `json:"speedup"` // city seconds in a second of the machine
	LagS    Lag     `json:"lag_s"`
	// FixesRefused counts fixes that the server refused, by reason.
	FixesRefused map[string]int `json:"fixes_refused"`
	FixesUnsent  int            `json:"fixes_unsent"` // of phones that were cut off
	Reconnects   int            `json:"reconnects"`   // streams that were connected again
	// MovedS is by how many seconds the demand was moved to where the city's clock was.
	MovedS float64 `json:"moved_s"`
}

// summary writes what only a live run has.
func (f *LiveFigures) summary(w io.Writer) error {
	if f == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "live       %gx, lag %.2f s p99, %.2f s max; %s, "+
		"%s refused, %d unsent\n", f.Speedup, f.LagS.P99, f.LagS.Max,
		dispatch.Plural(f.Reconnects, "1 reconnect", "%d reconnects"),
		dispatch.Plural(f.refused(), "1 fix", "%d fixes"), f.FixesUnsent)
	return err
}

func (f *LiveFigures) refused() (sum int) {
	for _, n := range f.FixesRefused {
		sum += n
	}
	return sum
}

// Books are the checks of a run's accounts; each is true when it holds.
type Books struct {
	AccountsReplay bool `json:"accounts_replay"` // every account replays to its balance
	NoPending      bool `json:"no_pending"`      // no pending transfer is left
	Budget         bool `json:"budget"`          // left = cap − subsidies posted
	Rides          bool `json:"rides"`           // per app ride fare + tip = paid + rider subsidy
	DriverPayable  bool `json:"driver_payable"`  // = paid + rider and driver subsidies
	Wallets        bool `json:"wallets"`         // = funded − paid out of them
	Channels       bool `json:"channels"`        // external ones hold what was paid, less fees
	Sponsor        bool `json:"sponsor"`         // what the sponsor owes = cap
	Cash           bool `json:"cash"`            // cash rides have no transfer
}

// Close reports whether all of them hold.
func (b Books) Close() bool { return len(b.Open()) == 0 }

// Open are the names of the checks that do not hold, as in the JSON.
func (b Books) Open() []string {
	var open []string
	for _, check := range []struct {
		name  string
		holds bool
	}{
		{"accounts_replay", b.AccountsReplay},
		{"no_pending", b.NoPending},
		{"budget", b.Budget},
		{"rides", b.Rides},
		{"driver_payable", b.DriverPayable},
		{"wallets", b.Wallets},
		{"channels", b.Channels},
		{"sponsor", b.Sponsor},
		{"cash", b.Cash},
	} {
		if !check.holds {
			open = append(open, check.name)
		}
	}
	return open
}

// Wrong are the names of the checks that do not hold and should: a run that was cut short may have
// money pending.
func (r Report) Wrong() []string {
	return slices.DeleteFunc(r.Books.Open(), func(name string) bool {
		return r.CutShort && name == "no_pending"
	})
}

// Spread is how a measured figure is spread.
type Spread struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
}

// SpreadOf computes a spread exactly: a percentile p is the least sample that at least p % of the
// samples do not exceed (nearest rank). The order of the samples does not matter, not even to the
// last bit of the mean. Without samples all is 0.
func SpreadOf(samples []float64) Spread {
	n := len(samples)
	if n == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	sum := 0.0
	for _, s := range sorted {
		sum += s
	}
	rank := func(percent int) float64 { return sorted[(n*percent+99)/100-1] }
	return Spread{Mean: sum / float64(n), P50: rank(50), P90: rank(90), P99: rank(99)}
}

func (s Spread) rounded() Spread {
	return Spread{rounded(s.Mean), rounded(s.P50), rounded(s.P90), rounded(s.P99)}
}

func rounded(v float64) float64 { return math.Round(v*1000) / 1000 }

// Derive fills in what follows from the rest: the service rates, BooksClose.
func (r *Report) Derive() {
	r.ServiceRate = share(r.Completed, r.Requests)
	r.WithinGraph.ServiceRate = share(r.WithinGraph.Completed, r.WithinGraph.Requests)
	r.BooksClose = r.Books.Close()
}

// share is a part of a whole; 0 of nothing.
func share(part, whole int) float64 { return float64(part) / float64(max(1, whole)) }

// Wall fills in how long the run took by the machine's clock, and the fixes a second.
func (r *Report) Wall(took time.Duration) {
	r.WallS, r.FixesPerS = took.Seconds(), 0
	if took > 0 {
		r.FixesPerS = float64(r.Fixes) / r.WallS
	}
}

// MarshalJSON rounds and writes no map as null.
func (r Report) MarshalJSON() ([]byte, error) {
	type plain Report // without this method
	for _, v := range []*float64{&r.ServiceRate, &r.WithinGraph.ServiceRate, &r.Utilisation} {
		*v = math.Round(*v*1e5) / 1e5
	}
	for _, v := range []*float64{&r.EmptyKM, &r.LoadedKM, &r.FixesPerS, &r.WallS} {
		*v = rounded(*v)
	}
	for _, s := range []*Spread{
		&r.MatchS, &r.PickupS, &r.ArrivalS, &r.WaitS, &r.PickupM,
		&r.WithinGraph.ArrivalS, &r.WithinGraph.WaitS,
	} {
		*s = s.rounded()
	}
	if r.Acceptance != nil {
		r.Acceptance = r.Acceptance.rounded()
	}
	r.Habits = r.Habits.rounded()
	if r.LiveFigures != nil {
		f := *r.LiveFigures
		f.LagS = Lag{P99: rounded(f.LagS.P99), Max: rounded(f.LagS.Max)}
		r.LiveFigures = &f
	}
	if r.Refused == nil {
		r.Refused = map[string]int{}
	}
	return json.Marshal(plain(r))
}

// Write writes the report as JSON, indented, with a newline at the end.
func (r Report) Write(w io.Writer) error { return writeJSON(w, r) }

// Summary writes the report for people: some lines, the last of them with wall_s and fixes_per_s.
func (r Report) Summary(w io.Writer) error {
	books := "close"
	switch wrong := r.Wrong(); {
	case len(wrong) > 0:
		books = "do NOT close: " + strings.Join(wrong, ", ")
	case r.CutShort:
		books = fmt.Sprintf("cut short: %s yuan pending", r.PendingFen)
	}
	_, err := fmt.Fprintf(w, `%s, %s, seed %d: %d taxis, %d requests
rides      %d completed (%.1f %%), %d settled, %d expired, %d cancelled, %d no-show
wait       %.0f s mean, %.0f p50, %.0f p90, %.0f p99; match %.0f s, pickup %.0f s, %.0f m
taxis      %.0f km loaded, %.0f km empty, %.1f %% of the time on duty with a rider
claims     %d rides claimed, %d offers, %d given back, %d broken down, %d double claims
money      %s yuan fares: %s paid in the app, %s cash
subsidies  %s yuan to riders, %s to drivers; %s left of the budget
books      %s; %s yuan owed to drivers, %s in wallets
`,
		r.Mode, r.Policy, r.Seed, r.Fleet, r.Requests,
		r.Completed, 100*r.ServiceRate, r.Settled, r.Expired, r.Cancelled, r.NoShow,
		r.WaitS.Mean, r.WaitS.P50, r.WaitS.P90, r.WaitS.P99, r.MatchS.Mean, r.PickupS.Mean,
		r.PickupM.Mean, r.LoadedKM, r.EmptyKM, 100*r.Utilisation,
		r.Claimed, r.Offers, r.Released, r.BrokenDown, r.DoubleClaims,
		r.FaresFen, r.PaidFen, r.CashFen,
		r.SubsidyRiderFen, r.SubsidyDriverFen, r.BudgetLeftFen,
		books, r.DriverPayableFen, r.WalletsFen)
	if err != nil {
		return err
	}
	if err := errors.Join(r.Acceptance.summary(w), r.Habits.summary(w),
		r.Brushing.summary(w), r.summary(w)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "wall_s=%.3f fixes_per_s=%.0f fixes=%d\n",
		r.WallS, r.FixesPerS, r.Fixes)
	return err
}
