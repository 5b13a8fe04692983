package wechat

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// DefaultTimeout is how long one call may take, machine time; later its outcome is not known.
const DefaultTimeout = 5 * time.Second

const (
	maxTimeout  = 30 * time.Second
	maxAccounts = 1_000
	maxNotify   = 255 // bytes of a notify URL, WeChat's own limit
	maxBrand    = 60  // bytes: with the longest purpose it fits into WeChat's 127
	apiV3Bytes  = 32  // of an API v3 key: it is an AES-256 key
	leastBits   = 2048
	keyIDPrefix = "PUB_KEY_ID_"
)

// Account is a merchant's account at WeChat Pay.
type Account struct {
	MchID string
	// AppID is that of the app on the payer's phone (way app). PageAppID is that of the official
	// account or mini program: ways page, QR and barcode, and payouts. With one of them "" the
	// other serves all ways; they may be the same.
	AppID, PageAppID string
	// Serial is the serial number of the merchant's certificate, PrivateKey its key: what we sign
	// with.
	Serial     string
	PrivateKey *rsa.PrivateKey
	// APIv3Key, of 32 bytes, opens notices and downloaded certificates.
	APIv3Key string
	// PublicKeyID (PUB_KEY_ID_…) and PublicKey are WeChat Pay's public key for this merchant. With
	// both "" and nil its answers are verified by platform certificates, which are downloaded and
	// rotate. With both set, certificates are still taken, as WeChat signs with either while a
	// merchant changes over.
	PublicKeyID string
	PublicKey   *rsa.PublicKey
}

// Payouts says in which of the merchant's transfer scenes drivers are paid.
type Payouts struct {
	Scene      string // transfer_scene_id, such as 1005; "" makes no payouts
	Perception string // what the receiver reads, one of those that the scene allows
	Reports    []Report
}

// Report is one of the texts that a transfer scene asks for.
type Report struct {
	Type    string `json:"info_type"`
	Content string `json:"info_content"`
}

// Config says whose accounts there are and how to reach WeChat Pay.
type Config struct {
	// Accounts are found by [money.Attempt].Merchant; "" is the house's own, and has to be there.
	Accounts map[string]Account
	// NotifyURL is where WeChat tells us; https, without a query. One for all kinds and accounts.
	NotifyURL string
	// Brand stands before what the payer reads of a payment; ≤ 60 bytes.
	Brand   string
	Payouts Payouts
	// BaseURL replaces scheme and host of WeChat's servers, for a stand-in; "" is WeChat's own. The
	// signature covers the path only, so that it stays good.
	BaseURL string
	Timeout time.Duration // of one call; 0 is DefaultTimeout
	// Clock is the machine's clock: signatures are of ±300 s by it.
	Clock func() time.Time
	// Transport carries the calls; nil is one of the client's own.
	Transport http.RoundTripper
}

// ConfigError names what of a [Config] cannot be. It never holds a key.
type ConfigError struct {
	Field string
	Text  string
}

func (e *ConfigError) Error() string { return "wechat: " + e.Field + ": " + e.Text }

// PrivateKey reads a merchant's key: PEM, PKCS #8, as WeChat gives it (apiclient_key.pem).
func PrivateKey(pem string) (*rsa.PrivateKey, error) {
	key, err := utils.LoadPrivateKey(pem)
	if err != nil { // the library's text is of a key that it thinks to have seen
		return nil, &ConfigError{"private_key", "not a PEM of an RSA key (PKCS #8)"}
	}
	return key, nil
}

// PublicKey reads WeChat Pay's public key of a merchant: PEM, PKIX (pub_key.pem).
func PublicKey(pem string) (*rsa.PublicKey, error) {
	key, err := utils.LoadPublicKey(pem)
	if err != nil {
		// The library's text of a key that is not RSA holds the key.
		return nil, &ConfigError{"public_key", "not a PEM of an RSA public key"}
	}
	return key, nil
}

// check refuses a config that cannot work, and fills in the defaults.
func (c *Config) check() (base *url.URL, err error) {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	notify, err := url.Parse(c.NotifyURL)
	switch {
	case c.Clock == nil:
		return nil, &ConfigError{"Clock", "missing"}
	case c.Timeout < 0 || c.Timeout > maxTimeout:
		return nil, &ConfigError{"Timeout", "at most " + maxTimeout.String()}
	case len(c.Brand) > maxBrand:
		return nil, &ConfigError{"brand", fmt.Sprintf("at most %d bytes", maxBrand)}
	case err != nil || notify.Host == "" || notify.RawQuery != "" || notify.Fragment != "" ||
		len(c.NotifyURL) > maxNotify || notify.Scheme != "https" && c.BaseURL == "":
		return nil, &ConfigError{"notify_url", "https://host/path without a query, ≤ 255 bytes"}
	case len(c.Accounts) > maxAccounts:
		return nil, &ConfigError{"accounts", fmt.Sprintf("at most %d", maxAccounts)}
	}
	if _, ok := c.Accounts[""]; !ok {
		return nil, &ConfigError{"accounts", `the house's own, "", is missing`}
	}
	for name, a := range c.Accounts {
		if err := a.check(); err != nil {
			return nil, &ConfigError{fmt.Sprintf("accounts[%q]", name), err.Error()}
		}
	}
	if c.BaseURL == "" {
		return nil, nil //nolint:nilnil // no other base than WeChat's own is no error
	}
	base, err = url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || strings.Trim(base.Path, "/") != "" ||
		base.RawQuery != "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, &ConfigError{"base_url", "http(s)://host[:port]: the path is signed"}
	}
	return base, nil
}

func (a Account) check() error {
	switch {
	case a.MchID == "" || len(a.MchID) > 32:
		return errors.New("mch_id: 1 to 32 bytes")
	case a.AppID == "" && a.PageAppID == "":
		return errors.New("app_id, page_app_id: one at least")
	case a.Serial == "":
		return errors.New("serial: missing")
	case a.PrivateKey == nil || a.PrivateKey.N.BitLen() < leastBits:
		return errors.New("private_key: RSA, 2048 bits at least")
	case len(a.APIv3Key) != apiV3Bytes:
		return errors.New("api_v3_key: 32 bytes")
	case (a.PublicKeyID == "") != (a.PublicKey == nil):
		return errors.New("public_key_id, public_key: both or neither")
	case a.PublicKeyID != "" && !strings.HasPrefix(a.PublicKeyID, keyIDPrefix):
		return errors.New("public_key_id: begins with " + keyIDPrefix)
	case a.PublicKey != nil && a.PublicKey.N.BitLen() < leastBits:
		return errors.New("public_key: RSA, 2048 bits at least")
	}
	return nil
}

// app is the app id that a way is charged under.
func (a Account) app(page bool) string {
	if page && a.PageAppID != "" || a.AppID == "" {
		return a.PageAppID
	}
	return a.AppID
}

// owns reports whether an app id is one of the account's.
func (a Account) owns(app string) bool {
	return app != "" && (app == a.AppID || app == a.PageAppID)
}
