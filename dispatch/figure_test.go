package dispatch_test

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// TestFigures traces the sums of a ride paid through Alipay with a subsidy and a refund that is on
// its way, and finds the fen by which a transfer is another.
func TestFigures(t *testing.T) {
	r := dispatch.Ride{ID: "r", Subsidy: money.Subsidy{Rider: 500, Driver: 300}}
	payments := []money.Payment{
		{Purpose: money.PurposeFare, Amount: 2800, Discount: 500, State: money.PaymentPaid},
		{Purpose: money.PurposeTip, Amount: 200, State: money.PaymentCashConfirmed},
		{Purpose: money.PurposeFee, Amount: 900, State: money.PaymentDue},
	}
	refunds := []money.Refund{{ID: "b", Amount: 100, State: money.AttemptSent}}
	repairs := []money.Repair{{Campaign: "late", Rider: 400, Driver: 200}}
	at := func(id money.TransferID, kind money.TransferKind, code money.Code, fen money.Fen,
	) money.Booked {
		x := money.Booked{Transfer: money.Transfer{ID: id, Kind: kind, Code: code, Amount: fen}}
		if kind == money.TransferPost {
			x.Pending = id[:len(id)-len("/post")]
		}
		return x
	}
	booked := []money.Booked{
		at("s", money.TransferPending, money.CodeSubsidyRider, 500),
		at("d", money.TransferPending, money.CodeSubsidyDriver, 300),
		at("a/paid", money.TransferPosted, money.CodeFare, 2300),
		at("a/channel_fee", money.TransferPosted, money.CodeChannelFee, 14),
		at("s/post", money.TransferPost, money.CodeSubsidyRider, 500),
		at("d/post", money.TransferPost, money.CodeSubsidyDriver, 300),
		at("b/hold", money.TransferPending, money.CodeRefund, 100),
		at("repair/late/r/rider", money.TransferPosted, money.CodeSubsidyRider, 400),
		at("repair/late/r/driver", money.TransferPosted, money.CodeSubsidyDriver, 200),
	}
	for i := range booked[len(booked)-2:] {
		repaired := &booked[len(booked)-1-i]
		repaired.Entry, repaired.Subject = "repair/late/r", "r"
	}
	want := map[string][3]money.Fen{ // by the rows, booked, transfers
		"fare": {2300, 2300, 1}, "subsidy_rider": {500, 500, 1}, "subsidy_driver": {300, 300, 1},
		dispatch.Afterwards + "subsidy_rider":  {400, 400, 1},
		dispatch.Afterwards + "subsidy_driver": {200, 200, 1},
		"tip by hand":                          {200, 0, 0}, "channel_fee": {14, 14, 1},
		dispatch.Reserved: {100, 100, 1},
	}
	got := dispatch.Figures(r, payments, refunds, repairs, booked)
	for _, f := range got {
		is := [3]money.Fen{f.Amount, f.Booked, money.Fen(len(f.Lines))}
		if !f.Fits() || is != want[f.Name] {
			t.Errorf("%s: %v, want %v; fits %v", f.Name, is, want[f.Name], f.Fits())
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d figures, want %d: %+v", len(got), len(want), got)
	}
	for i := range booked {
		booked[i].Amount++
		if kind := booked[i].Kind; kind == money.TransferPosted || kind == money.TransferPost {
			wrong := 0
			for _, f := range dispatch.Figures(r, payments, refunds, repairs, booked) {
				if !f.Fits() {
					wrong++
				}
			}
			if alone := booked[i].Code == money.CodeChannelFee; !alone && wrong != 1 {
				t.Errorf("a fen more in %s: %d figures do not fit", booked[i].ID, wrong)
			}
		}
		booked[i].Amount--
	}
}
