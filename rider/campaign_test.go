package rider_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// TestListCampaigns: a rider sees what runs and how many rides of today are left, and on the ride
// why the next one has nothing off.
func TestListCampaigns(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	driver := w.taxi("A", w.at(0, 0))
	w.ok(money.Cashier{Store: w.db}.Launch(t.Context(), money.Campaign{
		ID: "ten", Version: 1, Name: "满减", City: "beijing", Sponsor: "us", Channel: money.InWallet,
		State: money.CampaignRuns, Rider: money.Fixed(10_00), Cap: 100_00,
		When:     money.When{Channels: []money.ChannelName{"alipay", "wechat"}},
		Limits:   money.Limits{Rider: 1},
		StartsAt: w.now().Add(-time.Hour), EndsAt: w.now().Add(time.Hour),
	}, w.now()))
	left := func(want int32) {
		t.Helper()
		got, err := a.ListCampaigns(a.ctx, &riderpb.ListCampaignsRequest{City: "beijing"})
		w.ok(err)
		c := got.GetCampaigns()
		if len(c) != 1 || c[0].LeftToday == nil || c[0].GetLeftToday() != want ||
			c[0].GetGift() != "10.00 yuan off" || c[0].GetGiftZh() != "立减10.00元" ||
			len(c[0].GetChannels()) != 3 || c[0].GetName() != "满减" {
			t.Errorf("%v, want %d left", got, want)
		}
	}
	left(1)
	w.ridden(a, driver, 1500)
	left(0)
	got, err := a.GetRide(a.ctx, &riderpb.GetRideRequest{
		RideId: string(w.ridden(a, driver, 1500)),
	})
	w.ok(err)
	why := got.GetRide().GetSubsidy().GetRefusals()
	if len(why) != 1 || why[0].GetReason() != "rider_limit" || why[0].GetTextZh() !=
		"您今日的补贴次数已用完。" || got.GetRide().GetSubsidy().GetReason() != "rider_limit" {
		t.Errorf("%v", got.GetRide().GetSubsidy())
	}
	_, err = a.ListCampaigns(a.ctx, &riderpb.ListCampaignsRequest{City: "atlantis"})
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)
}

// TestPhoneOfARide: the ride keeps which phone has asked for it, as its token says.
func TestPhoneOfARide(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	got, err := a.RequestRide(a.ctx, w.request("r", 0))
	w.ok(err)
	var r dispatch.Ride
	w.ok(w.db.View(t.Context(), func(tx dispatch.Tx) error {
		r, err = tx.Ride(dispatch.RideID(got.GetRide().GetRideId()))
		return err
	}))
	if r.Device != "d1" {
		t.Errorf("asked for by %q", r.Device)
	}
}
