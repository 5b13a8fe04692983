package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
)

func festivals(t *testing.T) dispatch.Festivals {
	t.Helper()
	list, err := dispatch.LoadFestivals()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestFestivals: the table has the days of 2013 and 2014 as their calendars had them.
func TestFestivals(t *testing.T) {
	list := festivals(t)
	for id, day := range map[dispatch.FestivalID]string{
		"mid_autumn-2013": "2013-09-19", "national_day-2013": "2013-10-01",
		"spring-2014": "2014-01-31", "dragon_boat-2014": "2014-06-02",
		"mid_autumn-2014": "2014-09-08",
	} {
		if f, ok := list.Find(id); !ok || f.Day != day || f.Name == "" || f.NameZH == "" {
			t.Errorf("%s: %+v, %v", id, f, ok)
		}
	}
	if _, ok := list.Find("spring-1949"); ok {
		t.Error("found what is not there")
	}
	for i := 1; i < len(list); i++ {
		if list[i].Day < list[i-1].Day {
			t.Errorf("%s is before %s", list[i-1].ID, list[i].ID)
		}
	}
}

// TestFestivalsOfADay: two festivals may have the same day, in the city's own time.
func TestFestivalsOfADay(t *testing.T) {
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]int{
		"2020-09-27T23:59:59+08:00": 0, "2020-09-28T00:00:00+08:00": 2,
		"2020-10-01T23:59:59+08:00": 2, "2020-10-01T16:00:00Z": 0,
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := festivals(t).Greeted(city, now); len(got) != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// FuzzFestivals: what is read has an id of its own for each day, and nothing panics.
func FuzzFestivals(f *testing.F) {
	f.Add(`[{"id":"a","name":"A","name_zh":"甲","days":["2014-01-31","2015-02-19"]}]`)
	f.Add(`[{"id":"a","name":"A","name_zh":"甲","days":["2014-01-31","2014-02-19"]}]`)
	f.Add(`[{"id":"","name":"A","name_zh":"甲","days":["31 January"]}]`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := dispatch.ParseFestivals("a.json", []byte(text))
		if err != nil {
			if !strings.Contains(err.Error(), "a.json") {
				t.Errorf("%v does not name the file", err)
			}
			return
		}
		for _, x := range list {
			if got, _ := list.Find(x.ID); got.Day != x.Day {
				t.Errorf("two of %s", x.ID)
			}
		}
	})
}
