package ops

import (
	"time"

	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// campaignOf keeps times to the millisecond, as rows do. A *money.CampaignError names a side whose
// gift is told in both forms.
func campaignOf(pb *opspb.Campaign) (money.Campaign, error) {
	c := money.Campaign{
		ID: money.CampaignID(pb.GetId()), Version: int(pb.GetVersion()), Name: pb.GetName(),
		City: pb.GetCity(), Sponsor: money.Party(pb.GetSponsor()),
		Channel: money.ChannelName(pb.GetChannel()), State: money.CampaignRuns,
		Group: pb.GetGroup(), When: whenOf(pb.GetWhen()), Cap: money.Fen(pb.GetCapFen()),
		Limits: money.Limits{
			Rider: int(pb.GetLimits().GetRider()), Driver: int(pb.GetLimits().GetDriver()),
			Pair: int(pb.GetLimits().GetPair()), City: int(pb.GetLimits().GetCity()),
			Device: int(pb.GetLimits().GetDevice()),
		},
		StartsAt: wire.TimeOf(pb.GetStartsAt()).Truncate(time.Millisecond),
		EndsAt:   wire.TimeOf(pb.GetEndsAt()).Truncate(time.Millisecond),
	}
	var err error
	if c.Rider, err = sideOf("rider", pb.GetRiderFen(), pb.GetRider()); err != nil {
		return c, err
	}
	c.Driver, err = sideOf("driver", pb.GetDriverFen(), pb.GetDriver())
	return c, err
}

// sideOf is the gift of a side, told as one amount or in full.
func sideOf(side string, fen int64, gift *opspb.CampaignGift) (money.Gift, error) {
	switch full := giftOf(gift); {
	case gift == nil:
		return money.Fixed(money.Fen(fen)), nil
	case fen != 0 && (full.None() || full.Fixed != money.Fen(fen)):
		return full, &money.CampaignError{
			Field: side, Limit: "0, or the same, beside a gift in full",
		}
	default:
		return full, nil
	}
}

func giftOf(pb *opspb.CampaignGift) money.Gift {
	g := money.Gift{Fixed: money.Fen(pb.GetFixedFen())}
	if p := pb.GetPercent(); p != nil {
		g.Percent = money.PercentGift{
			Percent: int(p.GetPercent()), Cap: money.Fen(p.GetCapFen()),
		}
	}
	if r := pb.GetRandom(); r != nil {
		g.Random = money.RandomGift{
			From: money.Fen(r.GetFromFen()), To: money.Fen(r.GetToFen()),
			Step: money.Fen(r.GetStepFen()),
		}
	}
	for _, tier := range pb.GetTiers().GetTiers() {
		g.Tiers = append(g.Tiers, money.TierGift{
			From: int(tier.GetFromRide()), Amount: money.Fen(tier.GetAmountFen()),
		})
	}
	if p := pb.GetPrice(); p != nil {
		g.Price = money.PriceGift{
			Price: money.Fen(p.GetPriceFen()), Cap: money.Fen(p.GetCapFen()),
		}
	}
	return g
}

func giftPB(g money.Gift) *opspb.CampaignGift {
	switch {
	case g.None():
		return nil
	case g.Percent != (money.PercentGift{}):
		return &opspb.CampaignGift{Gift: &opspb.CampaignGift_Percent{
			Percent: &opspb.CampaignPercent{
				Percent: int32Of(g.Percent.Percent), CapFen: int64(g.Percent.Cap),
			},
		}}
	case g.Random != (money.RandomGift{}):
		return &opspb.CampaignGift{Gift: &opspb.CampaignGift_Random{
			Random: &opspb.CampaignRandom{
				FromFen: int64(g.Random.From), ToFen: int64(g.Random.To),
				StepFen: int64(g.Random.Step),
			},
		}}
	case len(g.Tiers) > 0:
		tiers := &opspb.CampaignTiers{}
		for _, t := range g.Tiers {
			tiers.Tiers = append(tiers.Tiers, &opspb.CampaignTier{
				FromRide: int32Of(t.From), AmountFen: int64(t.Amount),
			})
		}
		return &opspb.CampaignGift{Gift: &opspb.CampaignGift_Tiers{Tiers: tiers}}
	case g.Price != (money.PriceGift{}):
		return &opspb.CampaignGift{Gift: &opspb.CampaignGift_Price{
			Price: &opspb.CampaignPrice{
				PriceFen: int64(g.Price.Price), CapFen: int64(g.Price.Cap),
			},
		}}
	default:
		return &opspb.CampaignGift{Gift: &opspb.CampaignGift_FixedFen{FixedFen: int64(g.Fixed)}}
	}
}

func whenOf(pb *opspb.CampaignWhen) money.When {
	w := money.When{
		MinFare:         money.Fen(pb.GetMinFareFen()),
		MaxFare:         money.Fen(pb.GetMaxFareFen()),
		MinDistanceM:    int(pb.GetMinDistanceMeters()),
		MaxDistanceM:    int(pb.GetMaxDistanceMeters()),
		FirstRide:       pb.GetFirstRide(),
		FirstAppPayment: pb.GetFirstAppPayment(),
		Segments:        pb.GetSegments(),
		Expr:            pb.GetExpression(),
	}
	for _, channel := range pb.GetChannels() {
		w.Channels = append(w.Channels, money.ChannelName(channel))
	}
	for _, kind := range pb.GetKinds() {
		w.Kinds = append(w.Kinds, kindOf(kind))
	}
	for _, h := range pb.GetHours() {
		hours := money.Hours{From: int(h.GetFromMinute()), To: int(h.GetToMinute())}
		for _, day := range h.GetDays() {
			hours.Days = append(hours.Days, int(day))
		}
		w.Hours = append(w.Hours, hours)
	}
	return w
}

// kinds are those of rides, as the protocol and as money have them.
var kinds = map[typepb.RideKind]string{
	typepb.RideKind_RIDE_KIND_HAILED: money.KindHailed,
	typepb.RideKind_RIDE_KIND_STREET: money.KindStreet,
	typepb.RideKind_RIDE_KIND_BOOKED: money.KindBooked,
}

// kindOf is "" for a kind that is none: money refuses it.
func kindOf(pb typepb.RideKind) string { return kinds[pb] }

func whenPB(w money.When) *opspb.CampaignWhen {
	pb := &opspb.CampaignWhen{
		MinFareFen: int64(w.MinFare), MaxFareFen: int64(w.MaxFare),
		MinDistanceMeters: int32Of(w.MinDistanceM), MaxDistanceMeters: int32Of(w.MaxDistanceM),
		FirstRide: w.FirstRide, FirstAppPayment: w.FirstAppPayment,
		Segments: w.Segments, Expression: w.Expr,
	}
	for _, channel := range w.Channels {
		pb.Channels = append(pb.Channels, string(channel))
	}
	for _, kind := range w.Kinds {
		for of, name := range kinds {
			if name == kind {
				pb.Kinds = append(pb.Kinds, of)
			}
		}
	}
	for _, h := range w.Hours {
		hours := &opspb.CampaignHours{FromMinute: int32Of(h.From), ToMinute: int32Of(h.To)}
		for _, day := range h.Days {
			hours.Days = append(hours.Days, int32Of(day))
		}
		pb.Hours = append(pb.Hours, hours)
	}
	return pb
}

func campaignPB(c money.Campaign, left money.Fen) *opspb.Campaign {
	pb := &opspb.Campaign{
		Id: string(c.ID), Version: int32Of(c.Version), City: c.City, Sponsor: string(c.Sponsor),
		Channel: string(c.Channel), RiderFen: int64(c.Rider.Fixed),
		DriverFen: int64(c.Driver.Fixed),
		CapFen:    int64(c.Cap), StartsAt: wire.TimePB(c.StartsAt), EndsAt: wire.TimePB(c.EndsAt),
		LeftFen: int64(left), Name: c.Name, Group: c.Group, When: whenPB(c.When),
		Rider: giftPB(c.Rider), Driver: giftPB(c.Driver),
		State: opspb.CampaignState(c.State), //nolint:gosec // G115: one of three
	}
	if l := c.Limits; l != (money.Limits{}) {
		pb.Limits = &opspb.CampaignLimits{
			Rider: int32Of(l.Rider), Driver: int32Of(l.Driver),
			Pair: int32Of(l.Pair), City: int32Of(l.City), Device: int32Of(l.Device),
		}
	}
	return pb
}
