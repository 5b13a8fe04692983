package hexhail_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shellBlock is a block of commands in a page.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// shorter is what is appended to a command so that it ends in seconds; "-" is a command that
// cannot run inside the tests, of which only the syntax is checked.
var shorter = []struct{ begins, with string }{
	{"scripts/test", "-"},
	{"scripts/run", "--duration 1m --fleet 300 --requests 500"},
	{"go run ./cmd/hexhail sim", "--duration 1m --fleet 1000"},
	{"go run ./cmd/hexhail", ""},
}

// TestDocs runs every command of the pages, shortened, in a copy of their order.
func TestDocs(t *testing.T) {
	for _, page := range []string{"README.md", "ARCHITECTURE.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			for _, command := range commands(block[1]) {
				t.Run(page+"/"+command, func(t *testing.T) { runCommand(t, command) })
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
