package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// invented is a report that depends on the case alone: the second contender serves 2 points more
// and is 10 s quicker, give or take the seed.
func invented(k Case) Report {
	luck := float64(k.Seed%3) - 1
	r := Report{Fleet: k.Fleet, Seed: k.Seed, Requests: 1000, Offers: 2000, Declined: 100}
	served := 0.7 + float64(k.Fleet)/20_000 + luck/100
	if k.Contender != "nearest" {
		served += 0.02
		r.WaitS.Mean = -10
	}
	r.ServiceRate, r.WithinGraph.ServiceRate = served, served+0.01
	r.WaitS.Mean += 300 - float64(k.Fleet)/50 + 5*luck
	r.ArrivalS.Mean, r.WaitS.P90 = r.WaitS.Mean-60, 2*r.WaitS.Mean
	r.WithinGraph.ArrivalS, r.WithinGraph.WaitS = r.ArrivalS, r.WaitS
	return r
}

func inventing(_ context.Context, _ int, k Case) (Report, error) { return invented(k), nil }

func smallLab(atOnce int) Lab {
	return Lab{
		Contenders: []string{"nearest", "assign"}, Fleets: []int{1000, 2000},
		Seeds: []uint64{7, 8, 9}, AtOnce: atOnce, Run: inventing,
	}
}

func compared(t *testing.T, l Lab) Comparison {
	t.Helper()
	c, err := l.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComparisonInATableAndInJSON(t *testing.T) {
	c := compared(t, smallLab(1))
	var table, data bytes.Buffer
	if err := errors.Join(c.Table(&table), c.Write(&data)); err != nil {
		t.Fatal(err)
	}
	golden(t, "comparison.txt", table.Bytes())
	var out comparisonJSON
	if err := json.Unmarshal(data.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Runs) != 12 || len(out.Fleets) != 2 || out.Fleets[1].Seeds != 3 || out.CutShort {
		t.Errorf("%s", data.Bytes())
	}
	assign := out.Fleets[0].Contenders[1]
	if d := assign.Differences["wait_s"]; d.Mean != -10 || d.Half != 0 || d.N != 3 {
		t.Errorf("the paired difference is %+v: shared luck does not fall out", d)
	}
	if m := assign.Figures["wait_s"]; m.Mean != 270 || m.Half < 1 {
		t.Errorf("the mean is %+v", m)
	}
}

// How many run at once changes nothing, and no worker has two runs at a time.
func TestCompareAtOnce(t *testing.T) {
	want := compared(t, smallLab(1))
	l := smallLab(5)
	var busy [5]atomic.Int32
	l.Run = func(_ context.Context, worker int, k Case) (Report, error) {
		if busy[worker].Add(1) != 1 {
			t.Errorf("worker %d has two runs", worker)
		}
		defer busy[worker].Add(-1)
		return invented(k), nil
	}
	var a, b bytes.Buffer
	if err := errors.Join(want.Write(&a), compared(t, l).Write(&b)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("one at a time\n%s\nfive at once\n%s", a.Bytes(), b.Bytes())
	}
}

// Each run on its own is enough for what a contender did, but only complete seeds are compared.
func TestACompareThatIsEndedEarly(t *testing.T) {
	for stop := 1; stop <= 12; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		l := smallLab(1)
		made := 0
		l.Run = func(ctx context.Context, _ int, k Case) (Report, error) {
			r := invented(k)
			r.CutShort = ctx.Err() != nil
			return r, nil
		}
		l.Heard = func(_ Run, left int) {
			made++
			if left != 12-made {
				t.Errorf("%d left after %d runs", left, made)
			}
			if made == stop {
				cancel()
			}
		}
		c, err := l.Compare(ctx)
		cancel()
		if err != nil || len(c.Runs) != stop || c.CutShort != (stop < 12) {
			t.Fatalf("stopped at %d: %d runs, %v, %v", stop, len(c.Runs), c.CutShort, err)
		}
		if n := len(c.results().seeds(2000)); n != stop/4 {
			t.Errorf("stopped at %d: %d seeds with 2,000 taxis, want %d", stop, n, stop/4)
		}
		var table strings.Builder
		if err := c.Table(&table); err != nil {
			t.Errorf("stopped at %d: %v", stop, err)
		}
		alone, compared := strings.Count(table.String(), "nothing is compared"),
			strings.Count(table.String(), "less nearest")
		if want := [...][2]int{{1, 0}, {0, 1}, {1, 1}, {0, 2}}[min(stop, 4)-1]; alone != want[0] ||
			compared != want[1] {
			t.Errorf("stopped at %d: %s", stop, table.String())
		}
	}
	if err := smallComparison().Table(io.Discard); !errors.Is(err, ErrNoRuns) {
		t.Errorf("nothing was run: %v", err)
	}
}

// smallComparison is a small lab's without a run.
func smallComparison() Comparison {
	l := smallLab(1)
	return Comparison{Contenders: l.Contenders, Fleets: l.Fleets, Seeds: l.Seeds, CutShort: true}
}

func TestAFailureEndsACompare(t *testing.T) {
	broken := errors.New("broken")
	l := smallLab(2)
	var failed atomic.Bool
	var late atomic.Int32
	l.Run = func(ctx context.Context, _ int, k Case) (Report, error) {
		if k.Fleet == 2000 && k.Contender == "assign" && k.Seed == 7 {
			failed.Store(true)
			return Report{}, broken
		}
		if failed.Load() { // the other one of two at once: it is told to stop
			late.Add(1)
			<-ctx.Done()
			return Report{}, ctx.Err()
		}
		return invented(k), nil
	}
	_, err := l.Compare(t.Context())
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "assign, 2000 taxis, seed 7") ||
		late.Load() > 1 {
		t.Errorf("%v, and %d runs begun after it", err, late.Load())
	}
}

var coordinate = regexp.MustCompile(`\b(?:x|y|x1|y1|x2|y2|cx|cy)="([-0-9.]+)"`)

func TestChartIsWellFormedAndInItsFrame(t *testing.T) {
	l := smallLab(1)
	l.Contenders = []string{"nearest", "a <b> & c", "assign", "d", "e", "f", "g"}
	var b bytes.Buffer
	if err := compared(t, l).Chart(&b, "New York & all"); err != nil {
		t.Fatal(err)
	}
	d, texts := xml.NewDecoder(bytes.NewReader(b.Bytes())), ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, b.Bytes())
		}
		if text, ok := token.(xml.CharData); ok {
			texts += string(text)
		}
	}
	for _, want := range append(l.Contenders, "New York & all", "taxis", "1000", ", s", ", %") {
		if !strings.Contains(texts, want) {
			t.Errorf("%q is nowhere in %s", want, texts)
		}
	}
	if n := strings.Count(b.String(), "<circle"); n != 7*2*2 {
		t.Errorf("%d dots", n)
	}
	for _, at := range coordinate.FindAllStringSubmatch(b.String(), -1) {
		if v, err := strconv.ParseFloat(at[1], 64); err != nil || v < 0 || v > chartWidth {
			t.Errorf("%s is outside of the drawing", at[0])
		}
	}
	// A single fleet and a single policy are a chart, too, and so is none.
	l.Contenders, l.Fleets = l.Contenders[:1], l.Fleets[:1]
	if err := compared(t, l).Chart(&b, ""); err != nil || strings.Contains(b.String(), "NaN") {
		t.Errorf("%v, %s", err, b.Bytes())
	}
	l.Fleets = nil
	if err := compared(t, l).Chart(&b, ""); err != nil || strings.Contains(b.String(), "NaN") {
		t.Errorf("%v, %s", err, b.Bytes())
	}
}

func TestAxisHoldsItsValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 20).Draw(t, "values")
		a := axisOf(values)
		ticks := a.ticks()
		if len(ticks) < 2 || len(ticks) > 2*axisTicks+2 {
			t.Fatalf("%v has %d ticks", a, len(ticks))
		}
		for _, v := range values {
			if s := a.share(v); !(s >= -1e-9 && s <= 1+1e-9) {
				t.Fatalf("%v is at %v of %v", v, s, a)
			}
		}
	})
}

func TestApartKeepsOrderGapAndSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const gap, low, high = 10.0, 100.0, 300.0
		places := rapid.SliceOfN(rapid.Float64Range(low, high), 0, 20).Draw(t, "places")
		moved := apart(places, gap, low, high)
		for i := range moved {
			if moved[i] < low-1e-9 || moved[i] > high+1e-9 {
				t.Fatalf("%v is out of the span in %v", moved[i], moved)
			}
			for k := range i {
				if math.Abs(moved[i]-moved[k]) < gap-1e-9 ||
					(places[i] < places[k]) != (moved[i] < moved[k]) && places[i] != places[k] {
					t.Fatalf("%v became %v", places, moved)
				}
			}
		}
	})
	if got := apart([]float64{50, 10}, 5, 0, 100); !slices.Equal(got, []float64{50, 10}) {
		t.Errorf("moved without need: %v", got)
	}
}
