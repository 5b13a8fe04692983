// Package wire is what every edge shares: codecs between the wire and the domain, the one table
// from errors to codes and texts, tokens, the rule of every method, the gate before all calls, page
// tokens, and the city clock.
//
// A handler translates a message with PlaceOf, PageOf and their like, gives the command to the
// domain as CallerOf says, and returns the domain's error as it is; the gate of NewServer makes the
// status of it:
//
//	server, err := wire.NewServer(wire.ServerConfig{Verifier: wire.NewVerifier(public)},
//		func(r grpc.ServiceRegistrar) { riderpb.RegisterRiderServiceServer(r, riders) })
//
// Within a stream ErrorPB says the same in plain fields. Everything here is safe for concurrent
// use. The package knows no rows and no bus, and it does not look after the messages of a stream
// beyond their size and their form: that is the handler's.
package wire
