package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// fileWith makes a file for a test.
func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// takenPort is an address that somebody else listens at.
func takenPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// nobodyAt is an address that nobody listens at.
func nobodyAt(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// A start that fails says why, and leaves nothing that runs, listens or lies about.
func TestFailedStartsSayWhyAndLeaveNothing(t *testing.T) {
	junk := fileWith(t, "junk", "{not what was meant")
	secret := fileWith(t, "secret", strings.Repeat("s", 32))
	short := fileWith(t, "short", "s")
	taken, nobody := takenPort(t), nobodyAt(t)
	for name, c := range map[string]struct {
		args, want string
		code       int
	}{
		"city":       {"--cities atlantis", `cities: unknown city "atlantis"`, exitUsage},
		"city file":  {"--city-files " + junk, junk, exitUsage},
		"gRPC taken": {"--grpc-addr " + taken, "address already in use", exitFailed},
		"HTTP taken": {"--http-addr " + taken, "address already in use", exitFailed},
		"TLS": {
			"--tls-cert " + junk + " --tls-key " + junk, "tls-cert", exitFailed,
		},
		"token key":        {"--token-key " + junk, "token-key " + junk, exitFailed},
		"no folder of key": {"--token-key /absent/key", "/absent/key", exitFailed},
		"no Postgres": {
			"--store postgres://taxi:geheim@" + nobody + "/hexhail", "connect", exitFailed,
		},
		"junk in the database": {"--store sqlite:" + junk, "database", exitFailed},
		"no NATS":              {"--nats nats://" + nobody, "bus", exitFailed},
		"webhook over HTTP": {
			"--notify-url http://a.example --notify-key " + secret, "must be https", exitUsage,
		},
		"no secret": {
			"--notify-url https://a.example --notify-key /absent", "notify-key", exitFailed,
		},
		"short secret": {
			"--notify-url https://a.example --notify-key " + short, "at least 32 bytes", exitFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, dir := goleak.IgnoreCurrent(), t.TempDir()
			args := append(strings.Fields("serve --grpc-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 "+
				"--data-dir "+dir), strings.Fields(c.args)...)
			code, stdout, stderr := hexhail(t.Context(), args...)
			_, told, ok := strings.Cut(stderr, "hexhail: ")
			if code != c.code || stdout != "" || !ok || !strings.Contains(told, c.want) ||
				strings.Contains(stderr, "geheim") {
				t.Errorf("code %d, want %d and %q\n%s%s", code, c.code, c.want, stdout, stderr)
			}
			if _, err := os.Stat(filepath.Join(dir, "address")); !os.IsNotExist(err) {
				t.Errorf("the file address: %v", err)
			}
			goleak.VerifyNone(t, before)
		})
	}
}

func TestFailedLiveRunLeavesNoFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	code, _, stderr := hexhail(t.Context(), "sim", "--mode", "live", "--fleet", "2",
		"--requests", "10", "--grpc-addr", takenPort(t), "--http-addr", "127.0.0.1:0")
	if code != exitFailed || !strings.Contains(stderr, "address already in use") {
		t.Errorf("code %d, %s", code, stderr)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// A data folder that was made as a sandbox is served as one only, and one that was not never; that
// it says so in a file of its own is not needed where it keeps a clock.
func TestAFolderIsASandboxOrNot(t *testing.T) {
	for _, c := range []struct {
		name         string
		made, served string
		forget       bool // the file that says what kind it is
		want         string
	}{
		{"sandbox", "--sandbox", "", false, "was made with --sandbox"},
		{"sandbox of before", "--sandbox", "", true, "was made with --sandbox"},
		{"real", "", "--sandbox", false, "was made without --sandbox"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			flags := []string{
				"--data-dir", dir, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0",
			}
			for range 2 { // it is opened again as what it is
				config, _, err := readConfig(
					flagsOf(t, append(flags, strings.Fields(c.made)...)...), nil)
				if err != nil {
					t.Fatal(err)
				}
				s, err := openService(t.Context(), config, newLog(io.Discard, "error"))
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if c.forget {
				if err := os.Remove(filepath.Join(dir, kindFile)); err != nil {
					t.Fatal(err)
				}
			}
			code, stdout, stderr := hexhail(t.Context(),
				append(append([]string{"serve"}, flags...), strings.Fields(c.served)...)...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, dir+" "+c.want) {
				t.Errorf("code %d, %q, %q", code, stdout, stderr)
			}
		})
	}
}

// A first start that fails does not say what the folder is: the next one may.
func TestAFailedFirstStartSettlesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, made := range []string{"--sandbox", "--sandbox=false"} {
		code, _, stderr := hexhail(t.Context(), "serve", made, "--data-dir", dir,
			"--grpc-addr", "127.0.0.1:0", "--http-addr", takenPort(t))
		if code != exitFailed || !strings.Contains(stderr, "address already in use") {
			t.Errorf("%s: code %d, %s", made, code, stderr)
		}
		for _, name := range []string{kindFile, clockFile} {
			if hasFile(filepath.Join(dir, name)) {
				t.Errorf("%s: the file %s is left", made, name)
			}
		}
	}
}
