package driver

import (
	"math"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoiface"

	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// incoming is what a session receives into, message after message. It reads messages of fixes by
// hand, into memory that sessions share: nearly all messages are such, and the library allocates
// anew for each and every fix, which costs twice as much as all that is then done with it (500 ns
// against 210). Whatever is not as phones write it is left to the library, so what is read is the
// same in every case; a fuzz test holds both against each other.
type incoming struct {
	driverpb.DriveRequest
	mirror mirror
	shared *driverpb.DriveRequest_Fixes // lent to Message until released
}

// mirror is the message as the library sees it: the generated one, but for how it is read.
type mirror struct {
	protoreflect.Message
	in *incoming
}

var byHand = protoiface.Methods{Unmarshal: readByHand}

func newIncoming() *incoming {
	in := &incoming{}
	in.mirror = mirror{Message: in.DriveRequest.ProtoReflect(), in: in}
	return in
}

// ProtoReflect is the mirror.
func (in *incoming) ProtoReflect() protoreflect.Message { return &in.mirror }

// Reset makes room for the next message.
func (in *incoming) Reset() {
	in.release()
	in.DriveRequest.Reset()
}

// Interface is the message that is mirrored.
func (m *mirror) Interface() protoreflect.ProtoMessage { return m.in }

// ProtoMethods reads by hand.
func (m *mirror) ProtoMethods() *protoiface.Methods { return &byHand }

// batches are shared by all sessions: one holds memory for a batch only while it handles one.
var batches = sync.Pool{New: func() any {
	return &driverpb.DriveRequest_Fixes{Fixes: &driverpb.FixBatch{}}
}}

// release gives the shared memory back. The message's fixes may not be used after it.
func (in *incoming) release() {
	if in.shared != nil {
		in.Message = nil
		batches.Put(in.shared)
		in.shared = nil
	}
}

func readByHand(input protoiface.UnmarshalInput) (protoiface.UnmarshalOutput, error) {
	done := protoiface.UnmarshalOutput{Flags: protoiface.UnmarshalInitialized}
	m, ok := input.Message.(*mirror)
	if !ok {
		return done, proto.Error
	}
	if body, ok := onlyField(input.Buf, fieldFixes); ok {
		shared, _ := batches.Get().(*driverpb.DriveRequest_Fixes)
		if readBatch(shared.Fixes, body) {
			m.in.shared, m.in.Message = shared, shared
			return done, nil
		}
		batches.Put(shared)
	}
	return done, proto.UnmarshalOptions{Merge: true}.Unmarshal(input.Buf, &m.in.DriveRequest)
}

// The numbers of the fields that are read by hand.
const (
	fieldFixes = 2 // of DriveRequest

	fieldFix   = 1 // of FixBatch
	fieldDatum = 2

	fieldLat      = 1 // of Fix
	fieldLng      = 2
	fieldAtMS     = 3
	fieldSpeed    = 4
	fieldHeading  = 5
	fieldAccuracy = 6
)

// onlyField is the body of a message's only field, if that is the one of this number.
func onlyField(b []byte, number protowire.Number) (body []byte, ok bool) {
	num, kind, n := protowire.ConsumeTag(b)
	if n < 0 || num != number || kind != protowire.BytesType {
		return nil, false
	}
	body, m := protowire.ConsumeBytes(b[n:])
	return body, m >= 0 && n+m == len(b)
}

// readBatch reads a batch into memory that has been used before. It is false if there is anything
// in it that it does not know, or more than MaxFixes.
func readBatch(batch *driverpb.FixBatch, b []byte) bool {
	batch.Fixes, batch.Datum = batch.Fixes[:0], 0
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return false
		}
		b = b[n:]
		switch {
		case num == fieldFix && kind == protowire.BytesType:
			body, n := protowire.ConsumeBytes(b)
			if n < 0 || len(batch.Fixes) == MaxFixes || !readFix(nextFix(batch), body) {
				return false
			}
			b = b[n:]
		case num == fieldDatum && kind == protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return false
			}
			batch.Datum = typepb.Datum(v) //nolint:gosec // G115: cut to 32 bits, as proto says
			b = b[n:]
		default:
			return false
		}
	}
	return true
}

// nextFix is one more fix of the batch, empty.
func nextFix(batch *driverpb.FixBatch) *typepb.Fix {
	n := len(batch.Fixes)
	if n < cap(batch.Fixes) {
		batch.Fixes = batch.Fixes[:n+1]
		if f := batch.Fixes[n]; f != nil {
			f.Lat, f.Lng, f.AtMs, f.SpeedMps, f.HeadingDeg, f.AccuracyM = 0, 0, 0, 0, 0, 0
			return f
		}
		batch.Fixes = batch.Fixes[:n]
	}
	f := &typepb.Fix{}
	batch.Fixes = append(batch.Fixes, f)
	return f
}

func readFix(f *typepb.Fix, b []byte) bool {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return false
		}
		b = b[n:]
		switch kind {
		case protowire.Fixed64Type:
			v, m := protowire.ConsumeFixed64(b)
			if n = m; n < 0 || !putDouble(f, num, math.Float64frombits(v)) {
				return false
			}
		case protowire.Fixed32Type:
			v, m := protowire.ConsumeFixed32(b)
			if n = m; n < 0 || !putFloat(f, num, math.Float32frombits(v)) {
				return false
			}
		case protowire.VarintType:
			v, m := protowire.ConsumeVarint(b)
			if n = m; n < 0 || num != fieldAtMS {
				return false
			}
			f.AtMs = int64(v) //nolint:gosec // G115: two's complement, as proto says
		default:
			return false
		}
		b = b[n:]
	}
	return true
}

func putDouble(f *typepb.Fix, num protowire.Number, v float64) bool {
	switch num {
	case fieldLat:
		f.Lat = v
	case fieldLng:
		f.Lng = v
	default:
		return false
	}
	return true
}

func putFloat(f *typepb.Fix, num protowire.Number, v float32) bool {
	switch num {
	case fieldSpeed:
		f.SpeedMps = v
	case fieldHeading:
		f.HeadingDeg = v
	case fieldAccuracy:
		f.AccuracyM = v
	default:
		return false
	}
	return true
}
