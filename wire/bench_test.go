package wire

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

// unlimited lets a benchmark call as fast as it can.
func unlimited() Limits {
	r := Rate{PerSecond: 1e9, Burst: 1 << 30}
	return Limits{Caller: r, Device: r}
}

// bareServer is gRPC without the gate: the baseline.
func bareServer(b *testing.B, r *riders, d *drivers) *grpc.ClientConn {
	s := grpc.NewServer()
	riderpb.RegisterRiderServiceServer(s, r)
	driverpb.RegisterDriverServiceServer(s, d)
	return dial(b, listen(b, s))
}

func benchmarkGet(ctx context.Context, b *testing.B, conn *grpc.ClientConn) {
	client := riderpb.NewRiderServiceClient(conn)
	request := ride("01HXAMPLE")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.GetRide(ctx, request); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUnary is an empty handler over loopback, one call at a time: bare gRPC, and behind the
// gate with a known token.
func BenchmarkUnary(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		conn := bareServer(b, &riders{}, &drivers{})
		benchmarkGet(WithToken(b.Context(), "x"), b, conn)
	})
	b.Run("gate", func(b *testing.B) {
		e := newEdge(b, ServerConfig{Limits: unlimited()}, &riders{}, &drivers{})
		token := mint(b, e.key, rider("R1"), noon, time.Hour)
		benchmarkGet(WithToken(b.Context(), token), b, e.conn)
	})
}

// swallow reads a stream to its end.
func swallow(s grpc.BidiStreamingServer[driverpb.DriveRequest, driverpb.DriveResponse]) error {
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func benchmarkDrive(ctx context.Context, b *testing.B, conn *grpc.ClientConn) {
	stream, err := driverpb.NewDriverServiceClient(conn).Drive(ctx)
	if err != nil {
		b.Fatal(err)
	}
	message := &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Fixes{
		Fixes: &driverpb.FixBatch{Fixes: []*typepb.Fix{{
			Lat: 39.9, Lng: 116.3, AtMs: noon.UnixMilli(), SpeedMps: 10, HeadingDeg: 90,
			AccuracyM: 5,
		}}},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if err := stream.Send(message); err != nil {
			b.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		b.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		b.Fatal(err)
	}
}

// BenchmarkStreamMessage is a message with one fix on one stream to a handler that throws it away.
func BenchmarkStreamMessage(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		conn := bareServer(b, &riders{}, &drivers{drive: swallow})
		benchmarkDrive(b.Context(), b, conn)
	})
	b.Run("gate", func(b *testing.B) {
		e := newEdge(b, ServerConfig{Limits: unlimited()}, &riders{}, &drivers{drive: swallow})
		token := mint(b, e.key, driver("D1"), noon, time.Hour)
		benchmarkDrive(WithToken(b.Context(), token), b, e.conn)
	})
}

// BenchmarkStart is a server with its three services: the compilation of the schema's rules is most
// of it, and only the first in a process.
func BenchmarkStart(b *testing.B) {
	v := NewVerifier()
	for b.Loop() {
		if _, err := NewServer(ServerConfig{Verifier: v}, func(r grpc.ServiceRegistrar) {
			riderpb.RegisterRiderServiceServer(r, &riders{})
			driverpb.RegisterDriverServiceServer(r, &drivers{})
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidate is what the schema's rules cost a call.
func BenchmarkValidate(b *testing.B) {
	get := ride("01HXAMPLE")
	request := &riderpb.RequestRideRequest{
		RequestId: "a", City: "beijing", PayBy: "cash", Seats: 1,
		Pickup: &typepb.Place{Point: stationPB}, Dropoff: &typepb.Place{Point: stationPB},
	}
	b.Run("GetRide", func(b *testing.B) {
		for b.Loop() {
			if err := Validate(get); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("RequestRide", func(b *testing.B) {
		for b.Loop() {
			if err := Validate(request); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("nothing", func(b *testing.B) {
		for b.Loop() {
			if err := Validate(&emptypb.Empty{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
