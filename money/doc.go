// Package money holds what Hexhail knows about money and does without asking anyone: amounts, price
// rules, fares, and the rules by which they are split, checked and booked.
//
// # Amounts
//
// [Fen] is the only amount type: whole fen in an int64, never a float. [Add], [Sub], [MulInt] and
// [ApplyPPM] refuse to overflow, [Split] and [SplitBy] lose nothing, and every amount that a person
// typed passes a limit ([MeterReading.Total], [AmountError]).
//
// # Fares
//
// A [Tariff] is a city's published price list, one JSON file each under tariffs/. A [Meter] applies
// it as a taximeter does, segment by segment, and prints an itemised [Fare]:
//
//	tariff, err := money.LoadTariff("beijing")
//	if err != nil {
//		return err
//	}
//	meter := money.NewMeter(&tariff, pickedUpAt) // local civil time of the city
//	for _, s := range segments {
//		if err := meter.Drive(s); err != nil {
//			return err
//		}
//	}
//	fare := meter.Fare() // fare.Total is the sum of fare.Lines
//
// The driver's meter is the truth about a fare. [CheckFare] compares it with the same tariff
// applied to the ride's trace ([TraceFare]) and says whether the rider must be asked first;
// nothing here ever changes a fare.
//
// # Concurrency
//
// The functions are pure. A Tariff is read-only once loaded and may be shared; a Meter, a
// TraceStats and the state machines are values that belong to one goroutine at a time.
//
// # What it does not do
//
// It reads no clock, opens no connection and knows no SQL, no position and no map: times, distances
// and stores are arguments. It imports no other package of Hexhail.
package money
