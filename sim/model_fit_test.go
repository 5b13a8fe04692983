// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim

import (
	"encoding/csv"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hexhail/geo"
)

// eachRow calls fn with every row of a file of the real data, by column.
func eachRow(t *testing.T, name string, fn func(cell func(column string) string)) {
	t.Helper()
	file, err := OpenFile(DataPath(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows := csv.NewReader(file)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	header = slices.Clone(header)
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		fn(func(column string) string { return row[slices.Index(header, column)] })
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func stamp(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// within checks a fitted figure against the same figure made again from the data.
func within(t *testing.T, what string, fitted, data, tolerance float64) {
	t.Helper()
	if math.Abs(fitted-data) > tolerance {
		t.Errorf("%s: the model has %.4f, the data %.4f (± %.4f)", what, fitted, data, tolerance)
	}
}

// Tolerance: 0.001 of the mean hour, the rounding of the table.
func TestModelFitsHours(t *testing.T) {
	var sum, days [3][24]float64
	eachRow(t, "nyc_2013-11-18/hourly_pickups_active_taxis_2013-11.csv.gz",
		func(cell func(string) string) {
			at := stamp(t, cell("hour"))
			if at.Month() != time.November || slices.Contains([]int{3, 28, 29}, at.Day()) {
				return
			}
			day := max(0, int(at.Weekday())-5) // Saturday 1
			if at.Weekday() == time.Sunday {
				day = 2
			}
			sum[day][at.Hour()] += number(t, cell("pickups"))
			days[day][at.Hour()]++
		})
	mean := 0.0
	for hour := range 24 {
		mean += sum[0][hour] / days[0][hour] / 24
	}
	for day := range sum {
		for hour := range 24 {
			within(t, "hour "+strconv.Itoa(hour), hourShares[day][hour],
				sum[day][hour]/days[day][hour]/mean, 0.001)
		}
	}
}

// Tolerances: seats 1 point; each decile of the lengths of the model's trips in town 5 %.
func TestModelFitsLengthsAndSeats(t *testing.T) {
	var crow []float64
	var seats [5]float64
	all := 0.0
	eachRow(t, "nyc_2013-11-18/trips_1600_1700_jittered.csv.gz", func(cell func(string) string) {
		all++
		seats[int(number(t, cell("passengers")))]++
		from := kindInNewYork(t, cell("pickup_lat"), cell("pickup_lng"))
		to := kindInNewYork(t, cell("dropoff_lat"), cell("dropoff_lng"))
		m := number(t, cell("crow_distance_m"))
		if m >= 100 && from != airport && to != airport {
			crow = append(crow, m)
		}
	})
	for i, share := range seatShares {
		within(t, "share of "+strconv.Itoa(i+1)+" seats", share, seats[i+1]/all, 0.01)
	}
	slices.Sort(crow)
	inTown, _ := townLengths(model(t, 7))
	for decile := 1; decile <= 9; decile++ {
		data, fitted := crow[len(crow)*decile/10], inTown[len(inTown)*decile/10]
		within(t, "length at "+strconv.Itoa(10*decile)+" %", fitted, data, 0.05*data)
	}
}

// zones are where New York has the kinds of places; the first that holds a point decides.
var zones = []struct {
	kind     placeKind
	lat, lng float64
	radiusM  float64
}{
	{airport, 40.6446, -73.7822, 3000},   // JFK
	{airport, 40.7721, -73.8712, 1800},   // LaGuardia
	{station, 40.7506, -73.9935, 450},    // Penn
	{station, 40.7527, -73.9772, 350},    // Grand Central
	{station, 40.7567, -73.9904, 250},    // Port Authority
	{university, 40.7295, -73.9965, 450}, // NYU
	{university, 40.8075, -73.9626, 600}, // Columbia
	{university, 40.7394, -73.9753, 300}, // medical schools
	{nightlife, 40.7285, -73.9855, 700},  // East Village
	{nightlife, 40.7205, -73.9895, 800},  // Lower East Side
	{nightlife, 40.7395, -74.0055, 600},  // Meatpacking
	{nightlife, 40.7180, -73.9575, 900},  // Williamsburg
	{nightlife, 40.7330, -74.0030, 400},  // West Village
	{business, 40.7580, -73.9770, 1300},  // Midtown
	{business, 40.7075, -74.0100, 900},   // Downtown
	{business, 40.7440, -73.9880, 700},   // Flatiron
}

func kindInNewYork(t *testing.T, lat, lng string) placeKind {
	t.Helper()
	p := geo.Point{Lat: number(t, lat), Lng: number(t, lng)}
	for _, z := range zones {
		if geo.DistanceM(p, geo.Point{Lat: z.lat, Lng: z.lng}) < z.radiusM {
			return z.kind
		}
	}
	return home
}

// sample is New York's sample of January 2016.
const sample = "nyc_2016-01_sample/yellow.csv.gz"

// Tolerance: 0.2 points, for the rounding of the table and of the earth.
func TestModelFitsKindsOfPlaces(t *testing.T) {
	var from, to [5][home + 1]float64
	var trips [5]float64
	eachRow(t, sample, func(cell func(string) string) {
		if strings.HasPrefix(cell("pickup_lat"), "0") ||
			strings.HasPrefix(cell("dropoff_lat"), "0") {
			return
		}
		line := timeOfDay(stamp(t, cell("t_request")).Hour())
		trips[line]++
		from[line][kindInNewYork(t, cell("pickup_lat"), cell("pickup_lng"))]++
		to[line][kindInNewYork(t, cell("dropoff_lat"), cell("dropoff_lng"))]++
	})
	for line := range trips {
		for k := business; k <= home; k++ {
			what := k.String() + " in line " + strconv.Itoa(line)
			within(t, "from "+what, fromShares[line][k-1], from[line][k]/trips[line], 0.002)
			within(t, "to "+what, toShares[line][k-1], to[line][k]/trips[line], 0.002)
		}
	}
}

// Tolerances: the power 0.002, the noise 0.002, the seconds for 1 km 1.
func TestModelFitsDurations(t *testing.T) {
	var n, sx, sy [24]float64
	type drive struct {
		hour int
		x, y float64
	}
	var drives []drive
	eachRow(t, sample, func(cell func(string) string) {
		from := geo.Point{Lat: number(t, cell("pickup_lat")), Lng: number(t, cell("pickup_lng"))}
		to := geo.Point{Lat: number(t, cell("dropoff_lat")), Lng: number(t, cell("dropoff_lng"))}
		km := geo.DistanceM(from, to) / 1000
		s := number(t, cell("trip_duration_s"))
		kmh := km / s * 3600
		if km <= 0.2 || s <= 60 || s >= 7200 || kmh <= 1 || kmh >= 80 {
			return
		}
		d := drive{stamp(t, cell("t_request")).Hour(), math.Log(km), math.Log(s)}
		drives = append(drives, d)
		n[d.hour]++
		sx[d.hour] += d.x
		sy[d.hour] += d.y
	})
	xx, xy := 0.0, 0.0
	for _, d := range drives {
		x, y := d.x-sx[d.hour]/n[d.hour], d.y-sy[d.hour]/n[d.hour]
		xx += x * x
		xy += x * y
	}
	power := xy / xx
	var left, count [2]float64
	for _, d := range drives {
		x, y := d.x-sx[d.hour]/n[d.hour], d.y-sy[d.hour]/n[d.hour]
		long := 0
		if d.x >= math.Log(longTripM/1000) {
			long = 1
		}
		left[long] += (y - power*x) * (y - power*x)
		count[long]++
	}
	within(t, "power", lengthPower, power, 0.002)
	within(t, "noise of short trips", shortNoise, math.Sqrt(left[0]/count[0]), 0.002)
	within(t, "noise of long trips", longNoise, math.Sqrt(left[1]/count[1]), 0.002)
	for hour := range 24 {
		one := math.Exp(sy[hour]/n[hour] - power*sx[hour]/n[hour])
		within(t, "seconds for 1 km at "+strconv.Itoa(hour)+" h", secondsForOneKM[hour], one, 1)
	}
}

// Tolerances: the quartiles of the distance from the centre 6 %, the 90th percentile 10 %; the
// share of the taxis in each quarter of the sky 4 points.
func TestModelFitsBeijingsTaxis(t *testing.T) {
	type fix struct {
		at time.Time
		p  geo.Point
	}
	m := model(t, 8)
	last := map[string]fix{}
	var radii []float64
	var sky [4]float64
	eachRow(t, "tdrive_beijing/dev_2008-02-04_0700_1000.csv.gz", func(cell func(string) string) {
		id := cell("taxi_id")
		now := fix{
			stamp(t, cell("time")),
			geo.Point{Lat: number(t, cell("lat")), Lng: number(t, cell("lng"))},
		}
		was, ok := last[id]
		last[id] = now
		s := now.at.Sub(was.at).Seconds()
		if !ok || s <= 0 || s > 660 {
			return
		}
		kmh := geo.DistanceM(was.p, now.p) / s * 3.6
		far := geo.DistanceM(m.City.Center, now.p)
		if kmh > 5 && kmh < 100 && far < modelReachM {
			radii = append(radii, far)
			sky[quarter(m.City.Center, now.p)]++
		}
	})
	var fitted []float64
	var fittedSky [4]float64
	for _, taxi := range m.Fleet(20_000, evening(m)) {
		fitted = append(fitted, geo.DistanceM(m.City.Center, taxi.At))
		fittedSky[quarter(m.City.Center, taxi.At)]++
	}
	slices.Sort(radii)
	slices.Sort(fitted)
	for percent, tolerance := range map[int]float64{25: 0.06, 50: 0.06, 75: 0.06, 90: 0.10} {
		data := radii[len(radii)*percent/100]
		within(t, "metres from the centre at "+strconv.Itoa(percent)+" %",
			fitted[len(fitted)*percent/100], data, tolerance*data)
	}
	for i := range sky {
		within(t, "quarter "+strconv.Itoa(i), fittedSky[i]/float64(len(fitted)),
			sky[i]/float64(len(radii)), 0.04)
	}
}

// quarter numbers the quarters of the sky: south-west 0, south-east 1, north-west 2, north-east 3.
func quarter(center, p geo.Point) int {
	q := 0
	if p.Lng > center.Lng {
		q++
	}
	if p.Lat > center.Lat {
		q += 2
	}
	return q
}

// The recorded hour must be readable, and what the README of the data says of it true.
func TestReadTheRecordedHour(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	trips, err := readPath(DataPath(t, "nyc_2013-11-18/trips_1600_1700_jittered.csv.gz"), zone)
	if err != nil || len(trips) != 18_352 {
		t.Fatalf("%d trips, %v", len(trips), err)
	}
	first := time.Date(2013, 11, 18, 16, 0, 0, 0, zone)
	if !trips[0].At.Equal(first) || trips[0].Duration != 0 {
		t.Errorf("first %+v", trips[0])
	}
	file, err := OpenFile(DataPath(t, "nyc_2013-11-18/taxis_start_1500_1700.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	taxis, err := ReadTaxis("taxis", file, zone)
	if err != nil || len(taxis) != 7957 {
		t.Fatalf("%d taxis, %v", len(taxis), err)
	}
	early := 0
	for _, taxi := range taxis {
		if taxi.From.Before(first) {
			early++
		}
	}
	if early != 3579 {
		t.Errorf("%d taxis before 16 h, want 3579", early)
	}
}
