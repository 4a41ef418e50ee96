package view

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"comptoir/internal/web/static"
)

func templates(t *testing.T, do func(name string, line int, text string)) {
	t.Helper()
	names, err := filepath.Glob("*.templ")
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(b), "\n") {
			do(name, i+1, line)
		}
	}
}

func TestTemplatesCarryNothingInline(t *testing.T) {
	banned := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|hx-on|templ\.Raw|<style|<script(?: [^>]*)?>[^<]|templ\.JS|js:|javascript:|unsafe`)
	templates(t, func(name string, line int, text string) {
		if banned.MatchString(text) {
			t.Errorf("%s:%d: %s", name, line, strings.TrimSpace(text))
		}
	})
}

func TestEveryIconIsDrawn(t *testing.T) {
	used := regexp.MustCompile(`Icon\("([a-z0-9-]+)"\)`)
	templates(t, func(name string, line int, text string) {
		for _, m := range used.FindAllStringSubmatch(text, -1) {
			if !static.HasIcon(m[1]) {
				t.Errorf("%s:%d: the sprite has no %s", name, line, m[1])
			}
		}
	})
	for _, tables := range []map[string]string{navIcons, networkIcons} {
		for key, name := range tables {
			if !static.HasIcon(name) {
				t.Errorf("%s: the sprite has no %s", key, name)
			}
		}
	}
}

// A word in a template that is not in the catalogues is a word that one of the two languages lacks.
func TestTemplatesHoldNoSentence(t *testing.T) {
	text := regexp.MustCompile(`>\s*([^<>{}@]*\pL{3,}[^<>{}@]*)<`)
	allowed := map[string]bool{"Ctrl": true, "Alt": true}
	templates(t, func(name string, line int, s string) {
		if strings.HasPrefix(strings.TrimSpace(s), "//") {
			return
		}
		for _, m := range text.FindAllStringSubmatch(s, -1) {
			if w := strings.TrimSpace(m[1]); !allowed[w] && !strings.Contains(w, "· Comptoir") {
				t.Errorf("%s:%d: %q is not from a catalogue", name, line, w)
			}
		}
	})
}

func TestOnlyPlainAddressesLeaveTheHouse(t *testing.T) {
	for in, want := range map[string]string{
		"https://jasette.quebec/@maude/1": "https://jasette.quebec/@maude/1", "mailto:a@b.ca": "mailto:a@b.ca", "http://a.b": "http://a.b",
		"javascript:alert(1)": "", " JaVaScRiPt:alert(1)": "", "data:text/html,x": "", "//evil.example": "", "/local": "", "https:": "", "vbscript:x": "", "java\nscript:x": "", "": "",
	} {
		if got := string(Outside(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
