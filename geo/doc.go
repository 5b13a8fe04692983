// Package geo owns where things are: points and their datums, H3 cells, the live index of
// a city's taxis, the checks of a position report, travel-time estimates, road graphs and the
// quickest ways on them.
//
// A taxi moves and a ride finds the taxis near it:
//
//	ix := geo.NewIndex[uint64](0)
//	if err := ix.Move(taxi, geo.Point{Lat: 39.9087, Lng: 116.3975}, fix.At); err != nil { … }
//	near = ix.Nearest(near[:0], pickup, 20, 4500, isIdle)
//	gone := ix.Expire(now.Add(-30*time.Second), forget)
//
// Every coordinate inside the program is WGS-84 in degrees; other datums are converted at
// the edge by ToWGS84 and FromWGS84. Distances are metres on a sphere of mean radius.
//
// Point, Cell, Datum, Fix and the functions on them are values, safe anywhere. Index,
// Estimator, Roads, Hierarchy, RoadTimes and Drive keep scratch space and caches: each belongs to
// one goroutine.
// Nothing here reads a clock, starts a goroutine or iterates a map into a result, so the
// same calls give the same answers.
//
// H3 is imported only here. What this package does not do: it knows neither rides nor
// drivers (the index is generic over its key), and it does not route over the network.
package geo
