package dispatch_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
)

var updatePage = flag.Bool("update", false, "write docs/policies.md anew")

// policyUnits are the units of the keys' endings.
var policyUnits = []struct{ ending, unit string }{
	{"_ms", "ms"},
	{"_s", "s"},
	{"_m", "m"},
	{"_pct", "%"},
	{"_fen", "fen"},
	{"_h", "h"},
	{"_days", "days"},
}

// policyRow is what the code says of a key: the row up to its meaning, which is people's.
func policyRow(t *testing.T, key string, standard any) string {
	t.Helper()
	text, err := json.Marshal(standard)
	if err != nil {
		t.Fatal(err)
	}
	usual := "`" + string(text) + "`"
	if v := reflect.ValueOf(standard); v.Kind() == reflect.Slice && v.Len() == 0 {
		usual = "none"
	}
	limits, unit := "", ""
	if reflect.ValueOf(standard).CanInt() {
		limits = policyLimits(t, key)
		for _, u := range policyUnits {
			if strings.HasSuffix(key, u.ending) {
				unit = u.unit
				break
			}
		}
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", key, unit, limits, usual)
}

var toldLimits = regexp.MustCompile(`(-?\d+) to (\d+), not`)

// policyLimits are what a value far out of them is answered with.
func policyLimits(t *testing.T, key string) string {
	t.Helper()
	_, err := dispatch.ParsePolicy("", fmt.Appendf(nil, `{"%s": -1000000000000}`, key),
		dispatch.DefaultPolicy())
	if err == nil {
		t.Errorf("%s has no limits", key)
		return ""
	}
	told := toldLimits.FindStringSubmatch(err.Error())
	if told == nil || !strings.Contains(err.Error(), "policy."+key) {
		t.Errorf("%s: %v", key, err)
		return ""
	}
	return told[1] + "–" + told[2]
}

// eachKey calls fn for the keys of a policy in their order.
func eachKey(policy reflect.Value, fn func(key string, standard any)) {
	for i := range policy.NumField() {
		if f := policy.Type().Field(i); f.Anonymous {
			eachKey(policy.Field(i), fn)
		} else {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fn(key, policy.Field(i).Interface())
		}
	}
}

// TestThePageOfPolicies keeps docs/policies.md in step with the policy: a row for each key, in
// their order, with unit, limits and default as the code has them. go test ./dispatch -run
// PageOfPolicies -update writes these; what a key does is written by hand, and has to be there.
func TestThePageOfPolicies(t *testing.T) {
	const path, begin, end = "../docs/policies.md", "|---|---|---|---|---|\n", "\n<!-- end -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	if _, err := dispatch.ParsePolicies([]byte(example), time.UTC); err != nil {
		t.Errorf("the page's example: %v", err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	table, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no table", path)
	}
	meanings := map[string]string{}
	for row := range strings.Lines(table) {
		if cells := strings.SplitN(row, "|", 6); len(cells) == 6 {
			meanings[strings.Trim(cells[1], " `")] = strings.Trim(cells[5], " |\n")
		}
	}
	var want strings.Builder
	eachKey(reflect.ValueOf(dispatch.DefaultPolicy()), func(key string, standard any) {
		if len(meanings[key]) < 10 {
			t.Errorf("%s says nothing of %s", path, key)
		}
		fmt.Fprintf(&want, "%s %s |\n", policyRow(t, key, standard), meanings[key])
	})
	whole := head + begin + want.String() + end + tail
	if *updatePage {
		if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if whole != string(page) {
		t.Errorf("%s is not what the code says: run the test with -update", path)
	}
}
