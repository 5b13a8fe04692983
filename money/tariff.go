package money

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"time"
)

//go:embed tariffs/*.json
var tariffFiles embed.FS

// Tariff is a city's published price list for one class of taxi. The shipped ones are third-party
// copies of 2011–2014 lists with a stated confidence: plausible defaults, not legal truth.
//
// What a ride costs: the flag fall, which covers the first FlagFallM; PerKM for each km after it;
// more beyond LongDistance or EmptyReturn; LowSpeed or Waiting for the time spent under their
// speed; Night's prices for what is driven at night. This metered sum is rounded half up to
// RoundTo once, at the end. Fuel and the booking fee are fixed amounts and are added after the
// rounding. Tolls are no part of a tariff: [MeterReading.Total] adds them.
//
// Surcharges are shares of the day's price of a km and add up (Beijing beyond 15 km at night:
// 2.30 + 50 % + 20 % = 3.91); each is rounded half up to the fen per km, as price lists print it.
type Tariff struct {
	// Name is the file's name without ".json".
	Name string `json:"name"`
	// City is the city whose taxis it binds.
	City string `json:"city"`
	// EffectiveFrom is the first day, "2013-06-10"; empty where no source says.
	EffectiveFrom string `json:"effective_from,omitempty"`
	// EffectiveUntil is the last day; empty where it is open or unknown.
	EffectiveUntil string `json:"effective_until,omitempty"`

	// FlagFall is due from the first metre.
	FlagFall Fen `json:"flag_fall_fen"`
	// FlagFallM is the distance in metres that FlagFall covers.
	FlagFallM int64 `json:"flag_fall_m"`
	// PerKM is the price of a km after that.
	PerKM Fen `json:"per_km_fen"`

	LongDistance *LongDistance `json:"long_distance,omitempty"`
	EmptyReturn  *EmptyReturn  `json:"empty_return,omitempty"`
	LowSpeed     *LowSpeed     `json:"low_speed,omitempty"`
	Waiting      *Waiting      `json:"waiting,omitempty"`
	Night        *Night        `json:"night,omitempty"`
	Booking      *Booking      `json:"booking,omitempty"`

	// Fuel is the fuel surcharge of each ride.
	Fuel Fen `json:"fuel_fen"`
	// RoundTo is the unit to which the metered sum is rounded half up: 1, 10, 50 or 100 fen.
	RoundTo Fen `json:"round_to_fen"`

	// Confidence says how well the sources agree: "high", "medium" or "low".
	Confidence string `json:"confidence"`
	// Notes say what was assumed where the sources are silent or contradict each other.
	Notes []string `json:"notes"`
	// Sources are the addresses of the pages that the prices were read from.
	Sources []string `json:"sources"`
}

// LongDistance makes the km beyond OverM dearer, by exactly one of Surcharge and PerKM.
type LongDistance struct {
	// OverM is the distance from the start of the ride, in metres.
	OverM int64 `json:"over_m"`
	// Surcharge is a share of the price of a km, on top of it.
	Surcharge PPM `json:"surcharge_ppm,omitempty"`
	// PerKM is the price of such a km by day, in its place.
	PerKM Fen `json:"per_km_fen,omitempty"`
}

// EmptyReturn pays for the way back without a rider: a share of the price of a km, on top of
// it, for what is driven beyond OverM within Hours.
type EmptyReturn struct {
	OverM     int64        `json:"over_m"`
	Surcharge PPM          `json:"surcharge_ppm"`
	Hours     *ClockWindow `json:"hours,omitempty"` // nil: at all hours
}

// LowSpeed charges the price of KM km whenever the time stopped or under UnderKMH has grown by
// Every seconds. The price is that of a km after the flag fall, at night the night's, never with
// a long-distance or empty-return surcharge.
type LowSpeed struct {
	UnderKMH int64 `json:"under_kmh"`
	EveryS   int64 `json:"every_s"`
	KM       int64 `json:"km"`
	// PeakKM takes the place of KM within Peak.
	PeakKM int64         `json:"peak_km,omitempty"`
	Peak   []ClockWindow `json:"peak,omitempty"`
}

// Waiting charges a fixed price whenever the time stopped or under UnderKMH has grown by Every
// seconds, the first FreeS seconds of a ride not counted.
type Waiting struct {
	UnderKMH int64 `json:"under_kmh"`
	FreeS    int64 `json:"free_s"`
	EveryS   int64 `json:"every_s"`
	Price    Fen   `json:"price_fen"`
}

// Night is what changes within Hours, in one of two shapes: a Surcharge on the price of a km, or
// prices of its own.
type Night struct {
	Hours ClockWindow `json:"hours"`
	// FlagFall is that of a ride which begins at night; 0 is the day's.
	FlagFall Fen `json:"flag_fall_fen,omitempty"`
	// Surcharge is a share of the day's price of a km, on top of it; it leaves the flag fall alone.
	Surcharge PPM `json:"surcharge_ppm,omitempty"`
	// PerKM is the night's price of a km.
	PerKM Fen `json:"per_km_fen,omitempty"`
	// LongPerKM is the night's price of a km beyond LongDistance.OverM.
	LongPerKM Fen `json:"long_per_km_fen,omitempty"`
}

// Booking is the fee of a ride that was ordered: Short if less than LongFromS seconds ahead, else
// Long.
type Booking struct {
	Short     Fen   `json:"short_fen"`
	Long      Fen   `json:"long_fen"`
	LongFromS int64 `json:"long_from_s"`
}

// Tariffs lists the names of the shipped tariffs in alphabetical order.
func Tariffs() []string {
	entries, err := tariffFiles.ReadDir("tariffs")
	if err != nil {
		panic("money: the embedded tariffs are gone: " + err.Error()) // cannot happen: embedded
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}

// LoadTariff reads a shipped tariff by its name, one of [Tariffs]. A name that is not shipped is a
// [*TariffError].
func LoadTariff(name string) (Tariff, error) {
	data, err := tariffFiles.ReadFile(path.Join("tariffs", name+".json"))
	if err != nil {
		return Tariff{}, &TariffError{File: name, Reason: fmt.Sprintf(
			"no such tariff: there are %s", strings.Join(Tariffs(), ", "))}
	}
	return ParseTariff(name, data)
}

// InForce says whether the tariff was in force on the day of t, in t's own location. An unknown end
// is open.
func (t *Tariff) InForce(at time.Time) bool {
	day := at.Format(time.DateOnly)
	return (t.EffectiveFrom == "" || t.EffectiveFrom <= day) &&
		(t.EffectiveUntil == "" || day <= t.EffectiveUntil)
}

// BookingFee returns the fee of a ride that was ordered lead ahead of its pickup; 0 where the
// tariff knows none. Whether a ride that was hailed through the app owes it is a policy, not the
// tariff's.
func (t *Tariff) BookingFee(lead time.Duration) Fen {
	if t.Booking == nil {
		return 0
	}
	return t.Booking.fee(lead)
}

func (b Booking) fee(lead time.Duration) Fen {
	if lead < time.Duration(b.LongFromS)*time.Second {
		return b.Short
	}
	return b.Long
}
