package dispatch

import "fmt"

// FindingWords tell a clue for people, in English and Chinese.
func FindingWords(f Finding) (en, zh string) {
	switch f.Clue {
	case ClueTogether:
		return fmt.Sprintf("the taxi was at the pickup %d s after the claim "+
				"(%d s or more is usual)", f.Is, f.Limit),
			fmt.Sprintf("成交后%d秒车辆即到达上车点（一般不少于%d秒）", f.Is, f.Limit)
	case ClueQuick:
		return fmt.Sprintf("the drive was over after %d s (%d s or more is usual)", f.Is, f.Limit),
			fmt.Sprintf("上车%d秒后即结束行程（一般不少于%d秒）", f.Is, f.Limit)
	case ClueShort:
		return fmt.Sprintf("the taxi drove %d m (%d m or more is usual)", f.Is, f.Limit),
			fmt.Sprintf("车辆仅行驶%d米（一般不少于%d米）", f.Is, f.Limit)
	case ClueQuote:
		return fmt.Sprintf("it drove %d %% of the way that was asked for (%d %% or more is usual)",
				f.Is, f.Limit),
			fmt.Sprintf("仅行驶了下单路程的%d%%（一般不少于%d%%）", f.Is, f.Limit)
	case ClueFare:
		return fmt.Sprintf("the meter says %d %% of what the tariff gives for the trace "+
				"(at most %d %%)", f.Is, f.Limit),
			fmt.Sprintf("计价器金额为轨迹应收的%d%%（一般不超过%d%%）", f.Is, f.Limit)
	case ClueAgain:
		return fmt.Sprintf("the driver had %d other rides today that were over at once and led "+
				"nowhere (fewer than %d are usual)", f.Is, f.Limit),
			fmt.Sprintf("该司机今日另有%d单短时短途行程（一般少于%d单）", f.Is, f.Limit)
	case ClueSplit:
		return fmt.Sprintf("the same two ended a ride here %d s before they began this one "+
				"(%d s or more is usual)", f.Is, f.Limit),
			fmt.Sprintf("同一司乘在此结束上一单%d秒后再次下单（一般不少于%d秒）", f.Is, f.Limit)
	case CluePair:
		return fmt.Sprintf("the same two had %d subsidised rides in the last days "+
				"(fewer than %d are usual), and are no regulars", f.Is, f.Limit),
			fmt.Sprintf("同一司乘近期已有%d单补贴（一般少于%d单），且不是熟客", f.Is, f.Limit)
	case ClueDevice:
		return fmt.Sprintf("the phone has asked for subsidised rides of %d other riders in the "+
				"last days (fewer than %d are usual)", f.Is, f.Limit),
			fmt.Sprintf("该手机近期已为另外%d个账号叫过补贴单（一般少于%d个）", f.Is, f.Limit)
	case CluePhone:
		return fmt.Sprintf("the rider's phone was %d m from the taxi at the end of the drive "+
				"(%d m or less is usual)", f.Is, f.Limit),
			fmt.Sprintf("行程结束时乘客手机距车辆%d米（一般不超过%d米）", f.Is, f.Limit)
	default:
		return string(f.Clue), string(f.Clue)
	}
}

// HoldWords tell a hold for people, in English and Chinese: what was found, and what becomes of it.
func HoldWords(h Hold) (en, zh string) {
	en = fmt.Sprintf("The subsidy of ride %s was held: score %d.", h.Ride, h.Score)
	zh = fmt.Sprintf("订单%s的补贴曾暂扣：评分%d。", h.Ride, h.Score)
	if h.State.Open() {
		en = fmt.Sprintf("The subsidy of ride %s is held: score %d.", h.Ride, h.Score)
		zh = fmt.Sprintf("订单%s的补贴已暂扣：评分%d。", h.Ride, h.Score)
	}
	for _, f := range h.Findings {
		e, z := FindingWords(f)
		en += fmt.Sprintf(" %d: %s.", f.Weight, e)
		zh += fmt.Sprintf("%d分：%s。", f.Weight, z)
	}
	switch h.State {
	case Held:
		en += " Without an appeal it goes back to its campaign."
		zh += "逾期未申诉，补贴将退回活动。"
	case HoldAppealed:
		en += " The driver has appealed; if nobody decides in time, it is paid."
		zh += "司机已申诉，逾期未处理将自动发放。"
	case HoldReleased:
		en, zh = en+" It was released by "+h.DecidedBy+".", zh+"已由"+h.DecidedBy+"发放。"
	case HoldDenied:
		en, zh = en+" It was denied by "+h.DecidedBy+".", zh+"已由"+h.DecidedBy+"拒绝发放。"
	}
	return en, zh
}
