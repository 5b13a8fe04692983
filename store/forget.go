package store

import (
	"time"

	"hexhail/dispatch"
)

// doneWith keeps what is about a ride that somebody may still have to look at: it is under way, or
// a complaint or a hold of it waits for a decision.
func doneWith(ride string) string {
	return ` NOT EXISTS (SELECT 1 FROM ride WHERE ride.id = ` + ride + ` AND state <> 'completed'
			AND state <> 'settled' AND state <> 'cancelled' AND state <> 'no_show'
			AND state <> 'expired')
		AND NOT EXISTS (SELECT 1 FROM complaint WHERE complaint.ride = ` + ride + `
			AND complaint.state = 'contested')
		AND NOT EXISTS (SELECT 1 FROM subsidy_hold WHERE subsidy_hold.ride = ` + ride + `
			AND subsidy_hold.due_at > 0)`
}

// What is old of a ride is found by its id, which tells when it was asked for. A notice stays while
// what it is about is open at its channel, or differs from a bill.
var (
	oldTraces = &query{text: `SELECT ride FROM trace WHERE ride < $1 AND` +
		doneWith("trace.ride") + ` GROUP BY ride ORDER BY ride LIMIT $2`}
	forgetTrace     = &query{text: `DELETE FROM trace WHERE ride = $1`}
	forgetRoundLogs = &query{text: `DELETE FROM round_log WHERE ride IN (
		SELECT ride FROM round_log WHERE ride < $1 AND` + doneWith("round_log.ride") +
		` ORDER BY ride LIMIT $2)`}
	forgetNotices = &query{text: `DELETE FROM notice WHERE (channel, id) IN (
		SELECT channel, id FROM notice WHERE at < $1
			AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.id = notice.order_id
				AND ` + isOpenAttempt + `)
			AND NOT EXISTS (SELECT 1 FROM refund WHERE refund.id = notice.order_id
				AND ` + isOpenAttempt + `)
			AND NOT EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.id = notice.order_id
				AND ` + isOpenAttempt + `)
			AND NOT EXISTS (SELECT 1 FROM difference WHERE difference.channel = notice.channel
				AND difference.state = 'open' AND difference.number = notice.order_id)
		ORDER BY at LIMIT $2)`}
	forgetUsedCodes = &query{text: `DELETE FROM wallet_code_used WHERE (handle, step) IN (
		SELECT handle, step FROM wallet_code_used WHERE at < $1 ORDER BY at LIMIT $2)`}
)

// ForgetTraces implements [dispatch.Forgetting].
func (t *tx) ForgetTraces(before time.Time, limit int) (int, error) {
	rides, err := all(t, (*reader).text, oldTraces, dispatch.MadeAt(before), limit)
	for _, ride := range rides {
		if _, err := t.exec(forgetTrace, ride); err != nil {
			return 0, err
		}
	}
	return len(rides), err
}

// ForgetRoundLogs implements [dispatch.Forgetting].
func (t *tx) ForgetRoundLogs(before time.Time, limit int) (int, error) {
	n, err := t.exec(forgetRoundLogs, dispatch.MadeAt(before), limit)
	return int(n), err
}

// ForgetNotices implements [dispatch.Forgetting].
func (t *tx) ForgetNotices(before time.Time, limit int) (int, error) {
	n, err := t.exec(forgetNotices, millis(before), limit)
	return int(n), err
}

// ForgetUsedCodes implements [dispatch.Forgetting].
func (t *tx) ForgetUsedCodes(before time.Time, limit int) (int, error) {
	n, err := t.exec(forgetUsedCodes, millis(before), limit)
	return int(n), err
}
