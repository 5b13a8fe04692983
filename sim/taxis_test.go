package sim

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
)

func cabRow(n int) []Cab {
	cabs := make([]Cab, n)
	for i := range cabs {
		cabs[i] = Cab{ID: fmt.Sprint(i), Seats: 4}
	}
	return cabs
}

func TestDrawFleetDrawsDistinctCabsInOrder(t *testing.T) {
	cabs := cabRow(1000)
	a, err := DrawFleet(cabs, 400, 7)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, c := range cabs {
		at[c.ID] = i
	}
	for i := 1; i < len(a); i++ {
		if at[a[i-1].ID] >= at[a[i].ID] {
			t.Fatalf("%s stands before %s", a[i-1].ID, a[i].ID)
		}
	}
	again, _ := DrawFleet(cabs, 400, 7)
	other, _ := DrawFleet(cabs, 400, 8)
	if len(a) != 400 || !reflect.DeepEqual(a, again) || reflect.DeepEqual(a, other) {
		t.Errorf("%d cabs; the same seed must draw the same, another others", len(a))
	}
	if !reflect.DeepEqual(cabs, cabRow(1000)) {
		t.Error("the cabs given were changed")
	}
}

// Each cab must be as likely as any other: of 20, 5 are drawn 8,000 times, so that each is expected
// 2,000 times with a standard deviation of 39.
func TestDrawFleetIsFair(t *testing.T) {
	drawn := map[string]int{}
	for seed := range uint64(8000) {
		cabs, err := DrawFleet(cabRow(20), 5, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cabs {
			drawn[c.ID]++
		}
	}
	for id, n := range drawn {
		if n < 1800 || n > 2200 {
			t.Errorf("cab %s was drawn %d times of about 2000", id, n)
		}
	}
}

func TestDrawFleetAllNoneAndTooMany(t *testing.T) {
	cabs := cabRow(3)
	if all, err := DrawFleet(cabs, 0, 1); err != nil || !reflect.DeepEqual(all, cabs) {
		t.Errorf("0 means all: %v, %v", all, err)
	}
	if all, err := DrawFleet(cabs, 3, 1); err != nil || !reflect.DeepEqual(all, cabs) {
		t.Errorf("3 of 3: %v, %v", all, err)
	}
	_, err := DrawFleet(cabs, 4, 1)
	var bad *OptionError
	if !errors.As(err, &bad) || bad.Flag != "fleet" ||
		err.Error() != "--fleet must be 0 to 3, the taxis in the file, not 4" {
		t.Errorf("4 of 3: %v", err)
	}
}
