package rules

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"

	"hexhail/money"
)

// Limits of an expression.
const (
	// MaxCost is how many steps an expression may take at most, as the checker counts them for the
	// longest values that a ride may have: some 10 µs.
	MaxCost = 1000
	// kept is how many compiled expressions are kept: more than a process's cities have campaigns.
	kept = 2000

	maxText     = 64 // of a name
	maxSegments = money.MaxRiderSegments
)

// The variables of an expression.
const (
	fare     = "fare"     // with tolls, in fen
	distance = "distance" // in metres
	kind     = "kind"
	channel  = "channel"
	day      = "day"     // of the city, "2014-01-10"
	weekday  = "weekday" // 1 is Monday
	hour     = "hour"
	minute   = "minute"
	segments = "segments"
)

// Rules compiles expressions and keeps them.
type Rules struct {
	env  *cel.Env
	mu   sync.RWMutex
	made map[string]cel.Program
}

// New makes one. It fails only if the library does not know its own types.
func New() (*Rules, error) {
	env, err := cel.NewEnv(
		cel.Variable(fare, cel.IntType), cel.Variable(distance, cel.IntType),
		cel.Variable(kind, cel.StringType), cel.Variable(channel, cel.StringType),
		cel.Variable(day, cel.StringType), cel.Variable(weekday, cel.IntType),
		cel.Variable(hour, cel.IntType), cel.Variable(minute, cel.IntType),
		cel.Variable(segments, cel.ListType(cel.StringType)),
	)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return &Rules{env: env, made: map[string]cel.Program{}}, nil
}

// Check returns a *money.CampaignError for an expression that does not compile, is no condition, or
// may cost more than MaxCost. The empty one is no expression.
func (r *Rules) Check(expr string) error {
	if expr == "" {
		return nil
	}
	_, err := r.program(expr)
	return err
}

// Holds reports whether an expression is true of a ride. One that does not compile, or that fails
// on the ride, is not.
func (r *Rules) Holds(expr string, f money.SubsidyFacts) bool {
	program, err := r.program(expr)
	if err != nil {
		return false
	}
	at := f.LocalTime()
	out, _, err := program.Eval(map[string]any{
		fare: int64(f.Fare), distance: int64(f.DistanceM), kind: f.Kind,
		channel: string(f.Channel), day: f.Day(), weekday: int64(money.ISOWeekday(at)),
		hour: int64(at.Hour()), minute: int64(at.Minute()), segments: f.Segments,
	})
	if err != nil {
		return false
	}
	holds, ok := out.Value().(bool)
	return ok && holds
}

// program is a compiled expression, from those that are kept if it is among them.
func (r *Rules) program(expr string) (cel.Program, error) {
	r.mu.RLock()
	program, ok := r.made[expr]
	r.mu.RUnlock()
	if ok {
		return program, nil
	}
	program, err := r.compile(expr)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.made) >= kept {
		clear(r.made)
	}
	r.made[expr] = program
	return program, nil
}

func (r *Rules) compile(expr string) (cel.Program, error) {
	bad := func(limit string) error {
		return &money.CampaignError{Field: "when.expression", Limit: limit}
	}
	if len(expr) > money.MaxCampaignExpr {
		return nil, bad(fmt.Sprintf("at most %d bytes", money.MaxCampaignExpr))
	}
	ast, issues := r.env.Compile(expr)
	if issues.Err() != nil {
		return nil, bad("an expression that compiles: " + issues.Err().Error())
	}
	if ast.OutputType() != cel.BoolType {
		return nil, bad("true or false, not " + ast.OutputType().String())
	}
	cost, err := r.env.EstimateCost(ast, sizes{})
	if err != nil {
		return nil, bad("an expression whose cost is known: " + err.Error())
	}
	if cost.Max > MaxCost {
		return nil, bad(fmt.Sprintf("an expression that costs at most %d, not %d", MaxCost,
			cost.Max))
	}
	program, err := r.env.Program(ast, cel.CostLimit(MaxCost))
	if err != nil {
		return nil, bad("an expression that compiles: " + err.Error())
	}
	return program, nil
}

// sizes are the longest values that a ride may have.
type sizes struct{}

// EstimateSize implements [checker.CostEstimator].
func (sizes) EstimateSize(of checker.AstNode) *checker.SizeEstimate {
	path := of.Path()
	if len(path) == 1 && path[0] == segments {
		return &checker.SizeEstimate{Max: maxSegments}
	}
	if len(path) > 0 {
		return &checker.SizeEstimate{Max: maxText}
	}
	return nil
}

// EstimateCallCost implements [checker.CostEstimator]: as the library has it.
func (sizes) EstimateCallCost(
	string, string, *checker.AstNode, []checker.AstNode,
) *checker.CallEstimate {
	return nil
}
