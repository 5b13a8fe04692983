package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/store"
	"hexhail/store/storetest"
)

// What the process that is to die is told by its environment: the store, and whether it is the
// mutant that answers before the commit.
const (
	crashStore  = "HEXHAIL_CRASH_STORE"
	crashMutant = "HEXHAIL_CRASH_MUTANT"
)

// leastAcks is how many answers a run must have had before the kill to count.
const leastAcks = 40

func TestCrashSQLite(t *testing.T) {
	t.Parallel()
	crash(t, func(t testing.TB) string {
		return "sqlite:" + filepath.Join(t.TempDir(), "hexhail.db")
	})
}

func TestCrashPostgres(t *testing.T) {
	t.Parallel()
	crash(t, databaseURL)
}

// crash kills a process that works on the store, at each failpoint and at random under load, and
// looks for every change whose answer it had given.
func crash(t *testing.T, newURL func(testing.TB) string) {
	for _, point := range []string{
		store.PauseBeforeCommit + ":200", store.PauseAfterCommit + ":200", "",
	} {
		t.Run("Kept/"+point, func(t *testing.T) {
			url := newURL(t)
			acks := killed(t, url, point, "")
			if lost := lostAcks(t, url, acks); len(lost) > 0 {
				t.Errorf("%d of %d answered changes are lost: %v", len(lost), len(acks), lost)
			}
		})
	}
	t.Run("MutantReplyBeforeCommit", func(t *testing.T) {
		for range 10 {
			url := newURL(t)
			acks := killed(t, url, store.PauseBeforeCommit+":200", "1")
			if lost := lostAcks(t, url, acks); len(lost) > 0 {
				t.Logf("caught: %v", lost)
				return
			}
		}
		t.Error("the mutant was not caught in 10 runs")
	})
}

// killed runs the load in another process until that dies, and returns what it had answered.
func killed(t *testing.T, url, point, mutant string) (acks []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$", "-test.v")
	cmd.Env = append(os.Environ(), crashStore+"="+url, crashMutant+"="+mutant,
		storetest.FailpointVariable+"="+point)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.Duration(0)
	if point == "" {
		kill = 300 * time.Millisecond
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if ack, ok := strings.CutPrefix(lines.Text(), "ack "); ok {
			acks = append(acks, ack)
		}
		if kill > 0 && len(acks) == leastAcks {
			time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
			kill = 0
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process has not died")
	}
	if len(acks) < leastAcks {
		t.Fatalf("only %d answers before the kill", len(acks))
	}
	return acks
}

// lostAcks opens the store again and says which answers it knows nothing of.
func lostAcks(t *testing.T, url string, acks []string) (lost []string) {
	t.Helper()
	db := open(t, url)
	for _, ack := range acks {
		var id dispatch.RideID
		var version int
		if _, err := fmt.Sscan(ack, &id, &version); err != nil {
			t.Fatalf("answer %q: %v", ack, err)
		}
		err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			r, err := tx.Ride(id)
			if err == nil && r.Version < version {
				lost = append(lost, fmt.Sprintf("%s is at %d", ack, r.Version))
			}
			return err
		})
		if dispatch.KindOf(err) == dispatch.NotFound {
			lost = append(lost, ack)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	if err != nil || len(books.Wrong) > 0 {
		t.Errorf("after the crash accounts %v are wrong: %v", books.Wrong, err)
	}
	return lost
}

// TestCrashChild is the process that dies: eight street-side workers begin and complete rides, and
// say so as soon as they have the answer.
func TestCrashChild(t *testing.T) {
	url := os.Getenv(crashStore)
	if url == "" {
		return // only as a process of its own
	}
	failpoint, err := storetest.Failpoint()
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, url, failpoint)
	desk := storetest.NewDesk(t, db)
	if os.Getenv(crashMutant) != "" {
		desk.Store = hasty{db}
	}
	var mu sync.Mutex
	ack := func(r dispatch.Receipt) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("ack %s %d\n", r.Ride, r.Version)
	}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() { work(t, db, desk, w, ack) })
	}
	all.Wait()
}

func work(
	t *testing.T, db storetest.Database, desk *dispatch.Desk, w int, ack func(dispatch.Receipt),
) {
	noon := time.Date(2013, 12, 9, 4, 0, 0, 0, time.UTC)
	for i := range 100_000 {
		rider := dispatch.RiderID(fmt.Sprintf("R%d-%d", w, i))
		key := func(n int) dispatch.Once {
			return dispatch.Once{Identity: string(rider), RequestID: fmt.Sprint(n)}
		}
		err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			return tx.InsertRider(dispatch.Rider{ID: rider})
		})
		if err != nil {
			t.Error(err)
			return
		}
		at := dispatch.Place{Point: geo.Point{Lat: 39.9, Lng: 116.4}}
		got, err := desk.Request(t.Context(), noon, key(1), dispatch.RequestRide{
			City: "beijing", Rider: rider, Seats: 1, PayBy: money.Cash, Pickup: at, Dropoff: at,
		})
		if err == nil {
			ack(got)
			got, err = desk.AddTip(t.Context(), noon, key(2),
				dispatch.RaiseTip{Ride: got.Ride, Rider: rider, To: money.Yuan(5)})
		}
		if err == nil {
			ack(got)
			got, err = desk.Cancel(t.Context(), noon, key(3),
				dispatch.CancelRide{Ride: got.Ride, Rider: rider})
		}
		if err != nil && os.Getenv(crashMutant) != "" {
			continue // on Postgres the mutant's ride may not be there yet
		}
		if err != nil {
			t.Error(err)
			return
		}
		ack(got)
	}
}

// hasty is a store that answers before the commit.
type hasty struct{ storetest.Database }

// Tx answers when the closure has run, and commits behind its caller's back.
func (h hasty) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	answer := make(chan error, 8)
	go func() {
		answer <- h.Database.Tx(context.WithoutCancel(ctx), func(tx dispatch.Tx) error {
			err := fn(tx)
			answer <- err
			time.Sleep(time.Millisecond) // long enough to be killed in between
			return err
		})
	}()
	return <-answer
}
