package standin

import (
	"crypto"
	"crypto/md5" //nolint:gosec // G501: Alipay names certificates by it; it secures nothing
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// certified is an RSA key with its certificate.
type certified struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
	sn   string // how Alipay names the certificate
}

// AlipayKeys are the keys of a stand-in. They are made when they are first needed, some 0.1 s each;
// several stand-ins of a test may share them. See [NewAlipayKeys].
type AlipayKeys struct {
	now       time.Time
	root      certified
	mu        sync.Mutex
	alipay    []certified // sign, one after the other
	merchants []certified // of ours, in the order in which they come
	stranger  []certified // at most one, who must not be believed
}

// NewAlipayKeys makes the root; now is for the certificates' dates.
func NewAlipayKeys(now time.Time) (*AlipayKeys, error) {
	root, err := certify("Stand-in Root", nil, now)
	if err != nil {
		return nil, err
	}
	return &AlipayKeys{now: now, root: root}, nil
}

// nth is the nth key of a list, which grows to have it.
func (k *AlipayKeys) nth(list *[]certified, n int, name string, by *certified) (certified, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(*list) <= n {
		c, err := certify(name, by, k.now)
		if err != nil {
			return certified{}, err
		}
		*list = append(*list, c)
	}
	return (*list)[n], nil
}

// certify makes a key with a certificate that by has signed; a root, if by is nil. It is good from
// a year before now, so that tests may live in the past, until 30 years after.
func certify(name string, by *certified, now time.Time) (certified, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return certified{}, fmt.Errorf("standin: a key of %s: %w", name, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return certified{}, fmt.Errorf("standin: a number for %s: %w", name, err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, CommonName: name},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(30, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
	parent, signer := template, key
	if by == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	} else {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return certified{}, fmt.Errorf("standin: a certificate of %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return certified{}, fmt.Errorf("standin: the certificate of %s: %w", name, err)
	}
	// MD5 of the issuer's name, most specific part first, and the number in decimal.
	sum := md5.Sum( //nolint:gosec // G401: a name, as above
		[]byte(cert.Issuer.String() + cert.SerialNumber.String()))
	return certified{key: key, cert: cert, sn: hex.EncodeToString(sum[:])}, nil
}

func (c certified) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw}))
}

func (c certified) publicPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{
		Type: "PUBLIC KEY", Bytes: c.cert.RawSubjectPublicKeyInfo,
	}))
}

func (c certified) privatePEM() string {
	return string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(c.key),
	}))
}

// sign signs as Alipay's RSA2: SHA-256, PKCS #1 v1.5, base64.
func (c certified) sign(text []byte) (string, error) {
	sum := sha256.Sum256(text)
	signed, err := rsa.SignPKCS1v15(nil, c.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("standin: sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signed), nil
}

// verified reports whether a form is signed by a key.
func verified(form url.Values, key *rsa.PublicKey) bool {
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	sum := sha256.Sum256(signable(form, "sign"))
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
}

// signable is what is signed of a form: its fields but for some, sorted, each as name=value, joined
// by "&".
func signable(form url.Values, but ...string) []byte {
	var pairs []string
	for name, values := range form {
		if !slices.Contains(but, name) {
			pairs = append(pairs, name+"="+values[0])
		}
	}
	slices.Sort(pairs)
	return []byte(strings.Join(pairs, "&"))
}
