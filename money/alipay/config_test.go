package alipay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hexhail/money"
)

// TestConfig: each field that is wrong is named, and no error shows a key.
func TestConfig(t *testing.T) {
	w := newWorld(t, byCert)
	other, err := w.alipay.Merchant(0)
	must(t, err)
	house := account1(w.merchant, byCert)
	for field, change := range map[string]func(*Config, *Account){
		"gateway":      func(c *Config, _ *Account) { c.Gateway = "ftp://x" },
		"notify_url":   func(c *Config, _ *Account) { c.NotifyURL = "taxi.example" },
		"pay_within":   func(c *Config, _ *Account) { c.PayWithin = time.Hour },
		"title":        func(c *Config, _ *Account) { c.Title = "a&total_amount=0.01" },
		"app_id":       func(_ *Config, a *Account) { a.AppID = "x" },
		"seller_id":    func(_ *Config, a *Account) { a.SellerID = "1234567890123456" },
		"page_app_id":  func(_ *Config, a *Account) { a.PageAppID = "mini" },
		"private_key":  func(_ *Config, a *Account) { a.PrivateKey = a.AppCert },
		"app_cert":     func(_ *Config, a *Account) { a.AppCert = other.AppCert },
		"root_cert":    func(_ *Config, a *Account) { a.RootCert = "x" },
		"alipay_certs": func(_ *Config, a *Account) { a.AlipayCerts = nil },
		"alipay_certs[0]": func(_ *Config, a *Account) {
			a.AlipayCerts = []string{a.RootCert[:len(a.RootCert)/2]}
		},
		"alipay_key": func(_ *Config, a *Account) { a.AlipayKey = w.merchant.AlipayKey },
	} {
		cfg, account := w.config, house
		change(&cfg, &account)
		cfg.Accounts = map[string]Account{"": account}
		_, err := New(cfg, noon)
		var bad *ConfigError
		if !errors.As(err, &bad) || !strings.HasSuffix(bad.Field, field) {
			t.Errorf("%s: %v", field, err)
			continue
		}
		if text := fmt.Sprintf("%v %+v %#v", err, account, account); strings.Contains(text, "MII") {
			t.Errorf("%s shows a key: %s", field, text)
		}
	}
	twice := w.config
	twice.Accounts = map[string]Account{"": house, "C1": house}
	if _, err := New(twice, noon); err == nil {
		t.Error("two merchants of one app are taken")
	}
	if _, err := New(w.config, noon.AddDate(40, 0, 0)); err == nil {
		t.Error("certificates that have expired are taken")
	}
	if _, err := New(Config{}, noon); err == nil {
		t.Error("no account is taken")
	}
}

// TestStrangeRoot: a certificate of Alipay's that leads to no root is refused.
func TestStrangeRoot(t *testing.T) {
	w := newWorld(t, byCert)
	a := account1(w.merchant, byCert)
	a.RootCert = a.AppCert // a certificate, but nobody's root
	w.config.Accounts = map[string]Account{"": a}
	if _, err := New(w.config, noon); err == nil {
		t.Error("it is taken")
	}
}

// TestMerchants: an attempt of a company is paid to the company's own account, and its notices are
// known by its app.
func TestMerchants(t *testing.T) {
	w := newWorld(t, byKey)
	company, err := w.alipay.Merchant(3_800)
	must(t, err)
	w.config.Accounts["C1"] = account1(company, byCert)
	w.channel, err = New(w.config, noon)
	must(t, err)
	a := w.try(money.WayBarcode)
	a.Merchant = "C1"
	o, err := w.channel.Charge(t.Context(), a, w.now())
	if err != nil || o.State != money.AttemptPaid {
		t.Fatalf("%+v, %v", o, err)
	}
	if _, ok := w.book.Order(money.Alipay, company.SellerID, string(a.ID)); !ok {
		t.Error("it was not the company that was paid")
	}
	w.outbox.Send(t.Context(), w.now())
	if len(w.heard) != 1 || w.heard[0].Order != string(a.ID) {
		t.Errorf("heard %v, refused %v", w.heard, w.refused)
	}
	a.Merchant = "C2"
	var bad *ConfigError
	if o, err := w.channel.Query(t.Context(), a, w.now()); !errors.As(err, &bad) ||
		o.State != money.AttemptUnknown {
		t.Errorf("of nobody: %+v, %v", o, err)
	}
}

// eavesdropper keeps what was asked last.
type eavesdropper struct {
	http.RoundTripper
	asked string
}

func (e *eavesdropper) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	e.asked = form.Get("biz_content")
	if err != nil {
		return nil, err
	}
	return e.RoundTripper.RoundTrip(r)
}

// TestContracts: what only some contracts want is asked for as it is configured, and else not.
func TestContracts(t *testing.T) {
	w := newWorld(t, byCert)
	account := w.config.Accounts[""]
	account.PageAppID = "2021000000000099"
	w.config.Accounts[""] = account
	w.config.Scene = Scene{"业务结算", []Report{{"结算款项名称", "车费"}}}
	ear := &eavesdropper{RoundTripper: w.config.Transport}
	w.config.Transport = ear
	var err error
	w.channel, err = New(w.config, noon)
	must(t, err)
	for token, want := range map[string]string{
		"2088000000000001": `"buyer_id":"2088000000000001"`, "openid1": `"buyer_open_id":"openid1"`,
	} {
		a := w.try(money.WayPage)
		a.Token = token
		o, err := w.channel.Charge(t.Context(), a, noon)
		if err != nil || o.State != money.AttemptSent || !strings.Contains(ear.asked, want) ||
			!strings.Contains(ear.asked, `"op_app_id":"2021000000000099"`) {
			t.Errorf("%+v, %v: %s", o, err, ear.asked)
		}
	}
	o, err := w.channel.PayOut(t.Context(), toWang, noon)
	if err != nil || o.State != money.AttemptPaid ||
		!strings.Contains(ear.asked, `"transfer_scene_name":"业务结算"`) ||
		!strings.Contains(ear.asked, `"info_type":"结算款项名称","info_content":"车费"`) {
		t.Errorf("%+v, %v: %s", o, err, ear.asked)
	}
}

// leaky fails with all that it was given.
type leaky struct{}

func (leaky) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	return nil, fmt.Errorf("proxy http://user:secret@10.0.0.1 failed: %s %s", r.URL, body)
}

// TestRedacted: what the network says of a call stays out of the error, as it is kept with the
// attempt and logged.
func TestRedacted(t *testing.T) {
	w := newWorld(t, byKey)
	w.config.Transport = leaky{}
	channel, err := New(w.config, noon)
	must(t, err)
	a := w.try(money.WayBarcode)
	o, err := channel.Charge(t.Context(), a, w.now())
	text := fmt.Sprintf("%v %+v %#v %+v", err, err, err, o)
	for _, secret := range []string{"secret", "alipay.test", "sign=", a.Token, w.merchant.AppID} {
		if strings.Contains(text, secret) {
			t.Errorf("%q in %s", secret, text)
		}
	}
	if err == nil || o.State != money.AttemptUnknown {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestGivenUp: a caller who gives up can tell it from the error.
func TestGivenUp(t *testing.T) {
	w := newWorld(t, byKey)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.channel.Query(ctx, w.try(money.WayQR), noon); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
