package money

import "time"

// Withdrawal is what a driver takes out of what they are owed, to their own account elsewhere. Its
// amount is held from the asking until the channel's word is known. Its id is its number at the
// channel for good: what fails is given back, and asked for anew under another.
type Withdrawal struct {
	ID      PayoutID
	Driver  Party
	City    string
	Channel ChannelName // WeChat, Alipay or ToBank
	Account string      // there: an openid, a login, the number of a card
	Name    string      // the driver's, as the channel checks it
	Amount  Fen         // > 0
	Day     string      // the business day of the asking, whose limits it counts for
	State   AttemptState
	Reason  string // of one that waits, is closed or not known
	MadeAt  time.Time
	PayAt   time.Time // it is paid out from then on: at once, or some days later
	DueAt   time.Time // when the worker looks at it next; zero leaves it to people
	SentAt  time.Time // when the channel, or the bank's file, was told; zero before
	EndedAt time.Time // paid, or given back
	Tries   int       // calls to the channel so far
	Ticket  string    // what the driver's app needs to take the money, if the channel wants that
	Trade   string    // the channel's own number, once it has told it
	File    BankFileID
}

// The reasons why a withdrawal waits that has not been sent.
const (
	WithdrawalLater = "later" // its day has not come
	WithdrawalFloat = "float" // we have advanced as much as the policy allows; see [Float]
)

// Payout is what the channel is asked for.
func (w Withdrawal) Payout(note string) Payout {
	return Payout{ID: w.ID, Account: w.Account, Name: w.Name, Amount: w.Amount, Note: note}
}

// Hold is the pending transfer that sets the amount aside.
func (w Withdrawal) Hold() Transfer {
	return w.transfer("/hold", DriverPayable(w.Driver), PayoutInFlight(w.Channel))
}

// Advance is the pending transfer that is booked when the channel is told: from then on the money
// may have left our bank.
func (w Withdrawal) Advance() Transfer {
	return w.transfer("/advance", PayoutInFlight(w.Channel), Bank)
}

func (w Withdrawal) transfer(part string, debit, credit AccountID) Transfer {
	return Transfer{
		ID: TransferID(string(w.ID) + part), Kind: TransferPending, Code: CodePayout,
		Debit: debit, Credit: credit, Amount: w.Amount,
	}
}

// Entry is an entry of transfers of the withdrawal; its id is that of the first.
func (w Withdrawal) Entry(at time.Time, transfers ...Transfer) Entry {
	return Entry{ID: EntryID(transfers[0].ID), At: at, Transfers: transfers}
}

// Send is the withdrawal as it is when a channel is told of it.
func (w Withdrawal) Send(now time.Time) Withdrawal {
	w.State, w.Reason, w.Tries = AttemptSent, "", w.Tries+1
	if w.SentAt.IsZero() {
		w.SentAt = now
	}
	return w
}

// Settle takes a verified outcome. It returns the withdrawal after it, and the transfers that end
// what it holds, none while the outcome is not known: paid posts, closed gives back. An outcome for
// one that has ended changes nothing if it says the same or knows less, and is a *StateError if it
// does not; so is one for a withdrawal that was never sent.
func (w Withdrawal) Settle(o Outcome, now time.Time) (Withdrawal, []Transfer, error) {
	if !w.State.Open() && (w.State == o.State || o.State.Open()) {
		return w, nil, nil
	}
	if !w.State.Open() || w.SentAt.IsZero() {
		return w, nil, &StateError{
			"withdrawal", string(w.ID), w.State.String(), "become " + o.State.String(),
		}
	}
	w.State, w.Reason, w.DueAt = o.State, o.Reason, time.Time{}
	if o.Ticket != "" {
		w.Ticket = o.Ticket
	}
	if o.Trade != "" {
		w.Trade = o.Trade
	}
	if o.State.Open() {
		w.DueAt = now.Add(o.Again)
		return w, nil, nil
	}
	w.EndedAt, w.Ticket = now, ""
	how := TransferVoid
	if o.State == AttemptPaid {
		how = TransferPost
	}
	return w, []Transfer{w.Hold().Resolve(how), w.Advance().Resolve(how)}, nil
}

// Float is how much of our own money is out: what has left our bank for drivers, or may have,
// beyond what channels and sponsors have brought in. It is 0 while they have brought in more. Who
// pays drivers at once, while a channel settles three days later, has a float of three days.
func Float(bank Account) Fen { return max(0, bank.Balance()+bank.PendingCredits) }
