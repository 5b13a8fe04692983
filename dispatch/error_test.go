package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// TestClassify makes each error of the house where it comes from, wrapped once.
func TestClassify(t *testing.T) {
	now := time.Date(2013, 12, 20, 12, 0, 0, 0, time.UTC)
	beijing := geo.Point{Lat: 39.9, Lng: 116.4}
	fix := func(p geo.Point, at time.Time) error {
		prev := geo.Fix{Point: beijing, At: now.Add(-time.Second)}
		return geo.CheckFix(&prev, geo.Fix{Point: p, At: at}, now)
	}
	shanghai := geo.Point{Lat: 31, Lng: 121}
	const (
		invalid  = dispatch.Invalid
		badFix   = dispatch.ReasonFix
		badPlace = dispatch.ReasonPosition
	)
	_, datum := geo.ToWGS84(9, beijing)
	_, amount := money.MeterReading{Meter: -1}.Total()
	_, _, paid := money.Payment{State: money.PaymentPaid}.Try("a", money.Cash, now)
	for name, test := range map[string]struct {
		err    error
		kind   dispatch.Kind
		reason dispatch.Reason
	}{
		"out of range":   {geo.Point{Lat: 91}.Check(), invalid, badPlace},
		"not a number":   {geo.Point{Lng: math.NaN()}.Check(), invalid, badPlace},
		"wrong datum":    {datum, invalid, badPlace},
		"fix, future":    {fix(beijing, now.Add(time.Hour)), invalid, badFix},
		"fix, old":       {fix(beijing, now.Add(-time.Hour)), invalid, badFix},
		"fix, disorder":  {fix(beijing, now.Add(-2*time.Second)), invalid, badFix},
		"fix, jump":      {fix(shanghai, now), invalid, badFix},
		"amount":         {amount, invalid, dispatch.ReasonAmount},
		"campaign":       {money.Campaign{}.Check(), invalid, dispatch.ReasonCampaign},
		"entry":          {money.Entry{}.Check(), invalid, dispatch.ReasonLedger},
		"balance":        {&money.LimitError{}, dispatch.Exhausted, dispatch.ReasonLedgerLimit},
		"paid twice":     {paid, dispatch.Conflict, dispatch.ReasonPayment},
		"gone":           {context.Canceled, dispatch.CallerGone, dispatch.ReasonStore},
		"late":           {context.DeadlineExceeded, dispatch.CallerGone, dispatch.ReasonStore},
		"anything else":  {errors.New("?"), dispatch.Internal, dispatch.ReasonStore},
		"a bug of ours":  {dispatch.ErrBadGraph, dispatch.Internal, dispatch.ReasonStore},
		"one of our own": {dispatch.Errorf(dispatch.Denied, "X", "no"), dispatch.Denied, "X"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.err == nil {
				t.Fatal("no error to classify")
			}
			kind, reason := dispatch.Classify(fmt.Errorf("wrapped: %w", test.err))
			if kind != test.kind || reason != test.reason {
				t.Errorf("%v: %s %s, want %s %s", test.err, kind, reason, test.kind, test.reason)
			}
		})
	}
}
