package sim

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is added and taken in between, the agenda gives the first of what a sorted list has.
func TestAgendaIsASortedList(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) entry {
		return entry{
			atMS:   rapid.Int64Range(0, 3).Draw(t, "at"),
			what:   happening(rapid.Uint8Range(1, 3).Draw(t, "what")),
			who:    rapid.Int32Range(0, 2).Draw(t, "who"),
			serial: rapid.Int32Range(0, 2).Draw(t, "serial"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		var a agenda
		var list []entry
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				e := draw.Draw(t, "entry")
				a.add(e)
				list = append(list, e)
			},
			"next": func(t *rapid.T) {
				if len(list) == 0 {
					t.Skip()
				}
				slices.SortFunc(list, compareEntry)
				if got := a.next(); got != list[0] {
					t.Fatalf("%+v, want %+v", got, list[0])
				}
				list = list[1:]
			},
			"": func(t *rapid.T) {
				if len(a) != len(list) {
					t.Fatalf("%d entries, want %d", len(a), len(list))
				}
			},
		})
	})
}

func compareEntry(x, y entry) int {
	return cmp.Or(
		cmp.Compare(x.atMS, y.atMS), cmp.Compare(x.what, y.what),
		cmp.Compare(x.who, y.who), cmp.Compare(x.serial, y.serial),
	)
}
