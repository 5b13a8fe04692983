package geo

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// realData opens a file of the real data, $HEXHAIL_DATA or ../shared/data from the module's
// root, and unpacks it. Where there is none the test is skipped.
func realData(t testing.TB, path ...string) io.Reader {
	t.Helper()
	dir := os.Getenv("HEXHAIL_DATA")
	if dir == "" {
		dir = filepath.Join(moduleRoot(t), "..", "shared", "data")
	}
	name := filepath.Join(append([]string{dir}, path...)...)
	f, err := os.Open(name)
	if err != nil {
		t.Skipf("no real data: %v (set HEXHAIL_DATA)", err)
	}
	t.Cleanup(func() { f.Close() })
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return unpacked
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// rowsOf reads a CSV file with a header, and hands out each row's columns by name.
func rowsOf(t testing.TB, r io.Reader, each func(col func(name string) string)) {
	t.Helper()
	c := csv.NewReader(r)
	header, err := c.Read()
	if err != nil {
		t.Fatal(err)
	}
	place := map[string]int{}
	for i, h := range header {
		place[h] = i
	}
	for {
		row, err := c.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		each(func(name string) string {
			i, ok := place[name]
			if !ok {
				t.Fatalf("no column %s in %v", name, header)
			}
			return row[i]
		})
	}
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
