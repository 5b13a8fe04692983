package dispatch_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"hexhail/dispatch"
	"hexhail/money"
)

// codeVectors are the lines of a file that have a secret, a handle, a time and a code.
func codeVectors(t *testing.T, file string, clean *strings.Replacer) (n int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(clean.Replace(line))
		if len(fields) != 4 {
			continue
		}
		secret, err := hex.DecodeString(fields[0])
		if err != nil || len(secret) != dispatch.WalletSecretBytes {
			continue
		}
		var unix int64
		if _, err := fmt.Sscan(fields[2], &unix); err != nil {
			t.Fatal(err)
		}
		c := dispatch.WalletCode{Handle: fields[1], Secret: secret}
		step := dispatch.WalletStepAt(time.Unix(unix, 0))
		if got := c.Shown(step); got != fields[3] || len(got) != dispatch.WalletCodeDigits {
			t.Errorf("%s at %d: %s, want %s", file, unix, got, fields[3])
		}
		n++
	}
	return n
}

// The codes are those of the standard's own examples, and those that the page for developers shows.
func TestWalletCodeVectors(t *testing.T) {
	if n := codeVectors(t, "testdata/walletcode.txt", strings.NewReplacer()); n < 6 {
		t.Errorf("%d vectors", n)
	}
	page := strings.NewReplacer("|", " ", "`", "")
	if n := codeVectors(t, "../docs/payments.md", page); n < 2 {
		t.Errorf("%d examples on the page", n)
	}
}

// A code holds in its own minute, the one before and the one after, as a clock may be wrong.
func TestWalletCodeSkew(t *testing.T) {
	c := dispatch.WalletCode{Handle: "0123456789", Secret: []byte(strings.Repeat("s", 32))}
	at := time.Date(2013, 12, 20, 12, 0, 30, 0, time.UTC)
	digits := c.Digits(dispatch.WalletStepAt(at))
	for minutes, want := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := c.Match(digits, at.Add(time.Duration(minutes)*time.Minute))
		if ok != want || ok && step != dispatch.WalletStepAt(at) {
			t.Errorf("%d minutes later: %v, step %d", minutes, ok, step)
		}
	}
}

func (w *town) issue() dispatch.WalletCode {
	w.t.Helper()
	c, err := w.desk.IssueWalletCode(w.ctx, w.now, w.key("rider:Ra"), "Ra")
	w.ok(err)
	return c
}

func (w *town) shown(c dispatch.WalletCode) string { return c.Shown(dispatch.WalletStepAt(w.now)) }

func (w *town) collect(driver dispatch.DriverID, ride dispatch.RideID, code string) error {
	_, err := w.desk.Collect(w.ctx, w.now, w.key("driver:"+string(driver)), dispatch.CollectFare{
		Ride: ride, Driver: driver, Means: dispatch.Means{
			Channel: money.InWallet, Way: money.WayBarcode, Token: code,
		},
	})
	if err == nil {
		w.work()
	}
	return err
}

// A driver scans the code of a phone that may be offline, and the ride is paid out of its wallet,
// once for a code.
func TestWalletCodePays(t *testing.T) {
	w := newTown(t)
	w.topUp("a")
	driver := w.taxi("A", w.at(0, 0), 4)
	c := w.issue()
	ride := w.ridden("a", driver, byTrace)
	code := w.shown(c)
	w.ok(w.collect(driver, ride, code))
	if w.ride(ride).State != dispatch.Settled {
		t.Fatal("not paid")
	}
	w.balances(map[money.AccountID]money.Fen{"wallet:Ra": 85_00, payee: 15_00})
	// At the kerb too, where nobody knows who rides; a minute later its code has paid still.
	kerb := w.kerb(driver, true)
	code = w.shown(c)
	w.fails(w.collect(driver, ride, code), dispatch.ReasonStep)
	w.ok(w.collect(driver, kerb, code))
	other := w.kerb(driver, true)
	w.fails(w.collect(driver, other, code), dispatch.ReasonCodeUsed)
	if p := w.purse(); p.Has != 71_00 || p.CodeSince.IsZero() {
		t.Errorf("%+v", p)
	}
}

// A secret that is revoked, or replaced, pays nothing any more; only the same request hears it
// again.
func TestWalletCodeRevoked(t *testing.T) {
	w := newTown(t)
	w.topUp("a")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("a", driver, byTrace)
	key := w.key("rider:Ra")
	first, err := w.desk.IssueWalletCode(w.ctx, w.now, key, "Ra")
	w.ok(err)
	same, err := w.desk.IssueWalletCode(w.ctx, w.now, key, "Ra")
	w.ok(err)
	if w.shown(same) != w.shown(first) {
		t.Error("the same request has another secret")
	}
	second := w.issue()
	_, err = w.desk.IssueWalletCode(w.ctx, w.now, key, "Ra")
	because(t, err, dispatch.ReasonUnknownCode)
	because(t, w.collect(driver, ride, w.shown(first)), dispatch.ReasonCodeWrong)
	w.ok(w.desk.RevokeWalletCode(w.ctx, w.now, w.key("rider:Ra"), "Ra"))
	w.ok(w.desk.RevokeWalletCode(w.ctx, w.now, w.key("rider:Ra"), "Ra"))
	because(t, w.collect(driver, ride, w.shown(second)), dispatch.ReasonCodeWrong)
	if !w.purse().CodeSince.IsZero() {
		t.Error("there is a secret still")
	}
}

// Ten wrong codes and a driver waits; right ones that do not pay are none of those, and the driver
// hears nothing of the rider's limits or balance.
func TestWrongWalletCodes(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.WalletCodeFen = 16_00 })
	w.desk.PINCost = bcrypt.MinCost
	driver := w.taxi("A", w.at(0, 0), 4)
	c := w.issue()
	ride := w.ridden("a", driver, byTrace)
	dear := w.ridden("a", driver, metered)
	poor := w.collect(driver, ride, w.shown(c))
	w.topUp("a")
	w.ok(w.setPIN("", pinOne, &dispatch.FreeLimits{Each: 10_00, Day: 10_00}))
	for _, err := range []error{
		poor, w.collect(driver, ride, w.shown(c)), w.collect(driver, dear, w.shown(c)),
	} {
		because(t, err, dispatch.ReasonCodeDeclined)
		if text := err.Error(); strings.Contains(text, "0.00") || strings.Contains(text, "10.00") {
			t.Error(text)
		}
	}
	w.ok(w.setPIN(pinOne, "", nil))
	began := w.now
	for i := range dispatch.MaxWrongCodes {
		code := w.shown(c)
		switch i {
		case 0:
			code = "134567890123456789" // of WeChat
		case 1:
			code = "88" + strings.Repeat("9", 18) // of nobody
		default:
			code = code[:len(code)-1] + fmt.Sprint((int(code[len(code)-1]-'0')+1)%10)
		}
		w.fails(w.collect(driver, ride, code), dispatch.ReasonCodeWrong)
	}
	err := w.collect(driver, ride, w.shown(c))
	w.fails(err, dispatch.ReasonCodesLocked)
	if until := refusal(t, err).Until; !until.Equal(began.Add(dispatch.WrongCodesFor)) {
		t.Errorf("until %s", until)
	}
	w.pass(dispatch.WrongCodesFor)
	w.ok(w.collect(driver, ride, w.shown(c)))
	because(t, w.collect("DB", dear, w.shown(c)), dispatch.ReasonUnknownRide)
}
