package ops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// Config is what the service of ops needs. All of it is required but what may be nil, and
// Sandbox.
type Config struct {
	Cities   dispatch.Cities
	Desk     *dispatch.Desk // for flights and questioned fares
	Store    dispatch.Store // for campaigns and wallets, with the answers that are kept
	Registry Registry
	Reads    Reads
	Cashier  money.Cashier // for the audit
	// CheckExpr returns a *money.CampaignError for an expression of a campaign that cannot be. Nil
	// refuses all of them.
	CheckExpr func(expr string) error
	// Reconciler compares the bills of channels; without sources there are none.
	Reconciler money.Reconciler
	// Clock is the city's time, and how many city seconds a second of the machine has.
	Clock func() (now time.Time, rate float64)
	// Live is the round log of a ride that searches or has lately, from the engine of its city; ok
	// is false if no engine here knows it. Rows get a log soon after its search. May be nil.
	Live func(ctx context.Context, city dispatch.CityID, ride dispatch.RideID) (
		log dispatch.RoundLog, ok bool, err error)
	// LiveDriver is what an engine here has not written yet of a driver's log. May be nil.
	LiveDriver dispatch.LiveDriverLog
	// Sandbox allows money from nowhere.
	Sandbox bool
}

// Server is hexhail.ops.v1.OpsService. Who may call what is the gate's business (wire, by the rules
// of the proto); whose drivers a company sees is decided here. It is safe for concurrent use.
type Server struct {
	opspb.UnimplementedOpsServiceServer
	config Config
}

var _ opspb.OpsServiceServer = (*Server)(nil)

// New makes the service. An error names what the config lacks.
func New(c Config) (*Server, error) {
	for name, given := range map[string]bool{
		"cities": len(c.Cities) > 0, "desk": c.Desk != nil, "store": c.Store != nil,
		"registry": c.Registry != nil, "reads": c.Reads != nil,
		"cashier": c.Cashier.Store != nil, "clock": c.Clock != nil,
	} {
		if !given {
			return nil, fmt.Errorf("ops: the config lacks %s", name)
		}
	}
	return &Server{config: c}, nil
}

func (s *Server) now() time.Time {
	now, _ := s.config.Clock()
	return now
}

// GetClock reads the city clock.
func (s *Server) GetClock(context.Context, *opspb.GetClockRequest) (
	*opspb.GetClockResponse, error,
) {
	now, rate := s.config.Clock()
	return &opspb.GetClockResponse{At: wire.TimePB(now), Rate: rate}, nil
}

// errNobody refuses a call that has come past the gate.
func errNobody() error {
	return wire.Refuse(codes.Unauthenticated, wire.ReasonTokenMissing, "nobody calls")
}

// once runs a write once for its caller and request id, in one transaction with the row that keeps
// its answer: repeated, it answers the same; with another command it is refused.
func once[A any](
	ctx context.Context, s *Server, rpc, requestID string, command any,
	fn func(tx dispatch.Tx, now time.Time, key string) (A, error),
) (answer A, err error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return answer, errNobody()
	}
	body, err := json.Marshal(command)
	if err != nil {
		return answer, err
	}
	sum := sha256.Sum256(body)
	row := dispatch.OnceRow{
		Identity: identity, RPC: rpc, RequestID: requestID,
		Hash: hex.EncodeToString(sum[:]), At: s.now(),
	}
	run := func(tx dispatch.Tx) (err error) {
		answer, err = remembered(tx, row, fn)
		return err
	}
	err = s.config.Store.Tx(ctx, run)
	if dispatch.ReasonOf(err) == dispatch.ReasonDuplicate {
		// The same at the same time: now that the first one is written, its answer is found.
		err = s.config.Store.Tx(ctx, run)
	}
	return answer, err
}

func remembered[A any](
	tx dispatch.Tx, row dispatch.OnceRow,
	fn func(tx dispatch.Tx, now time.Time, key string) (A, error),
) (answer A, err error) {
	kept, ok, err := tx.Recall(row.Identity, row.RPC, row.RequestID)
	switch {
	case err != nil:
		return answer, err
	case ok && kept.Hash != row.Hash:
		return answer, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonRequestReused,
			"request_id %s was used for another %s", row.RequestID, row.RPC)
	case ok:
		err = json.Unmarshal(kept.Answer, &answer)
		return answer, err
	}
	if answer, err = fn(tx, row.At, row.Identity+"/"+row.RequestID); err != nil {
		return answer, err
	}
	if row.Answer, err = json.Marshal(answer); err != nil {
		return answer, err
	}
	return answer, tx.Remember(row)
}

// joined lets a Cashier work in a transaction that is open already.
type joined struct{ tx dispatch.Tx }

// MoneyTx implements [money.Store].
func (j joined) MoneyTx(_ context.Context, fn func(money.Tx) error) error { return fn(j.tx) }

// Audit implements [money.Store]; an audit has a snapshot of its own.
func (joined) Audit(context.Context, func(money.Subject, money.Transfer)) ([]money.Account, error) {
	return nil, errors.New("ops: no audit within a transaction")
}

// company is the caller's company, "" for city ops.
func company(ctx context.Context) (id string, err error) {
	switch c := wire.CallerOf(ctx); c.Role {
	case typepb.Role_ROLE_OPS:
		return "", nil
	case typepb.Role_ROLE_COMPANY:
		if c.ID != "" { // "" would be everybody's
			return c.ID, nil
		}
	default:
	}
	return "", errNobody()
}

// int32Of is n, or the end of the range that it is beyond.
func int32Of(n int) int32 {
	return int32(min(max(n, math.MinInt32), math.MaxInt32))
}
