package voice

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

func wantFlaw(t *testing.T, name string, clip []byte, want Flaw) {
	t.Helper()
	got, err := Read(clip)
	var refused *Error
	if !errors.As(err, &refused) {
		t.Errorf("%s: %+v %v, want flaw %d", name, got, err, want)
		return
	}
	if refused.Flaw != want || refused.Limit == "" || refused.At > len(clip) {
		t.Errorf("%s: flaw %d, want %d: %v", name, refused.Flaw, want, err)
	}
}

// The value that every catalogue of sums gives for this polynomial without reflection: that of
// cksum (POSIX), 0x765e7680, is its complement.
func TestChecksum(t *testing.T) {
	if got := crc(0, []byte("123456789")); got != ^uint32(0x765e7680) {
		t.Errorf("%#x", got)
	}
	if got := leftSum([]byte("123456789")); got != ^uint32(0x765e7680) {
		t.Errorf("the test's own sum is %#x", got)
	}
}

func TestReadOpus(t *testing.T) {
	long := opusOf(time.Second) // packets that are longer than a segment, and tear across pages
	for i := range long.packets {
		long.packets[i] = append([]byte{9 << 3}, make([]byte, 299+i)...)
	}
	live := opusOf(3 * time.Second)
	live.from = 1 << 40
	stereo := opusOf(time.Second)
	stereo.head[opusChannels] = 2
	next := opusOf(time.Second)
	next.head[opusVersion] = 15
	for _, test := range []struct {
		name   string
		clip   []byte
		length time.Duration
	}{
		{"two seconds", opusOf(2 * time.Second).bytes(), 2 * time.Second},
		{"a trimmed packet", opusOf(1234 * time.Millisecond).bytes(), 1234 * time.Millisecond},
		{"less than a packet", opusOf(5 * time.Millisecond).bytes(), 5 * time.Millisecond},
		{"a minute", opusOf(time.Minute).bytes(), time.Minute},
		{"long packets", long.bytes(), time.Second},
		{"torn packets", join(torn(long.sheets())), time.Second},
		{"cut out of a live stream", live.bytes(), 3 * time.Second},
		{"stereo", stereo.bytes(), time.Second},
		{"a compatible version", next.bytes(), time.Second},
	} {
		got, err := Read(test.clip)
		if want := (Head{Opus, test.length}); err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", test.name, got, err, want)
		}
	}
}

// torn lays the segments of all pages anew, 7 in a page, so that packets go on in the next page.
func torn(sheets []sheet) []sheet {
	all := sheets[:2:2]
	var parts []int
	var body []byte
	for _, s := range sheets[2:] {
		parts, body = append(parts, s.parts...), append(body, s.body...)
	}
	granule, open := int64(0), false
	for len(parts) > 0 {
		s := sheet{number: len(all), granule: -1}
		if open {
			s.flags = oggContinued
		}
		for range min(7, len(parts)) {
			n := parts[0]
			s.parts, s.body = append(s.parts, n), append(s.body, body[:n]...)
			parts, body = parts[1:], body[n:]
			if open = n == 255; !open {
				granule += 960
				s.granule = granule
			}
		}
		if len(parts) == 0 {
			s.flags |= oggLast
			s.granule = sheets[len(sheets)-1].granule
		}
		all = append(all, s)
	}
	return all
}

// Each frame length of RFC 6716, table 2, and each count of frames.
func TestPacketSamples(t *testing.T) {
	tenths := [32]int{ // of a millisecond
		100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 100, 200,
		25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200,
	}
	for mode, length := range tenths {
		for code, frames := range []int{1, 2, 2, 3} {
			packet := []byte{byte(mode<<3 | code), 3}
			want := frames * length * 48 / 10
			if frames*length > 1200 {
				want = 0
			}
			if got := packetSamples(packet); got != int64(want) {
				t.Errorf("mode %d code %d: %d samples, want %d", mode, code, got, want)
			}
		}
	}
	for _, packet := range [][]byte{nil, {3}, {3, 0}, {16<<3 | 3, 49}} {
		if got := packetSamples(packet); got != 0 {
			t.Errorf("% x: %d samples", packet, got)
		}
	}
	if got := packetSamples([]byte{16<<3 | 3, 48}); got != opusPacket {
		t.Errorf("48 frames of 2.5 ms: %d samples", got)
	}
}

func TestRefusedOpus(t *testing.T) {
	// with is three seconds with something done to their pages.
	with := func(do func([]sheet) []sheet) []byte {
		return join(do(opusOf(3 * time.Second).sheets()))
	}
	shy := opusOf(59 * time.Second) // more sound than its positions tell
	shy.packets = append(shy.packets, shy.packets[:200]...)
	shy.trim += 200 * 960
	for _, test := range []struct {
		name string
		clip []byte
		flaw Flaw
	}{
		{"too long", opusOf(time.Minute + time.Millisecond).bytes(), TooLong},
		{"longer than it says", shy.bytes(), TooLong},
		{"pre-skip alone", opusOf(0).bytes(), Silent},
		{"headers alone", with(func(s []sheet) []sheet {
			s[1].flags = oggLast
			return s[:2]
		}), Silent},
		{"no last page", with(func(s []sheet) []sheet { return s[:len(s)-1] }), CutShort},
		{"an open packet at the end", with(func(s []sheet) []sheet {
			s[len(s)-1].parts = append(s[len(s)-1].parts, 255)
			s[len(s)-1].body = append(s[len(s)-1].body, make([]byte, 255)...)
			return s
		}), CutShort},
		{"no third page", with(func(s []sheet) []sheet { return slices.Delete(s, 2, 3) }), Damaged},
		{"pages after the last", with(func(s []sheet) []sheet {
			last := s[len(s)-1]
			last.number++
			return append(s, last)
		}), Damaged},
		{"two streams", slices.Repeat(opusOf(time.Second).bytes(), 2), Damaged},
		{"a position that goes back", with(func(s []sheet) []sheet {
			s[3].granule = s[2].granule - 1
			return s
		}), Damaged},
		{"a position before its samples", with(func(s []sheet) []sheet {
			s[2].granule = 100
			return s
		}), Damaged},
		{"a position of none", with(func(s []sheet) []sheet {
			s[3].granule = -1
			return s
		}), Damaged},
		{"a torn packet", with(func(s []sheet) []sheet {
			s[3].flags = oggContinued
			return s
		}), Damaged},
		{"an empty packet", with(func(s []sheet) []sheet {
			s[2].parts = append(s[2].parts, 0)
			return s
		}), Damaged},
		{"no tags", with(func(s []sheet) []sheet {
			s[1].body[0] = 'X'
			return s
		}), Damaged},
		{"sound in the page of the tags", with(func(s []sheet) []sheet {
			s[1].parts, s[1].body = append(s[1].parts, 2), append(s[1].body, 9<<3, 0)
			return s
		}), Damaged},
		{"no first page", with(func(s []sheet) []sheet {
			s[0].flags = 0
			return s
		}), Damaged},
	} {
		wantFlaw(t, test.name, test.clip, test.flaw)
	}
}

func TestRefusedHeaders(t *testing.T) {
	headed := func(head []byte) []byte {
		r := opusOf(time.Second)
		r.head = head
		return r.bytes()
	}
	for _, test := range []struct {
		name string
		clip []byte
		flaw Flaw
	}{
		{"Vorbis", headed([]byte("\x01vorbis\x00\x00\x00\x00\x01\x80\xbb\x00\x00")), Unknown},
		{"a later version", headed(opusHeader(16, 1, 0)), Unknown},
		{"surround", headed(opusHeader(1, 6, 1)), Unknown},
		{"three channels", headed(opusHeader(1, 3, 0)), Unknown},
		{"no channels", headed(opusHeader(1, 0, 0)), Damaged},
		{"half a header", headed(opusHeader(1, 1, 0)[:18]), Damaged},
	} {
		wantFlaw(t, test.name, test.clip, test.flaw)
	}
}

// Whatever byte is changed, the sum of its page tells; wherever the clip ends, it is not whole.
func TestEveryByteOfOpusCounts(t *testing.T) {
	clip := opusOf(1300 * time.Millisecond).bytes()
	for i := range clip {
		bad := bytes.Clone(clip)
		bad[i] ^= 0x10
		if got, err := Read(bad); err == nil {
			t.Fatalf("byte %d may be changed: %+v", i, got)
		}
		if got, err := Read(clip[:i]); err == nil {
			t.Fatalf("%d bytes of %d are taken for the whole: %+v", i, len(clip), got)
		}
	}
}
