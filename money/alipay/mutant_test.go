package alipay

import (
	"context"
	"fmt"
	"time"

	"hexhail/money"
)

// mutants are ports with one rule broken, each.
func mutants() map[string]func(port) port {
	return map[string]func(port) port{
		"what is not known counts as closed": func(p port) port { return closesUnknown{p} },
		"what is not opened counts as closed": func(p port) port {
			return outcomes{p, func(o money.Outcome) money.Outcome {
				if o.Reason == "not_opened" {
					o.State = money.AttemptClosed
				}
				return o
			}}
		},
		"what is being cancelled counts as closed": func(p port) port {
			return outcomes{p, func(o money.Outcome) money.Outcome {
				if o.Reason == "cancel_again" {
					o.State = money.AttemptClosed
				}
				return o
			}}
		},
		"a new number for each call": func(p port) port { return &renumbers{port: p} },
	}
}

func (c closesUnknown) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return c.outcome(c.port.Charge(ctx, a, now))
}

func (c closesUnknown) Query(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return c.outcome(c.port.Query(ctx, a, now))
}

func (c closesUnknown) Close(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return c.outcome(c.port.Close(ctx, a, now))
}

// outcomes is a mutant that changes what it says.
type outcomes struct {
	port
	change func(money.Outcome) money.Outcome
}

func (m outcomes) Query(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	o, err := m.port.Query(ctx, a, now)
	return m.change(o), err
}

func (m outcomes) Close(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	o, err := m.port.Close(ctx, a, now)
	return m.change(o), err
}

// renumbers is a mutant that asks again under another number when it has heard nothing.
type renumbers struct {
	port
	calls int
}

func (m *renumbers) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	m.calls++
	a.ID = money.AttemptID(fmt.Sprintf("%s_%d", a.ID, m.calls))
	o, err := m.port.Charge(ctx, a, now)
	if err != nil {
		return money.Outcome{State: money.AttemptCreated}, nil
	}
	return o, nil
}
