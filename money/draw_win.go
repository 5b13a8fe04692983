package money

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"strings"
)

// Lot is a ride in the list of a day of a draw. Only its code and what was paid are published.
type Lot struct {
	Draw    DrawID
	Day     Day
	Code    string // LotCode's
	Paid    Fen    // by the rider for the fare, > 0
	Subject Subject
	Payer   Party
}

// lotCode is how long a code is, in hex digits: 80 bits, so that no two of a day are the same, and
// nobody finds a ride by trying.
const lotCode = 20

// LotCode makes a code of a random secret. It says nothing about the ride.
func LotCode(random DrawSecret) string { return random.String()[:lotCode] }

func isHex(s string, digits int) bool {
	other := func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }
	return len(s) == digits && !strings.ContainsFunc(s, other)
}

// line is a lot as it is published.
func (l Lot) line() string { return l.Code + " " + strconv.FormatInt(int64(l.Paid), 10) }

// WinState says whether a win is on its way.
type WinState int

// The states of a win.
const (
	// WinDue is drawn and not on its way.
	WinDue WinState = iota + 1
	// WinSent is on its way as a refund, or has arrived: the refund knows.
	WinSent
	// WinNothing has nothing left to be given back, as the ride was refunded otherwise. An end.
	WinNothing
)

var winStates = [...]string{"", "due", "sent", "nothing"}

// String is the name as stored.
func (s WinState) String() string { return winStates[s] }

// ParseWinState is String's inverse; it returns 0 for an unknown name.
func ParseWinState(s string) WinState { return WinState(max(0, slices.Index(winStates[:], s))) }

// Win is a free ride.
type Win struct {
	Lot
	Slot   int // from 1
	Amount Fen // what the draw gives back: what was paid, at most the day's MaxWin
	State  WinState
	Sent   Fen      // of Amount; less where some of the fare was refunded otherwise
	Refund RefundID // by which it is sent
}

// listHash is the hash of a list: the SHA-256 of its lots in the order of their codes, each as a
// line with its code, a blank and what was paid in fen.
type listHash struct{ sum hash.Hash }

func newListHash() listHash { return listHash{sha256.New()} }

func (h listHash) add(l Lot) { _, _ = h.sum.Write([]byte(l.line() + "\n")) } // never fails

func (h listHash) String() string { return hex.EncodeToString(h.sum.Sum(nil)) }

// ListHash is the hash of a list of lots, which it puts into the order of their codes.
func ListHash(lots []Lot) string {
	slices.SortFunc(lots, func(a, b Lot) int { return cmp.Compare(a.Code, b.Code) })
	h := newListHash()
	for _, l := range lots {
		h.add(l)
	}
	return h.String()
}

// Seed is what a day is drawn by: the SHA-256 of draw, day, secret, public number and list, each
// followed by a line feed. We cannot choose it, as the secret is committed to before the list is
// known and the number is nobody's; nobody else can, as the secret is ours.
func (d DrawDay) Seed() string {
	return sumOf(string(d.Draw), string(d.Day), d.Secret.String(), d.Number, d.List)
}

// Wins draws the day: of each lot the score is the SHA-256 of seed and code, each followed by a
// line feed, and the lots with the lowest scores win, the lowest of all the first slot. It is what
// sorting by a random key comes to: every set of lots is as likely as any other, and whoever sorts
// again gets the same rows.
func (d DrawDay) Wins(lots []Lot) []Win {
	type scored struct {
		score string
		lot   Lot
	}
	seed := d.Seed()
	all := make([]scored, len(lots))
	for i, l := range lots {
		all[i] = scored{sumOf(seed, l.Code), l}
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	wins := make([]Win, min(d.Slots, len(all)))
	for i := range wins {
		wins[i] = Win{
			Lot: all[i].lot, Slot: i + 1, Amount: min(all[i].lot.Paid, d.MaxWin), State: WinDue,
		}
	}
	return wins
}

// WinRefund is the number under which a win goes back by an order: the same whoever asks again.
func WinRefund(order AttemptID) RefundID { return RefundID(string(order) + "W") }
