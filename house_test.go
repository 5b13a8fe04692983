// The house's rules as tests, over the source of the whole module: which room may import which
// (arrows_test.go), what pure code may not touch (purity_test.go), and how long, where and under
// which names code may stand (here).
package hexhail_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	maxFileLines = 600 // a stop; the aim is 400
	maxFuncLines = 70  // a stop, from the line of func to that of its brace; the aim is 50
)

// junkDrawers are names that say nothing of what lives there.
var junkDrawers = []string{
	"util", "utils", "common", "helper", "helpers", "misc", "shared", "stuff",
}

// source is one Go file of the module; its path is relative to the root, with slashes.
type source struct {
	path  string
	files *token.FileSet
	tree  *ast.File
}

// parse reads one file; text may be nil, then it is read from the path.
func parse(name string, text any) (source, error) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, text, parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	return source{path: name, files: files, tree: tree}, nil
}

func (f source) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f source) line(at token.Pos) int { return f.files.Position(at).Line }

// imports lists the import paths of a file.
func (f source) imports() []string {
	var paths []string
	for _, spec := range f.tree.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// localName is what a file calls an imported package; empty if it does not import it.
func (f source) localName(pkg string) string {
	for i, p := range f.imports() {
		if p != pkg {
			continue
		}
		if name := f.tree.Imports[i].Name; name != nil {
			return name.Name
		}
		return path.Base(strings.TrimSuffix(p, "/v2"))
	}
	return ""
}

// lengthRule tells what is longer than the house allows. Generated code has no readers.
func lengthRule(f source) []string {
	if ast.IsGenerated(f.tree) {
		return nil
	}
	var broken []string
	if n := f.files.File(f.tree.FileStart).LineCount(); n > maxFileLines {
		broken = append(broken, fmt.Sprintf("has %d lines, at most %d", n, maxFileLines))
	}
	for _, decl := range f.tree.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := f.line(fn.End()) - f.line(fn.Pos()) + 1; n > maxFuncLines {
			broken = append(broken, fmt.Sprintf("line %d: %s has %d lines, at most %d",
				f.line(fn.Pos()), fn.Name.Name, n, maxFuncLines))
		}
	}
	return broken
}

// nameRule tells which names say nothing.
func nameRule(f source) []string {
	noun := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test")
	names := append(strings.Split(path.Dir(f.path), "/"), noun, f.tree.Name.Name)
	for _, name := range names {
		if slices.Contains(junkDrawers, name) {
			return []string{fmt.Sprintf("%q says nothing of what lives there", name)}
		}
	}
	return nil
}

// complaints applies every rule to some files.
func complaints(sources []source) []string {
	var all []string
	rules := []func(source) []string{arrowRule, purityRule, lengthRule, nameRule}
	for _, f := range sources {
		for _, rule := range rules {
			for _, text := range rule(f) {
				all = append(all, f.path+": "+text)
			}
		}
	}
	return append(all, packageComments(sources)...)
}

// packageComments tells which packages have no comment. A package of tests only needs none.
func packageComments(sources []source) []string {
	commented := map[string]bool{}
	for _, f := range sources {
		if !f.isTest() {
			folder := path.Dir(f.path)
			commented[folder] = commented[folder] || f.tree.Doc != nil || ast.IsGenerated(f.tree)
		}
	}
	var all []string
	for folder, ok := range commented {
		if !ok {
			all = append(all, folder+": the package has no comment")
		}
	}
	slices.Sort(all)
	return all
}

// strangers tells which top-level folders nobody has drawn. Hidden folders are the tools'.
func strangers(names []string) []string {
	var all []string
	for _, name := range names {
		_, isRoom := arrows[room(name)]
		if _, known := folders[name]; !isRoom && !known && !strings.HasPrefix(name, ".") {
			all = append(all, name+": an unknown folder: draw it in arrows or name it in folders")
		}
	}
	return all
}

// walk parses the module's Go files. Folders that the go command passes over, and modules of
// their own, are not the module's.
func walk(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && passedOver(name):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		f, err := parse(filepath.ToSlash(name), nil)
		all = append(all, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func passedOver(folder string) bool {
	base := filepath.Base(folder)
	if base == "testdata" || base == "node_modules" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

func TestTheHouseKeepsItsRules(t *testing.T) {
	sources := walk(t)
	rooms := map[room]bool{}
	for _, f := range sources {
		if r, ok := roomOf(path.Dir(f.path)); ok {
			rooms[r] = true
		}
	}
	// A walk that sees nothing breaks no rule: these rooms must have been seen.
	for _, r := range []room{"geo", "money", "dispatch", "store", "sim", "cmd"} {
		if !rooms[r] {
			t.Errorf("the walk has seen no file of %s", r)
		}
	}
	for _, text := range complaints(sources) {
		t.Error(text)
	}
	t.Logf("%d files in %d rooms", len(sources), len(rooms))
}

func TestEveryFolderIsKnown(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	for _, text := range strangers(names) {
		t.Error(text)
	}
}
