package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
)

// promiseSeal: whatever is done to the ledger by hand is found and named. Entries of many writers
// are sealed meanwhile by two nodes, each of them once and none passed by.
func promiseSeal(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) { sealedMeanwhile(t, open(t)) })
	if open(t).Postgres { // elsewhere nobody commits while another transaction is open
		t.Run("Overtaken", func(t *testing.T) {
			if err := overtaken(t, open, seal); err != nil {
				t.Error(err)
			}
		})
		t.Run("MutantSealsWhatItSees", func(t *testing.T) {
			caught(t, overtaken(t, open, sealVisible))
		})
	}
	for _, c := range slices.Concat(tamperedRows(), takenRows(), tamperedRest()) {
		t.Run("Tampering/"+c.name, func(t *testing.T) { tampered(t, open(t), c) })
	}
	t.Run("SealedAnew", func(t *testing.T) { sealedAnew(t, open(t)) })
}

// seal seals until nothing is left. Two at the same time are refused by turns.
func seal(t testing.TB, db Database) {
	for {
		n, err := db.Seal(context.WithoutCancel(t.Context()), 7)
		if err != nil && dispatch.ReasonOf(err) != dispatch.ReasonStale &&
			dispatch.ReasonOf(err) != dispatch.ReasonDuplicate {
			t.Error(err)
			return
		}
		if err == nil && n == 0 {
			return
		}
	}
}

func findings(t testing.TB, db Database, known money.Seal) money.Findings {
	t.Helper()
	f, err := money.Ledger{Rows: db}.Check(t.Context(), known)
	check(t, err)
	return f
}

func sealedMeanwhile(t *testing.T, db Database) {
	done := make(chan struct{})
	var nodes sync.WaitGroup
	for range 2 {
		nodes.Go(func() {
			for {
				seal(t, db)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	bookAtRandom(t, db, 600/slow)
	meanwhile := findings(t, db, money.Seal{})
	close(done)
	nodes.Wait()
	seal(t, db)
	f := findings(t, db, meanwhile.Head)
	if !meanwhile.Sound() || !f.Sound() || f.Unsealed > 0 || f.Sealed < 300/slow {
		t.Errorf("meanwhile %+v\nin the end %+v", meanwhile, f)
	}
	entries := map[money.EntryID]bool{}
	check(t, db.Booked(t.Context(), money.BookedQuery{}, func(b money.Booked) {
		entries[b.Entry] = true
	}))
	equal(t, "sealed entries", f.Sealed, len(entries))
}

// overtaken has an entry commit after one with higher numbers was committed and sealed.
func overtaken(t *testing.T, open Open, seal func(testing.TB, Database)) error {
	stuck, goOn := make(chan struct{}), make(chan struct{})
	var armed atomic.Bool // for the first commit from then on
	db := open(t, store.WithPause(func(point string) {
		if point == store.PauseBeforeCommit && armed.CompareAndSwap(true, false) {
			close(stuck)
			<-goOn
		}
	}))
	do(t, db, bookIt(entry("early", transfer("early", "a:1", "b:1", 1))))
	seal(t, db)
	armed.Store(true)
	failed := make(chan error, 1)
	go func() {
		failed <- db.Tx(context.Background(),
			bookIt(entry("slow", transfer("slow", "c:1", "d:1", 2))))
	}()
	<-stuck
	do(t, db, bookIt(entry("fast", transfer("fast", "e:1", "f:1", 3))))
	seal(t, db)
	close(goOn)
	check(t, <-failed)
	seal(t, db)
	seal(t, db)
	f := findings(t, db, money.Seal{})
	if !f.Sound() || f.Sealed != 3 {
		return fmt.Errorf("%d entries are sealed: %v", f.Sealed, f.Faults)
	}
	return nil
}

// sealVisible seals all that it sees after the last seal, and takes it for all there is.
func sealVisible(t testing.TB, db Database) {
	t.Helper()
	var last money.Seal
	_, err := db.Chain(t.Context(), func(s money.Seal, _ money.Booked) {
		if s.Hash != "" {
			last = s
		}
	})
	check(t, err)
	var booked []money.Booked
	check(t, db.Booked(t.Context(), money.BookedQuery{}, func(b money.Booked) {
		if b.Seq > last.Seq {
			booked = append(booked, b)
		}
	}))
	slices.SortFunc(booked, func(a, b money.Booked) int { return int(a.Seq - b.Seq) })
	for _, s := range last.SealAll(booked) {
		check(t, db.SQL(t.Context(), fmt.Sprintf(
			`INSERT INTO seal (seq, entry, hash) VALUES (%d, '%s', '%s')`,
			s.Seq, s.Entry, s.Hash)))
	}
}

// tampering is what somebody does who can write the database as they please, and the one fault
// beside the balances that names it.
type tampering struct {
	name  string
	texts []string
	want  money.Fault // its kind and the entry or account
	also  int         // accounts whose balance is not that of their transfers
}

// evenly changes the balances of a transfer to a wallet, so that the replay is even.
func evenly(fen string) []string {
	return []string{
		`UPDATE account SET credits = credits + ` + fen + ` WHERE id = 'wallet:0'`,
		`UPDATE account SET debits = debits + ` + fen + ` WHERE id = 'sandbox:equity'`,
	}
}

func faultOf(kind money.FaultKind, entry money.EntryID) money.Fault {
	return money.Fault{Kind: kind, Entry: entry}
}

// tamperedRows are transfers that were changed.
func tamperedRows() []tampering {
	return []tampering{
		{
			"Amount",
			[]string{`UPDATE transfer SET amount = amount + 1 WHERE id = 'top 0'`},
			faultOf(money.FaultChanged, "top 0"), 2,
		},
		{
			"AmountAndBalances", append(evenly("1"),
				`UPDATE transfer SET amount = amount + 1 WHERE id = 'top 0'`),
			faultOf(money.FaultChanged, "top 0"), 0,
		},
		{
			"Time",
			[]string{`UPDATE transfer SET at = at + 1 WHERE id = 'top 0'`},
			faultOf(money.FaultChanged, "top 0"), 0,
		},
		{
			"Subject",
			[]string{`UPDATE transfer SET subject = 'mine' WHERE id = 'top 0'`},
			faultOf(money.FaultChanged, "top 0"), 0,
		},
	}
}

// takenRows are transfers that were taken away from their entries.
func takenRows() []tampering {
	return []tampering{
		{
			"EntryGone",
			[]string{
				`UPDATE account SET credits = 0 WHERE id = 'z:1' OR id = 'z:2' OR id = 'z:3'`,
				`UPDATE account SET debits = debits - 18 WHERE id = 'sandbox:equity'`,
				`DELETE FROM transfer WHERE entry = 'three'`,
			},
			faultOf(money.FaultGone, "three"), 0,
		},
		{
			"EntryRenamed",
			[]string{`UPDATE transfer SET entry = 'other' WHERE id = 'top 1'`},
			faultOf(money.FaultGone, "top 1"), 0,
		},
		{
			"PartGone",
			[]string{`DELETE FROM transfer WHERE entry = 'three' AND part = 1`},
			faultOf(money.FaultChanged, "three"), 2,
		},
		{
			"FirstPartGone",
			[]string{`DELETE FROM transfer WHERE entry = 'three' AND part = 0`},
			faultOf(money.FaultChanged, "three"), 2,
		},
	}
}

// tamperedRest are balances, seals, and what was put in.
func tamperedRest() []tampering {
	return []tampering{
		{
			"Balance",
			[]string{`UPDATE account SET credits = credits + 1 WHERE id = 'wallet:0'`},
			money.Fault{Kind: money.FaultBalance, Account: "wallet:0"},
			1,
		},
		{
			"SlippedIn", append(evenly("5"), `INSERT INTO transfer (seq, id, kind, pending_id,
				debit, credit, amount, code, entry, part, subject, at) OVERRIDING SYSTEM VALUE
				VALUES (-1, 'slip', 'posted', '', 'sandbox:equity', 'wallet:0', 5, 'top_up', 'slip',
				0, '', 1)`),
			faultOf(money.FaultSlipped, "slip"), 0,
		},
		{
			"Seal",
			[]string{`UPDATE seal SET hash = '` + strings.Repeat("0", 64) +
				`' WHERE entry = 'top 0'`},
			faultOf(money.FaultChanged, "top 0"), 0,
		},
		{
			"SealGone",
			[]string{`DELETE FROM seal WHERE entry = 'top 1'`},
			faultOf(money.FaultChanged, "top 2"), 0,
		},
	}
}

func tampered(t *testing.T, db Database, c tampering) {
	bookAtRandom(t, db, 50)
	do(t, db, bookIt(entry("three", transfer("three/0", equity, "z:1", 5),
		transfer("three/1", equity, "z:2", 6), transfer("three/2", equity, "z:3", 7))))
	seal(t, db)
	if f := findings(t, db, money.Seal{}); !f.Sound() || f.Unsealed > 0 {
		t.Fatalf("before: %+v", f)
	}
	if !strings.Contains(c.texts[len(c.texts)-1], " account ") &&
		!strings.Contains(c.texts[len(c.texts)-1], "INSERT") {
		wantError(t, db.SQL(t.Context(), c.texts[len(c.texts)-1]),
			dispatch.Internal, dispatch.ReasonStore)
	}
	remove(t, db, transferTrigger)
	for _, text := range c.texts {
		if !db.Postgres {
			text = strings.Replace(text, "OVERRIDING SYSTEM VALUE", "", 1)
		}
		check(t, db.SQL(t.Context(), text))
	}
	f := findings(t, db, money.Seal{})
	named, balances := false, 0
	for _, fault := range f.Faults {
		named = named || fault.Kind == c.want.Kind && fault.Entry == c.want.Entry &&
			fault.Account == c.want.Account
		if fault.Kind == money.FaultBalance {
			balances++
		}
	}
	if !named || balances != c.also {
		t.Errorf("want %s of %s%s and %d balances, found %+v", c.want.Kind, c.want.Entry,
			c.want.Account, c.also, f.Faults)
		return
	}
	caught(t, errors.New(f.Faults[0].Text))
}

// sealedAnew has somebody change an entry, its balances, and all seals from it on: sound to who has
// kept nothing, and found by who has kept a hash.
func sealedAnew(t *testing.T, db Database) {
	bookAtRandom(t, db, 50)
	seal(t, db)
	kept := findings(t, db, money.Seal{}).Head
	remove(t, db, transferTrigger)
	for _, text := range []string{
		`UPDATE account SET credits = credits + 1 WHERE id = 'wallet:0'`,
		`UPDATE account SET debits = debits + 1 WHERE id = 'sandbox:equity'`,
		`UPDATE transfer SET amount = amount + 1 WHERE id = 'top 0'`,
		`DELETE FROM seal`,
	} {
		check(t, db.SQL(t.Context(), text))
	}
	seal(t, db)
	if f := findings(t, db, money.Seal{}); !f.Sound() {
		t.Errorf("who seals anew seals all: %+v", f)
	}
	f := findings(t, db, kept)
	if len(f.Faults) != 1 || f.Faults[0].Kind != money.FaultHead {
		t.Errorf("want the kept head to be missed, found %+v", f.Faults)
	}
}
