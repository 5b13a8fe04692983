package dispatch_test

import (
	"bytes"
	"testing"

	"hexhail/dispatch"
)

// walletKey is a key of one byte again and again.
func walletKey(t testing.TB, of byte) dispatch.WalletKey {
	t.Helper()
	key, err := dispatch.NewWalletKey(bytes.Repeat([]byte{of}, dispatch.WalletKeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What is kept of a wallet's secret makes no codes, neither without the key nor with another one,
// and is of no use in somebody else's row.
func TestWalletSecretsAreSealed(t *testing.T) {
	w := newTown(t)
	key := w.key("rider:Ra")
	c, err := w.desk.IssueWalletCode(w.ctx, w.now, key, "Ra")
	w.ok(err)
	var kept dispatch.SealedCode
	row := func() {
		w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
			kept, _, err = tx.WalletCode(c.Handle)
			return err
		}))
	}
	row()
	if bytes.Contains(kept.Sealed, c.Secret) || kept.Key != walletKey(t, 'k').Name() {
		t.Fatalf("kept as it is: %+v", kept)
	}
	again := func() error {
		_, err := w.desk.IssueWalletCode(w.ctx, w.now, key, "Ra")
		return err
	}
	w.ok(again())
	w.desk.WalletKey = walletKey(t, 'x')
	because(t, again(), dispatch.ReasonStore)
	w.desk.WalletKey = dispatch.WalletKey{}
	because(t, again(), dispatch.ReasonStore)
	_, err = w.desk.IssueWalletCode(w.ctx, w.now, w.key("rider:Rb"), "Rb")
	because(t, err, dispatch.ReasonStore)
	w.desk.WalletKey = walletKey(t, 'k')
	for name, spoil := range map[string]func(*dispatch.SealedCode){
		"another's": func(s *dispatch.SealedCode) { s.Rider = "Rc" },
		"changed":   func(s *dispatch.SealedCode) { s.Sealed[20] ^= 1 },
	} {
		spoilt := kept
		spoilt.Sealed = bytes.Clone(kept.Sealed)
		spoil(&spoilt)
		w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
			for _, rider := range []dispatch.RiderID{"Ra", "Rc"} {
				if _, err := tx.DropWalletCode(rider); err != nil {
					return err
				}
			}
			return tx.InsertWalletCode(spoilt)
		}))
		if err := again(); dispatch.ReasonOf(err) != dispatch.ReasonStore {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := dispatch.NewWalletKey([]byte("short")); err == nil {
		t.Error("a short key is one")
	}
}
