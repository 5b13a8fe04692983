package driver

import (
	"fmt"
	"runtime/debug"

	"google.golang.org/grpc/codes"

	"hexhail/wire"
)

// aside calls do on another goroutine and waits for it. A stack that has grown shrinks again only
// when three quarters of it are free: a session whose reader has once validated a message or
// written rows by itself would keep 16 KB where reading alone takes 8. A panic goes on in the
// caller, with the stack on which it began.
func aside(do func() error) error {
	type end struct {
		err error
		bug any
	}
	done := make(chan end, 1)
	go func() {
		var e end
		defer func() {
			if bug := recover(); bug != nil {
				e.bug = fmt.Sprintf("%v\n%s", bug, debug.Stack())
			}
			done <- e
		}()
		e.err = do()
	}()
	e := <-done
	if e.bug != nil {
		panic(e.bug)
	}
	return e.err
}

// sheltered sends what is queued. A panic on the way is a bug: it ends this session and no other.
func (s *session) sheltered(done chan struct{}) {
	defer close(done)
	defer func() {
		if bug := recover(); bug != nil {
			s.srv.c.Log.Error("panic in a session's writer", "driver", s.driver,
				"panic", fmt.Sprint(bug), "stack", string(debug.Stack()))
			s.end(wire.Refuse(codes.Internal, wire.ReasonInternal, "internal error"))
			s.mu.Lock()
			s.out.writer = nil
			s.mu.Unlock()
		}
	}()
	s.write()
}
