package store

import (
	"bytes"
	"context"

	"hexhail/dispatch"
)

// The columns, in the order in which they are written and read.
var (
	walletCodeColumns = columns{"handle", "rider", "sealer", "sealed", "made_at"}
	usedCodeColumns   = columns{"handle", "step", "ride", "driver", "at"}
	codeTriesColumns  = columns{"driver", "wrong", "since"}
)

var (
	insertWalletCode = walletCodeColumns.insert("wallet_code")
	walletCode       = walletCodeColumns.selects(`wallet_code WHERE handle = $1`)
	lockWalletCode   = &query{text: walletCode.text, lock: `FOR UPDATE`}
	walletCodeOf     = walletCodeColumns.selects(`wallet_code WHERE rider = $1`)
	foreignSealer    = &query{text: `SELECT sealer FROM wallet_code WHERE sealer <> $1 LIMIT 1`}
	dropWalletCode   = &query{text: `DELETE FROM wallet_code WHERE rider = $1`}
	insertUsedCode   = usedCodeColumns.insert("wallet_code_used")
	codeTries        = codeTriesColumns.selects(`wallet_code_tries WHERE driver = $1`)
	putCodeTries     = &query{text: codeTriesColumns.insert("wallet_code_tries").text +
		` ON CONFLICT (driver) DO UPDATE SET wrong = excluded.wrong, since = excluded.since`}
)

func scanWalletCode(r *reader) dispatch.SealedCode {
	return dispatch.SealedCode{
		Handle: r.text(), Rider: dispatch.RiderID(r.text()), Key: r.text(),
		Sealed: bytes.Clone(r.blob()), MadeAt: r.time(),
	}
}

// ForeignSealer is the name of a key other than the one of this name by which a wallet's secret is
// sealed; "" if there is none.
func (db *DB) ForeignSealer(ctx context.Context, name string) (string, error) {
	other, _, err := one(db.look(ctx), (*reader).text, foreignSealer, name)
	return other, err
}

// WalletCode implements [dispatch.WalletCodes].
func (t *tx) WalletCode(handle string) (dispatch.SealedCode, bool, error) {
	return one(t, scanWalletCode, walletCode, handle)
}

// LockWalletCode implements [dispatch.WalletCodes].
func (t *tx) LockWalletCode(handle string) (dispatch.SealedCode, bool, error) {
	return one(t, scanWalletCode, lockWalletCode, handle)
}

// WalletCodeOf implements [dispatch.WalletCodes].
func (t *tx) WalletCodeOf(rider dispatch.RiderID) (dispatch.SealedCode, bool, error) {
	return one(t, scanWalletCode, walletCodeOf, string(rider))
}

// InsertWalletCode implements [dispatch.WalletCodes].
func (t *tx) InsertWalletCode(c dispatch.SealedCode) error {
	_, err := t.exec(insertWalletCode, c.Handle, string(c.Rider), c.Key, c.Sealed,
		millis(c.MadeAt))
	return err
}

// DropWalletCode implements [dispatch.WalletCodes].
func (t *tx) DropWalletCode(rider dispatch.RiderID) (bool, error) {
	n, err := t.exec(dropWalletCode, string(rider))
	return n > 0, err
}

// InsertUsedCode implements [dispatch.WalletCodes].
func (t *tx) InsertUsedCode(u dispatch.UsedCode) error {
	_, err := t.exec(insertUsedCode, u.Handle, u.Step, string(u.Ride), string(u.Driver),
		millis(u.At))
	return err
}

// CodeTries implements [dispatch.WalletCodes].
func (t *tx) CodeTries(driver dispatch.DriverID) (dispatch.CodeTries, error) {
	tries, _, err := one(t, func(r *reader) dispatch.CodeTries {
		return dispatch.CodeTries{
			Driver: dispatch.DriverID(r.text()), Wrong: r.int(), Since: r.time(),
		}
	}, codeTries, string(driver))
	return tries, err
}

// PutCodeTries implements [dispatch.WalletCodes].
func (t *tx) PutCodeTries(c dispatch.CodeTries) error {
	_, err := t.exec(putCodeTries, string(c.Driver), c.Wrong, millis(c.Since))
	return err
}
