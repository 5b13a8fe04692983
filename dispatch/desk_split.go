package dispatch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"hexhail/money"
)

// How long friends have to pay their shares, unless who organises it says otherwise, and the least
// and the most: what campaigns have reserved goes back after three days.
const (
	SplitFor      = 24 * time.Hour
	ShortestSplit = 10 * time.Minute
	LongestSplit  = 48 * time.Hour
)

// SplitFare divides what a ride costs among its rider and friends (AA).
type SplitFare struct {
	Ride    RideID
	Rider   RiderID       // who organises it and pays a share too
	Friends []Friend      // 1 to money.MaxShares − 1
	For     time.Duration // to pay; 0 is SplitFor
}

// Friend is who pays a share: a rider by id or by phone, or with neither whoever has its code.
type Friend struct {
	Rider RiderID `json:",omitempty"`
	Phone string  `json:",omitempty"`
}

// Share is a part of a fare that somebody pays.
type Share struct {
	Payment money.Payment
	Code    string // leads to it; "" for that of who organises it
}

// Split replaces the fare of a ride, of which nothing is paid, by shares, in one transaction, and
// returns them: the organiser's own first, then those of the friends as they were named. Tip and
// fee stay the rider's. Who has the code of a share may pay it, through any channel. What is not
// paid when the time is over is the organiser's. Whether a phone is a rider's is told to nobody:
// else the share is whose code it gets. Errors: Conflict with ReasonPayment for a fare that is
// paid, being paid or split already, NotFound with ReasonUnknownRider, Invalid for somebody who is
// named twice.
func (d *Desk) Split(ctx context.Context, now time.Time, key Once, c SplitFare) ([]Share, error) {
	mine := func(r Ride) error { return r.riddenBy(c.Rider) }
	var shares []Share
	_, err := d.payOnce(ctx, now, c.Ride, mine, func() (_ Receipt, err error) {
		shares, err = do(ctx, d, "Split", now, key, c, func(j *job) ([]Share, error) {
			r, err := j.tx.LockRide(c.Ride)
			if err == nil {
				err = mine(r)
			}
			if err != nil {
				return nil, err
			}
			return j.split(r, c)
		})
		return Receipt{}, err
	})
	return shares, err
}

func (c SplitFare) check(r Ride) error {
	switch {
	case r.State != Completed || !r.Fare.State.Stands():
		return Errorf(Conflict, ReasonStep,
			"ride %s is %s, its fare %s: nothing to split", r.ID, r.State, r.Fare.State)
	case c.For != 0 && (c.For < ShortestSplit || c.For > LongestSplit):
		return invalid("minutes", fmt.Sprintf("%d to %d", int(ShortestSplit.Minutes()),
			int(LongestSplit.Minutes())))
	case len(c.Friends) < 1 || len(c.Friends) >= money.MaxShares:
		return invalid("friends", fmt.Sprintf("1 to %d", money.MaxShares-1))
	default:
		return nil
	}
}

func (j *job) split(r Ride, c SplitFare) ([]Share, error) {
	if err := c.check(r); err != nil {
		return nil, err
	}
	if err := j.nobodyPays(r); err != nil {
		return nil, err
	}
	payers, err := j.sharers(r, c.Friends)
	if err != nil {
		return nil, err
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return nil, err
	}
	at := find(payments, money.NewPaymentID(r.Subject(), money.PurposeFare, r.payer()))
	if at < 0 || payments[at].State.Final() {
		return nil, Errorf(Conflict, ReasonPayment, "ride %s: its fare is not due", r.ID)
	}
	whole, was := payments[at], payments[at].State
	parts, err := whole.Shares(payers)
	if err != nil {
		return nil, err
	}
	if whole, err = j.notByHand(whole); err != nil {
		return nil, err
	}
	whole.State = money.PaymentVoid
	if err := j.tx.UpdatePayment(whole, was); err != nil {
		return nil, err
	}
	within := c.For
	if within == 0 {
		within = SplitFor
	}
	if err := j.tx.InsertSplit(r.ID, j.now.Add(within)); err != nil {
		return nil, err
	}
	shares, err := j.writeShares(r, parts)
	if err != nil {
		return nil, err
	}
	order := func(s Share) int { return slices.Index(payers, s.Payment.Payer) }
	slices.SortFunc(shares, func(a, b Share) int { return order(a) - order(b) })
	j.after = append(j.after, Tell{Ride: r}, Push{Driver: r.Driver, Ride: r})
	return shares, j.owedWithin(r)
}

// sharers are who pays: the organiser first. A friend whom we do not know is a party of the ride's.
func (j *job) sharers(r Ride, friends []Friend) ([]money.Party, error) {
	payers := []money.Party{r.payer()}
	for i, f := range friends {
		field := fmt.Sprintf("friends[%d]", i)
		id, err := j.friend(f, field)
		if err != nil {
			return nil, err
		}
		payer := RiderParty(id)
		if id == "" || slices.Contains(payers, payer) && f.Phone != "" {
			payer = money.Party(fmt.Sprintf("guest:%s/%d", r.ID, i+1))
		}
		if slices.Contains(payers, payer) {
			return nil, invalid(field, "another one than who organises it and the others")
		}
		payers = append(payers, payer)
	}
	return payers, nil
}

// friend is the rider of a friend, "" for one whom we do not know.
func (j *job) friend(f Friend, field string) (RiderID, error) {
	switch {
	case f.Rider != "" && f.Phone != "":
		return "", invalid(field, "a rider or a phone")
	case f.Rider != "":
		r, err := j.tx.Rider(f.Rider)
		return r.ID, err
	case f.Phone != "":
		return j.tx.RiderByPhone(f.Phone)
	default:
		return "", nil
	}
}

func (j *job) writeShares(r Ride, parts []money.Payment) ([]Share, error) {
	shares := make([]Share, len(parts))
	for i, p := range parts {
		shares[i].Payment = p
		if err := j.tx.InsertPayment(p); err != nil {
			return nil, err
		}
		if p.Payer == r.payer() {
			continue
		}
		shares[i].Code = rand.Text()
		err := j.tx.InsertPayCode(PayCode{
			Code: shares[i].Code, Ride: r.ID, Share: p.ID, MadeAt: j.now,
		})
		if err != nil {
			return nil, err
		}
	}
	return shares, nil
}

// owedWithin is an Internal error if what is owed and paid of a ride's fare is more than the fare.
func (j *job) owedWithin(r Ride) error {
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return err
	}
	var sum money.Fen
	for _, p := range payments {
		if p.Purpose.Fare() && p.State != money.PaymentVoid {
			sum += p.Amount
		}
	}
	if sum > r.Fare.Total() {
		return Errorf(Internal, ReasonStore,
			"ride %s of %s: its payments are of %s", r.ID, r.Fare.Total(), sum)
	}
	return nil
}

// sharesOf are a ride's shares in the order of their ids; none of a ride that is not split.
func sharesOf(payments []money.Payment) (shares []money.Payment) {
	for _, p := range payments {
		if p.Purpose == money.PurposeShare {
			shares = append(shares, p)
		}
	}
	return shares
}

// part is what of a ride's subsidy belongs to a payment if it goes through a channel: its share's,
// and with what the organiser covers those of the friends who have not paid.
func (j *job) part(
	r Ride, payments []money.Payment, p money.Payment, through money.ChannelName,
) (money.Subsidy, error) {
	shares := sharesOf(payments)
	campaigns, err := j.tx.CampaignsOf(string(r.City))
	takes := func(id money.CampaignID) bool {
		return slices.ContainsFunc(campaigns, func(c money.Campaign) bool {
			return c.ID == id && c.Takes(through)
		})
	}
	part := r.Subsidy.Part(0, len(shares), func(money.CampaignID) bool { return false })
	for i, s := range shares {
		if s.ID == p.ID || p.Purpose == money.PurposeFare && s.State == money.PaymentVoid {
			part = part.Plus(r.Subsidy.Part(i, len(shares), takes))
		}
	}
	return part, err
}

// discounts sets what is off each of some payments of a ride that is split, by the channel through
// which they are about to be paid.
func (j *job) discounts(r Ride, some []money.Payment, through money.ChannelName) error {
	all, err := j.tx.PaymentsOf(r.Subject())
	if err != nil || len(sharesOf(all)) == 0 {
		return err
	}
	for i, p := range some {
		if p.State.Final() || !p.Purpose.Fare() || isRest(p) {
			continue
		}
		part, err := j.part(r, all, p, through)
		if err != nil {
			return err
		}
		some[i].Discount = part.Rider
	}
	return nil
}

// giveShares ends what is reserved for a ride whose shares are all paid: each share that went
// through a campaign's channel has earned its part, of the rest the reservation goes back. It
// returns what was given; the zero value for a ride that is not split, has nothing reserved, or
// whose subsidy is held.
func (j *job) giveShares(r Ride, payments []money.Payment) (money.Subsidy, error) {
	held, err := j.held(r)
	if err != nil || held || len(sharesOf(payments)) == 0 || !r.Subsidy.Granted() {
		return money.Subsidy{}, err
	}
	return j.giveParts(r, payments)
}

func (j *job) giveParts(r Ride, payments []money.Payment) (money.Subsidy, error) {
	shares := sharesOf(payments)
	given := r.Subsidy.Part(0, len(shares), func(money.CampaignID) bool { return false })
	for _, p := range payments {
		if !p.State.Captured() || !p.Purpose.Fare() || isRest(p) {
			continue
		}
		part, err := j.part(r, payments, p, p.Channel)
		if err != nil {
			return given, err
		}
		given = given.Plus(part)
	}
	booked, err := j.tx.Transfers(r.Subject())
	if err != nil {
		return given, err
	}
	id := money.EntryID(string(r.ID) + "/shares")
	e := money.GiveParts(id, r.Subject(), money.Unresolved(booked), given)
	e.At = j.now
	if given.Rider+given.Driver == 0 {
		given = r.Subsidy.Without(money.SubsidyVoid)
	}
	if len(e.Transfers) == 0 {
		return given, nil
	}
	return given, j.tx.Book(e)
}

// coverErrands give to the organisers what friends have not paid in time. A friend's open order is
// closed first; while nobody knows how it has ended, the share stays theirs.
func (d *Desk) coverErrands(tx Tx, now time.Time, limit int) ([]errand, error) {
	rides, err := tx.DueSplits(now, limit)
	if err != nil {
		return nil, err
	}
	due := make([]errand, 0, len(rides))
	for _, ride := range rides {
		if err := tx.PutOffSplit(ride, now.Add(workRetry)); err != nil {
			return nil, err
		}
		due = append(due, func(ctx context.Context) error {
			anybody := func(Ride) error { return nil }
			friends := func(r Ride, p money.Payment) bool { return p.Payer != r.payer() }
			err := d.closeOrdersOf(ctx, now, ride, anybody, friends)
			return errors.Join(err, d.book(ctx, "CoverShares", now, func(j *job) error {
				return j.coverShares(ride)
			}))
		})
	}
	return due, nil
}

// cover does coverErrands where nobody goes to external channels, who does it otherwise.
func (d *Desk) cover(ctx context.Context, now time.Time) error {
	if len(externals(d.Channels)) > 0 {
		return nil
	}
	_, err := d.errands(ctx, now, 1, func(tx Tx, now time.Time) ([]errand, error) {
		return d.coverErrands(tx, now, workBatch)
	})
	return err
}

// coverShares makes the organiser owe what friends have not paid.
func (j *job) coverShares(ride RideID) error {
	r, err := j.tx.LockRide(ride)
	if err != nil {
		return err
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return err
	}
	late := slices.DeleteFunc(sharesOf(payments), func(p money.Payment) bool {
		return p.State.Final() || p.Payer == r.payer()
	})
	for _, p := range late {
		if _, open, err := j.tx.OpenAttempt(p.ID); err != nil || open {
			return err // looked at again
		}
	}
	if err := j.tx.EndSplit(r.ID); err != nil || len(late) == 0 || r.State != Completed {
		return err
	}
	whole := payments[find(payments, money.NewPaymentID(
		r.Subject(), money.PurposeFare, r.payer()))]
	whole.Amount, whole.Discount, whole.State = 0, 0, money.PaymentDue
	for _, p := range late {
		whole.Amount += p.Amount
		void := p
		void.State = money.PaymentVoid
		if err := j.tx.UpdatePayment(void, p.State); err != nil {
			return err
		}
	}
	if err := j.tx.UpdatePayment(whole, money.PaymentVoid); err != nil {
		return err
	}
	j.after = append(j.after, Tell{Ride: r})
	return j.owedWithin(r)
}
