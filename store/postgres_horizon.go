package store

import (
	"context"
	"sync"
)

// horizon is up to where the ledger is complete. Running numbers are drawn before the commit, so a
// row may appear behind one that was seen already. What is known for sure is this: a number below
// one that was seen was drawn by a transaction that had an id by then (its accounts were changed
// first), so a transaction id that is drawn after the look is higher; and once no transaction below
// that id runs, none of them can commit any more.
type horizon struct {
	mu   sync.Mutex
	sure int64 // up to here all is committed, or never will be
	seen int64 // a number that will be sure when
	xid  int64 // no transaction below this one runs; 0 without one
}

var (
	oldestRunning = &query{
		text: `SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)`,
	}
	nextTransaction = &query{text: `SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)`}
)

// booked takes a look, and says what an earlier one has made sure by now; without transactions that
// run it is the same look.
func (p *postgres) booked(ctx context.Context) (int64, error) {
	h := &p.horizon
	h.mu.Lock()
	defer h.mu.Unlock()
	number := func(q *query) (n int64, err error) {
		err = p.look(ctx, q, nil, func(r row) { n = r.integer() })
		return n, err
	}
	for range 2 { // an earlier look, and a new one
		if h.xid == 0 {
			seen, err := number(lastBooked)
			if err != nil {
				return 0, err
			}
			xid, err := number(nextTransaction)
			if err != nil {
				return 0, err
			}
			h.seen, h.xid = seen, xid
		}
		oldest, err := number(oldestRunning)
		if err != nil {
			return 0, err
		}
		if oldest < h.xid {
			break
		}
		h.sure, h.xid = h.seen, 0
	}
	return h.sure, nil
}
