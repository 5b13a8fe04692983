package wechat

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"hexhail/money"
	"hexhail/money/standin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	mchid    = "1900007291"
	appID    = "wx1111111111111111"
	pageID   = "wx2222222222222222"
	serialNo = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
	apiV3Key = "0123456789abcdef0123456789abcdef"
	barcode  = "134567890123456789"
)

// keyPairs are made once: 2,048 bits take a tenth of a second. The first is the merchant's.
var keyPairs = sync.OnceValue(func() (all [5]*rsa.PrivateKey) {
	for i := range all {
		var err error
		if all[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return all
})

func merchantKey() *rsa.PrivateKey { return keyPairs()[0] }

// wechatKeys gives the others out in turn.
func wechatKeys() func() (*rsa.PrivateKey, error) {
	given := 0
	return func() (*rsa.PrivateKey, error) {
		given++
		return keyPairs()[1+given%4], nil
	}
}

// machine is a clock that tests move.
type machine struct {
	mu  sync.Mutex
	off time.Duration
}

// now begins at the real time: the library signs by the real clock.
func (m *machine) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Add(m.off)
}

func (m *machine) ahead(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.off += d
}

// stand is the adapter, the stand-in that it talks to, and who hears the notices.
type stand struct {
	*Client
	book   *standin.Book
	script *standin.Script
	outbox *standin.Outbox
	server *standin.WeChat
	clock  *machine

	mu    sync.Mutex
	heard []heard
	keep  bool
	kept  []told
}

// told is a notice as it came.
type told struct {
	body   []byte
	header http.Header
}

// heard is what the notify endpoint made of a request.
type heard struct {
	notice money.Notice
	err    error
}

// mode is one of WeChat's key modes.
type mode string

const (
	byCertificate mode = "certificate"
	byPublicKey   mode = "public key"
)

// newStand starts both sides as servers.
func newStand(t testing.TB, m mode, change ...func(*Config)) *stand {
	t.Helper()
	s := theirs(t, m)
	wechat := httptest.NewServer(s.server)
	t.Cleanup(wechat.Close)
	ours := httptest.NewServer(s)
	t.Cleanup(ours.Close)
	s.ours(t, m, append([]func(*Config){func(c *Config) {
		c.NotifyURL, c.BaseURL = ours.URL+"/notify/wechat", wechat.URL
	}}, change...))
	return s
}

// inBubble runs a test in fake time, without a socket: calls that hang take none.
func inBubble(t *testing.T, do func(*testing.T, *stand)) {
	t.Helper()
	keyPairs() // made outside, where all share them
	synctest.Test(t, func(t *testing.T) {
		s := theirs(t, byPublicKey)
		s.ours(t, byPublicKey, []func(*Config){func(c *Config) {
			c.NotifyURL, c.BaseURL = "http://ours/notify/wechat", "http://theirs"
			c.Transport = standin.Local{Handler: s.server}
		}})
		do(t, s)
	})
}

// theirs makes the stand-in.
func theirs(t testing.TB, m mode) *stand {
	t.Helper()
	s := &stand{
		book: standin.NewBook(), script: standin.NewScript(1), clock: &machine{},
	}
	told := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	t.Cleanup(told.CloseIdleConnections)
	s.outbox = standin.NewOutbox(told, s.script)
	var err error
	s.server, err = standin.NewWeChat(standin.WeChatConfig{
		Book: s.book, Script: s.script, Outbox: s.outbox, Clock: s.clock.now, Fee: 6000,
		NewKey: wechatKeys(),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.server.Register(standin.WeChatMerchant{
		MchID: mchid, Apps: []string{appID, pageID}, Serial: serialNo,
		Key: &merchantKey().PublicKey, APIv3Key: apiV3Key, ByPublicKey: m == byPublicKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ours makes the adapter.
func (s *stand) ours(t testing.TB, m mode, change []func(*Config)) {
	t.Helper()
	c := Config{
		Accounts: map[string]Account{"": s.account(m)}, Clock: s.clock.now,
		Payouts: Payouts{Scene: "1005", Perception: "劳务报酬"},
	}
	for _, do := range change {
		do(&c)
	}
	var err error
	if s.Client, err = New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.CloseIdle)
}

// account is the merchant as the adapter is configured with it.
func (s *stand) account(m mode) Account {
	a := Account{
		MchID: mchid, AppID: appID, PageAppID: pageID, Serial: serialNo,
		PrivateKey: merchantKey(), APIv3Key: apiV3Key,
	}
	if m == byPublicKey {
		a.PublicKeyID, a.PublicKey = s.server.PublicKey()
	}
	return a
}

// ServeHTTP is the notify endpoint.
func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.keep {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		s.kept = append(s.kept, told{body, r.Header})
		s.mu.Unlock()
	}
	n, err := s.Notice(r)
	s.mu.Lock()
	s.heard = append(s.heard, heard{n, err})
	s.mu.Unlock()
	s.Answer(w, err)
}

// noon is the time of attempts. It is not the machine's.
var noon = time.Date(2014, 1, 10, 12, 0, 0, 0, time.UTC)

func attempt(id money.AttemptID, way money.Way) money.Attempt {
	a := money.Attempt{
		ID: id, Purpose: money.PurposeFare, Channel: money.WeChat, Way: way,
		State: money.AttemptCreated, MadeAt: noon, Tries: firstTry,
		Legs: []money.Leg{
			{Instrument: money.InWallet, Amount: 500}, {Instrument: money.WeChat, Amount: 2300},
		},
	}
	switch way {
	case money.WayPage:
		a.Token = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	case money.WayBarcode:
		a.Token = barcode
	default:
	}
	return a
}

// pay pays an order as its payer's phone does.
func (s *stand) pay(t testing.TB, number string) {
	t.Helper()
	_, err := s.book.Pay(
		money.WeChat, mchid, number, standin.Payer{Account: "ann"}, s.clock.now())
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stand) add(t testing.TB, rules ...standin.Rule) {
	t.Helper()
	if err := s.script.Add(rules...); err != nil {
		t.Fatal(err)
	}
}

// paidOnce fails unless exactly this has moved.
func (s *stand) paidOnce(t testing.TB, want money.Fen) {
	t.Helper()
	if got := s.book.Totals(money.WeChat); got.Paid != want || got.Orders != 1 {
		t.Errorf("the channel moved %+v, want %v once", got, want)
	}
}

// carrier is a transport that keeps where its calls went.
type carrier struct {
	next  http.RoundTripper
	mu    sync.Mutex
	paths []string
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.paths = append(c.paths, r.URL.Path)
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

func (c *carrier) CloseIdleConnections() { closeIdle(c.next) }
