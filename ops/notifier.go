package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"hexhail/dispatch"
)

// NotifierConfig is one receiver of webhooks. A receiver that is slow or dead holds up nobody but
// itself, as each has a Notifier of its own. The zero of a limit is its default.
type NotifierConfig struct {
	URL       string // https
	AllowHTTP bool   // for tests and for receivers on the same machine
	KeyID     string // of the secret; goes with every event
	Secret    []byte // at least MinSecretBytes

	Timeout      time.Duration // of a try, 5 s
	Tries        int           // until an event is parked, 17: about an hour
	FirstRetry   time.Duration // after the first try, 1 s; twice as much after each further one
	LongestRetry time.Duration // 10 min
	Queue        int           // events that wait at most, 1,024; Deliver waits beyond it
	Workers      int           // tries at a time, 8

	// Transport is how tries are sent; nil is a transport of the notifier's own.
	Transport http.RoundTripper
	// Parked hears of an event that was given up, with the error of its last try. May be nil.
	Parked  func(e dispatch.Event, err error)
	Metrics *Metrics
	Log     *slog.Logger
}

// MinSecretBytes is the length of HMAC-SHA256's output: a shorter secret is easier to guess than
// the signature.
const MinSecretBytes = 32

func (c NotifierConfig) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "":
		return errors.New("webhook: the URL must be absolute")
	case u.Scheme != "https" && (u.Scheme != "http" || !c.AllowHTTP):
		return fmt.Errorf("webhook: %s must be https, or plain http be allowed", u.Redacted())
	case c.KeyID == "":
		return errors.New("webhook: the key needs an id")
	case len(c.Secret) < MinSecretBytes:
		return fmt.Errorf("webhook: the secret must have at least %d bytes", MinSecretBytes)
	case c.Metrics == nil || c.Log == nil:
		return errors.New("webhook: metrics and log must be given")
	case c.Timeout < 0 || c.Tries < 0 || c.FirstRetry < 0 || c.LongestRetry < 0 ||
		c.Queue < 0 || c.Workers < 0:
		return errors.New("webhook: no limit may be below 0")
	default:
		return nil
	}
}

// WithDefaults is the config with the defaults of limits that are 0.
func (c NotifierConfig) WithDefaults() NotifierConfig {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&c.Timeout, 5*time.Second)
	set(&c.FirstRetry, time.Second)
	set(&c.LongestRetry, 10*time.Minute)
	for _, n := range []struct {
		at *int
		to int
	}{{&c.Tries, 17}, {&c.Queue, 1024}, {&c.Workers, 8}} {
		if *n.at == 0 {
			*n.at = n.to
		}
	}
	return c
}

// Notifier sends ride events to one receiver, at least once, those of a ride one after the other in
// the order in which they came. What fails is tried again with growing pauses and at last parked:
// counted, logged, given to Parked; then the ride's next event goes on, and its version shows the
// gap.
type Notifier struct {
	config NotifierConfig
	client *http.Client
	room   chan struct{}        // one for each event that waits
	ready  chan dispatch.RideID // whose first event can be tried; each ride at most once
	ended  chan struct{}        // closed when Run has ended

	mu    sync.Mutex
	rides map[dispatch.RideID][]*delivery // in order; the first is ready, tried or pausing
}

// delivery is an event on its way.
type delivery struct {
	event dispatch.Event
	body  []byte
	tries int
	done  func()
}

// NewNotifier makes a notifier; Run makes it work. An error names what of the config cannot be.
func NewNotifier(c NotifierConfig) (*Notifier, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c = c.WithDefaults()
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: c.Workers,
			MaxConnsPerHost: c.Workers, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		}
	}
	return &Notifier{
		config: c,
		client: &http.Client{
			Transport: c.Transport, Timeout: c.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // what is signed for one host goes to no other
			},
		},
		room:  make(chan struct{}, c.Queue),
		ready: make(chan dispatch.RideID, c.Queue),
		ended: make(chan struct{}),
		rides: make(map[dispatch.RideID][]*delivery),
	}, nil
}

// ErrNotifierEnded is Deliver's after Run has ended.
var ErrNotifierEnded = errors.New("webhook: the notifier has ended")

// Run sends what Deliver is given until ctx ends. It is called once.
func (n *Notifier) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range n.config.Workers {
		workers.Go(func() { n.work(ctx) })
	}
	<-ctx.Done()
	close(n.ended)
	workers.Wait()
	n.client.CloseIdleConnections()
	return nil
}

// Deliver hands over events and returns nil when each of them is delivered or parked: until then
// their source keeps them. It waits while the queue is full. An error means that some may not have
// been sent, and that all are to be given again: the context's, or ErrNotifierEnded. It may be
// called side by side.
func (n *Notifier) Deliver(ctx context.Context, events []dispatch.Event) error {
	if len(events) == 0 {
		return nil
	}
	settled, left := make(chan struct{}), atomic.Int64{}
	left.Store(int64(len(events)))
	done := func() {
		if left.Add(-1) == 0 {
			close(settled)
		}
	}
	for _, e := range events {
		body, err := hookBody(e)
		if err != nil {
			return err
		}
		select {
		case n.room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		case <-n.ended:
			return ErrNotifierEnded
		}
		n.enqueue(&delivery{event: e, body: body, done: done})
	}
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.ended:
		return ErrNotifierEnded
	}
}

func (n *Notifier) enqueue(d *delivery) {
	n.config.Metrics.hooks.waiting.Inc()
	n.mu.Lock()
	defer n.mu.Unlock()
	queue := append(n.rides[d.event.Ride], d)
	n.rides[d.event.Ride] = queue
	if len(queue) == 1 {
		n.ready <- d.event.Ride // never waits: it has room for as many rides as there are events
	}
}

func (n *Notifier) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case ride := <-n.ready:
			n.mu.Lock()
			d := n.rides[ride][0]
			n.mu.Unlock()
			n.try(ctx, d)
		}
	}
}

// try sends an event once, and says what comes next.
func (n *Notifier) try(ctx context.Context, d *delivery) {
	counts := &n.config.Metrics.hooks
	began := time.Now()
	err := n.post(ctx, d)
	counts.tried(time.Since(began))
	d.tries++
	switch {
	case err == nil:
		counts.delivered.Inc()
	case ctx.Err() != nil:
		return // nobody works any more: who waits in Deliver is told
	case d.tries < n.config.Tries:
		counts.retried.Inc()
		time.AfterFunc(n.pause(d.tries), func() { n.ready <- d.event.Ride })
		return
	default:
		counts.parked.Inc()
		n.config.Log.WarnContext(ctx, "event parked",
			"event", string(d.event.ID), "tries", d.tries, "error", err)
		if n.config.Parked != nil {
			n.config.Parked(d.event, err)
		}
	}
	n.settle(d)
}

// settle lets the next event of the ride come.
func (n *Notifier) settle(d *delivery) {
	n.mu.Lock()
	ride := d.event.Ride
	if rest := n.rides[ride][1:]; len(rest) > 0 {
		n.rides[ride] = rest
		n.ready <- ride
	} else {
		delete(n.rides, ride)
	}
	n.mu.Unlock()
	n.config.Metrics.hooks.waiting.Dec()
	<-n.room
	d.done()
}

// pause is how long to wait after so many tries: twice as long each time up to the longest. Half of
// it is left to chance, so that a receiver who comes back is not met by all at once.
func (n *Notifier) pause(tries int) time.Duration {
	pause := n.config.LongestRetry
	if tries < 32 {
		pause = min(pause, n.config.FirstRetry<<(tries-1))
	}
	return pause/2 + time.Duration(rand.Int64N(int64(pause/2)+1))
}

// maxAnswerBytes of an answer are read, so that its connection can be used again.
const maxAnswerBytes = 16 << 10

func (n *Notifier) post(ctx context.Context, d *delivery) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.config.URL,
		bytes.NewReader(d.body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	for name, value := range map[string]string{
		"Content-Type": "application/json", HookEvent: string(d.event.ID), HookTime: stamp,
		HookKey: n.config.KeyID, HookSignature: signHook(n.config.Secret, stamp, d.body),
	} {
		req.Header.Set(name, value)
	}
	res, err := n.client.Do(req)
	if err != nil {
		// The error of an URL repeats the URL, which may hold a secret of the receiver's.
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err
		}
		return err
	}
	defer func() { _ = res.Body.Close() }() // the status says it all
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswerBytes)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("webhook: the receiver answered %d", res.StatusCode)
	}
	return nil
}

// hook is the body of a webhook. Fields may be added, never renamed or taken away.
type hook struct {
	ID      string    `json:"id"`      // the same in every try
	City    string    `json:"city"`    //
	Ride    string    `json:"ride"`    //
	Version int       `json:"version"` // of the ride: +1 with every change, a gap is a missed event
	Kind    string    `json:"kind"`    // "requested", then the act: "claim", "arrive", "start", …
	At      time.Time `json:"at"`      // city time, RFC 3339
	State   string    `json:"state"`   // of the ride after it: "searching", "assigned", …
	Rider   string    `json:"rider,omitempty"`
	Driver  string    `json:"driver,omitempty"`
	Taxi    string    `json:"taxi,omitempty"`
	Reason  string    `json:"reason,omitempty"` // in whose words a ride ended, or was given back
}

func hookBody(e dispatch.Event) ([]byte, error) {
	return json.Marshal(hook{
		ID: string(e.ID), City: string(e.City), Ride: string(e.Ride), Version: e.Version,
		Kind: string(e.Kind), At: e.At, State: e.State, Rider: string(e.Rider),
		Driver: string(e.Driver), Taxi: string(e.Taxi), Reason: e.Reason,
	})
}
