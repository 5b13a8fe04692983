package alipay

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// noon is when tests begin: a Monday of the launch campaign.
var noon = time.Date(2014, 1, 6, 12, 0, 0, 0, beijing)

// keys are shared by all tests: they take most of the time.
var keys = sync.OnceValue(func() *standin.AlipayKeys {
	made, err := standin.NewAlipayKeys(noon)
	if err != nil {
		panic(err)
	}
	return made
})

// mode is how the adapter is configured.
type mode string

const (
	byKey   mode = "key"
	byCert  mode = "cert"
	byCerts mode = "certs" // of now and of after a change
)

var modes = []mode{byKey, byCert, byCerts}

// world is an adapter and an Alipay, in one process.
type world struct {
	t        testing.TB
	ticks    sync.Mutex
	clock    time.Time
	book     *standin.Book
	script   *standin.Script
	outbox   *standin.Outbox
	alipay   *standin.Alipay
	merchant standin.AlipayMerchant
	config   Config
	channel  *Client
	calls    *counter
	hearing  sync.Mutex
	heard    []money.Notice
	refused  []error
	attempts int
}

// counter counts what goes out.
type counter struct {
	inner http.RoundTripper
	mu    sync.Mutex
	made  int
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.made++
	c.mu.Unlock()
	return c.inner.RoundTrip(r)
}

func newWorld(t testing.TB, m mode) *world {
	t.Helper()
	w := &world{
		t: t, clock: noon, book: standin.NewBook(), script: standin.NewScript(1),
	}
	w.outbox = standin.NewOutbox(
		&http.Client{Transport: standin.Local{Handler: http.HandlerFunc(w.notify)}}, w.script)
	var err error
	w.alipay, err = standin.NewAlipay(standin.AlipayConfig{
		Book: w.book, Script: w.script, Outbox: w.outbox, Keys: keys(),
		Clock: w.now,
	})
	must(t, err)
	w.merchant, err = w.alipay.Merchant(6_000)
	must(t, err)
	w.calls = &counter{inner: standin.Local{Handler: w.alipay}}
	w.config = Config{
		Gateway: "http://alipay.test" + standin.AlipayGateway, NotifyURL: "http://us.test/notify",
		PayWithin: time.Minute, Transport: w.calls,
		Accounts: map[string]Account{"": account1(w.merchant, m)},
	}
	w.channel, err = New(w.config, noon)
	must(t, err)
	return w
}

// now is the time in the world; a call that hangs may look at it long after its caller has gone.
func (w *world) now() time.Time {
	w.ticks.Lock()
	defer w.ticks.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.ticks.Lock()
	defer w.ticks.Unlock()
	w.clock = w.clock.Add(d)
}

// account1 configures a merchant in a mode.
func account1(m standin.AlipayMerchant, by mode) Account {
	a := Account{AppID: m.AppID, SellerID: m.SellerID, PrivateKey: m.PrivateKey}
	switch by {
	case byKey:
		a.AlipayKey = m.AlipayKey
	case byCert:
		a.AppCert, a.RootCert, a.AlipayCerts = m.AppCert, m.RootCert, []string{m.AlipayCert}
	case byCerts:
		a.AppCert, a.RootCert = m.AppCert, m.RootCert
		a.AlipayCerts = []string{m.NextCert, m.AlipayCert}
	}
	return a
}

// notify is where notices come in.
func (w *world) notify(to http.ResponseWriter, r *http.Request) {
	n, err := w.channel.Notice(r)
	w.hearing.Lock()
	defer w.hearing.Unlock()
	if err != nil {
		w.refused = append(w.refused, err)
	} else {
		w.heard = append(w.heard, n)
	}
	w.channel.Answer(to, err)
}

// try is a new attempt to pay 23 yuan.
func (w *world) try(way money.Way) money.Attempt {
	w.attempts++
	a := money.Attempt{
		ID: money.AttemptID(fmt.Sprintf("01KTEST%04d", w.attempts)), Channel: money.Alipay,
		State: money.AttemptCreated, MadeAt: w.now(), Way: way,
		Legs: []money.Leg{{Instrument: money.Alipay, Amount: 2300}},
	}
	switch way {
	case money.WayPage:
		a.Token = "2088000000000001"
	case money.WayBarcode:
		a.Token = w.alipay.Shows(standin.Payer{Account: "li@example.com"})
	case money.WayApp, money.WayQR:
	}
	return a
}

func (w *world) fault(call standin.Call, f standin.Fault) {
	w.t.Helper()
	must(w.t, w.script.Add(standin.Rule{Call: call, Fault: f, Times: 1}))
}

// in runs a test where time passes at once while everybody waits: hanging calls end by the
// adapter's own time-out.
func in(t *testing.T, name string, run func(t *testing.T)) {
	keys() // outside, as it takes time
	t.Run(name, func(t *testing.T) { synctest.Test(t, run) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var ways = []money.Way{money.WayApp, money.WayPage, money.WayQR, money.WayBarcode}
