package wire

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
)

func TestPagesBelongToTheirList(t *testing.T) {
	token := NextPage("rides/rider:R1", "01HX")
	if p, err := PageOf("rides/rider:R1", 10, token); err != nil ||
		p != (dispatch.Page{After: "01HX", Limit: 10}) {
		t.Errorf("got %+v, %v", p, err)
	}
	for name, c := range map[string]struct{ list, token string }{
		"another rider's": {"rides/rider:R2", token},
		"another list's":  {"drivers", token},
		"garbage":         {"rides/rider:R1", "!"},
		"an id":           {"rides/rider:R1", "01HX"},
		"cut":             {"rides/rider:R1", token[:len(token)-1]},
		"longer":          {"rides/rider:R1", token + "A"},
		"padded":          {"rides/rider:R1", token + "="},
		"broken":          {"rides/rider:R1", token[:4] + "\n" + token[4:]},
	} {
		if _, err := PageOf(c.list, 10, c.token); ReasonOf(err) != ReasonPageToken {
			t.Errorf("%s: %v", name, err)
		}
	}
	if NextPage("rides", "") != "" {
		t.Error("there is a page after the last")
	}
	if n := len(NextPage("rides", strings.Repeat("x", dispatch.MaxIDBytes))); n > 98 {
		t.Errorf("a token has %d bytes", n)
	}
}

func TestPageSizesAreBrought(t *testing.T) {
	for size, want := range map[int32]int{
		0: 50, 1: 1, 200: 200, 201: 200, math.MaxInt32: 200,
	} {
		if p, err := PageOf("rides", size, ""); err != nil || p != (dispatch.Page{Limit: want}) {
			t.Errorf("%d: got %+v, %v", size, p, err)
		}
	}
	if _, err := PageOf("rides", -1, ""); ReasonOf(err) != dispatch.ReasonField {
		t.Errorf("-1: %v", err)
	}
}

// FuzzPageOf: a token that is taken is one that NextPage makes.
func FuzzPageOf(f *testing.F) {
	f.Add("rides", int32(10), NextPage("rides", "01HX"))
	f.Add("rides", int32(-1), "")
	f.Add("", int32(500), "AQ")
	f.Fuzz(func(t *testing.T, list string, size int32, token string) {
		p, err := PageOf(list, size, token)
		switch {
		case err != nil:
			if kind := ReasonOf(err); kind != ReasonPageToken && kind != dispatch.ReasonField {
				t.Fatalf("%v", err)
			}
		case NextPage(list, p.After) != token, p.Limit < 1, p.Limit > dispatch.MaxPage:
			t.Fatalf("%q, %d, %q: %+v", list, size, token, p)
		}
	})
}

func TestTheCityClock(t *testing.T) {
	epoch := time.Date(2013, 5, 8, 8, 0, 0, 0, time.UTC)
	c := Clock{Epoch: epoch, Start: noon, Rate: 30}
	for machine, want := range map[time.Duration]time.Duration{
		0: 0, time.Second: 30 * time.Second, -time.Minute: -30 * time.Minute,
		365 * 24 * time.Hour: 30 * 365 * 24 * time.Hour, time.Nanosecond: 30 * time.Nanosecond,
	} {
		if got := c.At(noon.Add(machine)); !got.Equal(epoch.Add(want)) {
			t.Errorf("after %v it is %v, want %v", machine, got, epoch.Add(want))
		}
		if got := c.waitAt(epoch.Add(want), noon); got != max(0, machine) {
			t.Errorf("until %v: wait %v, want %v", want, got, machine)
		}
	}
	if got := c.waitAt(epoch.Add(time.Hour), noon.Add(2*time.Minute+time.Second)); got != 0 {
		t.Errorf("what has passed is %v away", got)
	}
	fast := Clock{Epoch: epoch, Start: noon, Rate: MaxClockRate}
	if got := fast.At(noon.AddDate(200, 0, 0)); !got.Equal(epoch.Add(math.MaxInt64)) {
		t.Errorf("the end of time is %v", got)
	}
}

func TestTheRealClockIsTheMachines(t *testing.T) {
	c := NewClock()
	before := time.Now()
	now := c.Now()
	if after := time.Now(); now.Before(before.Round(0).Add(-time.Millisecond)) ||
		now.After(after.Round(0).Add(time.Millisecond)) {
		t.Errorf("it is %v, between %v and %v", now, before, after)
	}
	if got := c.Wait(now.Add(-time.Hour)); got != 0 {
		t.Errorf("an hour ago is %v away", got)
	}
	if got := c.Wait(now.Add(time.Hour)); got < 59*time.Minute || got > time.Hour {
		t.Errorf("an hour is %v", got)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

func TestAClockSurvivesItsFile(t *testing.T) {
	c := Clock{Epoch: noon.AddDate(-1, 0, 0), Start: noon, Rate: 12.5}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var got Clock
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	at := noon.Add(1234567 * time.Millisecond)
	if !got.At(at).Equal(c.At(at)) || got.Check() != nil {
		t.Errorf("%s shows %v, want %v", text, got.At(at), c.At(at))
	}
	for _, bad := range []Clock{
		{},
		{Epoch: noon, Start: noon},
		{Epoch: noon, Start: noon, Rate: -1},
		{Epoch: noon, Start: noon, Rate: MaxClockRate + 1},
		{Epoch: noon, Start: noon, Rate: math.NaN()},
		{Epoch: noon, Rate: 1},
		{Start: noon, Rate: 1},
	} {
		if dispatch.KindOf(bad.Check()) != dispatch.Invalid {
			t.Errorf("%+v is a clock", bad)
		}
	}
}
