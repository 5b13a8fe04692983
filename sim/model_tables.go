package sim

import "time"

// What the model knows, as numbers. How each was fitted is said with it; the tests named
// TestModelFits… fit again from the data and compare.

// hourShares are the requests in each hour of the day over those in the mean hour of a weekday, on
// weekdays, Saturdays and Sundays: the means of New York's pickups by hour in November 2013,
// without the 3rd (a day of 25 hours) and the 28th and 29th (Thanksgiving). The dip at 16 h is the
// change of shifts, which Beijing's taxis have too.
var hourShares = [3][24]float64{
	{
		0.693, 0.451, 0.297, 0.202, 0.181, 0.243, 0.625, 1.140, 1.325, 1.271, 1.154, 1.128,
		1.158, 1.137, 1.202, 1.107, 0.875, 1.134, 1.459, 1.561, 1.517, 1.494, 1.425, 1.221,
	},
	{
		1.427, 1.241, 1.038, 0.775, 0.504, 0.244, 0.266, 0.390, 0.592, 0.855, 1.041, 1.183,
		1.291, 1.322, 1.282, 1.284, 1.057, 1.225, 1.494, 1.605, 1.473, 1.450, 1.560, 1.615,
	},
	{
		1.610, 1.449, 1.265, 0.983, 0.617, 0.276, 0.248, 0.327, 0.491, 0.759, 1.069, 1.294,
		1.355, 1.345, 1.326, 1.201, 1.025, 1.133, 1.259, 1.185, 1.063, 1.013, 0.884, 0.710,
	},
}

// hourShare is the demand at a time, in the city's zone, over that of a weekday's mean hour.
func hourShare(at time.Time) float64 {
	day := 0
	switch at.Weekday() {
	case time.Saturday:
		day = 1
	case time.Sunday:
		day = 2
	default:
	}
	return hourShares[day][at.Hour()]
}

// seatShares are the shares of requests for 1, 2, 3 and 4 riders: New York, 16 h.
var seatShares = []float64{0.715, 0.137, 0.039, 0.109}

// A quantile is the length that a share of the trips does not exceed.
type quantile struct{ share, lengthM float64 }

// lengths are the crow distances of New York's trips of 16 h without the airports' and without
// those under 100 m, which are meters switched on and off. Between two lines the logarithm of the
// length is linear.
var lengths = []quantile{
	{0, 101},
	{0.01, 354},
	{0.05, 617},
	{0.1, 786},
	{0.2, 1054},
	{0.3, 1301},
	{0.4, 1556},
	{0.5, 1843},
	{0.6, 2191},
	{0.7, 2641},
	{0.8, 3322},
	{0.9, 4666},
	{0.95, 5962},
	{0.99, 9638},
	{1, 18058},
}

// How long a drive takes: s(hour) × km^lengthPower × e^(noise × N(0, 1)), where km is the crow
// distance and s the seconds for a trip of 1 km. Least squares of the logarithms over 9,691 trips
// of New York, January 2016, with a constant for each hour. Longer trips are faster, and less
// uncertain: noise is what is left over, for trips under and over longTripM.
const (
	lengthPower = 0.697
	shortNoise  = 0.413
	longNoise   = 0.326
	longTripM   = 4000
)

var secondsForOneKM = [24]float64{
	309, 278, 285, 273, 280, 230, 270, 315, 387, 389, 377, 392,
	385, 384, 378, 381, 380, 393, 368, 363, 333, 321, 327, 311,
}

// fromShares and toShares are the shares of the kinds of places, in the order of placeKind, where
// trips begin and end by the time of day: New York, January 2016, 9,750 trips, with the places
// told in the test.
var (
	fromShares = [5][]float64{
		{0.263, 0.051, 0.022, 0.046, 0.304, 0.313}, // 0 to 6 h
		{0.262, 0.102, 0.038, 0.022, 0.073, 0.503}, // 6 to 10 h
		{0.322, 0.083, 0.049, 0.024, 0.076, 0.446}, // 10 to 16 h
		{0.317, 0.079, 0.052, 0.024, 0.096, 0.433}, // 16 to 20 h
		{0.338, 0.075, 0.064, 0.025, 0.162, 0.337}, // 20 to 24 h
	}
	toShares = [5][]float64{
		{0.194, 0.061, 0.018, 0.023, 0.145, 0.558},
		{0.368, 0.093, 0.031, 0.030, 0.043, 0.436},
		{0.309, 0.075, 0.032, 0.030, 0.074, 0.480},
		{0.263, 0.080, 0.015, 0.025, 0.103, 0.514},
		{0.246, 0.065, 0.003, 0.027, 0.130, 0.527},
	}
)

// timeOfDay is the line of fromShares and toShares for an hour.
func timeOfDay(hour int) int {
	for i, until := range []int{6, 10, 16, 20} {
		if hour < until {
			return i
		}
	}
	return 4
}
