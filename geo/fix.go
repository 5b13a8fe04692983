package geo

import (
	"fmt"
	"time"
)

// Fix is one position report of a taxi, WGS-84. Zero speed, heading or accuracy also means
// that the phone did not say.
type Fix struct {
	Point
	At         time.Time // when the phone was there, city clock
	SpeedMPS   float32   // 0–100
	HeadingDeg float32   // 0–360, clockwise from north
	AccuracyM  float32   // radius of 68 % confidence
}

// Limits of a fix, each refused with its own reason.
const (
	// MaxFixAge: the index drops a taxi that is silent for 30 s; twice that lets a batch
	// through that was held up once, and no place that the taxi has long left.
	MaxFixAge = 60 * time.Second
	// MaxFixAhead allows for a phone's clock that is a little fast.
	MaxFixAhead = 5 * time.Second
	// MaxFixAccuracyM is the edge of a cell of the index: what is less accurate says no
	// more than the cell next door.
	MaxFixAccuracyM = 200
	// MaxFixSpeedMPS is of the reported speed, 360 km/h: beyond it the field is garbage.
	MaxFixSpeedMPS = 100
	// MaxJumpMPS is the speed, 216 km/h, implied by two fixes above which the later is
	// refused as forged or mistaken. After a refused jump the taxi is believed again as
	// soon as it could have driven there from its last accepted fix.
	MaxJumpMPS = 60
	// JumpSlackM is the distance that two fixes may be apart however close in time: the
	// error of both, in streets between towers.
	JumpSlackM = 100
)

// FixReason is why a fix was refused. The zero FixReason is none: accepted.
type FixReason int

const (
	// FixOutOfRange is a fix with a coordinate, speed or heading that is NaN, infinite or out of
	// its range.
	FixOutOfRange FixReason = iota + 1
	// FixInaccurate is a fix whose accuracy is NaN, negative or above MaxFixAccuracyM.
	FixInaccurate
	// FixFuture is a fix more than MaxFixAhead after now.
	FixFuture
	// FixStale is a fix more than MaxFixAge before now.
	FixStale
	// FixRepeated is the last fix once more, the same in everything.
	FixRepeated
	// FixOutOfOrder is a fix not after the last fix.
	FixOutOfOrder
	// FixJump is a fix farther from the last one than a taxi drives in the time between.
	FixJump
)

var fixReasonNames = [...]string{
	FixOutOfRange: "out_of_range", FixInaccurate: "inaccurate", FixFuture: "future",
	FixStale: "stale", FixRepeated: "repeated", FixOutOfOrder: "out_of_order", FixJump: "jump",
}

// String is the reason in snake_case, as metrics and replies have it.
func (r FixReason) String() string {
	if r >= FixOutOfRange && r <= FixJump {
		return fixReasonNames[r]
	}
	return fmt.Sprintf("FixReason(%d)", int(r))
}

// FixReasons lists all reasons, for metrics that start at zero.
func FixReasons() []FixReason {
	return []FixReason{
		FixOutOfRange, FixInaccurate, FixFuture, FixStale, FixRepeated, FixOutOfOrder, FixJump,
	}
}

// FixError is a refused fix.
type FixError struct {
	Reason FixReason
	Field  string  // lat, lng, speed_mps, heading_deg, accuracy_m, at, or position
	Value  float64 // as given; of at: seconds after now; of position: metres from the last fix
	Limit  float64 // the limit it breaks, in the same unit
}

// Error names reason, field, value and limit.
func (e *FixError) Error() string {
	return fmt.Sprintf("geo: fix %v: %s %v, limit %v", e.Reason, e.Field, e.Value, e.Limit)
}

// CheckFix says whether a fix may be used at now, after prev, the last accepted fix of the
// same taxi (nil: none). It returns nil or a *FixError; the first reason in the order of the
// constants wins. It is pure, takes about 50 ns and allocates only an error.
func CheckFix(prev *Fix, fix Fix, now time.Time) error {
	if !fix.inRange() {
		return fix.rangeError()
	}
	age := now.Sub(fix.At)
	switch {
	case age < -MaxFixAhead:
		return timeError(FixFuture, age, MaxFixAhead)
	case age > MaxFixAge:
		return timeError(FixStale, age, -MaxFixAge)
	case prev == nil:
		return nil
	}
	after := fix.At.Sub(prev.At)
	if after <= 0 {
		if after == 0 && fix.same(prev) {
			return timeError(FixRepeated, age, -now.Sub(prev.At))
		}
		return timeError(FixOutOfOrder, age, -now.Sub(prev.At))
	}
	if fix.Point == prev.Point {
		return nil // standing, as most idle taxis are
	}
	limitM := JumpSlackM + MaxJumpMPS*after.Seconds()
	if farM := DistanceM(prev.Point, fix.Point); farM > limitM {
		return &FixError{Reason: FixJump, Field: "position", Value: farM, Limit: limitM}
	}
	return nil
}

func timeError(reason FixReason, age, limit time.Duration) error {
	return &FixError{Reason: reason, Field: "at", Value: -age.Seconds(), Limit: limit.Seconds()}
}

// same compares all but the location of the time.
func (f *Fix) same(g *Fix) bool {
	return f.Point == g.Point && f.SpeedMPS == g.SpeedMPS && f.HeadingDeg == g.HeadingDeg &&
		f.AccuracyM == g.AccuracyM && f.At.Equal(g.At)
}

// inRange is false for NaN too.
func (f *Fix) inRange() bool {
	return f.onEarth() && f.SpeedMPS >= 0 && f.SpeedMPS <= MaxFixSpeedMPS &&
		f.HeadingDeg >= 0 && f.HeadingDeg <= 360 &&
		f.AccuracyM >= 0 && f.AccuracyM <= MaxFixAccuracyM
}

// rangeError says which field of a fix that is not inRange is why.
func (f *Fix) rangeError() error {
	for _, field := range [...]struct {
		reason           FixReason
		name             string
		value, low, high float64
	}{
		{FixOutOfRange, "lat", f.Lat, -MaxLat, MaxLat},
		{FixOutOfRange, "lng", f.Lng, -MaxLng, MaxLng},
		{FixOutOfRange, "speed_mps", float64(f.SpeedMPS), 0, MaxFixSpeedMPS},
		{FixOutOfRange, "heading_deg", float64(f.HeadingDeg), 0, 360},
		{FixInaccurate, "accuracy_m", float64(f.AccuracyM), 0, MaxFixAccuracyM},
	} {
		if !(field.value >= field.low && field.value <= field.high) {
			e := &FixError{Reason: field.reason, Field: field.name, Value: field.value}
			if e.Limit = field.high; field.value < field.low {
				e.Limit = field.low
			}
			return e
		}
	}
	return nil
}
