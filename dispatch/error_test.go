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
	_, datum := geo.ToWGS84(9, beijing)
	_, amount := money.MeterReading{Meter: -1}.Total()
	_, _, paid := money.Payment{State: money.PaymentPaid}.Try("a", money.Cash, now)
	for name, test := range map[string]struct {
		err    error
		kind   dispatch.Kind
		reason dispatch.Reason
	}{
		"out of range":   {geo.Point{Lat: 91}.Check(), dispatch.Invalid, dispatch.ReasonPosition},
		"not a number":   {geo.Point{Lng: math.NaN()}.Check(), dispatch.Invalid, dispatch.ReasonPosition},
		"wrong datum":    {datum, dispatch.Invalid, dispatch.ReasonPosition},
		"fix, future":    {fix(beijing, now.Add(time.Hour)), dispatch.Invalid, dispatch.ReasonFix},
		"fix, old":       {fix(beijing, now.Add(-time.Hour)), dispatch.Invalid, dispatch.ReasonFix},
		"fix, disorder":  {fix(beijing, now.Add(-2*time.Second)), dispatch.Invalid, dispatch.ReasonFix},
		"fix, jump":      {fix(geo.Point{Lat: 31, Lng: 121}, now), dispatch.Invalid, dispatch.ReasonFix},
		"amount":         {amount, dispatch.Invalid, dispatch.ReasonAmount},
		"campaign":       {money.Campaign{}.Check(), dispatch.Invalid, dispatch.ReasonCampaign},
		"entry":          {money.Entry{}.Check(), dispatch.Invalid, dispatch.ReasonLedger},
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
