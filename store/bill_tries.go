package store

import (
	"time"

	"hexhail/money"
)

// wakeWithin is how soon somebody has to ask about what is open for long.
const wakeWithin = 10 * time.Minute

var (
	wakeAttempts = &query{text: `UPDATE attempt SET due_at = $2 WHERE ` + isOpenAttempt + `
		AND way <> '' AND id = order_id AND made_at < $1 AND (due_at = 0 OR due_at > $3)`}
	wakeRefunds = &query{text: `UPDATE refund SET due_at = $2 WHERE ` + isOpenAttempt + `
		AND made_at < $1 AND (due_at = 0 OR due_at > $3)`}
	openTries = &query{text: `SELECT (SELECT count(*) FROM attempt WHERE ` + isOpenAttempt + `
			AND channel = $1 AND id = order_id AND made_at < $2)
		+ (SELECT count(*) FROM refund WHERE ` + isOpenAttempt + `
			AND channel = $1 AND made_at < $2)`}
)

// WakeTries implements [money.OpenTries].
func (t *tx) WakeTries(before, now time.Time) (int, error) {
	woken := int64(0)
	for _, q := range []*query{wakeAttempts, wakeRefunds} {
		n, err := t.exec(q, millis(before), millis(now), millis(now.Add(wakeWithin)))
		if err != nil {
			return 0, err
		}
		woken += n
	}
	return int(woken), nil
}

// OpenTriesOf implements [money.OpenTries].
func (t *tx) OpenTriesOf(c money.ChannelName, before time.Time) (int, error) {
	n, _, err := one(t, (*reader).int, openTries, string(c), millis(before))
	return n, err
}
