package wechat

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/signers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/validators"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"hexhail/money"
)

// maxAnswer is how many bytes an answer may have; bills are read otherwise.
const maxAnswer = 1 << 20

var errHuge = errors.New("the answer is too long")

// Client is the channel. See [New].
type Client struct {
	config   Config
	accounts map[string]*account
	http     *http.Client
	bills    *http.Client // no end for the whole of a bill, only for its begin
}

var (
	_ money.Channel  = (*Client)(nil)
	_ money.Refunder = (*Client)(nil)
	_ money.Payer    = (*Client)(nil)
)

// account is one merchant's account, and the clients that sign for it.
type account struct {
	Account
	name string
	keys *keys
	api  *core.Client // answers are verified
	bill *core.Client // they are not: a bill has a hash
}

// New makes a client. It asks nothing yet. Errors: *[ConfigError].
func New(c Config) (*Client, error) {
	base, err := c.check()
	if err != nil {
		return nil, err
	}
	next := c.Transport
	if next == nil {
		next = &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: 256, MaxIdleConnsPerHost: 64,
			IdleConnTimeout: time.Minute, ResponseHeaderTimeout: c.Timeout,
			TLSHandshakeTimeout: c.Timeout, ForceAttemptHTTP2: true,
		}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := &Client{
		config: c, accounts: map[string]*account{},
		http: &http.Client{
			Transport: bounded{aside{base, next}}, Timeout: c.Timeout, CheckRedirect: stay,
		},
		bills: &http.Client{
			Transport: aside{base, next}, Timeout: billWithin, CheckRedirect: stay,
		},
	}
	for name, a := range c.Accounts {
		if client.accounts[name], err = client.open(name, a); err != nil {
			return nil, err
		}
	}
	return client, nil
}

func (c *Client) open(name string, a Account) (*account, error) {
	signer := &signers.SHA256WithRSASigner{
		MchID: a.MchID, CertificateSerialNo: a.Serial, PrivateKey: a.PrivateKey,
	}
	dial := core.DialSettings{
		HTTPClient: c.http, Signer: signer, Validator: &validators.NullValidator{},
	}
	// None of the three errors can come: the settings are complete.
	raw, err := core.NewClientWithDialSettings(context.Background(), &dial)
	if err != nil {
		return nil, err
	}
	opened := &account{Account: a, name: name}
	if opened.keys, err = newKeys(a, c.config.Clock, raw); err != nil {
		return nil, err
	}
	opened.api = core.NewClientWithValidator(raw, opened.keys)
	dial.HTTPClient = c.bills
	opened.bill, err = core.NewClientWithDialSettings(context.Background(), &dial)
	return opened, err
}

// CloseIdle lets go of idle connections.
func (c *Client) CloseIdle() {
	c.http.CloseIdleConnections()
	c.bills.CloseIdleConnections()
}

// of finds the account that an attempt is paid to. An unknown one is an error, never an end: the
// attempt may have been sent while the account was still configured.
func (c *Client) of(merchant string) (*account, error) {
	a, ok := c.accounts[merchant]
	if !ok {
		return nil, &ConfigError{"Accounts", "none is called " + clean(merchant)}
	}
	return a, nil
}

// ask makes one call by the thin client, for what the library has no typed call. into may be nil.
func (a *account) ask(
	ctx context.Context, call, method, path string, query url.Values, body, into any,
) error {
	result, err := a.api.Request(
		ctx, method, consts.WechatPayAPIServer+path, nil, query, body, consts.ApplicationJSON)
	if err == nil && into != nil {
		err = core.UnMarshalResponse(result.Response, into)
	}
	return a.said(ctx, call, err)
}

// said redacts an error and finds out whether WeChat itself has said it. The library verifies
// signatures of good answers only, and closing an attempt on somebody else's 404 costs money.
func (a *account) said(ctx context.Context, call string, err error) error {
	if err == nil {
		return nil
	}
	verified := false
	if answer := (*core.APIError)(nil); errors.As(err, &answer) {
		verified = a.keys.check(ctx, answer.Header, []byte(answer.Body)) == nil
	}
	return failed(call, err, verified)
}

// aside sends requests elsewhere than they are addressed to. What is signed, path, query and body,
// stays.
type aside struct {
	base *url.URL // nil: as they are addressed
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t aside) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.base != nil {
		req = req.Clone(req.Context())
		req.URL.Scheme, req.URL.Host, req.Host = t.base.Scheme, t.base.Host, ""
	}
	return t.next.RoundTrip(req)
}

// CloseIdleConnections is what [http.Client] asks for.
func (t aside) CloseIdleConnections() { closeIdle(t.next) }

// bounded refuses answers that are too long: the library reads them whole.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = &boundedBody{res.Body, maxAnswer}
	return res, nil
}

// CloseIdleConnections is what [http.Client] asks for.
func (t bounded) CloseIdleConnections() { closeIdle(t.next) }

func closeIdle(t http.RoundTripper) {
	if c, ok := t.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// One byte more is too many; none is the end.
		if n, err := b.ReadCloser.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, errHuge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}
