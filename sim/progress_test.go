package sim

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hexhail/money"
)

// ticks shows a run of a simulated hour, a tick a minute, each taking the given time of the wall.
func ticks(p *Progress, wall *time.Time, each time.Duration) {
	at := time.Date(2014, 2, 26, 17, 0, 0, 0, time.UTC)
	for minute := range 60 {
		p.Tick(Tick{
			Now: at.Add(time.Duration(minute+1) * time.Minute), Done: float64(minute+1) / 60,
			TaxiStates: TaxiStates{
				Idle: 1000 - 10*minute, ToPickup: 12, AtPickup: 3, OnTrip: 10 * minute, Off: 5,
			},
			OpenRides: 40, Claims: 100 * minute, MeanWait: 95 * time.Second,
			Subsidies: money.Yuan(int32(minute)),
		})
		*wall = wall.Add(each)
	}
	p.Finish()
}

func TestProgressElsewhereIsALineEachFiveMinutes(t *testing.T) {
	var out bytes.Buffer
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ticks(NewProgress(&out, 0, func() time.Time { return wall }), &wall, time.Second)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 13 || strings.Contains(out.String(), "\r") {
		t.Fatalf("want 13 plain lines (17:01, 17:05, … 18:00), got %d:\n%s",
			len(lines), out.String())
	}
	const first = "17:01   2% ETA ? | taxis 1000 idle 12 to pickup 3 at pickup 0 on trip 5 off" +
		" | 40 open, 0 claims, 95 s wait, 0.00 yuan subsidies"
	const seventh = "17:30  50% ETA 30s | taxis 710 idle 12 to pickup 3 at pickup 290 on trip" +
		" 5 off | 40 open, 2900 claims, 95 s wait, 29.00 yuan subsidies"
	if lines[0] != first || lines[6] != seventh {
		t.Errorf("got  %s\nwant %s\ngot  %s\nwant %s", lines[0], first, lines[6], seventh)
	}
}

func TestProgressElsewhereIsALineEachTwoSecondsIfAsked(t *testing.T) {
	var out bytes.Buffer
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := NewProgress(&out, 0, func() time.Time { return wall })
	p.Every = 2 * time.Second
	ticks(p, &wall, 500*time.Millisecond)
	if n := strings.Count(out.String(), "\n"); n != 15 {
		t.Errorf("%d lines in 30 s, want 15", n)
	}
}

func TestProgressOnATerminalWritesOverOneLine(t *testing.T) {
	var out bytes.Buffer
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ticks(NewProgress(&out, 200, func() time.Time { return wall }), &wall, 30*time.Millisecond)
	text := out.String()
	// 60 ticks of 30 ms: the first, then each that is 100 ms after the last, and the end.
	if n := strings.Count(text, "\r"); n != 16 {
		t.Errorf("painted %d times in 1.8 s, want 16", n)
	}
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") ||
		strings.Contains(text, "\x1b") {
		t.Errorf("one line, left at the end, without escapes: %q", text)
	}
	if middle := "\r[########..........] 17:29  48% ETA"; !strings.Contains(text, middle) {
		t.Errorf("no bar %q in %q", middle, text)
	}
	if last := text[strings.LastIndex(text, "\r"):]; !strings.Contains(last, "100% ETA 0s") {
		t.Errorf("the end is not shown: %q", last)
	}
}

func TestProgressFitsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := NewProgress(&out, 40, func() time.Time { return wall })
	p.Tick(Tick{TaxiStates: TaxiStates{Idle: 123456}, Done: 0.5})
	wall = wall.Add(time.Second)
	p.Tick(Tick{Done: 1})
	p.Finish()
	for _, line := range strings.Split(strings.Trim(out.String(), "\r\n"), "\r") {
		if n := utf8.RuneCountInString(line); n > 39 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	p = NewProgress(&out, 200, func() time.Time { return wall })
	p.Tick(Tick{Claims: 1_000_000_000})
	wall = wall.Add(time.Second)
	out.Reset()
	p.Tick(Tick{})
	if !strings.HasSuffix(out.String(), strings.Repeat(" ", 9)) {
		t.Errorf("a shorter line leaves the end of the longer one: %q", out.String())
	}
}

func TestAWholeCityFitsInEightyColumns(t *testing.T) {
	var out bytes.Buffer
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := NewProgress(&out, 80, func() time.Time { return wall })
	p.Tick(Tick{
		Now: wall, Done: 0.5,
		TaxiStates: TaxiStates{Idle: 1710, ToPickup: 312, AtPickup: 113, OnTrip: 1290, Off: 5},
		OpenRides:  140, Claims: 7900, MeanWait: 215 * time.Second, Subsidies: money.Yuan(62_990),
	})
	const figures = " 1710 idle 312 to 113 at 1290 on 5 off 140 open 7900 claims 215s ¥62k"
	if want := "\r[##50%...]" + figures; out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
	if text := p.shortLine(99); text != "[#######50%........]"+figures {
		t.Errorf("in 100 columns: %q", text)
	}
}

func TestTheBarNeverLeavesItsFrame(t *testing.T) {
	for _, c := range []struct {
		done float64
		want string
	}{
		{-1, "[...it...]"},
		{0, "[...it...]"},
		{0.3, "[##.it...]"},
		{0.999, "[###it##.]"},
		{1, "[###it###]"},
		{2, "[###it###]"},
	} {
		if got := bar(c.done, 8, "it"); got != c.want {
			t.Errorf("%v: %q, want %q", c.done, got, c.want)
		}
	}
}

func TestSilentProgress(*testing.T) {
	var p *Progress
	p.Tick(Tick{})
	p.Finish()
	NewProgress(failing{}, 80, time.Now).Finish()
	shown := NewProgress(failing{}, 80, time.Now)
	shown.Tick(Tick{})
	shown.Finish()
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("nobody looks") }
