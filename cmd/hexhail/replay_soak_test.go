//go:build soak && !race

package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"hexhail/geo"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// recordedFix is a line of the file.
type recordedFix struct {
	taxi int // by the order of appearance
	fix  geo.Fix
}

// recording is what Beijing's taxis sent on a morning of 2008, with all its duplicates and jumps.
func recording(t *testing.T) (fixes []recordedFix, taxis []string) {
	t.Helper()
	dir := os.Getenv("HEXHAIL_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	file, err := os.Open(filepath.Join(dir, "tdrive_beijing", "dev_2008-02-04_0700_1000.csv.gz"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("SKIPPED: no recorded taxis: %v", err)
	}
	must(t, err)
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	must(t, err)
	known := map[string]int{}
	lines := bufio.NewScanner(unzipped)
	lines.Scan() // time,taxi_id,lng,lat
	for lines.Scan() {
		f := strings.Split(lines.Text(), ",")
		at, err := time.ParseInLocation(time.DateTime, f[0], evening.Location())
		must(t, err)
		lng, err := strconv.ParseFloat(f[2], 64)
		must(t, err)
		lat, err := strconv.ParseFloat(f[3], 64)
		must(t, err)
		taxi, ok := known[f[1]]
		if !ok {
			taxi = len(taxis)
			known[f[1]], taxis = taxi, append(taxis, f[1])
		}
		fix := geo.Fix{Point: geo.Point{Lat: lat, Lng: lng}, At: at}
		fixes = append(fixes, recordedFix{taxi, fix})
	}
	must(t, lines.Err())
	return fixes, taxis
}

// reasons counts fixes by why they were refused; "" is accepted.
type reasons map[string]int

// offline is what has to become of the fixes, each checked when it was made.
func offline(fixes []recordedFix, taxis int) reasons {
	last := make([]*geo.Fix, taxis)
	found := reasons{}
	for i := range fixes {
		f := &fixes[i]
		err := geo.CheckFix(last[f.taxi], f.fix, f.fix.At)
		var bad *geo.FixError
		if errors.As(err, &bad) {
			found[bad.Reason.String()]++
			continue
		}
		found[""]++
		last[f.taxi] = &f.fix
	}
	return found
}

// replay is a fleet of phones without drivers, each with its stream.
type replay struct {
	t       *testing.T
	w       *town
	streams []grpc.BidiStreamingClient[driverpb.DriveRequest, driverpb.DriveResponse]

	mu   sync.Mutex
	told reasons // by FixesRefused
	ends []string
}

const (
	replayRate  = 60
	replayLead  = 30 * time.Second // machine time, for the phones to connect
	streamsEach = 100              // on a connection
	hellosEach  = 4                // at once on a connection
)

// TestSoakReplayOfBeijing sends a recorded morning through Drive, sixty times as fast, each fix
// when the city's clock shows its time: what the server refuses, and why, is what is wrong with
// the recording.
func TestSoakReplayOfBeijing(t *testing.T) {
	fixes, taxis := recording(t)
	want := offline(fixes, len(taxis))
	p := play{rate: replayRate}
	args := p.clockArgs()
	args[len(args)-1] = fixes[0].fix.At.Add(-replayRate * replayLead).Format(time.RFC3339)
	w := newTown(t, args...)
	r := &replay{t: t, w: w, told: reasons{}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r.connect(ctx, taxis)
	late := r.send(fixes)
	total := 0
	for why, n := range want {
		if why != "" {
			total += n
		}
	}
	eventually(t, "all refusals are told", patience, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		sum := 0
		for _, n := range r.told {
			sum += n
		}
		return sum >= total
	})
	r.compare(want, late)
}

// connect brings the taxis in, opens a stream for each and puts its driver on duty.
func (r *replay) connect(ctx context.Context, taxis []string) {
	r.t.Helper()
	begun := time.Now()
	var drivers []*opspb.Driver
	var cars []*opspb.Taxi
	for _, id := range taxis {
		id = "T" + id
		drivers = append(drivers, &opspb.Driver{Id: id, City: city, Name: id})
		cars = append(cars, &opspb.Taxi{Id: id, City: city, Plate: id, Seats: 4})
	}
	importAll(r.t, r.w, drivers, cars, []*opspb.Rider{{Id: "nobody", Name: "nobody"}})
	r.streams = make([]grpc.BidiStreamingClient[driverpb.DriveRequest, driverpb.DriveResponse],
		len(taxis))
	var all sync.WaitGroup
	for from := 0; from < len(taxis); from += streamsEach {
		conn := r.w.dial()
		for k := range hellosEach {
			all.Go(func() {
				for i := from + k; i < min(from+streamsEach, len(taxis)); i += hellosEach {
					if err := r.open(ctx, conn, i, "T"+taxis[i]); err != nil {
						r.t.Errorf("taxi %s: %v", taxis[i], err)
						return
					}
				}
			})
		}
	}
	all.Wait()
	if r.t.Failed() {
		r.t.FailNow()
	}
	r.t.Logf("%d streams in %.1f s", len(taxis), time.Since(begun).Seconds())
}

// open is one phone: hello, on duty, and ears.
func (r *replay) open(ctx context.Context, conn *grpc.ClientConn, i int, id string) error {
	who := r.w.as(ctx, typepb.Role_ROLE_DRIVER, id)
	stream, err := driverpb.NewDriverServiceClient(conn).Drive(who)
	if err != nil {
		return err
	}
	for _, msg := range []*driverpb.DriveRequest{
		{Message: &driverpb.DriveRequest_Hello{Hello: &driverpb.Hello{TaxiId: id}}},
		{Message: &driverpb.DriveRequest_Command{Command: &driverpb.Command{
			RequestId: "on", Action: &driverpb.Command_SetDuty{
				SetDuty: &driverpb.SetDuty{Duty: driverpb.Duty_DUTY_ON},
			},
		}}},
	} {
		if err := stream.Send(msg); err != nil {
			return err
		}
	}
	for {
		msg, err := stream.Recv()
		if err != nil {
			return err
		}
		if result := msg.GetResult(); result != nil {
			if result.GetError() != nil {
				return fmt.Errorf("on duty: %v", result.GetError())
			}
			break
		}
	}
	r.streams[i] = stream
	go r.hear(ctx, stream)
	return nil
}

func (r *replay) hear(
	ctx context.Context, s grpc.BidiStreamingClient[driverpb.DriveRequest, driverpb.DriveResponse],
) {
	for {
		msg, err := s.Recv()
		r.mu.Lock()
		for why, n := range msg.GetFixesRefused().GetCounts() {
			r.told[why] += int(n)
		}
		if err != nil && ctx.Err() == nil {
			r.ends = append(r.ends, err.Error())
		}
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send sends each fix when it is due, and returns by how much city time the latest was late. Phones
// that have long been silent send signs of life.
func (r *replay) send(fixes []recordedFix) (latest time.Duration) {
	r.t.Helper()
	clock, err := openClock(config{
		DataDir: r.w.dir, Sandbox: true, ClockRate: replayRate,
	}, time.Now())
	must(r.t, err)
	if clock.Wait(fixes[0].fix.At) == 0 {
		r.t.Fatalf("the phones were not connected within %v", replayLead)
	}
	said := make([]time.Time, len(r.streams))
	beats := time.NewTicker(time.Second)
	defer beats.Stop()
	for i := range fixes {
		f := &fixes[i]
		for wait := clock.Wait(f.fix.At); wait > 0; wait = clock.Wait(f.fix.At) {
			select {
			case <-beats.C:
				r.beat(said)
			case <-time.After(wait):
			}
		}
		latest = max(latest, clock.Now().Sub(f.fix.At))
		said[f.taxi] = time.Now()
		_ = r.streams[f.taxi].Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Fixes{
			Fixes: &driverpb.FixBatch{Fixes: []*typepb.Fix{{
				Lat: f.fix.Lat, Lng: f.fix.Lng, AtMs: f.fix.At.UnixMilli(),
			}}},
		}}) // hear tells what went wrong
	}
	return latest
}

func (r *replay) beat(said []time.Time) {
	for i, stream := range r.streams {
		if time.Since(said[i]) > 25*time.Second {
			said[i] = time.Now()
			_ = stream.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Heartbeat{
				Heartbeat: &driverpb.Heartbeat{},
			}})
		}
	}
}

// compare prints the table: what had to be refused, what phones were told, what the server counted.
func (r *replay) compare(want reasons, late time.Duration) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.w.figures()
	counted := reasons{"": int(f["hexhail_fixes_accepted_total"])}
	const refused = `hexhail_fixes_refused_total{reason="`
	for series, n := range f {
		if why, ok := strings.CutPrefix(series, refused); ok && n > 0 {
			counted[strings.Trim(why, `"}`)] = int(n)
		}
	}
	told := maps.Clone(r.told)
	told[""] = counted[""] // nobody is told
	all := map[string]bool{}
	for _, of := range []reasons{want, told, counted} {
		for why := range of {
			all[why] = true
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-14s %9s %9s %9s\n", "", "offline", "told", "counted")
	for _, why := range slices.Sorted(maps.Keys(all)) {
		name := why
		if why == "" {
			name = "accepted"
		}
		fmt.Fprintf(&table, "%-14s %9d %9d %9d\n", name, want[why], told[why], counted[why])
		if want[why] != told[why] || want[why] != counted[why] {
			r.t.Errorf("%s: %d offline, %d told, %d counted", name, want[why], told[why],
				counted[why])
		}
	}
	r.t.Logf("%sthe latest fix left %v of city time after its own", table.String(),
		late.Round(time.Millisecond))
	if len(r.ends) > 0 {
		r.t.Errorf("%d streams ended, such as %s", len(r.ends), r.ends[0])
	}
}
