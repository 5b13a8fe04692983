package sim

import (
	"os"
	"path/filepath"
	"testing"
)

// DataPath is a file or folder of the recorded data ($HEXHAIL_DATA, by default beside the
// checkout). Without it the test skips.
func DataPath(t testing.TB, name string) string {
	t.Helper()
	data := os.Getenv("HEXHAIL_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "shared", "data")
	}
	path := filepath.Join(data, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no recorded data in HEXHAIL_DATA: %v", err)
	}
	return path
}
