package standin

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestThePageOfFaults: who reads docs/payments.md can ask for every fault with every call.
func TestThePageOfFaults(t *testing.T) {
	page, err := os.ReadFile("../../docs/payments.md")
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, c := range append(Calls(), CallNotice) {
		words = append(words, string(c))
	}
	for _, f := range slices.Concat(AnswerFaults(), NoticeFaults(), BillFaults()) {
		words = append(words, string(f))
	}
	for _, word := range words {
		if !strings.Contains(string(page), "`"+word+"`") {
			t.Errorf("docs/payments.md does not tell of %q", word)
		}
	}
}
