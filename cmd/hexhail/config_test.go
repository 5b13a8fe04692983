package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// flagsOf are serve's flags with some of them given.
func flagsOf(t testing.TB, args ...string) *pflag.FlagSet {
	t.Helper()
	f := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	bindSettings(f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFlagsGoOverEnvironmentOverFileOverDefaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hexhail.yaml")
	text := "data-dir: /from/file\ncities: shanghai\nframe-every: 20ms\nrate-per-s: 7\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, from, err := readConfig(
		flagsOf(t, "--config", path, "--cities", "chengdu"),
		[]string{"HEXHAIL_DATA_DIR=/from/env", "HEXHAIL_CITIES=hangzhou", "HEXHAIL_DATA=x", "A=b"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]string{
		"cities":      {c.Cities, "chengdu/flag"},
		"data-dir":    {c.DataDir, "/from/env/environment"},
		"frame-every": {c.FrameEvery.String(), "20ms/" + path},
		"grpc-addr":   {c.GRPCAddr, ":7070/default"},
		"store":       {c.Store, "sqlite:/from/env/hexhail.db/default"},
	} {
		if got := want[0] + "/" + from[key]; got != want[1] {
			t.Errorf("%s is %s, want %s", key, got, want[1])
		}
	}
}

func TestBadSettingsNameTheKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hexhail.yaml")
	if err := os.WriteFile(path, []byte("colour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, env, want string
	}{
		{"serve --config " + path, "", `unknown key "colour"`},
		{"serve --config /absent.yaml", "", "/absent.yaml"},
		{"serve", "HEXHAIL_FRAME_EVERY=soon", "frame-every"},
		{"serve --grpc-addr 7070", "", "grpc-addr must be host:port"},
		{"serve --http-addr x", "", "http-addr must be host:port"},
		{"serve --tls-cert a.pem", "", "tls-cert and tls-key"},
		{"serve --nats-key a.pem", "", "nats-cert and nats-key"},
		{"serve --frame-every 2s", "", "frame-every must be 0 to 1s"},
		{"serve --drain-for 1h", "", "drain-for must be 0 to 5m"},
		{"serve --rate-per-s 0", "", "rate-per-s must be 1 to 100000"},
		{"serve --log-level loud", "", "log-level must be"},
		{"serve --clock-rate 30", "", "left alone without --sandbox"},
		{"serve --clock-epoch 2013-12-20T08:00:00Z", "", "left alone without --sandbox"},
		{"serve --sandbox --clock-rate 1000", "", "clock-rate must be 0.1 to 100"},
		{"serve --sandbox --clock-rate NaN", "", "clock-rate must be 0.1 to 100"},
		{"serve --sandbox --clock-epoch noon", "", "clock-epoch must be a time like"},
		{"serve --notify-url https://a.example", "", "notify-url and notify-key"},
		{"check-config --cities atlantis", "", "cities:"},
		{"check-config --cities ,", "", "cities must be one or more of"},
		{"check-config --city-files /absent.json", "", "/absent.json"},
		{"token --role pope --id a", "", "--role must be"},
		{"token --role rider", "", "--id must be 1 to 64 bytes"},
		{"token --role rider --id a --ttl 9000h", "", "--ttl must be"},
		{"token --role rider --id a --data-dir /absent", "", "makes it at its first start"},
		{"health --data-dir /absent", "", "is the server running?"},
	} {
		t.Run(c.args+" "+c.env, func(t *testing.T) {
			if name, value, ok := strings.Cut(c.env, "="); ok {
				t.Setenv(name, value)
			}
			code, stdout, stderr := hexhail(t.Context(), strings.Fields(c.args)...)
			if code == exitOK || !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("code %d\nstdout %sstderr %swant %q", code, stdout, stderr, c.want)
			}
		})
	}
}

func TestCheckConfigPrintsEverySettingWithItsOrigin(t *testing.T) {
	t.Setenv("HEXHAIL_STORE", "postgres://taxi:secret@db.example/hexhail")
	code, stdout, stderr := hexhail(t.Context(), "check-config", "--sandbox", "--clock-rate", "30")
	if code != exitOK || stderr != "" {
		t.Fatalf("code %d, stderr %s", code, stderr)
	}
	for _, s := range settings {
		if !strings.Contains("\n"+stdout, "\n"+s.key+" ") {
			t.Errorf("%s is not printed", s.key)
		}
	}
	if strings.Contains(stdout, "secret") {
		t.Error("the database's password is printed")
	}
	for _, want := range []string{
		`(?m)^store +postgres://taxi:xxxxx@db\.example/hexhail +environment$`,
		`(?m)^clock-rate +30 +flag$`,
		`(?m)^grpc-addr +:7070 +default$`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("want %s in\n%s", want, stdout)
		}
	}
}
