// Package sim is a city to test against: demand and taxis from CSV files or from a model of a
// Chinese city, roads, and riders and drivers who behave by flags. It drives the production code,
// and it is production code's first customer.
//
// What it owns: the readers of recorded demand ([ReadTrips], [ReadTaxis]), the model ([Model]), the
// flags ([Options]), the virtual run ([Virtual]), the live run ([Live]) and what a run tells
// ([Progress], [Report]).
//
// The same people are in both runs. In a virtual one their apps call the Desk as functions, under a
// virtual clock. In a live one they are real clients of a server: every taxi a Drive stream, every
// rider unary calls and a watch; the server's city clock is theirs.
//
//	city, _ := dispatch.LoadCity("beijing")
//	model := sim.Model{City: city, Seed: 1, PerHour: 7000}
//	at := time.Date(2014, 2, 26, 17, 0, 0, 0, city.Zone)
//	report, err := sim.Virtual(ctx, sim.VirtualConfig{
//		City: city, Options: sim.DefaultOptions(), Store: store, Wall: time.Now,
//		Trips: model.Demand(at, time.Hour), Taxis: model.Fleet(3000, at),
//	})
//
// A seed replays a run: time is the agenda's, every taxi and rider draws from a stream of its own
// ([Stream]), and nothing is ordered by a map. The machine's clock is an argument and reaches only
// wall_s, fixes_per_s and the progress line.
//
// A seed does not replay a live run: there the network and the server decide who is first.
//
// Nothing here is safe for concurrent use. A virtual run is one goroutine; a live run has one for
// its people, and others that only send and receive for them.
//
// What it does not do: it decides nothing about rides or money, it has no rules of its own about
// who gets which taxi, and it never looks into the store to learn what its people were not told.
package sim
