package store

import (
	"context"
	"sync/atomic"
	"time"
)

// job is a closure that waits for the writer.
type job struct {
	ctx      context.Context
	fn       func(runner) error
	taken    atomic.Bool // by the writer to run it, or by its caller to go away
	err      error
	panicked any
	done     chan struct{}
}

// write queues fn and waits for the COMMIT that it is part of. A caller who goes away before the
// writer has begun with fn leaves nothing behind; afterwards the caller waits.
func (f *file) write(ctx context.Context, fn func(runner) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case <-f.stop:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case f.jobs <- j:
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		<-j.done
	case <-f.stopped:
		// The queue may have been closed with j in it; or j was the last one to be answered.
		if j.taken.CompareAndSwap(false, true) {
			return errClosed
		}
		<-j.done
	}
	if j.panicked != nil {
		panic(j.panicked)
	}
	return j.err
}

// serve is the writer. A closure that ends its goroutine (a test's FailNow) ends this one; another
// takes over.
func (f *file) serve() {
	closing := false
	defer func() {
		if closing {
			close(f.stopped)
		} else {
			go f.serve()
		}
	}()
	for {
		select {
		case j := <-f.jobs:
			f.group(j)
		case <-f.stop:
			closing = true
			return
		}
	}
}

// group runs one closure and those that queue behind it in one transaction, and answers them when
// it is committed. It does not wait for more to come.
func (f *file) group(first *job) {
	g := group{conn: f.conn, until: time.Now().Add(max(groupTime, min(f.synced, groupMost)))}
	defer g.answer()
	for j := first; j != nil; j = f.nextFor(&g) {
		if j.taken.CompareAndSwap(false, true) {
			g.run(j)
		}
	}
	if len(g.kept) > 0 {
		f.at(PauseBeforeCommit)
		began := time.Now()
		g.commit(f.options)
		f.synced = time.Since(began)
		f.at(PauseAfterCommit)
	}
	g.finished = true
}

func (f *file) nextFor(g *group) *job {
	if len(g.all) >= groupSize || time.Now().After(g.until) {
		return nil
	}
	select {
	case j := <-f.jobs:
		return j
	default:
		return nil
	}
}

// group is the closures that share one COMMIT.
type group struct {
	conn     *liteConn
	until    time.Time
	all      []*job // that get their answer after the COMMIT
	kept     []*job // whose writes are in the open transaction
	finished bool
}

// run runs a closure: the first of a transaction in it, the others in savepoints.
func (g *group) run(j *job) {
	g.all = append(g.all, j)
	if j.err = j.ctx.Err(); j.err != nil {
		return
	}
	if len(g.kept) == 0 {
		j.err = g.conn.alone(j.guarded)
	} else {
		j.err = g.conn.within(j.guarded)
		if !g.conn.inTransaction() {
			lost := unavailable("SQLite has given the transaction up", j.err)
			g.lose(lost)
			j.err = lost
		}
	}
	if j.err == nil {
		g.kept = append(g.kept, j)
	}
}

// guarded runs the closure and keeps its panic for its caller.
func (j *job) guarded(run runner) (err error) {
	returned := false
	defer func() {
		if !returned {
			j.panicked, err = recover(), errGoexit
		}
	}()
	err = j.fn(run)
	returned = true
	return err
}

func (g *group) commit(o options) {
	if err := o.committed(len(g.kept), g.conn.commit); err != nil {
		g.lose(err)
	}
}

// lose fails all whose writes were in a transaction that is no more.
func (g *group) lose(err error) {
	for _, j := range g.kept {
		j.err = err
	}
	g.kept = nil
}

// answer tells all callers. A group that is not finished was ended by Goexit.
func (g *group) answer() {
	if !g.finished {
		g.conn.rollback()
		g.lose(errGoexit)
		g.all[len(g.all)-1].err = errGoexit
	}
	for _, j := range g.all {
		close(j.done)
	}
}
