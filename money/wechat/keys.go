package wechat

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

const (
	// MaxSkew is how far the time of a signature may be from our clock.
	MaxSkew = 300 * time.Second
	// refreshEvery is how often certificates are downloaded at most. An unknown serial number asks
	// for it, and anybody can send one.
	refreshEvery = time.Minute
	// refreshFirst is the same while there is no certificate at all: without one nothing works.
	refreshFirst = 5 * time.Second
	maxCerts     = 16
	gcmNonce     = 12 // bytes; the standard library panics on others
	gcmAlgorithm = "AEAD_AES_256_GCM"
	pathCerts    = "/v3/certificates"
)

// What a signature lacks. Callers test with errors.Is.
var (
	errUnsigned   = errors.New("it is not signed")
	errSkew       = errors.New("it was signed more than 300 s from now")
	errUnknownKey = errors.New("it is signed by an unknown key")
	errSignature  = errors.New("the signature is wrong")
)

// keys are those of WeChat Pay for one merchant: what its answers and notices are verified with. It
// is a [core.CertificateGetter]: the library's verifiers ask it.
type keys struct {
	account  Account
	clock    func() time.Time
	aead     cipher.AEAD
	verifier auth.Verifier
	raw      *core.Client // whose answers are not verified: by what?

	refreshing sync.Mutex // one download at a time
	mu         sync.RWMutex
	certs      map[string]*x509.Certificate
	newest     string
	triedAt    time.Time
}

func newKeys(a Account, clock func() time.Time, raw *core.Client) (*keys, error) {
	block, err := aes.NewCipher([]byte(a.APIv3Key))
	if err != nil {
		return nil, &ConfigError{"APIv3Key", "not an AES key"}
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, &ConfigError{"APIv3Key", "not an AES key"}
	}
	k := &keys{account: a, clock: clock, aead: aead, raw: raw}
	if a.PublicKey != nil {
		k.verifier = verifiers.NewSHA256WithRSACombinedVerifier(k, a.PublicKeyID, *a.PublicKey)
	} else {
		k.verifier = verifiers.NewSHA256WithRSAVerifier(k)
	}
	return k, nil
}

// Get implements [core.CertificateGetter]: a certificate that is valid now. An unknown serial
// number means that WeChat has a new key: it is fetched, at most once a minute.
func (k *keys) Get(ctx context.Context, serial string) (*x509.Certificate, bool) {
	if cert, ok := k.known(serial); ok {
		return cert, true
	}
	if err := k.refresh(ctx); err != nil {
		return nil, false
	}
	return k.known(serial)
}

func (k *keys) known(serial string) (*x509.Certificate, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	cert, ok := k.certs[serial]
	return cert, ok && utils.IsCertificateValid(*cert, k.clock())
}

// GetAll implements [core.CertificateGetter].
func (k *keys) GetAll(context.Context) map[string]*x509.Certificate {
	k.mu.RLock()
	defer k.mu.RUnlock()
	all := make(map[string]*x509.Certificate, len(k.certs))
	for serial, cert := range k.certs {
		all[serial] = cert
	}
	return all
}

// GetNewestSerial implements [core.CertificateGetter]: that of the certificate that was valid last.
func (k *keys) GetNewestSerial(context.Context) string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.newest
}

// mayKnow reports whether serial can be one of this merchant's keys: it is, or certificates may be
// downloaded now to see.
func (k *keys) mayKnow(serial string) (known, fetch bool) {
	if k.account.PublicKeyID != "" && serial == k.account.PublicKeyID {
		return true, false
	}
	if _, ok := k.known(serial); ok {
		return true, false
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return false, k.due()
}

// due reports whether certificates may be downloaded. Callers hold mu.
func (k *keys) due() bool {
	wait := refreshEvery
	if len(k.certs) == 0 && k.account.PublicKey == nil {
		wait = refreshFirst
	}
	return k.triedAt.IsZero() || k.clock().Sub(k.triedAt) >= wait
}

// ready makes sure that an answer can be verified, before money is asked to move.
func (k *keys) ready(ctx context.Context) error {
	k.mu.RLock()
	ok := k.account.PublicKey != nil || len(k.certs) > 0
	k.mu.RUnlock()
	if ok {
		return nil
	}
	return k.refresh(ctx)
}

// encryptor is the newest key, for what only WeChat may read, with its serial number.
func (k *keys) encryptor(ctx context.Context) (*rsa.PublicKey, string, error) {
	if k.account.PublicKey != nil {
		return k.account.PublicKey, k.account.PublicKeyID, nil
	}
	if err := k.ready(ctx); err != nil {
		return nil, "", err
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.certs[k.newest].PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, "", errUnknownKey
	}
	return key, k.newest, nil
}

// refresh downloads the platform certificates. They come encrypted with the API v3 key, so that
// nobody else can have made them; the answer's signature is checked against them all the same.
func (k *keys) refresh(ctx context.Context) error {
	k.refreshing.Lock()
	defer k.refreshing.Unlock()
	k.mu.Lock()
	if !k.due() {
		k.mu.Unlock()
		return errUnknownKey // asked a moment ago
	}
	k.triedAt = k.clock()
	k.mu.Unlock()
	result, err := k.raw.Get(ctx, consts.WechatPayAPIServer+pathCerts)
	if err != nil {
		return failed("certificates", err, false)
	}
	defer func() { _ = result.Response.Body.Close() }() // it was read
	body, err := io.ReadAll(result.Response.Body)
	if err != nil {
		return failed("certificates", err, false)
	}
	certs, newest, err := k.open(body)
	if err != nil {
		return &Error{Call: "certificates", Status: http.StatusOK, Cause: err}
	}
	signer, ok := certs[result.Response.Header.Get(consts.WechatPaySerial)]
	public := k.account.PublicKey
	if ok {
		public, ok = signer.PublicKey.(*rsa.PublicKey)
	}
	if !ok && result.Response.Header.Get(consts.WechatPaySerial) != k.account.PublicKeyID ||
		public == nil {
		return &Error{Call: "certificates", Status: http.StatusOK, Cause: errUnknownKey}
	}
	once := verifiers.NewSHA256WithRSAPubkeyVerifier(
		result.Response.Header.Get(consts.WechatPaySerial), *public)
	if err := verify(ctx, once, k.clock(), result.Response.Header, body); err != nil {
		return &Error{Call: "certificates", Status: http.StatusOK, Cause: err}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.certs, k.newest = certs, newest
	return nil
}

// sealed is what only the holder of the API v3 key can read.
type sealed struct {
	Algorithm string `json:"algorithm"`
	Nonce     string `json:"nonce"`
	Data      string `json:"associated_data"`
	Text      string `json:"ciphertext"`
}

// unseal opens s. Its nonce is checked first: [cipher.AEAD] panics on a wrong one.
func (k *keys) unseal(s sealed) ([]byte, error) {
	if s.Algorithm != gcmAlgorithm || len(s.Nonce) != gcmNonce {
		return nil, errors.New("sealed with an unknown algorithm or nonce")
	}
	text, err := base64.StdEncoding.DecodeString(s.Text)
	if err != nil {
		return nil, errors.New("sealed text is not base64")
	}
	plain, err := k.aead.Open(nil, []byte(s.Nonce), text, []byte(s.Data))
	if err != nil {
		return nil, errors.New("sealed with another API v3 key")
	}
	return plain, nil
}

func (k *keys) open(body []byte) (map[string]*x509.Certificate, string, error) {
	var list struct {
		Data []struct {
			Serial string `json:"serial_no"`
			Sealed sealed `json:"encrypt_certificate"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, "", errors.New("no list of certificates")
	}
	if len(list.Data) == 0 || len(list.Data) > maxCerts {
		return nil, "", fmt.Errorf("%d certificates, want 1 to %d", len(list.Data), maxCerts)
	}
	certs, newest := map[string]*x509.Certificate{}, ""
	for _, item := range list.Data {
		plain, err := k.unseal(item.Sealed)
		if err != nil {
			return nil, "", err
		}
		cert, err := utils.LoadCertificate(string(plain))
		if err != nil {
			return nil, "", errors.New("not a certificate")
		}
		if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok ||
			utils.GetCertificateSerialNumber(*cert) != item.Serial {
			return nil, "", errors.New("a certificate of another kind or serial number")
		}
		certs[item.Serial] = cert
		if newest == "" || cert.NotBefore.After(certs[newest].NotBefore) {
			newest = item.Serial
		}
	}
	return certs, newest, nil
}

// Validate implements [auth.Validator] for answers, by our clock: the library's own reads that of
// the machine.
func (k *keys) Validate(ctx context.Context, res *http.Response) error {
	body, err := io.ReadAll(res.Body) // bounded by the transport
	_ = res.Body.Close()              // it was read
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return k.check(ctx, res.Header, body)
}

// GetAcceptSerial implements [auth.Validator]: which key we ask WeChat to sign with.
func (k *keys) GetAcceptSerial(ctx context.Context) (string, error) {
	serial, err := k.verifier.GetSerial(ctx)
	if err == nil && serial == "" {
		err = errUnknownKey
	}
	return serial, err
}

// check verifies that WeChat has signed body, not more than 300 s from now.
func (k *keys) check(ctx context.Context, header http.Header, body []byte) error {
	return verify(ctx, k.verifier, k.clock(), header, body)
}

func verify(
	ctx context.Context, by auth.Verifier, now time.Time, header http.Header, body []byte,
) error {
	serial, nonce := header.Get(consts.WechatPaySerial), header.Get(consts.WechatPayNonce)
	signature := header.Get(consts.WechatPaySignature)
	at, err := strconv.ParseInt(header.Get(consts.WechatPayTimestamp), 10, 64)
	if err != nil || serial == "" || nonce == "" || signature == "" {
		return errUnsigned
	}
	if math.Abs(float64(now.Unix()-at)) > MaxSkew.Seconds() {
		return errSkew
	}
	message := strconv.FormatInt(at, 10) + "\n" + nonce + "\n" + string(body) + "\n"
	if err := by.Verify(ctx, serial, message, signature); err != nil {
		return errSignature
	}
	return nil
}
