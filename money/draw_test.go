package money_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/money"
)

// launchDraw is the daily draw of December 2013, changed as a test needs.
func launchDraw(change func(*money.Draw)) money.Draw {
	d := money.Draw{
		ID: "launch-draw", Version: 1, City: "beijing", Sponsor: "alipay", Channel: "alipay",
		Slots: 200, MaxWin: 50_00, NumberIs: "3D lottery of the evening after the day",
		FirstDay: "2013-12-10", LastDay: "2013-12-31",
	}
	change(&d)
	return d
}

func asDrawn(*money.Draw) {}

// secretOf is a secret of one byte, over and over.
func secretOf(b byte) money.DrawSecret {
	return money.DrawSecret(bytes.Repeat([]byte{b}, 32))
}

// drawnDay is a day with so many lots of 10 yuan and 1, 2 … fen, and its number.
func drawnDay(slots, lots int, number string) (money.DrawDay, []money.Lot) {
	d := launchDraw(func(d *money.Draw) { d.Slots = slots })
	day := d.NewDay("2013-12-10", secretOf(7), shanghai)
	var list []money.Lot
	for i := range lots {
		var b [32]byte
		b[0], b[1] = byte(i), byte(i>>8)
		list = append(list, money.Lot{
			Draw: d.ID, Day: day.Day, Code: money.LotCode(b), Paid: 10_00 + money.Fen(i),
		})
	}
	day.State, day.Lots, day.List = money.DrawDrawn, lots, money.ListHash(list)
	day.Number = number
	return day, list
}

// Made with sha256sum, as docs/draw.md shows.
const (
	wantCommitment = "1967c0fdaed0b8f2618d3b1f4a9f8541ed315505acc26f5a41f382da8bdd9954"
	wantList       = "513143804f28552003638fcac51347c5a7c8676b142a6a957ec80f98b63524ee"
	wantSeed       = "44f4210bbb5d4c34cd1a245b4444f0805c1071807850837f5c1aff30f3fa1f85"
)

var wantCodes = []string{"00000000000000000000", "01000000000000000000"}

// TestDrawnByEverybody: the hashes are those that docs/draw.md gives a shell line for. The wanted
// values were made with sha256sum.
func TestDrawnByEverybody(t *testing.T) {
	day, lots := drawnDay(2, 3, "385")
	for what, got := range map[string][2]string{
		"commitment": {day.Secret.Commitment(), wantCommitment},
		"list":       {day.List, wantList},
		"seed":       {day.Seed(), wantSeed},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %s, want %s", what, got[0], got[1])
		}
	}
	var codes []string
	for _, w := range day.Wins(lots) {
		codes = append(codes, w.Code)
	}
	if !slices.Equal(codes, wantCodes) {
		t.Errorf("drew %q, want %q", codes, wantCodes)
	}
}

// bruteWins looks for the lowest score again and again.
func bruteWins(day money.DrawDay, lots []money.Lot) []string {
	var codes []string
	left := slices.Clone(lots)
	for len(codes) < day.Slots && len(left) > 0 {
		best := 0
		one := day
		one.Slots = 1
		for i := range left { // of two the draw says which comes first
			first := one.Wins([]money.Lot{left[best], left[i]})[0]
			if first.Code == left[i].Code {
				best = i
			}
		}
		codes = append(codes, left[best].Code)
		left = slices.Delete(left, best, best+1)
	}
	return codes
}

// TestWinsAreRows: at most so many slots, each of another ride, of at most what was paid and the
// limit, whatever the order in which the lots come.
func TestWinsAreRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(r, "lots")
		day, lots := drawnDay(rapid.IntRange(1, 12).Draw(r, "slots"), n,
			fmt.Sprint(rapid.IntRange(0, 1e6).Draw(r, "number")))
		day.MaxWin = money.Fen(rapid.IntRange(1, 10_40).Draw(r, "most"))
		shuffled := rapid.Permutation(lots).Draw(r, "order")
		wins := day.Wins(shuffled)
		if len(wins) != min(n, day.Slots) {
			r.Fatalf("%d wins of %d lots", len(wins), n)
		}
		var codes []string
		for i, w := range wins {
			codes = append(codes, w.Code)
			if w.Slot != i+1 || w.Amount != min(w.Paid, day.MaxWin) || w.State != money.WinDue {
				r.Fatalf("win %+v", w)
			}
		}
		if want := bruteWins(day, lots); !slices.Equal(codes, want) {
			r.Fatalf("drew %q, want %q", codes, want)
		}
	})
}

// TestEveryLotIsAsLikely: over many numbers each lot wins as often as any other.
func TestEveryLotIsAsLikely(t *testing.T) {
	const numbers, slots, lots = 4000, 3, 12
	n := map[string]int{}
	for i := range numbers {
		day, list := drawnDay(slots, lots, fmt.Sprint(i))
		for _, w := range day.Wins(list) {
			n[w.Code]++
		}
	}
	// Binomial with p = 1/4: 1,000 ± 5 × 27.4.
	for code, won := range n {
		if won < 863 || won > 1137 {
			t.Errorf("%s won %d times of %d", code, won, numbers)
		}
	}
	if len(n) != lots {
		t.Errorf("%d lots ever won", len(n))
	}
}

func TestDrawCheck(t *testing.T) {
	if err := launchDraw(asDrawn).Check(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*money.Draw){
		"id":        func(d *money.Draw) { d.ID = "a\nb" },
		"version":   func(d *money.Draw) { d.Version = 0 },
		"name":      func(d *money.Draw) { d.Name = strings.Repeat("x", 201) },
		"city":      func(d *money.Draw) { d.City = "" },
		"sponsor":   func(d *money.Draw) { d.Sponsor = "" },
		"channel":   func(d *money.Draw) { d.Channel = money.Cash },
		"slots":     func(d *money.Draw) { d.Slots = 201 },
		"max_win":   func(d *money.Draw) { d.MaxWin = 500_01 },
		"number_is": func(d *money.Draw) { d.NumberIs = "" },
		"first_day": func(d *money.Draw) { d.FirstDay = "2013-02-30" },
		"last_day":  func(d *money.Draw) { d.LastDay = "2013-12-09" },
	} {
		drawRefused(t, launchDraw(change).Check(), field)
	}
	drawRefused(t, launchDraw(func(d *money.Draw) { d.LastDay = "2014-12-11" }).Check(),
		"last_day")
	drawRefused(t, launchDraw(func(d *money.Draw) { d.FirstDay = "10 Dec" }).Check(), "first_day")
	refused(t, spring(func(c *money.Campaign) { c.ID = "draw/launch-draw" }).Check(), "id")
}

func drawRefused(t *testing.T, err error, field string) {
	t.Helper()
	var bad *money.DrawError
	if !errors.As(err, &bad) || bad.Field != field || bad.Limit == "" {
		t.Errorf("%v, want a refusal of %s", err, field)
	}
}

// TestNewDays: a launch is of days that have not begun, a later version adds some and changes
// nothing that was announced.
func TestNewDays(t *testing.T) {
	d := launchDraw(asDrawn)
	days, err := d.New(money.Draw{}, "2013-12-09")
	if err != nil || len(days) != 22 || days[0] != "2013-12-10" || days[21] != "2013-12-31" {
		t.Fatal(days, err)
	}
	if got := d.Funding(len(days), noon).Transfers[0].Amount; got != 22*200*50_00 {
		t.Errorf("funded with %s", got)
	}
	_, err = d.New(money.Draw{}, "2013-12-10")
	drawRefused(t, err, "first_day")
	longer := launchDraw(func(d *money.Draw) { d.Version, d.LastDay = 2, "2014-01-02" })
	_, err = longer.New(money.Draw{}, "2013-12-09")
	drawRefused(t, err, "version")
	days, err = longer.New(d, "2013-12-31")
	if err != nil || !slices.Equal(days, []money.Day{"2014-01-01", "2014-01-02"}) {
		t.Error(days, err)
	}
	_, err = longer.New(d, "2014-01-01")
	drawRefused(t, err, "version")
	for field, change := range map[string]func(*money.Draw){
		"version":  func(d *money.Draw) { d.Slots = 100 },
		"last_day": func(d *money.Draw) { d.LastDay = "2013-12-30" },
	} {
		other := longer
		change(&other)
		_, err = other.New(d, "2013-12-09")
		drawRefused(t, err, field)
	}
}

// TestDaysBounds: a day is from midnight to midnight where the city is, be it 23 hours long.
func TestDaysBounds(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		day  money.Day
		zone *time.Location
		want time.Duration
	}{{"2013-12-10", shanghai, 24 * time.Hour}, {"2014-03-09", newYork, 23 * time.Hour}} {
		from, to := test.day.Bounds(test.zone)
		if to.Sub(from) != test.want || money.DayOf(from, test.zone) != test.day ||
			money.DayOf(to.Add(-1), test.zone) != test.day ||
			money.DayOf(to, test.zone) != test.day.Next() {
			t.Errorf("%s: from %s to %s", test.day, from, to)
		}
	}
}

// TestDayOfADraw: a day goes one way, and each step once.
func TestDayOfADraw(t *testing.T) {
	day := launchDraw(asDrawn).NewDay("2013-12-10", secretOf(1), shanghai)
	if day.DueAt.Before(day.EndsAt) {
		t.Errorf("due at %s, over at %s", day.DueAt, day.EndsAt)
	}
	steps := map[string]func(money.DrawDay) (money.DrawDay, error){
		"list":   func(d money.DrawDay) (money.DrawDay, error) { return d.Listed(3, "r3") },
		"freeze": func(d money.DrawDay) (money.DrawDay, error) { return d.Freeze("hash", noon) },
		"enter":  func(d money.DrawDay) (money.DrawDay, error) { return d.Enter("385", noon) },
		"draw":   func(d money.DrawDay) (money.DrawDay, error) { return d.Drawn(noon) },
		"pay":    money.DrawDay.Paid,
	}
	for _, want := range []struct {
		step  string
		state money.DrawState
	}{
		{"list", money.DrawOpen},
		{"freeze", money.DrawFrozen},
		{"enter", money.DrawNumbered},
		{"draw", money.DrawDrawn},
		{"pay", money.DrawPaid},
	} {
		for name, step := range steps {
			allowed := name == want.step || want.step == "list" && name == "freeze" ||
				want.step == "freeze" && name == "list"
			if _, err := step(day); (err == nil) != allowed {
				t.Errorf("%s of a day that is %s: %v", name, day.State, err)
			}
		}
		secret := day.Publish().Secret
		if (secret != "") != day.State.Revealed() {
			t.Errorf("%s tells the secret %q", day.State, secret)
		}
		next, err := steps[want.step](day)
		if err != nil || next.State != want.state || next.Version != day.Version+1 {
			t.Fatalf("%s: %+v, %v", want.step, next, err)
		}
		day = next
	}
	for _, number := range []string{"", "3 8 5", "38五", strings.Repeat("1", 65), "-1"} {
		_, err := money.DrawDay{State: money.DrawFrozen}.Enter(number, noon)
		drawRefused(t, err, "number")
	}
	empty, err := launchDraw(asDrawn).NewDay("2013-12-10", secretOf(1), shanghai).
		Freeze(money.ListHash(nil), noon)
	if err != nil || empty.State != money.DrawPaid {
		t.Errorf("of no ride: %+v, %v", empty, err)
	}
	if _, err := day.Cancel("2013-12-09"); err == nil {
		t.Error("a day that is paid was cancelled")
	}
}
