//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"hexhail/bus/bustest"
	"hexhail/money"
	"hexhail/money/standin"
	"hexhail/sim"
)

// standins are the stand-ins of the channels as a process that outlives the server.
type standins struct {
	*process
	t               testing.TB
	channels, phone string
}

// startStandins starts them; notify is where they tell.
func startStandins(t testing.TB, notify string, more ...string) *standins {
	t.Helper()
	dir, address := filepath.Join(t.TempDir(), "standin"), bustest.FreeAddress(t)
	s := &standins{
		t: t, channels: filepath.Join(dir, channelsName), phone: "http://" + address + "/phone",
	}
	args := append([]string{
		"standin", "--addr", address, "--dir", dir, "--notify-url", notify,
	}, more...)
	s.process = launch(t, dir+".log", program(t), args...)
	eventually(t, "the stand-ins listen", patience, func() bool {
		answer, err := client.Get(s.phone)
		if err == nil {
			_ = answer.Body.Close()
		}
		return err == nil
	})
	return s
}

// ask posts to the payers' phone.
func (s *standins) ask(path string, ask, answer any) {
	s.t.Helper()
	body, err := json.Marshal(ask)
	must(s.t, err)
	got, err := client.Post(s.phone+path, "application/json", bytes.NewReader(body))
	must(s.t, err)
	defer func() { _ = got.Body.Close() }()
	must(s.t, json.NewDecoder(got.Body).Decode(answer))
	if got.StatusCode != http.StatusOK {
		s.t.Fatalf("phone %s: %s", path, got.Status)
	}
}

// troubles are a bad day of both channels: one call in ten is carried out and not answered, one in
// ten fails, notices are lost or come in crowds.
var troubles = []standin.Rule{
	{Call: standin.CallCharge, Fault: standin.HangAfter, PPM: 100_000},
	{Call: standin.CallCharge, Fault: standin.SystemError, PPM: 111_111},
	{Call: standin.CallQuery, Fault: standin.SystemError, PPM: 100_000},
	{Call: standin.CallRefund, Fault: standin.HangAfter, PPM: 100_000},
	{Call: standin.CallNotice, Fault: standin.NoticeLost, PPM: 100_000},
	{Call: standin.CallNotice, Fault: standin.NoticeTwice, PPM: 20_000},
}

// moved is what the payers' side of a channel knows: paid, less what has gone back.
func (s *standins) moved(channel money.ChannelName) money.Fen {
	s.t.Helper()
	var got struct{ Totals standin.Totals }
	s.ask("/orders", map[string]any{"channel": channel, "merchant": ""}, &got)
	return got.Totals.Paid - got.Totals.Refunded
}

// killPaying kills a server while most of its riders pay through channels that have a bad day.
// Every payment is captured once: what payers have paid is what the books have, all rides settle,
// and after the night no channel and no sponsor owes anything.
func killPaying(t *testing.T) {
	p := play{riders: 150, taxis: 100, span: 4 * time.Minute, rate: 20}
	begins := evening.Add(-time.Duration(p.rate * float64(5*time.Second)))
	w := prepareTown(t, p.clockArgsFrom(begins.AddDate(0, 0, -1))...)
	s := startStandins(t, "http://"+w.http)
	w.args = append(w.args, "--channels", s.channels)
	w.open()
	n := announce(t, w, money.Alipay, 5, begins)
	s.ask("/faults", troubles, &struct{}{})
	c := newCrowd(t, w, p, "--wechat", "0.3", "--alipay", "0.3", "--phone", s.phone)
	kills(t, c, load{requested: 40, claimed: 30, started: 20, onTrip: 5, answers: 20}, 2,
		func(int) {})
	s.balances(t, c.closes(t).report)
	n.falls()
	n.reconciles()
	n.settles()
	n.closes()
}

// balances reports whether a run's rides were paid, each once.
func (s *standins) balances(t *testing.T, r sim.Report) {
	t.Helper()
	if r.Settled != r.Completed || r.Settled < r.Requests/2 {
		t.Errorf("%d of %d completed rides were paid", r.Settled, r.Completed)
	}
	if moved := s.moved(money.WeChat) + s.moved(money.Alipay); moved != r.ChannelsFen ||
		moved < r.FaresFen/4 {
		t.Errorf("payers paid %s, the books have %s of %s", moved, r.ChannelsFen, r.FaresFen)
	}
	t.Logf("%s yuan through channels; refused: %v", r.ChannelsFen, r.Refused)
}
