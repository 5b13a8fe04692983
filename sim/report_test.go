package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
)

var update = flag.Bool("update", false, "write the golden files")

// fullReport has another value in every field.
func fullReport() Report {
	r := Report{
		Mode: ModeVirtual, Policy: dispatch.Assign, Seed: 7, Fleet: 3000, Requests: 8000,
		Claimed: 7901, Completed: 7900, Settled: 7899, Expired: 90, Cancelled: 8, NoShow: 2,
		OutsideGraph: 11,
		WithinGraph: WithinGraph{
			Requests: 7989, Completed: 7897, ArrivalS: Spread{120.00049, 101, 201, 401},
			WaitS: Spread{179.99951, 159, 299, 599},
		},
		MatchS: Spread{4.00049, 3, 8.5, 20}, PickupS: Spread{120.12345, 100, 200, 400},
		ArrivalS: Spread{124.12394, 103, 208.5, 420},
		WaitS:    Spread{180, 160, 300, 600}, PickupM: Spread{700.5, 600, 1200, 2400},
		EmptyKM: 5000.1234, LoadedKM: 25000.9996, Utilisation: 2.0 / 3,
		Books:    Books{true, true, true, true, true, true, true, true, true},
		FaresFen: 1, CashFen: 2, PaidFen: 3, SubsidyRiderFen: 4, SubsidyDriverFen: 5, PendingFen: 6,
		BudgetLeftFen: 7, DriverPayableFen: 8, WalletsFen: 9, Fixes: 2_700_000, Offers: 8500,
		Declined: 599,
		Released: 12, BrokenDown: 13, CutShort: true,
		Refused: map[string]int{"Accept OFFER_EXPIRED": 3, "Accept CHANGED_MEANWHILE": 1},
	}
	r.Derive()
	r.Wall(12345678 * time.Microsecond)
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestReportHasItsFieldsInTheirOrder(t *testing.T) {
	var out bytes.Buffer
	if err := fullReport().Write(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", out.Bytes())
	at := 0
	for _, name := range strings.Fields(`mode policy seed fleet requests claimed completed settled
		expired cancelled no_show outside_graph service_rate within_graph requests completed
		service_rate arrival_s wait_s match_s mean p50 p90 p99 pickup_s arrival_s wait_s pickup_m
		empty_km loaded_km utilisation double_claims books_close books accounts_replay no_pending
		budget rides driver_payable wallets channels sponsor cash fares_fen cash_fen paid_fen
		subsidy_rider_fen subsidy_driver_fen pending_fen budget_left_fen driver_payable_fen
		wallets_fen fixes fixes_per_s wall_s offers declined refused released broken_down
		cut_short`) {
		next := strings.Index(out.String()[at:], `"`+name+`":`)
		if next < 0 {
			t.Fatalf("%s is not after what stands before it", name)
		}
		at += next
	}
}

// A live run's report has its own figures at the end, a virtual one's none of them.
func TestALiveReportTellsMore(t *testing.T) {
	r := fullReport()
	r.LiveFigures = &LiveFigures{
		Speedup: 30, LagS: Lag{P99: 1.23456, Max: 2}, FixesUnsent: 2, Reconnects: 3, MovedS: 4,
		FixesRefused: map[string]int{"jump": 5, "stale": 1},
	}
	var out, summary bytes.Buffer
	if err := errors.Join(r.Write(&out), r.Summary(&summary)); err != nil {
		t.Fatal(err)
	}
	const tail = `"cut_short": true,
  "speedup": 30,
  "lag_s": {
    "p99": 1.235,
    "max": 2
  },
  "fixes_refused": {
    "jump": 5,
    "stale": 1
  },
  "fixes_unsent": 2,
  "reconnects": 3,
  "moved_s": 4
}
`
	if !strings.HasSuffix(out.String(), tail) || r.LagS.P99 != 1.23456 {
		t.Errorf("%s", out.String())
	}
	const line = "live       30x, lag 1.23 s p99, 2.00 s max; 3 reconnects, 6 fixes refused, " +
		"2 unsent\n"
	if !strings.Contains(summary.String(), line) {
		t.Errorf("%s", summary.String())
	}
}

func TestSummary(t *testing.T) {
	var out bytes.Buffer
	if err := fullReport().Summary(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.txt", out.Bytes())
	pending := fullReport()
	pending.CutShort, pending.Books.NoPending = false, false
	pending.Derive()
	out.Reset()
	err := pending.Summary(&out)
	if err != nil || !strings.Contains(out.String(), "do NOT close: no_pending;") {
		t.Errorf("pending at the end: %s %v", out.String(), err)
	}
	pending.CutShort = true
	out.Reset()
	err = pending.Summary(&out)
	if err != nil || !strings.Contains(out.String(), "cut short: 0.06 yuan pending;") {
		t.Errorf("pending when cut short: %s %v", out.String(), err)
	}
	broken := fullReport()
	broken.Books.Cash = false
	broken.Derive()
	out.Reset()
	err = broken.Summary(&out)
	if err != nil || !strings.Contains(out.String(), "do NOT close: cash;") {
		t.Errorf("open books: %s %v", out.String(), err)
	}
}

func TestAnEmptyReportIsValid(t *testing.T) {
	var out bytes.Buffer
	r := Report{}
	r.Derive()
	r.Wall(0)
	if err := r.Write(&out); err != nil || !strings.Contains(out.String(), `"refused": {}`) {
		t.Errorf("%s %v", out.String(), err)
	}
	if r.BooksClose || r.ServiceRate != 0 || r.FixesPerS != 0 {
		t.Errorf("%+v", r)
	}
	if err := r.Write(failing{}); err == nil || errors.Is(err, os.ErrClosed) {
		t.Errorf("a failed write: %v", err)
	}
}

func TestBooksCloseWhenAllHold(t *testing.T) {
	all := Books{true, true, true, true, true, true, true, true, true}
	if !all.Close() {
		t.Error("all hold")
	}
	for i, open := range []func(*Books) *bool{
		func(b *Books) *bool { return &b.AccountsReplay },
		func(b *Books) *bool { return &b.NoPending },
		func(b *Books) *bool { return &b.Budget },
		func(b *Books) *bool { return &b.Rides },
		func(b *Books) *bool { return &b.DriverPayable },
		func(b *Books) *bool { return &b.Wallets },
		func(b *Books) *bool { return &b.Sponsor },
		func(b *Books) *bool { return &b.Cash },
	} {
		b := all
		*open(&b) = false
		if b.Close() || len(b.Open()) != 1 {
			t.Errorf("check %d does not hold: %v", i, b.Open())
			continue
		}
		// The name must be the JSON's of the very field.
		data, err := json.Marshal(b)
		if err != nil || !strings.Contains(string(data), `"`+b.Open()[0]+`":false`) {
			t.Errorf("check %d: %v in %s, %v", i, b.Open(), data, err)
		}
	}
}

// The oracle counts, for each sample, how many do not exceed it.
func TestSpreadIsExact(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		samples := make([]float64, 1+r.IntN(250))
		for i := range samples {
			samples[i] = float64(r.IntN(40)) / 7
		}
		got := SpreadOf(samples)
		for _, c := range []struct {
			percent int
			got     float64
		}{{50, got.P50}, {90, got.P90}, {99, got.P99}} {
			if want := bruteRank(samples, c.percent); c.got != want {
				t.Fatalf("p%d of %v is %v, want %v", c.percent, samples, c.got, want)
			}
		}
		r.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		if again := SpreadOf(samples); again != got {
			t.Fatalf("the order matters: %v, %v", got, again)
		}
	}
	if SpreadOf(nil) != (Spread{}) || SpreadOf([]float64{3}) != (Spread{3, 3, 3, 3}) {
		t.Error("none and one")
	}
}

func bruteRank(samples []float64, percent int) float64 {
	best := math.Inf(1)
	for _, s := range samples {
		n := 0
		for _, other := range samples {
			if other <= s {
				n++
			}
		}
		if n*100 >= percent*len(samples) {
			best = min(best, s)
		}
	}
	return best
}

func TestSpreadLeavesTheSamplesAlone(t *testing.T) {
	samples := []float64{3, 1, 2}
	SpreadOf(samples)
	if !slices.Equal(samples, []float64{3, 1, 2}) {
		t.Errorf("now %v", samples)
	}
}
