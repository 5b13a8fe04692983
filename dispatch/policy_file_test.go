package dispatch

import (
	"reflect"
	"strings"
	"testing"
)

func TestParsePolicyChangesWhatItNames(t *testing.T) {
	base := DefaultPolicy()
	base.SearchS = 77
	got, err := ParsePolicy("x.json", []byte(`{"mode": "nearest", "round_ms": 2000}`), base)
	want := base
	want.Mode, want.RoundMS = Nearest, 2000
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if base.RoundMS != DefaultPolicy().RoundMS {
		t.Error("the base has changed")
	}
}

func TestParsePolicyNamesFileAndKey(t *testing.T) {
	for text, key := range map[string]string{
		`{"rounds_ms": 1}`:          "rounds_ms",
		`{"round_ms": "quick"}`:     "round_ms",
		`{"round_ms": 999999}`:      "policy.round_ms",
		`{"mode": "auction"}`:       "policy.mode",
		`{"round_ms": 2000} {}`:     "more than one value",
		`[]`:                        "array",
		``:                          "EOF",
		`{"from": "2014-01-01"}`:    "from",
		`{"policy": {"offer_s":9}}`: "policy",
	} {
		_, err := ParsePolicy("some/x.json", []byte(text), DefaultPolicy())
		if KindOf(err) != Invalid || !strings.Contains(err.Error(), "some/x.json") ||
			!strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, want the file and %q", text, err, key)
		}
	}
}

// FuzzParsePolicy: whatever is accepted holds all limits, and whatever is refused leaves no policy.
func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"mode": "nearest", "round_ms": 2000}`))
	f.Add([]byte(`{"candidates": 1e9}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy("x", data, DefaultPolicy())
		if err == nil && p.Check() != nil || err != nil && KindOf(err) != Invalid {
			t.Errorf("%+v, %v", p, err)
		}
	})
}
