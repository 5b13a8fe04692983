package hexhail_test

import (
	"strings"
	"testing"
)

// snippet is a file that stands nowhere: imports first, then a body. An empty want means it is
// good.
type snippet struct {
	path    string
	imports string // separated by commas, each with its local name if it has one
	body    string
	want    string
}

// text makes the file. Its package comment and the use of its imports are of no interest to most
// rules.
func (s snippet) text() string {
	var b strings.Builder
	b.WriteString("// Package p is a snippet.\npackage p\n")
	for imported := range strings.SplitSeq(s.imports, ", ") {
		switch {
		case strings.Contains(imported, `"`):
			b.WriteString("import " + imported + "\n")
		case imported != "":
			b.WriteString("import \"" + imported + "\"\n")
		}
	}
	b.WriteString(s.body)
	return b.String()
}

var brokenArrows = []snippet{
	{path: "dispatch/ride.go", imports: "hexhail/store", want: "no arrow dispatch → store"},
	{path: "geo/cell.go", imports: "hexhail/money", want: "no arrow geo → money"},
	{path: "money/fare.go", imports: "hexhail/geo", want: "no arrow money → geo"},
	{path: "money/pay.go", imports: "hexhail/money/wechat", want: "money → money/wechat"},
	{path: "money/alipay/a.go", imports: "hexhail/money/wechat", want: "no arrow money/alipay"},
	{path: "money/standin/s.go", imports: "hexhail/money/alipay", want: "no arrow money/standin"},
	{path: "money/wechat/w.go", imports: "hexhail/dispatch", want: "money/wechat → dispatch"},
	{path: "store/ride.go", imports: "hexhail/pb/hexhail/type/v1", want: "store → pb"},
	{path: "store/ride.go", imports: "hexhail/wire", want: "no arrow store → wire"},
	{path: "store/ride.go", imports: "hexhail/store/storetest", want: "nothing imports"},
	{path: "wire/codec.go", imports: "hexhail/rider", want: "no arrow wire → rider"},
	{path: "rider/ride.go", imports: "hexhail/driver", want: "no arrow rider → driver"},
	{path: "rider/deep/ride.go", imports: "hexhail/store", want: "no arrow rider → store"},
	{path: "bus/relay.go", imports: "hexhail/store", want: "no arrow bus → store"},
	{path: "ops/health.go", imports: "hexhail/sim", want: "no arrow ops → sim"},
	{path: "sim/city.go", imports: `s "hexhail/store"`, want: "no arrow sim → store"},
	{path: "sim/city.go", imports: "hexhail/cmd/hexhail", want: "nothing imports cmd"},
	{path: "pb/x.pb.go", imports: "hexhail/geo", want: "no arrow pb → geo"},
	{path: "geo/cell.go", imports: "hexhail/nowhere", want: "it is in no room"},
	{path: "geo/cell.go", imports: "hexhail", want: "the root of the module"},
	{path: "nowhere/x.go", want: `"nowhere" is no room`},
	{path: "money/paypal/x.go", want: `"money/paypal" is no room`},
	{path: "root.go", want: `"." is no room`},
	{path: "cmd/hexhail/main.go", imports: "hexhail/store, hexhail/money/alipay"},
	{path: "store/storetest/suite.go", imports: "hexhail/rider, hexhail/store"},
	{path: "rider/ride.go", imports: "hexhail/wire, hexhail/rider/quote"},
	{path: "dispatch/ride_test.go", imports: "hexhail/store"},
}

var brokenBans = []snippet{
	{path: "dispatch/cell.go", imports: "github.com/uber/h3-go/v4", want: "H3 is geo's"},
	{path: "cmd/hexhail/main.go", imports: "github.com/uber/h3-go/v4", want: "H3 is geo's"},
	{path: "geo/x.go", imports: "net", want: "geo must not import net"},
	{path: "money/x.go", imports: "net/http", want: "must not import net/http"},
	{path: "money/x.go", imports: "os", want: "must not import os"},
	{path: "dispatch/engine.go", imports: "database/sql", want: "import database/sql"},
	{path: "dispatch/engine.go", imports: "google.golang.org/grpc/codes", want: "grpc"},
	{path: "dispatch/engine.go", imports: "github.com/nats-io/nats.go", want: "bus's"},
	{path: "money/wechat/x.go", imports: "database/sql", want: "speaks HTTP"},
	{path: "rider/x.go", imports: "github.com/jackc/pgx/v5", want: "only store knows"},
	{path: "store/x.go", imports: "google.golang.org/grpc", want: "no status codes"},
	{path: "store/x.go", imports: "github.com/nats-io/nats.go", want: "bus's"},
	{path: "wire/x.go", imports: "database/sql/driver", want: "reads no rows"},
	{path: "geo/x.go", imports: "github.com/uber/h3-go/v4"},
	{path: "geo/x.go", imports: "network.example/osm"},
	{path: "money/wechat/x.go", imports: "net/http"},
	{path: "bus/x.go", imports: "github.com/nats-io/nats.go, net"},
	{path: "store/x.go", imports: "database/sql, modernc.org/sqlite"},
}

var brokenPurity = []snippet{
	{path: "geo/x.go", imports: "time", body: "var t = time.Now()", want: "uses time.Now"},
	{path: "money/x.go", imports: `t "time"`, body: "var f = t.Since", want: "time.Since"},
	{path: "dispatch/step.go", imports: `. "time"`, body: "var t = Now()", want: "with a dot"},
	{
		path: "dispatch/assign.go", imports: "time",
		body: "func f() { time.Sleep(1) }", want: "uses time.Sleep",
	},
	{
		path: "dispatch/brand_new.go", imports: "context",
		body: "func f(context.Context) {}", want: "uses context.Context",
	},
	{path: "dispatch/filter.go", body: "func f() { go f() }", want: "starts a goroutine"},
	{
		path: "sim/x.go", imports: "math/rand/v2",
		body: "var n = rand.IntN(3)", want: "math/rand/v2.IntN",
	},
	{path: "geo/x.go", imports: "math/rand", body: "var n = rand.Int()", want: "rand.Int:"},
	{path: "dispatch/error.go", imports: "context", body: "var gone = context.Canceled"},
	{
		path: "dispatch/engine.go", imports: "context",
		body: "func f(context.Context) { go f(nil) }",
	},
	{path: "dispatch/step.go", imports: "time", body: "func f(now time.Time) {}"},
	{path: "geo/x.go", imports: "time", body: "var d = time.Second"},
	{path: "sim/x.go", imports: "math/rand/v2", body: "var r = rand.New(rand.NewPCG(1, 2))"},
	{path: "sim/x_test.go", imports: "math/rand/v2", body: "var n = rand.IntN(3)"},
}

// generated is the comment that frees a file from the rules of length.
const generated = "// Code generated by protoc-gen-go. DO NOT EDIT.\n"

func funcOf(lines int) string { return "func f() {" + strings.Repeat("\n", lines-1) + "}\n" }

var brokenHouse = []snippet{
	{path: "geo/x.go", body: funcOf(71), want: "f has 71 lines, at most 70"},
	{path: "geo/x_test.go", body: funcOf(71), want: "f has 71 lines, at most 70"},
	{path: "geo/x.go", body: strings.Repeat("\n", 599), want: "has 601 lines, at most 600"},
	{path: "geo/util.go", want: `"util" says nothing`},
	{path: "geo/helpers_test.go", want: `"helpers" says nothing`},
	{path: "rider/common/x.go", want: `"common" says nothing`},
	{path: "geo/x.go", body: funcOf(70)},
	{path: "geo/x.go", body: strings.Repeat("\n", 598)},
	{path: "pb/x.pb.go", body: generated + funcOf(700), want: ""},
}

// check applies the rules to one snippet alone.
func check(t *testing.T, s snippet) {
	t.Helper()
	text := s.text()
	if strings.Contains(text, generated) {
		text = generated + "\n" + strings.Replace(text, generated, "", 1)
	}
	f, err := parse(s.path, text)
	if err != nil {
		t.Fatalf("%s: %v", s.path, err)
	}
	got := strings.Join(complaints([]source{f}), "\n")
	if s.want == "" && got != "" {
		t.Errorf("%s is good, but:\n%s", s.path, got)
	}
	if s.want != "" && !strings.Contains(got, s.want) {
		t.Errorf("%s: want a complaint with %q, got %q", s.path, s.want, got)
	}
}

// Each rule must be seen to catch what it is for, and to leave alone what stands just beside it.
func TestTheRulesCatchBrokenFiles(t *testing.T) {
	for name, table := range map[string][]snippet{
		"arrows": brokenArrows, "bans": brokenBans, "purity": brokenPurity, "house": brokenHouse,
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range table {
				check(t, s)
			}
		})
	}
}

func TestTheRulesCatchAPackageWithoutComment(t *testing.T) {
	bare, err := parse("geo/a.go", "package geo\n")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parse("geo/doc.go", "// Package geo is commented here.\npackage geo\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := packageComments([]source{bare}); len(got) != 1 {
		t.Errorf("a package without a comment: %q", got)
	}
	if got := packageComments([]source{bare, doc}); len(got) != 0 {
		t.Errorf("a package with a comment in doc.go: %q", got)
	}
}

func TestTheRulesCatchAnUnknownFolder(t *testing.T) {
	if got := strangers([]string{"geo", "scripts", ".git"}); len(got) != 0 {
		t.Errorf("known folders: %q", got)
	}
	if got := strangers([]string{"geo", "helpers"}); len(got) != 1 {
		t.Errorf("an unknown folder: %q", got)
	}
}
