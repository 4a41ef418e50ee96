package view

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Plan is the room from above.
type Plan struct {
	Spots []Spot
	Say   string // in words, for who does not see it
}

// Spot is a table on the plan, at X and Y of 24 parts of its width and height. State is "", "n" (calls), "r" (waits,
// somebody comes) or "g" (just served).
type Spot struct {
	ID, Name, Zone, State string
	X, Y                  int
	URL                   string // the slip or the page of this table, "" = nowhere
	Say                   string // the link in words: "Table 7, appelle"
}

// planZone is the ground of a zone, drawn in a box of 30 by 24: as wide as high are its parts.
type planZone struct {
	Name, Path string
	X, Y       int // of its first table, above which its name stands
}

// zones draws the ground of each zone as one thick line through its tables, the shortest that joins them all.
func (p Plan) zones() []planZone {
	var names []string
	of := map[string][]Spot{}
	for _, s := range p.Spots {
		if s.Zone == "" {
			continue
		}
		if _, known := of[s.Zone]; !known {
			names = append(names, s.Zone)
		}
		of[s.Zone] = append(of[s.Zone], s)
	}
	var all []planZone
	for _, name := range names {
		spots := of[name]
		slices.SortStableFunc(spots, func(a, b Spot) int { return (a.Y-b.Y)*100 + a.X - b.X })
		all = append(all, planZone{Name: name, Path: joined(spots), X: spots[0].X, Y: spots[0].Y})
	}
	return all
}

// joined is an SVG path that reaches every spot (Prim's tree: each next one from its nearest).
func joined(spots []Spot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%s %dh0", part(wide(spots[0])), spots[0].Y) // one table alone is a dot
	in, out := spots[:1:1], slices.Clone(spots[1:])
	for len(out) > 0 {
		from, next, best := 0, 0, math.Inf(1)
		for i, a := range in {
			for j, b := range out {
				if d := math.Hypot(wide(a)-wide(b), float64(a.Y-b.Y)); d < best {
					from, next, best = i, j, d
				}
			}
		}
		fmt.Fprintf(&b, "M%s %dL%s %d", part(wide(in[from])), in[from].Y, part(wide(out[next])), out[next].Y)
		in, out = append(in, out[next]), slices.Delete(out, next, next+1)
	}
	return b.String()
}

func wide(s Spot) float64 { return float64(s.X) * 1.25 }

func part(f float64) string { return fmt.Sprintf("%g", math.Round(f*100)/100) }
