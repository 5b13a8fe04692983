package money

import (
	"errors"
	"testing"
)

// TestNoticeFits: a notice that moves money is of our channel and amount; one that only says that
// it is time to ask may be of any amount.
func TestNoticeFits(t *testing.T) {
	for _, c := range []struct {
		channel  ChannelName
		amount   Fen
		state    AttemptState
		fits     bool
		merchant string // of the order
	}{
		{Alipay, 2300, AttemptPaid, true, ""},
		{Alipay, 2301, AttemptPaid, false, ""},
		{Alipay, 0, AttemptPaid, false, ""},
		{Alipay, 0, AttemptClosed, false, ""},
		{WeChat, 2300, AttemptPaid, false, ""},
		{Alipay, 4600, AttemptUnknown, true, ""},
		{WeChat, 2300, AttemptUnknown, false, ""},
		{Alipay, 2300, AttemptPaid, false, "company"},
		{Alipay, 2300, AttemptUnknown, false, "company"},
	} {
		n := Notice{
			Channel: c.channel, Amount: c.amount, Outcome: Outcome{State: c.state},
		}
		err := n.Fits(Alipay, c.merchant, 2300)
		if refused := (*NoticeError)(nil); (err == nil) != c.fits ||
			err != nil && !errors.As(err, &refused) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
