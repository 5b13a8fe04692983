package dispatch_test

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// receiptsClose makes the receipts of all rides of a town that can have one, whatever its test was
// about: their sums close, and nothing was let off where nobody has said so.
func (w *town) receiptsClose() {
	w.t.Helper()
	for p := (dispatch.Page{Limit: dispatch.MaxPage}); ; {
		rides, err := w.db.CityRides(w.ctx, w.city.ID, 0, p)
		w.ok(err)
		for _, r := range rides {
			if r.State != dispatch.Settled && r.CancelFee == 0 {
				continue
			}
			rows, err := w.db.RideReceipt(w.ctx, r.ID)
			w.ok(err)
			out, err := dispatch.NewRideReceipt(rows)
			if err != nil && dispatch.ReasonOf(err) == dispatch.ReasonStep &&
				r.State == dispatch.Cancelled {
				continue
			}
			w.ok(err)
			closes(w.t, out)
			if out.LetOff > 0 && !goodwill(rows.Refunds) {
				w.t.Errorf("ride %s: %s let off by nobody: %+v", r.ID, out.LetOff, out)
			}
		}
		if len(rides) < p.Limit {
			return
		}
		p.After = string(rides[len(rides)-1].ID)
	}
}

// goodwill reports whether something went back for another cause than that it was too much.
func goodwill(refunds []money.Refund) bool {
	for _, f := range refunds {
		if f.Payment != "" && f.Why != "车费更正 fare corrected" {
			return true
		}
	}
	return false
}

// closes checks every sum of a receipt.
func closes(t *testing.T, r dispatch.RideReceipt) {
	t.Helper()
	for _, sum := range []struct {
		of    string
		lines []dispatch.ReceiptLine
		want  money.Fen
	}{
		{"charges", r.Charges, r.Total},
		{"discounts", r.Discounts, r.Discount},
		{"payments", r.Payments, r.Paid},
		{"refunds", r.Refunds, r.Back},
		{"dues", r.Dues, r.Owed},
		{"tariff", r.Tariff, r.ByTrace},
	} {
		got := money.Fen(0)
		for _, l := range sum.lines {
			got += l.Amount
		}
		if got != sum.want {
			t.Errorf("ride %s: %s come to %s, not %s", r.Ride, sum.of, got, sum.want)
		}
	}
	if r.Total-r.Discount != r.Paid-r.Back+r.Owed+r.LetOff-r.ToGoBack {
		t.Errorf("ride %s does not close: %+v", r.Ride, r)
	}
	if r.LetOff < 0 || r.ToGoBack < 0 || r.LetOff > 0 && r.ToGoBack > 0 || r.LetOff > r.Back {
		t.Errorf("ride %s: %s let off, %s to go back", r.Ride, r.LetOff, r.ToGoBack)
	}
}
