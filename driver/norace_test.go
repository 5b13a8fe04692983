//go:build !race

package driver

import (
	"testing"

	"google.golang.org/protobuf/proto"
)

const raceEnabled = false

// TestFixesCostNoMemory: a message of fixes is read and taken without an allocation. It is here as
// the race detector has pools lose things on purpose.
func TestFixesCostNoMemory(t *testing.T) {
	data, err := proto.Marshal(fixes(make50()[:10]...))
	check(t, err)
	in := newIncoming()
	n := testing.AllocsPerRun(1000, func() {
		if err := proto.Unmarshal(data, in); err != nil {
			t.Error(err)
		}
		in.release()
	})
	if n >= 1 { // a collection may empty the pool
		t.Errorf("%v allocations a message", n)
	}
}
