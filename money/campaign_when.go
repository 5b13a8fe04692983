package money

import (
	"fmt"
	"slices"
	"time"
)

// The kinds of rides that a campaign may ask for.
const (
	KindHailed = "hailed"
	KindStreet = "street"
	KindBooked = "booked"
)

// When is which rides a campaign is for. Its zero value is all of them.
type When struct {
	Channels []ChannelName `json:"channels,omitempty"` // besides the campaign's own
	Kinds    []string      `json:"kinds,omitempty"`    // none is all
	Hours    []Hours       `json:"hours,omitempty"`    // any of them; none is always

	MinFare Fen `json:"min_fare,omitempty"` // meter and tolls
	MaxFare Fen `json:"max_fare,omitempty"` // 0 is no limit

	MinDistanceM int `json:"min_distance_m,omitempty"`
	MaxDistanceM int `json:"max_distance_m,omitempty"` // 0 is no limit

	// FirstRide is for riders who have completed no other ride, FirstAppPayment for those who have
	// paid none other than by hand. Either gives to a rider once.
	FirstRide       bool `json:"first_ride,omitempty"`
	FirstAppPayment bool `json:"first_app_payment,omitempty"`

	// Segments are named groups of riders; the rider is in any of them. None is all riders.
	Segments []string `json:"segments,omitempty"`
	// Expr is what no other condition can say, in the language of money/rules; "" is nothing. It is
	// compiled at the launch by who has the compiler.
	Expr string `json:"expr,omitempty"`
}

// Hours are a time of the day in the city's zone, by the moment at which a ride is completed. A
// time that passes midnight is two of them.
type Hours struct {
	Days []int `json:"days,omitempty"` // 1 is Monday, 7 is Sunday, as in ISO 8601; none is all
	From int   `json:"from"`           // minutes from midnight, inclusive
	To   int   `json:"to"`             // exclusive, at most 1440
}

// Limits of conditions.
const (
	// MaxCampaignHours is how many times of the day a campaign may have: two for each weekday.
	MaxCampaignHours = 14
	// MaxCampaignChannels is how many channels it may have besides its own.
	MaxCampaignChannels = 8
	// MaxCampaignDistanceM is the highest distance that a condition may name, in metres.
	MaxCampaignDistanceM = 2_000_000

	// MaxCampaignSegments is how many segments it may name.
	MaxCampaignSegments = 16
	// MaxSegmentName is how many bytes the name of a segment may have, from 1 on.
	MaxSegmentName = 64
	// MaxRiderSegments is how many segments a rider may be in.
	MaxRiderSegments = 32
	// MaxCampaignExpr is how many bytes an expression may have.
	MaxCampaignExpr = 1000

	minutesADay = 24 * 60
)

func (w When) check() error {
	if len(w.Channels) > MaxCampaignChannels {
		return &CampaignError{
			"when.channels", fmt.Sprintf("at most %d", MaxCampaignChannels),
		}
	}
	for _, channel := range w.Channels {
		if !channel.sponsors() {
			return &CampaignError{"when.channels", "wallet, wechat or alipay"}
		}
	}
	for _, kind := range w.Kinds {
		if kind != KindHailed && kind != KindStreet && kind != KindBooked {
			return &CampaignError{"when.kinds", "hailed, street or booked"}
		}
	}
	if len(w.Hours) > MaxCampaignHours {
		return &CampaignError{"when.hours", fmt.Sprintf("at most %d", MaxCampaignHours)}
	}
	for _, h := range w.Hours {
		if err := h.check(); err != nil {
			return err
		}
	}
	if len(w.Segments) > MaxCampaignSegments {
		return &CampaignError{"when.segments", fmt.Sprintf("at most %d", MaxCampaignSegments)}
	}
	for _, segment := range w.Segments {
		if segment == "" || len(segment) > MaxSegmentName {
			return &CampaignError{
				"when.segments", fmt.Sprintf("names of 1 to %d bytes", MaxSegmentName),
			}
		}
	}
	if len(w.Expr) > MaxCampaignExpr {
		return &CampaignError{
			"when.expression", fmt.Sprintf("at most %d bytes", MaxCampaignExpr),
		}
	}
	return w.checkRanges()
}

// takes reports whether it is for a rider who is in so many segments.
func (w When) takes(segments []string) bool {
	in := func(segment string) bool { return slices.Contains(segments, segment) }
	return len(w.Segments) == 0 || slices.ContainsFunc(w.Segments, in)
}

func (h Hours) check() error {
	for _, day := range h.Days {
		if day < 1 || day > 7 {
			return &CampaignError{"when.hours.days", "1, which is Monday, to 7"}
		}
	}
	if h.From < 0 || h.From >= h.To || h.To > minutesADay {
		return &CampaignError{"when.hours", fmt.Sprintf(
			"from 0 on, and to after from and at most %d minutes", minutesADay)}
	}
	return nil
}

func (w When) checkRanges() error {
	switch {
	case w.MinFare < 0 || w.MinFare > MaxMeter+MaxTolls:
		return &CampaignError{"when.min_fare", fmt.Sprintf("0 to %d fen", MaxMeter+MaxTolls)}
	case w.MaxFare != 0 && (w.MaxFare < w.MinFare || w.MaxFare > MaxMeter+MaxTolls):
		return &CampaignError{"when.max_fare", fmt.Sprintf(
			"0, which is no limit, or min_fare to %d fen", MaxMeter+MaxTolls)}
	case w.MinDistanceM < 0 || w.MinDistanceM > MaxCampaignDistanceM:
		return &CampaignError{
			"when.min_distance", fmt.Sprintf("0 to %d metres", MaxCampaignDistanceM),
		}
	case w.MaxDistanceM != 0 &&
		(w.MaxDistanceM < w.MinDistanceM || w.MaxDistanceM > MaxCampaignDistanceM):
		return &CampaignError{"when.max_distance", fmt.Sprintf(
			"0, which is no limit, or min_distance to %d metres", MaxCampaignDistanceM)}
	default:
		return nil
	}
}

// refuses is why a ride is none of those, or SubsidyGranted.
func (w When) refuses(f SubsidyFacts) SubsidyReason {
	at := f.LocalTime()
	within := func(h Hours) bool { return h.has(at) }
	switch {
	case len(w.Kinds) > 0 && !slices.Contains(w.Kinds, f.Kind):
		return SubsidyKind
	case len(w.Hours) > 0 && !slices.ContainsFunc(w.Hours, within):
		return SubsidyHours
	case f.Fare < w.MinFare || w.MaxFare > 0 && f.Fare > w.MaxFare:
		return SubsidyFare
	case f.DistanceM < w.MinDistanceM || w.MaxDistanceM > 0 && f.DistanceM > w.MaxDistanceM:
		return SubsidyDistance
	case w.FirstRide && !f.FirstRide, w.FirstAppPayment && !f.FirstAppPayment:
		return SubsidyNotFirst
	case !w.takes(f.Segments):
		return SubsidySegment
	case w.Expr != "" && (f.Holds == nil || !f.Holds(w.Expr, f)):
		return SubsidyRule
	default:
		return SubsidyGranted
	}
}

func (h Hours) has(at time.Time) bool {
	minute := at.Hour()*60 + at.Minute()
	return h.on(ISOWeekday(at)) && minute >= h.From && minute < h.To
}

func (h Hours) on(day int) bool { return len(h.Days) == 0 || slices.Contains(h.Days, day) }

// ISOWeekday is 1 on Mondays and 7 on Sundays.
func ISOWeekday(at time.Time) int { return (int(at.Weekday())+6)%7 + 1 }

// Once reports whether it gives to a rider once and never again.
func (w When) once() bool { return w.FirstRide || w.FirstAppPayment }

// overlaps reports whether a ride may meet both.
func (w When) overlaps(o When) bool {
	kind := func(k string) bool { return len(o.Kinds) == 0 || slices.Contains(o.Kinds, k) }
	if len(w.Kinds) > 0 && !slices.ContainsFunc(w.Kinds, kind) {
		return false
	}
	hour := func(h Hours) bool {
		return len(o.Hours) == 0 || slices.ContainsFunc(o.Hours, h.overlaps)
	}
	if len(w.Hours) > 0 && !slices.ContainsFunc(w.Hours, hour) {
		return false
	}
	return meet(w.MinFare, w.MaxFare, o.MinFare, o.MaxFare) &&
		meet(w.MinDistanceM, w.MaxDistanceM, o.MinDistanceM, o.MaxDistanceM)
}

func (h Hours) overlaps(o Hours) bool {
	if h.From >= o.To || o.From >= h.To {
		return false
	}
	for day := 1; day <= 7; day++ {
		if h.on(day) && o.on(day) {
			return true
		}
	}
	return false
}

// meet reports whether two ranges have a value in common; a high end of 0 is none.
func meet[N Fen | int](lowA, highA, lowB, highB N) bool {
	return (highB == 0 || lowA <= highB) && (highA == 0 || lowB <= highA)
}
