package text

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLinkify(t *testing.T) {
	txt := func(s string) Span { return Span{Text: s} }
	link := func(s, u string) Span { return Span{SpanLink, s, u} }
	email := func(s string) Span { return Span{SpanEmail, s, "mailto:" + s} }
	for _, c := range []struct {
		name, in string
		want     []Span
	}{
		{"nothing", "", nil},
		{"no link", "On a faim, table 7. À 18h30!", []Span{txt("On a faim, table 7. À 18h30!")}},
		{"a link in a sentence", "Voir https://edgar.test/menu, merci", []Span{txt("Voir "), link("https://edgar.test/menu", "https://edgar.test/menu"), txt(", merci")}},
		{"French punctuation", "«https://edgar.test» https://edgar.test!", []Span{txt("«"), link("https://edgar.test", "https://edgar.test"), txt("» "), link("https://edgar.test", "https://edgar.test"), txt("!")}},
		{"a bracket of the link", "https://fr.wikipedia.org/wiki/Bar_(établissement)", []Span{link("https://fr.wikipedia.org/wiki/Bar_(établissement)", "https://fr.wikipedia.org/wiki/Bar_%28%C3%A9tablissement%29")}},
		{"a bracket around the link", "(https://edgar.test/a).", []Span{txt("("), link("https://edgar.test/a", "https://edgar.test/a"), txt(").")}},
		{"www", "WWW.Edgar.test/x", []Span{link("WWW.Edgar.test/x", "https://www.edgar.test/x")}},
		{"www alone is a word", "www. www.x", []Span{txt("www. www.x")}},
		{"inside a word", "xhttps://a.test", []Span{txt("xhttps://a.test")}},
		{"a host in another script", "https://café.test", []Span{link("https://café.test", "https://xn--caf-dma.test")}},
		{"unsafe schemes are text", "javascript:alert(1) data:text/html,x ftp://a.test file:///etc", []Span{txt("javascript:alert(1) data:text/html,x ftp://a.test file:///etc")}},
		{"a password is no link", "https://paypal.test@evil.test/x", []Span{txt("https://paypal.test@evil.test/x")}},
		{"an address", "Écris à marie.roy+bar@edgar.test.", []Span{txt("Écris à "), email("marie.roy+bar@edgar.test"), txt(".")}},
		{"address in angle brackets", "<a@b.test>", []Span{txt("<"), email("a@b.test"), txt(">")}},
		{"handles are no addresses", "@edgar @edgar@zinc.test a@b a@b.1", []Span{txt("@edgar @edgar@zinc.test a@b a@b.1")}},
		{"a link with a handle", "https://zinc.test/@edgar ok", []Span{link("https://zinc.test/@edgar", "https://zinc.test/@edgar"), txt(" ok")}},
		{"two addresses", "a@b.test,c@d.test", []Span{email("a@b.test"), txt(","), email("c@d.test")}},
		{"direction override ends a link", "https://a.test/\u202egpj", []Span{link("https://a.test/", "https://a.test/"), txt("\u202egpj")}},
		{"lines", "a\nhttps://a.test\nb", []Span{txt("a\n"), link("https://a.test", "https://a.test"), txt("\nb")}},
	} {
		if d := cmp.Diff(c.want, Linkify(c.in)); d != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, d)
		}
	}
}

func TestLinkifyIsLinear(t *testing.T) {
	for _, unit := range []string{"a@", "@", "http://", "www.", "https://a.test/((((", "))))", "a.", "https://a.test ", "h"} {
		start := time.Now()
		Linkify(strings.Repeat(unit, 1<<18/len(unit)))
		Linkify("https://a.test/" + strings.Repeat(unit, 1<<18/len(unit)))
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%q: 512 kB took %v", unit, d)
		}
	}
}

func TestSafeLink(t *testing.T) {
	for in, want := range map[string]string{
		"https://Edgar.TEST:8443/a b?q=é\"#x":        "https://edgar.test:8443/a%20b?q=%C3%A9%22#x",
		" \x01https://a.test/\n":                     "https://a.test/",
		"ht\ntps://a.test":                           "https://a.test",
		"http://[::1]:80/":                           "http://[::1]:80/",
		"mailto:a@b.test?bcc=all@world.test":         "mailto:a@b.test",
		"MAILTO:a@b.test":                            "mailto:a@b.test",
		"javascript:alert(1)":                        "",
		"java\tscript:alert(1)":                      "",
		"JaVaScRiPt:alert(1)":                        "",
		"javascript://a.test/%0aalert(1)":            "",
		"ftp://a.test/x":                             "",
		"vbscript:x":                                 "",
		"data:text/html,x":                           "",
		"//a.test":                                   "",
		"/a":                                         "",
		"https:a.test":                               "",
		"https:///a":                                 "",
		"https://a.test\\@b.test":                    "",
		"https://a@b.test":                           "",
		"https://аррӏе.test":                         "https://xn--80ak6aa92e.test",
		"https://a.test/\x00x":                       "",
		"mailto:a@b.test,c@d.test":                   "",
		"mailto:":                                    "",
		"https://a.test/" + strings.Repeat("x", 3e3): "",
	} {
		href, _, _ := safeLink(in)
		if href != want {
			t.Errorf("safeLink(%.60q) = %q, want %q", in, href, want)
		}
	}
}

func FuzzLinkify(f *testing.F) {
	for _, s := range []string{"https://a.test/(x)", "a@b.test", "www.a.test…", "http://[::1]/?%", "HTTPS://É.test\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var whole strings.Builder
		for _, span := range Linkify(s) {
			whole.WriteString(span.Text)
			if span.Kind == SpanText {
				continue
			}
			u, err := url.Parse(span.URL)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" {
				t.Errorf("link %q of %q", span.URL, s)
			}
			if again, _, ok := safeLink(span.URL); !ok || again != span.URL {
				t.Errorf("link %q of %q is %q when read again", span.URL, s, again)
			}
		}
		if whole.String() != s {
			t.Errorf("Linkify(%q) holds %q", s, whole.String())
		}
	})
}
