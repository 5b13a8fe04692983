// Package standin plays the servers of WeChat Pay and Alipay, so that the real adapters, with real
// keys and signatures, can be tested against everything that those servers do, and so that a
// sandbox has somebody to pay.
//
// # Parts
//
// A [Book] keeps what was asked of a channel: orders, refunds, payouts, in memory. It moves money
// as the channels do: an order is paid once, refunds never exceed it, a number means the same
// forever. A [Script] holds what goes wrong: which [Fault] with which call, once, some times or by
// chance. An [Outbox] holds the notices that are due, and sends them again as each channel does
// until they are answered. The halves, one for each channel, translate between the channel's HTTP
// and these three; both read them, neither changes how they work.
//
//	book, script := standin.NewBook(), standin.NewScript(seed)
//	outbox := standin.NewOutbox(client, script)
//	wechat, err := standin.NewWeChat(standin.WeChatConfig{
//		Book: book, Script: script, Outbox: outbox, Clock: time.Now, Fee: 6_000,
//	})
//	err = wechat.Register(merchant)             // whose calls it verifies
//	go http.Serve(listener, wechat)             // what the adapter's base URL points to
//	go outbox.Sending(ctx, ticker.C, nil)       // notices
//	err = script.Add(standin.Rule{Call: standin.CallCharge, Fault: standin.HangAfter, Times: 1})
//
// A [Phone] is what pays: by the ticket of an app or QR code, or by a barcode.
//
// # Time and luck
//
// The time is an argument or a function given at the start. Nothing sleeps: a notice that is due in
// 15 s is sent by whoever asks for what is due 15 s later. Luck comes from a seed.
//
// # Concurrency
//
// Book, Script and Outbox may be used by many goroutines at once.
//
// # What it does not do
//
// It knows no real merchant, and keeps nothing when the process ends. It must never be reachable
// where real money is: whoever reaches it says what is paid.
package standin
