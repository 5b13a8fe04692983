package dispatch

import (
	"context"
	"time"
)

// AddReceiptNumber keeps the number that a taxi has printed for a ride, for a week after the drive.
// Who has added it may replace it, and nobody else. Errors: NotFound for a ride that is not the
// caller's; Conflict with ReasonStep before it is completed, with ReasonTooLate, with
// ReasonReceiptNumber for a number that another ride has, with ReasonReceiptOther for a ride whose
// number the other side has typed.
func (d *Desk) AddReceiptNumber(
	ctx context.Context, now time.Time, key Once, c AddReceiptNumber,
) (ReceiptNumber, error) {
	return do(ctx, d, "AddReceiptNumber", now, key, c, func(j *job) (ReceiptNumber, error) {
		r, err := j.tx.Ride(c.Ride)
		if err != nil {
			return ReceiptNumber{}, err
		}
		by, err := c.side(r)
		if err != nil {
			return ReceiptNumber{}, err
		}
		n, err := c.of(r, by, now)
		if err != nil {
			return ReceiptNumber{}, err
		}
		return n, j.tx.PutReceiptNumber(n)
	})
}
