package money

import (
	"cmp"
	"slices"
)

// MaxShares is how many people share a fare, with who organises it: more than a taxi seats, for
// somebody may pay who has not ridden.
const MaxShares = 20

// Shares divides a payment that is due among payers, amount and discount each by largest remainder:
// the parts add up to the whole and differ by at most a fen. They stand in the order of their ids,
// by which gifts are divided too (see [Subsidy.Part]). Fewer than 2 or more than [MaxShares]
// payers, or less than a fen for each, is an *AmountError.
func (p Payment) Shares(payers []Party) ([]Payment, error) {
	n := len(payers)
	if n < 2 || n > MaxShares || p.Amount < Fen(n) {
		return nil, &AmountError{
			Field: "friends", Value: Fen(n - 1), Limit: min(MaxShares, p.Amount) - 1,
		}
	}
	amounts, err := Split(p.Amount, n)
	if err != nil {
		return nil, err
	}
	discounts, err := Split(p.Discount, n)
	if err != nil {
		return nil, err
	}
	shares := make([]Payment, n)
	for i, payer := range payers {
		shares[i] = Payment{
			ID: NewPaymentID(p.Subject, PurposeShare, payer), Subject: p.Subject, Payer: payer,
			Payee: p.Payee, Purpose: PurposeShare, State: PaymentDue, Channel: p.Channel,
		}
	}
	slices.SortFunc(shares, func(a, b Payment) int { return cmp.Compare(a.ID, b.ID) })
	for i := range shares {
		shares[i].Amount, shares[i].Discount = amounts[i], discounts[i]
	}
	return shares, nil
}

// Part is what of a subsidy belongs to the i-th of n shares, by largest remainder, of the campaigns
// that take the channel through which the share is paid.
func (s Subsidy) Part(i, n int, takes func(CampaignID) bool) Subsidy {
	part := s
	part.Grants = slices.Clone(s.Grants)
	for at := range part.Grants {
		g := &part.Grants[at]
		if !takes(g.Campaign) {
			g.Rider, g.Driver = 0, 0
			continue
		}
		g.Rider, g.Driver = partOf(g.Rider, i, n), partOf(g.Driver, i, n)
	}
	part.sumGrants()
	return part
}

// partOf is the i-th part of [Split].
func partOf(total Fen, i, n int) Fen {
	part := total / Fen(n)
	if Fen(i) < total%Fen(n) {
		part++
	}
	return part
}

// Plus is the sum of two parts of the same subsidy.
func (s Subsidy) Plus(o Subsidy) Subsidy {
	s.Grants = slices.Clone(s.Grants)
	for i := range s.Grants {
		s.Grants[i].Rider += o.Grants[i].Rider
		s.Grants[i].Driver += o.Grants[i].Driver
	}
	s.sumGrants()
	return s
}

// GiveParts is the entry that ends what was reserved for a ride whose shares were paid: what all of
// them have earned is posted, and of the rest the reservation goes back. It is empty if nothing is
// pending.
func GiveParts(id EntryID, s Subject, pending []Transfer, given Subsidy) Entry {
	e := Entry{ID: id, Subject: s}
	for _, t := range SubsidiesIn(pending) {
		var amount Fen
		for _, g := range given.Grants {
			switch {
			case PromoBudget(g.Campaign) != t.Debit:
			case t.Code == CodeSubsidyRider:
				amount = g.Rider
			default:
				amount = g.Driver
			}
		}
		if amount == t.Amount {
			e.Transfers = append(e.Transfers, t.Resolve(TransferPost))
			continue
		}
		e.Transfers = append(e.Transfers, t.Resolve(TransferVoid))
		if amount > 0 {
			part := t
			part.ID, part.Kind, part.Amount = t.ID+"/part", TransferPosted, amount
			e.Transfers = append(e.Transfers, part)
		}
	}
	return e
}
