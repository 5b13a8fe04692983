package rider

import "time"

// SetMachine gives the server another clock for whatever is about connections and their pace.
func (s *Server) SetMachine(now func() time.Time) { s.machine = now }

// SetBeat changes the time between heartbeats, before the first watch.
func (s *Server) SetBeat(every time.Duration) { s.hub.beat = every }

// Sweep gives watches their turns at once.
func (s *Server) Sweep() { s.hub.tick() }

// MaxWatches is how many watches a rider may have.
const MaxWatches = maxWatches
