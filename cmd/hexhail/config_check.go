package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/geo/osrm"
	"hexhail/ops"
	"hexhail/wire"
)

// leastDays is the least that keep-days may be.
const leastDays = int(dispatch.LeastRidesKept / (24 * time.Hour))

// fill gives values to those that depend on others.
func (c *config) fill() {
	if c.Store == "" {
		c.Store = "sqlite:" + filepath.Join(c.DataDir, "hexhail.db")
	}
	if c.Channels == "" {
		c.Channels = noChannels
		if c.Sandbox {
			c.Channels = standinChannels
		}
	}
	if c.TokenKey == "" {
		c.TokenKey = filepath.Join(c.DataDir, "token.key")
	}
}

// check refuses values that cannot be. Its errors name the key and the limit, and tell no value
// that may hold a secret.
func (c *config) check() error {
	for key, addr := range map[string]string{"grpc-addr": c.GRPCAddr, "http-addr": c.HTTPAddr} {
		if _, port, err := net.SplitHostPort(addr); err != nil || !isPort(port) {
			return badSetting(key, "host:port, the port 0 to 65535, not "+addr)
		}
	}
	switch {
	case c.DataDir == "":
		return badSetting("data-dir", "a folder")
	case c.Channels == standinChannels && !c.Sandbox:
		return badSetting("channels", "none or a file without --sandbox")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return badSetting("tls-cert and tls-key", "given together")
	case (c.NATSCert == "") != (c.NATSKey == ""):
		return badSetting("nats-cert and nats-key", "given together")
	case c.FrameEvery < 0 || c.FrameEvery > time.Second:
		return badSetting("frame-every", "0 to 1s")
	case c.DrainFor < 0 || c.DrainFor > 5*time.Minute:
		return badSetting("drain-for", "0 to 5m")
	case !(c.RatePerS >= 1 && c.RatePerS <= 100_000):
		return badSetting("rate-per-s", "1 to 100000")
	case !(c.KeepDays >= float64(leastDays) && c.KeepDays <= 36_500):
		return badSetting("keep-days", fmt.Sprintf("%d to 36500", leastDays))
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel):
		return badSetting("log-level", "debug, info, warn or error")
	}
	if err := c.checkClock(); err != nil {
		return err
	}
	if _, err := c.roadFiles(); err != nil {
		return err
	}
	return c.checkURLs()
}

// isPort reports whether text is a number of a port or the name of one; "" is 0, any free one.
func isPort(text string) bool {
	_, err := net.LookupPort("tcp", text)
	return err == nil
}

func badSetting(key, limit string) error {
	return &usageError{fmt.Errorf("%s must be %s", key, limit)}
}

func (c *config) checkClock() error {
	switch {
	case !(c.ClockRate >= 0.1 && c.ClockRate <= wire.MaxClockRate):
		return badSetting("clock-rate", fmt.Sprintf("0.1 to %d", wire.MaxClockRate))
	case !c.Sandbox && (c.ClockRate != 1 || c.ClockEpoch != ""):
		return badSetting("clock-rate and clock-epoch", "left alone without --sandbox")
	case c.ClockEpoch == "":
		return nil
	}
	if _, err := time.Parse(time.RFC3339, c.ClockEpoch); err != nil {
		return badSetting("clock-epoch", "a time like 2013-12-20T08:00:00+08:00")
	}
	return nil
}

// checkURLs looks at what other machines are called by.
func (c *config) checkURLs() error {
	if path, ok := strings.CutPrefix(c.Store, "sqlite:"); !ok || path == "" {
		if !isURL(c.Store, "postgres", "postgresql") {
			return badSetting("store", "sqlite:PATH or postgres://…")
		}
	}
	for _, server := range words(c.NATS) {
		if !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		if !isURL(server, "nats", "tls", "ws", "wss") {
			return badSetting("nats", "URLs like nats://host:4222, with commas")
		}
	}
	switch {
	case (c.NotifyURL == "") != (c.NotifyKey == ""):
		return badSetting("notify-url and notify-key", "given together")
	case c.NotifyURL == "" || isURL(c.NotifyURL, "https"):
		return nil
	case !isURL(c.NotifyURL, "http"):
		return badSetting("notify-url", "a URL like https://host/path")
	case !c.Sandbox:
		return badSetting("notify-url", "https://… (http://… only with --sandbox)")
	}
	return nil
}

// isURL reports whether text is a URL with one of the schemes and, but for Postgres, which may be
// at a socket, a host.
func isURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Opaque == "" && isPort(u.Port()) &&
		(u.Host != "" || strings.HasPrefix(u.Scheme, "postgres"))
}

// loaded is what the files that a configuration names hold.
type loaded struct {
	cities      dispatch.Cities
	graphs      map[dispatch.CityID]*geo.Roads // a city without has none
	tables      *osrm.Client                   // nil: no service is asked for times
	certificate *tls.Certificate               // nil: no TLS
	secret      []byte                         // of webhooks; nil: none are sent
}

// load reads the files. A server's own (key, clock, database) are not among them.
func (c *config) load() (loaded, error) {
	var l loaded
	var err error
	if l.cities, err = c.cities(); err != nil {
		return loaded{}, err
	}
	if l.graphs, err = c.graphs(l.cities); err != nil {
		return loaded{}, err
	}
	if l.tables, err = c.tables(); err != nil {
		return loaded{}, err
	}
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return loaded{}, fmt.Errorf("tls-cert and tls-key: %w", err)
		}
		l.certificate = &pair
	}
	for key, path := range map[string]string{
		"nats-creds": c.NATSCreds, "nats-ca": c.NATSCA, "nats-cert": c.NATSCert,
		"nats-key": c.NATSKey,
	} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return loaded{}, fmt.Errorf("%s: %w", key, err)
		}
	}
	if c.Channels != noChannels && c.Channels != standinChannels {
		if _, err := readChannels(c.Channels, wire.NewClock()); err != nil {
			return loaded{}, err
		}
	}
	if c.NotifyKey != "" {
		if l.secret, err = os.ReadFile(c.NotifyKey); err != nil {
			return loaded{}, fmt.Errorf("notify-key: %w", err)
		}
		if l.secret = bytes.TrimSpace(l.secret); len(l.secret) < ops.MinSecretBytes {
			return loaded{}, fmt.Errorf("notify-key: %s must hold at least %d bytes",
				c.NotifyKey, ops.MinSecretBytes)
		}
	}
	return l, nil
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
