package driver

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests, or a server for a benchmark of this package, which measures what the
// server takes apart from its clients.
func TestMain(m *testing.M) {
	if role := os.Getenv(benchRole); role != "" {
		serveBench(role)
		return
	}
	goleak.VerifyTestMain(m)
}
