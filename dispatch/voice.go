package dispatch

import (
	"errors"

	"hexhail/dispatch/voice"
	"hexhail/geo"
)

// Clip is what a rider has said with a request: its bytes, as they came, and what is told of them.
type Clip struct {
	voice.Head
	Bytes []byte
}

// readVoice reads the clip of a request; none is no clip.
func readVoice(clip []byte) (voice.Head, error) {
	if len(clip) == 0 {
		return voice.Head{}, nil
	}
	head, err := voice.Read(clip)
	var refused *voice.Error
	if errors.As(err, &refused) {
		reason := ReasonVoice
		if refused.Flaw == voice.TooLong || refused.Flaw == voice.TooLarge {
			reason = ReasonVoiceTooLong
		}
		err = &Error{
			Kind: Invalid, Reason: reason, Text: "voice", Field: "voice", Limit: refused.Limit,
			Cause: refused,
		}
	}
	return head, err
}

// HeardBy reports whether a driver on this shift, whose taxi is at a point, may hear what the rider
// has said: who may grab the call.
func (c Call) HeardBy(s Shift, at geo.Point) bool {
	return c.State == CallOpen && c.Fits(s) && c.near(at)
}
