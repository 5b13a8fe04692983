package dispatch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// TestRulesOf2014 reads the example files and asks them what was allowed when.
func TestRulesOf2014(t *testing.T) {
	cities := dispatch.Cities{}
	files, err := filepath.Glob("../docs/cities/*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		city, err := dispatch.ParseCity(file, data)
		if err != nil {
			t.Fatal(err)
		}
		cities[city.ID] = city
		bad := strings.Replace(string(data), `"confidence": "`, `"confidence": "very `, 1)
		if _, err := dispatch.ParseCity(file, []byte(bad)); err == nil ||
			!strings.Contains(err.Error(), "confidence") {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, tc := range []struct {
		city   dispatch.CityID
		at     string
		closed string // until when
		tips   int    // how many steps
		fee    money.Fen
		senior int
	}{
		{"beijing", "2013-06-30T08:00", "", 3, 0, 0},
		{"beijing", "2013-07-01T00:00", "", 0, 6_00, 0},
		{"beijing", "2014-03-05T08:00", "", 0, 6_00, 180},
		{"shanghai", "2013-07-01T08:00", "", 3, 0, 0},
		{"shanghai", "2014-02-28T08:00", "", 0, 0, 0},
		{"shanghai", "2014-03-01T08:00", "09:30", 0, 0, 0},
		{"shanghai", "2014-03-02T18:29", "18:30", 0, 0, 0},
		{"shanghai", "2014-03-03T12:00", "", 0, 0, 0},
		{"hangzhou", "2014-02-18T16:15", "", 6, 0, 0},
	} {
		city := cities[tc.city]
		at, err := time.ParseInLocation("2006-01-02T15:04", tc.at, city.Zone)
		if err != nil {
			t.Fatal(err)
		}
		closed := ""
		if until, ok := city.ClosedUntil(at); ok {
			closed = until.Format("15:04")
		}
		p := city.PolicyAt(at)
		if closed != tc.closed || len(p.TipStepsFen) != tc.tips ||
			p.BookingFee(5*time.Hour) != tc.fee || p.SeniorBonusS != tc.senior {
			t.Errorf("%s at %s: closed until %q, tips %v, fee %s, seniors %d s", tc.city, tc.at,
				closed, p.TipStepsFen, p.BookingFee(5*time.Hour), p.SeniorBonusS)
		}
	}
}
