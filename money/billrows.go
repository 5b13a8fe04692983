package money

import "time"

// Bills are the bills of channels and their rows.
type Bills interface {
	// Bill reads a bill and keeps others from changing it until the transaction ends; ok is false
	// if it was never imported.
	Bill(id BillID) (b Bill, ok bool, err error)
	// PutBill writes a bill, in place of the one of its id.
	PutBill(b Bill) error
	// InsertRows writes rows of a bill, at most MaxRowsAtOnce; those that it has already stay as
	// they are. Of one kind and number at most one row is agreed or lost, whatever the day:
	// Conflict.
	InsertRows(id BillID, rows []KeptRow) error
	// UpdateRow writes state and settlement of a row if its stored state is still from. Otherwise
	// it returns an error of kind Conflict.
	UpdateRow(id BillID, r KeptRow, from RowState) error
	// RowSums adds up the rows of a bill that are settled together.
	RowSums(id BillID, settlement int) (RowSums, error)
}

// MaxRowsAtOnce is how many rows of a bill are looked at and written in one transaction.
const MaxRowsAtOnce = 500

// BillReads find rows of bills, and what our books say of them.
type BillReads interface {
	// BillsOf are the bills of a channel, the latest days first; of all channels, if it is "".
	BillsOf(c ChannelName, limit int) ([]Bill, error)
	// KeptRows are the rows that a bill has of the kinds and numbers of some, at most
	// MaxRowsAtOnce.
	KeptRows(id BillID, rows []BillRow) ([]KeptRow, error)
	// OpenRows are the open rows of a bill by number and kind, after one.
	OpenRows(id BillID, after BillRow, limit int) ([]KeptRow, error)
	// OursOf is what our books say of rows, in their order; at most MaxRowsAtOnce.
	OursOf(id BillID, rows []BillRow) ([]Ours, error)
	// Moved is what has moved by our books in [From, To), by the time at which we heard of it and
	// number, each with whether a bill has it.
	Moved(q MovedQuery) ([]Moved, error)
}

// Moved is an order or a refund that has moved by our books.
type Moved struct {
	Number string
	At     time.Time
	InBill bool // some bill has it, or it was booked as lost
}

// MovedQuery selects what has moved.
type MovedQuery struct {
	Bill     BillID // its channel and merchant
	Kind     NoticeKind
	From, To time.Time
	After    Moved // the last one of the page before; zero for the first
	Limit    int   // 1 to MaxRowsAtOnce
}

// Differences are what bills and our books do not agree on.
type Differences interface {
	// InsertDifference writes a difference, unless there is one of its id.
	InsertDifference(d Difference) error
	// UpdateDifference writes cause, state and who has decided if the stored state is still from.
	// Otherwise it returns an error of kind Conflict.
	UpdateDifference(d Difference, from DifferenceState) error
	// Difference reads one and keeps others from changing it until the transaction ends. An error
	// of kind NotFound if there is none.
	Difference(id DifferenceID) (Difference, error)
	// DifferencesOf are differences by id.
	DifferencesOf(q DifferenceQuery) ([]Difference, error)
	// OpenDifferences counts those of a channel that are open.
	OpenDifferences(c ChannelName) (int, error)
}

// DifferenceQuery selects differences by the fields that are set.
type DifferenceQuery struct {
	ID      DifferenceID
	Channel ChannelName
	State   DifferenceState
	Lost    bool // of what is in no bill only
	After   DifferenceID
	Limit   int
}

// OpenTries are attempts and refunds at external channels whose end nobody has told.
type OpenTries interface {
	// WakeTries has those asked about that were made before a time and that nobody would ask about
	// within ten minutes, and says how many.
	WakeTries(before, now time.Time) (int, error)
	// OpenTriesOf counts those of a channel that were made before a time.
	OpenTriesOf(c ChannelName, before time.Time) (int, error)
}
