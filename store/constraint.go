package store

import (
	"context"
	"errors"
	"strings"

	"hexhail/dispatch"
)

// guard is a unique index that means more than "there is such a row already".
type guard struct {
	index   string // as Postgres names it
	columns string // as SQLite does
	reason  dispatch.Reason
	text    string
}

var guards = []guard{
	{
		"ride_one_per_driver", "ride.driver, ride.slot",
		dispatch.ReasonDriverBusy, "the driver has another ride",
	},
	{
		// Which of the two an engine finds first is its own affair.
		"ride_one_per_taxi", "ride.taxi, ride.slot",
		dispatch.ReasonDriverBusy, "the driver's taxi has another ride",
	},
	{
		"ride_one_per_rider", "ride.rider",
		dispatch.ReasonRideOpen, "the rider has an open ride",
	},
	{
		"shift_one_per_taxi", "shift.taxi",
		dispatch.ReasonTaxiTaken, "another driver has the taxi",
	},
	{
		"taxi_one_per_plate", "taxi.city, taxi.plate",
		dispatch.ReasonDuplicate, "another taxi of the city has the plate",
	},
	{
		"complaint_pkey", "complaint.ride, complaint.by_side",
		dispatch.ReasonComplained, "this side has complained of the ride already",
	},
	{
		"regular_one_per_pair", "regular.rider, regular.driver",
		dispatch.ReasonDuplicate, "the two keep each other already",
	},
	{
		"team_one_per_driver", "team_member.driver",
		dispatch.ReasonInTeam, "the driver is of a team",
	},
	{
		"greeting_once", "greeting.driver, greeting.festival",
		dispatch.ReasonGreeted, "the driver has sent a greeting for the festival",
	},
	{
		"wallet_code_once", "wallet_code_used.handle, wallet_code_used.step",
		dispatch.ReasonCodeUsed, "the code has paid already",
	},
	{
		"hand_over_once", "hand_over.ride",
		dispatch.ReasonHandedOver, "the booking was handed over already",
	},
	{
		"draw_day_one_per_city", "draw_day.city, draw_day.day",
		dispatch.ReasonDrawDay, "another draw of the city has the day",
	},
	{
		"receipt_number_once", "receipt_number.city, receipt_number.number, receipt_number.code",
		dispatch.ReasonReceiptNumber, "another ride has the receipt with this number",
	},
	{
		"receipt_number_of_taxi", "receipt_number.taxi, receipt_number.number",
		dispatch.ReasonReceiptNumber, "another ride of the taxi has this number",
	},
	{
		"attempt_one_open", "attempt.payment",
		dispatch.ReasonPayment, "the payment has an open attempt",
	},
	{
		"attempt_one_paid", "attempt.payment",
		dispatch.ReasonPayment, "the payment is paid",
	},
}

// duplicate is what a unique index has refused.
func duplicate(index, columns string, cause error) error {
	for _, g := range guards {
		if g.index == index || g.columns == columns {
			return &dispatch.Error{
				Kind: dispatch.Conflict, Reason: g.reason, Text: g.text, Cause: cause,
			}
		}
	}
	table, _, _ := strings.Cut(columns, ".")
	if table == "" {
		table, _, _ = strings.Cut(index, "_")
	}
	return &dispatch.Error{
		Kind: dispatch.Conflict, Reason: dispatch.ReasonDuplicate,
		Text: "this " + table + " exists already", Cause: cause,
	}
}

func internal(what string, cause error) error {
	return &dispatch.Error{
		Kind: dispatch.Internal, Reason: dispatch.ReasonStore, Text: what, Cause: cause,
	}
}

func unavailable(what string, cause error) error {
	return &dispatch.Error{
		Kind: dispatch.Unavailable, Reason: dispatch.ReasonStore, Text: what, Cause: cause,
	}
}

// gone is whether the caller went away, which is nobody's fault and stays as it is.
func gone(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

var errClosed = unavailable("the store is closed", nil)
