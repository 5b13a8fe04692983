package dispatch

import (
	"cmp"
	"slices"
	"time"

	"hexhail/money"
)

// WalletFirst is what of the payer's own wallet a payment through an external channel spends before
// the channel is asked for the rest; "" is nothing.
type WalletFirst string

// What of it is spent.
const (
	HongbaosFirst WalletFirst = "hongbaos" // those alone
	BalanceFirst  WalletFirst = "balance"  // hongbaos, and then the balance
)

func (m Means) checkFirst() error {
	switch {
	case m.First == "":
		return nil
	case m.First != HongbaosFirst && m.First != BalanceFirst:
		return invalid("wallet_first", "hongbaos, balance or empty")
	case !m.Channel.External() || m.Way == money.WayBarcode:
		return invalid("wallet_first", "empty but with wechat and alipay, and not by a barcode")
	default:
		return nil
	}
}

// spends is what of the payer's wallet is held when the attempts are made.
func (m Means) spends() WalletFirst { return cmp.Or(m.First, m.alone) }

// spendingOf is what a wallet has for payments of a sum.
func spendingOf(
	tx Tx, rider RiderID, first WalletFirst, sum money.Fen, now time.Time,
) (money.Spending, error) {
	wallet, _, err := purseOf(tx, rider, now)
	has := money.Spending{Hongbaos: wallet.Hongbaos, Most: sum}
	if first == BalanceFirst {
		has.Balance = wallet.Has
	}
	return has, err
}

// walletAlone reports whether a wallet that pays first has enough for all of what its owner owes,
// so that nothing is left to ask the channel for. Where the channel's campaigns have reserved
// something it is not alone: a fen stays for the channel, by which they go.
func (d *Desk) walletAlone(
	j *job, r Ride, rider RiderID, first WalletFirst, payments []money.Payment,
) (bool, error) {
	others := func(p money.Payment) bool { return unpaid(p) && p.Payer != RiderParty(rider) }
	if slices.ContainsFunc(payments, others) {
		return false, invalid("wallet_first", "empty for what somebody else owes")
	}
	owed := due(payments)
	has, err := spendingOf(j.tx, rider, first, owed, j.now)
	if err != nil || owed == 0 || has.Sum() < owed {
		return false, err
	}
	if r.State != Completed || !r.Subsidy.Granted() {
		return true, nil
	}
	campaigns, err := j.tx.CampaignsOf(string(r.City))
	stays := staysWith(campaigns, money.InWallet)
	goes := func(g money.Grant) bool { return !stays(g) }
	return !slices.ContainsFunc(r.Subsidy.Grants, goes), err
}

// payAlone pays by a wallet that is to pay first, and has enough, all of some payments; else is is
// false.
func (d *Desk) payAlone(
	j *job, r Ride, from purse, m Means, payments []money.Payment,
) (paid Receipt, is bool, err error) {
	if m.First == "" {
		return Receipt{}, false, nil
	}
	rider := cmp.Or(from.rider, r.Rider)
	if is, err = d.walletAlone(j, r, rider, m.First, payments); err != nil || !is {
		return Receipt{}, false, err
	}
	anybody := func(Ride) error { return nil } // it was asked whose ride it is
	paid, err = d.pay(j, r.ID, anybody, from,
		Means{Channel: money.InWallet, proof: m.proof, alone: m.First})
	return paid, true, err
}

// payAsReserved is payAlone for a ride that was to be paid by the wallet anyway, and for which the
// wallet's campaigns have reserved something: at the price that its rider has seen.
func (d *Desk) payAsReserved(
	j *job, r Ride, from purse, m Means,
) (paid Receipt, is bool, err error) {
	if m.First == "" || r.PayBy != money.InWallet || !r.Subsidy.Granted() {
		return Receipt{}, false, nil
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return Receipt{}, false, err
	}
	return d.payAlone(j, r, from, m, from.of(r, payments))
}

// holdFirst sets aside what a wallet pays of attempts that are about to be sent. Their channel, if
// it is another, is left a fen at least. The wallet's rules count what it pays where that is not of
// hongbaos alone.
func (d *Desk) holdFirst(
	j *job, r Ride, rider RiderID, m Means, attempts []money.Attempt,
) error {
	sum := money.Order(attempts).Charge()
	if m.spends() == "" || sum == 0 {
		return nil
	}
	// The fare comes last: what is left to the channel is of the fare, as long as there is one, and
	// campaigns go by how that is paid.
	slices.SortStableFunc(attempts, func(a, b money.Attempt) int {
		switch {
		case a.Purpose.Fare() == b.Purpose.Fare():
			return 0
		case a.Purpose.Fare():
			return 1
		default:
			return -1
		}
	})
	look := func() (money.Spending, error) {
		has, err := spendingOf(j.tx, rider, m.spends(), sum, j.now)
		switch {
		case err != nil:
		case m.First != "":
			has.Most = sum - 1
		case has.Sum() < sum: // somebody has just taken of it
			err = Errorf(Conflict, ReasonLedgerLimit,
				"the wallet has %s yuan, %s are due: pay otherwise", has.Sum(), sum)
		}
		return has, err
	}
	held, err := money.HoldFirst(j.tx, attempts, look, j.now)
	if err != nil || m.First == "" { // alone, the wallet was asked before
		return err
	}
	var outside, balance money.Fen
	for _, a := range held {
		outside, balance = outside+a.Outside(), balance+a.ByBalance()
	}
	if balance == 0 {
		return nil
	}
	return d.mayPay(j, r, rider, sum-outside, m.proof)
}
