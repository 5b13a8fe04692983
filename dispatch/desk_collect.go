package dispatch

import (
	"context"
	"time"

	"hexhail/money"
)

// CollectFare lets a ride be paid at the driver's phone, by a QR code or a barcode.
type CollectFare struct {
	Ride   RideID
	Driver DriverID
	Means
}

// Collect is Pay at the driver's phone: the payer is whoever scans the code, or shows one, be it of
// an external channel's app or of a rider's wallet here. Errors: as of Pay, Invalid for a way that
// needs the rider's own app; of a wallet's code Conflict with ReasonCodeWrong, ReasonCodeUsed and
// ReasonCodeDeclined, Exhausted with ReasonCodesLocked.
func (d *Desk) Collect(
	ctx context.Context, now time.Time, key Once, c CollectFare,
) (Receipt, error) {
	mine := func(r Ride) error { return r.drivenBy(c.Driver) }
	if c.Channel == money.InWallet && c.Way == money.WayBarcode {
		return d.collectByCode(ctx, now, key, c)
	}
	return d.payOnce(ctx, now, c.Ride, mine, func() (Receipt, error) {
		return do(ctx, d, "Collect", now, key, c, func(j *job) (Receipt, error) {
			if c.Way != money.WayQR && c.Way != money.WayBarcode {
				return Receipt{}, Errorf(Invalid, ReasonField,
					"way: %q, must be qr or barcode at a driver's phone", c.Way)
			}
			return d.pay(j, c.Ride, mine, purse{}, c.Means)
		})
	})
}
