package standin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Notice is a channel's word that is on its way to us.
type Notice struct {
	ID    string // the same when it is repeated
	Event Event
	To    string // the URL
	Fault Fault  // "" for none
	Tries int    // made so far
	DueAt time.Time
}

// Order is the number that the notice is about.
func (n Notice) Order() string {
	switch {
	case n.Event.Order != nil:
		return n.Event.Order.Number
	case n.Event.Refund != nil:
		return n.Event.Refund.Number
	case n.Event.Payout != nil:
		return n.Event.Payout.Number
	}
	return ""
}

// Courier is a channel's way to tell: one for each half.
type Courier interface {
	// Request is the HTTP request of a notice, signed at now, with the notice's fault in it.
	Request(ctx context.Context, n Notice, now time.Time) (*http.Request, error)
	// Taken reports whether an answer says that the notice need not be repeated.
	Taken(status int, body []byte) bool
	// Wait is how long after the given number of tries the next one is made; false is never.
	Wait(tries int) (time.Duration, bool)
}

// Delivery is one try to tell.
type Delivery struct {
	Notice Notice
	Status int   // of the answer
	Taken  bool  // it is not repeated
	Err    error // why there is no answer
}

const (
	// maxWaiting is how many notices wait in an outbox; further ones are lost, as if the channel
	// had given up.
	maxWaiting = 100_000
	// maxAnswer is how much of an answer to a notice is read.
	maxAnswer = 4 << 10

	copies  = 50 // of a notice that is sent too often
	senders = 16 // that send them
	lateBy  = 24 * time.Hour
)

// Outbox holds the notices that are not answered yet. See [NewOutbox].
type Outbox struct {
	client *http.Client
	script *Script

	mu      sync.Mutex
	last    int64
	waiting []letter
	held    []letter // until another one has been sent
}

type letter struct {
	Notice
	courier Courier
}

// NewOutbox makes an empty outbox. client sends; give it a time-out of 5 s, as channels have it.
func NewOutbox(client *http.Client, script *Script) *Outbox {
	return &Outbox{client: client, script: script}
}

// Put takes a notice in, due at once or as the script says; to == "" tells nobody.
func (o *Outbox) Put(c Courier, e Event, to string, now time.Time) {
	n := Notice{Event: e, To: to, DueAt: now}
	if to == "" || n.Order() == "" {
		return
	}
	n.Fault = o.script.Next(CallNotice, n.Order())
	o.mu.Lock()
	defer o.mu.Unlock()
	if n.Fault == NoticeLost || len(o.waiting)+len(o.held) >= maxWaiting {
		return
	}
	o.last++
	n.ID = "notice-" + strconv.FormatInt(o.last, 10)
	switch n.Fault {
	case NoticeLate:
		n.DueAt = now.Add(lateBy)
	case NoticeAfterNext:
		o.held = append(o.held, letter{n, c})
		return
	default:
	}
	o.waiting = append(o.waiting, letter{n, c})
}

// Waiting is how many notices are not answered yet.
func (o *Outbox) Waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting) + len(o.held)
}

// Send sends what is due at now, one after the other in the order in which it came, and tells how
// it went. What is not taken is due again when the channel says so.
func (o *Outbox) Send(ctx context.Context, now time.Time) []Delivery {
	var all []Delivery
	for ctx.Err() == nil {
		l, ok := o.take(now)
		if !ok {
			return all
		}
		made := o.deliver(ctx, l, now)
		all = append(all, made...)
		o.settle(l, made, now)
	}
	return all
}

// Sending sends what is due at each tick, until ctx ends or ticks is closed. told hears of each
// try; it may be nil.
func (o *Outbox) Sending(ctx context.Context, ticks <-chan time.Time, told func(Delivery)) {
	for {
		select {
		case <-ctx.Done():
			return
		case now, ok := <-ticks:
			if !ok {
				return
			}
			for _, d := range o.Send(ctx, now) {
				if told != nil {
					told(d)
				}
			}
		}
	}
}

// take takes the first letter that is due out of the box.
func (o *Outbox) take(now time.Time) (letter, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.waiting, func(l letter) bool { return !l.DueAt.After(now) })
	if i < 0 {
		return letter{}, false
	}
	l := o.waiting[i]
	o.waiting = slices.Delete(o.waiting, i, i+1)
	return l, true
}

// settle puts a letter that was not taken back, and lets go of those that waited for this one.
func (o *Outbox) settle(l letter, made []Delivery, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = append(o.waiting, o.held...)
	o.held = nil
	l.Tries++
	if slices.ContainsFunc(made, func(d Delivery) bool { return d.Taken }) {
		return
	}
	if wait, again := l.courier.Wait(l.Tries); again {
		l.DueAt = now.Add(wait)
		o.waiting = append(o.waiting, l)
	}
}

// deliver sends a letter, or the script's many copies of it at once.
func (o *Outbox) deliver(ctx context.Context, l letter, now time.Time) []Delivery {
	if l.Fault != NoticeTwice {
		return []Delivery{o.post(ctx, l, now)}
	}
	made := make([]Delivery, copies)
	next := make(chan int, copies)
	for i := range copies {
		next <- i
	}
	close(next)
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for i := range next {
				made[i] = o.post(ctx, l, now)
			}
		})
	}
	all.Wait()
	return made
}

func (o *Outbox) post(ctx context.Context, l letter, now time.Time) Delivery {
	d := Delivery{Notice: l.Notice}
	req, err := l.courier.Request(ctx, l.Notice, now)
	if err != nil {
		d.Err = fmt.Errorf("standin: the notice: %w", err)
		return d
	}
	res, err := o.client.Do(req)
	if err != nil {
		d.Err = fmt.Errorf("standin: the notice's receiver: %w", err)
		return d
	}
	defer func() { _ = res.Body.Close() }() // it was read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	d.Status, d.Err = res.StatusCode, err
	d.Taken = err == nil && l.courier.Taken(res.StatusCode, body)
	return d
}
