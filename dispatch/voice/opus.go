package voice

import (
	"encoding/binary"
	"time"
)

// The two headers before the sound (RFC 7845, section 5).
const (
	opusHead = "OpusHead"
	opusTags = "OpusTags"

	opusHeadBytes = 19 // with mapping family 0
	opusVersion   = 8
	opusChannels  = 9
	opusPreSkip   = 10
	opusFamily    = 18
)

const (
	// opusRate is the samples a second in which Opus counts, whatever it was recorded with.
	opusRate = 48_000
	// opusPacket is the longest packet: 120 ms.
	opusPacket = 120 * opusRate / 1000
	opusMost   = int64(MaxLength/time.Second) * opusRate
)

// opusStream is a stream as far as it has been read.
type opusStream struct {
	packets int    // that have ended
	packet  []byte // that has not
	open    bool   // there is one
	preSkip int64  // samples at the begin that are not played
	samples int64  // in all packets of sound that have ended
	begun   bool   // a page has ended a packet of sound
	start   int64  // the granule position before the first sample
	granule int64  // of the last page that ended a packet of sound
}

// readOpus reads the pages of one stream of Opus (RFC 7845). Its length is what the granule
// positions tell: the last one, which may trim the last packet, without what stands before the
// first sample and without the pre-skip.
func readOpus(clip []byte) (Head, error) {
	var s opusStream
	var before page
	for at := 0; at < len(clip); {
		p, next, err := readPage(clip, at)
		switch {
		case err != nil:
			return Head{}, err
		case at == 0 && p.flags&oggFirst == 0:
			return Head{}, damaged("the first page does not begin a stream", at)
		case at > 0 && before.flags&oggLast != 0:
			return Head{}, damaged("something follows the last page", at)
		case at > 0:
			if err := p.follows(before, !s.open); err != nil {
				return Head{}, err
			}
		}
		if err := s.take(p); err != nil {
			return Head{}, err
		}
		before, at = p, next
	}
	if before.flags&oggLast == 0 || s.open {
		return Head{}, cutShort(len(clip))
	}
	played := s.granule - s.start - s.preSkip
	if played > opusMost {
		return Head{}, tooLong(len(clip))
	}
	return head(Opus, time.Duration(played)*time.Second/opusRate, len(clip))
}

// take takes the packets of a page.
func (s *opusStream) take(p page) error {
	had, heard := s.packets, s.samples
	body := p.body
	for _, n := range p.segments {
		s.packet, s.open = append(s.packet, body[:n]...), n == fullSegment
		if body = body[n:]; s.open {
			continue
		}
		if err := s.end(p.at); err != nil {
			return err
		}
		s.packets, s.packet = s.packets+1, s.packet[:0]
	}
	switch {
	case had < 2 && s.packets >= 2 && (s.packets > 2 || s.open),
		had == 0 && (s.packets != 1 || s.open):
		return damaged("a header shares its page", p.at) // RFC 7845, section 3
	case had < 2 || s.packets == had:
		return nil // a page of headers, or one in which no packet ends
	default:
		return s.position(p, s.samples-heard)
	}
}

// position takes the granule position of a page that ended packets of so many samples.
func (s *opusStream) position(p page, samples int64) error {
	trimmed := p.flags&oggLast != 0
	switch {
	case p.granule < 0, s.begun && p.granule < s.granule:
		return damaged("a granule position goes back", p.at)
	case s.begun:
	case p.granule >= samples:
		s.begun, s.start = true, p.granule-samples
	case trimmed:
		s.begun = true
	default:
		// RFC 7845, section 4.5: such a stream must be rejected.
		return damaged("the first granule position is before its samples", p.at)
	}
	s.granule = p.granule
	return nil
}

// end takes a packet that has ended.
func (s *opusStream) end(at int) error {
	switch s.packets {
	case 0:
		return s.header(at)
	case 1:
		if !starts(s.packet, opusTags) {
			return damaged("the second packet is not OpusTags", at)
		}
		return nil
	default:
		n := packetSamples(s.packet)
		if n == 0 {
			return damaged("a packet of Opus has no or too many frames", at)
		}
		s.samples += n
		// The granule positions may tell less than there is; a player plays what there is.
		if s.samples > opusMost+s.preSkip+opusPacket {
			return tooLong(at)
		}
		return nil
	}
}

// header reads OpusHead (RFC 7845, section 5.1): of a version that is compatible with 1, of one or
// two channels.
func (s *opusStream) header(at int) error {
	h := s.packet
	if !starts(h, opusHead) {
		return unknown(at) // another codec in Ogg
	}
	if len(h) < opusHeadBytes {
		return damaged("OpusHead is too short", at)
	}
	if h[opusVersion]>>4 != 0 || h[opusFamily] != 0 || h[opusChannels] > 2 {
		return unknown(at)
	}
	if h[opusChannels] == 0 {
		return damaged("OpusHead has no channels", at)
	}
	s.preSkip = int64(binary.LittleEndian.Uint16(h[opusPreSkip:]))
	return nil
}

// packetSamples is how long a packet plays, in samples at 48 kHz, by its first bytes (RFC 6716,
// section 3): five bits tell the mode and the frame's length, two how many frames there are. 0 is a
// packet that must not be.
func packetSamples(packet []byte) int64 {
	if len(packet) == 0 {
		return 0
	}
	frame := int64(opusRate / 400) // 2.5 ms
	switch mode := packet[0] >> 3; {
	case mode < 12: // SILK: 10, 20, 40 or 60 ms
		frame *= [...]int64{4, 8, 16, 24}[mode%4]
	case mode < 16: // both: 10 or 20 ms
		frame *= [...]int64{4, 8}[mode%2]
	default: // CELT: 2.5, 5, 10 or 20 ms
		frame <<= mode % 4
	}
	frames := int64(1)
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		frames = int64(packet[1] & 0x3f)
	}
	if frames*frame > opusPacket {
		return 0
	}
	return frames * frame
}
