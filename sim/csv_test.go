package sim

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	tripHeader = "t_request,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng,passengers," +
		"trip_duration_s\n"
	goodTrip   = "2014-02-26 17:00:00,39.9,116.4,39.95,116.45,2,600\n"
	taxiHeader = "t_available,taxi_id,lat,lng,capacity\n"
	goodTaxi   = "2014-02-26 17:00:00,1,39.9,116.4,4\n"
)

func beijing(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// wantCSVError checks where an error says the fault is.
func wantCSVError(t *testing.T, err error, want CSVError) {
	t.Helper()
	var got *CSVError
	if !errors.As(err, &got) {
		t.Fatalf("want a *CSVError, got %v", err)
	}
	if got.File != "f.csv" || got.Line != want.Line || got.Column != want.Column ||
		!strings.Contains(got.Problem, want.Problem) {
		t.Errorf("got %+v\nwant %+v", *got, want)
	}
}

func TestBrokenTripsNameFileLineAndColumn(t *testing.T) {
	// row is a good row and one with the cells given after the time.
	row := func(cells string) string {
		return tripHeader + goodTrip + "2014-02-26 17:00:00," + cells + "\n"
	}
	timed := func(at string) string { return tripHeader + goodTrip + at + ",1,2,3,4,1,1\n" }
	for name, c := range map[string]struct {
		text    string
		line    int
		column  string
		problem string
	}{
		"empty":        {"", 0, "", "is empty"},
		"no rows":      {tripHeader, 0, "", "no rows"},
		"no column":    {"t_request,pickup_lat\n", 1, "pickup_lng", "missing"},
		"twice":        {"lat,a,lat\n", 1, "lat", "twice"},
		"time":         {timed("yesterday"), 3, "t_request", `"yesterday"`},
		"month":        {timed("2014-13-01 00:00:00"), 3, "t_request", "2014-13"},
		"year":         {timed("0001-01-01 00:00:00"), 3, "t_request", "2000"},
		"word":         {row("x,2,3,4,1,1"), 3, "pickup_lat", `"x" is not a number`},
		"NaN":          {row("1,NaN,3,4,1,1"), 3, "pickup_lng", "NaN"},
		"Inf":          {row("1,2,-Inf,4,1,1"), 3, "dropoff_lat", "Inf"},
		"no number":    {row("1,2,3,,1,1"), 3, "dropoff_lng", "not a number"},
		"lat":          {row("90.1,2,3,4,1,1"), 3, "pickup_lat", "[-90, 90]"},
		"lng":          {row("1,2,3,-181,1,1"), 3, "dropoff_lng", "[-180, 180]"},
		"no seats":     {row("1,2,3,4,0,1"), 3, "passengers", "1 to 8"},
		"seats":        {row("1,2,3,4,9,1"), 3, "passengers", "1 to 8"},
		"half seat":    {row("1,2,3,4,1.5,1"), 3, "passengers", `"1.5"`},
		"duration":     {row("1,2,3,4,1,-1"), 3, "trip_duration_s", "-1"},
		"long":         {row("1,2,3,4,1,86401"), 3, "trip_duration_s", "86400"},
		"few fields":   {row("1,2"), 3, "", "header's 7"},
		"quote":        {row(`1,2,3,4,1,"1`), 3, "", `"`},
		"first of two": {row("x,y,3,4,1,1"), 3, "pickup_lat", `"x"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadTrips("f.csv", strings.NewReader(c.text), beijing(t))
			wantCSVError(t, err, CSVError{Line: c.line, Column: c.column, Problem: c.problem})
		})
	}
}

func TestBrokenTaxisNameFileLineAndColumn(t *testing.T) {
	row := func(cells string) string { return taxiHeader + goodTaxi + cells + "\n" }
	const at = "2014-02-26 17:00:00,"
	long := strings.Repeat("x", 33)
	for name, c := range map[string]struct {
		text string
		want CSVError
	}{
		"twice":    {row(at + "1,1,2,4"), CSVError{Line: 3, Column: "taxi_id", Problem: "line 2"}},
		"no id":    {row(at + ",1,2,4"), CSVError{Line: 3, Column: "taxi_id", Problem: "1 to 32"}},
		"long id":  {row(at + long + ",1,2,4"), CSVError{Line: 3, Column: "taxi_id"}},
		"lat":      {row(at + "2,-91,2,4"), CSVError{Line: 3, Column: "lat"}},
		"lng":      {row(at + "2,1,nan,4"), CSVError{Line: 3, Column: "lng"}},
		"no seats": {row(at + "2,1,2,"), CSVError{Line: 3, Column: "capacity"}},
		"time":     {row("17:00,2,1,2,4"), CSVError{Line: 3, Column: "t_available"}},
		"seats": {
			row(at + "2,1,2,99"),
			CSVError{Line: 3, Column: "capacity", Problem: "1 to 8"},
		},
		"no id column": {
			"t_available,lat,lng,capacity\n",
			CSVError{Line: 1, Column: "taxi_id", Problem: "missing"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadTaxis("f.csv", strings.NewReader(c.text), beijing(t))
			wantCSVError(t, err, c.want)
		})
	}
}

func TestErrorsSayFileLineColumn(t *testing.T) {
	_, err := ReadTrips("f.csv", strings.NewReader(tripHeader+"x"+goodTrip), beijing(t))
	const want = `f.csv:2: t_request: "x2014-02-26 17:00:00" is not a time as 2006-01-02 15:04:05`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestColumnsAreFoundByName(t *testing.T) {
	zone := beijing(t)
	text := "\ufeffdropoff_lng, dropoff_lat ,note,pickup_lng,pickup_lat,t_request,,\n" +
		"4,3,\"two\nlines\",2,1,2014-02-26T09:00:02Z,,\n" +
		"8,7,,6,5,2014-02-26 17:00:01.5,,\n" +
		"12,11,,10,9,2014-02-26 17:00:02,,\n"
	trips, err := ReadTrips("f.csv", strings.NewReader(text), zone)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2014, 2, 26, 17, 0, 1, 5e8, zone)
	if len(trips) != 3 || !trips[0].At.Equal(at) || trips[0].Pickup.Lat != 5 ||
		trips[0].Dropoff.Lng != 8 || trips[0].Seats != 1 || trips[0].Duration != 0 {
		t.Errorf("first in time: %+v", trips)
	}
	// Equal times stay in the order of the file.
	if trips[1].Pickup.Lat != 1 || trips[2].Pickup.Lat != 9 || trips[1].At.Location() != zone {
		t.Errorf("then the others: %+v", trips[1:])
	}
}

func TestErrorsAfterALongCellNameTheirOwnLine(t *testing.T) {
	text := "note," + tripHeader + "\"a\nb\nc\"," + goodTrip + "x,x" + goodTrip
	_, err := ReadTrips("f.csv", strings.NewReader(text), beijing(t))
	wantCSVError(t, err, CSVError{Line: 5, Column: "t_request"})
}

func TestTooManyRowsAreRefused(t *testing.T) {
	const row = "2014-02-26 17:00:00,1,2,3,4,,\n"
	rows := io.MultiReader(
		strings.NewReader(tripHeader), &repeat{text: row, times: MaxRows + 1})
	_, err := ReadTrips("f.csv", rows, beijing(t))
	wantCSVError(t, err, CSVError{Line: MaxRows + 2, Problem: "more than 1000000 rows"})
}

func TestTooManyBytesAreRefused(t *testing.T) {
	// A single cell without an end: only the limit on bytes stops it.
	endless := io.MultiReader(strings.NewReader(`"`), &repeat{text: "aaaaaaaa", times: 1 << 40})
	_, err := openTable("f.csv", &bounded{endless, 1 << 20})
	wantCSVError(t, err, CSVError{Line: 1, Problem: "holds more than 256 MiB"})
}

// repeat is a text many times over.
type repeat struct {
	text  string
	times int
	rest  string
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.times == 0 {
			return 0, io.EOF
		}
		n := min(r.times, 1000)
		r.times -= n
		r.rest = strings.Repeat(r.text, n)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestFilesAreUnpackedByContent(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write([]byte(tripHeader + strings.Repeat(goodTrip, 500))); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	damagedByte := bytes.Clone(packed.Bytes())
	damagedByte[len(damagedByte)/2] ^= 0x55
	for name, c := range map[string]struct {
		data []byte
		rows int // 0: an error
	}{
		"plain":        {[]byte(tripHeader + goodTrip), 1},
		"packed":       {packed.Bytes(), 500},
		"truncated":    {packed.Bytes()[:packed.Len()-9], 0},
		"header only":  {packed.Bytes()[:5], 0},
		"damaged":      {damagedByte, 0},
		"one byte":     {[]byte{0x1f}, 0},
		"nothing":      {nil, 0},
		"bad checksum": {slices.Concat(packed.Bytes()[:packed.Len()-8], make([]byte, 8)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "trips.csv")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			trips, err := readPath(path, beijing(t))
			var bad *CSVError
			switch {
			case len(trips) != c.rows:
				t.Errorf("%d rows, want %d (%v)", len(trips), c.rows, err)
			case c.rows == 0 && (!errors.As(err, &bad) || bad.File != path):
				t.Errorf("want a *CSVError that names the file, got %v", err)
			case c.rows > 0 && err != nil:
				t.Error(err)
			}
		})
	}
	if _, err := OpenFile(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

func readPath(path string, zone *time.Location) ([]Trip, error) {
	file, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return ReadTrips(path, file, zone)
}

// Whatever a file holds, it is read or refused with a *CSVError, and what is read keeps the limits.
func FuzzReadTrips(f *testing.F) {
	f.Add([]byte(tripHeader + goodTrip))
	f.Add([]byte(tripHeader + "2014-02-26T17:00:00+08:00,1e1,0x1p3,-0,4,,\n\n\r\n"))
	f.Add([]byte("\ufeff\"t_request\",pickup_lat\n\"a\"\"b\",\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		trips, err := ReadTrips("f.csv", bytes.NewReader(data), time.UTC)
		var bad *CSVError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("an error of another type: %v", err)
		}
		if err == nil && len(trips) == 0 {
			t.Fatal("neither trips nor an error")
		}
		for i, trip := range trips {
			if trip.Pickup.Check() != nil || trip.Dropoff.Check() != nil ||
				trip.Seats < 1 || trip.Seats > 8 || trip.Duration < 0 ||
				trip.Duration > maxTripDuration || trip.At.Year() < 1999 || trip.At.Year() > 2100 {
				t.Fatalf("trip %d is out of its limits: %+v", i, trip)
			}
			if i > 0 && trip.At.Before(trips[i-1].At) {
				t.Fatalf("trip %d is out of order", i)
			}
		}
	})
}

// The same of taxis; besides, no id stands twice.
func FuzzReadTaxis(f *testing.F) {
	f.Add([]byte(taxiHeader + goodTaxi))
	f.Add([]byte(taxiHeader + goodTaxi + goodTaxi))
	f.Fuzz(func(t *testing.T, data []byte) {
		taxis, err := ReadTaxis("f.csv", bytes.NewReader(data), time.UTC)
		var bad *CSVError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("an error of another type: %v", err)
		}
		seen := map[string]bool{}
		for _, taxi := range taxis {
			if taxi.At.Check() != nil || taxi.Seats < 1 || taxi.Seats > 8 || seen[taxi.ID] {
				t.Fatalf("out of its limits: %+v", taxi)
			}
			seen[taxi.ID] = true
		}
	})
}
