package wechat

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"
)

func goodConfig() Config {
	return Config{
		Accounts: map[string]Account{"": {
			MchID: mchid, AppID: appID, Serial: serialNo, PrivateKey: merchantKey(),
			APIv3Key: apiV3Key,
		}},
		NotifyURL: "https://hexhail.example/notify/wechat", Clock: time.Now,
	}
}

func TestConfigRefuses(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(goodConfig()); err != nil {
		t.Fatal(err)
	}
	house := func(do func(*Account)) func(*Config) {
		return func(c *Config) {
			a := c.Accounts[""]
			do(&a)
			c.Accounts[""] = a
		}
	}
	for field, all := range map[string][]func(*Config){
		"Clock": {func(c *Config) { c.Clock = nil }},
		"Timeout": {
			func(c *Config) { c.Timeout = time.Minute },
			func(c *Config) { c.Timeout = -1 },
		},
		"brand": {func(c *Config) { c.Brand = strings.Repeat("b", maxBrand+1) }},
		"base_url": {
			func(c *Config) { c.BaseURL = "ftp://host" },
			func(c *Config) { c.BaseURL = "http://host/path" }, // it is signed
		},
		"notify_url": {
			func(c *Config) { c.NotifyURL = "" },
			func(c *Config) { c.NotifyURL = "http://hexhail.example/notify" },
			func(c *Config) { c.NotifyURL = "https://hexhail.example/notify?channel=wechat" },
		},
		"accounts": {
			func(c *Config) { c.Accounts = nil },
			func(c *Config) { c.Accounts = map[string]Account{"taxi-3": c.Accounts[""]} },
		},
		`accounts[""]`: {
			house(func(a *Account) { a.MchID = "" }),
			house(func(a *Account) { a.AppID = "" }),
			house(func(a *Account) { a.Serial = "" }),
			house(func(a *Account) { a.PrivateKey = nil }),
			house(func(a *Account) { a.PrivateKey = small }),
			house(func(a *Account) { a.APIv3Key = "short" }),
			house(func(a *Account) { a.PublicKeyID = "PUB_KEY_ID_1" }),
			house(func(a *Account) { a.PublicKey = &merchantKey().PublicKey }),
			house(func(a *Account) {
				a.PublicKeyID, a.PublicKey = "ID", &merchantKey().PublicKey
			}),
			house(func(a *Account) {
				a.PublicKeyID, a.PublicKey = "PUB_KEY_ID_1", &small.PublicKey
			}),
		},
	} {
		for i, change := range all {
			c := goodConfig()
			change(&c)
			_, err := New(c)
			bad := (*ConfigError)(nil)
			if !errors.As(err, &bad) || bad.Field != field {
				t.Errorf("%s, %d: %v", field, i, err)
			}
			if err != nil && strings.Contains(err.Error(), apiV3Key) {
				t.Errorf("%s, %d: the key is in %v", field, i, err)
			}
		}
	}
}

// TestKeysFromPEM: keys are read as WeChat gives them, and never shown.
func TestKeysFromPEM(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if key, err := PrivateKey(private); err != nil || !key.Equal(merchantKey()) {
		t.Errorf("%v", err)
	}
	if der, err = x509.MarshalPKIXPublicKey(&merchantKey().PublicKey); err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if key, err := PublicKey(public); err != nil || !key.Equal(&merchantKey().PublicKey) {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"", "secret", public} {
		if _, err := PrivateKey(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
	for _, text := range []string{"", "secret", private} {
		if _, err := PublicKey(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
}
