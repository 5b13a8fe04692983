package dispatch

// BrushRules are the part of a policy that is about order brushing (刷单): rides that are made for
// the sake of their subsidy. The score of a ride is the sum of the weights of what speaks against
// it. It decides on the subsidy alone: never on the ride, its fare, or anybody's account.
// docs/brushing.md tells why each number is what it is.
type BrushRules struct {
	// BrushHold is from which score on a subsidy is held, BrushDeny from which on it is not given,
	// 0–1,000; 0 is never.
	BrushHold int `json:"brush_hold"`
	BrushDeny int `json:"brush_deny"`
	// BrushPairDay is how many rides of a rider with the same driver are subsidised on a business
	// day, 0–100; 0 is any number. It holds for regulars too, and is no suspicion.
	BrushPairDay int `json:"brush_pair_day"`
	// BrushAppealDays is for how many days a driver may appeal against a hold, 1–90; then the
	// subsidy goes back to its campaign. BrushDecideDays is how many days ops have after an appeal,
	// 1–90; then it is paid.
	BrushAppealDays int `json:"brush_appeal_days"`
	BrushDecideDays int `json:"brush_decide_days"`

	// BrushTogetherS: the taxi was there within so many seconds of the claim, 0–120.
	BrushTogetherS int `json:"brush_together_s"`
	// BrushQuickS: the drive took less than so many seconds, 0–600.
	BrushQuickS int `json:"brush_quick_s"`
	// BrushShortM: the trace is shorter than so many metres, 0–5,000.
	BrushShortM int `json:"brush_short_m"`
	// BrushQuotePct: the trace is shorter than so many per cent of the way that was quoted, 0–100,
	// if that was BrushQuoteM long, 500–20,000 m.
	BrushQuotePct int `json:"brush_quote_pct"`
	BrushQuoteM   int `json:"brush_quote_m"`
	// BrushFarePct: the meter says more than so many per cent of what the tariff gives for the
	// trace, 100–1,000.
	BrushFarePct int `json:"brush_fare_pct"`
	// BrushSplitS: the same two had another ride that ended less than so many seconds before this
	// one was asked for, 0–3,600, and less than BrushSplitM metres from its pickup, 0–5,000.
	BrushSplitS int `json:"brush_split_s"`
	BrushSplitM int `json:"brush_split_m"`
	// BrushAgain: the driver had so many other rides or more on this business day that were quick
	// and short as well, and so was this one, 1–100.
	BrushAgain int `json:"brush_again"`
	// BrushPairRides: the same two, who are no regulars, had so many subsidised rides or more
	// within BrushPairDays before this one, 1–100 rides, 1–30 days.
	BrushPairRides int `json:"brush_pair_rides"`
	BrushPairDays  int `json:"brush_pair_days"`
	// BrushAccounts: the phone that has asked for it asked for subsidised rides of so many other
	// riders or more within BrushPairDays before this one, 1–100.
	BrushAccounts int `json:"brush_accounts"`
	// BrushPhoneM: the rider's phone was farther than so many metres from the taxi when it was
	// heard of last, 500–20,000, if that was less than BrushPhoneS before the end of the drive,
	// 0–600; 0 is never. The drive was longer than that, or the taxi was together with the rider at
	// once, and as far from the phone then.
	BrushPhoneM int `json:"brush_phone_m"`
	BrushPhoneS int `json:"brush_phone_s"`

	// What each of these weighs, 0–1,000; 0 is nothing.
	BrushWeightTogether int `json:"brush_weight_together"`
	BrushWeightQuick    int `json:"brush_weight_quick"`
	BrushWeightShort    int `json:"brush_weight_short"`
	BrushWeightQuote    int `json:"brush_weight_quote"`
	BrushWeightFare     int `json:"brush_weight_fare"`
	BrushWeightSplit    int `json:"brush_weight_split"`
	BrushWeightAgain    int `json:"brush_weight_again"`
	BrushWeightPair     int `json:"brush_weight_pair"`
	BrushWeightDevice   int `json:"brush_weight_device"`
	BrushWeightPhone    int `json:"brush_weight_phone"`
}

// defaultBrushRules hold a subsidy where four things speak against a ride that each happen to
// honest people, or two or three of which one hardly does. Nothing is denied without a person's
// look.
func defaultBrushRules() BrushRules {
	return BrushRules{
		BrushHold: 100, BrushPairDay: 6, BrushAppealDays: 7, BrushDecideDays: 7,
		BrushTogetherS: 15, BrushQuickS: 90, BrushShortM: 300,
		BrushQuotePct: 25, BrushQuoteM: 1000, BrushFarePct: 200,
		BrushSplitS: 180, BrushSplitM: 300, BrushAgain: 1, BrushPairRides: 3, BrushPairDays: 7,
		BrushAccounts: 3, BrushPhoneM: 1000, BrushPhoneS: 120,
		BrushWeightTogether: 20, BrushWeightQuick: 35, BrushWeightShort: 35,
		BrushWeightQuote: 60, BrushWeightFare: 60, BrushWeightSplit: 80,
		BrushWeightAgain: 25, BrushWeightPair: 40, BrushWeightDevice: 60,
		BrushWeightPhone: 60,
	}
}

func (p BrushRules) check() error {
	return checkRanges([]keyRange{
		{"brush_hold", p.BrushHold, 0, 1000},
		{"brush_deny", p.BrushDeny, 0, 1000},
		{"brush_pair_day", p.BrushPairDay, 0, 100},
		{"brush_appeal_days", p.BrushAppealDays, 1, 90},
		{"brush_decide_days", p.BrushDecideDays, 1, 90},
		{"brush_together_s", p.BrushTogetherS, 0, 120},
		{"brush_quick_s", p.BrushQuickS, 0, 600},
		{"brush_short_m", p.BrushShortM, 0, 5000},
		{"brush_quote_pct", p.BrushQuotePct, 0, 100},
		{"brush_quote_m", p.BrushQuoteM, 500, 20_000},
		{"brush_fare_pct", p.BrushFarePct, 100, 1000},
		{"brush_split_s", p.BrushSplitS, 0, 3600},
		{"brush_split_m", p.BrushSplitM, 0, 5000},
		{"brush_again", p.BrushAgain, 1, 100},
		{"brush_pair_rides", p.BrushPairRides, 1, 100},
		{"brush_pair_days", p.BrushPairDays, 1, 30},
		{"brush_accounts", p.BrushAccounts, 1, 100},
		{"brush_phone_m", p.BrushPhoneM, 500, 20_000},
		{"brush_phone_s", p.BrushPhoneS, 0, 600},
		{"brush_weight_together", p.BrushWeightTogether, 0, 1000},
		{"brush_weight_quick", p.BrushWeightQuick, 0, 1000},
		{"brush_weight_short", p.BrushWeightShort, 0, 1000},
		{"brush_weight_quote", p.BrushWeightQuote, 0, 1000},
		{"brush_weight_fare", p.BrushWeightFare, 0, 1000},
		{"brush_weight_split", p.BrushWeightSplit, 0, 1000},
		{"brush_weight_again", p.BrushWeightAgain, 0, 1000},
		{"brush_weight_pair", p.BrushWeightPair, 0, 1000},
		{"brush_weight_device", p.BrushWeightDevice, 0, 1000},
		{"brush_weight_phone", p.BrushWeightPhone, 0, 1000},
	})
}

// asksPhones reports whether it matters where riders' phones are.
func (p BrushRules) asksPhones() bool {
	return p.watches() && p.BrushWeightPhone > 0 && p.BrushPhoneS > 0
}

// watches reports whether anything comes of a score, or of how often a pair rides.
func (p BrushRules) watches() bool {
	return p.BrushHold > 0 || p.BrushDeny > 0 || p.BrushPairDay > 0
}
