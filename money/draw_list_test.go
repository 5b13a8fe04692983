package money_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"hexhail/money"
)

// published is a drawn day as everybody reads it.
func published(t testing.TB) (money.DrawList, string) {
	t.Helper()
	day, lots := drawnDay(3, 9, "385")
	l := day.Publish()
	l.Lots, l.Wins = lots, day.Wins(lots)
	var text bytes.Buffer
	if _, err := l.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return l, text.String()
}

// TestPublishedListIsVerified: the text alone is enough to draw again.
func TestPublishedListIsVerified(t *testing.T) {
	want, text := published(t)
	got, err := money.ReadDrawList(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	wins, err := got.Verify()
	if err != nil || len(wins) != 3 {
		t.Fatal(wins, err)
	}
	for i, w := range wins {
		if w.Code != want.Wins[i].Code || w.Amount != want.Wins[i].Amount {
			t.Errorf("win %d: %+v, want %+v", i+1, w, want.Wins[i])
		}
	}
	day, _ := drawnDay(3, 0, "")
	day.State, day.List = money.DrawPaid, money.ListHash(nil)
	if wins, err := day.Publish().Verify(); err != nil || len(wins) != 0 {
		t.Errorf("a day without rides: %v, %v", wins, err)
	}
}

// TestForgedListIsCaught: whatever is changed after the fact, something else does not fit any more.
func TestForgedListIsCaught(t *testing.T) {
	for part, forge := range map[string]func(*money.DrawList){
		"commitment": func(l *money.DrawList) { // another secret, that suits us better
			l.Secret = secretOf(9).String()
		},
		"secret": func(l *money.DrawList) { l.Secret = "" },
		"seed":   func(l *money.DrawList) { l.Number = "386" },
		"list":   func(l *money.DrawList) { l.Lots[4].Paid++ },
		"lots":   func(l *money.DrawList) { l.Lots = l.Lots[:8] },
		"lot " + money.LotCode(money.DrawSecret{1}): func(l *money.DrawList) {
			l.Lots[0] = l.Lots[1]
		},
		"win 2": func(l *money.DrawList) { l.Wins[1].Code = l.Lots[0].Code },
		"win 3": func(l *money.DrawList) { l.Wins = l.Wins[:2] },
		"win 1": func(l *money.DrawList) { l.Wins[0].Amount++ },
		"win 4": func(l *money.DrawList) { l.Wins = append(l.Wins, l.Wins[0]) },
		"state": func(l *money.DrawList) { l.State = money.DrawNumbered },
	} {
		l, _ := published(t)
		forge(&l)
		_, err := l.Verify()
		var bad *money.DrawListError
		if !errors.As(err, &bad) || bad.Part != part {
			t.Errorf("%s: %v", part, err)
		}
	}
}

// TestReadDrawListRefuses what is cut short or written otherwise, and names the line.
func TestReadDrawListRefuses(t *testing.T) {
	_, text := published(t)
	for name, bad := range map[string]string{
		"nothing":        "",
		"another format": "hexhail-draw 2\n",
		"cut in a line":  text[:len(text)-3],
		"cut in head":    text[:60],
		"carriage":       strings.ReplaceAll(text, "\n", "\r\n"),
		"a word missing": strings.Replace(text, "slots 3\n", "", 1),
		"too many slots": strings.Replace(text, "slots 3\n", "slots 201\n", 1),
		"plus":           strings.Replace(text, "slots 3\n", "slots +3\n", 1),
		"zeros":          strings.Replace(text, " 1000\n", " 01000\n", 1),
		"slot missing":   strings.Replace(text, "win 1 ", "win 2 ", 1),
		"lot after win":  text + "lot 00000000000000000000 1000\n",
		"long line":      text + strings.Repeat("x", 600) + "\n",
		"state":          strings.Replace(text, "state drawn", "state done", 1),
	} {
		_, err := money.ReadDrawList(strings.NewReader(bad))
		var refused *money.DrawListError
		if !errors.As(err, &refused) || refused.Line < 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReadDrawList: what is read is written the same, and nothing panics, whoever wrote it.
func FuzzReadDrawList(f *testing.F) {
	_, text := published(f)
	f.Add(text)
	f.Add(strings.Replace(text, "drawn", "frozen", 1))
	f.Add("hexhail-draw 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := money.ReadDrawList(strings.NewReader(text))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if _, err := l.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		if again.String() != text {
			t.Errorf("read %q, wrote %q", text, again.String())
		}
		_, _ = l.Verify() // must not panic
	})
}
