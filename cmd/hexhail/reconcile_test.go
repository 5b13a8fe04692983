package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/money/alipay"
	"hexhail/money/wechat"
)

// TestReconcile takes rides that were paid through both channels to the end: their bills are
// fetched and compared, what agrees is settled, rows that the channel has made up are found and
// booked by ops, and in the end no channel owes us anything. Again changes nothing.
func TestReconcile(t *testing.T) {
	t.Parallel()
	reconcileBoth(t)
}

// TestReconcileInAnotherTime is the same in a city whose clock shows another year.
func TestReconcileInAnotherTime(t *testing.T) {
	t.Parallel()
	reconcileBoth(t, "--clock-epoch", "2014-01-10T08:00:00+08:00", "--clock-rate", "10")
}

func reconcileBoth(t *testing.T, more ...string) {
	r := openRealm(t, append([]string{"--channels", "standin"}, more...)...)
	for range 2 {
		r.cast(completed).payThrough(money.WeChat, money.WayApp, "")
		r.cast(completed).payThrough(money.Alipay, money.WayApp, "")
	}
	day := time.Now().In(beijing).Format(time.DateOnly)
	reconcile := func(want int, words ...string) string {
		t.Helper()
		code, stdout, stderr := hexhail(t.Context(), append(append([]string{"reconcile"},
			words...), "--data-dir", r.service.config.DataDir)...)
		if code != want {
			t.Fatalf("reconcile %v: code %d, %s%s", words, code, stdout, stderr)
		}
		return stdout + stderr
	}
	has := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("want %q in\n%s", want, text)
			}
		}
	}
	for range 2 {
		has(reconcile(exitOK, day, "--channel", "alipay"), "alipay//"+day,
			"0 differences are open; alipay owes us 0.00 yuan")
	}
	r.posts("/faults", []map[string]any{{"call": "bill", "fault": "bill_extra", "times": 1}})
	has(reconcile(exitOK, day, "--channel", "wechat"), "4 differences are open")
	found := reconcile(exitOK, "differences")
	has(found, "missing_at_us", "to suspense:bill", "from bank to channel_clearing:wechat")
	reconcile(exitUsage, "approve", "one")
	reconcile(exitFailed, "approve", "none", "--note", "why")
	for _, id := range regexp.MustCompile(`(?m)^wechat/\S+`).FindAllString(found, -1) {
		for range 2 {
			has(reconcile(exitOK, "approve", id, "--note", "they looked it up"), "booked: book")
		}
		has(reconcile(exitFailed, "approve", id, "--note", "otherwise"), "cannot be approved")
	}
	has(reconcile(exitOK, "bills"), "wechat//"+day, "alipay//"+day)
	has(reconcile(exitFailed, day, "--channel", "wechat"), "imported before are missing")
	has(reconcile(exitFailed, "2014-13-13", "--channel", "wechat"), "day")
	for _, c := range []money.ChannelName{money.WeChat, money.Alipay} {
		if left := r.balance(money.ChannelClearing(c)); left != 0 {
			t.Errorf("%s owes us %s yuan", c, -left)
		}
	}
	standings, err := r.service.reconciler().Standings(t.Context(), r.service.clock.Now())
	r.ok(err)
	want := []money.Standing{{Channel: money.Alipay}, {Channel: money.WeChat}}
	if !slices.Equal(standings, want) {
		t.Errorf("standings %+v", standings)
	}
}

// TestMadeBills: before half past ten in Beijing the bill of yesterday is not asked for.
func TestMadeBills(t *testing.T) {
	at := time.Date(2014, 3, 2, 10, 29, 0, 0, beijing)
	if days := madeBills(at); days[0] != "2014-02-28" || len(days) != billDays {
		t.Errorf("%v", days)
	}
	if days := madeBills(at.Add(time.Minute)); days[0] != "2014-03-01" || days[1] != "2014-02-28" {
		t.Errorf("%v", days)
	}
}

// TestBillFault: what adapters say of their bills has one meaning.
func TestBillFault(t *testing.T) {
	other := errors.New("the disk is full")
	id := money.BillID{Channel: money.WeChat, Day: "2014-01-10"}
	for _, c := range []struct {
		said   error
		kind   dispatch.Kind
		reason dispatch.Reason
	}{
		{wechat.ErrNoBill, dispatch.NotFound, dispatch.ReasonNoBill},
		{alipay.ErrNoBill, dispatch.NotFound, dispatch.ReasonNoBill},
		{wechat.ErrBillNotReady, dispatch.Unavailable, dispatch.ReasonNoBill},
		{wechat.ErrBillHash, dispatch.Conflict, dispatch.ReasonBill},
		{&wechat.BillError{Fault: wechat.BillCutShort}, dispatch.Conflict, dispatch.ReasonBill},
		{&alipay.BillError{Why: "cut"}, dispatch.Conflict, dispatch.ReasonBill},
		{&wechat.Error{Call: "bill"}, dispatch.Unavailable, dispatch.ReasonNoBill},
		{&alipay.Error{Call: "bill"}, dispatch.Unavailable, dispatch.ReasonNoBill},
		{other, dispatch.Internal, dispatch.ReasonStore},
	} {
		kind, reason := dispatch.Classify(billFault(id, c.said))
		if kind != c.kind || reason != c.reason {
			t.Errorf("%v: %s %s, want %s %s", c.said, kind, reason, c.kind, c.reason)
		}
	}
	if billFault(id, nil) != nil {
		t.Error("no fault is one")
	}
}
