package storetest

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// quiet hears everything and tells nobody.
type quiet struct{}

// Nudge implements [dispatch.Hints].
func (quiet) Nudge(context.Context, dispatch.Change) {}

// Push implements [dispatch.Hints].
func (quiet) Push(context.Context, dispatch.Notice) {}

// Tell implements [dispatch.Hints].
func (quiet) Tell(context.Context, dispatch.Ride) {}

// Acted implements [dispatch.Listener].
func (quiet) Acted(dispatch.ActKind, dispatch.Ride) {}

// Offered implements [dispatch.Listener].
func (quiet) Offered(dispatch.Offer) {}

// Called implements [dispatch.Listener].
func (quiet) Called(dispatch.Call) {}

// Announce implements [dispatch.Hints].
func (quiet) Announce(context.Context, dispatch.Call) {}

// Refused implements [dispatch.Listener].
func (quiet) Refused(string, dispatch.Kind, dispatch.Reason) {}

// Rounded implements [dispatch.Listener].
func (quiet) Rounded(dispatch.RoundStats) {}

// Answered implements [dispatch.Listener].
func (quiet) Answered(dispatch.Answer) {}

// Withdrew implements [dispatch.Listener].
func (quiet) Withdrew(money.Withdrawal) {}

// Floats implements [dispatch.Listener].
func (quiet) Floats(money.Fen) {}

// Forgot implements [dispatch.Listener].
func (quiet) Forgot(dispatch.Forgotten, int) {}

// Drew implements [dispatch.Listener].
func (quiet) Drew(dispatch.DrewDay) {}

func walletKey(t testing.TB) dispatch.WalletKey {
	key, err := dispatch.NewWalletKey(make([]byte, dispatch.WalletKeyBytes))
	check(t, err)
	return key
}

// NewDesk is a Desk over a store, for tests and benchmarks: one city, cash and wallet, nobody who
// listens.
func NewDesk(t testing.TB, db Database) *dispatch.Desk {
	t.Helper()
	beijing, err := dispatch.LoadCity(city)
	check(t, err)
	var mu sync.Mutex
	ids := dispatch.IDs{Entropy: rand.Reader}
	return &dispatch.Desk{
		Cities: dispatch.Cities{city: beijing}, Store: db, Traces: db, Hints: quiet{},
		Listener: quiet{},
		Channels: money.Channels{
			money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: db},
		},
		WalletKey: walletKey(t),
		NewID: func(now time.Time) string {
			mu.Lock()
			defer mu.Unlock()
			return ids.New(now)
		},
	}
}
