package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// A batch of fixes is a byte of version and the time of the first fix, in milliseconds, int64; then
// for each fix, all little-endian:
//
//	lat, lng int32 in 10⁻⁷ degrees (1 cm), after uint32 in ms after the first fix,
//	speed uint16 in cm/s, heading uint16 in 0.01 degrees, accuracy uint16 in cm
//
// 18 bytes a fix: one each second are 65 kB for an hour's ride.
const (
	codecVersion = 1
	codecHead    = 1 + 8
	codecFix     = 4 + 4 + 4 + 2 + 2 + 2
	degreesToE7  = 1e7
	toHundredths = 100
)

// encodeFixes writes a batch. Fixes beyond geo's limits, out of time order, more than 49 days
// apart or more than maxTraceFixes are Invalid.
func encodeFixes(fixes []geo.Fix) ([]byte, error) {
	if len(fixes) == 0 || len(fixes) > maxTraceFixes {
		return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"fixes must be 1 to %d, not %d", maxTraceFixes, len(fixes))
	}
	first := fixes[0].At.UnixMilli()
	out := make([]byte, 0, codecHead+codecFix*len(fixes))
	out = append(out, codecVersion)
	out = binary.LittleEndian.AppendUint64(out, uint64(first))
	last := int64(0)
	for _, f := range fixes {
		if err := geo.CheckFix(nil, f, f.At); err != nil {
			return nil, err
		}
		after := f.At.UnixMilli() - first
		if after < last || after > math.MaxUint32 {
			return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
				"fixes must be in time order and at most 49 days apart")
		}
		last = after
		out = appendE7(appendE7(out, f.Lat), f.Lng)
		out = binary.LittleEndian.AppendUint32(out, uint32(after)) //nolint:gosec // checked above
		for _, v := range [...]float32{f.SpeedMPS, f.HeadingDeg, f.AccuracyM} {
			out = binary.LittleEndian.AppendUint16(out, uint16(math.Round(float64(v)*toHundredths)))
		}
	}
	return out, nil
}

func appendE7(out []byte, degrees float64) []byte {
	e7 := int32(math.Round(degrees * degreesToE7))
	return binary.LittleEndian.AppendUint32(out, uint32(e7)) //nolint:gosec // its bits
}

// decodeFixes appends a batch's fixes. It accepts what encodeFixes writes, and nothing else.
func decodeFixes(fixes []geo.Fix, batch []byte) ([]geo.Fix, error) {
	n := (len(batch) - codecHead) / codecFix
	if n < 1 || n > maxTraceFixes || len(batch) != codecHead+n*codecFix {
		return nil, fmt.Errorf("a batch of fixes cannot have %d bytes", len(batch))
	}
	if batch[0] != codecVersion {
		return nil, fmt.Errorf("version %d of a batch of fixes, not %d", batch[0], codecVersion)
	}
	first := int64(binary.LittleEndian.Uint64(batch[1:])) //nolint:gosec // its bits
	if first > math.MaxInt64-math.MaxUint32 {
		return nil, fmt.Errorf("a batch of fixes cannot begin at %d ms", first)
	}
	last := uint32(0)
	for b := batch[codecHead:]; len(b) > 0; b = b[codecFix:] {
		after := binary.LittleEndian.Uint32(b[8:])
		if after < last || last == 0 && len(b) == len(batch)-codecHead && after != 0 {
			return nil, fmt.Errorf("fix at %d ms after one at %d ms", after, last)
		}
		last = after
		f := geo.Fix{
			Point:      geo.Point{Lat: degrees(b), Lng: degrees(b[4:])},
			At:         time.UnixMilli(first + int64(after)).UTC(),
			SpeedMPS:   hundredths(b[12:]),
			HeadingDeg: hundredths(b[14:]),
			AccuracyM:  hundredths(b[16:]),
		}
		if err := geo.CheckFix(nil, f, f.At); err != nil {
			return nil, err
		}
		fixes = append(fixes, f)
	}
	return fixes, nil
}

func degrees(b []byte) float64 {
	return float64(int32(binary.LittleEndian.Uint32(b))) / degreesToE7 //nolint:gosec // its bits
}

func hundredths(b []byte) float32 {
	return float32(binary.LittleEndian.Uint16(b)) / toHundredths
}
