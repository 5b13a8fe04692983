package money

import (
	"math/big"
	"time"
)

// reference is a fare computed straight from the tariff's own words in exact fractions: the oracle
// for the meter. It knows nothing of compiled rates.
type reference struct {
	lines map[LineCode]Fen
	total Fen
}

// referenceSums are the exact fen of each line.
type referenceSums map[LineCode]*big.Rat

func (s referenceSums) add(code LineCode, price Fen, times *big.Rat) {
	if s[code] == nil {
		s[code] = new(big.Rat)
	}
	s[code].Add(s[code], new(big.Rat).Mul(big.NewRat(int64(price), 1), times))
}

// halfUp rounds x ≥ 0 to a multiple of unit.
func halfUp(x *big.Rat, unit int64) Fen {
	q := new(big.Rat).Quo(x, big.NewRat(unit, 1))
	q.Add(q, big.NewRat(1, 2))
	return Fen(new(big.Int).Quo(q.Num(), q.Denom()).Int64() * unit)
}

func shareOf(price Fen, share PPM) Fen {
	return halfUp(big.NewRat(int64(price)*int64(share), 1_000_000), 1)
}

// beyond is the km of a segment from a to b (in mm) that lie beyond over metres.
func beyond(a, b, overM int64) *big.Rat {
	a, b = max(a, overM*1000), max(b, overM*1000)
	return big.NewRat(b-a, 1_000_000)
}

func isNight(t *Tariff, at time.Time) bool {
	return t.Night != nil && t.Night.Hours.Contains(ClockTimeOf(at))
}

// nightExtra is what a km costs more at night.
func nightExtra(t *Tariff) Fen {
	if t.Night.PerKM != 0 {
		return t.Night.PerKM - t.PerKM
	}
	return shareOf(t.PerKM, t.Night.Surcharge)
}

// longExtra is what a long km costs more by day, and how much more than that at night.
func longExtra(t *Tariff) (day, night Fen) {
	l := t.LongDistance
	day = shareOf(t.PerKM, l.Surcharge)
	if l.PerKM != 0 {
		day = l.PerKM - t.PerKM
	}
	if n := t.Night; n != nil && n.PerKM != 0 {
		if n.LongPerKM != 0 {
			return day, n.LongPerKM - n.PerKM - day
		}
		return day, shareOf(n.PerKM, l.Surcharge) - day
	}
	return day, 0
}

func referenceFare(t *Tariff, start time.Time, segments []Segment) reference {
	one := big.NewRat(1, 1)
	sums := referenceSums{}
	sums.add(LineFlagFall, t.FlagFall, one)
	if isNight(t, start) && t.Night.FlagFall != 0 {
		sums.add(LineNight, t.Night.FlagFall-t.FlagFall, one)
	}
	at, way := start, int64(0)
	var slow time.Duration
	for _, s := range segments {
		end := way + int64(s.Distance)
		paid := beyond(way, end, t.FlagFallM)
		sums.add(LineDistance, t.PerKM, paid)
		if isNight(t, at) {
			sums.add(LineNight, nightExtra(t), paid)
		}
		if t.LongDistance != nil {
			day, night := longExtra(t)
			sums.add(LineLongDistance, day, beyond(way, end, t.LongDistance.OverM))
			if isNight(t, at) {
				sums.add(LineNight, night, beyond(way, end, t.LongDistance.OverM))
			}
		}
		if e := t.EmptyReturn; e != nil && (e.Hours == nil || e.Hours.Contains(ClockTimeOf(at))) {
			sums.add(LineEmptyReturn, shareOf(t.PerKM, e.Surcharge), beyond(way, end, e.OverM))
		}
		slow = referenceSlow(t, sums, s, at, slow)
		at, way = at.Add(s.Duration), end
	}
	return referenceClose(t, sums)
}

// referenceSlow charges the periods of low speed that s fills; slow is the low speed before it.
func referenceSlow(t *Tariff, sums referenceSums, s Segment, at time.Time,
	slow time.Duration,
) time.Duration {
	kmh := new(big.Rat)
	if s.Duration > 0 {
		kmh.SetFrac64(int64(s.Distance)*3600, 1)
		kmh.Quo(kmh, big.NewRat(int64(s.Duration), 1000))
	}
	under := func(limit int64) bool {
		return s.Duration > 0 && kmh.Cmp(big.NewRat(limit, 1)) < 0
	}
	full := func(d time.Duration, freeS, everyS int64) int64 {
		d -= time.Duration(freeS) * time.Second
		return max(int64(d/(time.Duration(everyS)*time.Second)), 0)
	}
	if l := t.LowSpeed; l != nil && under(l.UnderKMH) {
		km := l.KM
		for _, w := range l.Peak {
			if w.Contains(ClockTimeOf(at)) {
				km = l.PeakKM
			}
		}
		times := big.NewRat(km*(full(slow+s.Duration, 0, l.EveryS)-full(slow, 0, l.EveryS)), 1)
		sums.add(LineLowSpeed, t.PerKM, times)
		if isNight(t, at) {
			sums.add(LineNight, nightExtra(t), times)
		}
		return slow + s.Duration
	}
	if w := t.Waiting; w != nil && under(w.UnderKMH) {
		n := full(slow+s.Duration, w.FreeS, w.EveryS) - full(slow, w.FreeS, w.EveryS)
		sums.add(LineWaiting, w.Price, big.NewRat(n, 1))
		return slow + s.Duration
	}
	return slow
}

func referenceClose(t *Tariff, sums referenceSums) reference {
	r := reference{lines: map[LineCode]Fen{LineFuel: t.Fuel}}
	exact := new(big.Rat)
	for code, sum := range sums {
		exact.Add(exact, sum)
		r.lines[code] = halfUp(sum, 1)
	}
	r.total = halfUp(exact, int64(t.RoundTo)) + t.Fuel
	return r
}
