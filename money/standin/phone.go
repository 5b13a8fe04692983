package standin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"hexhail/money"
)

// Scanner finds the order that a ticket or the text of a QR code is for, and checks it as the
// channel's app on the payer's phone does: one for each half.
type Scanner interface {
	// Scan finds it. Errors: ErrTicket.
	Scan(ticket string) (Order, error)
}

// ErrTicket says that no app of a channel would take a ticket.
var ErrTicket = errors.New("standin: no app would take this ticket")

// Phone is an HTTP handler with which the payers of a sandbox pay, and whoever runs it says what
// goes wrong. All bodies are JSON, of at most 64 KiB.
//
//	POST /pay     {"ticket": "…", "payer": {"account": "ann"}}: what an app or QR code shows
//	POST /pay     {"channel": "wechat", "merchant": "…", "order": "…"}: confirms a barcode's order
//	POST /barcode {"channel": "wechat", "payer": {"account": "ann"}}: {"code": "…"} to be scanned
//	POST /orders  {"channel": "wechat", "merchant": "…"}: what was asked of a channel, ≤ 1,000
//	POST /faults  [{"call": "charge", "fault": "hang_after", "times": 1}]: from now on; [] clears
//
// Errors are {"error": "…"} with 400, with 404 if there is no such order, with 409 if it has ended.
type Phone struct {
	Book     *Book
	Script   *Script
	Scanners []Scanner
	Clock    func() time.Time
	// Shows makes a fresh barcode of a payer, by channel.
	Shows map[money.ChannelName]func(Payer) (code string)
}

const (
	maxPhone      = 64 << 10
	maxOrdersTold = 1_000
)

// ServeHTTP implements [http.Handler].
func (p Phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var said any
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPhone+1))
	switch {
	case err != nil:
		return // who asked is gone
	case len(body) > maxPhone:
		err = errors.New("standin: more than 64 KiB")
	case r.Method == http.MethodPost && r.URL.Path == "/pay":
		said, err = p.pay(body)
	case r.Method == http.MethodPost && r.URL.Path == "/barcode":
		said, err = p.barcode(body)
	case r.Method == http.MethodPost && r.URL.Path == "/orders":
		said, err = p.orders(body)
	case r.Method == http.MethodPost && r.URL.Path == "/faults":
		said, err = p.faults(body)
	default:
		err = ErrUnknown
	}
	status := http.StatusOK
	switch {
	case errors.Is(err, ErrUnknown):
		status = http.StatusNotFound
	case errors.Is(err, ErrEnded):
		status = http.StatusConflict
	case err != nil:
		status = http.StatusBadRequest
	}
	if err != nil {
		said = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(said) // who asked may be gone
}

func (p Phone) pay(body []byte) (any, error) {
	var ask struct {
		Ticket   string            `json:"ticket"`
		Channel  money.ChannelName `json:"channel"`
		Merchant string            `json:"merchant"`
		Order    string            `json:"order"`
		Payer    Payer             `json:"payer"`
	}
	if err := json.Unmarshal(body, &ask); err != nil {
		return nil, err
	}
	if ask.Ticket != "" {
		o, err := p.scan(ask.Ticket)
		if err != nil {
			return nil, err
		}
		ask.Channel, ask.Merchant, ask.Order = o.Channel, o.Merchant, o.Number
	}
	return p.Book.Pay(ask.Channel, ask.Merchant, ask.Order, ask.Payer, p.Clock())
}

func (p Phone) scan(ticket string) (Order, error) {
	for _, s := range p.Scanners {
		if o, err := s.Scan(ticket); err == nil || !errors.Is(err, ErrTicket) {
			return o, err
		}
	}
	return Order{}, ErrTicket
}

func (p Phone) barcode(body []byte) (any, error) {
	var ask struct {
		Channel money.ChannelName `json:"channel"`
		Payer   Payer             `json:"payer"`
	}
	if err := json.Unmarshal(body, &ask); err != nil {
		return nil, err
	}
	shows, ok := p.Shows[ask.Channel]
	if !ok {
		return nil, ErrUnknown
	}
	return map[string]string{"code": shows(ask.Payer)}, nil
}

func (p Phone) orders(body []byte) (any, error) {
	var ask struct {
		Channel  money.ChannelName `json:"channel"`
		Merchant string            `json:"merchant"`
	}
	if err := json.Unmarshal(body, &ask); err != nil {
		return nil, err
	}
	all := p.Book.Orders(ask.Channel, ask.Merchant)
	if len(all) > maxOrdersTold { // the latest
		all = all[len(all)-maxOrdersTold:]
	}
	return map[string]any{"orders": all, "totals": p.Book.Totals(ask.Channel)}, nil
}

func (p Phone) faults(body []byte) (any, error) {
	var rules []Rule
	if err := json.Unmarshal(body, &rules); err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		p.Script.Clear()
	}
	return map[string]int{"rules": len(rules)}, p.Script.Add(rules...)
}
