package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	riderpb "hexhail/pb/hexhail/rider/v1"
)

// TestWalletSecretsAreSealed: no file of the data folder has the secret of a wallet's code in it,
// and a server with another key does not start on them.
func TestWalletSecretsAreSealed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := openRealm(t, "--data-dir", dir)
	c := r.cast(searching)
	issued, err := riderpb.NewRiderServiceClient(c.conn()).IssueWalletCode(c.as(riderOne),
		&riderpb.IssueWalletCodeRequest{RequestId: c.fresh()})
	r.ok(err)
	r.ok(r.service.Close(t.Context()))
	secret, handles := issued.GetSecret(), 0
	r.ok(filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(issued.GetHandle())) {
			handles++
		}
		for _, plain := range []string{
			string(secret), hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret),
		} {
			if bytes.Contains(text, []byte(plain)) {
				t.Errorf("%s has the secret in it", path)
			}
		}
		return err
	}))
	if handles == 0 || len(secret) == 0 {
		t.Errorf("the handle is in no file: these are not all")
	}
	serve := []string{
		"serve", "--sandbox", "--channels", "none", "--data-dir", dir, "--grpc-addr", "127.0.0.1:0",
		"--http-addr", "127.0.0.1:0", "--token-key", filepath.Join(dir, "another.key"),
	}
	code, _, stderr := hexhail(t.Context(), serve...)
	if code != exitFailed || !strings.Contains(stderr, "another.key is not the key that wallets") {
		t.Errorf("with another key: code %d, %s", code, stderr)
	}
}
