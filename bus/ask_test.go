package bus

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

func testNearby(t *testing.T, open func() *Bus) {
	edge, home := open(), open()
	here, place := newCity(), geo.Point{Lat: 39.9, Lng: 116.4}
	want := dispatch.Nearby{Pickup: 3 * time.Minute, Taxis: []dispatch.NearTaxi{
		{Taxi: "T1", At: geo.Point{Lat: 39.91, Lng: 116.41}}, {Taxi: "T2", At: place},
	}}
	here.nearby = func(_ context.Context, at geo.Point) (dispatch.Nearby, error) {
		if at != place {
			return dispatch.Nearby{}, nil
		}
		return want, nil
	}
	serve(t, home, "beijing", here)
	var asking sync.WaitGroup
	for range 64 {
		asking.Go(func() {
			got, err := edge.Nearby(t.Context(), "beijing", place)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
			got, err = edge.Nearby(t.Context(), "beijing", geo.Point{Lat: 1})
			if err != nil || got.Pickup != 0 || len(got.Taxis) != 0 {
				t.Errorf("got %+v, %v from an empty place", got, err)
			}
		})
	}
	asking.Wait()
	if len(edge.askers.byName) != 0 {
		t.Errorf("%d questions are not forgotten", len(edge.askers.byName))
	}
}

func testNearbyErrors(t *testing.T, open func() *Bus) {
	edge, home := open(), open()
	here, full := newCity(), newCity()
	var fails error
	here.nearby = func(context.Context, geo.Point) (dispatch.Nearby, error) {
		return dispatch.Nearby{}, fails
	}
	serve(t, home, "beijing", here)
	for _, fails = range []error{
		dispatch.Errorf(dispatch.Exhausted, dispatch.ReasonTooManyQuestions, "1,000 wait"),
		dispatch.Errorf(dispatch.Internal, dispatch.ReasonStore, "“broken”"),
		&geo.PointError{Field: "lat", Value: 91, Limit: 90},
		fmt.Errorf("wrapped: %w", context.DeadlineExceeded),
	} {
		_, err := edge.Nearby(t.Context(), "beijing", geo.Point{})
		kind, reason := dispatch.Classify(fails)
		if gotKind, gotReason := dispatch.Classify(err); gotKind != kind || gotReason != reason ||
			err.Error() != fails.Error() {
			t.Errorf("%v came back as %v (%v, %v)", fails, err, gotKind, gotReason)
		}
	}
	// The node's own limit: more questions than it lets wait.
	stuck := make(chan struct{})
	full.nearby = func(ctx context.Context, _ geo.Point) (dispatch.Nearby, error) {
		select {
		case <-stuck:
		case <-ctx.Done():
		}
		return dispatch.Nearby{}, ctx.Err()
	}
	stop := serve(t, home, "full", full)
	var refused, asked atomic.Int32
	var asking sync.WaitGroup
	for range maxServed + 10 {
		asking.Go(func() {
			asked.Add(1)
			_, err := edge.Nearby(t.Context(), "full", geo.Point{})
			if dispatch.KindOf(err) == dispatch.Exhausted {
				if refused.Add(1) == 10 {
					close(stuck)
				}
			}
		})
	}
	asking.Wait()
	if refused.Load() != 10 {
		t.Errorf("%d of %d questions were refused, not 10", refused.Load(), asked.Load())
	}
	stop()
}

func testNearbyInVain(t *testing.T, open func() *Bus) {
	b := open()
	begun := time.Now()
	_, err := b.Nearby(t.Context(), "nowhere", geo.Point{})
	if dispatch.KindOf(err) != dispatch.Unavailable || time.Since(begun) > time.Second {
		t.Errorf("without an engine: %v after %v", err, time.Since(begun))
	}
	asked := make(chan struct{}, 8)
	silent := newCity()
	silent.nearby = func(ctx context.Context, _ geo.Point) (dispatch.Nearby, error) {
		asked <- struct{}{}
		<-ctx.Done()
		return dispatch.Nearby{}, ctx.Err()
	}
	stop := serve(t, b, "beijing", silent)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err = b.Nearby(ctx, "beijing", geo.Point{}); dispatch.KindOf(err) != dispatch.CallerGone {
		t.Errorf("a caller who is gone: %v", err)
	}
	begun = time.Now()
	_, err = b.Nearby(t.Context(), "beijing", geo.Point{})
	if took := time.Since(begun); dispatch.KindOf(err) != dispatch.Unavailable ||
		dispatch.ReasonOf(err) != ReasonBus || took < answerWithin/2 || took > 5*answerWithin {
		t.Errorf("a silent engine: %v after %v", err, took)
	}
	go func() {
		<-asked // of the question above
		<-asked
		stop()
	}()
	begun = time.Now()
	_, err = b.Nearby(t.Context(), "beijing", geo.Point{})
	if dispatch.KindOf(err) != dispatch.Unavailable || time.Since(begun) > answerWithin {
		t.Errorf("an engine that stops: %v after %v", err, time.Since(begun))
	}
	var point *geo.PointError
	if _, err = b.Nearby(t.Context(), "beijing", geo.Point{Lat: 91}); err == nil {
		t.Errorf("a place off the earth: %v (%v)", err, point)
	}
	if len(b.askers.byName) != 0 {
		t.Errorf("%d questions are not forgotten", len(b.askers.byName))
	}
}
