package dispatch

import "time"

// Forgetting drops what is older than a time, the oldest first, at most limit, and says how many.
type Forgetting interface {
	// ForgetTraces drops the traces of rides that were asked for before a time, but of those that
	// are under way, or of which a complaint or a hold waits for a decision. It says of how many
	// rides.
	ForgetTraces(before time.Time, limit int) (int, error)
	// ForgetRoundLogs drops the round logs of the same rides.
	ForgetRoundLogs(before time.Time, limit int) (int, error)
	// ForgetWhereabouts drops where the phones of the riders of the same rides were.
	ForgetWhereabouts(before time.Time, limit int) (int, error)
	// ForgetNotices drops what channels told before a time, but of what is open there still, or
	// differs from a bill.
	ForgetNotices(before time.Time, limit int) (int, error)
	// ForgetUsedCodes drops that wallets' codes have paid before a time.
	ForgetUsedCodes(before time.Time, limit int) (int, error)
}
