package hexhail_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// loops are the files of dispatch that are not pure: the doors and loops around the core, and the
// ports, whose methods take a context. Every other file of it is pure, a new one too.
var loops = []string{"desk", "engine", "port", "store", "work"}

// clockReads are what package time offers to read or to wait for the machine's clock.
var clockReads = []string{
	"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep",
}

// drawMakers are what the rand packages offer besides drawing from the process's own generator.
var drawMakers = []string{
	"New", "NewPCG", "NewChaCha8", "NewSource", "NewZipf",
	"Rand", "Source", "Source64", "PCG", "ChaCha8", "Zipf",
}

// isPureDispatch tells whether a file belongs to the state machine and the matcher.
func isPureDispatch(file string) bool {
	name := path.Base(file)
	return path.Dir(file) == "dispatch" && !slices.ContainsFunc(loops, func(noun string) bool {
		return strings.HasPrefix(name, noun)
	})
}

// purityRule tells what a file of the pure rooms takes from its surroundings instead of its
// arguments: the same inputs must give the same answer, or no failure could be replayed.
func purityRule(f source) []string {
	if f.isTest() {
		return nil
	}
	in, _ := roomOf(path.Dir(f.path))
	pure := isPureDispatch(f.path)
	var broken []string
	blind := slices.Contains([]room{"geo", "geo/osm", "money", "dispatch/voice"}, in)
	if blind || pure {
		broken = append(broken, f.calls("time", clockReads, "the time is an argument")...)
	}
	if blind || in == "dispatch" || in == "sim" {
		const why = "draw from a generator given as an argument, so that a seed replays"
		broken = append(broken, f.callsBut("math/rand", drawMakers, why)...)
		broken = append(broken, f.callsBut("math/rand/v2", drawMakers, why)...)
	}
	if pure {
		// Who sorts errors by kind knows the two of a call that was given up.
		names := []string{"Canceled", "DeadlineExceeded"}
		broken = append(broken, f.callsBut("context", names, "nothing here can be cancelled")...)
	}
	if pure && f.starts() {
		broken = append(broken, "starts a goroutine: a pure file is one function after another")
	}
	return broken
}

// calls tells which of the names of a package a file uses.
func (f source) calls(pkg string, names []string, why string) []string {
	return f.uses(pkg, why, func(name string) bool { return slices.Contains(names, name) })
}

// callsBut tells which names of a package a file uses besides those allowed.
func (f source) callsBut(pkg string, allowed []string, why string) []string {
	return f.uses(pkg, why, func(name string) bool { return !slices.Contains(allowed, name) })
}

// uses finds pkg.Name in a file, under whatever name it is imported.
func (f source) uses(pkg, why string, bad func(name string) bool) []string {
	local := f.localName(pkg)
	if local == "" {
		return nil
	}
	if local == "." {
		return []string{fmt.Sprintf("imports %s with a dot", pkg)}
	}
	var broken []string
	ast.Inspect(f.tree, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := selector.X.(*ast.Ident)
		// Obj is set when the name is something local that hides the package.
		if ok && x.Name == local && x.Obj == nil && bad(selector.Sel.Name) {
			broken = append(broken, fmt.Sprintf("uses %s.%s: %s", pkg, selector.Sel.Name, why))
		}
		return true
	})
	return broken
}

// starts tells whether a file has a go statement.
func (f source) starts() bool {
	found := false
	ast.Inspect(f.tree, func(n ast.Node) bool {
		_, ok := n.(*ast.GoStmt)
		found = found || ok
		return !found
	})
	return found
}
