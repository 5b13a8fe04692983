package dispatch

import (
	"fmt"
	"strings"
	"time"
)

// Language is one in which this house explains itself.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages are all of them.
func Languages() []Language { return []Language{English, Chinese} }

// words say one thing in each language.
type words struct{ en, zh string }

func (w words) in(lang Language) string {
	if lang == Chinese {
		return w.zh
	}
	return w.en
}

// prose writes sentences in one language, with the times of one place.
type prose struct {
	strings.Builder
	lang Language
	zone *time.Location
}

// say appends a line in the prose's language. Both formats get the same arguments.
func (p *prose) say(en, zh string, args ...any) {
	_, _ = p.WriteString(p.form(en, zh, args...)) // never fails
	_ = p.WriteByte('\n')
}

// form is a text in the prose's language.
func (p *prose) form(en, zh string, args ...any) string {
	if p.lang == Chinese {
		return fmt.Sprintf(zh, args...)
	}
	return fmt.Sprintf(en, args...)
}

// pick is the words in the prose's language.
func (p *prose) pick(w words) string { return w.in(p.lang) }

// clock is a time of day.
func (p *prose) clock(t time.Time) string { return t.In(p.zone).Format("15:04:05") }

// span is a length of time, to the second below an hour and to the minute above: "5 min 00 s".
func (p *prose) span(d time.Duration) string {
	s := int(max(0, d).Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return p.form("%d s", "%d 秒", s)
	case s < 3600:
		return p.form("%d min %02d s", "%d 分 %02d 秒", s/60, s%60)
	default:
		return p.form("%d h %02d min", "%d 小时 %02d 分", s/3600, s%3600/60)
	}
}

// drive is the time of a drive of so many seconds, to the minute above two.
func (p *prose) drive(seconds int) string {
	if seconds < 120 {
		return p.form("%d s", "%d 秒", seconds)
	}
	return p.form("%d min", "%d 分钟", (seconds+30)/60)
}

// count is a number of things, in English of one or of more. Each of more, and zh, has a %d.
func (p *prose) count(n int, one, more, zh string) string {
	if p.lang == Chinese {
		return fmt.Sprintf(zh, n)
	}
	return Plural(n, one, more)
}

// Plural is a number of things in English: one if it is 1, else more, which has a %d for it.
func Plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(more, n)
}

// Spell is a length of time as people write it, exact to the second, with the largest units that it
// is made of: "31 days", "72 h", "1 h 30 min", "10 s". Below three days it is told in hours.
func Spell(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 3*day && d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	var parts []string
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.of; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
		}
		d %= unit.of
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}

// list joins parts as the language does.
func (p *prose) list(parts []string) string {
	return strings.Join(parts, p.form(", ", "，"))
}
