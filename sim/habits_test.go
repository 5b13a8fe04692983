package sim

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"
)

func TestTheExampleIsABehaviourFile(t *testing.T) {
	data, err := os.ReadFile("../docs/behaviour.json")
	if err != nil {
		t.Fatal(err)
	}
	h, err := ParseHabits("behaviour.json", data)
	if err != nil || !h.any() || h.Booked != 0.05 || h.BookToMin != 60 {
		t.Errorf("%+v, %v", h, err)
	}
	for _, of := range h.list() {
		if !strings.Contains(string(data), `"`+of.key+`"`) || *of.value == 0 {
			t.Errorf("the example says nothing of %s", of.key)
		}
	}
	none, err := ParseHabits("empty", []byte(" {} "))
	if err != nil || none != DefaultHabits() || none.any() || none.ahead() != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestBadHabitsAreNamedWithTheirLimit(t *testing.T) {
	for text, want := range map[string]string{
		`{"booked": 1.5}`:                          "booked must be 0 to 1, not 1.5",
		`{"clip": -0.1}`:                           "clip must be 0 to 1, not -0.1",
		`{"book_from_min": 0.5}`:                   "book_from_min must be 1 to 180, not 0.5",
		`{"book_to_min": 181}`:                     "book_to_min must be 1 to 180, not 181",
		`{"book_from_min": 50, "book_to_min": 40}`: "book_to_min must be book_from_min or more,",
		`{"keep": "often"}`:                        `keep must be a number, not "often"`,
		`{"keep": null}`:                           "keep must be a number, not null",
		`{"tips": 0.1, "angry": 0.2}`:              `"angry" must be one of booked, book_from_min,`,
		`[0.1]`:                                    "it must be one JSON object",
		`null`:                                     "it must be one JSON object",
		`{} {}`:                                    "it must be one JSON object",
		``:                                         "it must be one JSON object",
	} {
		_, err := ParseHabits("b.json", []byte(text))
		var bad *HabitError
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "b.json: "+want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	o := DefaultOptions()
	o.Complain = math.NaN()
	if err := o.Check(); err == nil || err.Error() != "complain must be 0 to 1, not NaN" {
		t.Errorf("%v", err)
	}
}

func FuzzParseHabits(f *testing.F) {
	for _, seed := range []string{
		`{"booked": 0.1, "book_to_min": 90}`, `{"keep": 1e400}`, `{"": 0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseHabits("f", data)
		var bad *HabitError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%v is not a HabitError", err)
		}
		if wrong := h.check(); err == nil && wrong != nil {
			t.Fatalf("took %+v: %v", h, wrong)
		}
	})
}
