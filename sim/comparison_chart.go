package sim

import (
	"fmt"
	"io"
	"slices"
)

// chart is the comparison's: wait and service over the fleet.
func (c Comparison) chart(title string) chart {
	r := c.results()
	drawn := chart{
		title: title, across: "taxis", names: c.Contenders,
		note: fmt.Sprintf("mean of %d seeds, with its 95 %% confidence interval", len(c.Seeds)),
	}
	if c.CutShort {
		drawn.note = "ended early: mean of the seeds that were run, and its 95 % interval"
	}
	for _, p := range []struct {
		title string
		of    func(Report) float64
	}{
		{"Mean wait from request to boarding, s", func(r Report) float64 { return r.WaitS.Mean }},
		{
			"Served of the requests within the graph, %",
			func(r Report) float64 { return 100 * r.WithinGraph.ServiceRate },
		},
	} {
		one := panel{title: p.title}
		for _, name := range c.Contenders {
			var dots []dot
			for _, fleet := range slices.Sorted(slices.Values(c.Fleets)) {
				if mean := r.mean(name, fleet, p.of); mean.N > 0 {
					dots = append(dots, dot{x: float64(fleet), y: mean.Mean, half: mean.Half})
				}
			}
			one.lines = append(one.lines, dots)
		}
		drawn.panels = append(drawn.panels, one)
	}
	return drawn
}

// Chart writes the comparison as an SVG: the mean wait and the service rate over the fleet, a line
// for each contender.
func (c Comparison) Chart(w io.Writer, title string) error { return c.chart(title).svg(w) }
