package money

// Limits of what riders pay into their wallets through external channels. The wallet's is that of
// prepaid cards in the owner's name: 5,000 yuan, by the Ministry of Commerce's rules of 2012.
const (
	LeastPaidIn   Fen = 1_00     // at once
	MostPaidIn    Fen = 2_000_00 // at once
	WalletCap     Fen = 5_000_00 // of the balance, with what is about to be paid in
	MaxOpenTopUps     = 3        // that wait for their payer at the same time
)

// NewTopUp is what a rider wants to pay into their own wallet.
func NewTopUp(subject Subject, rider Party, amount Fen) Payment {
	return Payment{
		ID: NewPaymentID(subject, PurposeTopUp, rider), Subject: subject, Payer: rider,
		Payee: rider, Purpose: PurposeTopUp, Amount: amount, State: PaymentDue,
	}
}

// RoomIn is how much more a wallet takes, beside the top-ups that are open: 0 or more.
func RoomIn(wallet Account, open []Payment) Fen {
	room := WalletCap - wallet.Balance()
	for _, p := range open {
		room -= p.Charge()
	}
	return max(0, room)
}
