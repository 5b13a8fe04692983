package bus

import (
	"errors"
	"math"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"hexhail/dispatch"
)

// Limits of a frame.
const (
	// maxFrameBytes is the length of a frame's message; a longer one is split. Half of what a NATS
	// server takes by default.
	maxFrameBytes = 512 << 10
	// maxTaxiID is the length of a taxi's id; a longer one is refused.
	maxTaxiID = 64
	// maxInterned is how many ids of taxis a reader remembers: more than the largest city has. At
	// the limit it forgets all and begins again, so that garbage costs time and no memory.
	maxInterned = 1 << 17
)

// The fields of hexhail.bus.v1.Frame and Report.
const (
	fieldReports   protowire.Number = 1
	fieldTaxiID    protowire.Number = 1
	fieldLat       protowire.Number = 2
	fieldLng       protowire.Number = 3
	fieldAtMS      protowire.Number = 4
	fieldSpeed     protowire.Number = 5
	fieldHeading   protowire.Number = 6
	fieldAccuracy  protowire.Number = 7
	reportOverhead                  = 1 + 4 // tag and length of a report in a frame, at most
)

// frames are buffers of frames that have been sent.
var frames = sync.Pool{New: func() any { b := make([]byte, 0, 32<<10); return &b }}

func recycle(b *[]byte) {
	if b != nil {
		*b = (*b)[:0]
		frames.Put(b)
	}
}

// reportSize is the length of a report without its tag and length.
func reportSize(r *dispatch.Report) int {
	n := 0
	if len(r.Taxi) > 0 {
		n += 1 + protowire.SizeBytes(len(r.Taxi))
	}
	if math.Float64bits(r.Fix.Lat) != 0 {
		n += 9
	}
	if math.Float64bits(r.Fix.Lng) != 0 {
		n += 9
	}
	if ms := r.Fix.At.UnixMilli(); ms != 0 {
		n += 1 + protowire.SizeVarint(uint64(ms))
	}
	for _, v := range [...]float32{r.Fix.SpeedMPS, r.Fix.HeadingDeg, r.Fix.AccuracyM} {
		if math.Float32bits(v) != 0 {
			n += 5
		}
	}
	return n
}

// appendReport writes a report without tag and length, as proto.Marshal would: in the order of its
// fields, without those that are zero.
func appendReport(b []byte, r *dispatch.Report) []byte {
	if len(r.Taxi) > 0 {
		b = protowire.AppendTag(b, fieldTaxiID, protowire.BytesType)
		b = protowire.AppendString(b, string(r.Taxi))
	}
	b = appendDouble(b, fieldLat, r.Fix.Lat)
	b = appendDouble(b, fieldLng, r.Fix.Lng)
	if ms := r.Fix.At.UnixMilli(); ms != 0 {
		b = protowire.AppendTag(b, fieldAtMS, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(ms))
	}
	b = appendFloat(b, fieldSpeed, r.Fix.SpeedMPS)
	b = appendFloat(b, fieldHeading, r.Fix.HeadingDeg)
	return appendFloat(b, fieldAccuracy, r.Fix.AccuracyM)
}

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	bits := math.Float64bits(v)
	if bits == 0 {
		return b
	}
	b = protowire.AppendTag(b, field, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, bits)
}

func appendFloat(b []byte, field protowire.Number, v float32) []byte {
	bits := math.Float32bits(v)
	if bits == 0 {
		return b
	}
	b = protowire.AppendTag(b, field, protowire.Fixed32Type)
	return protowire.AppendFixed32(b, bits)
}

// appendFrame writes reports from the first one on, as many as fit, and says how many it has taken:
// at least one of a slice that has any. A report whose taxi has no id, or too long a one, is left
// out and counted.
func appendFrame(b []byte, reports []dispatch.Report) (frame []byte, taken, refused int) {
	for taken < len(reports) {
		r := &reports[taken]
		if len(r.Taxi) == 0 || len(r.Taxi) > maxTaxiID || !utf8.ValidString(string(r.Taxi)) {
			taken, refused = taken+1, refused+1
			continue
		}
		size := reportSize(r)
		if len(b)+reportOverhead+size > maxFrameBytes {
			break
		}
		b = protowire.AppendTag(b, fieldReports, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(size)) //nolint:gosec // a length is not negative
		b = appendReport(b, r)
		taken++
	}
	return b, taken, refused
}

var errWire = errors.New("bus: not a message of hexhail.bus.v1")

// frameReader reads the frames of one city. It belongs to one goroutine. Once it has seen every
// taxi it allocates nothing.
type frameReader struct {
	ids     map[string]dispatch.TaxiID
	reports []dispatch.Report
}

// read returns a frame's reports; they are the reader's again with the next read. A report without
// an id or off the earth is left out and counted as refused. A message that is no frame is errWire.
func (f *frameReader) read(frame []byte) (reports []dispatch.Report, refused int, err error) {
	f.reports = f.reports[:0]
	for len(frame) > 0 {
		num, typ, n := protowire.ConsumeTag(frame)
		if n < 0 || num > protowire.MaxValidNumber {
			return nil, 0, errWire
		}
		frame = frame[n:]
		if num != fieldReports || typ != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(num, typ, frame); n < 0 {
				return nil, 0, errWire
			}
			frame = frame[n:]
			continue
		}
		raw, n := protowire.ConsumeBytes(frame)
		if n < 0 {
			return nil, 0, errWire
		}
		frame = frame[n:]
		f.reports = append(f.reports, dispatch.Report{})
		r := &f.reports[len(f.reports)-1]
		id, ok := readReport(raw, r)
		if !ok {
			return nil, 0, errWire
		}
		if len(id) == 0 || len(id) > maxTaxiID || r.Fix.Check() != nil {
			f.reports = f.reports[:len(f.reports)-1]
			refused++
			continue
		}
		r.Taxi = f.intern(id)
	}
	return f.reports, refused, nil
}

// intern is the id that was read before, or a new one.
func (f *frameReader) intern(id []byte) dispatch.TaxiID {
	if known, ok := f.ids[string(id)]; ok {
		return known
	}
	if f.ids == nil || len(f.ids) >= maxInterned {
		f.ids = make(map[string]dispatch.TaxiID)
	}
	fresh := string(id)
	f.ids[fresh] = dispatch.TaxiID(fresh)
	return dispatch.TaxiID(fresh)
}

// readReport reads a report but for its taxi, whose bytes it returns. It accepts what
// proto.Unmarshal accepts: fields in any order, the last of each counts, unknown ones are skipped.
func readReport(b []byte, r *dispatch.Report) (id []byte, ok bool) {
	var atMS int64
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 || num > protowire.MaxValidNumber {
			return nil, false
		}
		b = b[n:]
		switch {
		case typ == protowire.Fixed64Type && (num == fieldLat || num == fieldLng):
			var bits uint64
			bits, n = protowire.ConsumeFixed64(b)
			if num == fieldLat {
				r.Fix.Lat = math.Float64frombits(bits)
			} else {
				r.Fix.Lng = math.Float64frombits(bits)
			}
		case typ == protowire.Fixed32Type && num >= fieldSpeed && num <= fieldAccuracy:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(b)
			switch v := math.Float32frombits(bits); num {
			case fieldSpeed:
				r.Fix.SpeedMPS = v
			case fieldHeading:
				r.Fix.HeadingDeg = v
			default:
				r.Fix.AccuracyM = v
			}
		case typ == protowire.VarintType && num == fieldAtMS:
			var bits uint64
			bits, n = protowire.ConsumeVarint(b)
			atMS = int64(bits) //nolint:gosec // int64 on the wire is its bits
		case typ == protowire.BytesType && num == fieldTaxiID:
			if id, n = protowire.ConsumeBytes(b); n >= 0 && !utf8.Valid(id) {
				return nil, false
			}
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return nil, false
		}
		b = b[n:]
	}
	r.Fix.At = time.UnixMilli(atMS).UTC()
	return id, true
}
