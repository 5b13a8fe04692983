// Package wechat is the channel WeChat Pay (API v3, direct merchants): it charges, refunds and pays
// out, verifies what WeChat tells us, and reads its bills. docs/wechat.md says what to configure,
// which endpoints are called and how notices are answered.
//
//	channel, err := wechat.New(wechat.Config{
//		Accounts:  map[string]wechat.Account{"": house, "beijing-taxi-3": theirs},
//		NotifyURL: "https://hexhail.example/notify/wechat",
//		Clock:     time.Now,
//	})
//	outcome, err := channel.Charge(ctx, attempt, now)
//
// # What can be relied on
//
// A number is one order: [money.AttemptID] is out_trade_no, so that asking again moves nothing
// again. An outcome says Paid or Closed only on WeChat's well signed word; a time-out,
// SYSTEM_ERROR, an answer without or with a wrong signature, and one about another amount or
// merchant are Unknown or an error, which is the same: to be queried. [Client.Close] says Paid if
// it came too late.
//
// WeChat may answer ORDER_NOT_EXIST for a while after an order was asked for: its signed word is no
// proof that an order will never be there. So that becomes Created, which leads to the same number
// being asked for again, and never Closed, which leads to another number, except where nobody could
// pay the order if it still came to be: by app, page and QR it takes the ticket, which nobody has
// unless we do; by barcode the call itself pays, so that the code must be too old, or the call the
// first one ([money.Attempt].Tries is 1) and refused.
//
// # What is left to the caller
//
// The same notice may come many times and is accepted each time for 300 s: an inbox row by
// [money.Notice].ID stops that. A notice tells our number and the amount; that they are those of an
// attempt of ours is for whoever has the attempt to compare. Of barcodes' orders WeChat sends no
// notices: they are known by asking.
//
// # Two clocks
//
// The time that every call takes is the attempt's: its age decides when a barcode's order is
// reversed. [Config].Clock is the machine's: by it signatures are made and verified.
//
// A Client is safe for concurrent use. It starts nothing and keeps nothing but WeChat's keys.
package wechat
