package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// GetVoice implements [riderpb.RiderServiceServer].
func (s *Server) GetVoice(
	ctx context.Context, req *riderpb.GetVoiceRequest,
) (*riderpb.GetVoiceResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	clip, err := s.reads.RiderVoice(ctx, rider, dispatch.RideID(req.GetRideId()))
	if err != nil {
		return nil, fail(err)
	}
	return &riderpb.GetVoiceResponse{Voice: wire.VoicePB(clip.Head), Clip: clip.Bytes}, nil
}
