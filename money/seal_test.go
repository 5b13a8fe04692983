package money_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hexhail/money"
)

// bookedParts are the two transfers of an entry.
func bookedParts() []money.Booked {
	at := time.UnixMilli(1389326400123)
	return []money.Booked{
		{
			Seq: 7, Entry: "R1/capture", Subject: "R1", At: at, Transfer: money.Transfer{
				ID: "A1/paid", Kind: money.TransferPosted, Debit: "channel_clearing:alipay",
				Credit: "driver_payable:王", Amount: 2300, Code: money.CodeFare,
			},
		},
		{
			Seq: 9, Entry: "R1/capture", Part: 1, Subject: "R1", At: at, Transfer: money.Transfer{
				ID: "R1/subsidy/post", Kind: money.TransferPost, Pending: "R1/subsidy",
				Debit: "promo_budget:C", Credit: "driver_payable:王", Amount: 500,
				Code: money.CodeSubsidyRider,
			},
		},
	}
}

// TestSealIsWhatTheDocsSay: an auditor with nothing but the page and a SHA-256 comes to the same
// hash. This one was made by a program in Python.
func TestSealIsWhatTheDocsSay(t *testing.T) {
	const want = "59291297157fa6c2925531e7191890c1593f7eaa2c1734998b5b3730b94a5961"
	got := money.Seal{}.Next(bookedParts())
	if got != (money.Seal{Seq: 7, Entry: "R1/capture", Hash: want}) {
		t.Errorf("%+v, want %s", got, want)
	}
	if next := got.Next(bookedParts()); next.Hash == got.Hash {
		t.Error("the hash before is not in the hash")
	}
}

// TestSealNoticesEveryField: whatever field of a transfer is another, so is the hash.
func TestSealNoticesEveryField(t *testing.T) {
	was := money.Seal{}.Next(bookedParts())
	for name, change := range map[string]func(*money.Booked){
		"seq":     func(b *money.Booked) { b.Seq++ },
		"entry":   func(b *money.Booked) { b.Entry += "x" },
		"part":    func(b *money.Booked) { b.Part++ },
		"subject": func(b *money.Booked) { b.Subject = "R2" },
		"at":      func(b *money.Booked) { b.At = b.At.Add(time.Millisecond) },
		"id":      func(b *money.Booked) { b.ID += "x" },
		"kind":    func(b *money.Booked) { b.Kind = money.TransferVoid },
		"pending": func(b *money.Booked) { b.Pending += "x" },
		"debit":   func(b *money.Booked) { b.Debit += "x" },
		"credit":  func(b *money.Booked) { b.Credit += "x" },
		"amount":  func(b *money.Booked) { b.Amount++ },
		"code":    func(b *money.Booked) { b.Code += "x" },
		"borders": func(b *money.Booked) { b.Debit, b.Credit = b.Debit+"d", b.Credit[1:] },
	} {
		parts := bookedParts()
		change(&parts[1])
		if (money.Seal{}).Next(parts).Hash == was.Hash {
			t.Errorf("%s: the same hash", name)
		}
	}
	if (money.Seal{}).Next(bookedParts()[:1]).Hash == was.Hash {
		t.Error("a transfer less: the same hash")
	}
}

// sealing is a Sealer with entries to seal; it fails once.
type sealing struct {
	left   int
	failed bool
}

var errOnce = errors.New("once")

// Seal implements [money.Sealer].
func (s *sealing) Seal(_ context.Context, limit int) (int, error) {
	if !s.failed {
		s.failed = true
		return 0, errOnce
	}
	n := min(s.left, limit)
	s.left -= n
	return n, nil
}

// TestSealing: a pass goes on until nothing is left, one that fails is told and tried again, and
// what came until the end is sealed in the end.
func TestSealing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, ticks := &sealing{left: 3500}, make(chan time.Time, 1)
	var told []int
	var failed []error
	ticks <- noon
	money.Sealing(ctx, s, ticks, func(n int, err error) {
		told, failed = append(told, n), append(failed, err)
		switch len(told) {
		case 1:
			ticks <- noon
		case 2:
			s.left = 5
			cancel()
		}
	})
	if len(told) != 3 || !errors.Is(failed[0], errOnce) || told[1] != 3500 || told[2] != 5 {
		t.Errorf("passes sealed %v, with %v", told, failed)
	}
}
