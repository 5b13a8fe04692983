package money

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// Booked is a transfer as the ledger keeps it.
type Booked struct {
	// Seq is its running number: of two on one account, what was booked later has the higher one.
	Seq     int64
	Entry   EntryID
	Part    int // of the entry, from 0
	Subject Subject
	At      time.Time
	Transfer
}

// Seal is an entry's link in the chain over the ledger. The chain has the entries in the order of
// their first transfers; the zero Seal is what comes before the first.
type Seal struct {
	Seq   int64 // of the entry's first transfer
	Entry EntryID
	// Hash is 64 hexadecimal digits of SHA-256 over the hash before and all that the entry has
	// booked. Who knows one hash of a day knows that nothing before it was changed since.
	Hash string
}

// Next is the seal of the entry that follows, all of whose transfers are given by their parts. What
// is hashed is a text that others can write too: the hash before, then of each transfer running
// number, entry, part, subject, time in milliseconds, id, kind, pending id, debit, credit, fen and
// code, each field as its length in bytes, a colon, and its text.
func (s Seal) Next(parts []Booked) Seal {
	text := field(nil, s.Hash)
	for _, b := range parts {
		text = field(text, strconv.FormatInt(b.Seq, 10))
		text = field(text, string(b.Entry))
		text = field(text, strconv.Itoa(b.Part))
		text = field(text, string(b.Subject))
		text = field(text, strconv.FormatInt(b.At.UnixMilli(), 10))
		text = field(text, string(b.ID))
		text = field(text, b.Kind.String())
		text = field(text, string(b.Pending))
		text = field(text, string(b.Debit))
		text = field(text, string(b.Credit))
		text = field(text, strconv.FormatInt(int64(b.Amount), 10))
		text = field(text, string(b.Code))
	}
	sum := sha256.Sum256(text)
	next := Seal{Hash: hex.EncodeToString(sum[:])}
	if len(parts) > 0 {
		next.Seq, next.Entry = parts[0].Seq, parts[0].Entry
	}
	return next
}

// field appends a text with its length before it, so that no two lists of fields are the same text.
func field(to []byte, text string) []byte {
	to = strconv.AppendInt(to, int64(len(text)), 10)
	to = append(to, ':')
	return append(to, text...)
}

// SealAll are the seals of entries that follow on s: their transfers, those of an entry together
// and by their parts.
func (s Seal) SealAll(booked []Booked) []Seal {
	var seals []Seal
	for len(booked) > 0 {
		n := 1
		for n < len(booked) && booked[n].Entry == booked[0].Entry {
			n++
		}
		s = s.Next(booked[:n])
		seals = append(seals, s)
		booked = booked[n:]
	}
	return seals
}

// Sealer appends to the chain over the ledger.
type Sealer interface {
	// Seal seals entries that are not sealed yet, at most limit, and says how many.
	Seal(ctx context.Context, limit int) (int, error)
}

// sealBatch is how many entries are sealed in one transaction: some milliseconds of the writer.
const sealBatch = 1_000

// Sealing seals what was booked at every tick until ctx ends, and once more then. done hears of
// each pass, how many entries it has sealed, and of its error, after which the next tries again.
func Sealing(
	ctx context.Context, s Sealer, ticks <-chan time.Time, done func(sealed int, err error),
) {
	for {
		select {
		case <-ctx.Done():
			done(sealPass(context.WithoutCancel(ctx), s))
			return
		case <-ticks:
			done(sealPass(ctx, s))
		}
	}
}

func sealPass(ctx context.Context, s Sealer) (sealed int, err error) {
	for n := sealBatch; n == sealBatch; sealed += n {
		if n, err = s.Seal(ctx, sealBatch); err != nil {
			return sealed, err
		}
	}
	return sealed, nil
}
