package bus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"hexhail/dispatch"
)

func testLog(t testing.TB) *slog.Logger {
	if !testing.Verbose() {
		return nil
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// authority is a throw-away CA that writes its certificates into a folder.
type authority struct {
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	last int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key = a.issue(t, "ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "throw-away"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name+".pem") }

// issue writes name.pem and name-key.pem. The first certificate signs itself.
func (a *authority) issue(t testing.TB, name string, c *x509.Certificate) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.last++
	c.SerialNumber = big.NewInt(a.last)
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert == nil {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name:          {Type: "CERTIFICATE", Bytes: der},
		name + "-key": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return key
}

// account is an operator's account and a user of it.
type account struct{ config, creds string }

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newAccount(t testing.TB) account {
	t.Helper()
	keys, text := must[nkeys.KeyPair](t), must[string](t)
	operator, acc := keys(nkeys.CreateOperator()), keys(nkeys.CreateAccount())
	system, user := keys(nkeys.CreateAccount()), keys(nkeys.CreateUser())
	public := func(k nkeys.KeyPair) string { return text(k.PublicKey()) }

	accClaims := jwt.NewAccountClaims(public(acc))
	accClaims.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1,
	}
	operatorJWT := text(jwt.NewOperatorClaims(public(operator)).Encode(operator))
	config := fmt.Sprintf(
		"operator: %q\nsystem_account: %s\nresolver: MEMORY\n"+
			"resolver_preload: { %s: %q, %s: %q }\n",
		operatorJWT, public(system), public(acc), text(accClaims.Encode(operator)),
		public(system), text(jwt.NewAccountClaims(public(system)).Encode(operator)))

	userJWT := text(jwt.NewUserClaims(public(user)).Encode(acc))
	creds := must[[]byte](t)(jwt.FormatUserConfig(userJWT, must[[]byte](t)(user.Seed())))
	file := filepath.Join(t.TempDir(), "user.creds")
	if err := os.WriteFile(file, creds, 0o600); err != nil {
		t.Fatal(err)
	}
	return account{config: config, creds: file}
}

// startSecure starts a server that asks for a client's certificate and for credentials.
func startSecure(t testing.TB) (*process, Config) {
	t.Helper()
	ca, acc := newAuthority(t), newAccount(t)
	ca.issue(t, "server", &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	ca.issue(t, "client", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "node"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	p := startServer(t, acc.config+fmt.Sprintf(
		"tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }\n",
		ca.file("server"), ca.file("server-key"), ca.file("ca")))
	return p, Config{
		URL: "tls://" + p.address, Creds: acc.creds, CAFile: ca.file("ca"),
		CertFile: ca.file("client"), KeyFile: ca.file("client-key"),
	}
}

// TestOpenRefuses: what cannot work is said at once, and what it is.
func TestOpenRefuses(t *testing.T) {
	_, good := startSecure(t)
	other := newAuthority(t)
	stranger := newAccount(t)
	with := func(change func(*Config)) Config {
		c := good
		change(&c)
		return c
	}
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		config Config
		kind   dispatch.Kind
	}{
		"a stranger's credentials": {
			with(func(c *Config) { c.Creds = stranger.creds }), dispatch.Denied,
		},
		"no credentials":   {with(func(c *Config) { c.Creds = "" }), dispatch.Denied},
		"credentials gone": {with(func(c *Config) { c.Creds += "x" }), dispatch.Invalid},
		"another CA": {
			with(func(c *Config) { c.CAFile = other.file("ca") }), dispatch.Invalid,
		},
		"CA gone":    {with(func(c *Config) { c.CAFile += "x" }), dispatch.Invalid},
		"CA garbage": {with(func(c *Config) { c.CAFile = garbage }), dispatch.Invalid},
		"a certificate without its key": {
			with(func(c *Config) { c.KeyFile = "" }), dispatch.Invalid,
		},
		"the wrong key": {
			with(func(c *Config) { c.KeyFile = other.file("ca-key") }), dispatch.Invalid,
		},
		"no directory": {Config{}, dispatch.Invalid},
		"a file as the directory": {
			Config{Dir: garbage}, dispatch.Invalid,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Open(t.Context(), tc.config)
			if err == nil {
				_ = b.Close(t.Context())
				t.Fatal("opened")
			}
			if dispatch.KindOf(err) != tc.kind {
				t.Errorf("%v is %v, want %v", err, dispatch.KindOf(err), tc.kind)
			}
		})
	}
	opened(t, good)
}
