package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// Table writes the comparison for people: for each fleet a block with the mean of each figure and
// half of its 95 % confidence interval, and one with the paired differences to the first
// contender. At a fleet without a seed that all contenders have run, those that have run are told
// of alone, and compared with nobody. Without any run it is ErrNoRuns.
func (c Comparison) Table(w io.Writer) error {
	r := c.results()
	var text strings.Builder
	for _, fleet := range c.Fleets {
		if seeds := len(r.seeds(fleet)); seeds > 0 {
			r.block(&text, fleet, seeds)
		} else {
			r.alone(&text, fleet)
		}
	}
	if text.Len() == 0 {
		return ErrNoRuns
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// block writes what is known at one fleet.
func (r results) block(text *strings.Builder, fleet, seeds int) {
	if text.Len() > 0 {
		text.WriteByte('\n')
	}
	asked := func(p Report) float64 { return float64(p.Requests) }
	requests := r.mean(r.Contenders[0], fleet, asked)
	fmt.Fprintf(text, "%d taxis, %.0f requests; seeds: %d; mean ± half of its 95 %% confidence "+
		"interval\n", fleet, requests.Mean, seeds)
	r.lines(text, "", r.Contenders, func(name string, f figure) string {
		return r.mean(name, fleet, f.of).text(f.decimals, "")
	})
	if len(r.Contenders) < 2 {
		return
	}
	r.lines(text, "less "+r.Contenders[0], r.Contenders[1:], func(name string, f figure) string {
		return r.difference(name, fleet, f.of).text(f.decimals, "+")
	})
}

// alone writes what is known at a fleet at which not all contenders have run.
func (r results) alone(text *strings.Builder, fleet int) {
	ran := make(map[string][]Report)
	var names []string
	for _, run := range r.Runs {
		if run.Fleet != fleet {
			continue
		}
		if len(ran[run.Contender]) == 0 {
			names = append(names, run.Contender)
		}
		ran[run.Contender] = append(ran[run.Contender], run.Report)
	}
	if len(names) == 0 {
		return
	}
	if text.Len() > 0 {
		text.WriteByte('\n')
	}
	fmt.Fprintf(text, "%d taxis, %d requests; ended before all contenders had run: nothing is "+
		"compared\n", fleet, ran[names[0]][0].Requests)
	r.lines(text, "", names, func(name string, f figure) string {
		samples := make([]float64, len(ran[name]))
		for i, report := range ran[name] {
			samples[i] = f.of(report)
		}
		return IntervalOf(samples).text(f.decimals, "")
	})
}

// lines writes a line for each figure with a cell for each contender, under their names.
func (r results) lines(
	text *strings.Builder, title string, names []string, cell func(name string, f figure) string,
) {
	rows := [][]string{append([]string{title}, names...)}
	for _, f := range figures {
		row := []string{f.name}
		for _, name := range names {
			row = append(row, cell(name, f))
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, s := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	for _, row := range rows {
		line := "  " + pad(row[0], -widths[0])
		for i, s := range row[1:] {
			line += "   " + pad(s, widths[i+1])
		}
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// pad fills up with spaces: on the left, or for a negative width on the right.
func pad(s string, width int) string {
	if width < 0 {
		return s + strings.Repeat(" ", max(0, -width-utf8.RuneCountInString(s)))
	}
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))) + s
}

// text is "mean ± half"; of one run the mean alone. sign is "+" where a plus is written, too.
func (i Interval) text(decimals int, sign string) string {
	mean := fmt.Sprintf("%"+sign+".*f", decimals, i.Mean)
	if i.N < 2 {
		return mean
	}
	return fmt.Sprintf("%s ± %.*f", mean, decimals, i.Half)
}

// The JSON of a comparison.
type (
	comparisonJSON struct {
		Contenders []string    `json:"contenders"`
		Seeds      []uint64    `json:"seeds"`
		CutShort   bool        `json:"cut_short"`
		Fleets     []fleetJSON `json:"fleets"`
		Runs       []Run       `json:"runs"`
	}
	fleetJSON struct {
		Fleet      int             `json:"fleet"`
		Seeds      int             `json:"seeds"` // that all contenders have run
		Contenders []contenderJSON `json:"contenders"`
	}
	contenderJSON struct {
		Name        string              `json:"name"`
		Figures     map[string]Interval `json:"figures"`
		Differences map[string]Interval `json:"differences,omitempty"` // to the first
	}
)

// MarshalJSON writes the means, the paired differences to the first contender, each with half of
// its 95 % confidence interval, and the reports of all runs. Numbers are rounded to five decimals.
func (c Comparison) MarshalJSON() ([]byte, error) {
	out := comparisonJSON{
		Contenders: c.Contenders, Seeds: c.Seeds, CutShort: c.CutShort, Runs: c.Runs,
	}
	r := c.results()
	for _, fleet := range c.Fleets {
		f := fleetJSON{Fleet: fleet, Seeds: len(r.seeds(fleet))}
		for i, name := range c.Contenders {
			one := contenderJSON{Name: name, Figures: map[string]Interval{}}
			for _, figure := range figures {
				one.Figures[figure.key] = r.mean(name, fleet, figure.of).rounded()
			}
			if i > 0 {
				one.Differences = map[string]Interval{}
				for _, figure := range figures {
					d := r.difference(name, fleet, figure.of)
					one.Differences[figure.key] = d.rounded()
				}
			}
			f.Contenders = append(f.Contenders, one)
		}
		out.Fleets = append(out.Fleets, f)
	}
	return json.Marshal(out)
}

func (i Interval) rounded() Interval {
	round := func(v float64) float64 { return math.Round(v*1e5) / 1e5 }
	return Interval{N: i.N, Mean: round(i.Mean), Half: round(i.Half)}
}

// Write writes the comparison as JSON, indented, with a newline at the end.
func (c Comparison) Write(w io.Writer) error { return writeJSON(w, c) }

func writeJSON(w io.Writer, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}
