package wire

import (
	"cmp"
	"context"
	"math"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"

	"hexhail/pb/hexhail/type/v1"
)

// Rate is how many calls are let through: Burst at once, and PerSecond in the long run. A Burst of
// 0 is four seconds' worth.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits of a server. What is over one is refused with a typed error. A field that is 0 takes its
// default.
type Limits struct {
	// MessageBytes a message may have; 64 KiB, but for methods whose rule allows more. Up to four
	// times that is read to be refused with ReasonMessageTooLarge; what is larger ends the call
	// with gRPC's own ResourceExhausted.
	MessageBytes int
	// Streams that one connection may have open; 100. The next one waits at the client.
	Streams uint32
	// CallTime is the longest that a call without streams may take; 10 s, but for methods whose
	// rule allows more. A client may want less.
	CallTime time.Duration
	// Caller is what one identity may call, streams counted once: 50/s, 200 at once. A person's app
	// stays below one a second.
	Caller Rate
	// Device is the same for one phone, whatever identities it uses.
	Device Rate
	// Ops is the same as Caller for one identity of ops: 1,000/s, 2,000 at once.
	Ops Rate
	// Stranger is what one connection may do without a good token: fail to show one, or call what
	// needs none; 20/s, 200 at once. Beyond it tokens that were not seen before are not even
	// checked, for a check costs 60 µs.
	Stranger Rate
	// Buckets of identities, devices and connections that are kept, each; 100,000 of about 300
	// bytes. The one that called longest ago begins anew.
	Buckets int
}

// DefaultLimits are the limits of a server whose config says nothing.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

func (l Limits) withDefaults() Limits {
	app := Rate{PerSecond: 50, Burst: 200}
	ops := Rate{PerSecond: 1000, Burst: 2000}
	stranger := Rate{PerSecond: 20, Burst: 200}
	return Limits{
		MessageBytes: cmp.Or(l.MessageBytes, 64<<10),
		Streams:      cmp.Or(l.Streams, 100),
		CallTime:     cmp.Or(l.CallTime, 10*time.Second),
		Caller:       cmp.Or(l.Caller, app).withBurst(),
		Device:       cmp.Or(l.Device, app).withBurst(),
		Ops:          cmp.Or(l.Ops, ops).withBurst(),
		Stranger:     cmp.Or(l.Stranger, stranger).withBurst(),
		Buckets:      cmp.Or(l.Buckets, 100_000),
	}
}

// callTime is the longest that a call without streams may take by its rule.
func (l Limits) callTime(rule *typepb.Rule) time.Duration {
	return max(l.CallTime, time.Duration(rule.GetCallSeconds())*time.Second)
}

// buckets are the token buckets of callers, devices and connections.
type buckets struct {
	limits    Limits
	callers   *recent[callerKey, *rate.Limiter]
	devices   *recent[string, *rate.Limiter]
	strangers *recent[string, *rate.Limiter]
}

type callerKey struct {
	role typepb.Role
	id   string
}

func newBuckets(l Limits) *buckets {
	return &buckets{
		limits:    l,
		callers:   newRecent[callerKey, *rate.Limiter](l.Buckets),
		devices:   newRecent[string, *rate.Limiter](l.Buckets),
		strangers: newRecent[string, *rate.Limiter](l.Buckets),
	}
}

func (r Rate) withBurst() Rate {
	if r.Burst == 0 {
		r.Burst = int(math.Ceil(min(4*r.PerSecond, math.MaxInt32)))
	}
	return r
}

func (r Rate) bucket() *rate.Limiter { return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst) }

// take counts a call of somebody known.
func (b *buckets) take(c Caller, now time.Time) error {
	limit := b.limits.Caller
	if c.Role == typepb.Role_ROLE_OPS {
		limit = b.limits.Ops
	}
	key := callerKey{role: c.Role, id: c.ID}
	if err := draw(b.callers.getOrMake(key, limit.bucket), now, "identity"); err != nil {
		return err
	}
	if c.Device == "" {
		return nil
	}
	return draw(b.devices.getOrMake(c.Device, b.limits.Device.bucket), now, "device")
}

// stranger is the bucket of the connection that a call came over.
func (b *buckets) stranger(ctx context.Context) *rate.Limiter {
	return b.strangers.getOrMake(addressOf(ctx), b.limits.Stranger.bucket)
}

func addressOf(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return p.Addr.String()
	}
	return ""
}

// draw takes one from a bucket, or says when there is one again.
func draw(bucket *rate.Limiter, now time.Time, whose string) error {
	if bucket.AllowN(now, 1) {
		return nil
	}
	return rateLimited(bucket, now, whose)
}

func rateLimited(bucket *rate.Limiter, now time.Time, whose string) error {
	perSecond := float64(bucket.Limit())
	wait := time.Minute // a bucket that never fills
	if missing := 1 - bucket.TokensAt(now); perSecond > 0 {
		wait = min(wait, time.Duration(missing/perSecond*float64(time.Second)))
	}
	return RefuseFor(max(wait, time.Millisecond), codes.ResourceExhausted, ReasonRateLimited,
		"at most %g calls a second and %d at once for one %s", perSecond, bucket.Burst(), whose)
}
