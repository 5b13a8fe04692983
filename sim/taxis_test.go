package sim

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
)

func taxiRow(n int) []Taxi {
	taxis := make([]Taxi, n)
	for i := range taxis {
		taxis[i] = Taxi{ID: fmt.Sprint(i), Seats: 4}
	}
	return taxis
}

func TestDrawFleetDrawsDistinctTaxisInOrder(t *testing.T) {
	taxis := taxiRow(1000)
	a, err := DrawFleet(taxis, 400, 7)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, c := range taxis {
		at[c.ID] = i
	}
	for i := 1; i < len(a); i++ {
		if at[a[i-1].ID] >= at[a[i].ID] {
			t.Fatalf("%s stands before %s", a[i-1].ID, a[i].ID)
		}
	}
	again, _ := DrawFleet(taxis, 400, 7)
	other, _ := DrawFleet(taxis, 400, 8)
	if len(a) != 400 || !reflect.DeepEqual(a, again) || reflect.DeepEqual(a, other) {
		t.Errorf("%d taxis; the same seed must draw the same, another others", len(a))
	}
	if !reflect.DeepEqual(taxis, taxiRow(1000)) {
		t.Error("the taxis given were changed")
	}
}

// Each taxi must be as likely as another: of 20, 5 are drawn 8,000 times, so that one is expected
// 2,000 times with a standard deviation of 39.
func TestDrawFleetIsFair(t *testing.T) {
	drawn := map[string]int{}
	for seed := range uint64(8000) {
		taxis, err := DrawFleet(taxiRow(20), 5, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range taxis {
			drawn[c.ID]++
		}
	}
	for id, n := range drawn {
		if n < 1800 || n > 2200 {
			t.Errorf("taxi %s was drawn %d times of about 2000", id, n)
		}
	}
}

func TestDrawFleetAllNoneAndTooMany(t *testing.T) {
	taxis := taxiRow(3)
	if all, err := DrawFleet(taxis, 0, 1); err != nil || !reflect.DeepEqual(all, taxis) {
		t.Errorf("0 means all: %v, %v", all, err)
	}
	if all, err := DrawFleet(taxis, 3, 1); err != nil || !reflect.DeepEqual(all, taxis) {
		t.Errorf("3 of 3: %v, %v", all, err)
	}
	_, err := DrawFleet(taxis, 4, 1)
	var bad *OptionError
	if !errors.As(err, &bad) || bad.Flag != "fleet" ||
		err.Error() != "--fleet must be 0 to 3, the taxis in the file, not 4" {
		t.Errorf("4 of 3: %v", err)
	}
}
