package ops

import (
	"context"
	"net/http"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// MaxNotice is the longest notice of a channel, in bytes.
const MaxNotice = 64 << 10

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
		path := "POST /notify/" + string(channel)
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

// NoticeResult says in one word what became of a notice: booked, or the reason of its refusal.
func NoticeResult(err error) string {
	if err == nil {
		return "booked"
	}
	if reason := dispatch.ReasonOf(err); reason != dispatch.ReasonStore {
		return string(reason)
	}
	return "refused"
}
