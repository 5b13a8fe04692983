package sim

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// Mode is how the simulated people reach the city.
type Mode string

// The modes.
const (
	// ModeVirtual calls the production code as functions under a virtual clock.
	ModeVirtual Mode = "virtual"
	// ModeLive is phones that talk to a server.
	ModeLive Mode = "live"
)

// MaxSpeedup is how many city seconds a second of the machine may have in a live run.
const MaxSpeedup = 100

// Hints says what becomes of the messages that only save time.
type Hints string

// The ways with hints.
const (
	// HintsDeliver brings each at once.
	HintsDeliver Hints = "deliver"
	// HintsDrop loses every one: phones and engine learn what they read in rows.
	HintsDrop Hints = "drop"
)

// The defaults of the model city.
const (
	// ModelCity is the city that runs when no file is given.
	ModelCity dispatch.CityID = "beijing"
	// ReplayCity is the city in which recorded trips run.
	ReplayCity dispatch.CityID = "replay-nyc"
	// ModelFleet is how many taxis the model has when --fleet does not say.
	ModelFleet = 3000
	// ModelDuration is how long the model has demand when --duration does not say.
	ModelDuration = time.Hour
	maxFleet      = 100_000
	// StartLayout is how --start is written, in the city's own time.
	StartLayout = "2006-01-02 15:04"
)

// Options are the flags of a run; each field tells its flag and limits. The zero value is not
// valid; [DefaultOptions] is.
type Options struct {
	Mode     Mode            // --mode: virtual or live
	Hints    Hints           // --hints: deliver or drop
	City     dispatch.CityID // --city; empty: see CityID
	Trips    string          // --trips: a CSV file; empty: the model
	Taxis    string          // --taxis: a CSV file, with --trips
	Start    string          // --start: of the model's demand, a StartLayout
	Requests int             // --requests: the model's in its mean hour, 1 to 200,000
	Fleet    int             // --fleet: taxis, 0 to 100,000; 0: the file's, or ModelFleet

	Roads       string // --roads: an OpenStreetMap file, instead of the two below
	RoadsNodes  string // --roads-nodes: a CSV file; empty: all legs are straight
	RoadsEdges  string // --roads-edges: a CSV file
	RoadsColumn string // --roads-column: of travel times in seconds; empty: the only one
	// EngineRoads: the engine times pickups by the roads too, and not by what it has learned.
	EngineRoads bool // --engine-roads, with roads, without --addr

	Policy dispatch.Mode // --policy: a mode of dispatch
	// PolicyFile is a file with keys of a policy, which go over the city's and over these flags.
	PolicyFile string // --policy-file; empty: none

	Round     time.Duration // --round: 0 (at once) to 10 s, whole milliseconds
	MaxPickup time.Duration // --max-pickup: 1 min to 1 h, whole seconds
	Patience  time.Duration // --patience: an unclaimed ride expires; 10 s to 1 h, whole seconds

	Seed     uint64        // --seed
	Duration time.Duration // --duration: of demand, 0 to 24 h; 0: all, or ModelDuration
	Report   string        // --report: a file for the JSON; "-": the standard output

	Addr     string  // --addr, live: a server's host:port; empty: one of its own
	Key      string  // --key, with --addr: the file with the key that signs tokens
	GRPCAddr string  // --grpc-addr, live without --addr: where its own server serves apps
	HTTPAddr string  // --http-addr, likewise: where it serves metrics
	Speedup  float64 // --speedup, live without --addr: city seconds in a second, 1 to MaxSpeedup
	Phone    string  // --phone, with --addr: URL of the payers' phone of the channels' stand-ins

	Behaviour
	// BehaviourFile is a file with keys of Habits, in place of those below.
	BehaviourFile string    // --behaviour; empty: none
	Budget        money.Fen // --budget: of the launch campaign, 1 yuan to money.MaxCampaignCap
}

// Behaviour is how the simulated riders and drivers act.
type Behaviour struct {
	// CancelAfter is the share of riders who cancel when the pickup is later than quoted + 5 min.
	CancelAfter float64 // --cancel-after: 0 to 1
	Accept      float64 // --accept: the share of offers that drivers accept, 0 to 1
	// AcceptModel lets each driver decide on each offer by its pickup, its ride and their own
	// taste, instead of by the share; see [taste].
	AcceptModel bool // --accept-model
	// Answer is the mean time until a driver answers; no answer comes in less than 1 s.
	Answer    time.Duration // --answer: 1 s to 2 min
	Boarding  time.Duration // --boarding: from arrival to departure, 0 to 30 min
	Alighting time.Duration // --alighting: from the end to the next ride, 0 to 30 min
	Cash      float64       // --cash: the share of riders who pay the driver by hand, 0 to 1
	// WeChat and Alipay are the shares of riders who pay through them, of stand-ins. Who is left
	// pays out of the wallet. The sponsor of the launch campaign is the channel that is used most.
	WeChat, Alipay float64       // --wechat, --alipay, live: 0 to 1, with Cash at most 1
	FixEvery       time.Duration // --fix-every: 1 to 30 s, whole milliseconds
	Street         float64       // --street: the share of riders who hail at the kerb, 0 to 1
	// Release is the share of claims that drivers give back before they arrive.
	Release float64 // --release: 0 to 1
	// BreakDown is the share of loaded legs on which the taxi breaks down halfway, for the rest of
	// the run. Street rides are spared: nobody could search for another taxi.
	BreakDown float64 // --break-down: 0 to 1
	// NoShow is the share of riders who do not come to the taxi that they asked for.
	NoShow float64 // --no-show: 0 to 1
	// RiderBalance is what every rider's wallet holds at first.
	RiderBalance money.Fen // --rider-balance: 0 to 100,000 yuan
	// Habits are what some people do besides.
	Habits // --behaviour: a file with its keys
}

// DefaultOptions are what a run does that is told nothing else.
func DefaultOptions() Options {
	return Options{
		Mode: ModeVirtual, Hints: HintsDeliver, Start: "2014-02-26 17:00", Requests: 7000,
		Policy: dispatch.Assign, Round: time.Second, MaxPickup: 15 * time.Minute,
		Patience: 5 * time.Minute, Seed: 1, Budget: money.Yuan(200_000), Speedup: 30,
		GRPCAddr: "127.0.0.1:7070", HTTPAddr: "127.0.0.1:7080",
		Behaviour: Behaviour{
			Accept: 1, Answer: 3 * time.Second, Boarding: time.Minute, Alighting: 30 * time.Second,
			Cash: 0.2, FixEvery: 4 * time.Second, RiderBalance: money.Yuan(500),
			Habits: DefaultHabits(),
		},
	}
}

// OptionError is a flag with a value that it may not have.
type OptionError struct {
	Flag  string // without the dashes
	Limit string // what it must be, and what it is
}

// Error is "--flag must be limit".
func (e *OptionError) Error() string { return "--" + e.Flag + " must be " + e.Limit }

func optionError(flag, format string, args ...any) error {
	return &OptionError{Flag: flag, Limit: fmt.Sprintf(format, args...)}
}

// Check returns an *OptionError that names the first flag out of its limits, or a *HabitError.
func (o Options) Check() error {
	for _, check := range []func() error{
		o.checkWords, o.checkLive, o.checkFiles, o.checkNumbers, o.checkTimes, o.checkShares,
		o.checkMoney,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := o.check(); err != nil {
		return err
	}
	return nil
}

func (o Options) checkWords() error {
	for _, w := range []struct {
		flag, value string
		allowed     []string
	}{
		{"mode", string(o.Mode), []string{string(ModeVirtual), string(ModeLive)}},
		{"hints", string(o.Hints), []string{string(HintsDeliver), string(HintsDrop)}},
		{"policy", string(o.Policy), modeNames()},
	} {
		if !slices.Contains(w.allowed, w.value) {
			return optionError(w.flag, "%s, not %q", strings.Join(w.allowed, " or "), w.value)
		}
	}
	if cities := dispatch.CityNames(); o.City != "" && !slices.Contains(cities, string(o.City)) {
		return optionError("city", "one of %s, not %q", strings.Join(cities, ", "), o.City)
	}
	if _, err := o.StartIn(time.UTC); err != nil {
		return err
	}
	return nil
}

func modeNames() []string {
	var names []string
	for _, m := range dispatch.Modes() {
		names = append(names, string(m))
	}
	return names
}

// checkLive checks what a live run has of its own, and what it cannot have.
func (o Options) checkLive() error {
	switch {
	case o.Mode != ModeLive && o.Addr != "":
		return optionError("addr", "given with --mode live only")
	case o.Addr == "" && o.Key != "":
		return optionError("key", "given with --addr only")
	case o.Addr != "" && o.Key == "":
		return optionError("key", "given with --addr: tokens are signed with the server's key")
	case o.Mode == ModeLive && o.DropHints():
		return optionError("hints", "%s with --mode live: the server sends them", HintsDeliver)
	case o.Mode != ModeLive && o.outside() > 0:
		return optionError("wechat and --alipay", "0 without --mode live")
	case o.Addr == "" && o.Phone != "":
		return optionError("phone", "given with --addr only")
	case o.Addr != "" && o.outside() > 0 && !isHTTP(o.Phone):
		return optionError("phone", "http(s)://… with --wechat or --alipay, not %q", o.Phone)
	case !(o.Speedup >= 1 && o.Speedup <= MaxSpeedup):
		return optionError("speedup", "1 to %d, not %v", MaxSpeedup, o.Speedup)
	}
	if _, _, err := net.SplitHostPort(o.Addr); o.Addr != "" && err != nil {
		return optionError("addr", "host:port, not %q", o.Addr)
	}
	return nil
}

// outside is the share of riders who pay through an external channel.
func (b Behaviour) outside() float64 { return b.WeChat + b.Alipay }

// sponsored is the channel whose use the launch campaign pays for.
func (b Behaviour) sponsored() money.ChannelName {
	switch {
	case b.outside() == 0:
		return money.InWallet
	case b.WeChat > b.Alipay:
		return money.WeChat
	default:
		return money.Alipay
	}
}

func isHTTP(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func (o Options) checkFiles() error {
	switch {
	case o.Trips != "" && o.Taxis == "":
		return optionError("taxis", "given with --trips")
	case o.Trips == "" && o.Taxis != "":
		return optionError("trips", "given with --taxis")
	case o.RoadsNodes != "" && o.RoadsEdges == "":
		return optionError("roads-edges", "given with --roads-nodes")
	case o.RoadsNodes == "" && o.RoadsEdges != "":
		return optionError("roads-nodes", "given with --roads-edges")
	case o.RoadsNodes == "" && o.RoadsColumn != "":
		return optionError("roads-nodes", "given with --roads-column")
	case o.Roads != "" && o.RoadsNodes != "":
		return optionError("roads-nodes", "left alone with --roads")
	case o.EngineRoads && o.Roads == "" && o.RoadsNodes == "":
		return optionError("roads", "given with --engine-roads, or the two CSV files")
	case o.EngineRoads && o.Addr != "":
		return optionError("engine-roads", "left alone with --addr: the server has its own")
	default:
		return nil
	}
}

func (o Options) checkNumbers() error {
	switch {
	case o.Requests < 1 || o.Requests > 200_000:
		return optionError("requests", "1 to 200000, not %d", o.Requests)
	case o.Fleet < 0 || o.Fleet > maxFleet:
		return optionError("fleet", "0 to %d, not %d", maxFleet, o.Fleet)
	case o.AcceptModel && o.Accept != 1:
		return optionError("accept", "1 with --accept-model, not %v", o.Accept)
	default:
		return nil
	}
}

func (o Options) checkTimes() error {
	for _, l := range []struct {
		flag                string
		value, min, max, of time.Duration
	}{
		{"round", o.Round, 0, 10 * time.Second, time.Millisecond},
		{"max-pickup", o.MaxPickup, time.Minute, time.Hour, time.Second},
		{"patience", o.Patience, 10 * time.Second, time.Hour, time.Second},
		{"duration", o.Duration, 0, 24 * time.Hour, time.Millisecond},
		{"answer", o.Answer, time.Second, 2 * time.Minute, time.Millisecond},
		{"boarding", o.Boarding, 0, 30 * time.Minute, time.Millisecond},
		{"alighting", o.Alighting, 0, 30 * time.Minute, time.Millisecond},
		{"fix-every", o.FixEvery, time.Second, 30 * time.Second, time.Millisecond},
	} {
		if l.value < l.min || l.value > l.max || l.value%l.of != 0 {
			return optionError(l.flag, "%v to %v, in steps of %v, not %v",
				l.min, l.max, l.of, l.value)
		}
	}
	return nil
}

func (o Options) checkShares() error {
	for _, l := range []struct {
		flag  string
		value float64
	}{
		{"cancel-after", o.CancelAfter},
		{"accept", o.Accept},
		{"cash", o.Cash},
		{"wechat", o.WeChat},
		{"alipay", o.Alipay},
		{"cash + wechat + alipay", o.Cash + o.outside()},
		{"street", o.Street},
		{"release", o.Release},
		{"break-down", o.BreakDown},
		{"no-show", o.NoShow},
	} {
		if math.IsNaN(l.value) || l.value < 0 || l.value > 1 {
			return optionError(l.flag, "0 to 1, not %v", l.value)
		}
	}
	return nil
}

func (o Options) checkMoney() error {
	for _, l := range []struct {
		flag            string
		value, min, max money.Fen
	}{
		{"rider-balance", o.RiderBalance, 0, money.Yuan(100_000)},
		{"budget", o.Budget, money.Yuan(1), money.MaxCampaignCap},
	} {
		if l.value < l.min || l.value > l.max {
			return optionError(l.flag, "%v to %v yuan, not %v", l.min, l.max, l.value)
		}
	}
	return nil
}

// CityID is the city of the run: as given, or ReplayCity for trips from a file and ModelCity for
// the model.
func (o Options) CityID() dispatch.CityID {
	switch {
	case o.City != "":
		return o.City
	case o.Trips != "":
		return ReplayCity
	default:
		return ModelCity
	}
}

// StartIn is the begin of the model's demand in a city's zone, or an *OptionError.
func (o Options) StartIn(zone *time.Location) (time.Time, error) {
	at, err := time.ParseInLocation(StartLayout, o.Start, zone)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return time.Time{}, optionError("start", "a time as %s from %d to %d, not %q",
			StartLayout, firstYear, lastYear, o.Start)
	}
	return at, nil
}

// Apply is a city's policy with what the flags say about it.
func (o Options) Apply(p dispatch.Policy) dispatch.Policy {
	p.Mode = o.Policy
	p.RoundMS = int(o.Round / time.Millisecond)
	p.MaxPickupS = int(o.MaxPickup / time.Second)
	p.SearchS = int(o.Patience / time.Second)
	return p
}

// DropHints reports whether the messages that only save time are lost.
func (o Options) DropHints() bool { return o.Hints == HintsDrop }
