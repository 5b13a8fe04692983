//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// night is what surrounds a day of a town whose riders pay through channels: a draw is announced on
// the evening before, and when the day is over it is made, bills are compared with the books, and
// the sponsors pay what they were asked for.
type night struct {
	w     *town
	t     *testing.T
	day   money.Day
	slots int // rides that are drawn
	// midnight is when the day ends.
	midnight time.Time
	// began is the channels' day on which it began: they live in the machine's time.
	began string
}

// drawID names the draw of a night.
const drawID = "night"

// announce launches a draw of the day's payments through a channel; then it is the day, at a time.
// The town was opened on the evening before.
func announce(
	t *testing.T, w *town, channel money.ChannelName, slots int, at time.Time,
) *night {
	t.Helper()
	n := &night{w: w, t: t, slots: slots, began: channelsDay()}
	n.day = money.DayOf(at, at.Location())
	_, n.midnight = n.day.Bounds(at.Location())
	file := filepath.Join(t.TempDir(), "draw.json")
	must(t, os.WriteFile(file, fmt.Appendf(nil, `{"id": %q, "version": 1, "city": %q,
		"sponsor": "lottery", "channel": %q, "slots": "%d", "maxWinFen": "10000",
		"numberIs": "3D lottery", "firstDay": %q, "lastDay": %q}`,
		drawID, w.city, channel, slots, n.day, n.day), 0o600))
	n.hexhail("draw", "launch", file)
	w.wind(at)
	return n
}

// channelsDay is the day of both channels' bills.
func channelsDay() string { return time.Now().In(beijing).Format(time.DateOnly) }

// wind ends the server, winds its clock forward to a time, and starts it.
func (w *town) wind(at time.Time) {
	w.t.Helper()
	w.terminate()
	file := filepath.Join(w.dir, clockFile)
	text, err := os.ReadFile(file)
	must(w.t, err)
	var clock wire.Clock
	must(w.t, json.Unmarshal(text, &clock))
	clock.Epoch, clock.Start = at, time.Now()
	text, err = json.Marshal(clock)
	must(w.t, err)
	must(w.t, os.WriteFile(file, text, 0o600))
	w.args[slices.Index(w.args, "--clock-epoch")+1] = at.Format(time.RFC3339)
	w.start()
	w.awake()
}

// try runs a command on the town's data.
func (n *night) try(words ...string) (string, error) {
	words = append(words, "--data-dir", n.w.dir)
	text, err := exec.CommandContext(n.t.Context(), program(n.t), words...).CombinedOutput()
	return string(text), err
}

// hexhail is try for a command that has to succeed.
func (n *night) hexhail(words ...string) string {
	n.t.Helper()
	text, err := n.try(words...)
	if err != nil {
		n.t.Fatalf("hexhail %v: %v\n%s", words, err, text)
	}
	return text
}

// falls ends the day: ops let go what looked like brushing, the list freezes, they enter the
// number, winners get their money back. Everybody can draw again.
func (n *night) falls() {
	n.t.Helper()
	n.w.wind(n.midnight.Add(money.FreezeAfter))
	for ride := range n.w.held(n.w.city) {
		_, err := n.w.ops.DecideHold(n.w.asOps(), &opspb.DecideHoldRequest{
			RequestId: "hold/" + ride, RideId: ride, Release: true, Note: "a short way",
		})
		must(n.t, err)
	}
	eventually(n.t, "the number is taken", patience, func() bool {
		_, err := n.try("draw", "number", string(n.day), "385", "--city", n.w.city)
		return err == nil
	})
	eventually(n.t, "the winners are paid", 5*patience, func() bool {
		days, err := n.w.ops.ListDrawDays(n.w.asOps(), &opspb.ListDrawDaysRequest{
			City: n.w.city, FromDay: string(n.day), ToDay: string(n.day),
		})
		must(n.t, err)
		return slices.ContainsFunc(days.GetDays(), func(d *opspb.DrawDay) bool {
			return d.GetDay() == string(n.day) && d.GetState() == opspb.DrawState_DRAW_STATE_PAID
		})
	})
	told := n.hexhail("draw", "verify", string(n.day), "--city", n.w.city)
	if !strings.Contains(told, fmt.Sprintf(" %d won, as published", n.slots)) {
		n.t.Errorf("want %d winners: %s", n.slots, told)
	}
}

// reconciles compares the bills of both channels, until neither owes us anything: refunds that hang
// take a while.
func (n *night) reconciles() {
	n.t.Helper()
	for _, channel := range []money.ChannelName{money.WeChat, money.Alipay} {
		settled := fmt.Sprintf("0 differences are open; %s owes us 0.00 yuan", channel)
		var told string
		eventually(n.t, string(channel)+" has paid", 3*patience, func() bool {
			for _, day := range slices.Compact([]string{n.began, channelsDay()}) {
				told, _ = n.try("reconcile", day, "--channel", string(channel))
			}
			return strings.Contains(told, settled)
		})
	}
}

// settles asks the sponsors, ends campaigns and draw, and lets the sponsors pay.
func (n *night) settles() {
	n.t.Helper()
	next := n.day.Next()
	_, over := next.Bounds(n.midnight.Location())
	n.w.wind(over.Add(12 * time.Hour))
	ctx := n.w.asOps()
	campaigns, err := n.w.ops.ListCampaigns(ctx, &opspb.ListCampaignsRequest{City: n.w.city})
	must(n.t, err)
	for _, c := range campaigns.GetCampaigns() {
		_, err = n.w.ops.EndCampaign(ctx, &opspb.EndCampaignRequest{
			RequestId: "end/" + c.GetId(), City: n.w.city, CampaignId: c.GetId(),
		})
		must(n.t, err)
	}
	_, err = n.w.ops.EndDraw(ctx, &opspb.EndDrawRequest{
		RequestId: "end draw", City: n.w.city, DrawId: drawID,
	})
	must(n.t, err)
	for _, day := range []money.Day{n.day, next} {
		n.hexhail("sponsor", "make", string(day), "--city", n.w.city)
	}
	claims, err := n.w.ops.ListClaims(ctx, &opspb.ListClaimsRequest{})
	must(n.t, err)
	for _, c := range claims.GetClaims() {
		n.hexhail("sponsor", "settle", c.GetCampaignId(), c.GetDay(),
			"--amount", inYuan(c.GetDueFen()), "--why", "has arrived")
	}
}

// closes is the end: every account of channels and sponsors is 0, and the chain is whole.
func (n *night) closes() {
	n.t.Helper()
	n.t.Log(n.hexhail("ledger", "check"))
	books, err := n.w.ops.AuditBooks(n.w.asOps(), &opspb.AuditBooksRequest{})
	must(n.t, err)
	if !books.GetSound() || books.GetPendingFen() != 0 {
		n.t.Errorf("sound %v, pending %d", books.GetSound(), books.GetPendingFen())
	}
	for _, class := range []string{
		"channel_clearing", "sponsor_receivable", "promo_budget", "suspense",
	} {
		if left := books.GetBalancesFen()[class]; left != 0 {
			n.t.Errorf("%s %s yuan", class, inYuan(left))
		}
	}
}
