package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"hexhail/money"
	"hexhail/money/alipay"
	"hexhail/money/standin"
	"hexhail/money/wechat"
	"hexhail/ops"
	"hexhail/wire"
)

// What the stand-ins' contracts say: the usual fee of both channels, and what companies pay to
// Alipay, as convenience stores do.
const (
	standinFee money.PPM = 6_000
	companyFee money.PPM = 3_800
)

// outboxEvery is how often the stand-ins look for notices that are due, machine time.
const outboxEvery = 50 * time.Millisecond

// played are a WeChat Pay and an Alipay that this process plays, the payers' phone, and how to
// reach our account at each. They forget everything when the process ends.
type played struct {
	wechat  wechat.Config
	alipay  alipay.Config
	handler http.Handler
	outbox  *standin.Outbox
}

// newPlayed opens stand-ins that will answer at base and tell notify, both http://host:port. Each
// call to them takes latency longer than it has to. Companies have accounts of their own there.
func newPlayed(
	base, notify string, latency time.Duration, companies ...string,
) (*played, error) {
	merchants := append([]string{""}, companies...)
	book, script := standin.NewBook(), standin.NewScript(1)
	s := &played{outbox: standin.NewOutbox(&http.Client{Timeout: 5 * time.Second}, script)}
	theirWeChat, err := s.openWeChat(base, notify, standin.WeChatConfig{
		Book: book, Script: script, Outbox: s.outbox, Clock: time.Now, Fee: standinFee,
		EarlyBills: true, Latency: latency,
	}, merchants)
	if err != nil {
		return nil, err
	}
	theirAlipay, err := s.openAlipay(base, notify, standin.AlipayConfig{
		Book: book, Script: script, Outbox: s.outbox, Clock: time.Now, EarlyBills: true,
		Latency: latency,
	}, merchants)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/v3/", theirWeChat)
	mux.Handle("/wechat/", theirWeChat)
	mux.Handle(standin.AlipayGateway, theirAlipay)
	mux.Handle("/alipay/", theirAlipay)
	mux.Handle("/phone/", http.StripPrefix("/phone", standin.Phone{
		Book: book, Script: script, Clock: time.Now,
		Scanners: []standin.Scanner{theirWeChat, theirAlipay},
		Shows: map[money.ChannelName]func(standin.Payer) string{
			money.WeChat: theirWeChat.Shows, money.Alipay: theirAlipay.Shows,
		},
	}))
	s.handler = mux
	return s, nil
}

// openWeChat opens our accounts at the stand-in of WeChat Pay.
func (s *played) openWeChat(
	base, notify string, c standin.WeChatConfig, merchants []string,
) (*standin.WeChat, error) {
	theirs, err := standin.NewWeChat(c)
	if err != nil {
		return nil, err
	}
	s.wechat = wechat.Config{
		Accounts: map[string]wechat.Account{}, Brand: "Hexhail", BaseURL: base,
		NotifyURL: notifyURL(notify, money.WeChat), Clock: time.Now,
		Payouts: wechat.Payouts{Scene: "1000"},
	}
	for i, merchant := range merchants {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		account := wechat.Account{
			MchID: fmt.Sprint(1900000001 + i), AppID: "wx8888888888888888",
			Serial: fmt.Sprintf("%016d", i+1), PrivateKey: key,
			APIv3Key: rand.Text() + rand.Text()[:6],
		}
		account.PublicKeyID, account.PublicKey = theirs.PublicKey()
		s.wechat.Accounts[merchant] = account
		err = theirs.Register(standin.WeChatMerchant{
			MchID: account.MchID, Apps: []string{account.AppID}, Serial: account.Serial,
			Key: &key.PublicKey, APIv3Key: account.APIv3Key, ByPublicKey: true,
		})
		if err != nil {
			return nil, err
		}
	}
	return theirs, nil
}

// openAlipay is the same for Alipay.
func (s *played) openAlipay(
	base, notify string, c standin.AlipayConfig, merchants []string,
) (*standin.Alipay, error) {
	theirs, err := standin.NewAlipay(c)
	if err != nil {
		return nil, err
	}
	s.alipay = alipay.Config{
		Gateway: base + standin.AlipayGateway, NotifyURL: notifyURL(notify, money.Alipay),
		Accounts: map[string]alipay.Account{},
	}
	for _, merchant := range merchants {
		fee := standinFee
		if merchant != "" {
			fee = companyFee
		}
		m, err := theirs.Merchant(fee)
		if err != nil {
			return nil, err
		}
		s.alipay.Accounts[merchant] = alipay.Account{
			AppID: m.AppID, SellerID: m.SellerID, PrivateKey: m.PrivateKey,
			AppCert: m.AppCert, RootCert: m.RootCert,
			AlipayCerts: []string{m.AlipayCert, m.NextCert},
		}
	}
	return theirs, nil
}

// serve answers calls and sends notices. The returned function ends both.
func (s *played) serve(
	ctx context.Context, at net.Listener, failed func(error),
) (end func(context.Context) error) {
	server := ops.NewHTTPServer(s.handler)
	var running sync.WaitGroup
	running.Go(func() {
		if err := server.Serve(at); !errors.Is(err, http.ErrServerClosed) {
			failed(err)
		}
	})
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	ticker := time.NewTicker(outboxEvery)
	running.Go(func() { s.outbox.Sending(sending, ticker.C, nil) })
	return func(ctx context.Context) error {
		ticker.Stop()
		stop()
		err := server.Shutdown(ctx)
		running.Wait()
		return err
	}
}

// openStandins starts the stand-ins of a sandbox, on an address of their own, and the clients that
// go there. They are closed after the service's own parts, which may still ask.
func (s *service) openStandins(ctx context.Context) (external, error) {
	var open net.ListenConfig
	at, err := open.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return external{}, fmt.Errorf("the stand-ins of the channels: %w", err)
	}
	theirs, err := newPlayed("http://"+at.Addr().String(), s.httpBase(), 0)
	if err != nil {
		return external{}, errors.Join(err, at.Close())
	}
	s.standins = at
	s.closer("the stand-ins", theirs.serve(ctx, at, func(err error) {
		s.ended("the stand-ins", err)
	}))
	return theirs.clients(s.clock)
}

// clients are ours that go to the stand-ins.
func (s *played) clients(city wire.Clock) (external, error) {
	out := newExternal(city)
	forWeChat, err := wechat.New(s.wechat)
	if err != nil {
		return external{}, err
	}
	out.add(money.WeChat, forWeChat, money.Contract{Fee: standinFee}, true)
	out.bills[money.WeChat] = wechatBills(forWeChat, s.wechat.Accounts)
	forAlipay, err := alipay.New(s.alipay, time.Now())
	if err != nil {
		return external{}, err
	}
	out.add(money.Alipay, forAlipay, money.Contract{Fee: standinFee}, true)
	out.bills[money.Alipay] = alipayBills(forAlipay, s.alipay.Accounts)
	return out, nil
}

// httpBase is our HTTP side as processes of this machine reach it.
func (s *service) httpBase() string {
	_, port, _ := net.SplitHostPort(s.httpAt.Addr().String()) // of a listener: it has both
	return "http://" + net.JoinHostPort("127.0.0.1", port)
}
