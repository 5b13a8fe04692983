package dispatch_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hexhail/dispatch"
)

// TestAssignVectors: small cases whose optima a program over all subsets of taxis has found.
func TestAssignVectors(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "assign", "cases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSpace(string(raw)), "\n\n")
	if len(blocks) < 30 {
		t.Fatalf("%d cases, want at least 30", len(blocks))
	}
	var a dispatch.Assigner
	for _, block := range blocks {
		name, g, want := readVector(t, block)
		match, got := solveOnce(t, &a, g)
		if got != want {
			t.Errorf("%s: %+v by %v, want %+v", name, got, match, want)
		}
	}
}

// readVector reads "# name", "<taxis> taxis", one line "taxi:cost …" or "-" per ride, "----" and
// "<size> <cost>".
func readVector(t *testing.T, block string) (name string, g *dispatch.Graph, want tally) {
	t.Helper()
	lines := strings.Split(block, "\n")
	name = lines[0]
	var taxis int
	if _, err := fmt.Sscanf(lines[1], "%d taxis", &taxis); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var rows [][][2]int32
	for _, line := range lines[2 : len(lines)-2] {
		row := [][2]int32{}
		for _, word := range strings.Fields(strings.TrimPrefix(line, "-")) {
			var e [2]int32
			if _, err := fmt.Sscanf(word, "%d:%d", &e[0], &e[1]); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			row = append(row, e)
		}
		rows = append(rows, row)
	}
	if _, err := fmt.Sscanf(lines[len(lines)-1], "%d %d", &want.size, &want.cost); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return name, graphOf(taxis, rows), want
}

// assignData returns the folder of the OR-Library's assignment problems, or skips.
func assignData(t *testing.T) string {
	t.Helper()
	data := os.Getenv("HEXHAIL_DATA")
	if data == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if filepath.Dir(root) == root {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		data = filepath.Join(root, "..", "shared", "data")
	}
	dir := filepath.Join(data, "orlib_assign")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIP: no OR-Library data: %v", err)
	}
	return dir
}

// TestAssignORLibrary: Beasley's assignment problems and their published optima.
func TestAssignORLibrary(t *testing.T) {
	dir := assignData(t)
	raw, err := os.ReadFile(filepath.Join(dir, "optima.csv"))
	if err != nil {
		t.Fatal(err)
	}
	optima, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(optima) < 5 {
		t.Fatalf("optima.csv: %d lines, %v", len(optima), err)
	}
	var a dispatch.Assigner
	for _, line := range optima[1:] {
		want, err := strconv.ParseInt(line[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		g := readORLibrary(t, filepath.Join(dir, strings.TrimSuffix(line[0], ".gz")+".gz"))
		match, got := solveOnce(t, &a, g)
		if got != (tally{g.Rides(), want}) {
			t.Errorf("%s: %+v, want all %d at %d", line[0], got, g.Rides(), want)
		}
		if err := certify(g, match); err != nil {
			t.Errorf("%s: %v", line[0], err)
		}
	}
}

func readORLibrary(t *testing.T, path string) *dispatch.Graph {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	words := bufio.NewScanner(plain)
	words.Split(bufio.ScanWords)
	next := func() int32 {
		if !words.Scan() {
			t.Fatalf("%s ends early: %v", path, words.Err())
		}
		v, err := strconv.ParseInt(words.Text(), 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return int32(v)
	}
	n := next()
	rows := make([][][2]int32, n)
	for r := range rows {
		for c := range n {
			rows[r] = append(rows[r], [2]int32{c, next()})
		}
	}
	return graphOf(int(n), rows)
}
