package ops_test

import (
	"fmt"
	"testing"

	"hexhail/dispatch"
	"hexhail/driver"
	"hexhail/ops"
	"hexhail/rider"
	"hexhail/store"
	"hexhail/wire"
)

// One value hears everything but calls; the server's listener is another, as both have a Refused.
var (
	_ dispatch.Listener = (*ops.Metrics)(nil)
	_ driver.Listener   = (*ops.Metrics)(nil)
	_ rider.Listener    = (*ops.Metrics)(nil)
	_ wire.Listener     = (*ops.Calls)(nil)

	_ ops.Registry = (*store.DB)(nil)
	_ ops.Reads    = (*store.DB)(nil)
)

// TestRefusalsStartAtZero: every word that a session has for a refused fix is in the list.
func TestRefusalsStartAtZero(t *testing.T) {
	m := newMetrics(t)
	for _, word := range driver.RefusalReasons() {
		m.FixesRefused(word, 1)
	}
	body, _ := scrape(t, m, "text/plain")
	for _, word := range driver.RefusalReasons() {
		shows(t, body, fmt.Sprintf(`hexhail_fixes_refused_total{reason="%s"} 1`, word))
	}
	shows(t, body, `hexhail_fixes_refused_total{reason="other"} 0`)
}
