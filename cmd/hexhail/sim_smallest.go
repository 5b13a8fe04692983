package main

import (
	"context"
	"encoding/json"
	"io"

	"hexhail/sim"
)

// searches are the smallest fleets of several policies.
type searches []sim.Smallest

// Write writes the searches as a JSON list, indented, with a newline at the end.
func (s searches) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// smallest looks for the smallest fleet of each contender, and tells of each when it is known.
func (b *lab) smallest(
	ctx context.Context, l sim.LabOptions, first sim.VirtualConfig, sink *sink, people io.Writer,
) error {
	low, high := 1, len(first.Taxis)
	if len(l.Fleets) == 2 {
		low, high = l.Fleets[0], l.Fleets[1]
	}
	fleets := sim.FleetsBetween(low, high, l.Step)
	goal := sim.Goal{Share: l.Serve, Arrival: l.Arrival}
	var all searches
	for _, name := range b.names() {
		s, err := b.runs(l).Smallest(ctx, name, fleets, goal)
		if err != nil {
			return err
		}
		all = append(all, s)
		if err := s.Summary(people); err != nil {
			return err
		}
		if s.CutShort {
			break
		}
	}
	if err := sink.write(all); err != nil {
		return err
	}
	if all[len(all)-1].CutShort {
		return errInterrupted
	}
	return nil
}
