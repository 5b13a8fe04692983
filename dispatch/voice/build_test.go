package voice

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"time"
)

// The tests write their own clips, from the RFCs and with other means than the readers: sizes from
// bits, sums by the reflected table of hash/crc32.

// narrowBits and wideBits are the speech bits of each mode (3GPP TS 26.101 and 26.201, table 2),
// then those of comfort noise.
var (
	narrowBits = []int{95, 103, 118, 134, 148, 159, 204, 244, 39}
	wideBits   = []int{132, 177, 253, 285, 317, 365, 397, 461, 477, 40}
)

// amrClip is a clip of frames of a type, whose bytes are all ones.
func amrClip(magic string, bits []int, types ...int) []byte {
	clip := []byte(magic)
	for _, t := range types {
		clip = append(clip, byte(t<<3|4)) // the quality bit is set
		if t < len(bits) {
			for range (bits[t] + 7) / 8 {
				clip = append(clip, 0xff)
			}
		}
	}
	return clip
}

// repeated is n frames of a type.
func repeated(t, n int) []int {
	types := make([]int, n)
	for i := range types {
		types[i] = t
	}
	return types
}

// mirrored is a table of hash/crc32, which shifts to the right where Ogg shifts to the left.
var mirrored = crc32.MakeTable(bits.Reverse32(crcPolynomial))

// leftSum is the sum of Ogg: with every byte and the sum itself mirrored it is the other one,
// without its two complements.
func leftSum(data []byte) uint32 {
	turned := make([]byte, len(data))
	for i, b := range data {
		turned[i] = bits.Reverse8(b)
	}
	return bits.Reverse32(^crc32.Update(^uint32(0), mirrored, turned))
}

// sheet is one page to be written.
type sheet struct {
	flags   byte
	granule int64
	number  int
	parts   []int // the lengths of its segments
	body    []byte
}

func (s sheet) bytes() []byte {
	out := []byte("OggS\x00")
	out = append(out, s.flags)
	out = binary.LittleEndian.AppendUint64(out, uint64(s.granule))
	out = binary.LittleEndian.AppendUint32(out, 0x5eed)
	out = binary.LittleEndian.AppendUint32(out, uint32(s.number))
	out = append(out, 0, 0, 0, 0, byte(len(s.parts)))
	for _, n := range s.parts {
		out = append(out, byte(n))
	}
	out = append(out, s.body...)
	binary.LittleEndian.PutUint32(out[22:], leftSum(out))
	return out
}

// lace is a packet's segments.
func lace(n int) []int {
	var parts []int
	for ; n >= 255; n -= 255 {
		parts = append(parts, 255)
	}
	return append(parts, n)
}

// preSkip is what encoders leave out at the begin: 6.5 ms.
const preSkip = 312

// opusHeader is OpusHead of a version, with channels and a mapping family.
func opusHeader(version, channels, family byte) []byte {
	h := append([]byte("OpusHead"), version, channels)
	h = binary.LittleEndian.AppendUint16(h, preSkip)
	h = binary.LittleEndian.AppendUint32(h, 16000)
	return append(h, 0, 0, family)
}

// recording is a stream of Opus to be written.
type recording struct {
	head    []byte
	tags    []byte
	packets [][]byte
	samples int // of each packet
	perPage int // packets in a page
	from    int // granule position before the first
	trim    int // samples that the last page takes off
}

// opusOf is a plain recording: packets of 20 ms, 50 in a page, a length
// that need not be whole packets.
func opusOf(length time.Duration) recording {
	const frame = 960
	want := int(length*48000/time.Second) + preSkip
	r := recording{
		head:    opusHeader(1, 1, 0),
		tags:    append([]byte("OpusTags"), make([]byte, 300)...),
		samples: frame, perPage: 50,
	}
	for n := 0; n < want; n += frame {
		r.packets = append(r.packets, append([]byte{9 << 3}, make([]byte, 35)...)) // SILK, 20 ms
	}
	r.trim = len(r.packets)*frame - want
	return r
}

func (r recording) sheets() []sheet {
	all := []sheet{
		{flags: oggFirst, parts: lace(len(r.head)), body: r.head},
		{number: 1, parts: lace(len(r.tags)), body: r.tags},
	}
	for done := 0; done < len(r.packets); {
		s := sheet{number: len(all)}
		for range min(r.perPage, len(r.packets)-done) {
			s.parts = append(s.parts, lace(len(r.packets[done]))...)
			s.body = append(s.body, r.packets[done]...)
			done++
		}
		s.granule = int64(r.from + done*r.samples)
		if done == len(r.packets) {
			s.flags, s.granule = oggLast, s.granule-int64(r.trim)
		}
		all = append(all, s)
	}
	return all
}

func join(sheets []sheet) (out []byte) {
	for _, s := range sheets {
		out = append(out, s.bytes()...)
	}
	return out
}

func (r recording) bytes() []byte { return join(r.sheets()) }
