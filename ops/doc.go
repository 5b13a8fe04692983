// Package ops is what city ops see of the service and do to it: metrics on a registry of their own,
// health, the gRPC service for imports, campaigns, look-ups and the audit, and the notifier that
// sends ride events to outsiders as signed webhooks.
//
//	m, err := ops.NewMetrics(ops.MetricsConfig{Cities: ids, Services: services})
//	desk.Listener = m                                  // what happens to rides
//	driverConfig.Listener, riderConfig.Listener = m, m // what happens on the edges
//	serverConfig.Listener = m.Calls()                  // each call
//	stop, err := m.Engine(city, loop.Counts, loop.Load)
//	http := ops.NewHTTPServer(m.Handler(checks...))
//
// All of it is safe for concurrent use. What is counted is listed in docs/metrics.md, which a test
// keeps in step. Ids of rides, riders, drivers and taxis and cells never become labels: every label
// is one of a bounded list. The package decides nothing about rides and money: that is dispatch's
// and money's.
package ops
