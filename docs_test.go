package hexhail_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hexhail/bus/bustest"
)

// shellBlock is a block of commands in a page.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// tourBlock is a part of a tour: all parts of a page are one script, with a server of their own.
var tourBlock = regexp.MustCompile("(?s)```sh tour\n(.*?)```")

// shorter is what is appended to a command so that it ends in seconds; "-" is a command that
// cannot run inside the tests, of which only the syntax is checked.
var shorter = []struct{ begins, with string }{
	{"scripts/test", "-"},
	{"scripts/run", "--duration 1m --fleet 200 --requests 300 --speedup 100 " +
		"--grpc-addr 127.0.0.1:0 --http-addr 127.0.0.1:0"},
	{"go run ./cmd/hexhail sim", "--duration 1m --fleet 1000"},
	{"go run ./cmd/hexhail", ""},
}

// TestDocs runs every command of the pages, shortened, in their order; cities go on meanwhile.
func TestDocs(t *testing.T) {
	for _, page := range []string{"README.md", "ARCHITECTURE.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			for _, command := range commands(block[1]) {
				t.Run(page+"/"+command, func(t *testing.T) {
					if strings.HasPrefix(command, "scripts/run") {
						t.Parallel() // a city needs the wall's time, and a folder of its own
					}
					runCommand(t, command)
				})
			}
		}
	}
}

// commands joins continued lines and drops comments.
func commands(block string) (list []string) {
	for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", " ")) {
		line, _, _ = strings.Cut(line, " # ")
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func runCommand(t *testing.T, command string) {
	for _, s := range shorter {
		if !strings.HasPrefix(command, s.begins) {
			continue
		}
		if s.with == "-" {
			script, _, _ := strings.Cut(command, " ")
			bash(t, "bash -n "+script)
			return
		}
		bash(t, command+" "+s.with)
		return
	}
	t.Errorf("nothing says how to test %q", command)
}

func bash(t *testing.T, command string) {
	data := os.Getenv("HEXHAIL_DATA")
	if data == "" {
		data = filepath.Join("..", "shared", "data")
	}
	if strings.Contains(command, "$D") {
		if _, err := os.Stat(data); err != nil {
			t.Skipf("SKIPPED: no recorded data in HEXHAIL_DATA=%s", data)
		}
		command = strings.Replace(command, "report.json", filepath.Join(t.TempDir(), "r.json"), 1)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Env = append(os.Environ(), "D="+filepath.Join(data, "nyc_2013-11-18"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", command, err, out)
	}
	t.Logf("%s\n%s", command, out)
}

// tourPages are those of the tour, in their order: what follows on the README goes on with its
// ride, on the folder that it has left.
var tourPages = []string{
	"README.md", "docs/receipts.md", "docs/ledger.md", "docs/reconciliation.md",
	"docs/payments.md", "docs/campaigns.md", "docs/sponsors.md",
}

// TestTour makes the tour of the pages whole, on ports and in a folder of its own: a ride by hand
// from the import of its people to the books.
func TestTour(t *testing.T) {
	script := "set -euo pipefail\n"
	for _, page := range tourPages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range tourBlock.FindAllStringSubmatch(string(text), -1) {
			script += block[1]
		}
	}
	grpc, http := bustest.FreeAddress(t), bustest.FreeAddress(t)
	for from, to := range map[string]string{
		"data/tour": t.TempDir(), "localhost:7070": grpc, "localhost:7080": http,
	} {
		script = strings.ReplaceAll(script, from, to)
	}
	// Whatever fails, the server goes with the script.
	script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + script
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "HEXHAIL_GRPC_ADDR="+grpc, "HEXHAIL_HTTP_ADDR="+http)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`"pickup": "60s"`, `"state": "RIDE_STATE_SETTLED"`, `"plate": "京B12345"`, // rider
		`"balanceFen": "2800"`, `"verdict": "offered"`, `"sound": true`, // driver, ops
		"taken by D1 after", "Offers: 1. D1", "派单 1 次：1 次接单。",
		`hexhail_rides_total{act="settled",city="beijing",kind="hailed"} 1`,
		"Number of the printed receipt: 02468135", "发票号码：02468135", "应付：18.00 元", // receipt
		"entries are sealed\n", "sound\n", "28.00  6 lines", "booked 18.00", // ledger
		"0 differences are open; wechat owes us 0.00 yuan", // reconciliation
		`"state": "paid"`, "0 differences are open; alipay owes us 0.00 yuan",
		"given: 1 of 5.00 yuan", "春节红包", "Tip, Alipay (hongbao: 5.00)", // payments
		"already_repaired", "repaired subsidy_rider", // campaigns
		"500,subsidy_rider", // sponsors
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("want %s in\n%s", want, out)
		}
	}
}
