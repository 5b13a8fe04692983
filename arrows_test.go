package hexhail_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// module is the path in go.mod: an import below it is one of our own rooms.
const module = "hexhail"

// room is a folder that owns one part of the business or of the machinery; the packages below it
// belong to it. Sub-rooms (money/wechat, store/storetest) have arrows of their own.
type room string

// business are the rooms that every edge and every machine may build on.
var business = []room{"wire", "pb", "dispatch", "dispatch/voice", "geo", "money"}

// arrows is the house's drawing: what the code of a room may import of ours besides itself. An
// arrow that is not here does not exist; tests may import upwards. ARCHITECTURE.md tells why,
// .golangci.yml says the same with a reason for each room.
var arrows = map[room][]room{
	"geo":              {},
	"geo/osm":          {"geo"},
	"geo/osrm":         {"geo"},
	"money":            {},
	"money/wechat":     {"money"},
	"money/alipay":     {"money"},
	"money/standin":    {"money"},
	"money/rules":      {"money"},
	"pb":               {},
	"dispatch":         {"dispatch/voice", "geo", "money"},
	"dispatch/voice":   {},
	"dispatch/flights": {"dispatch"},
	"store":            {"dispatch", "dispatch/voice", "geo", "money"},
	"wire":             {"pb", "dispatch", "dispatch/voice", "geo", "money"},
	"rider":            business,
	"driver":           business,
	"bus":              business,
	"ops":              business,
	"sim":              business,
	"cmd":              {"*"},
	"store/storetest": {
		"store", "dispatch", "dispatch/voice", "geo", "money", "rider", "driver", "bus", "ops",
	},
}

// leaves are imported by no code at all: a main program, and a suite that only tests call.
var leaves = []room{"cmd", "store/storetest"}

// folders that hold no room: what they are for.
var folders = map[string]string{
	"bin":         "what the scripts build; not committed",
	"data":        "what a run leaves behind; not committed",
	"docs":        "texts and figures",
	"scripts":     "the verbs; bench-peers below it is a module of its own",
	"testdata":    "vectors of the tests beside it",
	"third_party": "vendored schemas",
	"tools":       "modules that pin the tools",
}

// ban forbids imports to some rooms, whole subtrees of packages at a time.
type ban struct {
	packages []string
	rooms    []room // nil: all but except
	except   []room
	why      string
}

var bans = []ban{
	{
		packages: []string{"github.com/uber/h3-go"}, except: []room{"geo"},
		why: "H3 is geo's: everybody else sees geo.Cell",
	},
	{
		packages: []string{"net", "database/sql", "google.golang.org/grpc", "connectrpc.com"},
		rooms:    []room{"geo", "geo/osm", "money", "dispatch", "dispatch/voice"},
		why:      "the business neither listens nor dials nor queries: its ports do",
	},
	{
		packages: []string{"database/sql", "google.golang.org/grpc", "connectrpc.com"},
		rooms: []room{
			"money/wechat", "money/alipay", "money/standin", "geo/osrm", "dispatch/flights",
		},
		why: "an adapter speaks HTTP and nothing else, and so does what stands in for its peer",
	},
	{
		packages: []string{"os", "syscall", "log"},
		rooms:    []room{"geo", "geo/osm", "geo/osrm", "money", "dispatch/voice"},
		why:      "files, environment and logs are the caller's: take a reader, return an error",
	},
	{
		packages: []string{"os", "syscall"}, rooms: []room{"dispatch"},
		why: "files and environment are cmd's: take what they hold as an argument",
	},
	{
		packages: []string{
			"github.com/jackc/pgx", "modernc.org/sqlite", "github.com/mattn/go-sqlite3",
			"github.com/pressly/goose",
		},
		except: []room{"store", "store/storetest"},
		why:    "which database it is, only store knows",
	},
	{
		packages: []string{"github.com/nats-io"}, except: []room{"bus", "cmd"},
		why: "subjects and streams are bus's: everybody else has a port",
	},
	{
		packages: []string{"google.golang.org/grpc"}, rooms: []room{"store", "store/storetest"},
		why: "rows have no status codes: wire maps kinds to them",
	},
	{
		packages: []string{"database/sql"}, rooms: []room{"wire"},
		why: "wire translates between the edge and the domain; it reads no rows",
	},
}

// roomOf finds the room of a folder below the module, by the longest name that fits.
func roomOf(folder string) (room, bool) {
	for at := folder; at != "." && at != "/"; at = path.Dir(at) {
		if _, ok := arrows[room(at)]; ok {
			return room(at), true
		}
		if at == "money" || path.Dir(at) == "money" {
			return "", false // a new channel: draw its arrow first
		}
	}
	return "", false
}

// arrowRule tells which imports of a file break the drawing. Tests are free.
func arrowRule(f source) []string {
	if f.isTest() {
		return nil
	}
	folder := path.Dir(f.path)
	from, known := roomOf(folder)
	if !known {
		return []string{fmt.Sprintf("the folder %q is no room: draw it in arrows", folder)}
	}
	var broken []string
	for _, imported := range f.imports() {
		if why := forbidden(from, imported); why != "" {
			broken = append(broken, fmt.Sprintf("%s must not import %s: %s", from, imported, why))
		}
	}
	return broken
}

// forbidden says why a room must not import a package; empty if it may.
func forbidden(from room, imported string) string {
	if imported == module {
		return "the root of the module holds no code"
	}
	if folder, ours := strings.CutPrefix(imported, module+"/"); ours {
		to, known := roomOf(folder)
		switch {
		case !known:
			return "it is in no room"
		case to == from:
			return ""
		case slices.Contains(leaves, to):
			return "nothing imports " + string(to)
		case slices.Contains(arrows[from], to) || slices.Contains(arrows[from], "*"):
			return ""
		}
		return fmt.Sprintf("no arrow %s → %s is drawn", from, to)
	}
	for _, b := range bans {
		if b.covers(from) && slices.ContainsFunc(b.packages, func(p string) bool {
			return imported == p || strings.HasPrefix(imported, p+"/")
		}) {
			return b.why
		}
	}
	return ""
}

func (b ban) covers(r room) bool {
	if b.rooms != nil {
		return slices.Contains(b.rooms, r)
	}
	return !slices.Contains(b.except, r)
}
