package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// ReceiptCode says what a line of a receipt is for.
type ReceiptCode string

// The lines of receipts beside those of tariffs. What is paid has the code of its purpose.
const (
	ReceiptMeter     ReceiptCode = "meter"
	ReceiptTolls     ReceiptCode = "tolls"
	ReceiptResolved  ReceiptCode = "resolved" // what ops have taken off the fare
	ReceiptFee       ReceiptCode = ReceiptCode(money.PurposeFee)
	ReceiptTip       ReceiptCode = ReceiptCode(money.PurposeTip)
	ReceiptCancelFee ReceiptCode = ReceiptCode(money.PurposeCancelFee)
	ReceiptFare      ReceiptCode = ReceiptCode(money.PurposeFare)
	ReceiptShare     ReceiptCode = ReceiptCode(money.PurposeShare)
	ReceiptRest      ReceiptCode = ReceiptCode(money.PurposeRest)
	ReceiptFriend    ReceiptCode = "friend"
	ReceiptDiscount  ReceiptCode = "discount"
	ReceiptRefund    ReceiptCode = "refund"
	ReceiptTwice     ReceiptCode = "twice" // what nobody owed
	ReceiptWas       ReceiptCode = "was"
	ReceiptRepaired  ReceiptCode = "repaired" // given by a campaign afterwards
)

// tariffCode is the code of a tariff's line: "flag_fall".
func tariffCode(c money.LineCode) ReceiptCode { return ReceiptCode("tariff_" + c.String()) }

var receiptWords = map[ReceiptCode]words{
	ReceiptMeter:     {"Fare by the meter", "车费（计价器）"},
	ReceiptTolls:     {"Tolls", "过路过桥费"},
	ReceiptResolved:  {"Taken off by our decision", "平台裁定减免"},
	ReceiptFee:       {"Booking fee", "预约费"},
	ReceiptTip:       {"Tip", "加价"},
	ReceiptCancelFee: {"Fee of the late cancel", "取消费"},
	ReceiptFare:      {"Fare", "车费"},
	ReceiptShare:     {"Own share of the fare", "本人分摊车费"},
	ReceiptRest:      {"Rest of the corrected fare", "更正后补缴车费"},
	ReceiptFriend:    {"Share of friend", "好友分摊"},
	ReceiptDiscount:  {"Discount", "优惠"},
	ReceiptRefund:    {"Given back", "退款"},
	ReceiptTwice:     {"Paid though nothing was owed", "重复支付"},
	ReceiptWas:       {"The fare until then", "此前车费"},
	ReceiptRepaired:  {"Credited afterwards", "活动补发"},

	tariffCode(money.LineFlagFall):     {"Flag fall", "起步价"},
	tariffCode(money.LineDistance):     {"Distance", "里程费"},
	tariffCode(money.LineLongDistance): {"Long distance", "远程费"},
	tariffCode(money.LineEmptyReturn):  {"Empty return", "空驶费"},
	tariffCode(money.LineLowSpeed):     {"Low speed and waiting", "低速等候费"},
	tariffCode(money.LineWaiting):      {"Waiting", "等候费"},
	tariffCode(money.LineNight):        {"Night", "夜间加价"},
	tariffCode(money.LineFuel):         {"Fuel surcharge", "燃油附加费"},
	tariffCode(money.LineBookingFee):   {"Booking fee", "预约费"},
	tariffCode(money.LineRounding):     {"Rounding", "取整"},
}

// Words are what a line is for, in English and Chinese, with what was named: "Discount: the
// launch".
func (l ReceiptLine) Words() (en, zh string) {
	w, ok := receiptWords[l.Code]
	if !ok {
		w = words{string(l.Code), string(l.Code)}
	}
	if l.Friend > 0 {
		w.en, w.zh = fmt.Sprintf("%s %d", w.en, l.Friend), fmt.Sprintf("%s%d", w.zh, l.Friend)
	}
	if l.Name != "" {
		w.en, w.zh = w.en+": "+l.Name, w.zh+"："+l.Name
	}
	return w.en, w.zh
}

// receiptSides are who types a printed number, as people call them.
var receiptSides = map[Side]words{
	SideRider: {"the rider", "乘客"}, SideDriver: {"the driver", "司机"},
}

// Tell writes the receipt for people, in a language and with the times of a zone.
func (out RideReceipt) Tell(lang Language, zone *time.Location) string {
	p := &receiptText{prose{lang: lang, zone: zone}}
	p.head(out)
	for _, l := range out.Charges {
		p.line(l, l.Amount)
	}
	p.sum("Total", "合计", out.Total)
	for _, l := range out.Discounts {
		p.line(l, -l.Amount)
	}
	if out.Discount > 0 {
		p.sum("To pay", "应付", out.Total-out.Discount)
	}
	p.part("Paid:", "支付：", out.Payments, 1)
	p.part("Given back:", "退回：", out.Refunds, -1)
	if out.Back > 0 {
		p.sum("Paid in the end", "实付", out.Paid-out.Back)
	} else {
		p.sum("Paid in all", "实付", out.Paid)
	}
	p.part("Owed:", "待付：", out.Dues, 1)
	p.some("Given back beyond what was too much", "其中另行减免", out.LetOff)
	p.some("Has to go back to you still", "尚待退还", out.ToGoBack)
	p.part("Into the wallet besides:", "另入钱包：", out.Repairs, 1)
	if len(out.Was) > 0 {
		p.part("The fare was corrected:", "车费曾更正：", out.Was, 1)
		p.sum("Since then", "更正后", out.Fare)
	}
	p.tariff(out)
	return p.String()
}

// receiptText writes a receipt.
type receiptText struct{ prose }

func (p *receiptText) head(out RideReceipt) {
	p.say("Taxi receipt", "出租车行程收据")
	p.say("Ride: %s", "订单：%s", out.Ride)
	named := func(en, zh, what string) {
		if what != "" {
			p.say(en+": %s", zh+"：%s", what)
		}
	}
	named("Company", "公司", out.Company)
	named("Plate", "车牌", out.Plate)
	named("Driver", "司机", out.Driver)
	p.place("Pick-up", "上车", out.Pickup, out.StartedAt)
	p.place("Drop-off", "下车", out.Dropoff, out.CompletedAt)
	if !out.CancelledAt.IsZero() {
		p.say("Cancelled: %s", "取消：%s", p.moment(out.CancelledAt))
	} else if out.DistanceM > 0 {
		about := ""
		if out.Estimated {
			about = p.form(" (estimate)", "（预估）")
		}
		p.say("Distance: %.1f km%s", "里程：%.1f 公里%s", float64(out.DistanceM)/1000, about)
	}
	if n := out.Number; n != nil {
		named("Number of the printed receipt", "发票号码", n.Number)
		named("Code of the printed receipt", "发票代码", n.Code)
		named("As typed by", "以上填写人", p.pick(receiptSides[n.By]))
	}
	_ = p.WriteByte('\n')
}

// place is where a ride began or ended, and when.
func (p *receiptText) place(en, zh string, at Place, when time.Time) {
	where := at.Name
	if where == "" && at.Point.Check() == nil && (at.Point.Lat != 0 || at.Point.Lng != 0) {
		where = fmt.Sprintf("%.5f, %.5f", at.Point.Lat, at.Point.Lng)
	}
	switch {
	case where == "" && when.IsZero():
	case when.IsZero():
		p.say(en+": %s", zh+"：%s", where)
	case where == "":
		p.say(en+": %s", zh+"：%s", p.moment(when))
	default:
		p.say(en+": %s, %s", zh+"：%s，%s", p.moment(when), where)
	}
}

func (p *receiptText) moment(t time.Time) string { return t.In(p.zone).Format("2006-01-02 15:04") }

// part is some lines under a title, nothing if there are none.
func (p *receiptText) part(en, zh string, lines []ReceiptLine, sign money.Fen) {
	if len(lines) == 0 {
		return
	}
	_, _ = p.WriteString("\n" + p.pick(words{en, zh}) + "\n")
	for _, l := range lines {
		p.line(l, sign*l.Amount)
	}
}

func (p *receiptText) line(l ReceiptLine, amount money.Fen) {
	en, zh := l.Words()
	what := words{en, zh}.in(p.lang)
	if l.Channel != "" {
		nameZH, name := money.ChannelWords(l.Channel)
		what = p.form("%s, %s", "%s，%s", what, words{name, nameZH}.in(p.lang))
	}
	switch {
	case l.Balance == 0 && l.Hongbao == 0:
	case l.Balance == 0:
		what = p.form("%s (hongbao: %s)", "%s（红包 %s）", what, l.Hongbao)
	case l.Hongbao == 0:
		what = p.form("%s (balance: %s)", "%s（余额 %s）", what, l.Balance)
	default:
		what = p.form("%s (hongbao: %s, balance: %s)", "%s（红包 %s，余额 %s）",
			what, l.Hongbao, l.Balance)
	}
	switch {
	case l.At.IsZero():
	case l.Code == ReceiptWas:
		what = p.form("Until %s", "%s 之前", p.moment(l.At))
	default:
		what = p.form("%s, %s", "%s，%s", what, p.moment(l.At))
	}
	p.sum("%s", "%s", amount, what)
}

// sum is a text with an amount.
func (p *receiptText) sum(en, zh string, amount money.Fen, args ...any) {
	p.say(en+": %s yuan", zh+"：%s 元", append(args, amount)...)
}

func (p *receiptText) some(en, zh string, amount money.Fen) {
	if amount > 0 {
		p.sum(en, zh, amount)
	}
}

// tariff is what the tariff gives for the way driven, beside the meter.
func (p *receiptText) tariff(out RideReceipt) {
	p.part("For comparison, the tariff for the recorded way:", "对照：按行驶轨迹和运价计算：", out.Tariff, 1)
	if len(out.Tariff) > 0 {
		p.sum("By the tariff", "按运价", out.ByTrace)
	}
}
