package flights

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"hexhail/dispatch"
)

// The limits of a question, and what happens at each.
const (
	// DefaultWithin is how long an answer may take, machine time; later it is a failure.
	DefaultWithin = 2 * time.Second
	maxWithin     = 30 * time.Second
	// MaxAnswer is how many bytes an answer may have; a longer one is a failure.
	MaxAnswer = 64 << 10
)

// When the breaker opens, and for how long.
const (
	failuresToOpen = 5 // of the last failuresOf questions
	failuresOf     = 10
	openFor        = time.Minute
)

// Config says where the service is. Zero fields mean the defaults.
type Config struct {
	URL     string        // of the service, http or https, without /flights
	Within  time.Duration // DefaultWithin; at most 30 s
	OpenFor time.Duration // how long the service is left alone after failures: a minute
}

// Client asks one service. It implements [dispatch.Flights].
type Client struct {
	base    *url.URL
	within  time.Duration
	http    *http.Client
	breaker circuitbreaker.CircuitBreaker[any]
}

var _ dispatch.Flights = (*Client)(nil)

// New makes a client; it does not ask yet. The error names what cannot be.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" ||
		base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("flights: URL must be http(s)://host[:port][/path]")
	}
	if c.Within == 0 {
		c.Within = DefaultWithin
	}
	if c.OpenFor == 0 {
		c.OpenFor = openFor
	}
	if c.Within < 0 || c.Within > maxWithin || c.OpenFor < 0 {
		return nil, fmt.Errorf(
			"flights: Within must be at most %s, OpenFor not negative", maxWithin)
	}
	return &Client{
		base: base, within: c.Within,
		http: &http.Client{
			Transport: &http.Transport{MaxConnsPerHost: 4, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // the operator has said where to ask
			},
		},
		breaker: circuitbreaker.NewBuilder[any]().
			WithFailureThresholdRatio(failuresToOpen, failuresOf).
			WithDelay(c.OpenFor).WithSuccessThreshold(1).Build(),
	}, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Landing implements [dispatch.Flights]. Errors: Unavailable if the service fails, is slow, answers
// what it should not, or is left alone after failures.
func (c *Client) Landing(
	ctx context.Context, city dispatch.CityID, f dispatch.Flight,
) (dispatch.FlightTime, bool, error) {
	if !c.breaker.TryAcquirePermit() {
		return dispatch.FlightTime{}, false, unavailable(
			"it has failed too often and is left alone for a while", nil)
	}
	asked, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	at, known, err := c.ask(asked, city, f)
	// That who asked went away says nothing of the service; but one that is being tried again must
	// have a result.
	if err != nil && ctx.Err() != nil && c.breaker.IsClosed() {
		return dispatch.FlightTime{}, false, err
	}
	if err != nil {
		c.breaker.RecordFailure()
		return dispatch.FlightTime{}, false, err
	}
	c.breaker.RecordSuccess()
	return at, known, nil
}

func unavailable(text string, cause error) error {
	return &dispatch.Error{
		Kind: dispatch.Unavailable, Reason: dispatch.ReasonFlights,
		Text: "flight service: " + text, Cause: cause,
	}
}

// answer is what the service says of a flight.
type answer struct {
	Number      string    `json:"number"`
	Day         string    `json:"day"`
	ScheduledAt time.Time `json:"scheduled_at"`
	ExpectedAt  time.Time `json:"expected_at"`
}

func (c *Client) ask(
	ctx context.Context, city dispatch.CityID, f dispatch.Flight,
) (at dispatch.FlightTime, known bool, err error) {
	to := c.base.JoinPath("flights", f.Number)
	to.RawQuery = url.Values{"day": {f.Day}, "city": {string(city)}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return at, false, unavailable("the question", err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return at, false, unavailable("no answer", err)
	}
	defer func() { _ = res.Body.Close() }() // it was read
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return at, false, unavailable("half an answer", err)
	case res.StatusCode == http.StatusNotFound:
		return at, false, nil
	case res.StatusCode != http.StatusOK:
		return at, false, unavailable(res.Status, nil)
	case len(body) > MaxAnswer:
		return at, false, unavailable(fmt.Sprintf("more than %d bytes", MaxAnswer), nil)
	}
	return read(body, f)
}

// read reads an answer about a flight. One about another flight, or with a change that no flight of
// that day has, is a failure.
func read(body []byte, f dispatch.Flight) (dispatch.FlightTime, bool, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return dispatch.FlightTime{}, false, unavailable("no JSON of a flight", err)
	}
	if a.Number != f.Number || a.Day != f.Day {
		return dispatch.FlightTime{}, false, unavailable("it tells of another flight", nil)
	}
	at := dispatch.FlightTime{Scheduled: a.ScheduledAt, Expected: a.ExpectedAt}
	if err := at.Check(); err != nil {
		return dispatch.FlightTime{}, false, unavailable("times that cannot be", err)
	}
	return at, true, nil
}
