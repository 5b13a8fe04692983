package sim

import (
	"sync/atomic"
	"time"
)

// Lag is how much later than planned a live run acts, in seconds of the city's time: until a
// command or a position has been handed to the connection, a call begun. What the server takes to
// answer is not in it.
type Lag struct {
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// lagBins are of a millisecond each; the last is of everything from a minute on.
const lagBins = 60_000

// lagMeter counts lags. It is safe for concurrent use; the zero lagMeter is ready.
type lagMeter struct {
	bins [lagBins + 1]atomic.Uint32
	max  atomic.Int64 // ns
}

func (m *lagMeter) add(late time.Duration) {
	late = max(0, late)
	m.bins[min(late.Milliseconds(), lagBins)].Add(1)
	for {
		was := m.max.Load()
		if int64(late) <= was || m.max.CompareAndSwap(was, int64(late)) {
			return
		}
	}
}

// lag is the spread: p99 by nearest rank, rounded up to a millisecond.
func (m *lagMeter) lag() Lag {
	n := 0
	for i := range m.bins {
		n += int(m.bins[i].Load())
	}
	rank, seen := (n*99+99)/100, 0
	worst := time.Duration(m.max.Load())
	l := Lag{Max: worst.Seconds()}
	for i := range m.bins {
		if seen += int(m.bins[i].Load()); seen >= rank && n > 0 {
			late := min(time.Duration(i+1)*time.Millisecond, worst)
			if i == lagBins {
				late = worst
			}
			l.P99 = late.Seconds()
			break
		}
	}
	return l
}
