package store

import (
	"context"
	"slices"

	"hexhail/dispatch"
	"hexhail/money"
)

// receiptNumberColumns are written by PutReceiptNumber and read by scanReceiptNumber in this order.
var receiptNumberColumns = columns{"ride", "city", "taxi", "number", "code", "by_side", "at"}

var (
	// putReceiptNumber is the one guard of whose word it is: condition and change are one
	// statement.
	putReceiptNumber = &query{text: receiptNumberColumns.insert("receipt_number").text + `
		ON CONFLICT (ride) DO UPDATE SET number = excluded.number, code = excluded.code,
			at = excluded.at
		WHERE receipt_number.by_side = excluded.by_side`}
	receiptNumberOf = receiptNumberColumns.selects(`receipt_number WHERE ride = $1`)
	// receiptCard has the names of a ride's receipt, whoever's it is: who reads it has been asked.
	receiptCard = columns{
		"coalesce(driver.name, '')", "coalesce(company.name, '')", "coalesce(taxi.plate, '')",
	}.selects(`ride LEFT JOIN driver ON driver.id = ride.driver
		LEFT JOIN company ON company.id = driver.company
		LEFT JOIN taxi ON taxi.id = ride.taxi
		WHERE ride.id = $1`)
	campaignName = columns{"name"}.selects(`campaign WHERE id = $1 AND version = $2`)
)

func scanReceiptNumber(r *reader) dispatch.ReceiptNumber {
	return dispatch.ReceiptNumber{
		Ride: dispatch.RideID(r.text()), City: dispatch.CityID(r.text()),
		Taxi: dispatch.TaxiID(r.text()), Number: r.text(), Code: r.text(),
		By: name(r, dispatch.ParseSide), At: r.time(),
	}
}

// PutReceiptNumber implements [dispatch.ReceiptNumbers].
func (t *tx) PutReceiptNumber(n dispatch.ReceiptNumber) error {
	changed, err := t.exec(putReceiptNumber, string(n.Ride), string(n.City), string(n.Taxi),
		n.Number, n.Code, n.By.String(), millis(n.At))
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonReceiptOther,
		"ride %s: the other side has typed its receipt's number", n.Ride)
}

// RiderReceipt is what the receipt of a rider's ride is made of, at one moment. NotFound with
// ReasonUnknownRide if it is not theirs.
func (db *DB) RiderReceipt(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
) (rows dispatch.ReceiptRows, err error) {
	err = db.snapshot(ctx, func(t *tx) error {
		r, ok, err := one(t, scanRide, riderRide, string(id), string(rider))
		if err := owned(ok, err, "rider", string(rider), id); err != nil {
			return err
		}
		rows, err = t.receipt(r)
		return err
	})
	return rows, err
}

// RideReceipt is the same of any ride. NotFound with ReasonUnknownRide.
func (db *DB) RideReceipt(
	ctx context.Context, id dispatch.RideID,
) (rows dispatch.ReceiptRows, err error) {
	err = db.snapshot(ctx, func(t *tx) error {
		r, err := t.Ride(id)
		if err != nil {
			return err
		}
		rows, err = t.receipt(r)
		return err
	})
	return rows, err
}

func (t *tx) receipt(r dispatch.Ride) (rows dispatch.ReceiptRows, err error) {
	scan := func(row *reader) dispatch.ReceiptRows {
		return dispatch.ReceiptRows{Driver: row.text(), Company: row.text(), Plate: row.text()}
	}
	if rows, _, err = one(t, scan, receiptCard, string(r.ID)); err != nil {
		return rows, err
	}
	rows.Ride = r
	if rows.Payments, err = t.PaymentsOf(r.Subject()); err != nil {
		return rows, err
	}
	if rows.Paid, err = t.paidBy(rows.Payments); err != nil {
		return rows, err
	}
	if rows.Refunds, err = t.RefundsOf(r.Subject()); err != nil {
		return rows, err
	}
	if rows.Repairs, err = t.RepairsOf(r.Subject()); err != nil {
		return rows, err
	}
	if rows.Campaigns, err = t.campaignNames(r.Subsidy, rows.Repairs); err != nil {
		return rows, err
	}
	n, ok, err := one(t, scanReceiptNumber, receiptNumberOf, string(r.ID))
	if ok {
		rows.Number = &n
	}
	return rows, err
}

// paidBy are the attempts by which payments were paid, each with when its order was captured.
func (t *tx) paidBy(payments []money.Payment) (map[money.PaymentID]money.Attempt, error) {
	paid := map[money.PaymentID]money.Attempt{}
	for _, p := range payments {
		a, ok, err := t.PaidAttempt(p.ID)
		if err == nil && ok && a.Order != a.ID {
			var lead money.Attempt
			lead, err = t.Attempt(a.Order)
			a.CapturedAt = lead.CapturedAt
		}
		if err != nil {
			return nil, err
		}
		if ok {
			paid[p.ID] = a
		}
	}
	return paid, nil
}

// campaignNames are the names that campaigns had when they gave.
func (t *tx) campaignNames(
	s money.Subsidy, repairs []money.Repair,
) (map[money.CampaignID]string, error) {
	names, grants := map[money.CampaignID]string{}, slices.Clone(s.Grants)
	for _, r := range repairs {
		grants = append(grants, money.Grant{Campaign: r.Campaign, Version: r.Version})
	}
	for _, g := range grants {
		name, _, err := one(t, (*reader).text, campaignName, string(g.Campaign), g.Version)
		if err != nil {
			return nil, err
		}
		names[g.Campaign] = name
	}
	return names, nil
}
