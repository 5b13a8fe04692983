package wire

import (
	"fmt"

	"hexhail/money"
)

// SubsidyWords tells a rider why a campaign has not given for a ride, in both languages.
func SubsidyWords(why money.SubsidyReason) (en, zh string) {
	switch why {
	case money.SubsidyGranted:
		return "Given.", "已享受补贴。"
	case money.SubsidyNone:
		return "No campaign runs in this city.", "本城市暂无活动。"
	case money.SubsidyNotDated:
		return "The ride was not within the campaign's dates.", "行程不在活动日期内。"
	case money.SubsidyPaused:
		return "The campaign is paused.", "活动已暂停。"
	case money.SubsidyEnded:
		return "The campaign has ended.", "活动已结束。"
	case money.SubsidyChannel:
		return "The ride is not paid through the campaign's channel.", "未使用活动指定的支付方式。"
	case money.SubsidyKind:
		return "The campaign is not for rides of this kind.", "该类行程不参加活动。"
	case money.SubsidyHours:
		return "The ride ended outside the campaign's hours.", "行程结束时间不在活动时段内。"
	case money.SubsidyFare:
		return "The fare is outside the campaign's range.", "车费不在活动范围内。"
	case money.SubsidyDistance:
		return "The distance is outside the campaign's range.", "里程不在活动范围内。"
	case money.SubsidyNotFirst:
		return "The campaign gives once, for a first ride.", "仅限首单，每人一次。"
	case money.SubsidySegment:
		return "The campaign is for other riders.", "您不在活动对象范围内。"
	case money.SubsidyRule:
		return "The campaign is not for rides like this.", "该行程不符合活动条件。"
	case money.SubsidyGroup:
		return "Another campaign gives for this ride; the two do not add up.",
			"本单已享受其他活动，不可叠加。"
	default:
		return limitWords(why)
	}
}

func limitWords(why money.SubsidyReason) (en, zh string) {
	switch why {
	case money.SubsidyRider:
		return "You have had all of today's rides with this subsidy.", "您今日的补贴次数已用完。"
	case money.SubsidyDriver:
		return "The driver has had all of today's rides with this subsidy.", "司机今日的补贴次数已用完。"
	case money.SubsidyPair:
		return "You and this driver have had all of today's rides with this subsidy.",
			"您与该司机今日的补贴次数已用完。"
	case money.SubsidyDevice:
		return "This phone has had all of today's rides with this subsidy.",
			"该手机今日的补贴次数已用完。"
	case money.SubsidyCity:
		return "Today's subsidies of this city are used up.", "本城市今日的补贴名额已用完。"
	case money.SubsidyNothing:
		return "There is nothing left to give for this fare.", "本单没有可补贴的金额。"
	case money.SubsidyBudget:
		return "The campaign's budget is spent.", "活动预算已用完。"
	case money.SubsidyWaits:
		return "It waits for your word on the fare.", "请先确认车费。"
	case money.SubsidyVoid:
		return "The ride is paid through another channel.", "已改用其他支付方式。"
	case money.SubsidyExpired:
		return "The ride was not paid in time.", "未在规定时间内支付。"
	case money.SubsidyBrushing:
		return "The ride does not look like one that somebody needed.",
			"该行程不符合补贴规则。"
	case money.SubsidyGiven, money.SubsidyRepaired:
		return "The campaign has given for this ride.", "本单已享受该活动补贴。"
	case money.SubsidyNotAllowed:
		return "There is nothing to pay.", "本单无需支付。"
	default:
		return string(why), string(why)
	}
}

// GiftWords tells what a gift is, in both languages; "" where nothing is given.
func GiftWords(g money.Gift) (en, zh string) {
	switch {
	case g.None():
		return "", ""
	case g.Percent != (money.PercentGift{}):
		return fmt.Sprintf("%d %% off, up to %s yuan", g.Percent.Percent, g.Percent.Cap),
			fmt.Sprintf("立减车费的%d%%，最高%s元", g.Percent.Percent, g.Percent.Cap)
	case g.Random != (money.RandomGift{}):
		return fmt.Sprintf("%s to %s yuan off, at random", g.Random.From, g.Random.To),
			fmt.Sprintf("随机立减%s至%s元", g.Random.From, g.Random.To)
	case len(g.Tiers) > 0:
		first, last := g.Tiers[0], g.Tiers[len(g.Tiers)-1]
		return fmt.Sprintf("%s yuan off the day's first ride, %s from ride %d on",
				first.Amount, last.Amount, last.From),
			fmt.Sprintf("每日首单立减%s元，第%d单起立减%s元", first.Amount, last.From, last.Amount)
	case g.Price != (money.PriceGift{}):
		return fmt.Sprintf("the ride for %s yuan, up to %s yuan off", g.Price.Price, g.Price.Cap),
			fmt.Sprintf("仅需支付%s元，最高立减%s元", g.Price.Price, g.Price.Cap)
	default:
		return fmt.Sprintf("%s yuan off", g.Fixed), fmt.Sprintf("立减%s元", g.Fixed)
	}
}
