package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/ops"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// paidInWallet writes a settled ride that its rider has paid out of the wallet.
func (r *realm) paidInWallet(n int, at time.Time) dispatch.RideID {
	r.t.Helper()
	ride := dispatch.Ride{
		ID: dispatch.RideID(fmt.Sprintf("%s%016d", dispatch.MadeAt(at), n)), City: "beijing",
		Kind: dispatch.Hailed, State: dispatch.Settled, Version: 1, Search: 1,
		Rider: dispatch.RiderID(fmt.Sprint("drawn", n)), Driver: "D", Taxi: "T", Seats: 1,
		PayBy: money.InWallet, RequestedAt: at, CompletedAt: at, EndedAt: at, ChangedAt: at,
		Fare: dispatch.Fare{Meter: 28_00, State: dispatch.FareAccepted},
	}
	p := money.Payment{
		ID:      money.NewPaymentID(ride.Subject(), money.PurposeFare, money.Party(ride.Rider)),
		Subject: ride.Subject(), Payer: money.Party(ride.Rider), Payee: "D",
		Purpose: money.PurposeFare, Amount: 28_00, Discount: 5_00, State: money.PaymentPaid,
		Channel: money.InWallet, Attempts: 1,
	}
	a := money.Attempt{
		ID: money.AttemptID("A" + ride.ID), Payment: p.ID, Subject: p.Subject, Payer: p.Payer,
		Payee: p.Payee, Purpose: p.Purpose, Channel: money.InWallet, State: money.AttemptPaid,
		MadeAt: at, Order: money.AttemptID("A" + ride.ID), Captured: 23_00,
		Legs: []money.Leg{{Instrument: money.InWallet, Amount: 23_00}},
	}
	r.ok(r.service.db.Tx(r.t.Context(), func(tx dispatch.Tx) error {
		if err := tx.InsertRide(ride); err != nil {
			return err
		}
		if err := tx.InsertPayment(p); err != nil {
			return err
		}
		return tx.InsertAttempt(a)
	}))
	return ride.ID
}

// TestDrawByHand: a draw is launched, numbered and verified from the command line, by the server
// and by a file, and a file that was changed is caught.
func TestDrawByHand(t *testing.T) {
	r := openRealm(t)
	s := r.service
	zone := s.cities["beijing"].Zone
	day := money.DayOf(s.clock.Now(), zone).Next()
	from, to := day.Bounds(zone)
	hex := func(want int, args ...string) (string, string) {
		t.Helper()
		args = append(args, "--data-dir", s.config.DataDir)
		code, stdout, stderr := hexhail(t.Context(), args...)
		if code != want {
			t.Fatalf("%v: %d, %s%s", args, code, stdout, stderr)
		}
		return stdout, stderr
	}
	file := filepath.Join(t.TempDir(), "draw.json")
	r.ok(os.WriteFile(file, fmt.Appendf(nil, `{"id": "D1", "version": 1, "city": "beijing",
		"sponsor": "us", "channel": "wallet", "slots": 2, "maxWinFen": "2000",
		"numberIs": "3D lottery", "firstDay": "%s", "lastDay": "%s"}`, day, day), 0o600))
	hex(exitOK, "draw", "launch", file)
	hex(exitOK, "draw", "launch", file)
	for n := range 5 {
		r.paidInWallet(n, from.Add(time.Duration(n)*time.Hour))
	}
	if _, said := hex(exitFailed, "draw", "number", string(day), "385"); !strings.Contains(said,
		"FailedPrecondition") {
		t.Errorf("before the day is over: %s", said)
	}
	for range 2 { // the list, and its freezing
		_, err := s.desk.Draws(t.Context(), to.Add(money.FreezeAfter))
		r.ok(err)
	}
	_, said := hex(exitFailed, "draw", "verify", string(day))
	if !strings.Contains(said, "frozen: not drawn yet") {
		t.Errorf("before it is drawn: %s", said)
	}
	hex(exitOK, "draw", "number", string(day), "385")
	r.eventually("the day is paid", func() bool { return r.drawState(day) == money.DrawPaid })
	told, _ := hex(exitOK, "draw", "verify", string(day))
	if !strings.Contains(told, "5 rides, 2 won, as published") ||
		strings.Count(told, " 20.00 yuan") != 2 {
		t.Errorf("told %s", told)
	}
	r.verifyFile(day, hex)
	if left := r.balance(money.DrawBudget("D1")); left != 0 {
		t.Errorf("%s of 40 yuan is left", left)
	}
}

func (r *realm) drawState(day money.Day) (state money.DrawState) {
	r.t.Helper()
	r.ok(r.service.db.View(r.t.Context(), func(tx dispatch.Tx) error {
		d, err := tx.DrawDay("beijing", day)
		state = d.State
		return err
	}))
	return state
}

// verifyFile verifies what the server publishes as a file, whole and forged.
func (r *realm) verifyFile(day money.Day, hex func(int, ...string) (string, string)) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet,
		"http://"+r.service.httpAt.Addr().String()+ops.DrawsPath+"beijing/"+string(day), nil)
	r.ok(err)
	res, err := http.DefaultClient.Do(req)
	r.ok(err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	r.ok(err)
	file := filepath.Join(r.t.TempDir(), "list.txt")
	r.ok(os.WriteFile(file, text, 0o600))
	hex(exitOK, "draw", "verify", string(day), "--file", file)
	hex(exitUsage, "draw", "verify", "tomorrow", "--file", file)
	hex(exitFailed, "draw", "verify", string(day.Next()), "--file", file)
	_, said := hex(exitFailed, "draw", "verify", string(day), "--file", file,
		"--commitment", strings.Repeat("0", 64))
	if !strings.Contains(said, "not the one that you have seen") {
		r.t.Errorf("another commitment: %s", said)
	}
	r.ok(os.WriteFile(file, bytes.Replace(text, []byte(" 2300\n"), []byte(" 2301\n"), 1), 0o600))
	_, said = hex(exitFailed, "draw", "verify", string(day), "--file", file)
	if !strings.Contains(said, "list is not the hash of the lots") {
		r.t.Errorf("a list that was changed: %s", said)
	}
}

// TestDrawFiles: every example is read.
func TestDrawFiles(t *testing.T) {
	files, err := filepath.Glob("../../docs/draws/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		d := &opspb.Draw{}
		if err := readMessage(name, d); err != nil || d.GetSlots() == 0 {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}
