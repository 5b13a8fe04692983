package ops

import (
	"context"
	"net/http"
	"time"

	"hexhail/money"
)

// MaxNotice is the longest notice of a channel, in bytes.
const MaxNotice = 64 << 10

// NotifyPath is where channels tell us, each at its name.
const NotifyPath = "/notify/"

// noticeTime is what a notice has: WeChat Pay tells again what is not answered within 5 s.
const noticeTime = 4 * time.Second

// Teller is how an external channel tells us of its own accord.
type Teller interface {
	// Notice reads a notice and verifies who says it. The body is at most MaxNotice bytes.
	Notice(r *http.Request) (money.Notice, error)
	// Answer tells the channel that its notice is booked, or with an error that it is not: then it
	// tells again.
	Answer(w http.ResponseWriter, err error)
}

// Notices serves POST /notify/{channel} for the channels of tellers. booked is called with each
// verified notice and says whether it is booked: once, however often it comes. heard is told of
// each, with the kind of what went wrong, for metrics and the log.
func Notices(
	tellers map[money.ChannelName]Teller,
	booked func(context.Context, money.Notice) error,
	heard func(money.ChannelName, money.Notice, error),
) http.Handler {
	mux := http.NewServeMux()
	for channel, teller := range tellers {
		path := "POST " + NotifyPath + string(channel)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), noticeTime)
			defer cancel()
			r.Body = http.MaxBytesReader(w, r.Body, MaxNotice)
			notice, err := teller.Notice(r.WithContext(ctx))
			if err == nil {
				err = booked(ctx, notice)
			}
			heard(channel, notice, err)
			teller.Answer(w, err)
		})
	}
	return mux
}

// Noticed is a notice of a channel that was booked, or refused.
func (m *Metrics) Noticed(channel money.ChannelName, err error) {
	outcome := "booked"
	if err != nil {
		outcome = "refused"
	}
	m.notices.WithLabelValues(string(channel), outcome).Inc()
}
