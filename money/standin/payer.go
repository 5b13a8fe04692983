package standin

import "hexhail/money"

// Payer is whoever pays an order with a phone.
type Payer struct {
	Account string `json:"account"` // an openid or login
	// What the wallet holds. A wallet that holds nothing pays from its balance without end.
	Hongbao money.Fen `json:"hongbao,omitempty"`
	Card    money.Fen `json:"card,omitempty"` // a quick-pay card's limit
	Credit  money.Fen `json:"credit,omitempty"`
	Balance money.Fen `json:"balance,omitempty"`
	Fund    money.Fen `json:"fund,omitempty"` // the money fund
}

// covers reports whether one of what the wallet holds is as much as an amount.
func (p Payer) covers(amount money.Fen) bool {
	most := max(p.Hongbao, p.Card, p.Credit, p.Balance, p.Fund)
	return most == 0 || most >= amount
}

// Instrument is what the wallet chooses for an amount, as Alipay does: hongbao before quick-pay
// card before credit before balance before money fund, the first that covers the whole.
func (p Payer) Instrument(amount money.Fen) string {
	for _, i := range []struct {
		name string
		has  money.Fen
	}{
		{"hongbao", p.Hongbao},
		{"card", p.Card},
		{"credit", p.Credit},
		{"balance", p.Balance},
		{"fund", p.Fund},
	} {
		if i.has >= amount {
			return i.name
		}
	}
	return "balance"
}
