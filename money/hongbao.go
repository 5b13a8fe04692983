package money

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// HongbaoID names a hongbao.
type HongbaoID string

// Account is what is left of a hongbao. It never goes below 0.
func (id HongbaoID) Account() AccountID { return AccountID(classHongbao + ":" + string(id)) }

// Hongbao is whose account it is, if it is a hongbao's.
func (id AccountID) Hongbao() (HongbaoID, bool) {
	return HongbaoID(id.Of()), id.Class() == classHongbao
}

// Hongbao 红包 is a credit that a rider has in their wallet beside its balance: a sponsor has given
// it, and it can be spent until it expires.
type Hongbao struct {
	ID               HongbaoID
	Rider            Party
	City             string // by whose days the sponsor is asked for what is spent
	Sponsor          Party  // who owes us what is spent of it
	Amount           Fen    // given, 1 to MaxHongbao
	TitleEN, TitleZH string // as riders read it, 1 to MaxHongbaoTitle bytes
	GivenAt          time.Time
	ExpiresAt        time.Time // exclusive
	// Left can be spent, Held is set aside for payments that are being made. Both are of the
	// ledger.
	Left, Held Fen
}

// Limits of hongbaos.
const (
	// MaxHongbao is the largest: 200 yuan, as with the apps of the time.
	MaxHongbao = Fen(200_00)
	// MaxHongbaoTitle is how many bytes a title may have in either language.
	MaxHongbaoTitle = 120
	// MaxHongbaoKept is how long a hongbao may be kept at most.
	MaxHongbaoKept = 366 * 24 * time.Hour
	// MaxHongbaosAtOnce is how many are given at once: an entry has no more transfers.
	MaxHongbaosAtOnce = 1000
	// MaxHongbaos is how many a rider may have that can be spent: a payment takes all of them if
	// they are small.
	MaxHongbaos = 50
	// hongbaoHeldAgain is when an expired one of which something is still held is looked at again.
	hongbaoHeldAgain = time.Minute
)

// CodeHongbaoEnd is of what goes back to who gave a hongbao, as it has expired.
const CodeHongbaoEnd Code = "hongbao_end"

// HongbaoError is a hongbao that cannot be given: it names the field and its limit.
type HongbaoError struct{ Field, Limit string }

func (e *HongbaoError) Error() string {
	return fmt.Sprintf("hongbao: %s must be %s", e.Field, e.Limit)
}

func (h Hongbao) check() error {
	title := fmt.Sprintf("1 to %d bytes", MaxHongbaoTitle)
	kept := h.ExpiresAt.Sub(h.GivenAt)
	switch {
	case h.City == "" || h.Sponsor == "":
		return &HongbaoError{"city and sponsor", "given"}
	case h.Amount <= 0 || h.Amount > MaxHongbao:
		return &HongbaoError{"amount_fen", fmt.Sprintf("1 to %d", MaxHongbao)}
	case h.TitleEN == "" || len(h.TitleEN) > MaxHongbaoTitle:
		return &HongbaoError{"title_en", title}
	case h.TitleZH == "" || len(h.TitleZH) > MaxHongbaoTitle:
		return &HongbaoError{"title_zh", title}
	case kept <= 0 || kept > MaxHongbaoKept:
		return &HongbaoError{"expires_at", fmt.Sprintf(
			"after now, and at most %d days", MaxHongbaoKept/(24*time.Hour))}
	default:
		return nil
	}
}

// Hongbaos are the rows of hongbaos; what is left of each is in the ledger.
type Hongbaos interface {
	// InsertHongbao writes one.
	InsertHongbao(h Hongbao) error
	// HongbaosOf are those of a rider that can be spent at a moment, in the order in which they
	// are: what expires first, first. At most limit.
	HongbaosOf(rider Party, now time.Time, limit int) ([]Hongbao, error)
	// DueHongbaos are expired ones of which something may be left, by id, at most limit; others do
	// not get the same ones before the transaction ends.
	DueHongbaos(now time.Time, limit int) ([]Hongbao, error)
	// PutOffHongbao says when an expired one is due again; never, if that is zero.
	PutOffHongbao(id HongbaoID, at time.Time) error
	// WakeHongbao makes one to which money comes back due at its expiry, whether that is past or
	// not.
	WakeHongbao(id HongbaoID) error
}

// GiveHongbaos gives hongbaos to riders: writes their rows, and books what each holds from the
// promises of their sponsors, in one entry. A *HongbaoError names a field that is out of its
// limits; an id that is booked already is an error of kind Conflict of the store: the same id gives
// once.
func GiveHongbaos(tx Tx, id EntryID, list []Hongbao, now time.Time) error {
	if len(list) == 0 || len(list) > MaxHongbaosAtOnce {
		return &HongbaoError{"rider_ids", fmt.Sprintf("1 to %d", MaxHongbaosAtOnce)}
	}
	funds := Entry{ID: id, At: now}
	for _, h := range list {
		if err := h.check(); err != nil {
			return err
		}
		has, err := tx.HongbaosOf(h.Rider, now, MaxHongbaos)
		if err != nil {
			return err
		}
		if len(has) >= MaxHongbaos {
			return &HongbaoError{"rider_ids", fmt.Sprintf(
				"riders with fewer than %d hongbaos; %s has as many", MaxHongbaos, h.Rider)}
		}
		if err := tx.InsertHongbao(h); err != nil {
			return err
		}
		funds.Transfers = append(funds.Transfers, Transfer{
			ID: h.transfer("fund"), Kind: TransferPosted, Code: CodeFund, Amount: h.Amount,
			Debit: SponsorReceivable(h.Sponsor), Credit: h.ID.Account(),
		})
	}
	return tx.Book(funds)
}

func (h Hongbao) transfer(part string) TransferID {
	return TransferID("hongbao/" + string(h.ID) + "/" + part)
}

// EndHongbaos gives what is left of hongbaos that have expired back to who gave them, of at most
// limit of them, and returns how many it has looked at. What is held for a payment goes back later,
// if it comes free; nothing goes back twice, as the account has it once.
func EndHongbaos(tx Tx, now time.Time, limit int) (int, error) {
	due, err := tx.DueHongbaos(now, limit)
	if err != nil {
		return 0, err
	}
	for _, h := range due {
		if err := h.end(tx, now); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

func (h Hongbao) end(tx Tx, now time.Time) error {
	account, err := tx.Account(h.ID.Account())
	if err != nil {
		return err
	}
	if left := account.Available(); left > 0 {
		// Each end adds to the debits, so that the next one has another name.
		id := h.transfer("end/" + strconv.FormatInt(int64(account.Debits), 10))
		err := tx.Book(Entry{ID: EntryID(id), At: now, Transfers: []Transfer{{
			ID: id, Kind: TransferPosted, Code: CodeHongbaoEnd, Amount: left,
			Debit: account.ID, Credit: SponsorReceivable(h.Sponsor),
		}}})
		if refused := (*LimitError)(nil); errors.As(err, &refused) {
			return nil // a payment was faster: it stays due
		}
		if err != nil {
			return err
		}
	}
	again := time.Time{}
	if account.PendingDebits > 0 {
		again = now.Add(hongbaoHeldAgain)
	}
	return tx.PutOffHongbao(h.ID, again)
}
