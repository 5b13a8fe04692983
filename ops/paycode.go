package ops

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/wire"
)

// PayPath is where codes for paying lead, each at its text.
const PayPath = "/pay/"

// What a code's page takes: a body of so many bytes, answered in so long; and from all who scan
// together so many a second, far more than all taxis of a city are paid, for nobody here has a
// token by whose owner they could be limited.
const (
	maxPayBody = 4 << 10
	payTime    = 10 * time.Second
	payRate    = 200
	payBurst   = 400
)

//go:embed paycode.html
var payPage embed.FS

// PayCounter is who sells at a code: [dispatch.Desk].
type PayCounter interface {
	// Scan is what a code leads to now.
	Scan(ctx context.Context, now time.Time, code string) (dispatch.Scanned, error)
	// PayByCode asks a channel for what is due there.
	PayByCode(ctx context.Context, now time.Time, key dispatch.Once, c dispatch.PayByCode) (
		dispatch.Receipt, error)
}

// scanned is the answer to a scan, as JSON.
type scanned struct {
	Plate    string        `json:"plate"`
	At       time.Time     `json:"at"`    // when the drive was over, city clock
	State    string        `json:"state"` // of the ride: "settled" when all is paid
	FareFen  money.Fen     `json:"fare_fen"`
	DueFen   money.Fen     `json:"due_fen"` // with tips and fees, less subsidies
	Channels []string      `json:"channels"`
	Payments []scannedPart `json:"payments"`
}

type scannedPart struct {
	Purpose     string    `json:"purpose"`
	State       string    `json:"state"`
	AmountFen   money.Fen `json:"amount_fen"`
	DiscountFen money.Fen `json:"discount_fen"`
	Channel     string    `json:"channel,omitempty"`
	Way         string    `json:"way,omitempty"`
	Ticket      string    `json:"ticket,omitempty"`
}

// payAsk is what a payer's page posts.
type payAsk struct {
	RequestID string `json:"request_id"`
	Channel   string `json:"channel"`
	Way       string `json:"way"`
	Token     string `json:"token"` // with "page", who pays: an openid or buyer id
}

// PayCodes serves what QR codes for paying lead to. GET /pay/{code} is a page for people, or JSON
// for who accepts that and no HTML; POST asks a channel and answers as GET does. Errors are JSON
// with reason, text_en and text_zh. Nobody has to sign in: who has a code may pay.
func PayCodes(counter PayCounter, now func() time.Time) http.Handler {
	p := paying{counter, now, rate.NewLimiter(payRate, payBurst)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+PayPath+"{code}", p.limited(p.look))
	mux.HandleFunc("POST "+PayPath+"{code}", p.limited(p.pay))
	return mux
}

type paying struct {
	counter PayCounter
	now     func() time.Time
	limit   *rate.Limiter
}

func (p paying) limited(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.limit.Allow() {
			payFailed(w, wire.Refuse(codes.ResourceExhausted, wire.ReasonRateLimited,
				"more than %d scans a second", payRate))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), payTime)
		defer cancel()
		next(w, r.WithContext(ctx))
	}
}

func (p paying) look(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.page(w, r)
		return
	}
	p.answer(w, r)
}

func (p paying) page(w http.ResponseWriter, r *http.Request) {
	page, err := template.ParseFS(payPage, "paycode.html")
	if err != nil {
		payFailed(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy",
		"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "+
			"connect-src 'self'")
	h.Set("Referrer-Policy", "no-referrer") // the code is in the address
	_ = page.Execute(w, r.PathValue("code"))
}

func (p paying) pay(w http.ResponseWriter, r *http.Request) {
	var ask payAsk
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPayBody)).Decode(&ask)
	if err != nil {
		payFailed(w, wire.Refuse(codes.InvalidArgument, wire.ReasonMessageInvalid,
			"the body is no JSON of request_id, channel, way and token, of at most %d bytes",
			maxPayBody))
		return
	}
	code := r.PathValue("code")
	key := dispatch.Once{Identity: "code:" + code, RequestID: ask.RequestID}
	_, err = p.counter.PayByCode(r.Context(), p.now(), key, dispatch.PayByCode{
		Code: code, Means: dispatch.Means{
			Channel: money.ChannelName(ask.Channel), Way: money.Way(ask.Way), Token: ask.Token,
		},
	})
	if err != nil {
		payFailed(w, err)
		return
	}
	p.answer(w, r)
}

func (p paying) answer(w http.ResponseWriter, r *http.Request) {
	s, err := p.counter.Scan(r.Context(), p.now(), r.PathValue("code"))
	if err != nil {
		payFailed(w, err)
		return
	}
	out := scanned{
		Plate: s.Plate, At: s.CompletedAt, State: s.State.String(), FareFen: s.Fare,
		DueFen: s.Due(), Channels: []string{}, Payments: []scannedPart{},
	}
	for _, c := range s.Ways {
		out.Channels = append(out.Channels, string(c))
	}
	for _, o := range s.Payments {
		out.Payments = append(out.Payments, scannedPart{
			Purpose: string(o.Payment.Purpose), State: o.Payment.State.String(),
			AmountFen: o.Payment.Amount, DiscountFen: o.Payment.Discount,
			Channel: string(o.Payment.Channel), Way: string(o.Way), Ticket: o.Ticket,
		})
	}
	payJSON(w, http.StatusOK, out)
}

func payFailed(w http.ResponseWriter, err error) {
	e := wire.ErrorPB(err)
	status := http.StatusInternalServerError
	switch codes.Code(e.GetCode()) { //nolint:gosec // G115: 0 to 16
	case codes.InvalidArgument:
		status = http.StatusBadRequest
	case codes.NotFound:
		status = http.StatusNotFound
	case codes.FailedPrecondition, codes.Aborted, codes.AlreadyExists:
		status = http.StatusConflict
	case codes.ResourceExhausted:
		status = http.StatusTooManyRequests
	case codes.Unavailable, codes.DeadlineExceeded:
		status = http.StatusServiceUnavailable
	default:
	}
	payJSON(w, status, map[string]string{
		"reason": e.GetReason(), "text_en": e.GetTextEn(), "text_zh": e.GetTextZh(),
	})
}

func payJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
