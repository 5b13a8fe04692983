package dispatch

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// WalletKeyBytes is how long the key is that seals the secrets of wallets' codes.
const WalletKeyBytes = 32

// SealedBytes is how long a sealed secret is: a nonce, the secret, and a tag.
const SealedBytes = walletNonce + WalletSecretBytes + 16

const walletNonce = 12

// SealedCode is a WalletCode as it is kept: who has only the rows can make no code of it.
type SealedCode struct {
	Rider  RiderID
	Handle string
	Key    string // the name of the key by which it is sealed
	Sealed []byte // SealedBytes
	MadeAt time.Time
}

// WalletKey seals the secrets of wallets' codes by AES-256-GCM, for the handle and rider that they
// are of. The zero WalletKey can do nothing. It is safe for concurrent use.
type WalletKey struct {
	name string
	aead cipher.AEAD
}

// NewWalletKey is the key of WalletKeyBytes that nobody else knows; other lengths are an error.
func NewWalletKey(key []byte) (WalletKey, error) {
	if len(key) != WalletKeyBytes {
		return WalletKey{}, Errorf(Internal, ReasonField, "a wallet key of %d bytes, not %d",
			len(key), WalletKeyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return WalletKey{}, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return WalletKey{}, err
	}
	sum := sha256.Sum256(append([]byte("name of "), key...))
	return WalletKey{name: hex.EncodeToString(sum[:4]), aead: aead}, nil
}

// Name tells keys apart: 8 hexadecimal digits, which say nothing of the key.
func (k WalletKey) Name() string { return k.name }

// seal seals a code's secret. The nonce is walletNonce bytes that were never used before.
func (k WalletKey) seal(c WalletCode, nonce []byte) (SealedCode, error) {
	if k.aead == nil {
		return SealedCode{}, Errorf(Internal, ReasonStore, "no key seals wallets' secrets")
	}
	sealed := k.aead.Seal(nonce, nonce, c.Secret, sealedFor(c.Handle, c.Rider))
	return SealedCode{
		Rider: c.Rider, Handle: c.Handle, Key: k.name, Sealed: sealed, MadeAt: c.MadeAt,
	}, nil
}

// open is the code of a sealed one. One that was sealed by another key, or for somebody else, is an
// error of kind Internal.
func (k WalletKey) open(s SealedCode) (WalletCode, error) {
	if s.Key != k.name || len(s.Sealed) != SealedBytes {
		return WalletCode{}, Errorf(Internal, ReasonStore,
			"the secret of wallet code %s is sealed by key %s, not by %s", s.Handle, s.Key, k.name)
	}
	secret, err := k.aead.Open(nil, s.Sealed[:walletNonce], s.Sealed[walletNonce:],
		sealedFor(s.Handle, s.Rider))
	if err != nil {
		return WalletCode{}, Errorf(Internal, ReasonStore,
			"the secret of wallet code %s is not what was sealed", s.Handle)
	}
	return WalletCode{Rider: s.Rider, Handle: s.Handle, Secret: secret, MadeAt: s.MadeAt}, nil
}

// sealedFor is what a sealed secret is bound to: in another row it does not open.
func sealedFor(handle string, rider RiderID) []byte {
	return []byte("wallet code\x00" + handle + "\x00" + string(rider))
}
