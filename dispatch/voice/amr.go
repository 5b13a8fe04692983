package voice

import "time"

// What a file of one channel begins with (RFC 4867, section 5.1). Those of several channels begin
// otherwise and are not known here.
const (
	amrMagic   = "#!AMR\n"
	amrWBMagic = "#!AMR-WB\n"
)

// amrFrame is how long every frame of AMR lasts, one without data too.
const amrFrame = 20 * time.Millisecond

// codec is a variant of AMR: how many bytes follow the header of a frame of each type, or refused.
type codec struct {
	format Format
	sizes  [16]int
}

// refused is a type that is reserved, or another system's comfort noise, which a phone need not
// play: a receiver discards such frames (RFC 4867, section 4.3.2).
const refused = -1

// narrowband has the speech bits of 3GPP TS 26.101, table 2, in whole bytes: eight modes from 4.75
// to 12.2 kbit/s, comfort noise, and no data.
func narrowband() codec {
	return codec{AMR, [16]int{
		12, 13, 15, 17, 19, 20, 26, 31, 5,
		refused, refused, refused, refused, refused, refused, 0,
	}}
}

// wideband has those of 3GPP TS 26.201, table 2: nine modes from 6.6 to 23.85 kbit/s, comfort
// noise, a lost frame, and no data.
func wideband() codec {
	return codec{AMRWB, [16]int{
		17, 23, 32, 36, 40, 46, 50, 58, 60, 5,
		refused, refused, refused, refused, 0, 0,
	}}
}

// readAMR walks the frames, each a byte with its type in bits 3 to 6 and as much speech as the type
// says (RFC 4867, section 5.3). Padding bits mean nothing.
func readAMR(clip []byte, at int, c codec) (Head, error) {
	var length time.Duration
	for at < len(clip) {
		size := c.sizes[clip[at]>>3&0xf]
		if size == refused {
			return Head{}, damaged("a frame has a type that there is not", at)
		}
		if length += amrFrame; length > MaxLength {
			return Head{}, tooLong(at)
		}
		next := at + 1 + size
		if next > len(clip) {
			return Head{}, cutShort(at)
		}
		at = next
	}
	return head(c.format, length, at)
}
