package main

import (
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
