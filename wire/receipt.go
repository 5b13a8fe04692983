package wire

import (
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// ReceiptPB is a ride's receipt, with its text in a language ("" is Chinese) and the times of the
// ride's city; of one that is served no more, in UTC.
func ReceiptPB(r dispatch.RideReceipt, language string, zone *time.Location) *typepb.Receipt {
	lang := dispatch.Chinese
	if language == string(dispatch.English) {
		lang = dispatch.English
	}
	pb := &typepb.Receipt{
		RideId: string(r.Ride), Company: r.Company, Plate: r.Plate, DriverName: r.Driver,
		Pickup: PlacePB(r.Pickup), Dropoff: PlacePB(r.Dropoff), StartedAt: TimePB(r.StartedAt),
		CompletedAt: TimePB(r.CompletedAt), CancelledAt: TimePB(r.CancelledAt),
		DistanceMeters: int32Of(r.DistanceM), DistanceEstimated: r.Estimated,
		Charges: receiptLinesPB(r.Charges), Discounts: receiptLinesPB(r.Discounts),
		Payments: receiptLinesPB(r.Payments), Refunds: receiptLinesPB(r.Refunds),
		Dues: receiptLinesPB(r.Dues), Was: receiptLinesPB(r.Was),
		Repairs:  receiptLinesPB(r.Repairs),
		Tariff:   receiptLinesPB(r.Tariff),
		FareFen:  int64(r.Fare),
		TotalFen: int64(r.Total), DiscountFen: int64(r.Discount), PaidFen: int64(r.Paid),
		BackFen: int64(r.Back), OwedFen: int64(r.Owed), LetOffFen: int64(r.LetOff),
		ToGoBackFen: int64(r.ToGoBack), ByTraceFen: int64(r.ByTrace), Text: r.Tell(lang, zone),
	}
	if r.Number != nil {
		pb.Number = ReceiptNumberPB(*r.Number)
	}
	return pb
}

func receiptLinesPB(lines []dispatch.ReceiptLine) []*typepb.ReceiptLine {
	list := make([]*typepb.ReceiptLine, len(lines))
	for i, l := range lines {
		en, zh := l.Words()
		list[i] = &typepb.ReceiptLine{
			Code: string(l.Code), LabelEn: en, LabelZh: zh, AmountFen: int64(l.Amount),
			At: TimePB(l.At), Channel: string(l.Channel), HongbaoFen: int64(l.Hongbao),
			BalanceFen: int64(l.Balance),
		}
	}
	return list
}

// ReceiptNumberPB is what a taxi has printed.
func ReceiptNumberPB(n dispatch.ReceiptNumber) *typepb.ReceiptNumber {
	return &typepb.ReceiptNumber{
		Number: n.Number, Code: n.Code, By: n.By.String(), At: TimePB(n.At),
	}
}
