package sim

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// chart is a drawing of lines over a common axis, panel below panel.
type chart struct {
	title, note string
	across      string // what the common axis counts
	names       []string
	panels      []panel
}

// panel is one drawing of a chart: a line for each name.
type panel struct {
	title string
	lines [][]dot // by name; each in the order of x
}

// dot is a mean at a place, and half of its interval.
type dot struct{ x, y, half float64 }

// The measures of a chart, in the SVG's own units.
const (
	chartWidth   = 860.0
	chartTop     = 92.0 // above the first panel: title and note
	panelHeight  = 250.0
	panelGap     = 66.0
	chartLeft    = 74.0
	chartRight   = 190.0 // of it the names take the most
	chartBottom  = 66.0
	errorCap     = 4.0
	nameSpacing  = 17.0
	markerRadius = 4.0
)

// inks are colours that people with any eyes tell apart (M. Okabe, K. Ito, "Color Universal
// Design", 2008), the dark ones first. Beyond them lines are dashed.
var inks = [...]string{"#0072b2", "#d55e00", "#007a5a", "#a6437f", "#4d4d4d", "#8a6a00"}

// svg writes the chart: dark on light, with text as text.
func (c chart) svg(w io.Writer) error {
	s := &strings.Builder{}
	height := chartTop + float64(len(c.panels))*(panelHeight+panelGap) - panelGap + chartBottom
	fmt.Fprintf(s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" `+
		`height="%g" font-family="Helvetica, Arial, sans-serif" font-size="13" `+
		`fill="#1a1a1a">`+"\n", chartWidth, height, chartWidth, height)
	fmt.Fprintf(s, `<rect width="%g" height="%g" fill="#ffffff"/>`+"\n", chartWidth, height)
	label(s, chartLeft, 28, `font-size="17" font-weight="bold"`, c.title)
	label(s, chartLeft, 48, `fill="#555555"`, c.note)
	x := axisOf(c.places(func(d dot) (low, high float64) { return d.x, d.x }))
	for i, p := range c.panels {
		top := chartTop + float64(i)*(panelHeight+panelGap)
		c.panel(s, p, x, top)
	}
	label(s, (chartLeft+chartWidth-chartRight)/2, height-20, `text-anchor="middle"`, c.across)
	s.WriteString("</svg>\n")
	_, err := io.WriteString(w, s.String())
	return err
}

// places are the ends of all dots of the chart along an axis.
func (c chart) places(of func(dot) (low, high float64)) (all []float64) {
	for _, p := range c.panels {
		all = append(all, p.places(of)...)
	}
	return all
}

func (p panel) places(of func(dot) (low, high float64)) (all []float64) {
	for _, line := range p.lines {
		for _, d := range line {
			low, high := of(d)
			all = append(all, low, high)
		}
	}
	return all
}

// panel draws one panel: a frame, a grid with its numbers, and the lines.
func (c chart) panel(s *strings.Builder, p panel, x axis, top float64) {
	y := axisOf(p.places(func(d dot) (low, high float64) { return d.y - d.half, d.y + d.half }))
	right, bottom := chartWidth-chartRight, top+panelHeight
	atX := func(v float64) float64 { return chartLeft + x.share(v)*(right-chartLeft) }
	atY := func(v float64) float64 { return bottom - y.share(v)*panelHeight }
	label(s, chartLeft, top-10, `font-weight="bold"`, p.title)
	for _, v := range y.ticks() {
		stroke(s, chartLeft, atY(v), right, atY(v), `stroke="#dddddd"`)
		label(s, chartLeft-8, atY(v)+4.5, `text-anchor="end"`, y.number(v))
	}
	for _, v := range x.ticks() {
		stroke(s, atX(v), top, atX(v), bottom, `stroke="#eeeeee"`)
		label(s, atX(v), bottom+19, `text-anchor="middle"`, x.number(v))
	}
	fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="none" `+
		`stroke="#888888"/>`+"\n", chartLeft, top, right-chartLeft, panelHeight)
	ends := make([]float64, len(p.lines))
	for i, dots := range p.lines {
		ends[i] = top
		if len(dots) > 0 {
			ends[i] = atY(dots[len(dots)-1].y)
		}
		c.curve(s, i, dots, atX, atY)
	}
	for i, at := range apart(ends, nameSpacing, top, bottom) {
		label(s, right+12, at+4.5, fmt.Sprintf(`fill="%s" font-weight="bold"`, ink(i)), c.names[i])
	}
}

// curve draws the dots of a name, what joins them, and their intervals.
func (c chart) curve(s *strings.Builder, i int, dots []dot, atX, atY func(float64) float64) {
	style := fmt.Sprintf(`stroke="%s" stroke-width="1.5"`, ink(i))
	points := make([]string, len(dots))
	for k, d := range dots {
		x := atX(d.x)
		points[k] = fmt.Sprintf("%.1f,%.1f", x, atY(d.y))
		if d.half > 0 {
			low, high := atY(d.y-d.half), atY(d.y+d.half)
			stroke(s, x, low, x, high, style)
			stroke(s, x-errorCap, low, x+errorCap, low, style)
			stroke(s, x-errorCap, high, x+errorCap, high, style)
		}
		fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="%g" fill="%s"/>`+"\n",
			x, atY(d.y), markerRadius, ink(i))
	}
	dash := ""
	if i >= len(inks) {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n",
		strings.Join(points, " "), ink(i), dash)
}

func ink(i int) string { return inks[i%len(inks)] }

// apart moves places along a line from each other, each as little as the order lets it, so that
// neighbours are at least gap apart and none leaves the span from low to high, if there is room.
func apart(places []float64, gap, low, high float64) []float64 {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(math.Copysign(1, places[a]-places[b]))
	})
	moved := slices.Clone(places)
	for k, i := range order {
		least := low
		if k > 0 {
			least = moved[order[k-1]] + gap
		}
		moved[i] = max(moved[i], least)
	}
	most := high
	for k := range order {
		i := order[len(order)-1-k]
		moved[i] = min(moved[i], most)
		most = moved[i] - gap
	}
	return moved
}

func label(s *strings.Builder, x, y float64, style, text string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" %s>`, x, y, style)
	_ = xml.EscapeText(s, []byte(text)) // a Builder takes all
	s.WriteString("</text>\n")
}

func stroke(s *strings.Builder, x1, y1, x2, y2 float64, style string) {
	fmt.Fprintf(s, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", x1, y1, x2, y2, style)
}

// axis is a span of numbers that begins and ends at a tick.
type axis struct{ low, high, step float64 }

// axisTicks is about how many steps an axis has.
const axisTicks = 5

// axisOf is the least axis with round ticks (1, 2 or 5 times a power of ten apart) that holds all
// values (P. S. Heckbert, "Nice Numbers for Graph Labels", Graphics Gems, 1990).
func axisOf(values []float64) axis {
	if len(values) == 0 {
		return axis{0, 1, 1}
	}
	low, high := slices.Min(values), slices.Max(values)
	if low == high {
		low, high = low-1, high+1
	}
	raw := (high - low) / axisTicks
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, times := range []float64{1, 2, 5} {
		if times*power >= raw {
			step = times * power
			break
		}
	}
	return axis{math.Floor(low/step) * step, math.Ceil(high/step) * step, step}
}

// share is where on the axis a value is, 0 to 1.
func (a axis) share(v float64) float64 { return (v - a.low) / (a.high - a.low) }

func (a axis) ticks() (all []float64) {
	for i := range int(math.Round((a.high-a.low)/a.step)) + 1 {
		all = append(all, a.low+float64(i)*a.step)
	}
	return all
}

// number writes a tick with as many decimals as the step has.
func (a axis) number(v float64) string {
	return fmt.Sprintf("%.*f", max(0, int(-math.Floor(math.Log10(a.step)))), v)
}
