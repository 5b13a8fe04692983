package hexhail_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The image's last stage holds the binary and certificates and runs without rights; scripts/test
// proves elsewhere that the binary needs nothing else.
func TestDockerfileEndsInABareStage(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := regexp.MustCompile(`(?m)^FROM .*$`).FindAllStringIndex(string(text), -1)
	if len(stages) != 2 {
		t.Fatalf("%d stages, want 2", len(stages))
	}
	last := string(text)[stages[1][0]:]
	for _, want := range []string{
		"FROM scratch\n", "\nUSER 65532:65532\n", "\nHEALTHCHECK ", `"/hexhail", "health"`,
		"\nENTRYPOINT [\"/hexhail\"]\n", "\nVOLUME /data\n",
	} {
		if !strings.Contains(last, want) {
			t.Errorf("the last stage has no %q", want)
		}
	}
	if !strings.Contains(string(text)[:stages[1][0]], "scripts/build --static") {
		t.Error("the image is not built by scripts/build --static")
	}
}
