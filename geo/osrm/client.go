package osrm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"golang.org/x/sync/errgroup"

	"hexhail/geo"
)

// Defaults of a Config, and its limits.
const (
	// DefaultPoints is how many places OSRM takes in one request unless it is told otherwise.
	DefaultPoints = 100
	// DefaultParallel is how many requests are on their way at once.
	DefaultParallel = 8
	maxPoints       = 1000
	maxParallel     = 64
	// MaxRequests is how many requests one call makes; the drives that need more get no answer.
	MaxRequests = 256
)

// When the breaker opens, and for how long.
const (
	failuresToOpen = 5 // of the last failuresOf requests
	failuresOf     = 10
	openFor        = 5 * time.Second
)

// Config says where the service is and how it may be used. Zero fields mean the defaults.
type Config struct {
	URL      string // of the service, http or https, without /table
	Profile  string // "driving"
	Points   int    // places in one request, 2 to 1,000
	Parallel int    // requests at once, 1 to 64
	OpenFor  time.Duration
}

// ConfigError is a field that cannot be.
type ConfigError struct{ Field, Limit string }

// Error is "osrm: field must be limit".
func (e *ConfigError) Error() string { return "osrm: " + e.Field + " must be " + e.Limit }

// Client asks one service.
type Client struct {
	base     string
	points   int
	parallel int
	http     *http.Client
	breaker  circuitbreaker.CircuitBreaker[any]

	asked, failed, spared atomic.Int64
}

// New makes a client; it does not ask yet. A *ConfigError names what cannot be.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" ||
		base.RawQuery != "" || base.Fragment != "" {
		return nil, &ConfigError{"URL", "http(s)://host[:port][/path]"}
	}
	c.Points, c.Parallel = or(c.Points, DefaultPoints), or(c.Parallel, DefaultParallel)
	c.Profile, c.OpenFor = or(c.Profile, "driving"), or(c.OpenFor, openFor)
	switch {
	case c.Points < 2 || c.Points > maxPoints:
		return nil, &ConfigError{"Points", fmt.Sprintf("2 to %d", maxPoints)}
	case c.Parallel < 1 || c.Parallel > maxParallel:
		return nil, &ConfigError{"Parallel", fmt.Sprintf("1 to %d", maxParallel)}
	case strings.ContainsAny(c.Profile, "/?#"):
		return nil, &ConfigError{"Profile", "one word"}
	}
	return &Client{
		base:   base.JoinPath("table", "v1", c.Profile).String(),
		points: c.Points, parallel: c.Parallel,
		http: &http.Client{
			Transport: &http.Transport{
				MaxConnsPerHost: c.Parallel, MaxIdleConnsPerHost: c.Parallel,
				IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // the operator has said where to ask
			},
		},
		breaker: circuitbreaker.NewBuilder[any]().
			WithFailureThresholdRatio(failuresToOpen, failuresOf).
			WithDelay(c.OpenFor).WithSuccessThreshold(1).Build(),
	}, nil
}

// or is v, or the default for the zero value.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Stats count since the start: requests made, those that failed, and those that the breaker spared
// the service; and say whether it spares the next one too.
type Stats struct {
	Asked, Failed, Spared int64
	Open                  bool
}

// Stats are the counts up to now.
func (c *Client) Stats() Stats {
	return Stats{c.asked.Load(), c.failed.Load(), c.spared.Load(), c.breaker.IsOpen()}
}

// ErrOpen is the breaker's: the service has failed too often and is left alone for a while.
var ErrOpen = errors.New("osrm: the service has failed too often and is left alone for a while")

// Times sets the time of each drive that the service can tell, with geo.SourceService. The others
// stay as they are: ends farther than snapM metres from a road, drives without a way, and all that
// has failed or was not answered when ctx ended. The first failure is the error, ErrOpen if the
// breaker is open; it is of type *Error, or ctx's.
//
// Drives near each other are asked for together, in tables of at most Config.Points places.
func (c *Client) Times(ctx context.Context, drives []geo.Estimate, snapM float64) error {
	tables := c.tables(drives)
	var asking errgroup.Group
	asking.SetLimit(c.parallel)
	for i := range tables {
		asking.Go(func() error { return c.guarded(ctx, &tables[i], drives, snapM) })
	}
	return asking.Wait()
}

// guarded asks for a table unless the breaker is open, and tells it what came of it.
func (c *Client) guarded(
	ctx context.Context, t *table, drives []geo.Estimate, snapM float64,
) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !c.breaker.TryAcquirePermit() {
		c.spared.Add(1)
		return ErrOpen
	}
	c.asked.Add(1)
	answered, err := c.ask(ctx, t)
	if err == nil {
		c.breaker.RecordSuccess()
		t.fill(answered, drives, snapM)
		return nil
	}
	// Who asked went away: that says nothing of the service. One that is being tried again must
	// have a result.
	if errors.Is(ctx.Err(), context.Canceled) && c.breaker.IsClosed() {
		return err
	}
	c.failed.Add(1)
	c.breaker.RecordFailure()
	return err
}
