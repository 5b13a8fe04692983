package wire

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// codec is gRPC's own for proto, but for one thing: what cannot be read is told to the gate and not
// to gRPC, which would answer Internal without details at once.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(proto.Name)} }

// inbox is what the gate receives into.
type inbox struct {
	message    any
	limitBytes int
	err        error
}

// Unmarshal reads a message, into an inbox if v is one.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*inbox)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	if n := data.Len(); n > in.limitBytes {
		in.err = Refuse(codes.ResourceExhausted, ReasonMessageTooLarge,
			"message has %d bytes, at most %d", n, in.limitBytes)
	} else if c.CodecV2.Unmarshal(data, in.message) != nil {
		in.err = Refuse(codes.InvalidArgument, ReasonMessageInvalid,
			"message is not of the type that the method takes")
	}
	return nil
}
