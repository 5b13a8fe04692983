package driver

import (
	"testing"
	"time"
)

// TestTracesGiveTheStoreTime: a flush that took long is followed by a longer rest.
func TestTracesGiveTheStoreTime(t *testing.T) {
	for _, c := range []struct{ took, want time.Duration }{
		{0, time.Second},
		{250 * time.Millisecond, time.Second},
		{time.Second, 4 * time.Second},
		{time.Minute, 10 * time.Second},
	} {
		if got := restAfter(c.took); got != c.want {
			t.Errorf("after %v: %v, want %v", c.took, got, c.want)
		}
	}
}
