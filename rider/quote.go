package rider

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// askFor is how long a city's engine has to answer a question: it takes a millisecond, and a rider
// would rather have the fare without a pickup time than wait.
const askFor = 500 * time.Millisecond

// QuoteRide implements [riderpb.RiderServiceServer].
func (s *Server) QuoteRide(
	ctx context.Context, req *riderpb.QuoteRideRequest,
) (*riderpb.QuoteRideResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.quotes.take(rider, s.machine()); err != nil {
		return nil, err
	}
	from, err := wire.PlaceOf("pickup", req.GetPickup())
	if err != nil {
		return nil, fail(err)
	}
	to, err := wire.PlaceOf("dropoff", req.GetDropoff())
	if err != nil {
		return nil, fail(err)
	}
	e, err := s.estimate(ctx, dispatch.CityID(req.GetCity()), from.Point, to.Point)
	if err != nil {
		return nil, fail(err)
	}
	taxis := s.blur.taxis(rider, e.from, e.taxis, e.at)
	s.listener.Quoted(dispatch.CityID(req.GetCity()), len(taxis))
	answer := &riderpb.QuoteRideResponse{Quote: wire.QuotePB(e.quote), Taxis: taxis}
	policy := e.city.PolicyAt(e.at)
	answer.CancelFeeFen = int64(policy.CancelFee)
	answer.CancelFreeSeconds = int32(policy.CancelFreeS) //nolint:gosec // G115: at most 3,600
	rules := policy.Rules
	answer.Tags = rules.Tags
	for _, class := range rules.Classes {
		answer.Classes = append(answer.Classes, string(class))
	}
	for _, step := range rules.TipStepsFen {
		answer.TipStepsFen = append(answer.TipStepsFen, int64(step))
	}
	if until, closed := e.city.ClosedUntil(e.at); closed {
		answer.ClosedUntil = wire.TimePB(until)
	}
	return answer, nil
}

// estimated is a quote, and the taxis from which its pickup time comes.
type estimated struct {
	city  dispatch.City
	quote dispatch.Quote
	at    time.Time // the city's
	from  geo.Point // the middle of the pickup's field
	taxis []dispatch.NearTaxi
}

// estimate makes a quote. Without an answer from the engine it has no pickup time and no taxis.
func (s *Server) estimate(
	ctx context.Context, id dispatch.CityID, from, to geo.Point,
) (estimated, error) {
	city, err := s.cities.City(id)
	if err != nil {
		return estimated{}, err
	}
	if err := city.CheckPickup(from); err != nil {
		return estimated{}, err
	}
	e := estimated{city: city, at: s.now()}
	// The engine is asked about the field, not the place: who asks from many places learns no
	// more than who asks from each field once.
	if _, e.from, err = field(from); err != nil {
		return estimated{}, err
	}
	near, err := s.nearby(ctx, id, e.from)
	if err != nil {
		return estimated{}, err
	}
	e.taxis = near.Taxis
	e.quote, err = city.QuoteFor(from, to, roundUp(near), e.at)
	e.quote.PickupSource = near.Source
	return e, err
}

// nearby asks the engine; that it does not answer is an answer.
func (s *Server) nearby(
	ctx context.Context, city dispatch.CityID, at geo.Point,
) (dispatch.Nearby, error) {
	asked, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	near, err := s.city.Nearby(asked, city, at)
	if err == nil {
		return near, nil
	}
	kind := dispatch.KindOf(err)
	late := kind == dispatch.CallerGone && ctx.Err() == nil
	if late || kind == dispatch.Unavailable || kind == dispatch.Exhausted {
		return dispatch.Nearby{}, nil
	}
	return dispatch.Nearby{}, err
}

// roundUp is the pickup time that is told: 0 without taxis, else whole steps and at least one.
func roundUp(near dispatch.Nearby) time.Duration {
	if len(near.Taxis) == 0 {
		return 0
	}
	steps := (near.Pickup + pickupStep - 1) / pickupStep
	return max(steps, 1) * pickupStep
}
