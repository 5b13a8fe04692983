// Package rider is what riders' apps call: quote, request, watch, tip, cancel, confirm, pay, rate.
// Handlers translate between the wire and [dispatch.Desk]; what a ride may do is decided there.
//
// Who calls is the token's rider, and no request can name another one: a ride of somebody else is
// NotFound, like one that never was. What riders see of drivers is their card while they are at the
// ride and after it, the taxi's position from claim to the end of the drive, and otherwise only
// blurred taxis under names that lead nowhere (see blur).
//
// A watch is a snapshot from rows, then what the bus tells, then rows again every five seconds of
// the city's time, so that a lost hint costs a moment and nothing else. Its messages wait in a
// queue of at most 64: of positions the oldest go first, of rides the newest stays. A watch costs
// one goroutine (gRPC's own) while nothing happens; one ticker serves all of them, and a second
// goroutine lives only while there is something to send.
//
// A Server is safe for concurrent use. It keeps no state that matters: a rider may ask another node
// with the next call.
package rider
