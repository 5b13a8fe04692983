package main

import (
	"errors"
	"io"
	"os"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/sim"
)

// inputs are what runs that differ by policy, fleet and seed alone read from files, each once.
// They are one goroutine's: a road graph has scratch space.
type inputs struct {
	read  bool
	trips []sim.Trip
	taxis []sim.Taxi // all of the file
	roads *geo.Roads // nil: all legs are straight
}

// prepare makes the city, its streets, its demand and its taxis.
func (in *inputs) prepare(o sim.Options) (sim.VirtualConfig, error) {
	none := sim.VirtualConfig{}
	var err error
	if o.BehaviourFile != "" {
		if o.Habits, err = readHabits(o.BehaviourFile); err != nil {
			return none, err
		}
	}
	city, err := cityOf(o)
	if err != nil {
		return none, err
	}
	if err := in.load(o, city); err != nil {
		return none, err
	}
	config := sim.VirtualConfig{City: city, Options: o, Roads: in.roads}
	if o.Trips == "" {
		config.Trips, config.Taxis, err = modelled(o, city)
		return config, err
	}
	config.Trips = sim.FirstTrips(in.trips, o.Duration)
	config.Taxis, err = sim.DrawFleet(in.taxis, o.Fleet, o.Seed)
	return config, err
}

// load reads the files at the first call.
func (in *inputs) load(o sim.Options, city dispatch.City) (err error) {
	if in.read {
		return nil
	}
	if o.Trips != "" {
		if in.trips, err = readFile(o.Trips, city.Zone, sim.ReadTrips); err != nil {
			return err
		}
		if in.taxis, err = readFile(o.Taxis, city.Zone, sim.ReadTaxis); err != nil {
			return err
		}
	}
	if files := roadsOf(o); len(files) > 0 {
		if in.roads, err = readRoads(files, o.RoadsColumn); err != nil {
			return err
		}
	}
	in.read = true
	return nil
}

func readHabits(path string) (sim.Habits, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return sim.Habits{}, err
	}
	return sim.ParseHabits(path, data)
}

// cityOf is the run's city, with what flags and policy file say about every version of its policy.
func cityOf(o sim.Options) (city dispatch.City, err error) {
	if city, err = dispatch.LoadCity(o.CityID()); err != nil {
		return city, err
	}
	city = city.WithPolicy(o.Apply)
	if o.PolicyFile != "" {
		data, err := os.ReadFile(o.PolicyFile)
		if err != nil {
			return city, err
		}
		var refused error
		city = city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
			changed, err := dispatch.ParsePolicy(o.PolicyFile, data, p)
			refused = errors.Join(refused, err)
			return changed
		})
		if refused != nil {
			return city, refused
		}
	}
	return city, city.Policies.Check()
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

// roadsOf are the files of the simulation's road graph; none: all legs are straight.
func roadsOf(o sim.Options) []string {
	switch {
	case o.Roads != "":
		return []string{o.Roads}
	case o.RoadsNodes != "":
		return []string{o.RoadsNodes, o.RoadsEdges}
	default:
		return nil
	}
}
