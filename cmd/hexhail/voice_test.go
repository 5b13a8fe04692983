package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// saidFor is an AMR clip of so many frames at 12.2 kbit/s, in which the cast's number is said.
func (c *cast) saidFor(frames int) []byte {
	sound := bytes.Repeat([]byte{byte(c.n >> 8), byte(c.n), 0xa5}, 11)
	frame := append([]byte{7 << 3}, sound[:31]...)
	return append([]byte("#!AMR\n"), bytes.Repeat(frame, frames)...)
}

// said is the clip of the cast's ride, and saidText how JSON has it.
func (c *cast) said() []byte     { return c.saidFor(2) }
func (c *cast) saidText() string { return base64.StdEncoding.EncodeToString(c.said()) }

// TestVoiceRequest: a rider speaks a minute with the request, the driver who is offered the ride
// fetches what was said, to the byte, and nobody else may: all through the real API. The clip is
// larger than other messages may be.
func TestVoiceRequest(t *testing.T) {
	t.Parallel()
	r := openRealm(t)
	c := &cast{realm: r, n: r.ids.Add(1), now: r.service.clock.Now()}
	c.enrol()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	clip := c.saidFor(3000)
	c.cruise(driverOne, 0.5)
	rider := riderpb.NewRiderServiceClient(c.conn())
	ask := &riderpb.RequestRideRequest{
		RequestId: "ask", City: "beijing", Seats: 1, PayBy: "cash", Pickup: placeOf(c.at(0)),
		Dropoff: placeOf(c.at(5)), Voice: append(clip, 7<<3),
	}
	refusedFor(t, "cut short", errOf(rider.RequestRide(c.in(ctx, riderOne), ask)),
		codes.InvalidArgument)
	ask.Voice = clip
	asked, err := rider.RequestRide(c.in(ctx, riderOne), ask)
	c.ok(err)
	c.ride = dispatch.RideID(asked.GetRide().GetRideId())
	minute := func(what string, v *typepb.Voice) {
		if v.GetLength().AsDuration() != time.Minute ||
			v.GetFormat() != typepb.VoiceFormat_VOICE_FORMAT_AMR {
			t.Errorf("%s tells of %v", what, v)
		}
	}
	minute("the ride", asked.GetRide().GetVoice())

	driver := driverpb.NewDriverServiceClient(c.conn())
	var offer *driverpb.Offer
	for offer == nil {
		got, err := driver.GetSnapshot(c.in(ctx, driverOne), &driverpb.GetSnapshotRequest{})
		c.ok(err)
		offer = got.GetSnapshot().GetOffer()
	}
	minute("the offer", offer.GetVoice())
	fetch := func(w who) error {
		got, err := driver.GetVoice(c.in(ctx, w),
			&driverpb.GetVoiceRequest{RideId: offer.GetRideId()})
		if err == nil && !bytes.Equal(got.GetClip(), clip) {
			t.Errorf("%s has another clip, of %d bytes", w, len(got.GetClip()))
		}
		return err
	}
	c.ok(fetch(driverOne))
	refusedFor(t, "another driver", fetch(driverTwo), codes.NotFound)

	c.now = r.service.clock.Now()
	c.accept(driverOne, dispatch.OfferID(offer.GetOfferId()))
	c.ok(fetch(driverOne))
	own, err := rider.GetVoice(c.in(ctx, riderOne),
		&riderpb.GetVoiceRequest{RideId: string(c.ride)})
	c.ok(err)
	seen, err := opspb.NewOpsServiceClient(c.conn()).GetVoice(c.in(ctx, staff),
		&opspb.GetVoiceRequest{RideId: string(c.ride)})
	c.ok(err)
	if !bytes.Equal(own.GetClip(), clip) || !bytes.Equal(seen.GetClip(), clip) {
		t.Error("the rider or ops have another clip")
	}
	_, err = rider.GetVoice(c.in(ctx, riderTwo), &riderpb.GetVoiceRequest{RideId: string(c.ride)})
	refusedFor(t, "another rider", err, codes.NotFound)
	c.drive(driverOne, c.service.desk.Release)
	refusedFor(t, "who gave it back", fetch(driverOne), codes.NotFound)
}

func errOf[A any](_ A, err error) error { return err }

func refusedFor(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}
