package store

import (
	"encoding/hex"

	"hexhail/dispatch"
)

// The columns, in the order in which they are written and read.
var (
	walletCodeColumns = columns{"handle", "rider", "secret", "made_at"}
	usedCodeColumns   = columns{"handle", "step", "ride", "driver", "at"}
	codeTriesColumns  = columns{"driver", "wrong", "since"}
)

var (
	insertWalletCode = walletCodeColumns.insert("wallet_code")
	walletCode       = walletCodeColumns.selects(`wallet_code WHERE handle = $1`)
	lockWalletCode   = &query{text: walletCode.text, lock: `FOR UPDATE`}
	walletCodeOf     = walletCodeColumns.selects(`wallet_code WHERE rider = $1`)
	dropWalletCode   = &query{text: `DELETE FROM wallet_code WHERE rider = $1`}
	insertUsedCode   = usedCodeColumns.insert("wallet_code_used")
	codeTries        = codeTriesColumns.selects(`wallet_code_tries WHERE driver = $1`)
	putCodeTries     = &query{text: codeTriesColumns.insert("wallet_code_tries").text +
		` ON CONFLICT (driver) DO UPDATE SET wrong = excluded.wrong, since = excluded.since`}
)

func scanWalletCode(r *reader) dispatch.WalletCode {
	c := dispatch.WalletCode{Handle: r.text(), Rider: dispatch.RiderID(r.text())}
	secret, err := hex.DecodeString(r.text())
	if err != nil && r.err == nil {
		r.err = internal("a wallet's secret", err)
	}
	c.Secret, c.MadeAt = secret, r.time()
	return c
}

// WalletCode implements [dispatch.WalletCodes].
func (t *tx) WalletCode(handle string) (dispatch.WalletCode, bool, error) {
	return one(t, scanWalletCode, walletCode, handle)
}

// LockWalletCode implements [dispatch.WalletCodes].
func (t *tx) LockWalletCode(handle string) (dispatch.WalletCode, bool, error) {
	return one(t, scanWalletCode, lockWalletCode, handle)
}

// WalletCodeOf implements [dispatch.WalletCodes].
func (t *tx) WalletCodeOf(rider dispatch.RiderID) (dispatch.WalletCode, bool, error) {
	return one(t, scanWalletCode, walletCodeOf, string(rider))
}

// InsertWalletCode implements [dispatch.WalletCodes].
func (t *tx) InsertWalletCode(c dispatch.WalletCode) error {
	_, err := t.exec(insertWalletCode, c.Handle, string(c.Rider), hex.EncodeToString(c.Secret),
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
