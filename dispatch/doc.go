// Package dispatch is the heart of the house: rides and what may happen to them, offers and
// claims, the matcher that pairs rides with taxis, and the two who do the work, Desk and Engine.
//
// Step is a pure function from a ride and an act to the ride after it, what joins the transaction
// and what is told after the commit. Desk is the one door for commands on a ride; it is safe for
// concurrent use. Engine, one for each city, is the only one to touch the city's index of
// positions; it belongs to one goroutine.
//
// The package knows no network and no SQL: what it needs of them are the ports in ports.go.
package dispatch
