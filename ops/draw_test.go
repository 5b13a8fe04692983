package ops_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/ops"
	"hexhail/pb/hexhail/ops/v1"
)

func launchedDraw() *opspb.Draw {
	return &opspb.Draw{
		Id: "D1", Version: 1, Name: "免单", City: "beijing", Sponsor: "alipay", Channel: "wallet",
		Slots: 2, MaxWinFen: 20_00, NumberIs: "3D lottery", FirstDay: "2013-12-21",
		LastDay: "2013-12-22",
	}
}

// drawEdge is an edge that makes secrets.
func drawEdge(t *testing.T) *edge {
	t.Helper()
	e := newEdge(t, sandbox)
	n := byte(0)
	e.desk.NewSecret = func() money.DrawSecret { n++; return money.DrawSecret{n} }
	return e
}

// get reads a public page.
func (e *edge) get(path string) (int, string) {
	e.t.Helper()
	w := httptest.NewRecorder()
	ops.DrawPages(e.desk.Cities, e.db, e.db, func() time.Time { return e.now }).ServeHTTP(w,
		httptest.NewRequestWithContext(e.t.Context(), http.MethodGet, path, nil))
	body, err := io.ReadAll(w.Result().Body)
	e.ok(err)
	return w.Code, string(body)
}

// TestDrawLosesNothing: what is launched is told, and refusals name the field.
func TestDrawLosesNothing(t *testing.T) {
	e := drawEdge(t)
	ctx := e.ops()
	launch := func(id string, change func(*opspb.Draw)) (*opspb.Draw, error) {
		d := launchedDraw()
		change(d)
		got, err := e.LaunchDraw(ctx, &opspb.LaunchDrawRequest{RequestId: id, Draw: d})
		return got.GetDraw(), err
	}
	for _, id := range []string{"1", "2"} { // the second time it changes nothing
		got, err := launch(id, func(*opspb.Draw) {})
		e.ok(err)
		if !proto.Equal(got, launchedDraw()) {
			t.Errorf("got %v", got)
		}
	}
	for field, change := range map[string]func(*opspb.Draw){
		"draw.channel":   func(d *opspb.Draw) { d.Channel = "cash" },
		"draw.last_day":  func(d *opspb.Draw) { d.LastDay = "2013-12-20" },
		"draw.first_day": func(d *opspb.Draw) { d.FirstDay, d.Id = "2013-12-20", "D2" },
		"draw.version":   func(d *opspb.Draw) { d.Version, d.Slots = 2, 3 },
	} {
		_, err := launch(field, change)
		text := e.refused(err, codes.InvalidArgument, dispatch.ReasonDraw)
		if !strings.Contains(text, field) {
			t.Errorf("%s: %s", field, text)
		}
	}
	_, err := launch("taken", func(d *opspb.Draw) { d.Id = "D2" })
	e.refused(err, codes.AlreadyExists, dispatch.ReasonDrawDay)
	days, err := e.ListDrawDays(ctx, &opspb.ListDrawDaysRequest{
		City: "beijing", FromDay: "2013-12-01", ToDay: "2013-12-31",
	})
	e.ok(err)
	if len(days.GetDays()) != 2 || days.GetDays()[0].GetCommitment() !=
		(money.DrawSecret{1}).Commitment() {
		t.Errorf("days %v", days)
	}
	_, err = e.ListDrawDays(ctx, &opspb.ListDrawDaysRequest{
		City: "beijing", FromDay: "2013-12-02", ToDay: "2013-12-01",
	})
	e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	ended, err := e.EndDraw(ctx, &opspb.EndDrawRequest{
		RequestId: "end", City: "beijing", DrawId: "D1",
	})
	e.ok(err)
	if ended.GetCancelledDays() != 2 || ended.GetReturnedFen() != 2*2*20_00 {
		t.Errorf("ended %v", ended)
	}
}

// TestPublicPages: everybody reads commitments before, the list after the day, and the secret when
// it is drawn; what they read is enough to draw again.
func TestPublicPages(t *testing.T) {
	e := drawEdge(t)
	_, err := e.LaunchDraw(e.ops(), &opspb.LaunchDrawRequest{
		RequestId: "1", Draw: launchedDraw(),
	})
	e.ok(err)
	secret := money.DrawSecret{1}
	code, text := e.get("/draws/beijing")
	if code != http.StatusOK || strings.Count(text, "\n") != 2 ||
		!strings.Contains(text, `2013-12-21 "D1" open `+secret.Commitment()+` - - "3D lottery"`) {
		t.Errorf("%d %s", code, text)
	}
	for _, path := range []string{"/draws/atlantis", "/draws/beijing/2013-12-25"} {
		if code, text := e.get(path); code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	e.ok(e.db.Tx(t.Context(), func(tx dispatch.Tx) error {
		for i := range 3 {
			err := tx.InsertLot(money.Lot{
				Draw: "D1", Day: "2013-12-21", Code: fmt.Sprintf("%020x", i), Paid: 17_00,
				Subject: money.Subject(fmt.Sprint("secret ride", i)), Payer: "secret rider",
			})
			if err != nil {
				return err
			}
		}
		d, err := tx.DrawDay("beijing", "2013-12-21")
		if err != nil {
			return err
		}
		if d, err = d.Listed(3, "z"); err != nil {
			return err
		}
		return tx.UpdateDrawDay(d)
	}))
	if _, text := e.get("/draws/beijing/2013-12-21"); strings.Contains(text, "lot ") {
		t.Errorf("before it is frozen: %s", text)
	}
	e.now = time.Date(2013, 12, 22, 1, 0, 0, 0, e.city.Zone)
	e.drawUntil(money.DrawFrozen)
	_, text = e.get("/draws/beijing/2013-12-21")
	if strings.Count(text, "lot ") != 3 || strings.Contains(text, secret.String()) ||
		strings.Contains(text, "ride") && strings.Contains(text, "secret r") {
		t.Errorf("frozen: %s", text)
	}
	day, err := e.EnterDrawNumber(e.ops(), &opspb.EnterDrawNumberRequest{
		RequestId: "n", City: "beijing", Day: "2013-12-21", Number: "385",
	})
	e.ok(err)
	if day.GetDay().GetNumber() != "385" {
		t.Errorf("%v", day)
	}
	e.drawUntil(money.DrawDrawn)
	_, text = e.get("/draws/beijing/2013-12-21")
	list, err := money.ReadDrawList(strings.NewReader(text))
	e.ok(err)
	if wins, err := list.Verify(); err != nil || len(wins) != 2 {
		t.Errorf("%v, %v of %s", wins, err, text)
	}
}

// drawUntil draws until the day has come to a state.
func (e *edge) drawUntil(until money.DrawState) {
	e.t.Helper()
	for range 9 {
		_, _ = e.desk.Draws(e.t.Context(), e.now) // that a lot has no ride is not asked here
		var at money.DrawState
		e.ok(e.db.View(e.t.Context(), func(tx dispatch.Tx) error {
			d, err := tx.DrawDay("beijing", "2013-12-21")
			at = d.State
			return err
		}))
		if at >= until {
			return
		}
	}
	e.t.Fatal("it never comes to ", until)
}
