package money

import "strings"

// Party is somebody who pays or is paid. It is opaque here: dispatch makes it from its own ids.
type Party string

// Subject is what money moves for: a ride, or a top-up of a wallet. It is opaque here.
type Subject string

// AccountID names an account: a class, and after a colon whose it is ("wallet:R1").
type AccountID string

// The classes of accounts. Only those listed in noOverdraft refuse to be overdrawn.
const (
	classWallet            = "wallet"
	classDriverPayable     = "driver_payable"
	classPromoBudget       = "promo_budget"
	classSponsorReceivable = "sponsor_receivable"
	classChannelClearing   = "channel_clearing"
	classFeeExpense        = "fee_expense"
	classPayoutInFlight    = "payout_in_flight"
	classHongbao           = "hongbao"
)

// SandboxEquity is where play money comes from. It exists in sandboxes and simulations only.
const SandboxEquity AccountID = "sandbox:equity"

// Wallet is what a rider has paid in and not yet spent. It never goes below 0.
func Wallet(p Party) AccountID { return AccountID(classWallet + ":" + string(p)) }

// DriverPayable is what we owe a driver. It never goes below 0.
func DriverPayable(p Party) AccountID { return AccountID(classDriverPayable + ":" + string(p)) }

// PromoBudget is what is left of a campaign. It never goes below 0: that is the campaign's cap.
func PromoBudget(c CampaignID) AccountID { return AccountID(classPromoBudget + ":" + string(c)) }

// SponsorReceivable is what a campaign's sponsor owes us; its balance is negative while it is owed.
func SponsorReceivable(s Party) AccountID {
	return AccountID(classSponsorReceivable + ":" + string(s))
}

// ChannelClearing is what an external channel owes us: its balance is negative from the capture
// until the channel's settlement, by the bill, is in our bank.
func ChannelClearing(c ChannelName) AccountID {
	return AccountID(classChannelClearing + ":" + string(c))
}

// FeeExpense is what a channel keeps of what it moves for us.
func FeeExpense(c ChannelName) AccountID { return AccountID(classFeeExpense + ":" + string(c)) }

// PayoutInFlight is what drivers have asked for through a channel and not got yet: pending from the
// asking, posted and passed on to the bank in one entry when it has arrived.
func PayoutInFlight(c ChannelName) AccountID {
	return AccountID(classPayoutInFlight + ":" + string(c))
}

// The house's own accounts.
const (
	// SuspenseDuplicate holds what arrived twice until it has gone back.
	SuspenseDuplicate AccountID = "suspense:duplicate"
	// Bank is our account at the bank: what came in from channels and sponsors are its debits, what
	// went out to drivers its credits. Above 0 it is our float; see [Float].
	Bank AccountID = "bank"
	// Loss is what we bear ourselves.
	Loss AccountID = "loss"
)

// Class is the part of an id before the colon.
func (id AccountID) Class() string {
	class, _, _ := strings.Cut(string(id), ":")
	return class
}

// Of is the part of an id after the colon: whose account it is, "" for one of the house's own.
func (id AccountID) Of() string {
	_, whose, _ := strings.Cut(string(id), ":")
	return whose
}

// NoOverdraft reports whether the account must never go below 0, pending debits included.
func (id AccountID) NoOverdraft() bool {
	switch id.Class() {
	case classWallet, classHongbao, classDriverPayable, classPromoBudget:
		return true
	default:
		return false
	}
}

// Account is the state of one account. All sums are ≥ 0; the balance is credits − debits.
type Account struct {
	ID             AccountID
	Debits         Fen // posted
	Credits        Fen // posted
	PendingDebits  Fen // reserved, neither posted nor voided
	PendingCredits Fen
}

// Balance is what was posted: credits − debits.
func (a Account) Balance() Fen { return a.Credits - a.Debits }

// Available is what a new debit may take: the balance less what is already reserved.
func (a Account) Available() Fen { return a.Balance() - a.PendingDebits }

// Sound reports whether the account keeps its limit.
func (a Account) Sound() bool {
	return !a.ID.NoOverdraft() || a.Available() >= 0
}
