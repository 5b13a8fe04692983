package driver

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	driverpb "hexhail/pb/hexhail/driver/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// sixSeconds is an AMR clip without sound in it.
func sixSeconds() []byte {
	return append([]byte("#!AMR\n"), bytes.Repeat([]byte{15 << 3}, 300)...)
}

// hears reports whether a driver may have the clip of a ride, and that it is the one that was sent.
func (p *phone) hears(ride string) bool {
	p.t.Helper()
	got, err := driverpb.NewDriverServiceClient(p.conn).GetVoice(
		p.w.as(p.driver), &driverpb.GetVoiceRequest{RideId: ride})
	if err != nil {
		if status.Code(err) != codes.NotFound {
			p.t.Fatal(err)
		}
		return false
	}
	if !bytes.Equal(got.GetClip(), p.w.voice) {
		p.t.Errorf("another clip: %d bytes", len(got.GetClip()))
	}
	p.tells(got.GetVoice())
	return true
}

// tells checks what is told of the clip.
func (p *phone) tells(v *typepb.Voice) {
	p.t.Helper()
	if v.GetLength().AsDuration() != 6*time.Second ||
		v.GetFormat() != typepb.VoiceFormat_VOICE_FORMAT_AMR {
		p.t.Errorf("told of %v", v)
	}
}

// TestVoiceOfCall: whom a call reaches may hear it while it is open, then who has the ride, until
// the drive is over.
func TestVoiceOfCall(t *testing.T) {
	w := newCallTown(t, 4)
	w.voice = sixSeconds()
	a, b, far, off := w.phone(0), w.phone(1), w.phone(2), w.phone(3)
	a.free(w.at(0, 0))
	b.free(w.at(500, 0))
	far.free(w.at(9000, 0))
	off.drive(w.at(0, 0))
	ride := w.ask("R1", w.at(300, 0))
	call := a.called(ride)
	b.called(ride)
	a.tells(call.GetVoice())
	hear := func(when string, want ...*phone) {
		t.Helper()
		for _, p := range []*phone{a, b, far, off} {
			may := false
			for _, q := range want {
				may = may || p == q
			}
			if p.hears(string(ride)) != may {
				t.Errorf("%s: that %s may hear it is %v", when, p.driver, !may)
			}
		}
	}
	hear("open", a, b)
	if a.hears("nobody's") {
		t.Error("a ride that there is not has a clip")
	}
	got := b.do(grab(call.GetCallId())).GetRide()
	b.tells(got.GetVoice())
	hear("grabbed", b)
	act := &driverpb.RideAction{RideId: string(ride)}
	b.do(&driverpb.Command{Action: &driverpb.Command_Arrived{Arrived: act}})
	b.do(&driverpb.Command{Action: &driverpb.Command_Started{Started: act}})
	hear("on the trip", b)
	b.do(&driverpb.Command{Action: &driverpb.Command_Completed{
		Completed: &driverpb.Completion{RideId: string(ride), MeterFen: 13_00},
	}})
	hear("completed")
}

// TestVoiceOfOffer: the driver who is asked hears it, and nobody else; who gives the ride back
// hears it no more.
func TestVoiceOfOffer(t *testing.T) {
	w := newTown(t)
	w.enrol(2)
	w.voice = sixSeconds()
	a, b := w.phone(0), w.phone(1)
	b.onDuty() // somewhere: never asked
	a.free(w.at(0, 0))
	ride := w.ask("R1", w.at(0, 0))
	o := a.offered(ride)
	a.tells(o.GetVoice())
	if !a.hears(string(ride)) || b.hears(string(ride)) {
		t.Error("an offer is for one driver")
	}
	accept := &driverpb.OfferAnswer{OfferId: o.GetOfferId()}
	a.do(&driverpb.Command{Action: &driverpb.Command_Accept{Accept: accept}})
	if !a.hears(string(ride)) || b.hears(string(ride)) {
		t.Error("a ride has one driver")
	}
	a.do(&driverpb.Command{Action: &driverpb.Command_Release{
		Release: &driverpb.RideAction{RideId: string(ride)},
	}})
	if a.hears(string(ride)) || b.hears(string(ride)) {
		t.Error("a ride that was given back is nobody's")
	}
}
