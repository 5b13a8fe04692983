package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
	"hexhail/wire"
)

// documentedChannels writes the file of docs/payments.md and the keys that it names, and returns
// its path.
func documentedChannels(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "payments.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no example")
	}
	theirs, err := standin.NewAlipay(standin.AlipayConfig{
		Book: standin.NewBook(), Script: standin.NewScript(1), Clock: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	merchant, err := theirs.Merchant(0)
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"channels.json": string(block[1]), "api_v3.key": strings.Repeat("k", 32) + "\n",
		"apiclient_key.pem": inPEM("PRIVATE KEY", private),
		"pub_key.pem":       inPEM("PUBLIC KEY", public),
		"app_key.pem":       merchant.PrivateKey, "app.crt": merchant.AppCert,
		"alipay_root.crt": merchant.RootCert, "alipay.crt": merchant.AlipayCert,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "channels.json")
}

func TestChannelsFile(t *testing.T) {
	path := documentedChannels(t)
	got, err := readChannels(path, wire.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.channels) != 2 || len(got.tellers) != 2 ||
		got.contracts[money.WeChat].Fee != 6000 ||
		got.contracts[money.Alipay].WaivedUntil.IsZero() {
		t.Errorf("%+v", got)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, says string }{
		"key":     {`"brand"`, `"brnad"`, "brnad"},
		"file":    {`"pub_key.pem"`, `"nobody.pem"`, "nobody.pem"},
		"fee":     {`"fee_ppm": 6000`, `"fee_ppm": -1`, "json: wechat.fee_ppm must be 0 to 100000"},
		"notify":  {"https://pay.example.cn", "pay.example.cn", "otify"},
		"account": {`"2088000000000001"`, `"12"`, "seller"},
		"json":    {`"alipay": {`, `"alipay": [`, "channels.json"},
	} {
		text := strings.Replace(string(good), test.old, test.new, 1)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readChannels(path, wire.NewClock())
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, test.says)
		}
		code, _, stderr := hexhail(t.Context(), "check-config", "--channels", path)
		if code == exitOK || !strings.Contains(stderr, test.says) {
			t.Errorf("%s: check-config ended with %d: %s", name, code, stderr)
		}
	}
	if _, err := readChannels(filepath.Join(t.TempDir(), "none"), wire.NewClock()); err == nil {
		t.Error("a file that is not there was read")
	}
}

// Stand-ins move no real money: only a sandbox may have them, and has them unless told otherwise.
func TestStandinsAreOfSandboxes(t *testing.T) {
	if _, _, err := readConfig(flagsOf(t, "--channels", "standin"), nil); err == nil {
		t.Error("a service without --sandbox took stand-ins for channels")
	}
	for want, flags := range map[string][]string{
		noChannels: nil, standinChannels: {"--sandbox"}, "file.json": {"--channels", "file.json"},
	} {
		c, _, err := readConfig(flagsOf(t, flags...), nil)
		if err != nil || c.Channels != want {
			t.Errorf("%v: %q, %v; want %q", flags, c.Channels, err, want)
		}
	}
}

// A company's own contract says what differs from the channel's.
func TestCompanysContract(t *testing.T) {
	free, own := time.Unix(1e9, 0), time.Unix(2e9, 0)
	fee := money.PPM(3800)
	all := contractFile{FeePPM: 6000, WaivedUntil: free}.contract(map[string]ownContract{
		"": {}, "none": {}, "fee": {FeePPM: &fee}, "waived": {WaivedUntil: own},
		"both": {FeePPM: &fee, WaivedUntil: own},
	})
	if _, house := all.Own[""]; house || all.Fee != 6000 || !all.WaivedUntil.Equal(free) {
		t.Errorf("the house's: %+v", all)
	}
	for company, want := range map[string]money.Contract{
		"none": {Fee: 6000, WaivedUntil: free}, "fee": {Fee: 3800},
		"waived": {Fee: 6000, WaivedUntil: own}, "both": {Fee: 3800, WaivedUntil: own},
	} {
		got := all.Own[company]
		if got.Fee != want.Fee || !got.WaivedUntil.Equal(want.WaivedUntil) {
			t.Errorf("%s: %+v, want %+v", company, got, want)
		}
	}
}
