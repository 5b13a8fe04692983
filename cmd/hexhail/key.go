package main

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"hexhail/dispatch"
	"hexhail/wire"
)

// wireKey is the key that tokens are signed with.
type wireKey struct{ private ed25519.PrivateKey }

func (k wireKey) public() ed25519.PublicKey {
	public, _ := k.private.Public().(ed25519.PublicKey)
	return public
}

// wallet is the key that seals the secrets of wallets' codes: whoever has the database alone, and
// not the server's key, has neither.
func (k wireKey) wallet() (dispatch.WalletKey, error) {
	key, err := hkdf.Key(sha256.New, k.private.Seed(), nil, "hexhail secrets of wallet codes",
		dispatch.WalletKeyBytes)
	if err != nil {
		return dispatch.WalletKey{}, err
	}
	return dispatch.NewWalletKey(key)
}

// openKey reads the key of a file, or makes one if the file is not there.
func openKey(path string) (wireKey, error) {
	k, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if k.private, err = wire.MakeKey(); err != nil {
		return wireKey{}, err
	}
	text, err := wire.MarshalKey(k.private)
	if err != nil {
		return wireKey{}, err
	}
	// O_EXCL: of two servers that start at the same time, one makes the key.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return readKey(path)
	}
	if err != nil {
		return wireKey{}, err
	}
	_, err = file.Write(text)
	return k, errors.Join(err, file.Close())
}

func readKey(path string) (wireKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return wireKey{}, err
	}
	private, err := wire.ParseKey(text)
	if err != nil {
		return wireKey{}, fmt.Errorf("token-key %s: %w", path, err)
	}
	return wireKey{private}, nil
}
