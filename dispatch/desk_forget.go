package dispatch

import (
	"cmp"
	"time"
)

// How long what nobody needs any more is kept.
const (
	// RidesKept is for how long traces, round logs and what channels have told are kept, if nobody
	// says otherwise.
	RidesKept = 180 * 24 * time.Hour
	// LeastRidesKept is the least that may be said: complaints, holds, corrected fares, draws and
	// bills are done with by then.
	LeastRidesKept = 90 * 24 * time.Hour
	// UsedCodesKept is for how long it is remembered that a wallet's code has paid: it cannot pay
	// longer than two minutes after it was shown.
	UsedCodesKept = 24 * time.Hour
)

// traceBatch is of how many rides traces are dropped at once: each may have a thousand rows.
const traceBatch = 4

// Forgotten is what is dropped when it is old.
type Forgotten string

// What is forgotten.
const (
	ForgottenAnswers   Forgotten = "answers" // to requests
	ForgottenGreetings Forgotten = "greetings"
	ForgottenVoices    Forgotten = "clips"      // of what riders have said
	ForgottenTraces    Forgotten = "traces"     // of rides
	ForgottenRoundLogs Forgotten = "round_logs" // of rides
	ForgottenPhones    Forgotten = "phones"     // where riders' were
	ForgottenNotices   Forgotten = "notices"    // of channels
	ForgottenUsedCodes Forgotten = "used_codes" // of wallets
)

// Forgettings are all that is forgotten.
func Forgettings() []Forgotten {
	return []Forgotten{
		ForgottenAnswers, ForgottenGreetings, ForgottenVoices, ForgottenTraces, ForgottenRoundLogs,
		ForgottenPhones, ForgottenNotices, ForgottenUsedCodes,
	}
}

// forget drops what is old, some of each at a time, and says how many of each.
func (d *Desk) forget(tx Tx, now time.Time) (map[Forgotten]int, error) {
	old := now.Add(-cmp.Or(d.RidesKept, RidesKept))
	done := map[Forgotten]int{}
	for _, f := range []struct {
		what   Forgotten
		drop   func(before time.Time, limit int) (int, error)
		before time.Time
		limit  int
	}{
		{ForgottenAnswers, tx.Forget, now.Add(-OnceKept), workBatch},
		{ForgottenGreetings, tx.ForgetGreetings, now.Add(-GreetingKept), greetingBatch},
		{ForgottenVoices, tx.ForgetVoices, now.Add(-VoiceKept), workBatch},
		{ForgottenTraces, tx.ForgetTraces, old, traceBatch},
		{ForgottenRoundLogs, tx.ForgetRoundLogs, old, workBatch},
		{ForgottenPhones, tx.ForgetWhereabouts, old, workBatch},
		{ForgottenNotices, tx.ForgetNotices, old, workBatch},
		{ForgottenUsedCodes, tx.ForgetUsedCodes, now.Add(-UsedCodesKept), workBatch},
	} {
		n, err := f.drop(f.before, f.limit)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			done[f.what] = n
		}
	}
	return done, nil
}
