package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/store/storetest"
)

// What payments were refunded before legs counted it is written to their legs, the last ones first,
// as it had gone back.
func TestLegsOfEarlierRefundsSQLite(t *testing.T) {
	t.Parallel()
	earlierRefunds(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "hexhail.db")))
}

func TestLegsOfEarlierRefundsPostgres(t *testing.T) {
	t.Parallel()
	earlierRefunds(t, open(t, databaseURL(t)))
}

func earlierRefunds(t *testing.T, db storetest.Database) {
	t.Helper()
	text, err := os.ReadFile("migrations/0017_legs.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, update, _ := strings.Cut(string(text), "UPDATE leg")
	update, _, _ = strings.Cut("UPDATE leg"+update, ";")
	for refunded, want := range map[money.Fen][]money.Fen{
		0: {0, 0, 0}, 1: {0, 0, 1}, 3_00: {0, 0, 3_00}, 4_00: {0, 1_00, 3_00},
		7_99: {2_99, 2_00, 3_00}, 9_00: {4_00, 2_00, 3_00},
	} {
		subject := money.Subject(fmt.Sprint("r", refunded))
		p := money.Payment{
			ID: money.NewPaymentID(subject, money.PurposeFare, "R"), Subject: subject, Payer: "R",
			Payee: "D", Purpose: money.PurposeFare, Amount: 9_00, State: money.PaymentPaid,
		}
		if p.Refunded = refunded; refunded > 0 {
			p.State = money.PaymentPartlyRefunded
		}
		paid := money.Attempt{
			ID: money.AttemptID(subject), Order: money.AttemptID(subject), Payment: p.ID,
			Subject: subject, Channel: money.InWallet, State: money.AttemptPaid,
			MadeAt: time.Unix(1e9, 0), Captured: 9_00, Refunded: refunded, Legs: []money.Leg{
				{Hongbao: "h1", Amount: 4_00},
				{Hongbao: "h2", Amount: 2_00},
				{Instrument: money.InWallet, Amount: 3_00},
			},
		}
		closed := paid
		closed.ID, closed.State = paid.ID+"-closed", money.AttemptClosed
		closed.Captured, closed.Refunded = 0, 0
		err := db.MoneyTx(t.Context(), func(tx money.Tx) error {
			if err := tx.InsertPayment(p); err != nil {
				return err
			}
			if err := tx.InsertAttempt(closed); err != nil {
				return err
			}
			return tx.InsertAttempt(paid)
		})
		if err == nil {
			err = db.SQL(t.Context(), update)
		}
		if err != nil {
			t.Fatal(err)
		}
		back := func(id money.AttemptID) (legs []money.Fen) {
			err := db.MoneyTx(t.Context(), func(tx money.Tx) error {
				a, err := tx.Attempt(id)
				legs = nil
				for _, leg := range a.Legs {
					legs = append(legs, leg.Refunded)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return legs
		}
		if got := back(paid.ID); !slices.Equal(got, want) {
			t.Errorf("of %s: %s back, want %s", refunded, got, want)
		}
		if got := back(closed.ID); slices.Max(got) > 0 {
			t.Errorf("of %s: %s back of what was never paid", refunded, got)
		}
	}
}
