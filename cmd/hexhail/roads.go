package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/geo/osm"
	"hexhail/geo/osrm"
	"hexhail/sim"
)

// roadFiles are the files of one city's road graph: one of OpenStreetMap, or nodes and edges in
// CSV.
type roadFiles struct {
	city  dispatch.CityID
	files []string // one or two
}

// roadFiles reads the setting "roads".
func (c *config) roadFiles() ([]roadFiles, error) {
	var all []roadFiles
	seen := map[string]bool{}
	for _, text := range words(c.Roads) {
		city, names, ok := strings.Cut(text, "=")
		files := strings.Split(names, "+")
		if !ok || city == "" || len(files) > 2 || files[0] == "" || files[len(files)-1] == "" {
			return nil, &usageError{fmt.Errorf(
				"roads must be CITY=FILE or CITY=NODES+EDGES, with commas, not %q", text)}
		}
		if seen[city] {
			return nil, &usageError{fmt.Errorf("roads has %s twice", city)}
		}
		seen[city] = true
		all = append(all, roadFiles{dispatch.CityID(city), files})
	}
	return all, nil
}

// graphs reads the road graphs that the configuration names.
func (c *config) graphs(cities dispatch.Cities) (map[dispatch.CityID]*geo.Roads, error) {
	roads := map[dispatch.CityID]*geo.Roads{}
	for id := range cities {
		if c.onlyRoads != nil {
			roads[id] = c.onlyRoads
		}
	}
	all, err := c.roadFiles()
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if _, ok := cities[r.city]; !ok {
			return nil, &usageError{fmt.Errorf("roads: no city %q is served", r.city)}
		}
		if roads[r.city], err = readRoads(r.files, ""); err != nil {
			return nil, fmt.Errorf("roads: %w", err)
		}
	}
	return roads, nil
}

// tables is the client of the routing service, nil if there is none.
func (c *config) tables() (*osrm.Client, error) {
	if c.TableURL == "" {
		return nil, nil
	}
	client, err := osrm.New(osrm.Config{URL: c.TableURL})
	if err != nil {
		return nil, &usageError{fmt.Errorf("table-url: %w", err)}
	}
	return client, nil
}

// openRoads contracts the road graphs, which may take seconds: no engine has its city yet.
func (s *service) openRoads(context.Context) error {
	s.roads = map[dispatch.CityID]*geo.RoadTimes{}
	for id, g := range s.graphs {
		began := time.Now()
		s.roads[id] = geo.NewRoadTimes(g)
		s.log.Info("roads", "city", id, "nodes", g.Len(), "edges", g.Edges(),
			"contracted_in", time.Since(began).Round(time.Millisecond).String())
	}
	if s.tables != nil {
		s.closer("tables", func(context.Context) error { s.tables.Close(); return nil })
	}
	return nil
}

// readRoads reads a road graph: one file of OpenStreetMap, or two of CSV with the travel times in a
// column. Each may be gzip.
func readRoads(files []string, column string) (roads *geo.Roads, err error) {
	open := make([]io.ReadCloser, 0, len(files))
	defer func() {
		for _, f := range open {
			err = errors.Join(err, f.Close())
		}
	}()
	parts := make([]geo.RoadFile, len(files))
	for i, name := range files {
		f, err := sim.OpenFile(name)
		if err != nil {
			return nil, err
		}
		open = append(open, f)
		parts[i] = geo.RoadFile{Name: name, R: f}
	}
	if len(parts) == 1 {
		return osm.Read(parts[0])
	}
	return geo.ReadRoads(parts[0], parts[1], column)
}
