package dispatch_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// boarded is when the rides of these receipts began.
var boarded = time.Date(2013, 12, 9, 4, 31, 0, 0, time.UTC)

func minutes(n int) time.Time { return boarded.Add(time.Duration(n) * time.Minute) }

// drivenRows are the rows of a ride of R at 28 yuan and 5 of tolls, of which nothing is paid.
func drivenRows() dispatch.ReceiptRows {
	return dispatch.ReceiptRows{
		Driver: "王师傅", Company: "首汽", Plate: "京B12345",
		Ride: dispatch.Ride{
			ID: "ride", City: "beijing", Kind: dispatch.Hailed, State: dispatch.Settled,
			Rider: "R", Driver: "D", Taxi: "T",
			Pickup:    dispatch.Place{Point: geo.Point{Lat: 39.908, Lng: 116.459}, Name: "国贸"},
			Dropoff:   dispatch.Place{Point: geo.Point{Lat: 39.991, Lng: 116.307}},
			StartedAt: boarded, CompletedAt: minutes(29), EndedAt: minutes(31),
			Fare: dispatch.Fare{
				Meter: 28_00, Tolls: 5_00, ByTrace: 28_00, DrivenM: 8_432, Coverage: 97,
				State: dispatch.FareAccepted, Lines: []money.FareLine{
					{Code: money.LineFlagFall, Amount: 13_00},
					{Code: money.LineDistance, Amount: 12_49},
					{Code: money.LineLowSpeed, Amount: 2_30},
					{Code: money.LineRounding, Amount: 21},
				},
			},
		},
		Paid:      map[money.PaymentID]money.Attempt{},
		Campaigns: map[money.CampaignID]string{"launch": "支付宝立减 Alipay's launch"},
	}
}

// owes adds a payment.
func owes(
	rows *dispatch.ReceiptRows, purpose money.Purpose, payer money.Party, amount money.Fen,
) *money.Payment {
	rows.Payments = append(rows.Payments, money.Payment{
		ID:      money.NewPaymentID(rows.Ride.Subject(), purpose, payer),
		Subject: rows.Ride.Subject(), Payer: payer, Payee: "D", Purpose: purpose, Amount: amount,
		State: money.PaymentDue,
	})
	return &rows.Payments[len(rows.Payments)-1]
}

// paidBy pays a payment.
func paidBy(rows *dispatch.ReceiptRows, p *money.Payment, c money.ChannelName, at time.Time) {
	p.State, p.Channel = money.PaymentPaid, c
	a := money.Attempt{ID: money.AttemptID("a of " + p.ID), Channel: c, MadeAt: at}
	switch {
	case c == money.Cash:
		p.State = money.PaymentCashConfirmed
	case c.External():
		a.MadeAt, a.CapturedAt = at.Add(-time.Minute), at
	}
	rows.Paid[p.ID] = a
}

// sentBack sends some of a payment back; what has failed is as if it had never been asked for.
func sentBack(
	rows *dispatch.ReceiptRows, p *money.Payment, amount money.Fen, why string, failed bool,
) {
	state := money.AttemptPaid
	if failed {
		state = money.AttemptClosed
	} else {
		p.Refunded += amount
		p.State = money.PaymentPartlyRefunded
	}
	rows.Refunds = append(rows.Refunds, money.Refund{
		ID: money.RefundID("back"), Payment: p.ID, Subject: p.Subject, Channel: p.Channel,
		Amount: amount, Why: why, State: state, MadeAt: minutes(24 * 60),
	})
}

// discounted gives the payer of a fare something of a campaign.
func discounted(rows *dispatch.ReceiptRows, p *money.Payment, gift money.Fen) {
	p.Discount = gift
	rows.Ride.Subsidy = money.Subsidy{
		Campaign: "launch", Version: 1, Reason: money.SubsidyGranted, Rider: gift, Driver: 5_00,
		Grants: []money.Grant{{Campaign: "launch", Version: 1, Rider: gift, Driver: 5_00}},
	}
}

// paidCases are rows of which transcripts are made, by their files.
func paidCases() map[string]func() dispatch.ReceiptRows {
	return map[string]func() dispatch.ReceiptRows{
		"alipay_with_tip": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Ride.Tip, rows.Ride.Booking.Fee = 5_00, 5_00
			rows.Number = &dispatch.ReceiptNumber{
				Number: "02468135", Code: "111001360011", By: dispatch.SideDriver,
			}
			rows.Payments = make([]money.Payment, 0, 3)
			fare := owes(&rows, money.PurposeFare, "R", 33_00)
			discounted(&rows, fare, 5_00)
			for _, p := range []*money.Payment{
				fare, owes(&rows, money.PurposeFee, "R", 5_00),
				owes(&rows, money.PurposeTip, "R", 5_00),
			} {
				paidBy(&rows, p, money.Alipay, minutes(31))
			}
			return rows
		},
		"wallet_first": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Ride.Tip = 5_00
			rows.Payments = make([]money.Payment, 0, 2)
			fare := owes(&rows, money.PurposeFare, "R", 33_00)
			paidBy(&rows, fare, money.WeChat, minutes(31))
			tip := owes(&rows, money.PurposeTip, "R", 5_00)
			paidBy(&rows, tip, money.WeChat, minutes(31))
			legs := func(p *money.Payment, legs ...money.Leg) {
				a := rows.Paid[p.ID]
				a.Legs = legs
				rows.Paid[p.ID] = a
			}
			legs(tip, money.Leg{Hongbao: "h1", Amount: 5_00})
			legs(fare, money.Leg{Hongbao: "h1", Amount: 3_00},
				money.Leg{Hongbao: "h2", Amount: 4_00},
				money.Leg{Instrument: money.InWallet, Amount: 6_00},
				money.Leg{Instrument: money.WeChat, Amount: 20_00})
			sentBack(&rows, fare, 20_00, "绕路 a detour", false)
			sentBack(&rows, fare, 7_00, "绕路 a detour", false)
			rows.Refunds[1].Channel, rows.Refunds[1].Hongbao = money.InWallet, 1_00
			return rows
		},
		"shared_by_friends": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Payments = make([]money.Payment, 0, 4)
			owes(&rows, money.PurposeFare, "R", 33_00).State = money.PaymentVoid
			paidBy(&rows, owes(&rows, money.PurposeShare, "R", 11_00), money.InWallet, minutes(40))
			paidBy(&rows, owes(&rows, money.PurposeShare, "R2", 11_00), money.WeChat, minutes(55))
			paidBy(&rows, owes(&rows, money.PurposeShare, "guest:ride/2", 11_00), money.Cash,
				minutes(31))
			return rows
		},
		"corrected_and_agreed": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Ride.Fare.Meter, rows.Ride.Fare.Was = 38_00, []dispatch.Reading{
				{Meter: 28_00, Tolls: 5_00, At: minutes(50)},
			}
			rows.Payments = make([]money.Payment, 0, 2)
			paidBy(&rows, owes(&rows, money.PurposeFare, "R", 33_00), money.InWallet, minutes(31))
			owes(&rows, money.PurposeRest, "R", 10_00)
			return rows
		},
	}
}

// oddCases are more of them: what went back, or never came about.
func oddCases() map[string]func() dispatch.ReceiptRows {
	return map[string]func() dispatch.ReceiptRows{
		"resolved_and_refunded": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Ride.Fare.State = dispatch.FareResolved
			rows.Ride.Fare.Resolution = dispatch.Resolution{Total: 30_00, Note: "按轨迹 by the trace"}
			fare := owes(&rows, money.PurposeFare, "R", 33_00)
			paidBy(&rows, fare, money.WeChat, minutes(31))
			sentBack(&rows, fare, 3_00, "车费更正 fare corrected", false)
			sentBack(&rows, fare, 2_00, "绕路 a detour", false)
			return rows
		},
		"refund_failed": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Ride.Fare.Tolls = 0
			rows.Ride.Fare.Was = []dispatch.Reading{{Meter: 28_00, Tolls: 5_00, At: minutes(50)}}
			fare := owes(&rows, money.PurposeFare, "R", 33_00)
			paidBy(&rows, fare, money.WeChat, minutes(31))
			sentBack(&rows, fare, 5_00, "车费更正 fare corrected", true)
			return rows
		},
		"paid_twice": func() dispatch.ReceiptRows {
			rows := drivenRows()
			paidBy(&rows, owes(&rows, money.PurposeFare, "R", 33_00), money.Cash, minutes(31))
			rows.Refunds = []money.Refund{{
				ID: "back", Subject: "ride", Channel: money.Alipay, Amount: 33_00,
				State: money.AttemptSent, MadeAt: minutes(32), Why: "重复支付 paid twice",
			}}
			return rows
		},
		"at_the_kerb": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Company, rows.Ride.Rider, rows.Ride.Kind = "", "", dispatch.Street
			rows.Ride.Dropoff, rows.Ride.Pickup.Name = dispatch.Place{}, ""
			rows.Ride.Fare.Flagged, rows.Ride.Fare.DrivenM = true, 0
			rows.Ride.Fare.Lines, rows.Ride.Fare.ByTrace = nil, 0
			return rows
		},
		"cancelled_late": func() dispatch.ReceiptRows {
			rows := drivenRows()
			rows.Ride.State, rows.Ride.CancelFee = dispatch.Cancelled, 10_00
			rows.Ride.StartedAt, rows.Ride.CompletedAt = time.Time{}, time.Time{}
			rows.Ride.Fare = dispatch.Fare{}
			paidBy(&rows, owes(&rows, money.PurposeCancelFee, "R", 10_00), money.InWallet,
				minutes(31))
			return rows
		},
	}
}

// Receipts are as their transcripts have them, in both languages, and their sums close.
func TestReceipts(t *testing.T) {
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	cases := paidCases()
	maps.Copy(cases, oddCases())
	for name, rows := range cases {
		t.Run(name, func(t *testing.T) {
			receipt, err := dispatch.NewRideReceipt(rows())
			if err != nil {
				t.Fatal(err)
			}
			closes(t, receipt)
			var got strings.Builder
			for _, lang := range dispatch.Languages() {
				got.WriteString(receipt.Tell(lang, city.Zone) + "\n")
			}
			file := filepath.Join("testdata", "receipt", name+".txt")
			want, err := os.ReadFile(file)
			if os.Getenv("HEXHAIL_REWRITE") != "" {
				if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if err != nil || got.String() != string(want) {
				t.Errorf("%s (%v): got\n%s", file, err, got.String())
			}
		})
	}
}
