package voice

import "encoding/binary"

// oggMagic begins every page of an Ogg stream.
const oggMagic = "OggS"

// A page's header (RFC 3533, section 6): magic, version, flags, granule position, serial number,
// number of the page, checksum, and how many segments follow.
const (
	oggHeader   = 27
	oggFlags    = 5
	oggGranule  = 6
	oggSerial   = 14
	oggNumber   = 18
	oggChecksum = 22
	oggSegments = 26

	oggContinued = 1 // the page begins inside of a packet
	oggFirst     = 2
	oggLast      = 4

	fullSegment = 255 // a packet goes on in the next segment
)

// page is one page of a stream.
type page struct {
	at       int // where it begins
	flags    byte
	granule  int64 // of the last packet that ends in it, −1 if none does
	serial   uint32
	number   uint32
	segments []byte // the lengths of the parts of body
	body     []byte
}

// readPage reads the page at a place and checks its sum; next is where the one after it begins.
func readPage(stream []byte, at int) (p page, next int, err error) {
	rest := stream[at:]
	if len(rest) < oggHeader {
		return page{}, 0, cutShort(at)
	}
	if !starts(rest, oggMagic) || rest[4] != 0 {
		return page{}, 0, damaged("no page of Ogg where one should be", at)
	}
	end := oggHeader + int(rest[oggSegments])
	if len(rest) < end {
		return page{}, 0, cutShort(at)
	}
	segments, size := rest[oggHeader:end], 0
	for _, n := range segments {
		size += int(n)
	}
	if len(rest) < end+size {
		return page{}, 0, cutShort(at)
	}
	whole := rest[:end+size]
	if checksum(whole) != binary.LittleEndian.Uint32(whole[oggChecksum:]) {
		return page{}, 0, damaged("the checksum of a page is wrong", at)
	}
	return page{
		at: at, flags: whole[oggFlags],
		//nolint:gosec // G115: −1 is stored as all ones
		granule:  int64(binary.LittleEndian.Uint64(whole[oggGranule:])),
		serial:   binary.LittleEndian.Uint32(whole[oggSerial:]),
		number:   binary.LittleEndian.Uint32(whole[oggNumber:]),
		segments: segments, body: whole[end:],
	}, at + end + size, nil
}

// follows refuses a page that is not the next one of its stream. whole is whether all packets
// before it have ended.
func (p page) follows(before page, whole bool) error {
	switch {
	case p.serial != before.serial || p.flags&oggFirst != 0:
		return damaged("more than one stream", p.at)
	case p.number != before.number+1:
		return damaged("a page is missing", p.at)
	case (p.flags&oggContinued == 0) != whole:
		return damaged("a packet is torn", p.at)
	default:
		return nil
	}
}

// crcPolynomial is that of Ethernet's sum. Ogg's has no reflection and begins with 0, so that
// hash/crc32 does not know it.
const crcPolynomial = 0x04c11db7

// crcOf is the sum of each byte alone.
var crcOf = func() (table [256]uint32) {
	for i := range table {
		sum := uint32(i) << 24
		for range 8 {
			carry := sum >> 31
			sum = sum<<1 ^ carry*crcPolynomial
		}
		table[i] = sum
	}
	return table
}()

func crc(sum uint32, data []byte) uint32 {
	for _, b := range data {
		sum = sum<<8 ^ crcOf[byte(sum>>24)^b]
	}
	return sum
}

// checksum is the sum of a page with zeros where the sum itself stands.
func checksum(whole []byte) uint32 {
	sum := crc(0, whole[:oggChecksum])
	sum = crc(sum, make([]byte, oggSegments-oggChecksum))
	return crc(sum, whole[oggSegments:])
}
