package money

// Leg is an attempt's part on one instrument: a channel or, of the wallet, a hongbao. At most one
// leg is on an external channel, and it is the last one.
type Leg struct {
	Instrument ChannelName // "" of a hongbao
	Hongbao    HongbaoID   // "" of a channel
	Amount     Fen         // ≥ 0; the legs' sum is what is charged
	Refunded   Fen         // asked to go back to it, ≤ Amount
}

// Outside reports whether a leg is on a channel of others.
func (l Leg) Outside() bool { return l.Hongbao == "" && l.Instrument.External() }

// Charge is the sum of the legs.
func (a Attempt) Charge() Fen {
	return a.sum(func(Leg) bool { return true })
}

// ByHongbao is what of it is paid by hongbaos.
func (a Attempt) ByHongbao() Fen {
	return a.sum(func(l Leg) bool { return l.Hongbao != "" })
}

// ByBalance is what of it the wallet's balance pays.
func (a Attempt) ByBalance() Fen {
	return a.sum(func(l Leg) bool { return l.Instrument == InWallet })
}

// Outside is what of it an external channel moves.
func (a Attempt) Outside() Fen { return a.sum(Leg.Outside) }

func (a Attempt) sum(of func(Leg) bool) (sum Fen) {
	for _, leg := range a.Legs {
		if of(leg) {
			sum += leg.Amount
		}
	}
	return sum
}

// Spending is what a wallet pays with: hongbaos in the order in which they are spent, then the
// balance.
type Spending struct {
	Hongbaos []Hongbao
	Balance  Fen
	Most     Fen // of all of that together
}

// Sum is how much that is.
func (s Spending) Sum() Fen {
	sum := s.Balance
	for _, h := range s.Hongbaos {
		sum += h.Left
	}
	return min(sum, s.Most)
}

// Pay takes out of it what it has for an attempt, and returns the attempt with its legs: those, and
// the rest on the attempt's channel. The hongbaos are changed in place.
func (s *Spending) Pay(a Attempt) Attempt {
	rest := a.Charge()
	var legs []Leg
	take := func(leg Leg, has *Fen) {
		leg.Amount = min(rest, *has, s.Most)
		if leg.Amount <= 0 {
			return
		}
		legs = append(legs, leg)
		rest -= leg.Amount
		*has -= leg.Amount
		s.Most -= leg.Amount
	}
	for i := range s.Hongbaos {
		take(Leg{Hongbao: s.Hongbaos[i].ID}, &s.Hongbaos[i].Left)
	}
	take(Leg{Instrument: InWallet}, &s.Balance)
	if rest > 0 || len(legs) == 0 {
		legs = append(legs, Leg{Instrument: a.Channel, Amount: rest})
	}
	a.Legs = legs
	return a
}

// Back divides what goes back of an attempt by its legs, each with its part as the amount: the
// channel's own first, then the balance's, then those of hongbaos, the last one that was taken
// first. More than what is left of them is an *AmountError.
func (a Attempt) Back(amount Fen) (parts []Leg, err error) {
	rest := amount
	for i := len(a.Legs) - 1; i >= 0; i-- {
		leg := a.Legs[i]
		part := min(rest, leg.Amount-leg.Refunded)
		if part <= 0 {
			continue
		}
		rest -= part
		parts = append(parts, Leg{
			Instrument: leg.Instrument, Hongbao: leg.Hongbao, Amount: part,
		})
	}
	if rest > 0 || amount <= 0 {
		return nil, &AmountError{Field: "amount", Value: amount, Limit: amount - rest}
	}
	return parts, nil
}
