// Package driver is what drivers' apps call: the session's stream with fixes in, offers out,
// answers and trip events in, its unary equivalents, earnings. What a ride may do is decided by
// [dispatch.Desk]; a session translates, checks fixes and keeps its queue within limits.
//
//	drivers, err := driver.New(driver.Config{Desk: desk, Cities: cities, Now: clock.Now, …})
//	driverpb.RegisterDriverServiceServer(server, drivers)
//	go drivers.Run(ctx)         // frames, heartbeats, silence, traces, what hints have missed
//	…
//	drivers.Drain(drainCtx)     // before the server stops
//
// A session is one goroutine, the handler's, which reads. Writing is done by a second one that
// lives only while there is something to send, and nothing of a session ticks by itself: Run walks
// all of them once a second. So an idle session costs its record (about 1 KB) beyond what gRPC
// takes. What is sent is made when its turn comes, from rows where it tells of an offer or of
// where the driver stands, so that a phone that reads slowly is not told old news.
//
// Two clocks are at work. Whatever apps see, and whatever says how old a fix or an offer is, is the
// city's. Silence, heartbeats, drain and frames are the machine's: they are about connections.
//
// Everything here is safe for concurrent use. Hints from the bus may be late, twice or lost; rows
// are read again every few seconds for all drivers of a city at once, and each message is told once
// for each version of what it tells of.
package driver
