package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// figure is one measured line: samples of ours, each beside the sample of the ceiling that was taken right
// before or after it, and what they should be.
type figure struct {
	what    string
	unit    string
	ours    []float64
	ceiling []float64 // as many as ours; none where nothing limits us but the goal
	goal    goal
}

// goal bounds the median of ours, in the figure's unit, and the median of ours divided by the ceiling. Zero
// does not bound.
type goal struct{ most, least, timesMost, timesLeast float64 }

// one is a figure without a ceiling.
func one(what, unit string, g goal, ours ...float64) figure {
	return figure{what: what, unit: unit, ours: ours, goal: g}
}

// times is the median of the ratios: what ran side by side is compared, so that a slow minute of the machine
// slows both.
func (f figure) times() float64 {
	var all []float64
	for i, c := range f.ceiling {
		if c > 0 {
			all = append(all, f.ours[i]/c)
		}
	}
	return median(all)
}

func (f figure) met() bool {
	v, g := median(f.ours), f.goal
	if g.most > 0 && v > g.most || g.least > 0 && v < g.least {
		return false
	}
	// Without the ceilings' programs there is no ratio to miss.
	r := f.times()
	return len(f.ceiling) == 0 || !(g.timesMost > 0 && r > g.timesMost) && !(g.timesLeast > 0 && r < g.timesLeast)
}

func (g goal) String(unit string) string {
	var parts []string
	add := func(sign string, v float64, unit string) {
		if v > 0 {
			parts = append(parts, strings.TrimSpace(sign+" "+number(v)+" "+unit))
		}
	}
	add("≤", g.most, unit)
	add("≥", g.least, unit)
	add("≤", g.timesMost, "×")
	add("≥", g.timesLeast, "×")
	return strings.Join(parts, ", ")
}

func (f figure) cells() []string {
	row := []string{f.what, strings.TrimSpace(number(median(f.ours)) + " " + f.unit), "", "", f.goal.String(f.unit), ""}
	if len(f.ceiling) > 0 {
		row[2], row[3] = strings.TrimSpace(number(median(f.ceiling))+" "+f.unit), number(f.times())+" ×"
	}
	switch {
	case row[4] == "":
	case f.met():
		row[5] = "met"
	default:
		row[5] = "**missed**"
	}
	return row
}

// number writes a figure with three digits that count.
func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// table writes figures as docs/performance.md shows them.
func table(all []figure) string {
	rows := [][]string{{"What", "Comptoir", "Ceiling", "Ratio", "Goal", ""}}
	for _, f := range all {
		rows = append(rows, f.cells())
	}
	wide := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			wide[i] = max(wide[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for n, r := range rows {
		for i, c := range r {
			b.WriteString("| " + c + strings.Repeat(" ", wide[i]-utf8.RuneCountInString(c)+1))
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range wide {
				b.WriteString("|" + strings.Repeat("-", w+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// median of any number of samples, 0 of none.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// percentile of samples, such as 99.
func percentile(all []float64, p int) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}
