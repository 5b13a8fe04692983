package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// GetVoice reads what the rider has said who asks for the driver's taxi: with an offer or a call
// that the driver's phone shows, and until the drive is over.
func (v *Server) GetVoice(
	ctx context.Context, in *driverpb.GetVoiceRequest,
) (*driverpb.GetVoiceResponse, error) {
	driver, ride := dispatch.DriverID(wire.CallerOf(ctx).ID), dispatch.RideID(in.GetRideId())
	clip, err := v.c.Reads.DriverVoice(ctx, driver, ride, v.c.Now())
	if err != nil && dispatch.ReasonOf(err) == dispatch.ReasonUnknownVoice {
		clip, err = v.calledOut(ctx, driver, ride)
	}
	if err != nil {
		return nil, err
	}
	return &driverpb.GetVoiceResponse{Voice: wire.VoicePB(clip.Head), Clip: clip.Bytes}, nil
}

// calledOut is the clip of a ride whose open call reaches the driver. Where the taxi is, the node
// knows to which it sends its fixes.
func (v *Server) calledOut(
	ctx context.Context, driver dispatch.DriverID, ride dispatch.RideID,
) (dispatch.Clip, error) {
	call, shift, clip, err := v.c.Reads.CallVoice(ctx, driver, ride, v.c.Now())
	if err != nil {
		return dispatch.Clip{}, err
	}
	s := v.book.get(driver)
	if s == nil || !s.hears(call, shift) {
		return dispatch.Clip{}, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownVoice,
			"no clip of ride %s to hear", ride)
	}
	return clip, nil
}

// hears reports whether a call that fits the driver's shift reaches the taxi.
func (s *session) hears(c dispatch.Call, shift dispatch.Shift) bool {
	at := s.lastPoint()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mayHave(c.Pickup) && c.HeardBy(shift, at)
}
