package money

import (
	"context"
	"time"
)

// Store is what money needs of the database: transactions, and the audit.
type Store interface {
	// MoneyTx runs fn in one transaction. fn may run twice and does no I/O but tx.
	MoneyTx(ctx context.Context, fn func(Tx) error) error
	// Audit reads, in one snapshot, every transfer with its subject in the order of booking, and
	// every account by id.
	Audit(ctx context.Context, visit func(Subject, Transfer)) ([]Account, error)
}

// Tx is one transaction's view of the money rows.
type Tx interface {
	Accounts
	AccountLocks
	Payments
	TopUps
	Attempts
	Legs
	Orders
	Hongbaos
	HongbaoClaims
	Refunds
	Withdrawals
	BankFiles
	Inbox
	Campaigns
	Counts
	Segments
	Draws
	DrawDays
	Lots
	Bills
	BillReads
	Differences
	OpenTries
	Claims
	Repairs
}

// Accounts books entries.
type Accounts interface {
	// Book writes an entry's transfers and changes its accounts, all or nothing. A *LimitError
	// leaves nothing of it and the transaction usable; a second entry of the same id is an
	// error that ends the transaction.
	Book(e Entry) error
	// Account reads one account; one that was never booked on is empty.
	Account(id AccountID) (Account, error)
	// Transfers are the transfers of a subject in the order of their booking.
	Transfers(subject Subject) ([]Transfer, error)
}

// AccountLocks keep an account as it is while something is decided by it.
type AccountLocks interface {
	// LockAccount is Account, and keeps others from booking on it until the transaction ends. Who
	// locks one does so before anything is booked.
	LockAccount(id AccountID) (Account, error)
}

// Payments are what is owed.
type Payments interface {
	// InsertPayment writes a payment; (subject, payer, purpose) is unique.
	InsertPayment(p Payment) error
	// UpdatePayment writes amount, state, discount, channel, attempts and what is refunded if the
	// stored state is still from. Otherwise it returns an error of kind Conflict.
	UpdatePayment(p Payment, from PaymentState) error
	// PaymentsOf are a subject's payments in the order of their ids.
	PaymentsOf(subject Subject) ([]Payment, error)
	// UnpaidFees are a payer's payments for late cancels that are due, or that an external channel
	// waits to be paid, by their ids, at most limit.
	UnpaidFees(payer Party, limit int) ([]Payment, error)
}

// TopUps are what riders pay into their wallets: payments whose subjects are no rides.
type TopUps interface {
	// LockTopUp keeps others from locking the payments of a top-up until the transaction ends: who
	// changes them locks it before it reads them, as a ride's are locked by the ride.
	LockTopUp(subject Subject) error
	// OpenTopUps are a payer's top-ups whose channel waits for them, by id, at most limit.
	OpenTopUps(payer Party, limit int) ([]Payment, error)
}

// Attempts are the tries to pay.
type Attempts interface {
	// InsertAttempt writes an attempt with its legs; a payment has at most one open attempt.
	InsertAttempt(a Attempt) error
	// UpdateAttempt writes state, reason, due time, tries, what is captured, ticket and trade
	// if the stored state is still from.
	UpdateAttempt(a Attempt, from AttemptState) error
	// Attempt reads one attempt with its legs.
	Attempt(id AttemptID) (Attempt, error)
	// OpenAttempt is a payment's open attempt, if it has one.
	OpenAttempt(payment PaymentID) (Attempt, bool, error)
	// DueAttempts are open attempts to look at, of external channels or of the house's own, by due
	// time and id, at most limit.
	DueAttempts(now time.Time, external bool, limit int) ([]Attempt, error)
}

// Legs are the parts of attempts.
type Legs interface {
	// SetLegs writes an attempt's legs, in place of those that it had.
	SetLegs(id AttemptID, legs []Leg) error
	// TakeBackLeg adds a part's amount to what is refunded of an attempt's leg on the same
	// instrument; ok is false if that would be more than the leg has paid. An amount below 0, of a
	// refund that will never be made, takes away from it.
	TakeBackLeg(id AttemptID, part Leg) (ok bool, err error)
}

// Orders are the attempts that are paid together.
type Orders interface {
	// PaidAttempt is the attempt by which a payment was paid, if there is one.
	PaidAttempt(payment PaymentID) (Attempt, bool, error)
	// Order is the attempts of an order, by id. An error of kind NotFound if there are none.
	Order(id AttemptID) (Order, error)
	// Capture writes what a channel has moved for an order that had ended, and when we heard of it;
	// first is false if that is written already.
	Capture(id AttemptID, amount Fen, at time.Time) (first bool, err error)
	// TakeBack adds to what is refunded of an order; ok is false if that would be more than was
	// captured. An amount below 0, of a refund that will never be made, takes away from it.
	TakeBack(id AttemptID, amount Fen) (ok bool, err error)
}

// Refunds are what goes back.
type Refunds interface {
	// InsertRefund writes a refund. Conflict if its id is taken.
	InsertRefund(r Refund) error
	// UpdateRefund writes state, reason, due time and tries if the stored state is still from.
	UpdateRefund(r Refund, from AttemptState) error
	// Refund reads one. An error of kind NotFound if there is none.
	Refund(id RefundID) (Refund, error)
	// RefundsOf are a subject's, by id.
	RefundsOf(subject Subject) ([]Refund, error)
	// DueRefunds are open refunds to look at, by due time and id, at most limit.
	DueRefunds(now time.Time, limit int) ([]Refund, error)
}

// Withdrawals are what drivers take out.
type Withdrawals interface {
	// InsertWithdrawal writes a withdrawal. Conflict if its id is taken.
	InsertWithdrawal(w Withdrawal) error
	// UpdateWithdrawal writes state, reason, times, tries, ticket, trade and file if the stored
	// state is still from. Otherwise it returns an error of kind Conflict.
	UpdateWithdrawal(w Withdrawal, from AttemptState) error
	// Withdrawal reads one. An error of kind NotFound if there is none.
	Withdrawal(id PayoutID) (Withdrawal, error)
	// WithdrawnOn is how often and how much a driver has taken out on a business day, what was
	// given back left out. Who adds to it has the driver's row locked.
	WithdrawnOn(driver Party, day string) (n int, sum Fen, err error)
	// DueWithdrawals are open withdrawals to look at, by due time and id, at most limit.
	DueWithdrawals(now time.Time, limit int) ([]Withdrawal, error)
}

// BankFiles are the withdrawals that people take to the bank together.
type BankFiles interface {
	// ForBank are the withdrawals to bank cards that no file has and whose time has come, by id, at
	// most limit; no other transaction gets the same ones meanwhile.
	ForBank(now time.Time, limit int) ([]Withdrawal, error)
	// BankFile is the withdrawals of a file, by id.
	BankFile(id BankFileID) ([]Withdrawal, error)
}

// Inbox remembers the notices of channels.
type Inbox interface {
	// Keep writes a notice's id; first is false for one that is there already.
	Keep(n Notice, at time.Time) (first bool, err error)
}

// Campaigns are the versions of campaigns.
type Campaigns interface {
	// InsertCampaign appends a version.
	InsertCampaign(c Campaign) error
	// CampaignsOf are the newest versions of a city's campaigns, by id.
	CampaignsOf(city string) ([]Campaign, error)
	// CampaignsSince are those of them whose dates end after a moment: what a completed ride reads,
	// however many campaigns the city has had.
	CampaignsSince(city string, since time.Time) ([]Campaign, error)
}

// Counts are how often campaigns have given on a day.
type Counts interface {
	// TakeCount adds one to a count that is below its limit, in one conditional statement, and
	// returns the count after it; 0 says that the limit is reached.
	TakeCount(k CountKey, limit int) (n int, err error)
	// GiveBackCount takes one away from a count.
	GiveBackCount(k CountKey) error
	// CountOf reads a count; one that was never taken is 0.
	CountOf(k CountKey) (int, error)
}

// Draws are the versions of daily draws.
type Draws interface {
	// InsertDraw appends a version. Conflict if there is one as high already.
	InsertDraw(d Draw) error
	// DrawsOf are the newest versions of a city's draws, by id.
	DrawsOf(city string) ([]Draw, error)
}

// DrawDays are the days of draws. A city has one on a day at most.
type DrawDays interface {
	// InsertDrawDay announces a day. Conflict if another draw has the day of the city.
	InsertDrawDay(d DrawDay) error
	// UpdateDrawDay writes a day whose stored version is still d.Version−1: state, cursor, lots,
	// list, number and times. Otherwise it returns an error of kind Conflict.
	UpdateDrawDay(d DrawDay) error
	// DrawDay is a city's day; one that was cancelled is none. An error of kind NotFound.
	DrawDay(city string, day Day) (DrawDay, error)
	// DrawDaysOf are the days of a draw, cancelled ones too, in their order.
	DrawDaysOf(draw DrawID) ([]DrawDay, error)
	// DueDrawDays are days to look at, by due time, at most limit.
	DueDrawDays(now time.Time, limit int) ([]DrawDay, error)
}

// Lots are the lists of the days, and what was won.
type Lots interface {
	// InsertLot writes a lot. Conflict if its ride is in a list of the draw already.
	InsertLot(l Lot) error
	// EachLot visits the lots of a day by code. visit must not use the transaction.
	EachLot(draw DrawID, day Day, visit func(Lot)) error
	// InsertWin writes a win of a lot; slot and lot are unique in their day.
	InsertWin(w Win) error
	// UpdateWin writes state, sent and refund of a win that is due. Otherwise it returns an error
	// of kind Conflict.
	UpdateWin(w Win) error
	// Wins are the wins of a day by slot.
	Wins(draw DrawID, day Day) ([]Win, error)
}

// Segments are named groups of riders.
type Segments interface {
	// AddToSegment puts a rider into a segment; one who is in it stays.
	AddToSegment(segment string, rider Party) error
	// DropFromSegment takes a rider out; one who is not in it is no error.
	DropFromSegment(segment string, rider Party) error
	// SegmentsOf are those of a rider, sorted, at most MaxRiderSegments.
	SegmentsOf(rider Party) ([]string, error)
}
