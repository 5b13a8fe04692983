package wire

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"hexhail/dispatch/voice"
	"hexhail/pb/hexhail/type/v1"
)

// VoicePB is what is told of a clip; nil for none.
func VoicePB(h voice.Head) *typepb.Voice {
	if h == (voice.Head{}) {
		return nil
	}
	return &typepb.Voice{Format: voiceFormatPB(h.Format), Length: durationpb.New(h.Length)}
}

func voiceFormatPB(f voice.Format) typepb.VoiceFormat {
	switch f {
	case voice.AMR:
		return typepb.VoiceFormat_VOICE_FORMAT_AMR
	case voice.AMRWB:
		return typepb.VoiceFormat_VOICE_FORMAT_AMR_WB
	case voice.Opus:
		return typepb.VoiceFormat_VOICE_FORMAT_OPUS
	default:
		return typepb.VoiceFormat_VOICE_FORMAT_UNSPECIFIED
	}
}
