package store

import (
	"time"

	"hexhail/dispatch"
)

// onceColumns are written by Remember and read by scanOnce in this order.
var onceColumns = columns{"identity", "rpc", "request_id", "hash", "answer", "at"}

var (
	recall   = onceColumns.selects(`once WHERE identity = $1 AND rpc = $2 AND request_id = $3`)
	remember = onceColumns.insert("once")
	forget   = &query{text: `DELETE FROM once WHERE (identity, rpc, request_id) IN (
		SELECT identity, rpc, request_id FROM once WHERE at < $1 ORDER BY at LIMIT $2)`}
)

func scanOnce(r *reader) dispatch.OnceRow {
	return dispatch.OnceRow{
		Identity: r.text(), RPC: r.text(), RequestID: r.text(), Hash: r.text(),
		Answer: []byte(r.text()), At: r.time(),
	}
}

// Recall implements [dispatch.OnceRows].
func (t *tx) Recall(identity, rpc, requestID string) (dispatch.OnceRow, bool, error) {
	return one(t, scanOnce, recall, identity, rpc, requestID)
}

// Remember implements [dispatch.OnceRows].
func (t *tx) Remember(row dispatch.OnceRow) error {
	_, err := t.exec(remember, row.Identity, row.RPC, row.RequestID, row.Hash,
		string(row.Answer), millis(row.At))
	return err
}

// Forget implements [dispatch.OnceRows].
func (t *tx) Forget(before time.Time, limit int) (int, error) {
	n, err := t.exec(forget, millis(before), limit)
	return int(n), err
}
