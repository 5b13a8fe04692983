package money

import (
	"testing"
	"time"
)

// workedLeg is a piece of a worked example: km at a constant speed, or minutes at a standstill.
type workedLeg struct {
	km, kmh, minutes float64
}

// runLegs feeds the meter in segments of 5 s, as a taxi sends its fixes.
func runLegs(t *testing.T, m *Meter, legs []workedLeg) {
	t.Helper()
	for _, l := range legs {
		seconds := l.minutes * 60
		if l.kmh > 0 {
			seconds = l.km / l.kmh * 3600
		}
		n := Millimetres(seconds/5 + 0.5)
		way := Metres(l.km * 1000)
		for i := range n { // cut so that the pieces add up to the way
			piece := way*(i+1)/n - way*i/n
			if err := m.Drive(Segment{piece, 5 * time.Second}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func cityTime(t *testing.T, clock string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", "2014-01-15 "+clock,
		time.FixedZone("CST", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// workedKM is a ride at a km a minute.
func workedKM(km float64) []workedLeg { return []workedLeg{{km: km, kmh: 60}} }

// workedJam is such a ride with a standstill at its end.
func workedJam(km, minutes float64) []workedLeg {
	return append(workedKM(km), workedLeg{minutes: minutes})
}

const notBooked = time.Duration(-1)

// workedExamples are fares computed by hand from the published lists, in yuan.
var workedExamples = []struct {
	name, tariff, start string
	legs                []workedLeg
	lead                time.Duration
	want                string
}{
	// Beijing. 13.00 + 1 fuel.
	{"short", "beijing", "10:00", workedKM(2.5), notBooked, "14.00"},
	// 13 + 5×2.30 = 24.50, half up to 25; + 1
	{"half yuan", "beijing", "12:00", workedKM(8), notBooked, "26.00"},
	// 13 + 17×2.30 + 5×1.15 = 13 + 39.10 + 5.75 = 57.85 → 58; + 1
	{"long", "beijing", "12:00", workedKM(20), notBooked, "59.00"},
	// 13 + 3×2.30 + 2 full periods × 2 km × 2.30 = 13 + 6.90 + 9.20 = 29.10 → 29; + 1
	{"peak jam", "beijing", "07:30", workedJam(6, 12), notBooked, "30.00"},
	// the same with 1 km a period: 13 + 6.90 + 4.60 = 24.50 → 25; + 1
	{"noon jam", "beijing", "12:00", workedJam(6, 12), notBooked, "26.00"},
	// the jam lasts from 08:51 to 09:03: the first period fills at 08:56 (2 km), the second at
	// 09:01 (1 km): 13 + 6.90 + 3×2.30 = 26.80 → 27; + 1
	{"end of the peak", "beijing", "08:45", workedJam(6, 12), notBooked, "28.00"},
	// 13 + 7×2.30 + 7×0.46 = 13 + 16.10 + 3.22 = 32.32 → 32; + 1
	{"night", "beijing", "02:00", workedKM(10), notBooked, "33.00"},
	// 13 + 7×2.30 + 0.46 for the 5 km after 23:00 = 13 + 16.10 + 2.30 = 31.40 → 31; + 1
	{"into the night", "beijing", "22:55", workedKM(10), notBooked, "32.00"},
	// 0.46 for the km from 3 to 5 only: 13 + 16.10 + 0.92 = 30.02 → 30; + 1
	{"out of the night", "beijing", "04:55", workedKM(10), notBooked, "31.00"},
	// 13 + 39.10 + 5.75 + 17×0.46 = 65.67 → 66; + 1
	{"long at night", "beijing", "23:30", workedKM(20), notBooked, "67.00"},
	// 13 + 2 periods × 2.76 = 18.52 → 19; + 1
	{"jam at night", "beijing", "00:10", workedJam(2, 10), notBooked, "20.00"},
	// 13 + 1, booked under 4 h ahead + 5, from 4 h + 6
	{"booked", "beijing", "10:00", workedKM(2.5), 4*time.Hour - time.Second, "19.00"},
	{"booked early", "beijing", "10:00", workedKM(2.5), 4 * time.Hour, "20.00"},

	// Shanghai. 13 + 1
	{"short", "shanghai", "10:00", workedKM(2), notBooked, "14.00"},
	// 13 + 7×2.40 + 2×3.60 = 37.00; + 1
	{"long", "shanghai", "12:00", workedKM(12), notBooked, "38.00"},
	// 17 + 7×3.10 + 2×4.70 = 48.10 → 48; + 1
	{"long at night", "shanghai", "23:30", workedKM(12), notBooked, "49.00"},
	// from 22:48 at 1 km a minute the 12 km end at 23:00: all by day
	{"just before night", "shanghai", "22:48", workedKM(12), notBooked, "38.00"},
	// from 22:52: km 3–8 at 2.40, 8–10 at 3.10, 10–12 at 4.70: 13 + 12 + 6.20 + 9.40 = 40.60
	// → 41; + 1
	{"into the night", "shanghai", "22:52", workedKM(12), notBooked, "42.00"},
	// 13 + 2×2.40 = 17.80 → 18; + 1. No peak in Shanghai.
	{"peak jam", "shanghai", "08:00", workedJam(3, 10), notBooked, "19.00"},
	// 17 + 2×3.10 = 23.20 → 23; + 1
	{"jam at night", "shanghai", "01:00", workedJam(3, 10), notBooked, "24.00"},

	// Shenzhen, red cabs. 10 + 2 fuel
	{"short", "shenzhen_red", "10:00", workedKM(2), notBooked, "12.00"},
	// 10 + 28×2.40 + 5×0.72 = 80.80 → 81; + 2
	{"long", "shenzhen_red", "12:00", workedKM(30), notBooked, "83.00"},
	// 16 + 28×3.12 = 103.36 → 103; + 2; no empty return at night
	{"long at night", "shenzhen_red", "23:30", workedKM(30), notBooked, "105.00"},
	// 10 + 28×2.40 + 10×0.72 after 23:00 = 84.40 → 84; + 2
	{"into the night", "shenzhen_red", "22:40", workedKM(30), notBooked, "86.00"},
	// 16 + 28×2.40 + 18×0.72 before 06:00 + 5×0.72 empty return = 99.76 → 100; + 2
	{"out of the night", "shenzhen_red", "05:40", workedKM(30), notBooked, "102.00"},
	// 10 + 7 full minutes × 0.80 = 15.60 → 16; + 2
	{"waiting", "shenzhen_red", "08:00", workedJam(2, 7.5), notBooked, "18.00"},

	// Shenzhen, green cabs. 6
	{"short", "shenzhen_green", "10:00", workedKM(1.5), notBooked, "6.00"},
	// 6 + 18.5×2.40 + 5×0.72 = 54.00
	{"long", "shenzhen_green", "12:00", workedKM(20), notBooked, "54.00"},
	// + 18.5×0.48 = 62.88 → 63
	{"long at night", "shenzhen_green", "02:00", workedKM(20), notBooked, "63.00"},
	// 6 + 10×0.50
	{"waiting", "shenzhen_green", "18:00", workedJam(1, 10), notBooked, "11.00"},

	// Hangzhou. 11
	{"short", "hangzhou", "10:00", workedKM(3), notBooked, "11.00"},
	// 11 + 7×2.50 + 2×3.75 = 36.00, and the same at night
	{"long", "hangzhou", "12:00", workedKM(12), notBooked, "36.00"},
	{"night", "hangzhou", "23:30", workedKM(12), notBooked, "36.00"},
	// 11 + 2 periods of 4 min × 2.50
	{"jam", "hangzhou", "08:00", workedJam(3, 9), notBooked, "16.00"},

	// Chengdu. 8
	{"short", "chengdu", "10:00", workedKM(2), notBooked, "8.00"},
	// 8 + 8×1.90 + 2×2.85 = 28.90 → 29
	{"long", "chengdu", "12:00", workedKM(12), notBooked, "29.00"},
	// 8 + 8×2.20 + 2×3.30 = 32.20 → 32
	{"long at night", "chengdu", "23:30", workedKM(12), notBooked, "32.00"},
	// 8 + 3×0.50 after the free five minutes = 9.50 → 10
	{"waiting", "chengdu", "08:00", workedJam(2, 8), notBooked, "10.00"},
	// the free five minutes alone; no booking fee is known
	{"free waiting", "chengdu", "08:00", workedJam(2, 5), time.Hour, "8.00"},
}

func TestWorkedExamples(t *testing.T) {
	for _, c := range workedExamples {
		t.Run(c.tariff+"/"+c.name, func(t *testing.T) {
			tariff, err := LoadTariff(c.tariff)
			if err != nil {
				t.Fatal(err)
			}
			m := NewMeter(&tariff, cityTime(t, c.start))
			runLegs(t, &m, c.legs)
			if c.lead >= 0 {
				m.Book(c.lead)
			}
			fare := m.Fare()
			if got := fare.Total.String(); got != c.want {
				t.Errorf("%s yuan, want %s: %v", got, c.want, fare.Lines)
			}
			if err := fare.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFareLines: one fare with nearly every line: from 22:45, 4 km, a jam until 23:00, and 16 km
// at night.
func TestFareLines(t *testing.T) {
	tariff, err := LoadTariff("beijing")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMeter(&tariff, cityTime(t, "22:45"))
	runLegs(t, &m, []workedLeg{{km: 4, kmh: 60}, {minutes: 11}, {km: 16, kmh: 60}})
	m.Book(time.Hour)
	// 20 km: 17 after the flag fall, 16 of them at night, 5 beyond 15 km; two periods by day.
	want := []FareLine{
		{LineFlagFall, 1300},
		{LineDistance, 3910},
		{LineLongDistance, 575},
		{LineLowSpeed, 460},
		{LineNight, 736},
		{LineFuel, 100},
		{LineBookingFee, 500},
		{LineRounding, 19},
	}
	fare := m.Fare()
	if len(fare.Lines) != len(want) {
		t.Fatalf("lines %v, want %v", fare.Lines, want)
	}
	for i := range want {
		if fare.Lines[i] != want[i] {
			t.Errorf("line %d is %v, want %v", i, fare.Lines[i], want[i])
		}
	}
	if fare.Total != 7600 || fare.Meter() != 7100 {
		t.Errorf("total %s, meter %s, want 76.00 and 71.00", fare.Total, fare.Meter())
	}
	slow := m.LowSpeed()
	if m.Distance() != 20_000_000 || m.Elapsed() != 31*time.Minute || slow != 11*time.Minute {
		t.Errorf("%d mm, %s, %s slow", m.Distance(), m.Elapsed(), slow)
	}
}
