package money_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reasonWords are the reasons in the code of channels: `State: AttemptSent, Reason: "payer_pays"`
// and `closed("reversed")`.
var reasonWords = regexp.MustCompile(
	`(Attempt[A-Z][a-z]+),\s*Reason: "([a-z_]+)"|\bclosed\("([a-z_]+)"\)`)

// TestThePageOfReasons: docs/payments.md has each reason that an app may read of an attempt to pay.
// Of one that is unknown apps read "no_answer"; payouts and refunds have no row in ListPayments.
func TestThePageOfReasons(t *testing.T) {
	page, err := os.ReadFile("../docs/payments.md")
	if err != nil {
		t.Fatal(err)
	}
	table := string(page[strings.Index(string(page), "| `attempt_state` |"):])
	table, _, _ = strings.Cut(table, "\n\n")
	files := []string{"wallet.go", "cash.go"}
	for _, dir := range []string{"wechat", "alipay"} {
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	words := []string{"no_answer"}
	for _, file := range files {
		base := strings.TrimSuffix(filepath.Base(file), ".go")
		if strings.HasSuffix(base, "_test") || slices.Contains([]string{"payout", "refund"}, base) {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range reasonWords.FindAllStringSubmatch(string(code), -1) {
			if m[1] != "AttemptUnknown" {
				words = append(words, m[2]+m[3])
			}
		}
	}
	for _, word := range words {
		if !strings.Contains(table, "`"+word+"`") {
			t.Errorf("docs/payments.md does not tell of the reason %q", word)
		}
	}
	if len(words) < 15 {
		t.Errorf("only %d reasons found", len(words))
	}
}
