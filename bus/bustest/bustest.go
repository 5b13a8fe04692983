// Package bustest is what tests share that start servers of their own: addresses to listen at.
package bustest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddress is a port of 127.0.0.1 at which nobody listens now, below those that the kernel gives
// to clients: while a server is down, one of its clients could be given the server's own port, and
// would be connected to itself.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(12_000))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return address
	}
	t.Fatal("no free port")
	return ""
}
