package ops

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// GetVoice reads the clip of any ride.
func (s *Server) GetVoice(ctx context.Context, in *opspb.GetVoiceRequest) (
	*opspb.GetVoiceResponse, error,
) {
	clip, err := s.config.Reads.RideVoice(ctx, dispatch.RideID(in.GetRideId()))
	if err != nil {
		return nil, err
	}
	return &opspb.GetVoiceResponse{Voice: wire.VoicePB(clip.Head), Clip: clip.Bytes}, nil
}
