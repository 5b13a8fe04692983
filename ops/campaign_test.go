package ops_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/ops"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
)

// fullCampaign has something in every field that a request may have.
func (e *edge) fullCampaign() *opspb.Campaign {
	c := e.campaign()
	c.Name, c.Group, c.RiderFen, c.DriverFen = "春节红包", "spring", 0, 0
	c.When = &opspb.CampaignWhen{
		Channels: []string{"alipay"}, Kinds: []typepb.RideKind{typepb.RideKind_RIDE_KIND_HAILED},
		Hours: []*opspb.CampaignHours{
			{Days: []int32{1, 5}, FromMinute: 1320, ToMinute: 1440}, {ToMinute: 300},
		},
		MinFareFen: 100, MaxFareFen: 100_00, MinDistanceMeters: 1, MaxDistanceMeters: 90_000,
		FirstRide: true, FirstAppPayment: true,
		Segments: []string{"students"}, Expression: "true",
	}
	c.Rider = &opspb.CampaignGift{Gift: &opspb.CampaignGift_Random{
		Random: &opspb.CampaignRandom{FromFen: 1200, ToFen: 2000, StepFen: 100},
	}}
	c.Driver = &opspb.CampaignGift{Gift: &opspb.CampaignGift_Tiers{Tiers: &opspb.CampaignTiers{
		Tiers: []*opspb.CampaignTier{{FromRide: 1, AmountFen: 500}, {FromRide: 6, AmountFen: 300}},
	}}}
	c.Limits = &opspb.CampaignLimits{Rider: 3, Driver: 10, Pair: 2, City: 1000, Device: 3}
	return c
}

// TestCampaignLosesNothing: what is launched is listed, to the field.
func TestCampaignLosesNothing(t *testing.T) {
	e := newEdge(t, func(c *ops.Config) { c.CheckExpr = func(string) error { return nil } })
	ctx := e.ops()
	gifts := map[string]*opspb.CampaignGift{
		"percent": {Gift: &opspb.CampaignGift_Percent{
			Percent: &opspb.CampaignPercent{Percent: 20, CapFen: 1000},
		}},
		"price": {Gift: &opspb.CampaignGift_Price{
			Price: &opspb.CampaignPrice{PriceFen: 1, CapFen: 3000},
		}},
		"random": e.fullCampaign().GetRider(),
	}
	for name, gift := range gifts {
		want := e.fullCampaign()
		want.Id, want.Group, want.Rider = name, name, gift
		got, err := e.LaunchCampaign(ctx,
			&opspb.LaunchCampaignRequest{RequestId: name, Campaign: want})
		e.ok(err)
		want.State, want.LeftFen = opspb.CampaignState_CAMPAIGN_STATE_RUNS, 100_000
		if !proto.Equal(got.GetCampaign(), want) {
			t.Errorf("%s: got %v\nwant %v", name, got.GetCampaign(), want)
		}
		list, err := e.ListCampaigns(ctx, &opspb.ListCampaignsRequest{City: "beijing"})
		e.ok(err)
		if !slices.ContainsFunc(list.GetCampaigns(), func(c *opspb.Campaign) bool {
			return proto.Equal(c, want)
		}) {
			t.Errorf("%s is not in %v", name, list)
		}
	}
}

// TestCampaignFields: a refusal names the field as the protocol has it.
func TestCampaignFields(t *testing.T) {
	e := newEdge(t, func(c *ops.Config) { c.CheckExpr = func(string) error { return nil } })
	for field, change := range map[string]func(*opspb.Campaign){
		"campaign.rider_fen": func(c *opspb.Campaign) { c.RiderFen = 5 },
		"campaign.rider.random.to_fen": func(c *opspb.Campaign) {
			c.GetRider().GetRandom().ToFen = 200_01
		},
		"campaign.driver.tiers": func(c *opspb.Campaign) {
			c.GetDriver().GetTiers().GetTiers()[0].FromRide = 2
		},
		"campaign.when.max_fare_fen": func(c *opspb.Campaign) {
			c.GetWhen().MaxFareFen = 99
		},
		"campaign.when.max_distance_meters": func(c *opspb.Campaign) {
			c.GetWhen().MinDistanceMeters = 90_001
		},
		"campaign.when.hours": func(c *opspb.Campaign) {
			c.GetWhen().GetHours()[1].FromMinute = 300
		},
		"campaign.limits.city": func(c *opspb.Campaign) {
			c.GetLimits().City = 1_000_001
		},
		"campaign.channel": func(c *opspb.Campaign) { c.Channel = "cash" },
	} {
		c := e.fullCampaign()
		change(c)
		in := &opspb.LaunchCampaignRequest{RequestId: field, Campaign: c}
		_, err := e.LaunchCampaign(e.ops(), in)
		e.refused(err, codes.InvalidArgument, dispatch.ReasonCampaign)
		if got := fields(err); !slices.Equal(got, []string{field}) {
			t.Errorf("%s: named %q: %v", field, got, err)
		}
	}
}

func TestPauseAndEndACampaign(t *testing.T) {
	e := newEdge(t, sandbox)
	ctx := e.ops()
	_, err := e.LaunchCampaign(ctx,
		&opspb.LaunchCampaignRequest{RequestId: "q", Campaign: e.campaign()})
	e.ok(err)
	for _, tc := range []struct {
		id      string
		paused  bool
		version int32
		state   opspb.CampaignState
	}{
		{"p1", true, 2, opspb.CampaignState_CAMPAIGN_STATE_PAUSED},
		{"p1", true, 2, opspb.CampaignState_CAMPAIGN_STATE_PAUSED},
		{"p2", true, 2, opspb.CampaignState_CAMPAIGN_STATE_PAUSED},
		{"p3", false, 3, opspb.CampaignState_CAMPAIGN_STATE_RUNS},
	} {
		got, err := e.PauseCampaign(ctx, &opspb.PauseCampaignRequest{
			RequestId: tc.id, City: "beijing", CampaignId: "spring", Paused: tc.paused,
		})
		e.ok(err)
		if c := got.GetCampaign(); c.GetVersion() != tc.version || c.GetState() != tc.state {
			t.Errorf("%+v: %v", tc, c)
		}
	}
	end := func(id string, returned int64) {
		t.Helper()
		got, err := e.EndCampaign(ctx, &opspb.EndCampaignRequest{
			RequestId: id, City: "beijing", CampaignId: "spring",
		})
		e.ok(err)
		if got.GetReturnedFen() != returned || got.GetCampaign().GetLeftFen() != 0 ||
			got.GetCampaign().GetState() != opspb.CampaignState_CAMPAIGN_STATE_ENDED {
			t.Errorf("%s: %v", id, got)
		}
	}
	end("e1", 100_000)
	end("e1", 100_000) // the same answer
	end("e2", 0)
	_, err = e.PauseCampaign(ctx, &opspb.PauseCampaignRequest{
		RequestId: "p4", City: "beijing", CampaignId: "spring",
	})
	e.refused(err, codes.InvalidArgument, dispatch.ReasonCampaign)
	if got := fields(err); !slices.Equal(got, []string{"campaign_id"}) {
		t.Errorf("named %q", got)
	}
	_, err = e.EndCampaign(ctx, &opspb.EndCampaignRequest{
		RequestId: "e3", City: "beijing", CampaignId: "nobody's",
	})
	e.refused(err, codes.InvalidArgument, dispatch.ReasonCampaign)
}

// TestPreviewACampaign counts what the town's rides of a day would have had.
func TestPreviewACampaign(t *testing.T) {
	e := newEdge(t, sandbox)
	at := e.now.Add(-time.Hour)
	ids := dispatch.IDs{Entropy: zeroes{}}
	for i := range 6 {
		r := dispatch.Ride{
			City: "beijing", Kind: dispatch.Hailed, State: dispatch.Settled, Version: 1, Search: 1,
			Rider: dispatch.RiderID([]string{"R1", "R2"}[i%2]), Driver: "D1", Seats: 1,
			PayBy:       money.InWallet,
			RequestedAt: at, CompletedAt: at.Add(time.Duration(i) * time.Minute),
			Fare: dispatch.Fare{
				Meter: money.Fen(10_00 * (i + 1)), State: dispatch.FareAccepted, DrivenM: 5000,
			},
		}
		if i == 5 {
			r.PayBy = money.Cash
		}
		r.ID = dispatch.RideID(ids.New(at.Add(time.Duration(i) * time.Second)))
		e.ok(e.db.Tx(t.Context(), func(tx dispatch.Tx) error { return tx.InsertRide(r) }))
	}
	c := e.campaign()
	c.Limits = &opspb.CampaignLimits{Rider: 2}
	in := &opspb.PreviewCampaignRequest{
		Campaign: c, From: timestamppb.New(at), To: timestamppb.New(e.now),
	}
	preview := func() string {
		t.Helper()
		got, err := e.PreviewCampaign(e.ops(), in)
		e.ok(err)
		text, err := protojson.Marshal(got)
		e.ok(err)
		return string(text)
	}
	same := func(name string, want *opspb.PreviewCampaignResponse) {
		t.Helper()
		got, err := e.PreviewCampaign(e.ops(), in)
		e.ok(err)
		if !proto.Equal(got, want) {
			t.Errorf("%s: %v\nwant %v", name, got, want)
		}
	}
	// The fifth ride, R1's third, has the driver's side alone; the sixth is paid by hand.
	same("limits", &opspb.PreviewCampaignResponse{
		Rides: 6, Granted: 5, RiderFen: 20_00, DriverFen: 25_00, Riders: 2, Drivers: 1,
		Refused: []*opspb.PreviewCount{
			{Reason: "other_channel", Rides: 1}, {Reason: "rider_limit", Rides: 1},
		},
	})
	in.AnyChannel, c.Limits = true, nil
	c.When = &opspb.CampaignWhen{FirstRide: true, MinFareFen: 20_00}
	same("first rides", &opspb.PreviewCampaignResponse{
		Rides: 6, Granted: 1, RiderFen: 5_00, DriverFen: 5_00, Riders: 1, Drivers: 1,
		Refused: []*opspb.PreviewCount{
			{Reason: "not_first", Rides: 4}, {Reason: "other_fare", Rides: 1},
		},
	})
	in.To = in.GetFrom()
	_, err := e.PreviewCampaign(e.ops(), in)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	in.To = timestamppb.New(at.Add(31*24*time.Hour + time.Second))
	_, err = e.PreviewCampaign(e.ops(), in)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	in.From, in.To = timestamppb.New(at.Add(-2*time.Hour)), timestamppb.New(at.Add(-time.Hour))
	if got := preview(); got != "{}" {
		t.Errorf("of no ride: %s", got)
	}
}

// zeroes is an endless source of nothing: ids by their time alone.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestExampleCampaigns: every example of docs/campaigns can be launched, a file of a later version
// after the one before it.
func TestExampleCampaigns(t *testing.T) {
	e := newEdge(t, sandbox)
	files, err := filepath.Glob("../docs/campaigns/*.json")
	e.ok(err)
	var all []*opspb.Campaign
	for _, file := range files {
		text, err := os.ReadFile(file)
		e.ok(err)
		c := &opspb.Campaign{}
		if err := protojson.Unmarshal(text, c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b *opspb.Campaign) int {
		return int(a.GetVersion() - b.GetVersion())
	})
	for _, c := range all {
		got, err := e.LaunchCampaign(e.ops(), &opspb.LaunchCampaignRequest{
			RequestId: c.GetId() + c.GetEndsAt().String(), Campaign: c,
		})
		if err != nil {
			t.Errorf("%s: %v", c.GetId(), err)
		} else if got.GetCampaign().GetVersion() != c.GetVersion() {
			t.Errorf("%s: %v", c.GetId(), got)
		}
	}
	if len(all) != 7 {
		t.Errorf("%d examples, want 7", len(all))
	}
}

// TestExpressionIsCompiledAtTheLaunch: what cannot be is refused by its field, at the launch and in
// a preview; who has no compiler takes none.
func TestExpressionIsCompiledAtTheLaunch(t *testing.T) {
	bad := &money.CampaignError{Field: "when.expression", Limit: "an expression that compiles"}
	e := newEdge(t, func(c *ops.Config) {
		c.CheckExpr = func(expr string) error {
			if expr == "good" {
				return nil
			}
			return bad
		}
	})
	without := newEdge(t, sandbox)
	launch := func(e *edge, id, expr string) error {
		c := e.campaign()
		c.Id, c.Group, c.When = id, id, &opspb.CampaignWhen{Expression: expr}
		_, err := e.LaunchCampaign(e.ops(), &opspb.LaunchCampaignRequest{
			RequestId: id, Campaign: c,
		})
		return err
	}
	e.ok(launch(e, "good", "good"))
	for _, err := range []error{launch(e, "bad", "bad"), launch(without, "good", "good")} {
		text := e.refused(err, codes.InvalidArgument, dispatch.ReasonCampaign)
		if !strings.Contains(text, "campaign.when.expression") {
			t.Error(text)
		}
	}
}

// TestChangeSegment: riders come and go by name, and one is in so many at most.
func TestChangeSegment(t *testing.T) {
	e := newEdge(t, sandbox)
	change := func(id, name string, add, drop []string) error {
		_, err := e.ChangeSegment(e.ops(), &opspb.ChangeSegmentRequest{
			RequestId: id, Name: name, AddRiderIds: add, DropRiderIds: drop,
		})
		return err
	}
	for i := range money.MaxRiderSegments {
		e.ok(change(fmt.Sprint(i), fmt.Sprintf("s%02d", i), []string{"R1", "R2"}, []string{"R2"}))
	}
	e.ok(change("again", "s00", []string{"R1"}, nil))
	e.refused(change("more", "more", []string{"R2", "R1"}, nil), codes.ResourceExhausted,
		dispatch.ReasonSegments)
	e.ok(e.db.View(t.Context(), func(tx dispatch.Tx) error {
		one, err := tx.SegmentsOf("R1")
		e.ok(err)
		two, err := tx.SegmentsOf("R2")
		if len(one) != money.MaxRiderSegments || len(two) != 0 {
			t.Errorf("R1 is in %v, R2 in %v", one, two)
		}
		return err
	}))
}
