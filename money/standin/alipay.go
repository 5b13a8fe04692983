package standin

import (
	"cmp"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"

	"hexhail/money"
)

// AlipayGateway is the path of the gateway, as at Alipay.
const AlipayGateway = "/gateway.do"

// AlipayConfig is what Alipay's half works with.
type AlipayConfig struct {
	Book   *Book
	Script *Script
	Outbox *Outbox
	// Clock is read for each call. It must be the clock that the caller of the gateway goes by: the
	// ends of its orders are compared with it.
	Clock func() time.Time
	// Keys are those to use; nil makes new ones.
	Keys *AlipayKeys
	// Latency is how long each call to the gateway takes.
	Latency time.Duration
	// EarlyBills gives the bill of a day that is not over: a sandbox has no patience.
	EarlyBills bool
}

// AlipayMerchant is a merchant with an account at the stand-in, with all that the merchant
// configures: of the two modes either works at any time.
type AlipayMerchant struct {
	AppID      string
	SellerID   string
	PrivateKey string // PEM
	AlipayKey  string // PEM: public-key mode
	AppCert    string // PEM: certificate mode
	RootCert   string // PEM
	AlipayCert string // PEM: what signs now
	NextCert   string // PEM: what signs after [RotateKey] has come once
}

// Alipay plays Alipay: an http.Handler with the gateway and the bills. It verifies our signatures,
// and signs with keys of its own, in both of Alipay's modes. See [NewAlipay].
//
// The barcode of a payer is 16 to 24 digits from 25 to 30 on; [Alipay.Shows] makes one for a
// wallet. Codes that end in 9001 have expired, the wallets of those that end in 9002 are empty, the
// payers of those that end in 9003, and all who pay 1,000 yuan or more, have to confirm first.
type Alipay struct {
	AlipayConfig

	mux *http.ServeMux

	refunding sync.Mutex // so that one of two says that money has moved

	mu        sync.Mutex
	merchants map[string]*alipayMerchant // by app id
	prepared  map[string]Order           // by what a QR code says: nobody has scanned it yet
	phones    map[string]Payer           // by the barcode that is shown
	trades    map[string]key             // orders of which a ticket is Alipay's own number
	bills     map[string]alipayBill      // by the token in their addresses
	rotated   int                        // how often the signing key has changed
	made      int                        // merchants, codes and tokens
}

// alipayMerchant is what the stand-in knows of a merchant.
type alipayMerchant struct {
	app, seller string
	fee         money.PPM
	key         *rsa.PublicKey
	certSN      string
	certs       bool // its last call was in certificate mode
}

// maxPrepared is how many QR codes, barcodes and bills' addresses are remembered, each; then the
// oldest are as good as expired.
const maxPrepared = 100_000

// NewAlipay makes the stand-in. What happens to Alipay's part of the book becomes its notices.
func NewAlipay(cfg AlipayConfig) (*Alipay, error) {
	a := &Alipay{
		AlipayConfig: cfg, mux: http.NewServeMux(),
		merchants: map[string]*alipayMerchant{}, prepared: map[string]Order{},
		phones: map[string]Payer{}, trades: map[string]key{}, bills: map[string]alipayBill{},
	}
	if a.Keys == nil {
		keys, err := NewAlipayKeys(cfg.Clock())
		if err != nil {
			return nil, err
		}
		a.Keys = keys
	}
	a.mux.HandleFunc("POST "+AlipayGateway, a.gateway)
	a.mux.HandleFunc("GET /alipay/bill/{token}", a.download)
	cfg.Book.OnEvent(money.Alipay, a.happened)
	return a, nil
}

// ServeHTTP implements http.Handler.
func (a *Alipay) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Merchant opens an account for a merchant whose contract has this fee, which its bills show.
func (a *Alipay) Merchant(fee money.PPM) (AlipayMerchant, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ours, err := a.Keys.nth(
		&a.Keys.merchants, len(a.merchants), "Stand-in Merchant", &a.Keys.root)
	if err != nil {
		return AlipayMerchant{}, err
	}
	var theirs [2]certified
	for i := range theirs {
		if theirs[i], err = a.signs(a.rotated + i); err != nil {
			return AlipayMerchant{}, err
		}
	}
	n := len(a.merchants) + 1
	m := &alipayMerchant{
		app: "2021" + pad(n, 12), seller: "2088" + pad(n, 12), fee: fee,
		key: &ours.key.PublicKey, certSN: ours.sn,
	}
	a.merchants[m.app] = m
	return AlipayMerchant{
		AppID: m.app, SellerID: m.seller, PrivateKey: ours.privatePEM(),
		AlipayKey: theirs[0].publicPEM(), AppCert: ours.certPEM(),
		RootCert: a.Keys.root.certPEM(), AlipayCert: theirs[0].certPEM(),
		NextCert: theirs[1].certPEM(),
	}, nil
}

// signs is what signs after a number of changes.
func (a *Alipay) signs(changes int) (certified, error) {
	return a.Keys.nth(&a.Keys.alipay, changes, "Stand-in Alipay", &a.Keys.root)
}

// somebody is a stranger, with a certificate of their own making.
func (a *Alipay) somebody() (certified, error) {
	return a.Keys.nth(&a.Keys.stranger, 0, "Somebody Else", nil)
}

// pad writes n with leading zeros.
func pad(n, width int) string {
	text := strconv.Itoa(n)
	for len(text) < width {
		text = "0" + text
	}
	return text
}

// happened puts what has happened in the book into the outbox. Refunds are told where their order
// is; for payouts Alipay has an address that is set on its site, which is nowhere here.
func (a *Alipay) happened(e Event) {
	switch {
	case e.Order != nil:
		a.Outbox.Put(alipayCourier{a}, e, e.Order.Notify, a.Clock())
	case e.Refund != nil:
		of, ok := a.Book.Order(money.Alipay, e.Refund.Merchant, e.Refund.Of)
		if ok {
			a.Outbox.Put(alipayCourier{a}, e, of.Notify, a.Clock())
		}
	}
}

// byApp finds a merchant, as it is now.
func (a *Alipay) byApp(app string) (alipayMerchant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if m, ok := a.merchants[app]; ok {
		return *m, true
	}
	return alipayMerchant{}, false
}

// calls notes in which mode a merchant has called.
func (a *Alipay) calls(app string, certs bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.merchants[app].certs = certs
}

// signer is what signs now; rotate puts the next one in its place first.
func (a *Alipay) signer(rotate bool) (certified, error) {
	a.mu.Lock()
	if rotate {
		a.rotated++
	}
	n := a.rotated
	a.mu.Unlock()
	return a.signs(n)
}

// cut ends a call without an answer, before or after it is carried out.
func cut(r *http.Request, f Fault, after bool) {
	if after != f.Done() || !f.Hangs() && !f.Drops() {
		return
	}
	if f.Hangs() {
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler) // net/http cuts the connection
}

// ticket makes a text that nobody guesses from parts that name something.
func (a *Alipay) ticket(parts ...string) string {
	h := sha256.New()
	h.Write(a.Keys.root.key.D.Bytes())
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil))[:24]
}

// room makes room in a map that has grown to its limit: all of it goes, as if it had expired.
func room[V any](m map[string]V) {
	if len(m) >= maxPrepared {
		clear(m)
	}
}

// whoPays is the payer's account, as bills and notices show it.
func whoPays(o Order) string { return cmp.Or(o.Payer, "payer***@example.com") }
