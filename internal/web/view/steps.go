package view

import (
	"context"
	"slices"

	"comptoir/internal/web/locale"
)

// stepsOf is the side of the first run at one of its four steps.
func stepsOf(ctx context.Context, page PageInfo, at int, place, detail string) Steps {
	l := L(ctx)
	page.NoIndex = true
	return Steps{
		Page: page, Title: l.T("steps.title"), Lead: l.T("steps.lead"), At: at, Place: place, Detail: detail,
		Names: []string{l.T("steps.place"), l.T("steps.message"), l.T("steps.network"), l.T("steps.tables")},
		Head:  l.T("setup.head"), Sub: l.T("setup.text"),
	}
}

func stepsHead(s Steps, head, sub string) Steps {
	s.Head, s.Sub = head, sub
	return s
}

// connected tells whether a network is there besides the tables.
func (s StepNetwork) connected() bool {
	return slices.ContainsFunc(s.Networks, func(c StepChoice) bool { return c.Done != "" })
}

// placeLanguages are the two languages of a place, each in its own words.
func placeLanguages(chosen string) []Option {
	var all []Option
	for _, tag := range []string{"fr-CA", "en-CA"} {
		l := locale.New(tag, nil)
		all = append(all, Option{Value: tag, Label: l.T("setup.language_name"), Hint: l.T("setup.guests_switch"), Lang: l.Lang(), Chosen: l.Lang() == locale.New(chosen, nil).Lang()})
	}
	return all
}

// rowLabel names a field in rows: the first row's label stands above the column and is seen, the others count.
func rowLabel(ctx context.Context, row int, first, other string) string {
	if row == 0 {
		return L(ctx).T(first)
	}
	return L(ctx).T(other, "n", row+1)
}
