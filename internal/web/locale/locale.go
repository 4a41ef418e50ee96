// Package locale speaks to people: the sentences of the screens in French and English, dates, waits and numbers the
// way each country writes them, and one sentence for every fault.
//
// A sentence lives in {fr,en}/<screen>.cat, one a line: "key = text". {name} is filled from the arguments; a count
// has the forms key[one] and key[other]. There is one French text, written for Québec; France gets it through a
// typography filter. English differs between countries by its formats only.
package locale

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Default is the tag of a place that never chose.
const Default = "fr-CA"

// Tags lists what a place, a member or a guest may choose. The first of each language is that language's default.
var Tags = []string{"fr-CA", "fr-FR", "en-CA", "en-US", "en-GB"}

var (
	parsed  = parseTags()
	matcher = language.NewMatcher(parsed)
)

func parseTags() []language.Tag {
	tags := make([]language.Tag, len(Tags))
	for i, t := range Tags {
		tags[i] = language.MustParse(t)
	}
	return tags
}

// Match returns the tag of Tags that suits an Accept-Language header best; Default when none does.
func Match(acceptLanguage string) string {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return Default
	}
	for _, w := range wanted { // by preference
		base, _ := w.Base()
		switch _, sure := w.Region(); {
		case base.String() != "fr" && base.String() != "en":
		case Valid(w.String()):
			return w.String()
		case base.String() == "fr" && sure == language.Exact:
			return "fr-FR"
		case base.String() == "fr":
			return "fr-CA"
		case sure == language.Exact:
			_, i, _ := matcher.Match(w)
			return Tags[i]
		default:
			return "en-CA"
		}
	}
	return Default
}

// Valid tells whether tag may be chosen.
func Valid(tag string) bool {
	for _, t := range Tags {
		if t == tag {
			return true
		}
	}
	return false
}

// Locale is a language, a country's formats and a time zone. It is a small value, safe to copy and to share.
type Locale struct {
	Tag  string         // one of Tags; also the lang attribute of the page
	Zone *time.Location // every time is shown in it
}

// New returns the locale of a tag (Default if it is not one of Tags) in a zone (UTC if nil).
func New(tag string, zone *time.Location) Locale {
	if !Valid(tag) {
		tag = Default
	}
	if zone == nil {
		zone = time.UTC
	}
	return Locale{Tag: tag, Zone: zone}
}

type ctxKey struct{}

// With carries l in ctx, from the request to the components that draw the page.
func With(ctx context.Context, l Locale) context.Context { return context.WithValue(ctx, ctxKey{}, l) }

// From returns the locale that With put in ctx, or the default one.
func From(ctx context.Context) Locale {
	if l, ok := ctx.Value(ctxKey{}).(Locale); ok {
		return l
	}
	return New(Default, nil)
}

// Lang returns "fr" or "en", the catalogue that is read.
func (l Locale) Lang() string {
	if strings.HasPrefix(l.Tag, "en") {
		return "en"
	}
	return "fr"
}

// T returns the sentence of key with its {placeholders} filled from args: name, value, name, value. Integers are
// written with the country's separators. An unknown key is a mistake of ours: a test stops, a person sees the key.
func (l Locale) T(key string, args ...any) string {
	text, ok := catalogue(l)[key]
	if !ok {
		return missing(l.Tag, key)
	}
	return l.fill(text, args)
}

// N is T for a count: it reads key[one] or key[other] by the language's rule, and fills {n} with n.
func (l Locale) N(key string, n int, args ...any) string {
	form := "[other]"
	if plural.Cardinal.MatchPlural(l.language(), abs(n), 0, 0, 0, 0) == plural.One {
		form = "[one]"
	}
	text, ok := catalogue(l)[key+form]
	if !ok {
		return missing(l.Tag, key+form)
	}
	return l.fill(text, append([]any{"n", n}, args...))
}

// Has tells whether key is a sentence of the catalogues.
func (l Locale) Has(key string) bool {
	_, ok := catalogue(l)[key]
	return ok
}

// Raw returns the two forms of a count with {n} left in, for the few counts that a browser changes by itself.
func (l Locale) Raw(key string) (one, other string) {
	c := catalogue(l)
	return c[key+"[one]"], c[key+"[other]"]
}

func (l Locale) language() language.Tag {
	if l.Lang() == "en" {
		return language.English
	}
	return language.French
}

func (l Locale) fill(text string, args []any) string {
	if len(args) < 2 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", l.show(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func (l Locale) show(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return l.Number(v)
	case int64:
		return l.Number(int(v))
	case time.Duration:
		return l.Wait(v)
	case []string:
		return l.List(v)
	}
	return fmt.Sprint(v)
}

func missing(tag, key string) string {
	if testing.Testing() {
		panic("locale: " + tag + " has no sentence for " + key)
	}
	return key
}

func abs(n int) int { return max(n, -n) }
