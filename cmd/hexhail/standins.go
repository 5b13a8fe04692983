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
)

// What the stand-ins' contracts say: the usual fee of both channels.
const standinFee money.PPM = 6_000

// outboxEvery is how often the stand-ins look for notices that are due, machine time.
const outboxEvery = 50 * time.Millisecond

// openStandins starts a WeChat Pay and an Alipay for a sandbox, on an address of their own, and the
// phone that pays there. They forget everything when the process ends.
func (s *service) openStandins(ctx context.Context) (external, error) {
	var open net.ListenConfig
	at, err := open.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return external{}, fmt.Errorf("the stand-ins of the channels: %w", err)
	}
	s.standins = at
	book, script := standin.NewBook(), standin.NewScript(1)
	outbox := standin.NewOutbox(&http.Client{Timeout: 5 * time.Second}, script)
	out := newExternal(s.clock)
	base := "http://" + at.Addr().String()
	theirWeChat, err := s.standinWeChat(out, base, standin.WeChatConfig{
		Book: book, Script: script, Outbox: outbox, Clock: time.Now, Fee: standinFee,
	})
	if err != nil {
		return external{}, errors.Join(err, at.Close())
	}
	theirAlipay, err := s.standinAlipay(out, base, standin.AlipayConfig{
		Book: book, Script: script, Outbox: outbox, Clock: time.Now,
	})
	if err != nil {
		return external{}, errors.Join(err, at.Close())
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
	s.serveStandins(ctx, at, mux, outbox)
	return out, nil
}

// serveStandins answers calls and sends notices until the service ends.
func (s *service) serveStandins(
	ctx context.Context, at net.Listener, handler http.Handler, outbox *standin.Outbox,
) {
	server := ops.NewHTTPServer(handler)
	var running sync.WaitGroup // closed after the service's own parts, which may still ask
	running.Go(func() {
		if err := server.Serve(at); !errors.Is(err, http.ErrServerClosed) {
			s.ended("the stand-ins", err)
		}
	})
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	ticker := time.NewTicker(outboxEvery)
	running.Go(func() { outbox.Sending(sending, ticker.C, nil) })
	s.closer("the stand-ins", func(ctx context.Context) error {
		ticker.Stop()
		stop()
		err := server.Shutdown(ctx)
		running.Wait()
		return err
	})
}

// standinWeChat opens our account at the stand-in of WeChat Pay, and the client that goes there.
func (s *service) standinWeChat(
	out external, base string, c standin.WeChatConfig,
) (*standin.WeChat, error) {
	theirs, err := standin.NewWeChat(c)
	if err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	account := wechat.Account{
		MchID: "1900000001", AppID: "wx8888888888888888", Serial: "0000000000000001",
		PrivateKey: key, APIv3Key: rand.Text() + rand.Text()[:6],
	}
	account.PublicKeyID, account.PublicKey = theirs.PublicKey()
	err = theirs.Register(standin.WeChatMerchant{
		MchID: account.MchID, Apps: []string{account.AppID}, Serial: account.Serial,
		Key: &key.PublicKey, APIv3Key: account.APIv3Key, ByPublicKey: true,
	})
	if err != nil {
		return nil, err
	}
	ours, err := wechat.New(wechat.Config{
		Accounts: map[string]wechat.Account{"": account}, Brand: "Hexhail", BaseURL: base,
		NotifyURL: notifyURL(s.httpBase(), money.WeChat), Clock: time.Now,
		Payouts: wechat.Payouts{Scene: "1000"},
	})
	if err != nil {
		return nil, err
	}
	out.add(money.WeChat, ours, contractFile{FeePPM: standinFee}, true)
	return theirs, nil
}

// standinAlipay is the same for Alipay.
func (s *service) standinAlipay(
	out external, base string, c standin.AlipayConfig,
) (*standin.Alipay, error) {
	theirs, err := standin.NewAlipay(c)
	if err != nil {
		return nil, err
	}
	merchant, err := theirs.Merchant(standinFee)
	if err != nil {
		return nil, err
	}
	ours, err := alipay.New(alipay.Config{
		Gateway: base + standin.AlipayGateway, NotifyURL: notifyURL(s.httpBase(), money.Alipay),
		Accounts: map[string]alipay.Account{"": {
			AppID: merchant.AppID, SellerID: merchant.SellerID, PrivateKey: merchant.PrivateKey,
			AppCert: merchant.AppCert, RootCert: merchant.RootCert,
			AlipayCerts: []string{merchant.AlipayCert, merchant.NextCert},
		}},
	}, time.Now())
	if err != nil {
		return nil, err
	}
	out.add(money.Alipay, ours, contractFile{FeePPM: standinFee}, true)
	return theirs, nil
}

// httpBase is our HTTP side as processes of this machine reach it.
func (s *service) httpBase() string {
	_, port, _ := net.SplitHostPort(s.httpAt.Addr().String()) // of a listener: it has both
	return "http://" + net.JoinHostPort("127.0.0.1", port)
}
