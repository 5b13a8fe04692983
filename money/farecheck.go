package money

import (
	"fmt"
	"time"
)

// The rules of the fare check.
const (
	// FareToleranceFloor and FareTolerance: meter and trace may differ by 3 yuan or by 10 % of the
	// meter, whichever is more. A trace is cut at corners and a meter rounds to the yuan.
	FareToleranceFloor Fen = 3 * fenPerYuan
	FareTolerance      PPM = 100_000
	// MinTraceCoverage is the share of a ride's time that its trace must cover to go unflagged.
	MinTraceCoverage = 0.6
	// MaxTraceGap is the longest time between two fixes that counts as covered. Taxis send one
	// every 5 to 15 s; after 30 s a straight line between two fixes is no longer the way driven.
	MaxTraceGap = 30 * time.Second

	// traceLowSpeedKMH: under it a covered segment is not driven, as in the tariffs.
	traceLowSpeedKMH = 12
)

// MeterReading is what the driver enters when a ride ends.
type MeterReading struct {
	// Meter is the meter's amount, fuel surcharge included, tolls and booking fee not.
	// 0…[MaxMeter].
	Meter Fen
	// Tolls are what the driver paid on the way for the rider. 0…[MaxTolls].
	Tolls Fen
}

// Total is the ride's fare, meter and tolls. A negative or absurd amount is an [*AmountError] that
// names "meter" or "tolls".
func (r MeterReading) Total() (Fen, error) {
	if err := CheckAmount("meter", r.Meter, MaxMeter); err != nil {
		return 0, err
	}
	if err := CheckAmount("tolls", r.Tolls, MaxTolls); err != nil {
		return 0, err
	}
	return r.Meter + r.Tolls, nil
}

// TraceStats measures a ride's trace. The zero value is an empty trace.
type TraceStats struct {
	// Distance is the sum over all segments, gaps as straight lines.
	Distance Millimetres
	// Total is the time from the first fix to the last.
	Total time.Duration
	// Covered is the part of Total in segments of at most [MaxTraceGap].
	Covered time.Duration
	// Driven is the part of Covered at 12 km/h or more.
	Driven time.Duration
}

// Add counts the segment between two consecutive fixes. It returns [ErrSegment] or [ErrMeterLimit]
// and then counts nothing.
func (t *TraceStats) Add(s Segment) error {
	if err := s.valid(t.Distance, t.Total); err != nil {
		return err
	}
	t.Distance += s.Distance
	t.Total += s.Duration
	if s.Duration <= MaxTraceGap {
		t.Covered += s.Duration
		if !s.slow(traceLowSpeedKMH) {
			t.Driven += s.Duration
		}
	}
	return nil
}

// Coverage is the covered share, 0…1, of a ride that took so long from pickup to drop-off by the
// city clock: time before the first and after the last fix is not covered either. An empty ride has
// a coverage of 0.
func (t TraceStats) Coverage(ride time.Duration) float64 {
	whole := max(ride, t.Total)
	if whole <= 0 {
		return 0
	}
	return float64(t.Covered) / float64(whole)
}

// TraceFare applies a tariff to a ride's trace: the segments between its consecutive fixes, the
// first beginning at start, in the city's location. It returns the error of the first segment
// refused.
func TraceFare(t *Tariff, start time.Time, trace []Segment) (Fare, TraceStats, error) {
	m := NewMeter(t, start)
	var stats TraceStats
	for i, s := range trace {
		if err := m.Drive(s); err != nil {
			return Fare{}, TraceStats{}, fmt.Errorf("segment %d: %w", i, err)
		}
		if err := stats.Add(s); err != nil {
			return Fare{}, TraceStats{}, fmt.Errorf("segment %d: %w", i, err)
		}
	}
	return m.Fare(), stats, nil
}

// FareAnswer is what the fare check says about a meter reading. The zero value is invalid.
type FareAnswer uint8

const (
	// FareAccepted means that meter and trace agree within the tolerance; the fare may be charged.
	FareAccepted FareAnswer = iota + 1
	// FareBelow means that the meter is under the trace by more than the tolerance. It may be
	// charged: the meter is what the driver asked for, and the fare never changes by itself.
	FareBelow
	// FareAsk means that the meter is over the trace by more than the tolerance. The rider is asked
	// before anything is charged, and the subsidy waits for the answer.
	FareAsk
)

// String is the answer as it is stored: "accepted", "below" or "ask".
func (a FareAnswer) String() string {
	switch a {
	case FareAccepted:
		return "accepted"
	case FareBelow:
		return "below"
	case FareAsk:
		return "ask"
	}
	return fmt.Sprintf("FareAnswer(%d)", uint8(a))
}

// FareClaim is what the fare check compares.
type FareClaim struct {
	// Meter is the driver's reading, without tolls and booking fee. 0…[MaxMeter].
	Meter Fen
	// Trace is [Fare.Meter] of the same tariff applied to the ride's trace. At least 0.
	Trace Fen
	// Coverage is [TraceStats.Coverage]. NaN counts as 0.
	Coverage float64
}

// FareVerdict is the outcome of a fare check.
type FareVerdict struct {
	Answer FareAnswer
	// LowCoverage flags the ride for ops: the trace covers under 60 % of it. The answer stands
	// all the same. Gaps make a trace shorter, so such a trace errs to FareAsk, which costs the
	// rider a tap and not money; FareAccepted on it means only that nothing speaks against the
	// meter.
	LowCoverage bool
	// Tolerance is the difference that was allowed either way.
	Tolerance Fen
}

// MayCharge says whether the fare may be charged without asking the rider first.
func (v FareVerdict) MayCharge() bool { return v.Answer == FareAccepted || v.Answer == FareBelow }

// SubsidyWaits says whether the ride's subsidies wait for the rider's answer.
func (v FareVerdict) SubsidyWaits() bool { return !v.MayCharge() }

// CheckFare compares a meter reading with the trace's fare. Differences up to and including
// max(3 yuan, 10 % of the meter) are accepted. An amount outside its limits is an [*AmountError].
func CheckFare(c FareClaim) (FareVerdict, error) {
	if err := CheckAmount("meter", c.Meter, MaxMeter); err != nil {
		return FareVerdict{}, err
	}
	if c.Trace < 0 {
		return FareVerdict{}, &AmountError{Field: "trace", Value: c.Trace, Limit: 0}
	}
	share, err := ApplyPPM(c.Meter, FareTolerance)
	if err != nil {
		return FareVerdict{}, err
	}
	v := FareVerdict{
		Answer:      FareAccepted,
		LowCoverage: !(c.Coverage >= MinTraceCoverage),
		Tolerance:   max(FareToleranceFloor, share),
	}
	switch over := c.Meter - c.Trace; {
	case over > v.Tolerance:
		v.Answer = FareAsk
	case over < -v.Tolerance:
		v.Answer = FareBelow
	}
	return v, nil
}
