package money

import "time"

// Cause is why a bill and our books differ.
type Cause string

// The causes.
const (
	// CauseMissingAtUs is a row of a number that we know nothing of, or that we have counted as
	// lost, or that was in another bill already.
	CauseMissingAtUs Cause = "missing_at_us"
	// CauseMissingAtThem is money that moved by our books, and that no bill has.
	CauseMissingAtThem Cause = "missing_at_them"
	// CauseAmount is a row of another amount than ours.
	CauseAmount Cause = "amount"
	// CauseStatus is a row of an order or refund that has not moved by our books.
	CauseStatus Cause = "status"
	// CauseFee is a row whose fee is not the one that was booked.
	CauseFee Cause = "fee"
	// CauseBoundary is what moved so near to the end of a day that the next bill may have it.
	CauseBoundary Cause = "day_boundary"
)

// BoundaryMargin is how far from a day's end what moved may be in the neighbour's bill: their clock
// and ours, and the time until we have heard of it.
const BoundaryMargin = 30 * time.Minute

// Ours is what our books say of a row's number.
type Ours struct {
	Kind     NoticeKind
	Number   string
	Of       string // of a refund: the order
	Known    bool   // we have asked for it at this channel and merchant
	Subject  Subject
	State    AttemptState // 0 if it is not known
	Amount   Fen          // moved, by our books; 0 if nothing has
	Fee      Fen          // booked with it
	At       time.Time    // when we heard that it has moved
	Captured Fen          // of a refund: by its order
	OrderFee Fen          // of a refund: booked with its order
	// Elsewhere says that a bill of another day has it and that it was settled there, WrittenOff
	// that it was booked as lost.
	Elsewhere, WrittenOff bool
	// InBill says that some bill has it, or that it was booked as lost.
	InBill bool
	// Reversed says that the same bill has the other half of a barcode's order that was reversed: a
	// payment and its refund under one number, of one amount and fee.
	Reversed bool
}

// CameAndWent reports whether a row is half of an order that was reversed, and of which our books
// have nothing: the two halves come to nothing, and nothing is booked for them.
func (o Ours) CameAndWent() bool { return o.Reversed && o.Amount == 0 }

// Compare says how a row differs from our books; "" is not at all.
func Compare(theirs BillRow, ours Ours) Cause {
	switch {
	case ours.CameAndWent():
		return ""
	case !ours.Known || ours.Elsewhere || ours.WrittenOff:
		return CauseMissingAtUs
	case ours.Amount == 0:
		return CauseStatus
	case theirs.Amount != ours.Amount:
		return CauseAmount
	case !ours.feeFits(theirs):
		return CauseFee
	default:
		return ""
	}
}

// feeFits reports whether a fee is the one that was booked. Of a refund nothing was booked: it has
// to be the part of the order's fee that the refund is of the order, within the fen by which a
// channel may round.
func (o Ours) feeFits(theirs BillRow) bool {
	if o.Kind != NoticeRefund {
		return theirs.Fee == o.Fee
	}
	if o.Captured <= 0 {
		return theirs.Fee == 0
	}
	whole, err := MulInt(o.OrderFee, int64(theirs.Amount))
	if err != nil {
		return false
	}
	back := (whole + o.Captured/2) / o.Captured
	return -theirs.Fee >= back-1 && -theirs.Fee <= back+1
}

// DifferenceID names a difference.
type DifferenceID string

// DifferenceState is where a difference stands.
type DifferenceState string

// The states of a difference.
const (
	DifferenceOpen   DifferenceState = "open"
	DifferenceBooked DifferenceState = "booked" // as somebody has approved
	DifferenceGone   DifferenceState = "gone"   // bill and books agree by now
)

// BillSide is what one side says of a number.
type BillSide struct {
	Amount Fen `json:"amount"`
	Fee    Fen `json:"fee"`
}

// Difference is a number of which a bill and our books say not the same.
type Difference struct {
	ID         DifferenceID
	Bill       BillID
	Cause      Cause
	Kind       NoticeKind
	Number     string
	Of         string  // of a refund: our number of the order
	Trade      string  // the channel's number
	Subject    Subject // the ride, if we know it
	Theirs     BillSide
	Ours       BillSide
	OurState   AttemptState // 0 if we do not know the number
	WrittenOff bool
	State      DifferenceState
	MovedAt    time.Time // by our books; zero if it has not
	FoundAt    time.Time
	DecidedAt  time.Time
	By         string // who has approved
	Note       string
}

// MaxDifferenceNote is the longest note of who approves, in bytes.
const MaxDifferenceNote = 500

// Differs is the difference of a row, of its cause.
func (b BillID) Differs(theirs BillRow, ours Ours, cause Cause, at time.Time) Difference {
	d := b.lacks(ours, cause, at)
	d.ID = DifferenceID(b.String() + "/" + string(theirs.Kind) + "/" + theirs.Order)
	d.Kind, d.Number, d.Of, d.Trade = theirs.Kind, theirs.Order, theirs.Of, theirs.Trade
	d.Theirs = BillSide{theirs.Amount, theirs.Fee}
	if ours.WrittenOff || ours.Elsewhere {
		d.Ours = BillSide{}
	}
	return d
}

// Lacks is the difference of what moved by our books and is in no bill.
func (b BillID) Lacks(ours Ours, at time.Time) Difference {
	return b.lacks(ours, CauseMissingAtThem, at)
}

func (b BillID) lacks(ours Ours, cause Cause, at time.Time) Difference {
	return Difference{
		ID: LostID(b.Channel, b.Merchant, ours.Kind, ours.Number), Bill: b, Cause: cause,
		Kind: ours.Kind, Number: ours.Number, Of: ours.Of, Subject: ours.Subject,
		Ours: BillSide{ours.Amount, ours.Fee}, OurState: ours.State, WrittenOff: ours.WrittenOff,
		State: DifferenceOpen, MovedAt: ours.At, FoundAt: at,
	}
}

// LostID is the id of the difference of what is in no bill, whatever the day.
func LostID(c ChannelName, merchant string, kind NoticeKind, number string) DifferenceID {
	return DifferenceID(
		BillID{c, merchant, NoDay}.String() + "/" + string(kind) + "/" + number)
}

// Action is what is proposed about a difference.
type Action string

// The actions.
const (
	// ActionBook books an entry.
	ActionBook Action = "book"
	// ActionOutcome takes the bill's word for the channel's: the order or refund has moved.
	ActionOutcome Action = "outcome"
	// ActionWait leaves it to the next day's bill.
	ActionWait Action = "wait"
)

// Action is what is proposed.
func (d Difference) Action() Action {
	switch {
	case d.Cause == CauseBoundary:
		return ActionWait
	case d.Cause == CauseStatus && (d.Kind == NoticeCharge || d.OurState.Open()):
		return ActionOutcome
	default:
		return ActionBook
	}
}

// Booking is the entry that is proposed: after it the clearing account has nothing more of the
// number, and our bank has what the bill says. What came beyond our books waits in suspense for
// whose it is; what did not come, or went without us, is our loss.
func (d Difference) Booking(at time.Time) Entry {
	clearing, fees := ChannelClearing(d.Bill.Channel), FeeExpense(d.Bill.Channel)
	e := Entry{ID: EntryID("difference/" + string(d.ID)), Subject: d.Subject, At: at}
	more := d.Theirs.Amount - d.Ours.Amount
	net := d.Theirs.Amount - d.Theirs.Fee
	if d.Kind == NoticeRefund {
		more, net = -more, -d.Theirs.Amount-d.Theirs.Fee
	}
	whose := SuspenseBill
	if more < 0 || d.WrittenOff {
		whose = Loss
	}
	e.move("amount", CodeDifference, clearing, whose, more)
	e.move("fee", CodeChannelFee, fees, clearing, d.Theirs.Fee-d.Ours.Fee)
	e.move("bank", CodeSettlement, Bank, clearing, net)
	return e
}
