// Package flights asks a service when flights land, over HTTP; docs/flights.md says what the
// service has to answer.
//
//	service, err := flights.New(flights.Config{URL: "https://flights.example/v1"})
//	at, known, err := service.Landing(
//		ctx, "beijing", dispatch.Flight{Number: "CA1831", Day: "2014-03-01"})
//
// A question has a deadline. After failures a circuit breaker leaves the service alone for a while:
// pickups then stay where they are, and ops may move them by hand. A Client is safe for concurrent
// use.
package flights
