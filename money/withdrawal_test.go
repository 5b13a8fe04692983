package money_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"hexhail/money"
)

func withdrawal() money.Withdrawal {
	return money.Withdrawal{
		ID: "W", Driver: "D", City: "beijing", Channel: money.Alipay, Account: "13800000000",
		Name: "Li Lei", Amount: 100_00, State: money.AttemptCreated,
	}
}

// TestWithdrawalSettles walks a withdrawal through every outcome in every state, beside a table.
func TestWithdrawalSettles(t *testing.T) {
	now := time.Date(2013, 12, 9, 4, 0, 0, 0, time.UTC)
	states := []money.AttemptState{
		money.AttemptCreated, money.AttemptSent, money.AttemptUnknown, money.AttemptPaid,
		money.AttemptClosed,
	}
	for _, was := range states {
		for _, told := range states {
			w := withdrawal().Send(now)
			w.State = was
			got, ends, err := w.Settle(money.Outcome{
				State: told, Again: time.Minute, Trade: "T",
			}, now)
			state := (*money.StateError)(nil)
			switch {
			case was.Open() && told.Open():
				if err != nil || got.State != told || ends != nil ||
					!got.DueAt.Equal(now.Add(time.Minute)) || !got.EndedAt.IsZero() {
					t.Errorf("%s told %s: %+v %v %v", was, told, got, ends, err)
				}
			case was.Open():
				how := map[money.AttemptState]money.TransferKind{
					money.AttemptPaid: money.TransferPost, money.AttemptClosed: money.TransferVoid,
				}[told]
				want := []money.Transfer{w.Hold().Resolve(how), w.Advance().Resolve(how)}
				if err != nil || got.State != told || !reflect.DeepEqual(ends, want) ||
					!got.DueAt.IsZero() || !got.EndedAt.Equal(now) || got.Trade != "T" {
					t.Errorf("%s told %s: %+v %v %v", was, told, got, ends, err)
				}
			case told.Open() || told == was:
				if err != nil || got != w || ends != nil {
					t.Errorf("%s told %s: %+v %v %v", was, told, got, ends, err)
				}
			default:
				if !errors.As(err, &state) || got != w || ends != nil {
					t.Errorf("%s told %s: %+v %v %v", was, told, got, ends, err)
				}
			}
		}
	}
	_, ends, err := withdrawal().Settle(money.Outcome{State: money.AttemptClosed}, now)
	if err == nil || ends != nil {
		t.Errorf("an outcome of what was never sent: %v %v", ends, err)
	}
}

// TestWithdrawalBooks: paid takes the driver's money out of the bank and leaves nothing in flight;
// closed leaves all as it was. Meanwhile the float counts what was sent.
func TestWithdrawalBooks(t *testing.T) {
	now := time.Date(2013, 12, 9, 4, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		told                 money.AttemptState
		payable, bank, float money.Fen
	}{
		{money.AttemptPaid, -100_00, 100_00, 100_00},
		{money.AttemptClosed, 0, 0, 0},
	} {
		books := money.Replayed{}
		w := withdrawal()
		books.Add(w.Hold())
		if f := money.Float(books[money.Bank]); f != 0 {
			t.Errorf("asked for: the float is %s", f)
		}
		w = w.Send(now)
		books.Add(w.Advance())
		if f := money.Float(books[money.Bank]); f != 100_00 {
			t.Errorf("sent: the float is %s", f)
		}
		_, ends, err := w.Settle(money.Outcome{State: test.told}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ends {
			books.Add(e)
		}
		flight := books[money.PayoutInFlight(money.Alipay)]
		if flight.Balance() != 0 || flight.PendingDebits != 0 || flight.PendingCredits != 0 {
			t.Errorf("%s: %+v is in flight", test.told, flight)
		}
		payable, bank := books[money.DriverPayable("D")], books[money.Bank]
		if payable.Balance() != test.payable || payable.PendingDebits != 0 ||
			bank.Balance() != test.bank || money.Float(bank) != test.float {
			t.Errorf("%s: %+v %+v", test.told, payable, bank)
		}
	}
	settled := money.Account{Debits: 500_00, Credits: 100_00}
	if f := money.Float(settled); f != 0 {
		t.Errorf("more has come in than gone out: the float is %s", f)
	}
}

func TestCheckPayee(t *testing.T) {
	for _, test := range []struct {
		channel money.ChannelName
		account string
		ok      bool
	}{
		{money.WeChat, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", true},
		{money.WeChat, "o", false},
		{money.WeChat, "oUpF8uMuAJO M2pxb1Q9zNjWeS6o", false},
		{money.Alipay, "13800000000", true},
		{money.Alipay, "2088000000000001", true},
		{money.Alipay, "li.lei@example.com", true},
		{money.Alipay, "1380000000", false},
		{money.Alipay, "li.lei@", false},
		{money.Alipay, "", false},
		{money.ToBank, "6222020000000000007", false},
		{money.ToBank, "4111111111111111", true}, // the number that all examples have
		{money.ToBank, "4111111111111112", false},
		{money.ToBank, "1411111111111111", false}, // two digits swapped
		{money.ToBank, "411111111111111", false},
		{money.ToBank, "4111 1111 1111 1111", false},
	} {
		err := money.CheckPayee(test.channel, test.account)
		var bad *money.PayeeError
		if (err == nil) != test.ok || err != nil && !errors.As(err, &bad) {
			t.Errorf("%s %q: %v", test.channel, test.account, err)
		}
	}
	if got := money.MaskAccount("4111111111111111"); got != "****1111" {
		t.Errorf("masked: %q", got)
	}
	if got := money.MaskAccount("1111"); got != "****" {
		t.Errorf("masked: %q", got)
	}
}

func TestWordsOfMoney(t *testing.T) {
	for _, test := range []struct {
		channel       money.ChannelName
		paid, subsidy money.Fen
		zh, en        string
	}{
		{
			money.Alipay, 23_00, 5_00, "支付宝到账23元，补贴5元",
			"Alipay: 23 yuan received, subsidy 5 yuan",
		},
		{money.WeChat, 23_50, 0, "微信到账23.5元", "WeChat: 23.5 yuan received"},
		{money.InWallet, 5, 0, "钱包到账0.05元", "Wallet: 0.05 yuan received"},
		{
			money.Alipay, 0, 100_00, "支付宝到账0元，补贴100元",
			"Alipay: 0 yuan received, subsidy 100 yuan",
		},
	} {
		zh, en := money.ArrivedWords(test.channel, test.paid, test.subsidy)
		if zh != test.zh || en != test.en {
			t.Errorf("%q %q, want %q %q", zh, en, test.zh, test.en)
		}
	}
	w := withdrawal()
	for state, want := range map[money.AttemptState]string{
		money.AttemptPaid:   "提现100元已到支付宝",
		money.AttemptClosed: "提现100元失败，已退回余额",
		money.AttemptSent:   "提现100元，请在支付宝确认收款",
	} {
		w.State = state
		if zh, en := money.WithdrawnWords(w); zh != want || en == "" {
			t.Errorf("%s: %q %q, want %q", state, zh, en, want)
		}
	}
}
