package locale

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"
)

//go:embed fr/*.cat en/*.cat
var files embed.FS

var catalogues = sync.OnceValue(func() map[string]map[string]string {
	fr, en := mustLoad("fr"), mustLoad("en")
	france := make(map[string]string, len(fr))
	for k, text := range fr {
		france[k] = inFrance(text)
	}
	return map[string]map[string]string{"fr-CA": fr, "fr-FR": france, "en-CA": en, "en-US": en, "en-GB": en}
})

func catalogue(l Locale) map[string]string { return catalogues()[l.Tag] }

func mustLoad(lang string) map[string]string {
	c, err := load(files, lang)
	if err != nil {
		panic(err) // embedded and tested: a broken catalogue cannot be released
	}
	return c
}

// load reads every .cat file of a language. The same key in two files is an error.
func load(fsys fs.FS, lang string) (map[string]string, error) {
	names, err := fs.Glob(fsys, lang+"/*.cat")
	if err != nil {
		return nil, err
	}
	c := map[string]string{}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if err := parse(c, name, string(b)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func parse(into map[string]string, name, text string) error {
	for i, line := range strings.Split(text, "\n") {
		if t := strings.TrimSpace(line); t == "" || t[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		key = strings.TrimSpace(key)
		if !ok || key == "" || strings.TrimSpace(value) == "" {
			return fmt.Errorf("%s:%d: not a line of the form key = text", name, i+1)
		}
		if _, twice := into[key]; twice {
			return fmt.Errorf("%s:%d: %s is there twice", name, i+1, key)
		}
		into[key] = strings.TrimRight(value, " \r")
	}
	return nil
}

const (
	nbsp  = "\u00a0"
	nnbsp = "\u202f"
)

var highPunctuation = regexp.MustCompile(`([\p{L}\p{N}»)}%])([?!;]+)`)

// inFrance gives a text of Québec the spaces of France: a narrow no-break one before ? ! and ;. Colons and
// guillemets already have theirs.
func inFrance(text string) string { return highPunctuation.ReplaceAllString(text, "$1"+nnbsp+"$2") }
