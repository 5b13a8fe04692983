package alipay

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Production is Alipay's gateway.
const Production = "https://openapi.alipay.com/gateway.do"

// Limits on what is configured and what is answered.
const (
	// Timeout ends a call. The library has none of its own.
	Timeout = 5 * time.Second
	// MaxAnswer is the longest answer that is read, 1 MiB: the longest real ones have some KiB.
	MaxAnswer = 1 << 20
	// PayWithin is how long an order can be paid if Config does not say: long enough to find the
	// phone, short enough that a rider who wants to pay in another way does not wait for ever.
	PayWithin = 5 * time.Minute

	minPayWithin = time.Minute // Alipay's least
	maxPayWithin = 15 * time.Minute
	maxTitle     = 64 // characters, of Alipay's 256
	maxAccounts  = 1_000
)

// Config is what is agreed with Alipay.
type Config struct {
	Gateway   string             // "" is Production
	NotifyURL string             // where Alipay's notices go; "" asks for none
	Title     string             // what the payer reads; "" is 出租车费
	PayWithin time.Duration      // how long an order can be paid, 1 to 15 minutes; 0 is PayWithin
	Transport http.RoundTripper  // nil is http.DefaultTransport
	Accounts  map[string]Account // by Attempt.Merchant; "" is the house's own
	Scene     Scene              // of payouts
}

// Scene is what Alipay wants to know of transfers, as it was applied for (转账场景). Newer accounts
// must say it, older ones may not; "" says nothing.
type Scene struct {
	Name    string // such as 业务结算
	Reports []Report
}

// Report is one thing that a scene wants to be told: a type such as 结算款项名称, and what it is.
type Report struct{ Type, Content string }

// Account is one merchant's account at Alipay, in certificate mode or in public-key mode. Keys and
// certificates are texts: PEM, or base64 alone.
type Account struct {
	AppID    string // digits
	SellerID string // 16 digits from 2088: who is paid
	// PageAppID is the mini program in which pages are; "" if they are ordinary ones.
	PageAppID  string
	PrivateKey string // ours, RSA, PKCS #1 or PKCS #8; kept out of every error and String

	AlipayKey string // public-key mode: Alipay's RSA key

	AppCert  string // certificate mode: ours
	RootCert string // certificate mode: Alipay's roots
	// AlipayCerts are Alipay's own certificates, the newest first, each with the certificates that
	// lead to a root. All of them are believed; it needs two while Alipay changes its own.
	AlipayCerts []string
}

// String names the account without its keys.
func (a Account) String() string { return "alipay app " + a.AppID }

// GoString is String: %#v must not show keys either.
func (a Account) GoString() string { return a.String() }

// Client takes attempts, refunds and payouts to Alipay. See [New].
type Client struct {
	notifyURL string
	title     string
	payWithin time.Duration
	scene     Scene
	scheme    string // of the gateway: bills come over https, or over this
	http      *http.Client
	files     *http.Client // of bills: as long as the context says
	accounts  map[string]*account
	byApp     map[string]*account
}

// New makes the channel. now is for the certificates' dates. Errors: *[ConfigError].
func New(cfg Config, now time.Time) (*Client, error) {
	c := &Client{
		notifyURL: cfg.NotifyURL, title: cfg.Title, payWithin: cfg.PayWithin, scene: cfg.Scene,
		accounts: map[string]*account{}, byApp: map[string]*account{},
	}
	if c.title == "" {
		c.title = "出租车费"
	}
	if c.payWithin == 0 {
		c.payWithin = PayWithin
	}
	gateway := cfg.Gateway
	if gateway == "" {
		gateway = Production
	}
	if err := c.check(gateway, len(cfg.Accounts)); err != nil {
		return nil, err
	}
	transport := cfg.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	c.http = &http.Client{
		Timeout: Timeout, Transport: bounded{transport}, CheckRedirect: stay,
	}
	c.files = &http.Client{Transport: transport, CheckRedirect: stay}
	for merchant, a := range cfg.Accounts {
		made, err := a.open(gateway, c.http, now)
		if bad := (*ConfigError)(nil); errors.As(err, &bad) {
			bad.Field = fmt.Sprintf("accounts[%q].%s", merchant, bad.Field)
			return nil, bad
		}
		if err != nil {
			return nil, err
		}
		made.name = merchant
		c.accounts[merchant], c.byApp[a.AppID] = made, made
	}
	if len(c.byApp) < len(c.accounts) {
		return nil, &ConfigError{"accounts", "two have the same app_id"}
	}
	return c, nil
}

func (c *Client) check(gateway string, accounts int) error {
	for field, address := range map[string]string{"gateway": gateway, "notify_url": c.notifyURL} {
		u, err := url.Parse(address)
		web := err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
		if !web && address != "" {
			return &ConfigError{field, "want an http or https address"}
		}
		if field == "gateway" && web {
			c.scheme = u.Scheme
		}
	}
	switch {
	case accounts == 0 || accounts > maxAccounts:
		return &ConfigError{"accounts", fmt.Sprintf("want 1 to %d", maxAccounts)}
	case c.payWithin < minPayWithin || c.payWithin > maxPayWithin:
		return &ConfigError{"pay_within", fmt.Sprintf("want %s to %s", minPayWithin, maxPayWithin)}
	case len([]rune(c.title)) > maxTitle || strings.ContainsAny(c.title, "&=/\"\r\n"):
		// "&" and "=" would make the text that is signed ambiguous.
		return &ConfigError{"title", fmt.Sprintf(
			"want at most %d characters, none of & = / \" or a line break", maxTitle)}
	}
	return nil
}

// stay follows nobody elsewhere.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// errTooLong says that an answer is longer than MaxAnswer.
var errTooLong = errors.New("alipay: answer too long")

// bounded is a transport whose answers end at MaxAnswer bytes: the library reads all there is.
type bounded struct{ inner http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.inner.RoundTrip(r)
	if err == nil {
		answer.Body = &boundedBody{answer.Body, MaxAnswer}
	}
	return answer, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read gives errTooLong instead of the byte after the last one allowed.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLong
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return n, errTooLong
	}
	return n, err
}
