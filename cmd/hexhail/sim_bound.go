package main

import (
	"encoding/json"
	"errors"
	"io"

	"hexhail/sim"
)

// bounds are the offline bound of the rides within the road graph, and where there are others of
// all: the taxis of a run drive to both.
type bounds []sim.Bound

func boundsOf(c sim.VirtualConfig, l sim.LabOptions) bounds {
	b := sim.BoundConfig{
		Trips: c.Trips, Roads: c.Roads, Options: c.Options, Wait: l.Wait, Share: l.Serve,
	}
	within := sim.BoundOf(b)
	if within.Outside == 0 {
		return bounds{within}
	}
	b.All = true
	return bounds{within, sim.BoundOf(b)}
}

// Write writes the bounds as a JSON list, indented, with a newline at the end.
func (b bounds) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(b)
}

// tellBounds writes the bounds for machines and for people.
func tellBounds(b bounds, sink *sink, people io.Writer) error {
	err := sink.write(b)
	for _, one := range b {
		err = errors.Join(err, one.Summary(people))
	}
	return err
}
