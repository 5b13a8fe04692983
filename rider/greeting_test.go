package rider_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// TestGreetings: a rider reads the greetings of a driver whom they keep page by page, sees neither
// phone nor id, and says whether they want any; nobody else's pages are theirs.
func TestGreetings(t *testing.T) {
	w := newTown(t)
	var err error
	w.desk.Festivals, err = dispatch.LoadFestivals()
	w.ok(err)
	a, b := w.app("1"), w.app("2")
	driver := w.taxi("A", w.at(0, 0))
	got, err := a.ProposeRegular(a.ctx, &riderpb.ProposeRegularRequest{
		RequestId: "keep", RideId: string(w.ridden(a, driver, 1500)),
	})
	w.ok(err)
	_, err = w.desk.AgreeRegular(t.Context(), w.now(), w.key("driver:DA"), dispatch.RegularWord{
		Person:  dispatch.Person{Driver: driver},
		Regular: dispatch.RegularID(got.GetRegular().GetRegularId()),
	})
	w.ok(err)
	for day, festival := range map[int]dispatch.FestivalID{
		1: "new_year-2014", 31: "spring-2014",
	} {
		_, err := w.desk.SendGreeting(t.Context(), time.Date(2014, 1, day, 4, 0, 0, 0, time.UTC),
			w.key("driver:DA"), dispatch.SendGreeting{
				Driver: driver, Festival: festival, Text: string(festival),
			})
		w.ok(err)
	}
	seen := map[string]string{}
	page := &riderpb.ListGreetingsRequest{PageSize: 1}
	for range 2 {
		list, err := a.ListGreetings(a.ctx, page)
		w.ok(err)
		w.secrets(list)
		for _, g := range list.GetGreetings() {
			seen[g.GetText()] = g.GetFestival().GetName()
			if g.GetName() != "driver A" || g.GetRegularId() != got.GetRegular().GetRegularId() {
				t.Errorf("greeted by %v", g)
			}
		}
		page.PageToken = list.GetNextPageToken()
	}
	if seen["spring-2014"] != "Spring Festival" || seen["new_year-2014"] != "New Year" {
		t.Errorf("greeted %v", seen)
	}
	_, err = b.ListGreetings(b.ctx, page)
	w.refused(err, codes.InvalidArgument, wire.ReasonPageToken)
	for _, want := range []bool{false, true} {
		said, err := a.WantGreetings(a.ctx, &riderpb.WantGreetingsRequest{
			RequestId: map[bool]string{false: "no", true: "yes"}[want], Wanted: want,
		})
		w.ok(err)
		list, err := a.ListGreetings(a.ctx, &riderpb.ListGreetingsRequest{})
		w.ok(err)
		if said.GetWanted() != want || list.GetWanted() != want {
			t.Errorf("wants %v: %v, then %v", want, said, list)
		}
	}
}
