package dispatch

import "time"

// ForwardRules are the part of a policy that is about forward dispatch: rides for taxis whose rider
// is about to get out.
type ForwardRules struct {
	// ForwardS is how soon a taxi must be free to be a candidate where its ride ends, 0–900 s; 0 is
	// no forward dispatch. It is for rides that are assigned: calls go to idle taxis, and the
	// baseline Nearest knows idle ones only.
	ForwardS int `json:"forward_s"`
	// ForwardLateS is by how much the taxi may be late for such a ride's pickup, as long as the
	// ride before lasts, 30–900 s; then the ride searches again, without this driver.
	ForwardLateS int `json:"forward_late_s"`
}

func defaultForwardRules() ForwardRules { return ForwardRules{ForwardLateS: 180} }

func (p ForwardRules) check() error {
	return checkRanges([]keyRange{
		{"forward_s", p.ForwardS, 0, 900},
		{"forward_late_s", p.ForwardLateS, 30, 900},
	})
}

// Forward is how soon a taxi must be free to be a candidate where its ride ends; 0 is never.
func (p Policy) Forward() time.Duration {
	if p.Mode != Assign && p.Mode != Hybrid {
		return 0
	}
	return seconds(p.ForwardS)
}

const (
	// alighting is from the end of a drive until the taxi can set out: the rider pays and gets out.
	alighting = 30 * time.Second
	// doubtPct is by how many per cent of the rest of its ride a busy taxi costs more than an idle
	// one that is as soon at the pickup. The rest is an estimate of an estimate: traffic, a rider
	// who wants to be let out elsewhere. An idle taxi on its way is sure.
	doubtPct = 25
)
