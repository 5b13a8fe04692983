package wire_test

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/wire"
)

// Why a call has failed is not for apps; why an attempt is closed is.
func TestPaymentTellsNoInnerReason(t *testing.T) {
	for state, want := range map[money.AttemptState]string{
		money.AttemptUnknown: "no_answer", money.AttemptClosed: "dial tcp 10.0.0.1:443",
	} {
		p := wire.PaymentPB(dispatch.Owed{
			Payment: money.Payment{State: money.PaymentOpen}, Attempt: state,
			Reason: "dial tcp 10.0.0.1:443",
		})
		if p.GetReason() != want || p.GetAttemptState() != state.String() {
			t.Errorf("%s: %v, want reason %q", state, p, want)
		}
	}
}
