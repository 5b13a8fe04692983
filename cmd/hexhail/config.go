package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"hexhail/dispatch"
	"hexhail/geo"
)

// config is what a server needs to be told. Each key is a flag, a variable of the environment and a
// key of the configuration file; settings below tells them.
type config struct {
	DataDir    string        `koanf:"data-dir"`
	GRPCAddr   string        `koanf:"grpc-addr"`
	HTTPAddr   string        `koanf:"http-addr"`
	Store      string        `koanf:"store"`
	Cities     string        `koanf:"cities"`
	CityFiles  string        `koanf:"city-files"`
	Roads      string        `koanf:"roads"`
	TableURL   string        `koanf:"table-url"`
	NATS       string        `koanf:"nats"`
	NATSCreds  string        `koanf:"nats-creds"`
	NATSCA     string        `koanf:"nats-ca"`
	NATSCert   string        `koanf:"nats-cert"`
	NATSKey    string        `koanf:"nats-key"`
	TLSCert    string        `koanf:"tls-cert"`
	TLSKey     string        `koanf:"tls-key"`
	TokenKey   string        `koanf:"token-key"`
	FrameEvery time.Duration `koanf:"frame-every"`
	Reflection bool          `koanf:"reflection"`
	RatePerS   float64       `koanf:"rate-per-s"`
	Channels   string        `koanf:"channels"`
	FlightsURL string        `koanf:"flights-url"`
	NotifyURL  string        `koanf:"notify-url"`
	NotifyKey  string        `koanf:"notify-key"`
	DrainFor   time.Duration `koanf:"drain-for"`
	KeepDays   float64       `koanf:"keep-days"`
	LogLevel   string        `koanf:"log-level"`
	Sandbox    bool          `koanf:"sandbox"`
	ClockEpoch string        `koanf:"clock-epoch"`
	ClockRate  float64       `koanf:"clock-rate"`

	only dispatch.Cities // instead of Cities and CityFiles; nil: those
	// onlyRoads are every city's instead of Roads; nil: those.
	onlyRoads *geo.Roads
}

// setting is one key: its default and what it is for.
type setting struct {
	key   string
	value any // the default
	help  string
}

var settings = []setting{
	{"data-dir", "data", "`folder` of what the server keeps: database, keys, messages, clock"},
	{"grpc-addr", ":7070", "`address` for apps and back ends"},
	{"http-addr", ":7080", "`address` for metrics and health"},
	{"store", "", "database `URL`: sqlite:PATH or postgres://… (default DATA-DIR/hexhail.db)"},
	{"cities", "beijing", "cities that come with hexhail, by `ids` with commas"},
	{"city-files", "", "further city `files`, with commas"},
	{"roads", "", "road graphs, with commas: `CITY=FILE` (OSM) or CITY=NODES+EDGES (CSV)"},
	{"table-url", "", "`URL` of a routing service that speaks OSRM's table service"},
	{"nats", "", "NATS `URL`s, with commas (default: a server in this process)"},
	{"nats-creds", "", "`file` with credentials for NATS"},
	{"nats-ca", "", "`file` with the certificates that NATS is trusted by"},
	{"nats-cert", "", "`file` with this process's certificate for NATS"},
	{"nats-key", "", "`file` with its key"},
	{"tls-cert", "", "`file` with the certificate of the gRPC address (default: no TLS)"},
	{"tls-key", "", "`file` with its key"},
	{"token-key", "", "`file` with the key that signs tokens (default DATA-DIR/token.key, made)"},
	{"frame-every", 50 * time.Millisecond, "time between two messages of positions to the engine"},
	{"reflection", true, "let clients list the services"},
	{"rate-per-s", 50.0, "calls a second that one identity may make"},
	{"channels", "", "WeChat Pay and Alipay: a `file` (docs/payments.md), standin or none" +
		" (default none, with --sandbox standin)"},
	{"flights-url", "", "`URL` of a service that tells when flights land (docs/flights.md)"},
	{"notify-url", "", "`URL` to which events of rides are sent"},
	{"notify-key", "", "`file` with the secret that signs them"},
	{"drain-for", 10 * time.Second, "time that sessions have to leave at the end"},
	{"keep-days", 180.0, "days for which traces, round logs and channels' notices are kept"},
	{"log-level", "info", "debug, info, warn or error"},
	{"sandbox", false, "a city to try things in: money from nowhere, a clock that may run faster"},
	{"clock-epoch", "", "city `time` at the first start (RFC 3339; with --sandbox; default now)"},
	{"clock-rate", 1.0, "city seconds in a second, 0.1 to 100 (with --sandbox)"},
}

// envPrefix begins every environment variable: HEXHAIL_GRPC_ADDR.
const envPrefix = "HEXHAIL_"

// bindSettings makes a flag of each key, or of some.
func bindSettings(f *pflag.FlagSet, some ...string) {
	f.SortFlags = false
	f.String("config", "", "configuration `file` (YAML or JSON) with the keys of serve")
	for _, s := range settings {
		if len(some) > 0 && !slices.Contains(some, s.key) {
			continue
		}
		switch v := s.value.(type) {
		case string:
			f.String(s.key, v, s.help)
		case bool:
			f.Bool(s.key, v, s.help)
		case float64:
			f.Float64(s.key, v, s.help)
		case time.Duration:
			f.Duration(s.key, v, s.help)
		}
	}
}

// origin says where the value of each key comes from.
type origin map[string]string

// readConfig is what serve runs by. A value that cannot be is an error that names its key.
func readConfig(flags *pflag.FlagSet, environ []string) (config, origin, error) {
	c, from, err := mergeConfig(flags, environ)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return config{}, nil, err
	}
	return c, from, nil
}

// mergeConfig takes defaults, then the file, then the environment, then the flags, each over the
// one before. It is enough for commands that look at a server and are not it: they need not know
// the flags that it was started with. Errors: an unknown key of the file, a value of another type.
func mergeConfig(flags *pflag.FlagSet, environ []string) (config, origin, error) {
	all, from := koanf.New("."), origin{}
	layers := []func() (string, *koanf.Koanf, error){
		defaults,
		func() (string, *koanf.Koanf, error) { return fromFile(flags, environ) },
		func() (string, *koanf.Koanf, error) { return fromEnvironment(environ) },
		func() (string, *koanf.Koanf, error) { return fromFlags(flags) },
	}
	for _, layer := range layers {
		name, k, err := layer()
		if err != nil {
			return config{}, nil, err
		}
		for _, key := range k.Keys() {
			value, err := settingValue(key, k.Get(key))
			if err == nil {
				err = all.Set(key, value)
			}
			if err != nil {
				return config{}, nil, &usageError{fmt.Errorf("%s: %w", name, err)}
			}
			from[key] = name
		}
	}
	var c config
	if err := all.Unmarshal("", &c); err != nil {
		return config{}, nil, &usageError{fmt.Errorf("configuration: %w", err)}
	}
	c.fill()
	return c, from, nil
}

func known(key string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return s.key == key })
}

// settingValue is what a layer gives for a key, in the type of the key's default. Lists are taken
// for what has commas. A time needs its unit: "3" may be seconds to who writes it.
func settingValue(key string, given any) (any, error) {
	at := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
	if at < 0 {
		return nil, fmt.Errorf("unknown key %q", key)
	}
	text, isText := given.(string)
	switch settings[at].value.(type) {
	case time.Duration:
		if d, ok := given.(time.Duration); ok {
			return d, nil
		}
		if d, err := time.ParseDuration(text); isText && err == nil {
			return d, nil
		}
		return nil, fmt.Errorf("%s must be a time with its unit (50ms, 10s), not %v", key, given)
	case bool:
		if b, err := strconv.ParseBool(fmt.Sprint(given)); err == nil {
			return b, nil
		}
		return nil, fmt.Errorf("%s must be true or false, not %v", key, given)
	case float64:
		if f, err := strconv.ParseFloat(fmt.Sprint(given), 64); err == nil {
			return f, nil
		}
		return nil, fmt.Errorf("%s must be a number, not %v", key, given)
	default:
		return textValue(key, given)
	}
}

// textValue is never told in an error: it may be a secret.
func textValue(key string, given any) (any, error) {
	switch v := given.(type) {
	case string:
		return v, nil
	case time.Time: // as YAML reads one
		return v.Format(time.RFC3339), nil
	case []any:
		list := make([]string, len(v))
		for i := range v {
			word, ok := v[i].(string)
			if !ok || !slices.Contains([]string{"cities", "city-files", "nats"}, key) {
				return nil, fmt.Errorf("%s must be a text, not a list of %d", key, len(v))
			}
			list[i] = word
		}
		return strings.Join(list, ","), nil
	default:
		return nil, fmt.Errorf("%s must be a text (in quotes, if it is a number)", key)
	}
}

func defaults() (string, *koanf.Koanf, error) {
	k, values := koanf.New("."), map[string]any{}
	for _, s := range settings {
		values[s.key] = s.value
	}
	return "default", k, k.Load(confmap.Provider(values, "."), nil)
}

func fromFile(flags *pflag.FlagSet, environ []string) (string, *koanf.Koanf, error) {
	path, err := flags.GetString("config")
	k := koanf.New(".")
	if err != nil {
		return "", k, err
	}
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, envPrefix+"CONFIG="); ok && path == "" {
			path = value
		}
	}
	if path == "" {
		return "", k, nil
	}
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return path, k, fmt.Errorf("configuration file %s: %w", path, err)
	}
	return path, k, nil
}

func fromEnvironment(environ []string) (string, *koanf.Koanf, error) {
	k := koanf.New(".")
	provider := env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			name = strings.ToLower(strings.TrimPrefix(name, envPrefix))
			if name = strings.ReplaceAll(name, "_", "-"); !known(name) {
				return "", nil // others than settings have the prefix too
			}
			return name, value
		},
	})
	return "environment", k, k.Load(provider, nil)
}

func fromFlags(flags *pflag.FlagSet) (string, *koanf.Koanf, error) {
	k, given := koanf.New("."), pflag.NewFlagSet("given", pflag.ContinueOnError)
	flags.Visit(func(f *pflag.Flag) {
		if known(f.Name) {
			given.AddFlag(f)
		}
	})
	return "flag", k, k.Load(posflag.Provider(given, ".", k), nil)
}
