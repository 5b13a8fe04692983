package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
	NotifyURL  string        `koanf:"notify-url"`
	NotifyKey  string        `koanf:"notify-key"`
	DrainFor   time.Duration `koanf:"drain-for"`
	LogLevel   string        `koanf:"log-level"`
	Sandbox    bool          `koanf:"sandbox"`
	ClockEpoch string        `koanf:"clock-epoch"`
	ClockRate  float64       `koanf:"clock-rate"`

	only dispatch.Cities // instead of Cities and CityFiles; nil: those
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
	{"notify-url", "", "`URL` to which events of rides are sent"},
	{"notify-key", "", "`file` with the secret that signs them"},
	{"drain-for", 10 * time.Second, "time that sessions have to leave at the end"},
	{"log-level", "info", "debug, info, warn or error"},
	{"sandbox", false, "a city to try things in: money from nowhere, a clock that may run faster"},
	{"clock-epoch", "", "city `time` at the first start (RFC 3339; with --sandbox; default now)"},
	{"clock-rate", 1.0, "city seconds in a second, 0.1 to 100 (with --sandbox)"},
}

// envPrefix begins every environment variable: HEXHAIL_GRPC_ADDR.
const envPrefix = "HEXHAIL_"

// bindSettings makes a flag of each key.
func bindSettings(f *pflag.FlagSet) {
	f.SortFlags = false
	f.String("config", "", "configuration `file` (YAML or JSON) with the keys below")
	for _, s := range settings {
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

// readConfig takes defaults, then the file, then the environment, then the flags, each over the one
// before. An unknown key of the file, or a value that cannot be, is an error that names it.
func readConfig(flags *pflag.FlagSet, environ []string) (config, origin, error) {
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
			if !known(key) {
				return config{}, nil, &usageError{fmt.Errorf("%s: unknown key %q", name, key)}
			}
			from[key] = name
		}
		if err := all.Merge(k); err != nil {
			return config{}, nil, err
		}
	}
	var c config
	if err := all.Unmarshal("", &c); err != nil {
		return config{}, nil, &usageError{fmt.Errorf("configuration: %w", err)}
	}
	if err := c.check(); err != nil {
		return config{}, nil, err
	}
	return c, from, nil
}

func known(key string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return s.key == key })
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

func (c *config) check() error {
	bad := func(key, limit string) error {
		return &usageError{fmt.Errorf("%s must be %s", key, limit)}
	}
	for key, addr := range map[string]string{"grpc-addr": c.GRPCAddr, "http-addr": c.HTTPAddr} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return bad(key, "host:port, not "+addr)
		}
	}
	switch {
	case c.DataDir == "":
		return bad("data-dir", "a folder")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return bad("tls-cert and tls-key", "given together")
	case (c.NATSCert == "") != (c.NATSKey == ""):
		return bad("nats-cert and nats-key", "given together")
	case c.FrameEvery < 0 || c.FrameEvery > time.Second:
		return bad("frame-every", "0 to 1s")
	case c.DrainFor < 0 || c.DrainFor > 5*time.Minute:
		return bad("drain-for", "0 to 5m")
	case c.RatePerS < 1 || c.RatePerS > 100_000:
		return bad("rate-per-s", "1 to 100000")
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel):
		return bad("log-level", "debug, info, warn or error")
	case !(c.ClockRate >= 0.1 && c.ClockRate <= 100):
		return bad("clock-rate", "0.1 to 100")
	case !c.Sandbox && (c.ClockRate != 1 || c.ClockEpoch != ""):
		return bad("clock-rate and clock-epoch", "left alone without --sandbox")
	case (c.NotifyURL == "") != (c.NotifyKey == ""):
		return bad("notify-url and notify-key", "given together")
	}
	if c.ClockEpoch != "" {
		if _, err := time.Parse(time.RFC3339, c.ClockEpoch); err != nil {
			return bad("clock-epoch", "a time like 2013-12-20T08:00:00+08:00")
		}
	}
	if c.Store == "" {
		c.Store = "sqlite:" + filepath.Join(c.DataDir, "hexhail.db")
	}
	if c.TokenKey == "" {
		c.TokenKey = filepath.Join(c.DataDir, "token.key")
	}
	return nil
}

// cities loads the cities that the configuration names.
func (c *config) cities() (dispatch.Cities, error) {
	if c.only != nil {
		return c.only, nil
	}
	cities := dispatch.Cities{}
	for _, id := range words(c.Cities) {
		city, err := dispatch.LoadCity(dispatch.CityID(id))
		if err != nil {
			return nil, &usageError{fmt.Errorf("cities: %w", err)}
		}
		cities[city.ID] = city
	}
	for _, path := range words(c.CityFiles) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("city-files: %w", err)
		}
		city, err := dispatch.ParseCity(path, data)
		if err != nil {
			return nil, &usageError{err}
		}
		cities[city.ID] = city
	}
	if len(cities) == 0 {
		return nil, &usageError{fmt.Errorf("cities must be one or more of %s",
			strings.Join(dispatch.CityNames(), ", "))}
	}
	return cities, nil
}

// words splits a list with commas.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// show is a value as check-config prints it: secrets in URLs are masked.
func show(key string, value any) string {
	text := fmt.Sprint(value)
	if key == "store" || key == "nats" || key == "notify-url" {
		if u, err := url.Parse(text); err == nil && u.User != nil {
			return u.Redacted()
		}
	}
	return text
}
