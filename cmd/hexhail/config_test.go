package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	path := fileWith(t, "hexhail.yaml", "colour: red\n")
	bare := fileWith(t, "hexhail.yaml", "frame-every: 3\n")
	list := fileWith(t, "hexhail.yaml", "log-level: [debug, info]\n")
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
		{"serve --keep-days 89", "", "keep-days must be 90 to 36500"},
		{"serve --keep-days NaN", "", "keep-days must be 90 to 36500"},
		{"serve --log-level loud", "", "log-level must be"},
		{"serve --clock-rate 30", "", "left alone without --sandbox"},
		{"serve --clock-epoch 2013-12-20T08:00:00Z", "", "left alone without --sandbox"},
		{"serve --sandbox --clock-rate 1000", "", "clock-rate must be 0.1 to 100"},
		{"serve --sandbox --clock-rate NaN", "", "clock-rate must be 0.1 to 100"},
		{"serve --sandbox --clock-epoch noon", "", "clock-epoch must be a time like"},
		{"serve --notify-url https://a.example", "", "notify-url and notify-key"},
		{"serve --notify-url foo --notify-key k", "", "notify-url must be a URL like"},
		{"serve --notify-url http://a.example --notify-key k", "", "only with --sandbox"},
		{"serve --store mysql://a:geheim@b/c", "", "store must be sqlite:PATH or postgres"},
		{"serve --store sqlite:", "", "store must be sqlite:PATH or postgres"},
		{"serve --store postgres://a:ge%heim@b/c", "", "store must be sqlite:PATH or postgres"},
		{"serve --nats nats://a,http://u:geheim@b", "", "nats must be URLs like"},
		{"serve --config " + bare, "", "frame-every must be a time with its unit"},
		{"serve --config " + list, "", "log-level must be a text"},
		{"serve", "HEXHAIL_DRAIN_FOR=3", "drain-for must be a time with its unit"},
		{"serve", "HEXHAIL_SANDBOX=perhaps", "sandbox must be true or false"},
		{"serve", "HEXHAIL_RATE_PER_S=many", "rate-per-s must be a number"},
		{"check-config --notify-url https://a.example --notify-key /absent", "", "notify-key: "},
		{"check-config --tls-cert /absent --tls-key /absent", "", "tls-cert"},
		{"check-config --nats-ca /absent", "", "nats-ca: "},
		{"check-config --cities atlantis", "", "cities:"},
		{"check-config --cities ,", "", "cities must be one or more of"},
		{"check-config --city-files /absent.json", "", "/absent.json"},
		{"serve --roads beijing", "", "roads must be CITY=FILE"},
		{"serve --roads beijing=a+b+c", "", "roads must be CITY=FILE"},
		{"serve --roads beijing=a+", "", "roads must be CITY=FILE"},
		{"serve --roads beijing=a,beijing=b", "", "roads has beijing twice"},
		{"check-config --roads shanghai=a", "", `roads: no city "shanghai" is served`},
		{"check-config --roads beijing=/absent.osm", "", "/absent.osm"},
		{"check-config --roads beijing=" + path, "", path},
		{"check-config --table-url localhost:5000", "", "table-url: osrm: URL must be"},
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
			if code == exitOK || !strings.Contains(stderr, c.want) || stdout != "" ||
				strings.Contains(stderr, "heim") || strings.Count(stderr, "\n") != 1 {
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

func TestListsOfTheFileAreTakenForCommas(t *testing.T) {
	path := fileWith(t, "hexhail.yaml", "cities: [shanghai, chengdu]\nsandbox: true\n"+
		"clock-epoch: 2013-12-20T08:00:00Z\nclock-rate: 3\n")
	c, _, err := readConfig(flagsOf(t, "--config", path), nil)
	if err != nil || c.Cities != "shanghai,chengdu" || c.ClockEpoch != "2013-12-20T08:00:00Z" ||
		!c.Sandbox || c.ClockRate != 3 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestSecretsInURLsAreMasked(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"store", "sqlite:data/a%zz.db", "sqlite:data/a%zz.db"},
		{"store", "postgres://taxi@db/hexhail", "postgres://taxi@db/hexhail"},
		{"store", "postgres://taxi:geheim@db/hexhail", "postgres://taxi:xxxxx@db/hexhail"},
		{
			"store", "postgres://db/hexhail?sslmode=require&password=geheim&sslpassword=geheim",
			"postgres://db/hexhail?sslmode=require&password=xxxxx&sslpassword=xxxxx",
		},
		{"store", "postgres://taxi:ge%heim@db/hexhail", "xxxxx (not a URL)"},
		{"store", "postgres://taxi:geheim/x@db/hexhail", "xxxxx (not a URL)"},
		{
			"nats", "nats://a:geheim@one:4222, tls://b:geheim@two:4222",
			"nats://a:xxxxx@one:4222,tls://b:xxxxx@two:4222",
		},
		{"nats", "nats://geheim@one:4222", "nats://xxxxx@one:4222"},
		{"nats", "a:geheim@one:4222,two", "a:xxxxx@one:4222,two"},
		{"notify-url", "https://geheim@a.example/hook", "https://xxxxx@a.example/hook"},
		{
			"notify-url", "https://a.example/hook?id=3&access_token=geheim",
			"https://a.example/hook?id=3&access_token=xxxxx",
		},
		{"nats", "", ""},
		{"log-level", "info", "info"},
	} {
		if got := show(c.key, c.value); got != c.want {
			t.Errorf("%s %s is shown as %s, want %s", c.key, c.value, got, c.want)
		}
	}
}

func TestPortsEndAt65535(t *testing.T) {
	for args, want := range map[string]string{
		"--grpc-addr :65535 --http-addr localhost:http": "",
		"--grpc-addr :99999":                            "grpc-addr must be host:port, the port 0",
		"--http-addr :-1":                               "http-addr must be host:port, the port 0",
		"--nats nats://a:65536":                         "nats must be URLs like",
		"--store postgres://a:99999/b":                  "store must be sqlite:PATH or postgres",
	} {
		_, _, err := readConfig(flagsOf(t, strings.Fields(args)...), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

func TestVariablesThatNothingReadsAreToldOf(t *testing.T) {
	told := strangers([]string{
		"HEXHAIL_GRPC_ADR=:1", "HEXHAIL_CITES=a", // mistaken
		"HEXHAIL_DATABASE_URL=postgres://me:secret@db/a", "HEXHAIL_DAT=/a", // of somebody else
		"HEXHAIL_GRPC_ADDR=:1", "HEXHAIL_grpc_addr=:1", "HEXHAIL_CONFIG=a", "HEXHAIL_DATA=/a",
		"HEXHAIL_SOAK=1", "HEXHAIL_POSTGRES=a", "HEXHAIL_SPEEDUP=3", "GRPC_ADR=:1",
		"HEXHAIL_SOAK_ROUNDS=3", "HEXHAIL_BENCH_TIME=1s", "HEXHAIL_REQUIRE_POSTGRES=1",
	})
	want := []string{
		"HEXHAIL_GRPC_ADR is no setting and is not read; is HEXHAIL_GRPC_ADDR meant?",
		"HEXHAIL_CITES is no setting and is not read; is HEXHAIL_CITIES meant?",
		"HEXHAIL_DATABASE_URL is no setting and is not read",
		"HEXHAIL_DAT is no setting and is not read",
	}
	if !slices.Equal(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}

func TestCommandsBesideTheServerFindItsFolderAsItDoes(t *testing.T) {
	dir := t.TempDir()
	if _, err := openKey(filepath.Join(dir, "token.key")); err != nil {
		t.Fatal(err)
	}
	path := fileWith(t, "hexhail.yaml", "data-dir: "+dir+"\nclock-rate: 5\n")
	for name, variable := range map[string]string{
		"HEXHAIL_DATA_DIR": dir, "HEXHAIL_TOKEN_KEY": filepath.Join(dir, "token.key"),
		"HEXHAIL_CONFIG": path,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, variable)
			code, stdout, stderr := hexhail(t.Context(), "token", "--role", "rider", "--id", "a")
			if code != exitOK || strings.Count(stdout, ".") != 2 {
				t.Errorf("code %d, %s%s", code, stdout, stderr)
			}
		})
	}
}
