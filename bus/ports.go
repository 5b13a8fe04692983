package bus

import (
	"context"

	"hexhail/dispatch"
	"hexhail/geo"
)

// Outbox is where events wait until they are sent.
type Outbox interface {
	// Unsent are events to send, by id, at most limit.
	Unsent(ctx context.Context, limit int) ([]dispatch.Event, error)
	// Backlog is how many events wait, counted up to atMost.
	Backlog(ctx context.Context, atMost int) (int, error)
	// Sent drops events that were sent.
	Sent(ctx context.Context, ids []dispatch.EventID) error
}

// Engine is the inbox of a city's engine. None of its methods waits for the engine but Nearby.
type Engine interface {
	// Frame takes positions; the newest of a taxi wins. The slice is the caller's again when it
	// returns.
	Frame(reports []dispatch.Report)
	// Change takes a nudge.
	Change(c dispatch.Change)
	// Nearby answers a question for taxis.
	Nearby(ctx context.Context, at geo.Point) (dispatch.Nearby, error)
}
