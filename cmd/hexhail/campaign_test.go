package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCampaignFiles: every example is read, and what is no campaign is told of by its file's name.
func TestCampaignFiles(t *testing.T) {
	files, err := filepath.Glob("../../docs/campaigns/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		c, err := readCampaign(name)
		if err != nil || !strings.HasPrefix(filepath.Base(name), c.GetId()) || c.GetCapFen() == 0 {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	for what, text := range map[string]string{
		"unknown field": `{"id": "c", "riderfen": "5"}`,
		"cut short":     `{"id": "c"`,
		"too long":      `{"id": "` + strings.Repeat("c", maxCampaignFile) + `"}`,
		"an amount":     `{"rider_fen": "5.5"}`,
	} {
		name := filepath.Join(t.TempDir(), "bad.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readCampaign(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := readCampaign(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("read a file that is not there")
	}
}

// TestCampaignExpression: a server compiles what a campaign's file says, and tells what is wrong.
func TestCampaignExpression(t *testing.T) {
	r := openRealm(t)
	launch := func(id, expr string) (int, string) {
		name := filepath.Join(t.TempDir(), "c.json")
		text := fmt.Sprintf(`{"id": %q, "version": 1, "city": "beijing", "sponsor": "us",
			"channel": "wallet", "riderFen": "500", "capFen": "100000", "group": %q,
			"startsAt": "2013-12-01T00:00:00Z", "endsAt": "2099-12-01T00:00:00Z",
			"when": {"expression": %q}}`, id, id, expr)
		r.ok(os.WriteFile(name, []byte(text), 0o600))
		code, _, stderr := hexhail(t.Context(), "campaign", "launch", name, "--data-dir",
			r.service.config.DataDir)
		return code, stderr
	}
	if code, said := launch("good", `hour >= 22 || "students" in segments`); code != exitOK {
		t.Errorf("%d %s", code, said)
	}
	if code, said := launch("good", `hour >= 21`); code != exitFailed ||
		!strings.Contains(said, "campaign good has a version 1 with other content") {
		t.Errorf("changed under its version: %d %s", code, said)
	}
	for expr, says := range map[string]string{
		`fare >`: "an expression that compiles",
		`segments.all(a, segments.all(b, segments.all(c, a + b != c)))`: "costs at most",
	} {
		code, said := launch("bad", expr)
		if code != exitFailed || !strings.Contains(said, "campaign.when.expression") ||
			!strings.Contains(said, says) {
			t.Errorf("%s: %d %s", expr, code, said)
		}
	}
}
