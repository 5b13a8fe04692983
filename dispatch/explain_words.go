package dispatch

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// causeWords say each cause as the end of "The true cause: ".
var causeWords = [...]words{
	EngineDown: {
		"nobody looked for a taxi: the city's engine did not run",
		"没有人在找车：本城的派单引擎没有运行",
	},
	NotRecorded: {
		"nothing is known: the city's engine has not written down what it saw",
		"情况不明：本城的派单引擎没有留下记录",
	},
	NobodyOnDuty: {"no driver was on duty in the whole city", "全城没有司机出车"},
	NobodyNear: {
		"no driver was on duty near enough to the pickup", "上车点附近没有出车的司机",
	},
	DriversUnplaced: {
		"nobody knows whether a driver was near: " +
			"drivers were on duty of whom no position had come since the engine began",
		"不知道附近有没有车：引擎启动后还没有收到出车司机的位置",
	},
	AllBusy:   {"all drivers near had rides", "附近的司机都在服务其他乘客"},
	AllPaused: {"the drivers near were on a break", "附近的司机都在休息"},
	PhonesSilent: {
		"the phones of the drivers near sent no positions", "附近司机的手机没有上报位置",
	},
	TooFewTaxis: {
		"too few taxis: other rides got those that were near", "车太少：附近能来的车都派给了其他订单",
	},
	TaxisTooSmall: {
		"the idle taxis near had too few seats", "附近的空车座位不够",
	},
	DriversDeclined: {"the drivers who were asked said no", "收到派单的司机都拒绝了"},
	DriversSilent: {
		"the drivers who were asked did not answer", "收到派单的司机都没有应答",
	},
	GivenBack: {
		"the drivers near who could have come had taken it and given it back",
		"附近能来的司机接过这一单又退回了",
	},
	CallsUnheard: {
		"the drivers near were called, and nobody grabbed the ride", "附近的司机收到了播报，无人抢单",
	},
	OffersLost: {
		"the offers did not reach the drivers' phones", "派单没有送达司机的手机",
	},
	OffersRefused: {
		"the rows refused the offers again and again: ride or driver had changed",
		"派单一再被数据库拒绝：订单或司机的状态已变",
	},
	LeftForLater: {
		"the taxis near were so far that it was left for later rounds, in hope of a nearer one",
		"附近的车太远，留待后面的轮次等更近的车",
	},
	Overloaded: {
		"the service was overloaded: answers came in too late for more offers",
		"系统繁忙，司机的应答处理不及，暂缓派单",
	},
	RuledOut: {
		"a rule kept the idle taxis near from this ride", "附近的空车按规则不能接这一单",
	},
	HeldForRegular: {
		"it was held for the rider's regular driver or their team, who did not come",
		"订单先留给乘客的常用司机及其车队，他们没有接单",
	},
	RiderLeft: {"the rider gave up before anybody had taken it", "有人接单之前乘客已取消"},
}

// Words is the cause in a language; "" for none.
func (c Cause) Words(lang Language) string { return causeWords[c].in(lang) }

// offerWords say what became of an offer, after whom it was made to.
var offerWords = map[OfferState]words{
	OfferOpen:      {"has not answered yet", "尚未应答"},
	OfferAccepted:  {"accepted after %s", "%s后接单"},
	OfferDeclined:  {"declined after %s", "%s后拒绝"},
	OfferSilent:    {"did not answer within %s", "%s内没有应答"},
	OfferExpired:   {"was not reached within %s", "%s内没有送达"},
	OfferWithdrawn: {"lost it after %s: it was withdrawn", "%s后派单被收回"},
}

// Tell is the story in words, a sentence or two in each line. A place's times are zone's; maxPickup
// is the policy's longest way to a pickup.
func (s RideStory) Tell(lang Language, zone *time.Location, maxPickup time.Duration) string {
	p := &prose{lang: lang, zone: zone}
	s.tellEnd(p)
	s.tellRounds(p, int(maxPickup.Seconds()))
	s.tellOffers(p)
	s.tellCalls(p)
	s.tellSpent(p)
	s.tellCause(p)
	return p.String()
}

// tellEnd says when it was asked for and what became of it.
func (s RideStory) tellEnd(p *prose) {
	at, took := p.clock(s.AskedAt), p.span(s.Searched)
	switch {
	case s.Rounds == 0 && s.By != "" && s.Made == 0:
		p.say("Begun %s with %s at the kerb: there was no search.", "%s 由 %s 扬招上车，没有寻车。", at, s.By)
	case s.By != "":
		p.say("Asked %s, taken by %s after %s.", "%s 下单，%[3]s后由 %[2]s 接单。", at, s.By, took)
	case s.State == Searching:
		p.say("Asked %s, has searched %s and still does.", "%s 下单，已寻车 %s，仍在寻车。", at, took)
	case s.Cause == RiderLeft:
		p.say("Asked %s, given up by the rider after %s.", "%s 下单，%s后乘客取消。", at, took)
	default:
		p.say("Asked %s, searched %s, nobody took it.", "%s 下单，寻车 %s，无人接单。", at, took)
	}
	if s.Searches > 1 {
		p.say("It was given back %s and searched for again.", "曾被退回%s并重新寻车。",
			p.count(s.Searches-1, "once", "%d times", " %d 次"))
	}
}

// tellRounds says how many rounds there were and what they found.
func (s RideStory) tellRounds(p *prose, maxPickupS int) {
	switch {
	case s.Rounds == 0:
		switch {
		case s.By != "":
		case s.Lost > 0:
			p.say("No round of it is known.", "没有撮合记录。")
		case s.Unwatched:
			p.say("No round was made for it.", "没有为它撮合过。")
		default:
			p.say("No round was made: no taxi in the city was idle.", "没有撮合：全城没有空车。")
		}
	case s.Without == s.Rounds:
		p.say("Rounds: %d. In none of them a taxi that could have come within %s.",
			"共 %d 轮撮合，每一轮在 %s车程内都没有能接单的车。", s.Rounds, p.drive(maxPickupS))
	case s.Without > 0:
		p.say("Rounds: %d. In %d of them no taxi that could have come within %s.",
			"共 %d 轮撮合，其中 %d 轮在 %s车程内没有能接单的车。",
			s.Rounds, s.Without, p.drive(maxPickupS))
	default:
		p.say("Rounds: %d. In each there was a taxi that could have come.",
			"共 %d 轮撮合，每轮都有能接单的车。", s.Rounds)
	}
	if s.Lost > 0 && s.Rounds > 0 {
		p.say("The rounds of %s are not among them: the engine has not written them down.",
			"其中不含 %s内的撮合：派单引擎没有留下那段时间的记录。", p.span(s.Lost))
	}
	if s.Outbid > 0 {
		p.say("In %d of them every taxi that could have come went to another ride.",
			"有 %d 轮把能来的车都派给了其他订单。", s.Outbid)
	}
	if s.By == "" && s.Look != nil && s.Look.NearestS > maxPickupS {
		p.say("The nearest idle taxi was %s away.", "最近的空车在 %s车程之外。", p.drive(s.Look.NearestS))
	}
	if s.By != "" {
		s.tellChosen(p)
	}
}

// tellChosen says why the taxi that took the ride was the one.
func (s RideStory) tellChosen(p *prose) {
	if s.Last == nil {
		return
	}
	for i, c := range s.Last.Candidates {
		if c.Verdict != Chosen {
			continue
		}
		nearer := 0
		for j, other := range s.Last.Candidates {
			if j != i && other.Verdict == BetterElsewhere && other.PickupS < c.PickupS {
				nearer++
			}
		}
		n := p.count(len(s.Last.Candidates), "1 taxi was", "%d taxis were", " %d 辆车")
		if nearer == 0 {
			p.say("In its last round %s considered; %s, %s, was the nearest that could.",
				"最后一轮考虑了%s，%s（%s）是能接单的最近的车。",
				n, c.Taxi, p.away(c.PickupS, c.AfterS))
			return
		}
		p.say("In its last round %s considered; %s, %s, was chosen, "+
			"as %s of more use to other rides.",
			"最后一轮考虑了%s，选中 %s（%s）；更近的%s派给其他订单更合算。",
			n, c.Taxi, p.away(c.PickupS, c.AfterS),
			p.count(nearer, "1 nearer one was", "%d nearer ones were", " %d 辆"))
		return
	}
}

// toldOffers is how many offers are told one by one.
const toldOffers = 5

// tellOffers says who was asked, and the answers.
func (s RideStory) tellOffers(p *prose) {
	if s.Made == 0 {
		if s.Rounds > 0 && s.By == "" && s.Called == 0 {
			p.say("No driver was asked.", "没有向任何司机派单。")
		}
		return
	}
	var told []string
	left := s.Made
	for i, o := range s.Offers {
		again := func(other LoggedOffer) bool {
			return other.Driver == o.Driver && other.State == o.State
		}
		if len(told) == toldOffers || slices.ContainsFunc(s.Offers[:i], again) {
			continue
		}
		n := 0
		for _, other := range s.Offers[i:] {
			if again(other) {
				n++
			}
		}
		left -= n
		told = append(told, p.offer(o, n, s.gaveBack(i)))
	}
	if left > 0 {
		told = append(told, p.form("and %d more", "另有 %d 次", left))
	}
	p.say("Offers: %d. %s.", "派单 %d 次：%s。", s.Made, strings.Join(told, p.form("; ", "；")))
}

// gaveBack reports whether an offer was taken, and the ride given back.
func (s RideStory) gaveBack(i int) bool {
	if s.Offers[i].State != OfferAccepted || s.Searches < 2 {
		return false
	}
	// Who has it now took it with the last of those that were accepted.
	taken := func(o LoggedOffer) bool { return o.State == OfferAccepted }
	return s.By != s.Offers[i].Driver || slices.ContainsFunc(s.Offers[i+1:], taken)
}

// tellCalls says how often it was called out, to how many, and who grabbed it.
func (s RideStory) tellCalls(p *prose) {
	if len(s.Calls) == 0 {
		return
	}
	first, last := s.Calls[0], s.Calls[len(s.Calls)-1]
	reached := 0
	for _, c := range s.Calls {
		reached = max(reached, c.Taxis)
	}
	p.say("Calls: %d, in rings of %d to %d m, to %s at most.",
		"播报 %d 次，半径 %d 至 %d 米，最多播给%s。", s.Called, first.RadiusM, last.RadiusM,
		p.count(reached, "1 idle taxi", "%d idle taxis", " %d 辆空车"))
	if last.State == CallGrabbed {
		p.say("%s grabbed the last one after %s.", "%s 在最后一次播报 %s后抢到。",
			last.Driver, p.span(last.EndedAt.Sub(last.MadeAt)))
	}
}

// offer is one offer and its answer, or n of a driver that were answered alike.
func (p *prose) offer(o LoggedOffer, n int, gaveBack bool) string {
	answer := p.pick(offerWords[o.State])
	if strings.Contains(answer, "%s") {
		answer = fmt.Sprintf(answer, p.span(o.EndedAt.Sub(o.MadeAt)))
	}
	if gaveBack {
		answer += p.form(" and gave it back", "，后又退回")
	}
	if n > 1 {
		answer += p.form(", %d times", "（%d 次）", n)
	}
	return p.form("%s (%s) %s", "%s（%s）%s", o.Driver, p.away(o.PickupS, o.AfterS), answer)
}

// away is how far a taxi was: the way alone, or from a ride that it had to end first.
func (p *prose) away(pickupS, afterS int) string {
	if afterS == 0 {
		return p.form("%s away", "%s车程", p.drive(pickupS))
	}
	return p.form("%s away, of which its ride before was to take %s",
		"%s后可到，其中前一单还需 %s", p.drive(pickupS), p.drive(afterS))
}

// tellSpent says what the time of a search that found nobody went to, if that was more than one
// thing. What held for less than a twentieth is left out.
func (s RideStory) tellSpent(p *prose) {
	var parts []string
	for _, spent := range s.Spent {
		if spent.For() >= s.Searched/20 {
			parts = append(parts, p.form("for %s %s", "%s，%s",
				p.span(spent.For()), spent.Cause.Words(p.lang)))
		}
	}
	if len(parts) > 1 && s.By == "" {
		p.say("Of that time: %s.", "其中 %s。", strings.Join(parts, p.form("; ", "；")))
	}
}

// tellCause says the true cause, with the figures that show it.
func (s RideStory) tellCause(p *prose) {
	if s.Cause == 0 {
		return
	}
	why := s.Cause
	if s.Until != 0 {
		why = s.Until
	}
	shown := ""
	if s.Look != nil {
		shown = s.Look.show(p, why)
	}
	known := ""
	if s.Lost > s.For(why) {
		known = p.form("as far as is known, ", "就已知的情况，")
	}
	told := known + why.Words(p.lang) + shown
	switch {
	case s.Cause != RiderLeft && s.State == Searching:
		p.say("So far: %s.", "目前：%s。", told)
	case s.Cause != RiderLeft:
		p.say("The true cause: %s.", "真正的原因：%s。", told)
	case s.Until == 0:
		p.say("The true cause: %s.", "真正的原因：%s。", s.left(p))
	default:
		p.say("The true cause: %s. Until then: %s.", "真正的原因：%s。在此之前：%s。", s.left(p), told)
	}
}

// left says that the rider left, and whether somebody had had the ride before.
func (s RideStory) left(p *prose) string {
	if s.Searches > 1 {
		return p.form("the rider gave up while it was searched for again",
			"重新寻车期间乘客已取消")
	}
	return RiderLeft.Words(p.lang)
}

// For is how long a cause held.
func (s RideStory) For(cause Cause) time.Duration {
	for _, spent := range s.Spent {
		if spent.Cause == cause {
			return spent.For()
		}
	}
	return 0
}

// show is what of a look shows a cause, in brackets.
func (l Look) show(p *prose, cause Cause) string {
	var parts []string
	add := func(n int, en, zh string) {
		if n > 0 {
			parts = append(parts, fmt.Sprint(n)+p.pick(words{" " + en, " " + zh}))
		}
	}
	switch cause {
	case CallsUnheard, LeftForLater, Overloaded:
		return p.form(" (%d idle within reach)", "（附近有 %d 辆空车）", l.Near.Idle)
	case TooFewTaxis:
		return p.form(" (%d idle in the city for %s)", "（全城 %d 辆空车，%s）",
			l.Idle, p.count(l.Waiting, "1 waiting ride", "%d waiting rides", "%d 单在等"))
	case NobodyOnDuty:
		add(l.City.Off, "off duty", "人已收车")
	case NobodyNear, DriversUnplaced:
		add(l.City.Duty()-l.City.Unplaced, "on duty elsewhere", "人在别处出车")
		add(l.City.Idle, "of them idle", "人空车")
		add(l.City.Unplaced, "on duty without a position", "人出车但没有位置")
	default:
		add(l.Near.Busy, "with a ride", "人有订单")
		add(l.Near.Offered, "being asked for another ride", "人正在考虑其他派单")
		add(l.Near.Paused, "on a break", "人休息")
		add(l.Near.Silent, "with a silent phone", "人手机无信号")
		for _, u := range l.Unfit {
			parts = append(parts, p.form("%d idle: %s", "%d 辆空车：%s",
				u.Taxis, u.Verdict.Words(p.lang)))
		}
	}
	if near := l.Near.Duty(); len(parts) == 1 && near > 0 {
		parts = []string{p.form("%d within reach", "附近共 %d 人", near)}
	}
	if cause == PhonesSilent && l.HeardS > 0 {
		parts = append(parts, p.form("the latest was heard %s before", "最近一次上报在 %s前",
			p.span(time.Duration(l.HeardS)*time.Second)))
	}
	if len(parts) == 0 {
		return ""
	}
	return p.form(" (%s)", "（%s）", p.list(parts))
}

// verdictWords say what a verdict means for a taxi.
var verdictWords = [...]words{
	Chosen:          {"offered", "已派单"},
	Called:          {"called", "收到播报"},
	BetterElsewhere: {"another taxi suited it better", "其他车更合适"},
	TooFar:          {"too far", "太远"},
	TooFewSeats:     {"too few seats", "座位不够"},
	WrongVehicle:    {"of another class, or not so equipped", "车型或设施不符"},
	ExcludedPair:    {"had refused, missed or given back this ride", "曾拒绝、未应答或退回这一单"},
	OfferRefused:    {"had changed meanwhile", "状态刚刚变化"},
	Deferred:        {"worse than waiting for another", "不如再等一等"},
	NotHeadOfQueue:  {"behind others in the queue of its stand", "在候客区排队，尚未轮到"},
	HeldBack:        {"kept for later: answers were coming in too late", "系统繁忙，暂缓派单"},
	HeldForOthers:   {"held for the rider's regular or their team first", "先留给乘客的常用司机及其车队"},
	QueuedElsewhere: {"in the queue of a stand that keeps it", "在候客区排队，不接区外订单"},
}

// Words is the verdict in a language.
func (v Verdict) Words(lang Language) string {
	if int(v) >= len(verdictWords) || verdictWords[v].en == "" {
		return v.String()
	}
	return verdictWords[v].in(lang)
}
