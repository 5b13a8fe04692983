package wire

import (
	"context"

	"google.golang.org/grpc/metadata"

	"hexhail/pb/hexhail/type/v1"
)

// Caller is who calls, as their token says. The zero Caller is nobody.
type Caller struct {
	Role   typepb.Role
	ID     string // of the rider, driver, company or ops person; 1–64 bytes
	Device string // the phone; "" if the token does not say, at most 64 bytes
}

// Identity is the caller's name in logs and in the rows of answers that are kept: "rider:R1",
// "driver:D1", "company:C1", "ops:O1"; "" for nobody. Two phones of one person are one identity.
func (c Caller) Identity() string {
	if c == (Caller{}) {
		return ""
	}
	return roleName(c.Role) + ":" + c.ID
}

// roleName is a role in a token and in an identity; "" for none.
func roleName(r typepb.Role) string {
	switch r {
	case typepb.Role_ROLE_RIDER:
		return "rider"
	case typepb.Role_ROLE_DRIVER:
		return "driver"
	case typepb.Role_ROLE_COMPANY:
		return "company"
	case typepb.Role_ROLE_OPS:
		return "ops"
	default:
		return ""
	}
}

// ParseRole reads the name of a role: rider, driver, company or ops. ROLE_UNSPECIFIED for another.
func ParseRole(name string) typepb.Role {
	for n := range typepb.Role_name {
		if r := typepb.Role(n); name != "" && roleName(r) == name {
			return r
		}
	}
	return typepb.Role_ROLE_UNSPECIFIED
}

// visit is what the gate knows of one call; handlers see parts of it through the context.
type visit struct {
	caller    Caller
	requestID string
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return &visit{}
	}
	return v
}

// CallerOf is who makes the call; the zero Caller outside of one.
func CallerOf(ctx context.Context) Caller { return visitOf(ctx).caller }

// RequestIDOf is the id under which the call is logged: what the client sent as x-request-id, or
// one made here. Not the request_id of a write, which is the app's.
func RequestIDOf(ctx context.Context) string { return visitOf(ctx).requestID }

// WithCaller is a context in which c calls, for handlers that are called without a server.
func WithCaller(ctx context.Context, c Caller) context.Context {
	v := *visitOf(ctx)
	v.caller = c
	return context.WithValue(ctx, visitKey{}, &v)
}

// WithToken is a context whose outgoing calls carry the token.
func WithToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}
