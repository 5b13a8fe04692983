// Package bus is how the parts of the service hear of each other: over NATS, embedded in the
// process or external. Two URLs differ, nothing else: what one node sends, it and every other node
// hear by the same way.
//
//	b, err := bus.Open(ctx, bus.Config{Dir: "data/nats"})     // embedded, nothing listens
//	stop, err := b.Serve("beijing", loop)                     // a city's engine
//	b.Frame("beijing", reports)                               // positions, to that engine
//	near, err := b.Nearby(ctx, "beijing", place)              // a question, and its answer
//	stop, err = b.Listen("D7", session, on, replaced)         // a driver's phone
//	stop, err = b.Watch(ride.Brief(), on)                     // a rider's
//	err = b.Relay(ctx, outbox, woken)                         // events, to outsiders
//
// # What is promised
//
// Everything but events is lossy by design: a message is delivered at most once, in order from one
// sender to one subject, or not at all. Senders never wait: what is sent goes into a queue of
// bounded length, and what does not fit, or comes while the server is away, is dropped and counted.
// A reader that is too slow loses messages too, counted likewise. Rows are the truth; a hint saves
// time. Events are sent at least once, in the order of their ids, and leave the outbox only after
// JetStream has acknowledged them.
//
// # Formats
//
// Every subject is named in subject.go. Frames and positions are bytes of hexhail.bus.v1, written
// and read by hand: they are the busiest messages of all. Events are hexhail.bus.v1.RideEvent.
// Nudges, notices, changes of rides, questions and announcements of sessions are JSON of the
// domain's values: only nodes of this service read them, there are thousands a second and not
// hundreds of thousands, and a field that is added to the domain reaches the other node without a
// second definition to forget. A node that is a version behind ignores fields that it does not
// know. Decoders refuse garbage with an error, never a panic, and it is counted.
//
// Everything here is safe for concurrent use.
package bus
