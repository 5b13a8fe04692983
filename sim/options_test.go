package sim

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

func TestTheDefaultsAreAllowed(t *testing.T) {
	o := DefaultOptions()
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	if o.CityID() != "beijing" || o.DropHints() {
		t.Errorf("city %s, drop %v", o.CityID(), o.DropHints())
	}
	o.Trips, o.Taxis = "t.csv", "c.csv"
	if err := o.Check(); err != nil || o.CityID() != "replay-nyc" {
		t.Errorf("with trips: city %s, %v", o.CityID(), err)
	}
	o.City, o.Hints = "chengdu", HintsDrop
	if err := o.Check(); err != nil || o.CityID() != "chengdu" || !o.DropHints() {
		t.Errorf("city %s, drop %v, %v", o.CityID(), o.DropHints(), err)
	}
}

// badFlag is a flag with a value that it may not have, and what the error says of its limit.
type badFlag struct {
	flag, limit string
	set         func(o *Options)
}

func TestBadFlagsAreNamedWithTheirLimit(t *testing.T) {
	for _, c := range []badFlag{
		{"mode", `virtual or live, not "real"`, func(o *Options) { o.Mode = "real" }},
		{"addr", "with --mode live only", func(o *Options) { o.Addr = "a:1" }},
		{"addr", "host:port", func(o *Options) { o.Mode, o.Addr, o.Key = ModeLive, "a", "k" }},
		{"key", "with --addr only", func(o *Options) { o.Mode, o.Key = ModeLive, "k" }},
		{"key", "with --addr:", func(o *Options) { o.Mode, o.Addr = ModeLive, "a:1" }},
		{"hints", "deliver", func(o *Options) { o.Mode, o.Hints = ModeLive, HintsDrop }},
		{"speedup", "1 to 100, not NaN", func(o *Options) { o.Speedup = math.NaN() }},
		{"speedup", "1 to 100, not 101", func(o *Options) { o.Speedup = 101 }},
		{"hints", `deliver or drop, not "Drop"`, func(o *Options) { o.Hints = "Drop" }},
		{"policy", `grab or hybrid or nearest, not ""`, func(o *Options) { o.Policy = "" }},
		{"city", "beijing", func(o *Options) { o.City = "atlantis" }},
		{"start", "2006-01-02 15:04", func(o *Options) { o.Start = "tomorrow" }},
		{"start", "2000 to 2099", func(o *Options) { o.Start = "1999-12-31 23:59" }},
		{"taxis", "--trips", func(o *Options) { o.Trips = "x" }},
		{"trips", "--taxis", func(o *Options) { o.Taxis = "x" }},
		{"roads-edges", "--roads-nodes", func(o *Options) { o.RoadsNodes = "x" }},
		{"roads-nodes", "--roads-edges", func(o *Options) { o.RoadsEdges = "x" }},
		{"roads", "--engine-roads", func(o *Options) { o.EngineRoads = true }},
		{"roads-nodes", "--roads", func(o *Options) {
			o.Roads, o.RoadsNodes, o.RoadsEdges = "x", "x", "x"
		}},
		{"engine-roads", "--addr", func(o *Options) {
			o.Mode, o.Addr, o.Key, o.Roads, o.EngineRoads = ModeLive, "a:1", "k", "x", true
		}},
		{"roads-nodes", "--roads-column", func(o *Options) { o.RoadsColumn = "x" }},
		{"accept", "1 with --accept-model, not 0.5", func(o *Options) {
			o.AcceptModel, o.Accept = true, 0.5
		}},
		{"requests", "1 to 200000, not 0", func(o *Options) { o.Requests = 0 }},
		{"requests", "200000", func(o *Options) { o.Requests = 200_001 }},
		{"fleet", "0 to 100000, not -1", func(o *Options) { o.Fleet = -1 }},
		{"fleet", "100000", func(o *Options) { o.Fleet = 100_001 }},
		{"round", "0s to 10s", func(o *Options) { o.Round = 11 * time.Second }},
		{"round", "steps of 1ms", func(o *Options) { o.Round = time.Second + 1 }},
		{"max-pickup", "1m0s to 1h0m0s", func(o *Options) { o.MaxPickup = time.Second }},
		{"patience", "10s to 1h0m0s", func(o *Options) { o.Patience = 2 * time.Hour }},
		{"duration", "24h0m0s", func(o *Options) { o.Duration = -time.Second }},
		{"answer", "1s to 2m0s", func(o *Options) { o.Answer = 0 }},
		{"boarding", "30m0s", func(o *Options) { o.Boarding = time.Hour }},
		{"alighting", "30m0s", func(o *Options) { o.Alighting = -1 }},
		{"fix-every", "1s to 30s", func(o *Options) { o.FixEvery = 0 }},
		{"accept", "0 to 1, not NaN", func(o *Options) { o.Accept = math.NaN() }},
		{"cancel-after", "0 to 1, not 1.5", func(o *Options) { o.CancelAfter = 1.5 }},
		{"cash", "0 to 1", func(o *Options) { o.Cash = -0.1 }},
		{"release", "0 to 1", func(o *Options) { o.Release = 1.1 }},
		{"break-down", "0 to 1", func(o *Options) { o.BreakDown = -1 }},
		{"no-show", "0 to 1", func(o *Options) { o.NoShow = math.NaN() }},
		{"street", "0 to 1", func(o *Options) { o.Street = math.Inf(1) }},
		{"rider-balance", "0.00 to 100000.00 yuan", func(o *Options) { o.RiderBalance = -1 }},
		{"budget", "1.00 to", func(o *Options) { o.Budget = 0 }},
		{"budget", "yuan", func(o *Options) { o.Budget = money.MaxCampaignCap + 1 }},
	} {
		c.named(t)
	}
}

// named checks that the error names the flag and its limit.
func (c badFlag) named(t *testing.T) {
	t.Helper()
	o := DefaultOptions()
	c.set(&o)
	err := o.Check()
	var bad *OptionError
	if !errors.As(err, &bad) || bad.Flag != c.flag || !strings.Contains(bad.Limit, c.limit) {
		t.Errorf("--%s: got %v, want %q in it", c.flag, err, c.limit)
		return
	}
	if !strings.HasPrefix(err.Error(), "--"+c.flag+" must be ") {
		t.Errorf("--%s: %v", c.flag, err)
	}
}

func TestBadFlagsOfChannelsAreNamed(t *testing.T) {
	for _, c := range []badFlag{
		{"wechat", "0 to 1", func(o *Options) { o.Mode, o.WeChat = ModeLive, -0.1 }},
		{"cash + wechat + alipay", "0 to 1, not 1.2", func(o *Options) {
			o.Mode, o.WeChat, o.Alipay = ModeLive, 0.5, 0.5
		}},
		{"wechat and --alipay", "--mode live", func(o *Options) { o.Alipay = 0.1 }},
		{"phone", "--addr only", func(o *Options) { o.Mode, o.Phone = ModeLive, "http://a" }},
		{"phone", "http(s)://", func(o *Options) {
			o.Mode, o.Alipay, o.Addr, o.Key, o.Phone = ModeLive, 0.1, "a:1", "key", "a:2"
		}},
	} {
		c.named(t)
	}
}

// Whatever Check allows, the city's policy must allow as well.
func TestAllowedFlagsMakeAnAllowedPolicy(t *testing.T) {
	for _, set := range []func(o *Options){
		func(*Options) {},
		func(o *Options) {
			o.Round, o.MaxPickup, o.Patience = 20*time.Millisecond, time.Minute, 10*time.Second
		},
		func(o *Options) {
			o.Round, o.MaxPickup, o.Patience = 10*time.Second, time.Hour, time.Hour
		},
		func(o *Options) { o.Policy = dispatch.Nearest },
	} {
		o := DefaultOptions()
		set(&o)
		if err := o.Check(); err != nil {
			t.Fatal(err)
		}
		p := o.Apply(dispatch.DefaultPolicy())
		if err := p.Check(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
		if p.Mode != o.Policy || p.Round() != o.Round || p.MaxPickup() != o.MaxPickup ||
			p.Search() != o.Patience || p.Candidates != dispatch.DefaultPolicy().Candidates {
			t.Errorf("policy %+v of %+v", p, o)
		}
	}
}

func TestStartIsInTheCitysTime(t *testing.T) {
	at, err := DefaultOptions().StartIn(beijing(t))
	if err != nil || at.UTC().Format(time.RFC3339) != "2014-02-26T09:00:00Z" ||
		at.Weekday() != time.Wednesday {
		t.Errorf("%v, %v", at, err)
	}
}
