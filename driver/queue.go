package driver

import (
	"context"
	"errors"

	"hexhail/pb/hexhail/driver/v1"
)

// item is one message that waits for the phone.
type item struct {
	msg *driverpb.DriveResponse // ready to be sent, or nil
	// late makes the message when its turn comes; nil without an error sends nothing.
	late func(context.Context) (*driverpb.DriveResponse, error)
	// drop says that a full queue may lose it.
	drop bool
}

// queue is what waits for a phone, and who sends it: a goroutine that lives as long as there is
// something. Guarded by its session's mu.
type queue struct {
	items   []item
	writer  chan struct{} // closed when the writer is done; nil if none is at work
	seq     int64         // of the last message
	turn    uint32        // in which the last message went out, or the writer took the next
	unsure  bool          // something could not be read: the phone needs a snapshot
	stopped bool          // nothing is sent any more
}

// add queues it, or reports that there is no room.
func (q *queue) add(it item) (dropped, ok bool) {
	if len(q.items) < MaxQueue {
		q.items = append(q.items, it)
		return false, true
	}
	for i := range q.items {
		if q.items[i].drop {
			copy(q.items[i:], q.items[i+1:])
			q.items[len(q.items)-1] = it
			return true, true
		}
	}
	return it.drop, it.drop
}

// next takes the oldest item.
func (q *queue) next() item {
	it := q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	return it
}

// clear drops everything and takes nothing more.
func (q *queue) clear() {
	q.items, q.stopped = nil, true
}

// send queues a message that is ready.
func (s *session) send(msg *driverpb.DriveResponse) { s.enqueue(item{msg: msg}) }

// sendLate queues a message that is made when its turn comes.
func (s *session) sendLate(late func(context.Context) (*driverpb.DriveResponse, error)) {
	s.enqueue(item{late: late})
}

// enqueue puts it into the queue and sees that somebody sends it. A phone whose queue is full of
// what must not be lost is disconnected.
func (s *session) enqueue(it item) {
	if s.stream == nil {
		return
	}
	s.mu.Lock()
	if s.out.stopped {
		s.mu.Unlock()
		return
	}
	dropped, ok := s.out.add(it)
	depth := len(s.out.items)
	if ok && s.out.writer == nil {
		s.out.writer = make(chan struct{})
		s.out.turn = s.srv.turn.Load()
		go s.sheltered(s.out.writer)
	}
	s.mu.Unlock()
	s.srv.c.Listener.Queued(depth)
	if dropped {
		s.srv.c.Listener.Dropped("message")
	}
	if !ok {
		s.end(slowError())
	}
}

// write sends what is queued, in order, and ends when there is no more.
func (s *session) write() {
	for {
		s.mu.Lock()
		if len(s.out.items) == 0 {
			s.out.items, s.out.writer = nil, nil
			s.mu.Unlock()
			return
		}
		it := s.out.next()
		s.out.turn = s.srv.turn.Load()
		s.mu.Unlock()
		if msg := s.made(it); msg != nil {
			s.out.seq++ // the writer's alone, of which there is one at a time
			msg.Seq = s.out.seq
			if err := s.stream.Send(msg); err != nil {
				s.end(err) // the reader hears of it too
			}
		}
	}
}

// made is the message of an item. If it cannot be made, the phone gets a snapshot instead, soon.
func (s *session) made(it item) *driverpb.DriveResponse {
	if it.late == nil {
		return it.msg
	}
	msg, err := it.late(s.stream.Context())
	if err == nil {
		return msg
	}
	s.mu.Lock()
	s.out.unsure = true
	s.mu.Unlock()
	if !errors.Is(err, context.Canceled) {
		s.srv.c.Log.Warn("reading for a driver's phone", "driver", s.driver, "err", err)
		s.srv.c.Listener.Dropped("read")
	}
	return nil
}

// drained waits until nothing is left to be sent, or the session has ended.
func (s *session) drained() {
	for {
		s.mu.Lock()
		writer := s.out.writer
		s.mu.Unlock()
		if writer == nil {
			return
		}
		<-writer
	}
}

// look is the session's part of a turn: silence, a writer that is stuck, heartbeats, counts of
// refused fixes, a snapshot where one is due.
func (s *session) look(turn uint32) {
	silent := turn-s.heard.Load() > silentTurns
	s.mu.Lock()
	quiet := turn - s.out.turn
	stuck := s.out.writer != nil && quiet > stuckTurns
	beat := s.out.writer == nil && quiet >= heartbeatTurns
	unsure := s.out.unsure && s.out.writer == nil
	if unsure {
		s.out.unsure = false
	}
	refused := s.slot.refused
	s.slot.refused = nil
	freed := s.becameFree()
	s.mu.Unlock()
	if freed {
		s.showCalls()
	}
	switch {
	case silent && s.stream == nil:
		s.srv.retire(s)
	case silent:
		s.end(silentError())
	case stuck:
		s.end(slowError())
	default:
		s.remind(refused, unsure, beat)
	}
}

func (s *session) remind(refused *refusals, unsure, beat bool) {
	if refused != nil {
		s.enqueue(item{msg: refused.message(), drop: true})
	}
	if unsure {
		s.sendLate(s.snapshot)
	}
	if beat && refused == nil && !unsure {
		s.enqueue(item{drop: true, late: s.heartbeat})
	}
}
