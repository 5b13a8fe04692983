package alipay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"
)

// beijing is the zone of every time that Alipay writes or reads.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// account is one merchant's account, ready for calls.
type account struct {
	name     string // the merchant's, as attempts have it
	appID    string
	sellerID string
	pageApp  string
	certs    bool // certificate mode
	client   *sdk.Client
}

var (
	appIDs    = regexp.MustCompile(`^[0-9]{10,32}$`)
	sellerIDs = regexp.MustCompile(`^2088[0-9]{12}$`)
)

// open checks an account and makes the library's client for it. Errors: *ConfigError.
func (a Account) open(gateway string, client *http.Client, now time.Time) (*account, error) {
	if !appIDs.MatchString(a.AppID) {
		return nil, &ConfigError{"app_id", "want 10 to 32 digits"}
	}
	if !sellerIDs.MatchString(a.SellerID) {
		return nil, &ConfigError{"seller_id", "want 16 digits that begin with 2088"}
	}
	key, err := privateKey(a.PrivateKey)
	if err != nil {
		return nil, &ConfigError{"private_key", err.Error()}
	}
	if a.PageAppID != "" && !appIDs.MatchString(a.PageAppID) {
		return nil, &ConfigError{"page_app_id", "want 10 to 32 digits"}
	}
	made := &account{
		appID: a.AppID, sellerID: a.SellerID, pageApp: a.PageAppID, certs: a.AppCert != "",
	}
	// Not "production": in that mode the library downloads what it is to verify with.
	made.client, err = sdk.New(a.AppID, a.PrivateKey, false,
		sdk.WithSandboxGateway(gateway), sdk.WithHTTPClient(client), sdk.WithTimeLocation(beijing))
	if err != nil {
		return nil, &ConfigError{"private_key", "not an RSA key"}
	}
	switch {
	case made.certs && a.AlipayKey != "":
		return nil, &ConfigError{"alipay_key", "there is an app_cert: one mode or the other"}
	case made.certs:
		return made, a.loadCerts(made.client, key, now)
	case a.RootCert != "" || len(a.AlipayCerts) > 0:
		return nil, &ConfigError{"app_cert", "missing, though there are other certificates"}
	}
	if err := made.client.LoadAliPayPublicKey(a.AlipayKey); err != nil {
		return nil, &ConfigError{"alipay_key", "not an RSA key"}
	}
	return made, nil
}

// loadCerts checks the certificates of certificate mode and gives them to the library.
func (a Account) loadCerts(client *sdk.Client, key *rsa.PrivateKey, now time.Time) error {
	ours, err := certificates(a.AppCert)
	if err != nil {
		return &ConfigError{"app_cert", err.Error()}
	}
	if public, ok := ours[0].PublicKey.(*rsa.PublicKey); !ok || !public.Equal(&key.PublicKey) {
		return &ConfigError{"app_cert", "it is of another key than private_key"}
	}
	if now.After(ours[0].NotAfter) {
		return &ConfigError{"app_cert", "expired on " + ours[0].NotAfter.Format(time.DateOnly)}
	}
	if err := client.LoadAppCertPublicKey(a.AppCert); err != nil {
		return &ConfigError{"app_cert", "not a certificate"}
	}
	roots := x509.NewCertPool()
	known, err := certificates(a.RootCert)
	if err != nil {
		return &ConfigError{"root_cert", err.Error()}
	}
	for _, root := range known {
		roots.AddCert(root)
	}
	if err := client.LoadAliPayRootCert(a.RootCert); err != nil {
		return &ConfigError{"root_cert", "not certificates"}
	}
	if len(a.AlipayCerts) == 0 {
		return &ConfigError{"alipay_certs", "missing"}
	}
	// The last one that is loaded is the library's for answers that name none: the newest.
	for i := len(a.AlipayCerts) - 1; i >= 0; i-- {
		field := fmt.Sprintf("alipay_certs[%d]", i)
		if err := chained(a.AlipayCerts[i], roots, now); err != nil {
			return &ConfigError{field, err.Error()}
		}
		if err := client.LoadAlipayCertPublicKey(a.AlipayCerts[i]); err != nil {
			return &ConfigError{field, "not a certificate"}
		}
	}
	return nil
}

// chained checks that the first certificate of a text leads to a root. The library does not look.
func chained(text string, roots *x509.CertPool, now time.Time) error {
	chain, err := certificates(text)
	if err != nil {
		return err
	}
	if _, ok := chain[0].PublicKey.(*rsa.PublicKey); !ok {
		return errors.New("not of an RSA key")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return errors.New("expired, or it does not lead to root_cert")
	}
	return nil
}

// certificates reads the certificates of a text that Go knows: one of Alipay's roots is of SM2,
// which it does not.
func certificates(text string) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	add := func(der []byte) {
		if c, err := x509.ParseCertificate(der); err == nil {
			list = append(list, c)
		}
	}
	rest := []byte(strings.TrimSpace(text))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		add(block.Bytes)
	}
	if len(list) == 0 {
		if der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil {
			add(der)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no certificate in it")
	}
	return list, nil
}

// privateKey reads an RSA key in PEM or base64, PKCS #1 or PKCS #8. Its errors hold nothing of it.
func privateKey(text string) (*rsa.PrivateKey, error) {
	der := []byte(nil)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der = block.Bytes
	} else if raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil {
		der = raw
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key, nil
		}
	}
	return nil, errors.New("not an RSA key")
}
