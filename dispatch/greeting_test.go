package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
)

func (w *town) greet(
	driver dispatch.DriverID, f dispatch.FestivalID, text string,
) (dispatch.Greeting, error) {
	return w.desk.SendGreeting(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.SendGreeting{Driver: driver, Festival: f, Text: text})
}

func (w *town) wantGreetings(rider dispatch.RiderID, want bool) {
	w.t.Helper()
	got, err := w.desk.WantGreetings(w.ctx, w.now, w.key("rider:"+string(rider)),
		dispatch.WantGreetings{Rider: rider, Want: want})
	w.ok(err)
	if got != want {
		w.t.Errorf("%s wants greetings: %v", rider, got)
	}
}

// greeted are the texts that a rider has got, the latest first.
func (w *town) greeted(rider dispatch.RiderID) (texts []string) {
	w.t.Helper()
	list, err := w.db.RiderGreetings(w.ctx, rider, dispatch.Page{Limit: 9})
	w.ok(err)
	for _, g := range list {
		texts = append(texts, g.Text)
	}
	return texts
}

// TestGreetings: a driver greets all regulars once a festival, those who want it; not before its
// time nor after it, and nobody whom only one side would keep.
func TestGreetings(t *testing.T) {
	w := newTown(t)
	one, two := w.taxi("1", w.at(0, 10), 4), w.taxi("2", w.at(0, 10), 4)
	for _, rider := range []string{"a", "b", "c"} {
		w.regulars(rider, one)
	}
	_, err := w.propose(riderIs("d"), w.drivenBefore("d", one))
	w.ok(err)
	spring := dispatch.FestivalID("spring-2014")
	w.now = time.Date(2014, 1, 27, 23, 59, 59, 0, w.city.Zone)
	_, err = w.greet(one, spring, "新年快乐")
	w.fails(err, dispatch.ReasonNoFestival)
	w.pass(time.Second) // three days before
	_, err = w.greet(one, "spring-2015", "新年快乐")
	w.fails(err, dispatch.ReasonNoFestival)
	_, err = w.greet(two, spring, "新年快乐")
	w.fails(err, dispatch.ReasonNobodyToGreet)
	w.wantGreetings("Rb", false)
	g, err := w.greet(one, spring, "新年快乐")
	w.ok(err)
	if g.Riders != 2 {
		t.Errorf("went to %d", g.Riders)
	}
	_, err = w.greet(one, spring, "again")
	w.fails(err, dispatch.ReasonGreeted)
	for rider, want := range map[dispatch.RiderID]int{"Ra": 1, "Rb": 0, "Rc": 1, "Rd": 0} {
		if got := w.greeted(rider); len(got) != want {
			t.Errorf("%s was greeted by %v", rider, got)
		}
	}

	w.wantGreetings("Rb", true) // which brings nothing back
	w.wantGreetings("Rb", true)
	if got := w.greeted("Rb"); len(got) != 0 {
		t.Errorf("greeted afterwards: %v", got)
	}
	w.now = time.Date(2014, 6, 2, 23, 59, 59, 0, w.city.Zone)
	_, err = w.greet(one, "dragon_boat-2014", "端午安康")
	w.ok(err)
	if got := w.greeted("Rb"); len(got) != 1 || got[0] != "端午安康" {
		t.Errorf("greeted by %v", got)
	}
	w.pass(time.Second)
	_, err = w.greet(two, "dragon_boat-2014", "端午安康")
	w.fails(err, dispatch.ReasonNoFestival)

	_, err = w.desk.Work(w.ctx, w.now) // what is old is dropped
	w.ok(err)
	if got := w.greeted("Ra"); len(got) != 1 || got[0] != "端午安康" {
		t.Errorf("kept %v", got)
	}
}

// TestGreetingText: what can be shown and nothing by which one side could call the other.
func TestGreetingText(t *testing.T) {
	w := newTown(t)
	one := w.taxi("1", w.at(0, 10), 4)
	w.regulars("a", one)
	w.now = time.Date(2014, 1, 31, 12, 0, 0, 0, w.city.Zone)
	for _, bad := range []string{
		"", strings.Repeat("a", dispatch.MaxGreetingBytes+1), "\xff", "a\x00b",
		"我的号码 13812345678", "138-1234-5678", "１３８１２３４５６７８", "6 5 1 2 3 4 5",
	} {
		_, err := w.greet(one, "spring-2014", bad)
		w.fails(err, dispatch.ReasonField)
	}
	_, err := w.greet(one, "spring-2014", "2014 新年快乐！\n1月31日至2月6日休息")
	w.ok(err)
}
