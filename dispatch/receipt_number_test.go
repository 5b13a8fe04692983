package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// types is somebody's word on a printed number: a driver's if the name begins with D.
func (w *town) types(who string, ride dispatch.RideID, number, code string) error {
	c := dispatch.AddReceiptNumber{Ride: ride, Number: number, Code: code}
	identity := "rider:" + who
	if who[0] == 'D' {
		c.Driver, identity = dispatch.DriverID(who), "driver:"+who
	} else {
		c.Rider = dispatch.RiderID(who)
	}
	_, err := w.desk.AddReceiptNumber(w.ctx, w.now, w.key(identity), c)
	return err
}

func (w *town) receipt(ride dispatch.RideID) dispatch.RideReceipt {
	w.t.Helper()
	rows, err := w.db.RideReceipt(w.ctx, ride)
	w.ok(err)
	r, err := dispatch.NewRideReceipt(rows)
	w.ok(err)
	return r
}

// A printed number is kept for a week after the drive, replaced by who has typed it alone, and one
// ride's.
func TestPrintedNumbers(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	first := w.ridden("1", driver, metered)
	w.ok(w.types("DA", first, "12345678", ""))
	w.fails(w.types("R1", first, "12345679", ""), dispatch.ReasonReceiptOther)
	w.ok(w.types("DA", first, "12345677", "111001360011"))
	w.ok(w.pay("1", first, money.InWallet))
	n := w.receipt(first).Number
	if n == nil || n.Number != "12345677" || n.Code != "111001360011" ||
		n.By != dispatch.SideDriver || n.Taxi != "TA" {
		t.Fatalf("%+v", n)
	}

	second := w.ridden("1", driver, metered)
	w.fails(w.types("R1", second, "12345677", ""), dispatch.ReasonReceiptNumber)
	w.fails(w.types("R2", second, "12345678", ""), dispatch.ReasonUnknownRide)
	w.fails(w.types("DB", second, "12345678", ""), dispatch.ReasonUnknownRide)
	for _, bad := range [][2]string{
		{"1234567", ""},
		{"123456789012345678901", ""},
		{"1234567x", ""},
		{"１２３４５６７８", ""},
		{"12345678", "123456789"},
		{"12345678", "1234567890123"},
		{"", ""},
	} {
		w.fails(w.types("R1", second, bad[0], bad[1]), dispatch.ReasonField)
	}
	w.ok(w.types("R1", second, "12345678", ""))
	w.fails(w.types("DA", second, "12345676", ""), dispatch.ReasonReceiptOther)
	w.pass(dispatch.ReceiptNumberWithin)
	w.ok(w.types("R1", second, "12345675", ""))
	w.pass(time.Second)
	w.fails(w.types("R1", second, "12345674", ""), dispatch.ReasonTooLate)
}

// Before the drive is over nothing is printed, and of what is not settled there is no receipt.
func TestNoReceiptYet(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	onTrip := w.boarded(driver)
	w.fails(w.types("DA", onTrip, "12345678", ""), dispatch.ReasonStep)
	rows, err := w.db.RideReceipt(w.ctx, onTrip)
	w.ok(err)
	_, err = dispatch.NewRideReceipt(rows)
	w.reason(err, dispatch.ReasonStep)
}
