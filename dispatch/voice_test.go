package dispatch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/dispatch/voice"
)

// said is an AMR clip of so many frames of 20 ms at 12.2 kbit/s.
func said(frames int, sound byte) []byte {
	frame := append([]byte{7 << 3}, bytes.Repeat([]byte{sound}, 31)...)
	return append([]byte("#!AMR\n"), bytes.Repeat(frame, frames)...)
}

// clip is what is kept of a ride.
func (w *town) clip(ride dispatch.RideID) (dispatch.Clip, error) {
	return w.db.RideVoice(w.ctx, ride)
}

func TestVoiceComesWithTheRide(t *testing.T) {
	w := newTown(t)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R1"})
	}))
	c := w.request("R1", w.at(0, 0), 1)
	c.Voice = said(50, 'a')
	once := w.key("rider:R1")
	got, err := w.desk.Request(w.ctx, w.now, once, c)
	w.ok(err)
	head := voice.Head{Format: voice.AMR, Length: time.Second}
	if r := w.ride(got.Ride); r.Voice != head || w.rides[got.Ride].Voice != head {
		t.Errorf("the row tells of %+v, the hint of %+v", r.Voice, w.rides[got.Ride].Voice)
	}
	kept, err := w.clip(got.Ride)
	w.ok(err)
	if kept.Head != head || !bytes.Equal(kept.Bytes, c.Voice) {
		t.Errorf("kept %+v, %d bytes", kept.Head, len(kept.Bytes))
	}
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		events, err := tx.Unsent(10)
		if text, _ := json.Marshal(events); len(events) != 1 || strings.Contains(
			strings.ToLower(string(text)), "voice") {
			t.Errorf("outsiders hear %s", text)
		}
		return err
	}))

	again, err := w.desk.Request(w.ctx, w.now.Add(time.Second), once, c)
	w.ok(err)
	if again.At = got.At; again != got { // JSON keeps no name of a zone
		t.Errorf("again: %+v, before: %+v", again, got)
	}
	c.Voice = said(50, 'b')
	_, err = w.desk.Request(w.ctx, w.now, once, c)
	w.fails(err, dispatch.ReasonRequestReused)
	c.Voice = nil
	_, err = w.desk.Request(w.ctx, w.now, once, c)
	w.fails(err, dispatch.ReasonRequestReused)
}

func TestVoiceComesWithABooking(t *testing.T) {
	w := newTown(t)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R1"})
	}))
	c := dispatch.BookRide{
		RequestRide: w.request("R1", w.at(0, 0), 1), PickupAt: w.now.Add(5 * time.Hour),
	}
	c.Voice = said(25, 'a')
	got, err := w.desk.Book(w.ctx, w.now, w.key("rider:R1"), c)
	w.ok(err)
	kept, err := w.clip(got.Ride)
	w.ok(err)
	if kept.Length != 500*time.Millisecond || w.ride(got.Ride).Voice != kept.Head {
		t.Errorf("kept %+v, the row tells of %+v", kept.Head, w.ride(got.Ride).Voice)
	}
	c.Voice = []byte("noise")
	_, err = w.desk.Book(w.ctx, w.now, w.key("rider:R1"), c)
	w.fails(err, dispatch.ReasonVoice)
}

func TestRefusedVoice(t *testing.T) {
	w := newTown(t)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R1"})
	}))
	c := w.request("R1", w.at(0, 0), 1)
	for _, test := range []struct {
		clip   []byte
		reason dispatch.Reason
		limit  string
	}{
		{said(3001, 'a'), dispatch.ReasonVoiceTooLong, "at most 60 s long"},
		{make([]byte, voice.MaxBytes+1), dispatch.ReasonVoiceTooLong, "at most 131072 bytes"},
		{said(50, 'a')[:100], dispatch.ReasonVoice, "whole, and is cut short"},
		{[]byte("RIFF"), dispatch.ReasonVoice, "AMR, AMR-WB or Opus in Ogg"},
		{[]byte("#!AMR\n"), dispatch.ReasonVoice, "longer than 0 s"},
	} {
		c.Voice = test.clip
		_, err := w.desk.Request(w.ctx, w.now, w.key("rider:R1"), c)
		w.fails(err, test.reason)
		var e *dispatch.Error
		if !errors.As(err, &e) || e.Kind != dispatch.Invalid || e.Field != "voice" ||
			!strings.HasPrefix(e.Limit, test.limit) {
			t.Errorf("%v, want field voice and limit %q", err, test.limit)
		}
	}
	c.Voice = nil
	_, err := w.desk.Request(w.ctx, w.now, w.key("rider:R1"), c)
	w.ok(err) // nothing was left of the others
}

// A clip is dropped when it is old, and its ride stays.
func TestVoiceIsDropped(t *testing.T) {
	w := newTown(t)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R1"})
	}))
	c := w.request("R1", w.at(0, 0), 1)
	c.Voice = said(50, 'a')
	got, err := w.desk.Request(w.ctx, w.now, w.key("rider:R1"), c)
	w.ok(err)
	w.pass(dispatch.VoiceKept)
	_, err = w.desk.Work(w.ctx, w.now)
	w.ok(err)
	_, err = w.clip(got.Ride)
	w.ok(err)
	w.pass(time.Millisecond)
	_, err = w.desk.Work(w.ctx, w.now)
	w.ok(err)
	if _, err = w.clip(got.Ride); dispatch.ReasonOf(err) != dispatch.ReasonUnknownVoice {
		t.Errorf("after %s: %v", dispatch.VoiceKept, err)
	}
	if r := w.ride(got.Ride); r.Voice.Length != time.Second {
		t.Errorf("the ride has forgotten that something was said: %+v", r.Voice)
	}
}
