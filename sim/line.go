package sim

import (
	"encoding/binary"
	"math"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that ours falls back on
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// lineDepth is how many messages may wait for a connection: those of 8 turns of its taxis, half the
// age at which the server takes a fix no more. Beyond it fixes are dropped; commands are kept by
// their sessions until they are answered.
const lineDepth = 8 * streamsALine

// line is a connection for up to 100 drivers' streams, and the goroutine that writes to them: the
// crowd never waits for a connection.
type line struct {
	conn *grpc.ClientConn

	mu    sync.Mutex
	queue []outgoing
	wake  chan struct{} // rings when there is something
}

// outgoing is a message on its way to a stream: a fix, a message, or neither to close the stream.
type outgoing struct {
	stream grpc.ClientStream
	due    time.Time // city time
	isFix  bool
	fix    geo.Fix
	msg    *driverpb.DriveRequest
}

// send queues a message, or reports that there is no room for it.
func (n *line) send(o outgoing) bool {
	n.mu.Lock()
	full := o.isFix && len(n.queue) >= lineDepth
	if !full {
		n.queue = append(n.queue, o)
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
	return !full
}

// write sends what is queued until done is closed. A stream that is broken is its reader's to
// notice. The oldest message of every piece tells how late it left.
func (n *line) write(done <-chan struct{}, late func(due time.Time)) {
	var batch []outgoing
	fix := new(frame)
	for {
		select {
		case <-n.wake:
		case <-done:
			return
		}
		n.mu.Lock()
		batch, n.queue = n.queue, batch[:0]
		n.mu.Unlock()
		for i := range batch {
			o := &batch[i]
			switch {
			case o.isFix:
				fix.fix = o.fix
				_ = o.stream.SendMsg(fix)
			case o.msg != nil:
				_ = o.stream.SendMsg(o.msg)
			default:
				_ = o.stream.CloseSend()
			}
		}
		if len(batch) > 0 {
			late(batch[0].due)
		}
		clear(batch)
	}
}

// frame is a DriveRequest of one fix, encoded by hand: 30 ns instead of 400, and 60,000 of them a
// second are sent.
type frame struct{ fix geo.Fix }

// The tags of a fix's fields, and of the fields around it.
var (
	tagBatch    = protowire.AppendTag(nil, 2, protowire.BytesType) // DriveRequest.fixes
	tagFix      = protowire.AppendTag(nil, 1, protowire.BytesType) // FixBatch.fixes
	tagLat      = protowire.AppendTag(nil, 1, protowire.Fixed64Type)
	tagLng      = protowire.AppendTag(nil, 2, protowire.Fixed64Type)
	tagAt       = protowire.AppendTag(nil, 3, protowire.VarintType)
	tagAccuracy = protowire.AppendTag(nil, 6, protowire.Fixed32Type)
)

// append encodes the message. Speed and heading are left out, as a phone may.
func (f *frame) append(to []byte) []byte {
	at := uint64(f.fix.At.UnixMilli()) // as varints of int64 are
	size := 9 + 9 + 1 + protowire.SizeVarint(at) + 5
	to = append(to, tagBatch...)
	to = protowire.AppendVarint(to, uint64(1+protowire.SizeBytes(size))) //nolint:gosec // G115: 40
	to = append(to, tagFix...)
	to = protowire.AppendVarint(to, uint64(size)) //nolint:gosec // G115: below 40
	to = append(to, tagLat...)
	to = binary.LittleEndian.AppendUint64(to, math.Float64bits(f.fix.Lat))
	to = append(to, tagLng...)
	to = binary.LittleEndian.AppendUint64(to, math.Float64bits(f.fix.Lng))
	to = append(to, tagAt...)
	to = protowire.AppendVarint(to, at)
	to = append(to, tagAccuracy...)
	return binary.LittleEndian.AppendUint32(to, math.Float32bits(f.fix.AccuracyM))
}

// frameBytes is more than a frame has.
const frameBytes = 48

// glimpse is a message of a watch, of which only a ride is read: where its taxi is, a simulated
// rider need not know.
type glimpse struct{ ride *typepb.Ride }

// rideField is WatchRideResponse.ride.
const rideField = 2

func (g *glimpse) decode(data []byte) error {
	g.ride = nil
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if n = protowire.ConsumeFieldValue(field, kind, data); n < 0 {
			return protowire.ParseError(n)
		}
		if field == rideField && kind == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(data[:n])
			g.ride = new(typepb.Ride)
			if err := proto.Unmarshal(body, g.ride); err != nil {
				return err
			}
		}
		data = data[n:]
	}
	return nil
}

// codec is gRPC's own, but for frames and glimpses.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal encodes a frame, or any message.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	f, ok := v.(*frame)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	return mem.BufferSlice{mem.SliceBuffer(f.append(make([]byte, 0, frameBytes)))}, nil
}

// Unmarshal decodes a glimpse, or any message.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	g, ok := v.(*glimpse)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	return g.decode(whole.ReadOnlyData())
}
