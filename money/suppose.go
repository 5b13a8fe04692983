package money

// Supposed gives from the counts and budgets of transactions, and keeps to itself what it takes of
// them: what many rides would be given, one after another.
type Supposed struct {
	spent  map[AccountID]Fen
	counts map[CountKey]int
}

// Suppose has taken nothing.
func Suppose() *Supposed {
	return &Supposed{spent: map[AccountID]Fen{}, counts: map[CountKey]int{}}
}

// On is what is left of a transaction's counts and budgets.
func (s *Supposed) On(tx Giver) Giver { return supposing{tx, s} }

type supposing struct {
	Giver
	*Supposed
}

// Book implements [Accounts] for what comes out of one account.
func (s supposing) Book(e Entry) error {
	budget, sum := e.Transfers[0].Debit, TotalOf(e.Transfers)
	a, err := s.Account(budget)
	if err != nil {
		return err
	}
	if sum > a.Available()-s.spent[budget] {
		return &LimitError{Account: budget, Amount: sum}
	}
	s.spent[budget] += sum
	return nil
}

// TakeCount implements [Counts].
func (s supposing) TakeCount(k CountKey, limit int) (int, error) {
	n, err := s.CountOf(k)
	if err != nil || n >= limit {
		return 0, err
	}
	s.counts[k]++
	return n + 1, nil
}

// GiveBackCount implements [Counts].
func (s supposing) GiveBackCount(k CountKey) error {
	s.counts[k]--
	return nil
}

// CountOf implements [Counts].
func (s supposing) CountOf(k CountKey) (int, error) {
	n, err := s.Giver.CountOf(k)
	return n + s.counts[k], err
}
