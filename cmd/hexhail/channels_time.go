package main

import (
	"context"
	"time"

	"hexhail/money"
	"hexhail/wire"
)

// onMachineTime takes attempts and refunds to a channel of others by the machine's clock, which is
// also theirs, and brings their answers back into the city's time: in a sandbox it may be another
// year there, and time may run faster.
type onMachineTime struct {
	channel interface {
		money.Channel
		money.Refunder
	}
	city wire.Clock
}

func (m onMachineTime) answer(o money.Outcome, err error) (money.Outcome, error) {
	o.Again = m.city.Lasts(o.Again)
	return o, err
}

func (m onMachineTime) attempt(a money.Attempt) money.Attempt {
	a.MadeAt, a.DueAt = m.city.Machine(a.MadeAt), time.Time{}
	return a
}

func (m onMachineTime) refund(r money.Refund) money.Refund {
	r.MadeAt, r.DueAt = m.city.Machine(r.MadeAt), time.Time{}
	return r
}

// Charge implements [money.Channel].
func (m onMachineTime) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return m.answer(m.channel.Charge(ctx, m.attempt(a), m.city.Machine(now)))
}

// Query implements [money.Channel].
func (m onMachineTime) Query(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return m.answer(m.channel.Query(ctx, m.attempt(a), m.city.Machine(now)))
}

// Close implements [money.Channel].
func (m onMachineTime) Close(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return m.answer(m.channel.Close(ctx, m.attempt(a), m.city.Machine(now)))
}

// Refund implements [money.Refunder].
func (m onMachineTime) Refund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	return m.answer(m.channel.Refund(ctx, m.refund(r), m.city.Machine(now)))
}

// QueryRefund implements [money.Refunder].
func (m onMachineTime) QueryRefund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	return m.answer(m.channel.QueryRefund(ctx, m.refund(r), m.city.Machine(now)))
}

// payingOut is onMachineTime for a channel that pays out as well.
type payingOut struct {
	onMachineTime
	payer money.Payer
}

// PayOut implements [money.Payer].
func (p payingOut) PayOut(
	ctx context.Context, o money.Payout, now time.Time,
) (money.Outcome, error) {
	return p.answer(p.payer.PayOut(ctx, o, p.city.Machine(now)))
}

// QueryPayout implements [money.Payer].
func (p payingOut) QueryPayout(
	ctx context.Context, o money.Payout, now time.Time,
) (money.Outcome, error) {
	return p.answer(p.payer.QueryPayout(ctx, o, p.city.Machine(now)))
}
