package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes one for this machine that is trusted by itself, and its key.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
}

// TestTLS: a server with a certificate is asked by who trusts it, and whoever speaks TLS to one
// that does not, or the other way round, is told what may be behind it.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	sealed := openRealm(t, "--tls-cert", cert, "--tls-key", key)
	open := openRealm(t)
	for _, ask := range []struct {
		of    *realm
		words []string
		code  int
		says  string
	}{
		{sealed, []string{"--ca", cert}, exitOK, ""},
		{sealed, nil, exitFailed, "say --ca FILE"},
		{open, nil, exitOK, ""},
		{open, []string{"--ca", cert}, exitFailed, "--ca is for a server that has a tls-cert"},
	} {
		_, port, _ := strings.Cut(ask.of.grpcAddr(), ":")
		words := append([]string{
			"reconcile", "bills", "--data-dir", ask.of.service.config.DataDir,
			"--addr", "localhost:" + port,
		}, ask.words...)
		code, _, stderr := hexhail(t.Context(), words...)
		if code != ask.code || !strings.Contains(stderr, ask.says) {
			t.Errorf("%v: code %d, %s", words, code, stderr)
		}
	}
}
