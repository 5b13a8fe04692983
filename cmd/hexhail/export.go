package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/sim"
	"hexhail/store"
)

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Write what the database keeps as a file",
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newExportRides())
	return cmd
}

const exportHelp = `Writes the rides that were asked for in a span of time as demand for
hexhail sim --trips, to see what another policy would have made of the same day. Every request is in
it, whatever became of it.

The file has times, places and numbers of seats, and no names, numbers or ids. Places are exact:
where somebody was at a time may tell who they are, so keep it as you keep the database.

A driven ride takes as long in a run as it did, its alighting included: run it with --alighting 0s.`

// exportFlags say which rides are written, and where to.
type exportFlags struct{ city, from, to, out string }

func newExportRides() *cobra.Command {
	var flags exportFlags
	cmd := &cobra.Command{
		Use: "rides", Short: "Write recorded rides as demand for hexhail sim --trips",
		Long: exportHelp, Args: noArgs,
		Example: `  hexhail export rides --from 2014-02-26 --to 2014-02-27 --out trips.csv
  hexhail sim --trips trips.csv --taxis taxis.csv --city beijing --policy nearest`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, err := readConfig(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			return exportRides(cmd.Context(), c, flags, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.city, "city", "beijing", "`id` of the city")
	f.StringVar(&flags.from, "from", "", "`time` of the first requests, the city's (default all)")
	f.StringVar(&flags.to, "to", "", "`time` before which the last ones were made (default all)")
	f.StringVar(&flags.out, "out", "-", "CSV `file`; - is the standard output")
	bindSettings(f)
	return cmd
}

// exportRides writes the rides of a city as trips.
func exportRides(
	ctx context.Context, c config, flags exportFlags, stdout, stderr io.Writer,
) (err error) {
	city, err := exportedCity(c, dispatch.CityID(flags.city))
	if err != nil {
		return err
	}
	span, err := flags.span(city.Zone)
	if err != nil {
		return err
	}
	db, err := openThere(ctx, c.Store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	sink, err := openSink(flags.out, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	found, err := recordedTrips(ctx, db, city.ID, span)
	if err != nil {
		return err
	}
	if err := sink.write(tripFile{found.trips, city.Zone}); err != nil {
		return err
	}
	fmt.Fprint(stderr, dispatch.Plural(len(found.trips), "1 ride", "%d rides"))
	if found.endless > 0 {
		fmt.Fprintf(stderr, "; %d left out, as nobody knows where they went", found.endless)
	}
	fmt.Fprintln(stderr)
	return nil
}

// exportedCity is one of the configured cities, or of those that come with the house.
func exportedCity(c config, id dispatch.CityID) (dispatch.City, error) {
	cities, err := c.cities()
	if err != nil {
		return dispatch.City{}, err
	}
	if city, ok := cities[id]; ok {
		return city, nil
	}
	city, err := dispatch.LoadCity(id)
	if err != nil {
		return city, &usageError{fmt.Errorf("city: %w", err)}
	}
	return city, nil
}

// openThere opens a database that must be there: an export makes none.
func openThere(ctx context.Context, url string) (*store.DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
	}
	return store.Open(ctx, url)
}

// tripFile is demand that writes itself as CSV.
type tripFile struct {
	trips []sim.Trip
	zone  *time.Location
}

// Write writes the file.
func (f tripFile) Write(w io.Writer) error { return sim.WriteTrips(w, f.trips, f.zone) }

// timeSpan is from a time until before another; a zero one is open.
type timeSpan struct{ from, to time.Time }

func (s timeSpan) holds(at time.Time) bool {
	return !at.Before(s.from) && (s.to.IsZero() || at.Before(s.to))
}

// spanLayouts are how a time may be written, on the city's clock unless it names an offset.
var spanLayouts = []string{time.DateOnly, sim.StartLayout, time.DateTime, time.RFC3339}

func (e exportFlags) span(zone *time.Location) (s timeSpan, err error) {
	for _, end := range []struct {
		flag, text string
		at         *time.Time
	}{{"from", e.from, &s.from}, {"to", e.to, &s.to}} {
		if end.text == "" {
			continue
		}
		for _, layout := range spanLayouts {
			if *end.at, err = time.ParseInLocation(layout, end.text, zone); err == nil {
				break
			}
		}
		if err != nil {
			return s, &usageError{fmt.Errorf("--%s must be a time as %s, not %q",
				end.flag, sim.StartLayout, end.text)}
		}
	}
	if !s.to.IsZero() && !s.from.Before(s.to) {
		return s, &usageError{errors.New("--from must be before --to")}
	}
	return s, nil
}

// foundTrips are demand out of a database, by time.
type foundTrips struct {
	trips   []sim.Trip
	endless int // street rides without a trace: left out
}

// recordedTrips reads a city's rides page by page, the latest first. Ids begin with the time of
// their making, which is not before the request: below the span's begin nothing is left to find.
func recordedTrips(
	ctx context.Context, db *store.DB, city dispatch.CityID, span timeSpan,
) (found foundTrips, err error) {
	page := dispatch.Page{Limit: dispatch.MaxPage}
	for {
		rides, err := db.CityRides(ctx, city, 0, page)
		if err != nil {
			return found, err
		}
		for i := range rides {
			if !span.holds(rides[i].RequestedAt) {
				continue
			}
			if err := found.add(ctx, db, rides[i]); err != nil {
				return found, err
			}
		}
		if len(rides) < page.Limit || madeBefore(rides[len(rides)-1].ID, span.from) {
			break
		}
		page.After = string(rides[len(rides)-1].ID)
	}
	slices.Reverse(found.trips) // so that equal times stay in the order of ids
	slices.SortStableFunc(found.trips, func(a, b sim.Trip) int { return a.At.Compare(b.At) })
	return found, nil
}

func madeBefore(id dispatch.RideID, at time.Time) bool {
	parsed, err := ulid.ParseStrict(string(id))
	return err == nil && !at.IsZero() && ulid.Time(parsed.Time()).Before(at)
}

func (f *foundTrips) add(ctx context.Context, db *store.DB, r dispatch.Ride) error {
	last := geo.Point{}
	if r.Dropoff.Point == last {
		trace, err := db.Trace(ctx, r.ID)
		if err != nil {
			return err
		}
		if len(trace) > 0 {
			last = trace[len(trace)-1].Point
		}
	}
	trip, ok := sim.TripOf(r, last)
	if !ok {
		f.endless++
		return nil
	}
	if f.trips = append(f.trips, trip); len(f.trips) > sim.MaxRows {
		return &usageError{fmt.Errorf("more than %d rides: choose a shorter time", sim.MaxRows)}
	}
	return nil
}
