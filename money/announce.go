package money

import "strings"

// channelWords are the channels as people call them.
var channelWords = map[ChannelName][2]string{
	Cash: {"现金", "Cash"}, InWallet: {"钱包", "Wallet"}, WeChat: {"微信", "WeChat"},
	Alipay: {"支付宝", "Alipay"}, ToBank: {"银行卡", "Bank card"},
}

// ChannelWords are a channel as people call it; one that we do not know has its own name.
func ChannelWords(c ChannelName) (zh, en string) {
	if w, ok := channelWords[c]; ok {
		return w[0], w[1]
	}
	return string(c), string(c)
}

// SpokenYuan is an amount as a phone speaks it: "23", "23.5", "0.05".
func SpokenYuan(f Fen) string {
	return strings.TrimSuffix(strings.TrimRight(f.String(), "0"), ".")
}

// ArrivedWords tell a driver that money has come: what payers have paid through a channel, and what
// campaigns have added, the rider's part and the driver's. Both together are what the driver's
// account has grown by. A driver at the wheel hears it and need not look.
func ArrivedWords(c ChannelName, paid, subsidy Fen) (zh, en string) {
	nameZH, name := ChannelWords(c)
	zh, en = nameZH+"到账"+SpokenYuan(paid)+"元", name+": "+SpokenYuan(paid)+" yuan received"
	if subsidy > 0 {
		zh += "，补贴" + SpokenYuan(subsidy) + "元"
		en += ", subsidy " + SpokenYuan(subsidy) + " yuan"
	}
	return zh, en
}

// WithdrawnWords tell a driver that a withdrawal has ended: that it has arrived, or that it has
// failed and is back in the balance; of an open one, that it waits for their tap.
func WithdrawnWords(w Withdrawal) (zh, en string) {
	nameZH, name := ChannelWords(w.Channel)
	amount := SpokenYuan(w.Amount)
	switch {
	case w.State == AttemptPaid:
		return "提现" + amount + "元已到" + nameZH, name + ": " + amount + " yuan have arrived"
	case w.State.Open():
		return "提现" + amount + "元，请在" + nameZH + "确认收款",
			name + ": please accept your withdrawal of " + amount + " yuan"
	}
	return "提现" + amount + "元失败，已退回余额",
		"The withdrawal of " + amount + " yuan has failed and is back in your balance"
}
