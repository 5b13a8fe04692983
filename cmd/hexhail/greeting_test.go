package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// TestFestivalGreeting: on the eve of the Spring Festival a driver greets a regular, once, who
// reads it and then wants no more. All of it goes through the real API.
func TestFestivalGreeting(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--clock-epoch", "2014-01-30T12:00:00+08:00")
	c := r.cast(kept)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	rider, driver := riderpb.NewRiderServiceClient(c.conn()),
		driverpb.NewDriverServiceClient(c.conn())
	now, err := driver.ListGreetings(c.in(ctx, driverOne), &driverpb.ListGreetingsRequest{})
	c.ok(err)
	if f := now.GetFestivals(); len(f) != 1 || f[0].GetNameZh() != "春节" ||
		f[0].GetDay() != "2014-01-31" || len(now.GetGreetings()) > 0 {
		t.Fatalf("it is time for %v", now)
	}
	greet := &driverpb.SendGreetingRequest{
		RequestId: "greet", FestivalId: now.GetFestivals()[0].GetFestivalId(), Text: "马到成功！",
	}
	for range 2 { // as an app does that has heard nothing
		sent, err := driver.SendGreeting(c.in(ctx, driverOne), greet)
		c.ok(err)
		if g := sent.GetGreeting(); g.GetRiders() != 1 || g.GetText() != greet.GetText() {
			t.Errorf("sent %v", g)
		}
	}
	greet.RequestId = "again"
	_, err = driver.SendGreeting(c.in(ctx, driverOne), greet)
	if reason := wire.ReasonOf(err); reason != "GREETED_ALREADY" {
		t.Errorf("sent twice: %v", err)
	}
	got, err := rider.ListGreetings(c.in(ctx, riderOne), &riderpb.ListGreetingsRequest{})
	c.ok(err)
	if g := got.GetGreetings(); !got.GetWanted() || len(g) != 1 ||
		g[0].GetName() != c.name(driverOne) || g[0].GetRegularId() != string(c.regular) ||
		g[0].GetText() != greet.GetText() || g[0].GetFestival().GetName() != "Spring Festival" {
		t.Errorf("got %v", got)
	}
	if text := protojson.Format(got); strings.Contains(text, c.phone(driverOne)) ||
		strings.Contains(text, c.id(driverOne)) {
		t.Errorf("tells too much: %s", text)
	}
	refused, err := rider.WantGreetings(c.in(ctx, riderOne),
		&riderpb.WantGreetingsRequest{RequestId: "no", Wanted: false})
	c.ok(err)
	got, err = rider.ListGreetings(c.in(ctx, riderOne), &riderpb.ListGreetingsRequest{})
	c.ok(err)
	if refused.GetWanted() || got.GetWanted() || len(got.GetGreetings()) != 1 {
		t.Errorf("refused %v, then %v", refused, got)
	}
}
