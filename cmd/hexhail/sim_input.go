package main

import (
	"errors"
	"io"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/sim"
)

// recorded is demand and taxis from files.
func recorded(o sim.Options, city dispatch.City) ([]sim.Trip, []sim.Taxi, error) {
	trips, err := readFile(o.Trips, city.Zone, sim.ReadTrips)
	if err != nil {
		return nil, nil, err
	}
	taxis, err := readFile(o.Taxis, city.Zone, sim.ReadTaxis)
	if err != nil {
		return nil, nil, err
	}
	taxis, err = sim.DrawFleet(taxis, o.Fleet, o.Seed)
	return sim.FirstTrips(trips, o.Duration), taxis, err
}

// readFile reads a file of rows, each with a time in the city's zone.
func readFile[T any](
	path string, zone *time.Location, read func(string, io.Reader, *time.Location) ([]T, error),
) (rows []T, err error) {
	file, err := sim.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return read(path, file, zone)
}

// modelled is demand and taxis of the model.
func modelled(o sim.Options, city dispatch.City) ([]sim.Trip, []sim.Taxi, error) {
	start, err := o.StartIn(city.Zone)
	if err != nil {
		return nil, nil, err
	}
	fleet, duration := o.Fleet, o.Duration
	if fleet == 0 {
		fleet = sim.ModelFleet
	}
	if duration == 0 {
		duration = sim.ModelDuration
	}
	model := sim.Model{City: city, Seed: o.Seed, PerHour: o.Requests}
	trips := model.Demand(start, duration)
	if len(trips) == 0 {
		return nil, nil, errors.New("the model makes no request in so short a time: " +
			"raise --requests or --duration")
	}
	return trips, model.Fleet(fleet, start), nil
}

// readRoads reads the road graph.
func readRoads(o sim.Options) (roads *geo.Roads, err error) {
	nodes, err := sim.OpenFile(o.RoadsNodes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, nodes.Close()) }()
	edges, err := sim.OpenFile(o.RoadsEdges)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, edges.Close()) }()
	return geo.ReadRoads(geo.RoadFile{Name: o.RoadsNodes, R: nodes},
		geo.RoadFile{Name: o.RoadsEdges, R: edges}, o.RoadsColumn)
}
