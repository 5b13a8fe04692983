package store_test

import (
	"hexhail/bus"
	"hexhail/driver"
	"hexhail/ops"
	"hexhail/rider"
	"hexhail/store"
)

// The ports of rooms that the store does not know.
var (
	_ rider.Reads  = (*store.DB)(nil)
	_ driver.Reads = (*store.DB)(nil)
	_ ops.Registry = (*store.DB)(nil)
	_ ops.Reads    = (*store.DB)(nil)
	_ bus.Outbox   = (*store.DB)(nil)
)
