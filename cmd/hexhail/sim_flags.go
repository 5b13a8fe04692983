package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/sim"
)

// yuan is an amount of money as a flag: "500", "0.5".
type yuan money.Fen

// String is the amount in yuan.
func (y *yuan) String() string { return money.Fen(*y).String() }

// Type is the flag's placeholder in the help.
func (y *yuan) Type() string { return "yuan" }

// Set reads an amount in yuan.
func (y *yuan) Set(s string) error {
	v, err := money.ParseYuan(s)
	if err == nil {
		*y = yuan(v)
	}
	return err
}

// bindFlags makes the flags of o; its values are the defaults. Their limits are sim.Options'.
func bindFlags(f *pflag.FlagSet, o *sim.Options) {
	f.SortFlags = false
	f.StringVar((*string)(&o.Mode), "mode", string(o.Mode),
		"virtual: a virtual clock, no network; live: phones that talk to a server")
	f.StringVar((*string)(&o.Hints), "hints", string(o.Hints),
		"deliver, or drop the messages that only save time")
	f.StringVar((*string)(&o.City), "city", string(o.City),
		"city (default beijing, or replay-nyc with --trips)")
	f.StringVar(&o.Trips, "trips", o.Trips,
		"CSV `file` of requests, may be gzip (default: the model)")
	f.StringVar(&o.Taxis, "taxis", o.Taxis, "CSV `file` of taxis, may be gzip")
	f.IntVar(&o.Fleet, "fleet", o.Fleet,
		"taxis drawn from the file (default all, each at its time), or in the model (default 3000)")
	f.StringVar(&o.Roads, "roads", o.Roads,
		"OpenStreetMap `file` of roads, XML or PBF, may be gzip")
	f.StringVar(&o.RoadsNodes, "roads-nodes", o.RoadsNodes, "CSV `file` of the road graph's nodes")
	f.StringVar(&o.RoadsEdges, "roads-edges", o.RoadsEdges, "CSV `file` of the road graph's edges")
	f.StringVar(&o.RoadsColumn, "roads-column", o.RoadsColumn,
		"`column` of travel times in seconds (default the only travel_time_s…)")
	f.StringVar((*string)(&o.Policy), "policy", string(o.Policy), strings.Join(modes(), ", "))
	f.StringVar(&o.PolicyFile, "policy-file", o.PolicyFile,
		"JSON `file` with keys of a policy; they go over the city's and these flags")
	f.BoolVar(&o.EngineRoads, "engine-roads", o.EngineRoads,
		"the engine times pickups by the roads too (default: by what it has learned)")
	f.DurationVar(&o.Round, "round", o.Round, "time between two rounds; 0 is at once")
	f.DurationVar(&o.MaxPickup, "max-pickup", o.MaxPickup, "longest estimated way to a pickup")
	f.DurationVar(&o.Patience, "patience", o.Patience, "after which an unclaimed ride expires")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "of all that is drawn: the same seed replays a run")
	f.StringVar(&o.Start, "start", o.Start, "`time` at which the model begins")
	f.IntVar(&o.Requests, "requests", o.Requests, "the model's in its mean hour")
	f.DurationVar(&o.Duration, "duration", o.Duration,
		"of demand; 0 is all of the file, or 1h of the model (default 0)")
	f.StringVar(&o.Report, "report", o.Report,
		"`file` for the JSON report; - is the standard output")
	f.StringVar(&o.Addr, "addr", o.Addr, "live: a server's `host:port` (default: one of its own)")
	f.StringVar(&o.Key, "key", o.Key, "with --addr: `file` with the key that signs tokens")
	f.StringVar(&o.Phone, "phone", o.Phone,
		"with --addr: `URL` of the payers' phone of the channels' stand-ins (see hexhail standin)")
	f.Float64Var(&o.Speedup, "speedup", o.Speedup,
		"live without --addr: city seconds in a second, 1 to 100")
	f.StringVar(&o.GRPCAddr, "grpc-addr", o.GRPCAddr, "live without --addr: where to serve apps")
	f.StringVar(&o.HTTPAddr, "http-addr", o.HTTPAddr, "live without --addr: where to serve metrics")
	bindBehaviour(f, o)
}

func bindBehaviour(f *pflag.FlagSet, o *sim.Options) {
	f.Float64Var(&o.CancelAfter, "cancel-after", o.CancelAfter,
		"share of riders who cancel when the taxi is 5m later than quoted")
	f.Float64Var(&o.Accept, "accept", o.Accept, "share of offers that drivers accept")
	f.BoolVar(&o.AcceptModel, "accept-model", o.AcceptModel,
		"drivers decide on each offer by pickup, ride and taste, instead of by a share")
	f.DurationVar(&o.Answer, "answer", o.Answer, "mean time until a driver answers, at least 1s")
	f.DurationVar(&o.Boarding, "boarding", o.Boarding, "time from arrival to departure")
	f.DurationVar(&o.Alighting, "alighting", o.Alighting,
		"time from the destination to the next ride")
	f.Float64Var(&o.Cash, "cash", o.Cash, "share of riders who pay by hand")
	f.Float64Var(&o.WeChat, "wechat", o.WeChat, "live: share of riders who pay by WeChat Pay")
	f.Float64Var(&o.Alipay, "alipay", o.Alipay, "live: share of riders who pay by Alipay")
	f.DurationVar(&o.FixEvery, "fix-every", o.FixEvery, "time between two positions of a taxi")
	f.Float64Var(&o.Street, "street", o.Street, "share of riders who hail at the kerb")
	f.Float64Var(&o.Release, "release", o.Release,
		"share of claims that drivers give back before they arrive")
	f.Float64Var(&o.BreakDown, "break-down", o.BreakDown,
		"share of loaded legs on which the taxi breaks down halfway")
	f.Float64Var(&o.NoShow, "no-show", o.NoShow,
		"share of riders who do not come to the taxi")
	f.StringVar(&o.BehaviourFile, "behaviour", o.BehaviourFile,
		"JSON `file` of what some people do besides: book, complain, … (docs/behaviour.json)")
	f.Var((*yuan)(&o.RiderBalance), "rider-balance", "in each rider's wallet at first")
	f.Var((*yuan)(&o.Budget), "budget", "of the launch campaign")
}

// modes are the names of the ways to find a taxi.
func modes() []string {
	var names []string
	for _, m := range dispatch.Modes() {
		names = append(names, string(m))
	}
	return names
}

// completeFlags tells the shell which words a flag knows.
func completeFlags(cmd *cobra.Command) error {
	for flag, words := range map[string][]string{
		"mode":   {string(sim.ModeVirtual), string(sim.ModeLive)},
		"hints":  {string(sim.HintsDeliver), string(sim.HintsDrop)},
		"policy": modes(),
		"city":   dispatch.CityNames(),
	} {
		fixed := cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
		if err := cmd.RegisterFlagCompletionFunc(flag, fixed); err != nil {
			return err
		}
	}
	return nil
}
