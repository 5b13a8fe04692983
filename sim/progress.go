package sim

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"hexhail/money"
)

// Tick is what a running city looks like at one moment.
type Tick struct {
	Now  time.Time // in the city's zone
	Done float64   // share of the run, 0 to 1
	TaxiStates
	OpenRides int // that have not ended
	Claims    int // so far
	// MeanWait is from request to boarding, of those who have boarded so far; 0 if nobody has.
	MeanWait  time.Duration
	Subsidies money.Fen // posted so far, to both sides
}

// TaxiStates counts taxis by what they do.
type TaxiStates struct{ Idle, ToPickup, AtPickup, OnTrip, Off int }

const (
	progressEvery = 5 * time.Minute        // of city time, between two lines
	repaintEvery  = 100 * time.Millisecond // of wall time: no eye reads faster than 10 Hz
	// A bar is as wide as the line leaves room for. The narrowest fits beside the figures of a
	// city of 3,000 taxis in 80 columns.
	barMin, barMax = 8, 18
)

// Progress shows a run: on a terminal as one line that is written over, elsewhere as a line each
// five minutes of city time. A nil Progress is silent.
type Progress struct {
	// Every is the wall's time between two lines elsewhere than on a terminal; 0 is the city's five
	// minutes.
	Every time.Duration

	w       io.Writer
	columns int // of the terminal; 0: none
	wall    func() time.Time

	started  time.Time // by the wall
	doneAt   float64   // when it started
	painted  time.Time // by the wall
	width    int       // of what was painted last
	nextLine time.Time // by the city
	last     Tick
	seen     bool
}

// NewProgress shows on w. columns is the width of the terminal that w is, or 0 if it is none. wall
// is the machine's clock. Failures to write are ignored: a run does not end because nobody looks.
func NewProgress(w io.Writer, columns int, wall func() time.Time) *Progress {
	return &Progress{w: w, columns: columns, wall: wall}
}

// Tick takes a look at the city. It may be called as often as one likes, in the order of time.
func (p *Progress) Tick(t Tick) {
	if p == nil {
		return
	}
	now := p.wall()
	first := !p.seen
	if first {
		p.started, p.doneAt, p.seen = now, t.Done, true
	}
	p.last = t
	switch {
	case p.columns > 0 && (first || now.Sub(p.painted) >= repaintEvery):
		p.paint(now)
	case p.columns == 0 && p.lineDue(t.Now, now):
		p.painted = now
		fmt.Fprintln(p.w, p.line(now))
	}
}

// lineDue says whether it is time for a line, by the wall or else by the city.
func (p *Progress) lineDue(city, wall time.Time) bool {
	if p.Every > 0 {
		return wall.Sub(p.painted) >= p.Every
	}
	if city.Before(p.nextLine) {
		return false
	}
	p.nextLine = city.Truncate(progressEvery).Add(progressEvery)
	return true
}

// Finish shows the last look and leaves the line.
func (p *Progress) Finish() {
	if p == nil || !p.seen || p.columns == 0 {
		return
	}
	p.paint(p.wall())
	fmt.Fprintln(p.w)
}

// paint writes over what stands there. Only \r is needed, so that any terminal will do.
func (p *Progress) paint(now time.Time) {
	// A line that fills the last column would wrap, and \r only goes to the begin of a row.
	room := max(p.columns-1, 1)
	text := bar(p.last.Done, barMax, "") + " " + p.line(now)
	if utf8.RuneCountInString(text) > room {
		text = p.shortLine(room)
	}
	runes := []rune(text)
	runes = runes[:min(len(runes), room)]
	blank := strings.Repeat(" ", max(p.width-len(runes), 0))
	fmt.Fprint(p.w, "\r"+string(runes)+blank)
	p.painted, p.width = now, len(runes)
}

func (p *Progress) line(now time.Time) string {
	t := p.last
	return fmt.Sprintf("%s %3.0f%% %s | taxis %d idle %d to pickup %d at pickup %d on trip %d off"+
		" | %d open, %d claims, %.0f s wait, %s yuan subsidies",
		t.Now.Format("15:04"), 100*t.Done, p.eta(now), t.Idle, t.ToPickup, t.AtPickup, t.OnTrip,
		t.Off, t.OpenRides, t.Claims, t.MeanWait.Seconds(), t.Subsidies)
}

// bar is a done share in characters, with a label in its middle: [###42%...].
func bar(done float64, width int, label string) string {
	done = min(max(done, 0), 1)
	full := int(done * float64(width))
	cells := []byte(strings.Repeat("#", full) + strings.Repeat(".", width-full))
	copy(cells[(width-len(label))/2:], label)
	return "[" + string(cells) + "]"
}

// shortLine is the line for narrow terminals: a city of 3,000 taxis fits in 80 columns.
func (p *Progress) shortLine(room int) string {
	t := p.last
	yuan := fmt.Sprint(int64(t.Subsidies / money.Yuan(1)))
	if t.Subsidies >= money.Yuan(10_000) {
		yuan = fmt.Sprintf("%dk", int64(t.Subsidies/money.Yuan(1000)))
	}
	figures := fmt.Sprintf("%d idle %d to %d at %d on %d off %d open %d claims %.0fs ¥%s",
		t.Idle, t.ToPickup, t.AtPickup, t.OnTrip, t.Off,
		t.OpenRides, t.Claims, t.MeanWait.Seconds(), yuan)
	width := room - utf8.RuneCountInString(figures) - len("[] ")
	percent := fmt.Sprintf("%.0f%%", 100*t.Done)
	return bar(t.Done, min(max(width, barMin), barMax), percent) + " " + figures
}

// eta is how long the rest takes at the pace so far.
func (p *Progress) eta(now time.Time) string {
	made := p.last.Done - p.doneAt
	if made <= 0 {
		return "ETA ?"
	}
	left := float64(now.Sub(p.started)) * max(1-p.last.Done, 0) / made
	return "ETA " + time.Duration(left).Round(time.Second).String()
}
