package storetest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"hexhail/store"
)

// FailpointVariable is the environment variable by which a test tells a process that it has started
// where to die: "before-commit:3" is the third time that it comes to that point.
const FailpointVariable = "HEXHAIL_FAILPOINT"

// Failpoint is the option that has this process killed, as by kill -9, at the point named in the
// environment. Without a name it does nothing. A value that is none is an error: the test that set
// it would wait in vain.
func Failpoint() (store.Option, error) {
	value := os.Getenv(FailpointVariable)
	if value == "" {
		return store.WithPause(nil), nil
	}
	name, times, _ := strings.Cut(value, ":")
	n, err := strconv.Atoi(times)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("%s must be a point and a number above 0, not %q",
			FailpointVariable, value)
	}
	var left atomic.Int64
	left.Store(int64(n))
	return store.WithPause(func(point string) {
		if point == name && left.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing runs after it
			select {}
		}
	}), nil
}
