package dispatch

// WalletRules are the part of a policy that is about riders' wallets.
type WalletRules struct {
	// WalletFreeFen is what a wallet that has a pay PIN pays without it at once, and
	// WalletFreeDayFen on a business day, both 0–1,000,000 fen, unless its rider has chosen
	// otherwise.
	WalletFreeFen    int `json:"wallet_free_fen"`
	WalletFreeDayFen int `json:"wallet_free_day_fen"`
	// WalletCodeFen is what a code that a rider's phone shows pays at once, 0–100,000 fen; 0 is no
	// codes.
	WalletCodeFen int `json:"wallet_code_fen"`
}

// defaultWalletRules: 200 yuan is more than nearly all rides cost, and what wallets of the time let
// pass.
func defaultWalletRules() WalletRules {
	return WalletRules{WalletFreeFen: 200_00, WalletFreeDayFen: 500_00, WalletCodeFen: 200_00}
}

func (r WalletRules) check() error {
	return checkRanges([]keyRange{
		{"wallet_free_fen", r.WalletFreeFen, 0, int(MaxFree)},
		{"wallet_free_day_fen", r.WalletFreeDayFen, 0, int(MaxFree)},
		{"wallet_code_fen", r.WalletCodeFen, 0, 1000_00},
	})
}
