package sim

// figure is a number of a report that policies are compared by.
type figure struct {
	key      string // in JSON
	name     string // in a table
	of       func(Report) float64
	decimals int
}

// figures are what policies are compared by, in the order of a table's lines.
var figures = []figure{
	{"service_rate", "served, %", func(r Report) float64 { return 100 * r.ServiceRate }, 2},
	{
		"service_rate_within", "within the graph, %",
		func(r Report) float64 { return 100 * r.WithinGraph.ServiceRate }, 2,
	},
	{"arrival_s", "request to arrival, s", func(r Report) float64 { return r.ArrivalS.Mean }, 1},
	{"wait_s", "request to boarding, s", func(r Report) float64 { return r.WaitS.Mean }, 1},
	{"wait_p90_s", "9 of 10 within, s", func(r Report) float64 { return r.WaitS.P90 }, 1},
	{"match_s", "request to claim, s", func(r Report) float64 { return r.MatchS.Mean }, 1},
	{"pickup_s", "claim to arrival, s", func(r Report) float64 { return r.PickupS.Mean }, 1},
	{"empty_km", "empty, km", func(r Report) float64 { return r.EmptyKM }, 0},
	{"utilisation", "with a rider, %", func(r Report) float64 { return 100 * r.Utilisation }, 2},
	{"offers", "offers", func(r Report) float64 { return float64(r.Offers) }, 0},
	{"called", "calls that drivers saw", func(r Report) float64 { return float64(r.Called) }, 0},
	{"declined", "offers declined", func(r Report) float64 { return float64(r.Declined) }, 0},
}
