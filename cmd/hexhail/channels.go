package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/money/alipay"
	"hexhail/money/wechat"
	"hexhail/ops"
	"hexhail/wire"
)

// The values of the setting channels that are no file.
const (
	noChannels      = "none"
	standinChannels = "standin"
)

// external are the channels that others run, as the desk and the notify endpoint need them.
type external struct {
	clock     wire.Clock // the city's
	channels  money.Channels
	contracts money.Contracts
	tellers   map[money.ChannelName]ops.Teller
	bills     map[money.ChannelName]money.BillSource
}

func newExternal(city wire.Clock) external {
	return external{
		clock: city, channels: money.Channels{}, contracts: money.Contracts{},
		tellers: map[money.ChannelName]ops.Teller{},
		bills:   map[money.ChannelName]money.BillSource{},
	}
}

// channelsFile says whose accounts at external channels are ours (docs/payments.md). Keys and
// certificates are files, by their paths from the folder of this file.
type channelsFile struct {
	NotifyURL string      `json:"notify_url"` // of our HTTP side, as the channels reach it
	WeChat    *wechatFile `json:"wechat"`
	Alipay    *alipayFile `json:"alipay"`
}

type contractFile struct {
	FeePPM      money.PPM `json:"fee_ppm"`
	WaivedUntil time.Time `json:"waived_until"`
}

// ownContract is a company's own, of its account.
type ownContract struct {
	FeePPM      *money.PPM `json:"fee_ppm,omitempty"`     // nil is the channel's
	WaivedUntil time.Time  `json:"waived_until,omitzero"` // zero is the channel's, of its fee
}

// contract is that of a channel, with those of the companies that have accounts.
func (f contractFile) contract(accounts map[string]ownContract) money.Contract {
	all := money.Contract{
		Fee: f.FeePPM, WaivedUntil: f.WaivedUntil, Own: map[string]money.Contract{},
	}
	for company, own := range accounts {
		c := money.Contract{Fee: f.FeePPM, WaivedUntil: own.WaivedUntil}
		switch {
		case own.FeePPM != nil:
			c.Fee = *own.FeePPM
		case own.WaivedUntil.IsZero():
			c.WaivedUntil = f.WaivedUntil
		}
		if company != "" || own != (ownContract{}) {
			all.Own[company] = c
		}
	}
	return all
}

type wechatFile struct {
	contractFile
	Brand    string                   `json:"brand"`
	BaseURL  string                   `json:"base_url"` // of a stand-in
	Payouts  *wechatPayouts           `json:"payouts"`
	Accounts map[string]wechatAccount `json:"accounts"`
}

type wechatPayouts struct {
	Scene      string          `json:"scene"`
	Perception string          `json:"perception"`
	Reports    []wechat.Report `json:"reports"`
}

type wechatAccount struct {
	ownContract
	MchID       string `json:"mch_id"`
	AppID       string `json:"app_id"`
	PageAppID   string `json:"page_app_id"`
	Serial      string `json:"serial"`
	PrivateKey  string `json:"private_key_file"`
	APIv3Key    string `json:"api_v3_key_file"`
	PublicKeyID string `json:"public_key_id"`
	PublicKey   string `json:"public_key_file"`
}

type alipayFile struct {
	contractFile
	Title    string                   `json:"title"`
	Gateway  string                   `json:"gateway"`
	Accounts map[string]alipayAccount `json:"accounts"`
}

type alipayAccount struct {
	ownContract
	AppID       string   `json:"app_id"`
	SellerID    string   `json:"seller_id"`
	PrivateKey  string   `json:"private_key_file"`
	AlipayKey   string   `json:"alipay_key_file"`
	AppCert     string   `json:"app_cert_file"`
	RootCert    string   `json:"root_cert_file"`
	AlipayCerts []string `json:"alipay_cert_files"`
}

// readChannels opens the clients that a file tells of. Errors name the file and the field.
func readChannels(path string, city wire.Clock) (external, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return external{}, fmt.Errorf("channels: %w", err)
	}
	var f channelsFile
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&f); err != nil {
		return external{}, fmt.Errorf("channels: %s: %w", path, err)
	}
	out := newExternal(city)
	keys := &keyFiles{folder: filepath.Dir(path)}
	if f.WeChat != nil {
		ours := f.WeChat.config(f.NotifyURL, keys)
		c, err := wechat.New(ours)
		if err = cmp.Or(keys.err, err); err != nil {
			return external{}, fmt.Errorf("channels: %s: %w", path, err)
		}
		out.add(money.WeChat, c, f.WeChat.contract(f.WeChat.own()), f.WeChat.Payouts != nil)
		out.bills[money.WeChat] = wechatBills(c, ours.Accounts)
	}
	if f.Alipay != nil {
		ours := f.Alipay.config(f.NotifyURL, keys)
		c, err := alipay.New(ours, time.Now())
		if err = cmp.Or(keys.err, err); err != nil {
			return external{}, fmt.Errorf("channels: %s: %w", path, err)
		}
		// Alipay pays out from accounts in certificate mode only.
		out.add(money.Alipay, c, f.Alipay.contract(f.Alipay.own()),
			f.Alipay.Accounts[""].AppCert != "")
		out.bills[money.Alipay] = alipayBills(c, ours.Accounts)
	}
	if err := out.contracts.Check(); err != nil {
		return external{}, fmt.Errorf("channels: %s: %w", path, err)
	}
	return out, nil
}

// adapter is a channel of others, and how it tells us.
type adapter interface {
	money.Channel
	money.Refunder
	money.Payer
	ops.Teller
}

// add adds a channel; pays says that our account there is one that pays out.
func (e external) add(
	name money.ChannelName, c adapter, contract money.Contract, pays bool,
) {
	timed := onMachineTime{c, e.clock}
	e.channels[name], e.tellers[name] = timed, c
	if pays {
		e.channels[name] = payingOut{timed, c}
	}
	e.contracts[name] = contract
}

func (f wechatFile) own() map[string]ownContract {
	all := map[string]ownContract{}
	for company, a := range f.Accounts {
		all[company] = a.ownContract
	}
	return all
}

func (f alipayFile) own() map[string]ownContract {
	all := map[string]ownContract{}
	for company, a := range f.Accounts {
		all[company] = a.ownContract
	}
	return all
}

// keyFiles reads keys; its first error stays.
type keyFiles struct {
	folder string
	err    error
}

func (k *keyFiles) text(path string) string {
	if path == "" || k.err != nil {
		return ""
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(k.folder, path)
	}
	text, err := os.ReadFile(path)
	k.err = err
	return strings.TrimSpace(string(text))
}

func (f wechatFile) config(notify string, keys *keyFiles) wechat.Config {
	c := wechat.Config{
		Accounts: map[string]wechat.Account{}, Brand: f.Brand, BaseURL: f.BaseURL, Clock: time.Now,
		NotifyURL: notifyURL(notify, money.WeChat),
	}
	if f.Payouts != nil {
		c.Payouts = wechat.Payouts(*f.Payouts)
	}
	for merchant, a := range f.Accounts {
		account := wechat.Account{
			MchID: a.MchID, AppID: a.AppID, PageAppID: a.PageAppID, Serial: a.Serial,
			APIv3Key: keys.text(a.APIv3Key), PublicKeyID: a.PublicKeyID,
		}
		private, public := keys.text(a.PrivateKey), keys.text(a.PublicKey)
		if keys.err == nil {
			account.PrivateKey, keys.err = wechat.PrivateKey(private)
		}
		if keys.err == nil && public != "" {
			account.PublicKey, keys.err = wechat.PublicKey(public)
		}
		c.Accounts[merchant] = account
	}
	return c
}

func (f alipayFile) config(notify string, keys *keyFiles) alipay.Config {
	c := alipay.Config{
		Gateway: f.Gateway, NotifyURL: notifyURL(notify, money.Alipay), Title: f.Title,
		Accounts: map[string]alipay.Account{},
	}
	for merchant, a := range f.Accounts {
		account := alipay.Account{
			AppID: a.AppID, SellerID: a.SellerID, PrivateKey: keys.text(a.PrivateKey),
			AlipayKey: keys.text(a.AlipayKey), AppCert: keys.text(a.AppCert),
			RootCert: keys.text(a.RootCert),
		}
		for _, cert := range a.AlipayCerts {
			account.AlipayCerts = append(account.AlipayCerts, keys.text(cert))
		}
		c.Accounts[merchant] = account
	}
	return c
}

// notifyURL is where a channel tells us.
func notifyURL(base string, channel money.ChannelName) string {
	return strings.TrimSuffix(base, "/") + ops.NotifyPath + string(channel)
}

// openChannels opens the external channels before the desk that goes to them.
func (s *service) openChannels(ctx context.Context) error {
	var err error
	switch s.config.Channels {
	case noChannels:
	case standinChannels:
		s.external, err = s.openStandins(ctx)
	default:
		s.external, err = readChannels(s.config.Channels, s.clock)
	}
	return err
}

// notices is the endpoint at which channels tell us.
func (s *service) notices() http.Handler {
	return ops.Notices(s.external.tellers,
		func(ctx context.Context, n money.Notice) error {
			return s.desk.Noticed(ctx, s.clock.Now(), n)
		},
		func(channel money.ChannelName, n money.Notice, err error) {
			s.metrics.Noticed(channel, err)
			if err != nil {
				s.log.Warn("notice refused", "channel", channel, "kind", n.Kind,
					"order", n.Order, "reason", dispatch.ReasonOf(err), "error", err)
			}
		})
}
