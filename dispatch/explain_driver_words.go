package dispatch

import (
	"strings"
	"time"
)

// hindranceWords say each hindrance as the end of "What weighed most: ".
var hindranceWords = [...]words{
	NoLogs: {
		"nothing is known: no engine has written anything of this time", "没有记录：这段时间引擎没有留下日志",
	},
	WasOff:    {"off duty for nearly all of the time", "几乎一直没有出车"},
	WasBusy:   {"with rides for most of the time on duty", "出车时大部分时间都有订单"},
	WasPaused: {"on a break for most of the time on duty", "出车时大部分时间在休息"},
	WasSilent: {
		"the phone sent no positions for most of the time on duty: " +
			"without a position nobody is found",
		"出车时手机大部分时间没有上报位置，没有位置就找不到这辆车",
	},
	LeftOffers:     {"most offers were left without an answer", "大部分派单没有应答"},
	DeclinedOffers: {"most offers were declined", "大部分派单被拒绝"},
	MissedOffers:   {"most offers did not reach the phone", "大部分派单没有送达手机"},
	QuietPlace: {
		"hardly anybody near asked for a taxi", "附近几乎没有人叫车",
	},
	OthersNearer: {
		"rides were near, and other taxis were nearer or of more use to them",
		"附近有订单，但其他车更近或更合适",
	},
	TaxiTooSmall: {
		"the taxi had too few seats for most rides near", "车的座位不够接附近的大部分订单",
	},
	NoGrab:     {"most calls were not grabbed, or too late", "大部分播报没有抢到"},
	KeptByRule: {"a rule kept the taxi from most rides near", "按规则不能接附近的大部分订单"},
}

// Words is the hindrance in a language; "" for none.
func (h Hindrance) Words(lang Language) string { return hindranceWords[h].in(lang) }

// presenceWords say a presence after a time or before one.
var presenceWords = [...]words{
	DriverIdle:    {"idle", "空车待命"},
	DriverBusy:    {"with a ride", "有订单"},
	DriverOffered: {"asked for a ride", "考虑派单"},
	DriverPaused:  {"on a break", "休息"},
	DriverOff:     {"off duty", "收车"},
	DriverSilent:  {"with a silent phone", "手机失联"},
}

// Words is the presence in a language.
func (p Presence) Words(lang Language) string { return presenceWords[p].in(lang) }

// Tell is the story in words, a sentence or two in each line.
func (s DriverStory) Tell(lang Language, zone *time.Location) string {
	p := &prose{lang: lang, zone: zone}
	s.tellTime(p)
	s.tellNow(p)
	s.tellAsked(p)
	s.tellNear(p)
	s.tellTurns(p)
	s.tellSeen(p)
	p.say("What weighed most: %s.", "最主要的原因：%s。", s.Hindrance.Words(lang))
	return p.String()
}

// tellTime says where the time went.
func (s DriverStory) tellTime(p *prose) {
	var parts []string
	for i := range s.Spent {
		if d := s.Spent[i]; d > 0 && Presence(i) != DriverOff {
			parts = append(parts, p.form("%s %s", "%[2]s %[1]s",
				p.span(d), Presence(i).Words(p.lang)))
		}
	}
	told := p.form("From %s to %s: on duty %s", "%s 至 %s：出车 %s",
		p.clock(s.From), p.clock(s.To), p.span(s.Duty()))
	if len(parts) > 0 {
		told += p.form(" (%s)", "（%s）", p.list(parts))
	}
	if off := s.Spent[DriverOff]; off > 0 {
		told += p.form(", off duty %s", "，收车 %s", p.span(off))
	}
	if s.Unwatched > time.Minute {
		told += p.form(", nothing known of %s", "，无记录 %s", p.span(s.Unwatched))
	}
	p.say("%s.", "%s。", told)
}

// tellNow says how the driver is present now.
func (s DriverStory) tellNow(p *prose) {
	switch {
	case s.Now == 0:
	case s.Now == DriverSilent && s.HeardAt.IsZero():
		s.tellUnplaced(p)
	case s.Now == DriverSilent:
		p.say("Now: on duty, but the last position came at %s.", "现在：已出车，但最后一次位置是 %s。",
			p.clock(s.HeardAt))
	default:
		p.say("Now: %s since %s.", "现在：%s，从 %s 起。", s.Now.Words(p.lang), p.clock(s.Since))
	}
}

// tellUnplaced says that no position has come, as far as is known.
func (s DriverStory) tellUnplaced(p *prose) {
	if s.Since.Sub(s.EngineAt) < lapseLeast {
		p.say("Now: on duty, but no position has come since the city's engine began at %s; "+
			"it does not know the earlier ones.",
			"现在：已出车，但本城派单引擎 %s 启动后没有收到过位置，此前的位置已不可知。",
			p.clock(s.EngineAt))
		return
	}
	p.say("Now: on duty, but no position has come since %s.", "现在：已出车，但从 %s 起没有收到过位置。",
		p.clock(s.Since))
}

// tellAsked says what became of offers.
func (s DriverStory) tellAsked(p *prose) {
	ended, _ := s.Offers()
	if ended == 0 {
		p.say("No offer came.", "没有收到派单。")
		return
	}
	var parts []string
	for _, o := range []struct {
		state OfferState
		w     words
	}{
		{OfferAccepted, words{"%d accepted", "%d 次接单"}},
		{OfferDeclined, words{"%d declined", "%d 次拒绝"}},
		{OfferSilent, words{"%d not answered", "%d 次没有应答"}},
		{OfferExpired, words{"%d did not reach the phone", "%d 次没有送达手机"}},
	} {
		n := s.Answers[o.state]
		if n == 0 {
			continue
		}
		part := strings.Replace(p.pick(o.w), "%d", p.form("%d", "%d", n), 1)
		if o.state == OfferAccepted && s.GivenBack > 0 {
			part += p.form(" (%d given back)", "（其中退回 %d 次）", s.GivenBack)
		}
		parts = append(parts, part)
	}
	p.say("Offers: %d. %s.", "派单 %d 次：%s。", ended, p.list(parts))
}

// tellNear says how many rides were near, and what became of them for this driver.
func (s DriverStory) tellNear(p *prose) {
	idle := s.Spent[DriverIdle] > 0
	switch {
	case s.Rides == 0 && idle:
		p.say("Considered for no ride: none was near enough.", "不是任何订单的候选：附近没有订单。")
		return
	case s.Rides == 0:
		p.say("Considered for no ride.", "不是任何订单的候选。")
		return
	}
	var parts []string
	for _, v := range s.Verdicts {
		parts = append(parts, p.form("%d × %s", "%d 单%s", v.Rides, v.Verdict.Words(p.lang)))
	}
	rides := p.count(s.Rides, "1 ride", "%d rides", " %d 单")
	if s.Unwatched > time.Minute { // of that time there are only the offers
		rides = p.form("at least %s", "至少%s", rides)
	}
	p.say("Considered for %s: %s.", "曾是%s的候选：%s。", rides, p.list(parts))
}

// toldTurns and toldRides are how many are told one by one.
const (
	toldTurns = 5
	toldRides = 5
)

// tellTurns says when the phone was silent or the driver on a break: what looks like no work to the
// driver and is none to the engine.
func (s DriverStory) tellTurns(p *prose) {
	var parts []string
	for i, t := range s.Changes {
		if t.Presence != DriverSilent && t.Presence != DriverPaused {
			continue
		}
		until := p.form("now", "现在")
		if i+1 < len(s.Changes) {
			until = p.clock(s.Changes[i+1].At)
		}
		parts = append(parts, p.form("%s–%s %s", "%s–%s %s",
			p.clock(t.At), until, t.Presence.Words(p.lang)))
	}
	if len(parts) > 0 {
		p.say("No candidate at all: %s.", "完全不是候选：%s。",
			p.list(parts[max(0, len(parts)-toldTurns):]))
	}
}

// tellSeen tells of the latest rides one by one.
func (s DriverStory) tellSeen(p *prose) {
	for _, r := range s.Seen[:min(toldRides, len(s.Seen))] {
		name := p.form("a ride", "一单")
		if r.Ride != "" {
			name = p.form("ride %s", "订单 %s", r.Ride)
		}
		p.say("%s %s, %s away: %s.", "%s %s，%s车程：%s。",
			p.clock(r.At), name, p.drive(r.PickupS), r.told(p))
	}
}

// told says why a driver did not get a ride, or that they did, and who else did.
func (r SeenRide) told(p *prose) string {
	why := r.Verdict.Words(p.lang)
	switch r.Offer {
	case OfferAccepted:
		if !r.Back {
			return p.form("it became a ride", "已成交")
		}
		why = p.form("it was accepted and given back", "接单后又退回")
	case OfferDeclined:
		why = p.form("the offer was declined", "派单被拒绝")
	case OfferSilent:
		why = p.form("the offer was not answered", "派单没有应答")
	case OfferExpired:
		why = p.form("the offer did not reach the phone", "派单没有送达手机")
	case OfferWithdrawn:
		why = p.form("the offer was taken back", "派单被收回")
	case OfferOpen:
		why = p.form("it was offered", "已派单")
	default:
	}
	switch {
	case r.Mine || r.State == 0:
		return why
	case r.RivalS > 0:
		return why + p.form("; a taxi %s away has it", "；由 %s车程的车接走", p.drive(r.RivalS))
	case r.Taken:
		return why + p.form("; another taxi has it", "；由其他车接走")
	case r.State == Searching:
		return why + p.form("; it still searches", "；仍在寻车")
	default:
		return why + p.form("; nobody took it", "；无人接单")
	}
}
