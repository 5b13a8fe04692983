package money

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// DrawList is a day of a draw as it is published: what was announced, the list of its lots, and,
// when it is drawn, its wins, all of which anybody can compute from the rest.
//
// As a text it is a head of fixed lines, each a word and its value ("-" for what is not known yet),
// an empty line, and then a line for each lot and each win:
//
//	hexhail-draw 1
//	draw launch-draw
//	city beijing
//	…
//
//	lot 0123456789abcdef0123 2300
//	win 1 0123456789abcdef0123 2300
type DrawList struct {
	Draw       DrawID
	City       string
	Day        Day
	Channel    ChannelName
	Slots      int
	MaxWin     Fen
	NumberIs   string
	State      DrawState
	Commitment string
	Count      int // of lots; 0 before the list is frozen
	List       string
	Number     string
	Secret     string
	Seed       string
	Lots       []Lot
	Wins       []Win
}

// Limits of a published list.
const (
	// MaxDrawLots is how many lots are read: ten times what a large city pays for in the app on a
	// day.
	MaxDrawLots = 2_000_000
	// maxDrawLine is far above the longest line.
	maxDrawLine = 512

	drawFormat = "hexhail-draw 1"
	notYet     = "-"
)

// DrawListError is a published list that cannot be read, or that is not what it says: it names the
// line, from 1, or the part that differs.
type DrawListError struct {
	Line    int // 0 if it is no single line
	Part    string
	Problem string
}

func (e *DrawListError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("draw's list, line %d: %s", e.Line, e.Problem)
	}
	return fmt.Sprintf("draw's list: %s %s", e.Part, e.Problem)
}

// Publish is what is told of a day now, without its lots and wins.
func (d DrawDay) Publish() DrawList {
	l := DrawList{
		Draw: d.Draw, City: d.City, Day: d.Day, Channel: d.Channel, Slots: d.Slots,
		MaxWin: d.MaxWin, NumberIs: d.NumberIs, State: d.State,
		Commitment: d.Secret.Commitment(), List: d.List, Number: d.Number,
	}
	if d.State >= DrawFrozen && d.State <= DrawPaid {
		l.Count = d.Lots
	}
	if d.State.Revealed() && d.Lots > 0 {
		l.Secret, l.Seed = d.Secret.String(), d.Seed()
	}
	return l
}

// head is the lines of the head: words and where their values are.
func (l *DrawList) head() []drawField {
	text := func(word string, at *string) drawField {
		return drawField{word, func() string { return *at }, func(s string) bool {
			*at = s
			return true
		}, nil}
	}
	number := func(word string, at *int64, most int64) drawField {
		return drawField{
			word, func() string { return strconv.FormatInt(*at, 10) },
			func(s string) (ok bool) {
				*at, ok = canonical(s, most)
				return ok
			}, nil,
		}
	}
	slots, count := int64(l.Slots), int64(l.Count)
	fields := []drawField{
		text("draw", (*string)(&l.Draw)), text("city", &l.City), text("day", (*string)(&l.Day)),
		text("channel", (*string)(&l.Channel)), number("slots", &slots, MaxDrawSlots),
		number("max_win_fen", (*int64)(&l.MaxWin), int64(MaxDrawWin)),
		text("number_is", &l.NumberIs),
		{"state", l.State.String, func(s string) bool {
			l.State = ParseDrawState(s)
			return l.State != 0
		}, nil},
		text("commitment", &l.Commitment), number("lots", &count, MaxDrawLots),
		text("list", &l.List), text("number", &l.Number), text("secret", &l.Secret),
		text("seed", &l.Seed),
	}
	fields[4].done = func() { l.Slots = int(slots) }
	fields[9].done = func() { l.Count = int(count) }
	return fields
}

// drawField is a line of the head.
type drawField struct {
	word string
	get  func() string
	set  func(string) bool
	done func() // after set; nil is nothing
}

// canonical reads a number as we write it: no sign, no leading zeros.
func canonical(s string, most int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n <= most && strconv.FormatInt(n, 10) == s
}

// Head is the head of the text, with the empty line after it.
func (l DrawList) Head() string {
	var b strings.Builder
	b.WriteString(drawFormat + "\n")
	for _, f := range l.head() {
		value := f.get()
		if value == "" {
			value = notYet
		}
		b.WriteString(f.word + " " + value + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// Line is a lot's line of the text.
func (l Lot) Line() string { return "lot " + l.line() + "\n" }

// Line is a win's line of the text.
func (w Win) Line() string {
	return fmt.Sprintf("win %d %s %d\n", w.Slot, w.Code, w.Amount)
}

// WriteTo writes the text.
func (l DrawList) WriteTo(w io.Writer) (int64, error) {
	out := bufio.NewWriter(w)
	n, err := out.WriteString(l.Head())
	total := int64(n)
	for _, lot := range l.Lots {
		n, _ = out.WriteString(lot.Line()) // its error stays, for Flush
		total += int64(n)
	}
	for _, win := range l.Wins {
		n, _ = out.WriteString(win.Line())
		total += int64(n)
	}
	return total, errors.Join(err, out.Flush())
}

// ReadDrawList reads the text. A *DrawListError names the first line that is not as WriteTo writes
// it. Whether what it says is true is Verify's question.
func ReadDrawList(r io.Reader) (DrawList, error) {
	in := &drawReader{lines: bufio.NewScanner(r)}
	in.lines.Buffer(make([]byte, 0, maxDrawLine), maxDrawLine)
	in.lines.Split(wholeLine)
	var l DrawList
	if err := in.head(&l); err != nil {
		return DrawList{}, err
	}
	for in.next() {
		if err := in.row(&l); err != nil {
			return DrawList{}, err
		}
	}
	return l, in.end()
}

var errCutShort = errors.New("cut short")

// wholeLine splits at line feeds. The last line has one too: a text without it was cut.
func wholeLine(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if at := bytes.IndexByte(data, '\n'); at >= 0 {
		return at + 1, data[:at], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errCutShort
	}
	return 0, nil, nil
}

type drawReader struct {
	lines *bufio.Scanner
	at    int
}

func (r *drawReader) next() bool {
	if !r.lines.Scan() {
		return false
	}
	r.at++
	return true
}

// end is why there are no more lines; nil is that all were read.
func (r *drawReader) end() error {
	err := r.lines.Err()
	r.at++
	switch {
	case errors.Is(err, bufio.ErrTooLong):
		return r.fail(fmt.Sprintf("longer than %d bytes", maxDrawLine))
	case errors.Is(err, errCutShort):
		return r.fail("cut short")
	default:
		return err
	}
}

func (r *drawReader) fail(problem string) error {
	return &DrawListError{Line: max(r.at, 1), Problem: problem}
}

func (r *drawReader) head(l *DrawList) error {
	if !r.next() || r.lines.Text() != drawFormat {
		if err := r.lines.Err(); err != nil {
			return r.end()
		}
		return r.fail("must be " + strconv.Quote(drawFormat))
	}
	for _, f := range l.head() {
		if !r.next() {
			return cmp.Or(r.end(), r.fail("ends before "+f.word))
		}
		word, value, ok := strings.Cut(r.lines.Text(), " ")
		if !ok || word != f.word || value == "" {
			return r.fail("must be " + f.word + " and a value")
		}
		if value == notYet {
			value = ""
		}
		if !f.set(value) {
			return r.fail(f.word + " is out of its limits")
		}
		if f.done != nil {
			f.done()
		}
	}
	if !r.next() || r.lines.Text() != "" {
		return r.fail("must be empty, after the head")
	}
	return nil
}

func (r *drawReader) row(l *DrawList) error {
	words := strings.Split(r.lines.Text(), " ")
	switch {
	case words[0] == "lot" && len(words) == 3 && len(l.Wins) == 0:
		paid, ok := canonical(words[2], int64(MaxMeter+MaxTolls))
		if !ok || paid == 0 || !isHex(words[1], lotCode) {
			return r.fail("must be a code and what was paid, in fen")
		}
		if len(l.Lots) == MaxDrawLots {
			return r.fail(fmt.Sprintf("more than %d lots", MaxDrawLots))
		}
		l.Lots = append(l.Lots, Lot{Draw: l.Draw, Day: l.Day, Code: words[1], Paid: Fen(paid)})
		return nil
	case words[0] == "win" && len(words) == 4:
		slot, ok := canonical(words[1], MaxDrawSlots)
		amount, okAmount := canonical(words[3], int64(MaxDrawWin))
		if !ok || !okAmount || slot != int64(len(l.Wins)+1) || !isHex(words[2], lotCode) {
			return r.fail("must be the next slot, a code, and what is given back, in fen")
		}
		l.Wins = append(l.Wins, Win{
			Lot:  Lot{Draw: l.Draw, Day: l.Day, Code: words[2]},
			Slot: int(slot), Amount: Fen(amount),
		})
		return nil
	default:
		return r.fail("must be a lot, or after all lots a win")
	}
}

// Verify draws the day again, from what is published alone, and returns the wins. A *DrawListError
// names the first part that is not what the others make it: the commitment, the list, the seed, or
// a win. A day that is not drawn yet has its list looked at, and is an error then.
func (l DrawList) Verify() ([]Win, error) {
	differs := func(part, problem string) error {
		return &DrawListError{Part: part, Problem: problem}
	}
	if l.State < DrawFrozen || l.State > DrawPaid {
		return nil, differs("state", "is "+l.State.String()+": there is no list")
	}
	if err := l.verifyLots(differs); err != nil {
		return nil, err
	}
	if !l.State.Revealed() {
		return nil, differs("state", "is "+l.State.String()+": not drawn yet")
	}
	if l.Count == 0 {
		if len(l.Wins) > 0 {
			return nil, differs("win 1", "is of no lot")
		}
		return nil, nil
	}
	secret, err := ParseDrawSecret(l.Secret)
	if err != nil {
		return nil, differs("secret", "is none")
	}
	if secret.Commitment() != l.Commitment {
		return nil, differs("commitment", "is not the hash of the secret")
	}
	day := DrawDay{
		Draw: l.Draw, Day: l.Day, Slots: l.Slots, MaxWin: l.MaxWin, Secret: secret,
		Number: l.Number, List: l.List,
	}
	if day.Seed() != l.Seed {
		return nil, differs("seed", "is not the hash of draw, day, secret, number and list")
	}
	return l.verifyWins(day.Wins(l.Lots), differs)
}

func (l DrawList) verifyLots(differs func(part, problem string) error) error {
	if len(l.Lots) != l.Count {
		return differs("lots", fmt.Sprintf("are %d, not %d", len(l.Lots), l.Count))
	}
	h := newListHash()
	for i, lot := range l.Lots {
		if i > 0 && lot.Code <= l.Lots[i-1].Code {
			return differs("lot "+lot.Code, "is there twice, or not in the order of codes")
		}
		h.add(lot)
	}
	if h.String() != l.List {
		return differs("list", "is not the hash of the lots")
	}
	return nil
}

func (l DrawList) verifyWins(
	want []Win, differs func(part, problem string) error,
) ([]Win, error) {
	same := func(a, b Win) bool {
		return a.Slot == b.Slot && a.Code == b.Code && a.Amount == b.Amount
	}
	if slices.EqualFunc(want, l.Wins, same) {
		return want, nil
	}
	for i, w := range want {
		if i >= len(l.Wins) || !same(w, l.Wins[i]) {
			return nil, differs(fmt.Sprintf("win %d", w.Slot),
				fmt.Sprintf("must be %s with %d fen", w.Code, w.Amount))
		}
	}
	return nil, differs(fmt.Sprintf("win %d", len(want)+1), "is one too many")
}
