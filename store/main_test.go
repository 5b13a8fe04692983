package store_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a test leaves a goroutine behind: a writer, or a connection left open.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
