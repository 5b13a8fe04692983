// Package osrm asks a routing service that speaks OSRM's table service how long drives take
// (https://project-osrm.org/docs/v5.24.0/api/#table-service): many at once, over HTTP.
//
//	service, err := osrm.New(osrm.Config{URL: "http://routes.internal:5000"})
//	err = service.Times(ctx, drives) // those that it could tell have a time and geo.SourceService
//
// Whoever asks gives a deadline, and has an answer of their own for what has none: a service that
// is slow or away costs nothing but better times. After failures a circuit breaker leaves it alone
// for a while. A Client is safe for concurrent use.
package osrm
