package standin

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// signer is a key pair of WeChat's, and the name by which merchants know it.
type signer struct {
	serial string
	key    *rsa.PrivateKey
	cert   []byte // PEM; nil of a public key's pair
	from   time.Time
}

const keyBits = 2048

func newKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) }

func newPublicSigner(newKey func() (*rsa.PrivateKey, error)) (signer, error) {
	key, err := newKey()
	if err != nil {
		return signer{}, err
	}
	return signer{serial: "PUB_KEY_ID_" + nonce(15), key: key}, nil
}

func newPlatformSigner(
	newKey func() (*rsa.PrivateKey, error), now time.Time,
) (signer, error) {
	key, err := newKey()
	if err != nil {
		return signer{}, err
	}
	number := make([]byte, 20)
	if _, err := rand.Read(number); err != nil {
		return signer{}, err
	}
	number[0] |= 0x40 // 20 bytes, and positive
	number[0] &= 0x7f
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(number),
		Subject:      pkix.Name{CommonName: "Tenpay.com sign", Organization: []string{"standin"}},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return signer{}, err
	}
	return signer{
		serial: fmt.Sprintf("%X", number), key: key, from: now,
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}

// signedOff is how far from now the time of a signature is that comes too late or too early.
const signedOff = 301 * time.Second

// sign sets the headers by which WeChat's word is verified, with what goes wrong with them.
func (s signer) sign(header http.Header, body []byte, now time.Time, f Fault) error {
	switch f {
	case OldAnswer, NoticeOld:
		now = now.Add(-signedOff)
	case NoticeAhead:
		now = now.Add(signedOff)
	default:
	}
	at, nonce := strconv.FormatInt(now.Unix(), 10), nonce(16)
	message := at + "\n" + nonce + "\n" + string(body) + "\n"
	if f == BadSignature || f == NoticeBadSignature {
		message += "of something else"
	}
	sum := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return err
	}
	serial := s.serial
	if f == WrongSerial || f == NoticeWrongSerial {
		serial = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
	}
	header.Set("Wechatpay-Serial", serial)
	header.Set("Wechatpay-Timestamp", at)
	header.Set("Wechatpay-Nonce", nonce)
	header.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	header.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	return nil
}

// Sign sets the headers by which body is WeChat's word now, whatever it says: for tests of those
// who read it. byPublicKey chooses the pair of the public key mode.
func (w *WeChat) Sign(header http.Header, body []byte, byPublicKey bool) error {
	serial := ""
	if byPublicKey {
		serial = w.public.serial
	}
	return w.signerFor(serial).sign(header, body, w.config.Clock(), "")
}

// nonce is n random bytes in hexadecimal digits.
func nonce(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// seal encrypts for the holder of an API v3 key, as WeChat seals what notices and certificates say.
func seal(apiV3Key string, plain []byte, data string) (map[string]any, error) {
	block, err := aes.NewCipher([]byte(apiV3Key))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	once := nonce(6)
	return map[string]any{
		"algorithm": "AEAD_AES_256_GCM", "nonce": once, "associated_data": data,
		"ciphertext": base64.StdEncoding.EncodeToString(
			aead.Seal(nil, []byte(once), plain, []byte(data))),
	}, nil
}

var authorization = regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="([^"]*)",` +
	`nonce_str="([^"]*)",timestamp="([^"]*)",serial_no="([^"]*)",signature="([^"]*)"$`)

// authentic finds out who asks: the signature of a call covers method, URI, time and body.
func (w *WeChat) authentic(
	r *http.Request, body []byte, now time.Time,
) (*WeChatMerchant, error) {
	parts := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if parts == nil {
		return nil, errors.New("no authorization")
	}
	m, ok := w.merchant(parts[1])
	if !ok || parts[4] != m.Serial {
		return nil, errors.New("unknown merchant or certificate")
	}
	at, err := strconv.ParseInt(parts[3], 10, 64)
	if off := now.Sub(time.Unix(at, 0)); err != nil || off.Abs() >= signedOff {
		return nil, errors.New("the time of the signature is off")
	}
	message := r.Method + "\n" + r.URL.RequestURI() + "\n" + parts[3] + "\n" + parts[2] + "\n" +
		string(body) + "\n"
	if err := verifies(m.Key, message, parts[5]); err != nil {
		return nil, err
	}
	return m, nil
}

// verifies checks a merchant's signature.
func verifies(key *rsa.PublicKey, message, signature string) error {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return errors.New("the signature is not base64")
	}
	sum := sha256.Sum256([]byte(message))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw); err != nil {
		return errors.New("the signature is wrong")
	}
	return nil
}

// certificates answers with the platform certificates, sealed for the merchant.
func (x exchange) certificates() reply {
	x.mu.Lock()
	all := append([]signer(nil), x.platform...)
	x.mu.Unlock()
	var list []map[string]any
	for _, s := range all {
		sealed, err := seal(x.merchant.APIv3Key, s.cert, "certificate")
		if err != nil {
			return refuse(http.StatusInternalServerError, "SYSTEM_ERROR", err.Error())
		}
		list = append(list, map[string]any{
			"serial_no": s.serial, "effective_time": s.from.Format(time.RFC3339),
			"expire_time":         s.from.AddDate(5, 0, 0).Format(time.RFC3339),
			"encrypt_certificate": sealed,
		})
	}
	return reply{status: http.StatusOK, fields: map[string]any{"data": list}}
}
