package voice

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// FuzzRead: whatever comes, a clip that is taken keeps the limits, and one that is refused says
// why. The fuzzer does not know sums, so that every page is read with its own put right as well.
func FuzzRead(f *testing.F) {
	f.Add(amrClip(amrMagic, narrowBits, 0, 7, 8, 15))
	f.Add(amrClip(amrWBMagic, wideBits, 0, 8, 9, 14))
	f.Add(opusOf(130 * time.Millisecond).bytes())
	live := opusOf(time.Second)
	live.from = 1 << 62
	f.Add(live.bytes())
	f.Add(join(torn(opusOf(200 * time.Millisecond).sheets())))
	f.Fuzz(func(t *testing.T, clip []byte) {
		for _, c := range [][]byte{clip, summed(clip)} {
			before := bytes.Clone(c)
			head, err := Read(c)
			if !bytes.Equal(before, c) {
				t.Fatal("the clip was changed")
			}
			var refused *Error
			switch {
			case err == nil:
				if head.Length <= 0 || head.Length > MaxLength || len(c) > MaxBytes ||
					ParseFormat(head.Format.String()) != head.Format || head.Format == 0 {
					t.Fatalf("taken: %+v of %d bytes", head, len(c))
				}
				if head.Format != Opus && head.Length > time.Duration(len(c))*amrFrame {
					t.Fatalf("%+v in %d bytes", head, len(c))
				}
			case !errors.As(err, &refused):
				t.Fatalf("refused otherwise: %v", err)
			case refused.Flaw == 0 || refused.Limit == "" || refused.At < 0 || refused.At > len(c):
				t.Fatalf("refused without a reason: %+v", refused)
			}
		}
	})
}

// summed is a stream whose pages have right sums, as far as it has pages.
func summed(stream []byte) []byte {
	out := bytes.Clone(stream)
	for at := 0; len(out)-at >= oggHeader && string(out[at:at+4]) == oggMagic; {
		end := at + oggHeader + int(out[at+oggSegments])
		if end > len(out) {
			break
		}
		for _, n := range out[at+oggHeader : end] {
			end += int(n)
		}
		if end > len(out) {
			break
		}
		for i := range 4 {
			out[at+oggChecksum+i] = 0
		}
		sum := leftSum(out[at:end])
		for i := range 4 {
			out[at+oggChecksum+i] = byte(sum >> (8 * i))
		}
		at = end
	}
	return out
}
