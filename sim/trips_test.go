package sim

import (
	"testing"
	"time"
)

func TestFirstTrips(t *testing.T) {
	at := time.Date(2014, 2, 26, 17, 0, 0, 0, time.UTC)
	minute := at.Add(time.Minute)
	trips := []Trip{{At: at}, {At: minute}, {At: minute}, {At: at.Add(time.Hour)}}
	for d, want := range map[time.Duration]int{
		0: 4, time.Second: 1, time.Minute: 1, time.Minute + 1: 3, time.Hour: 3, 2 * time.Hour: 4,
	} {
		if got := len(FirstTrips(trips, d)); got != want {
			t.Errorf("within %v: %d trips, want %d", d, got, want)
		}
	}
	if FirstTrips(nil, time.Hour) != nil {
		t.Error("none of none")
	}
}
