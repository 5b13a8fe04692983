package dispatch_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
)

const datedList = `[
	{"offer_s": 20, "search_s": 200},
	{"from": "2013-07-01", "mode": "nearest"},
	{"from": "2014-03-01T07:30", "mode": "assign", "offer_s": 10},
	{"from": "2014-03-01T07:30:01", "offer_s": 11}
]`

func chinaTime(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestDatedPolicies(t *testing.T) {
	zone := chinaTime(t)
	policies, err := dispatch.ParsePolicies([]byte(datedList), zone)
	if err != nil {
		t.Fatal(err)
	}
	city := dispatch.City{Policies: policies}
	for _, tc := range []struct {
		at     string
		mode   dispatch.Mode
		offerS int
	}{
		{"1999-01-01T00:00:00", dispatch.Assign, 20},
		{"2013-06-30T23:59:59", dispatch.Assign, 20},
		{"2013-07-01T00:00:00", dispatch.Nearest, 20},
		{"2014-03-01T07:29:59", dispatch.Nearest, 20},
		{"2014-03-01T07:30:00", dispatch.Assign, 10},
		{"2014-03-01T07:30:01", dispatch.Assign, 11},
		{"2099-01-01T00:00:00", dispatch.Assign, 11},
	} {
		at, err := time.ParseInLocation("2006-01-02T15:04:05", tc.at, zone)
		if err != nil {
			t.Fatal(err)
		}
		p := city.PolicyAt(at.UTC())
		if p.Mode != tc.mode || p.OfferS != tc.offerS || p.SearchS != 200 || p.NoShowS != 300 {
			t.Errorf("at %s: %+v", tc.at, p)
		}
	}
	changed := city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.SearchS = 77
		return p
	})
	for i, d := range changed.Policies {
		if d.Policy.SearchS != 77 || d.Policy.OfferS != policies[i].Policy.OfferS {
			t.Errorf("version %d: %+v", i, d)
		}
		if policies[i].Policy.SearchS != 200 {
			t.Errorf("version %d of the city before: %+v", i, policies[i])
		}
	}
}

func TestBadPolicies(t *testing.T) {
	zone := chinaTime(t)
	for _, tc := range []struct{ text, names string }{
		{`{}`, "policies must be a list"},
		{`[]`, "1 to 200 versions, not 0"},
		{`[` + strings.Repeat(`{},`, 200) + `{}]`, "at most 200"},
		{`[{}, {"offer_s": 20}]`, "policies[1].from"},
		{`[{}, {"from": "soon"}]`, "policies[1].from"},
		{`[{"from": "2013-02-30"}]`, "policies[0].from"},
		{`[{"from": "2014-01-01"}, {"from": "2014-01-01T00:00"}]`, "policies[1].from"},
		{`[{"from": "2014-01-01"}, {"from": "2013-01-01"}]`, "policies[1].from"},
		{`[{}, {"from": "2014-01-01", "offer_s": 4}]`, "policies[1]: policy.offer_s"},
		{`[{}, {"from": "2014-01-01", "ofer_s": 4}]`, `policies[1]: json: unknown field "ofer_s"`},
	} {
		_, err := dispatch.ParsePolicies([]byte(tc.text), zone)
		if err == nil || !strings.Contains(err.Error(), tc.names) ||
			dispatch.KindOf(err) != dispatch.Invalid {
			t.Errorf("%.60s: %v, want %q named", tc.text, err, tc.names)
		}
	}
}

// FuzzParsePolicies: whatever is taken is in order and within its limits, and is the same when it
// is written and read again.
func FuzzParsePolicies(f *testing.F) {
	f.Add(datedList)
	f.Add(`[{"from":"2014-03-01T07:30"}]`)
	zone := chinaTime(f)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := dispatch.ParsePolicies([]byte(text), zone)
		if err != nil {
			return
		}
		if err := got.Check(); err != nil {
			t.Fatal(err)
		}
		out, err := got.Format(zone)
		if err != nil {
			t.Fatal(err)
		}
		again, err := dispatch.ParsePolicies(out, zone)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%s\nread again: %+v, %v", out, again, err)
		}
	})
}

// TestPolicyChangesAtItsTime moves a town over the day on which its offers get shorter.
func TestPolicyChangesAtItsTime(t *testing.T) {
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	city.Policies, err = dispatch.ParsePolicies(
		[]byte(`[{"offer_s": 20}, {"from": "2013-12-20T12:01", "offer_s": 10}]`), city.Zone)
	if err != nil {
		t.Fatal(err)
	}
	w := newTownIn(t, city)
	for _, want := range []time.Duration{20 * time.Second, 10 * time.Second} {
		d := w.taxi("D"+want.String(), w.at(0, 300), 4)
		ride := w.ask("R"+want.String(), w.at(0, 0), 1)
		w.round()
		w.offered(d, ride)
		o := w.offers[d]
		if got := o.ExpiresAt.Sub(o.MadeAt); got != want {
			t.Errorf("at %s an offer lasts %s, want %s", w.now, got, want)
		}
		w.accept(d)
		w.now = time.Date(2013, 12, 20, 12, 1, 0, 0, w.city.Zone)
	}
}
