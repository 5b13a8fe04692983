// Package alipay is the adapter of Alipay's open platform: it takes attempts, refunds and payouts
// to Alipay's gateway, reads Alipay's notices, and reads its daily bills.
//
// # Use
//
//	client, err := alipay.New(alipay.Config{
//		NotifyURL: "https://taxi.example/notify/alipay",
//		Accounts:  map[string]alipay.Account{"": house, "C1": company},
//	}, now)
//	if err != nil {
//		return err
//	}
//	outcome, err := client.Charge(ctx, attempt, now)
//
// A [Client] implements money.Channel, money.Refunder and money.Payer over
// github.com/smartwalle/alipay. An account is a merchant's: a company that is paid itself has one
// of its own, chosen by the attempt's Merchant; "" is the house's.
//
// # What is believed
//
// Nothing but what Alipay has signed. An answer that is unsigned, signed by somebody else, about
// another order or of another amount is an [*Error], and the outcome is not known; so is every
// answer that is not understood. The library takes an unsigned answer for an error of Alipay's and
// hands its code on: here it counts for nothing.
//
// In production mode the library downloads and trusts whatever certificate an answer or a notice
// names, before it has verified either. The adapter therefore always runs it in the other mode,
// with the gateway that it is given: the certificates that were configured are the only ones.
// When Alipay changes its own, the new one is configured beside the old.
//
// # What an order that Alipay does not know means
//
// An order in the app or by QR code comes into being when the payer opens it; until then Alipay
// says that it does not exist. It can be opened all the same, so it is Sent, not Created, and
// cannot be closed: only time ends it. Each of them can be paid for Config.PayWithin and no longer,
// and is closed when Alipay does not know it [grace] after that. An order on a page or by barcode
// comes into being with the call, so one that Alipay does not know never arrived: it is Created.
//
// # Time
//
// The time is an argument. Only the library reads the machine's clock, for the timestamp of a
// request. Every call ends after [Timeout].
//
// # Concurrency
//
// A Client may be used by many goroutines at once.
//
// # What it does not do
//
// It keeps nothing: that a notice comes once is its caller's to see to, by its id. It books
// nothing and retries nothing: its caller's rows say what is asked again, and when.
package alipay
