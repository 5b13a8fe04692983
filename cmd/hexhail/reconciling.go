package main

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// When the books are compared with channels, machine time.
const (
	standingsEvery = time.Minute
	wakeEvery      = time.Hour
	// billsFrom is when in the day both channels have made the bills of the day before: WeChat
	// until 10:00, Alipay until 9:00.
	billsFrom = 10*time.Hour + 30*time.Minute
	// billDays is how many days back a bill is still asked for: a long weekend without a server.
	billDays = 5
)

// reconciler compares the bills of the external channels with our books.
func (s *service) reconciler() money.Reconciler {
	return money.Reconciler{
		Store: s.db, Sources: s.external.bills, Day: s.billDay, Outcome: s.billOutcome,
	}
}

// billDay is a day of the channels in the city's time. In a sandbox it need not be over.
func (s *service) billDay(day string) (from, to time.Time, err error) {
	from, err = time.ParseInLocation(time.DateOnly, day, beijing)
	if err != nil {
		return from, to, dispatch.BadField("day", "a day such as 2014-01-10")
	}
	to = from.AddDate(0, 0, 1)
	if !s.config.Sandbox && time.Now().Before(to) {
		return from, to, dispatch.BadField("day", "one that is over in Beijing")
	}
	return s.clock.At(from), s.clock.At(to), nil
}

// billOutcome takes a bill's word for the channel's.
func (s *service) billOutcome(
	ctx context.Context, now time.Time, kind money.NoticeKind, number string, o money.Outcome,
) error {
	if kind == money.NoticeRefund {
		return s.desk.RefundOutcome(ctx, now, money.RefundID(number), o)
	}
	return s.desk.PaymentOutcome(ctx, now, money.AttemptID(number), o)
}

// reconcile looks each minute how the books stand with the channels; each hour it has everything
// asked about that is open for too long, and imports the bills that are made by then. The stand-ins
// of a sandbox forget their bills; there somebody asks for them.
func (s *service) reconcile(running context.Context) {
	if len(s.external.bills) == 0 {
		return
	}
	r := s.reconciler()
	s.part("the reconciliation", func() error {
		ticker := time.NewTicker(standingsEvery)
		defer ticker.Stop()
		var hourly time.Time
		for {
			if now := time.Now(); !now.Before(hourly) {
				hourly = now.Add(wakeEvery)
				s.reconcileHourly(running, r, now)
			}
			standings, err := r.Standings(running, s.clock.Now())
			if err == nil {
				s.metrics.Standings(standings)
			} else if running.Err() == nil {
				s.failed("reconcile", err)
			}
			select {
			case <-running.Done():
				return nil
			case <-ticker.C:
			}
		}
	})
}

func (s *service) reconcileHourly(ctx context.Context, r money.Reconciler, machine time.Time) {
	woken, err := r.Wake(ctx, s.clock.Now())
	if err != nil && ctx.Err() == nil {
		s.failed("reconcile", err)
	}
	if woken > 0 {
		s.log.Warn("orders are open for too long: asked again", "orders", woken)
		ring(s.orders)()
	}
	if s.config.Channels == standinChannels {
		return
	}
	if err := r.ImportDays(ctx, madeBills(machine), s.clock.Now()); err != nil && ctx.Err() == nil {
		s.failed("reconcile", err)
	}
}

// madeBills are the days whose bills are made by now, the latest first.
func madeBills(machine time.Time) []string {
	at := machine.In(beijing).Add(-billsFrom)
	days := make([]string, billDays)
	for i := range days {
		days[i] = at.AddDate(0, 0, -1-i).Format(time.DateOnly)
	}
	return days
}
