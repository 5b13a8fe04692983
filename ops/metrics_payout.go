package ops

import (
	"github.com/prometheus/client_golang/prometheus"

	"hexhail/money"
)

// payoutMetrics are about what drivers take out.
type payoutMetrics struct {
	count, fen *prometheus.CounterVec
	float      prometheus.Gauge
}

func (p *payoutMetrics) register(f *factory) {
	p.count = f.counters("hexhail_withdrawals_total",
		"Withdrawals asked for, waiting for the float or for the driver's tap, and how they ended.",
		"channel", "outcome")
	p.fen = f.counters("hexhail_withdrawals_fen_total",
		"What drivers have asked for, and what of it has arrived or was given back.",
		"channel", "outcome")
	p.float = f.gauge("hexhail_float_fen",
		"The house's own money that is out: paid to drivers before channels and sponsors settle.")
}

// Withdrew implements [dispatch.Listener].
func (m *Metrics) Withdrew(w money.Withdrawal) {
	channel := other
	switch w.Channel {
	case money.WeChat, money.Alipay, money.ToBank:
		channel = string(w.Channel)
	default:
	}
	outcome := ""
	switch w.State {
	case money.AttemptCreated:
		outcome = "asked"
		if w.Reason == money.WithdrawalFloat {
			outcome = "waiting"
		}
	case money.AttemptPaid:
		outcome = "paid"
	case money.AttemptClosed:
		outcome = "failed"
	case money.AttemptSent, money.AttemptUnknown: // the driver has to take it
		outcome = "waiting"
	default:
		return
	}
	m.payouts.count.WithLabelValues(channel, outcome).Inc()
	if outcome != "waiting" {
		m.payouts.fen.WithLabelValues(channel, outcome).Add(float64(w.Amount))
	}
}

// Floats implements [dispatch.Listener].
func (m *Metrics) Floats(float money.Fen) { m.payouts.float.Set(float64(float)) }
