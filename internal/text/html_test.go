package text

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// htmlReplies are answers in HTML as mail programs write them.
var htmlReplies = []struct{ name, html, reply, quoted string }{
	{"Gmail in French",
		`<div dir="ltr">Oui, à samedi!<br>Marie</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Le ven. 4 déc. 2026 à 09:10, Bar Edgar &lt;<a href="mailto:bar@edgar.test">bar@edgar.test</a>&gt; a écrit :<br></div><blockquote class="gmail_quote" style="margin:0"><div>Bonjour</div></blockquote></div>`,
		"Oui, à samedi!\nMarie", "Le ven. 4 déc. 2026 à 09:10, Bar Edgar <bar@edgar.test> a écrit :\n> Bonjour"},
	{"Gmail answered between the quotes",
		`<div class="gmail_quote"><div class="gmail_attr">On Fri Bar wrote:</div><blockquote class="gmail_quote">How many?</blockquote><div>Six.</div><blockquote class="gmail_quote">When?</blockquote><div>At 7.</div></div>`,
		"On Fri Bar wrote:\n> How many?\nSix.\n> When?\nAt 7.", ""},
	{"Outlook on the web",
		`<div>D'accord</div><div id="Signature"><p>Marie Roy</p></div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>De :</b> Bar Edgar &lt;bar@edgar.test&gt;<br><b>Envoyé :</b> jeudi<br><b>À :</b> Marie<br><b>Objet :</b> Samedi</div><div>Bonjour</div>`,
		"D'accord", "Marie Roy\n\n-----\nDe : Bar Edgar <bar@edgar.test>\nEnvoyé : jeudi\nÀ : Marie\nObjet : Samedi\nBonjour"},
	{"Outlook in a language we do not know", `<div>Kyllä</div><div id="appendonsend"></div><div id="divRplyFwdMsg">Lähettäjä: Bar</div><div>Hei</div>`, "Kyllä", "Lähettäjä: Bar\nHei"},
	{"Apple Mail in French", `<html><body>Super<br><br><div id="AppleMailSignature">Envoyé de mon iPhone</div><div><br><blockquote type="cite">Le 4 déc. 2026 à 09:10, Bar &lt;bar@edgar.test&gt; a écrit :<br><br></blockquote></div><blockquote type="cite"><div>Bonjour</div></blockquote></body></html>`,
		"Super", "Envoyé de mon iPhone\n\n> Le 4 déc. 2026 à 09:10, Bar <bar@edgar.test> a écrit :\n>\n> Bonjour"},
	{"Yahoo", `<div>Oui</div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>Le vendredi 4 décembre 2026, Bar a écrit :</div><div>Bonjour</div></div>`, "Oui", "> Le vendredi 4 décembre 2026, Bar a écrit :\n> Bonjour"},
	{"Thunderbird answered below", `<div class="moz-cite-prefix">Le 04/12/2026 à 09:10, Bar a écrit :</div><blockquote type="cite"><p>Combien?</p></blockquote><p>Six</p>`, "Six", "Le 04/12/2026 à 09:10, Bar a écrit :\n\n> Combien?"},
	{"Proton", `<div>Oui</div><div class="protonmail_quote">Le vendredi, Bar a écrit :<br><blockquote class="protonmail_quote" type="cite">Bonjour</blockquote></div>`, "Oui", "Le vendredi, Bar a écrit :\n> Bonjour"},
	{"an indented paragraph is no quote", `<div>Voici:</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>six personnes</div></blockquote>`, "Voici:\nsix personnes", ""},
	{"forwarded without a word", `<div class="gmail_quote">---------- Forwarded message ---------<br>De : x@y.test<br>Trop de bruit</div>`, "---------- Forwarded message ---------\nDe : x@y.test\nTrop de bruit", ""},

	{"paragraphs and breaks", "<p>Un</p><p>Deux<br>Trois</p><div>Quatre<br></div><div><br></div><div>Cinq</div>", "Un\n\nDeux\nTrois\n\nQuatre\n\nCinq", ""},
	{"white space folds, no-break spaces stay", "  a \n b <b> c</b>d\u00a0: e&nbsp;! ", "a b cd\u00a0: e\u00a0!", ""},
	{"Word paragraphs have no margin", "<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p>", "a\n\nb", ""},
	{"lists", "Il faut<ul><li>du vin<ul><li>rouge</li></ul></li><li><p>du pain</p></li></ul>et<ol><li>un</li><li>deux</li></ol>", "Il faut\n\n- du vin\n  - rouge\n- du pain\n\net\n\n1. un\n2. deux", ""},
	{"a table of data", "<table><tr><th>Bière</th><th>Prix</th></tr><tr><td><p>Blonde</p></td><td>7&nbsp;$</td></tr></table>", "Bière | Prix\nBlonde | 7\u00a0$", ""},
	{"a table that lays out", "<table><tr><td><table><tr><td>a</td></tr></table></td><td><ul><li>b</li></ul></td></tr></table>", "a\n\n- b", ""},
	{"links show where they lead", `<a href="https://edgar.test/menu">le menu</a>, <a href="https://www.edgar.test/">edgar.test</a>, <a href="https://edgar.test">https://edgar.test/</a>, <a href="mailto:a@b.test">a@b.test</a>, <a href="mailto:a@b.test">Marie</a>`,
		"le menu (https://edgar.test/menu), edgar.test, https://edgar.test/, a@b.test, Marie (a@b.test)", ""},
	{"a link that lies is told", `<a href="https://evil.test/x">https://banque.test</a>`, "https://banque.test (https://evil.test/x)", ""},
	{"unsafe links are only text", `<a href="javascript:alert(1)">ici</a>`, "ici", ""},
	{"what is not text goes", `<title>t</title><style>s</style><script>x</script><p>a</p><div style="display: none">h</div><p hidden>h</p><!-- c --><template>t</template><svg><text>s</text></svg><noscript><img src=x>n</noscript>`, "a", ""},
	{"pictures", `a <img alt="😀" src=x> <img alt="Le menu" src=y><img src=z>`, "a 😀 [Le menu]", ""},
	{"pre", "<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc", ""},
	{"entities are decoded once", "&amp;lt;b&amp;gt; &lt;b&gt;", "&lt;b&gt; <b>", ""},
	{"nothing", "<div> <br></div>", "", ""},
}

func TestFromHTML(t *testing.T) {
	for _, c := range htmlReplies {
		t.Run(c.name, func(t *testing.T) {
			reply, quoted := FromHTML(c.html)
			if reply != c.reply {
				t.Errorf("reply\n%q\nwant\n%q", reply, c.reply)
			}
			if quoted != c.quoted {
				t.Errorf("quoted\n%q\nwant\n%q", quoted, c.quoted)
			}
		})
	}
}

func TestFromPostKeepsEveryLineAndNamesWhoIsMentioned(t *testing.T) {
	post := `<p><span class="h-card"><a href="https://zinc.test/@lezinc" class="u-url mention">@<span>lezinc</span></a></span> on a faim<br />&gt; table 7</p>` +
		`<p>Sent from my balcony <a href="https://zinc.test/tags/faim" class="mention hashtag" rel="tag">#<span>faim</span></a> ` +
		`<a href="https://zinc.test/carte/du/soir"><span class="invisible">https://</span><span class="ellipsis">zinc.test/carte</span><span class="invisible">/du/soir</span></a></p>`
	want := "@lezinc on a faim\n> table 7\n\nSent from my balcony #faim https://zinc.test/carte/du/soir"
	if got := FromPost(post); got != want {
		t.Errorf("FromPost = %q, want %q", got, want)
	}
}

func TestFromHTMLReadsEveryClientOfTheCorpus(t *testing.T) {
	dir := corpus(t, "email-talon/tests/fixtures")
	check := func(name, source, want, inQuote string) {
		t.Run(name, func(t *testing.T) {
			reply, quoted := FromHTML(source)
			if got := strings.Join(strings.Fields(reply), " "); got != want {
				t.Errorf("reply %q, want %q", got, want)
			}
			if !strings.Contains(quoted, inQuote) {
				t.Errorf("%q is not in the quote %q", inQuote, quoted)
			}
		})
	}
	files, _ := filepath.Glob(filepath.Join(dir, "html_replies", "*.html"))
	if len(files) < 9 {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		want := "Hi. I am fine. Thanks, Alex"
		check(filepath.Base(file), read(t, file), want, "Hello! How are you?")
	}
	check("OLK", read(t, dir, "OLK_SRC_BODY_SECTION.html"), "Reply", "Hi")
	check("hr", read(t, dir, "reply-separated-by-hr.html"), "Hi there Bob", "Hello")
	for name, want := range map[string]string{
		"android.eml": "Hello", "aol.eml": "Hello", "comcast.eml": "Hello", "gmail.eml": "Hello", "hotmail.eml": "Hello", "outlook.eml": "Allo! Follow up MIME!", "sparrow.eml": "Hello",
	} {
		_, source := mailParts(t, read(t, dir, "standard_replies", name))
		check(name, source, want, "")
	}
	_, source := mailParts(t, read(t, dir, "reply-quotations-share-block.eml"))
	if reply, quoted := FromHTML(source); !strings.HasPrefix(reply, "Hi Katharine.") || strings.Contains(reply, "wrote:") || !strings.Contains(quoted, "New Booking Inquiry") {
		t.Errorf("reply %q", reply)
	}
}

// hostile returns HTML that is small to send and dear to read.
func hostile() map[string]string {
	r := func(s string, n int) string { return strings.Repeat(s, n/4) }
	return map[string]string{
		"deep divs": r("<div>", 1600) + "x", "very deep divs": r("<div>", 200_000) + "x", "deep quotes": r("<blockquote>", 2000) + "x", "unclosed formatting": r("<b><i><a href=x>", 50_000),
		"tables": r("<table><tr><td>", 60_000), "foster": "<table>" + r("x<b>", 200_000), "breaks": r("<br>", 250_000), "many": r("<p>x", 250_000), "open tag": r("<", 4<<18), "attributes": "<a " + r("a=b ", 250_000) + ">x",
		"comments": r("<!--", 250_000), "lists": r("<ul><li>", 100_000), "one text": r("a ", 1<<19), "entities": r("&amp;", 200_000), "quoted lines": r("<blockquote>x</blockquote>", 40_000),
		"links": r(`<a href="https://a.test">x</a>`, 30_000), "pre": "<pre>" + r("\n", 4<<18), "words in pre": "<pre>" + r("a\n", 1<<19), "adoption": r("<a><div>", 60_000), "misnested": r("<p><b></p>", 100_000), "rows": r("<tr><td>a<td>b", 60_000),
	}
}

func TestFromHTMLEndsSoonOnHostileMarkup(t *testing.T) {
	for name, source := range hostile() {
		start := time.Now()
		reply, quoted := FromHTML(source)
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s: %v", name, d)
		} else {
			t.Logf("%s: %v, %d and %d bytes", name, d, len(reply), len(quoted))
		}
		if len(reply)+len(quoted) > 4<<20 {
			t.Errorf("%s: %d bytes", name, len(reply)+len(quoted))
		}
	}
}

func TestFromHTMLSaysThatItStopped(t *testing.T) {
	for name, source := range map[string]string{
		"too many nodes":  strings.Repeat("x<br>", maxNodes),
		"too many tokens": "x" + strings.Repeat("<!---->", maxTokens) + "y",
	} {
		reply, _ := FromHTML(source)
		if !strings.HasPrefix(reply, "x\n") || !strings.HasSuffix(reply, "\n[…]") || strings.Contains(reply, "y") {
			t.Errorf("%s: %.20q … %q", name, reply, reply[max(0, len(reply)-20):])
		}
		if n := strings.Count(reply, "x"); n > maxNodes/2 {
			t.Errorf("%s: %d lines were read", name, n)
		}
	}
	if reply, _ := FromHTML(strings.Repeat("x<br>", 1000)); strings.Contains(reply, "[…]") {
		t.Error("a mail of 1,000 lines is not read whole")
	}
	if reply, _ := FromHTML(strings.Repeat("<div>", 600) + "deep<script>y</script>"); reply != "deep" {
		t.Errorf("what the parser refuses is read as %q", reply)
	}
}

func FuzzFromHTML(f *testing.F) {
	for _, c := range htmlReplies {
		f.Add(c.html)
	}
	f.Fuzz(func(t *testing.T, source string) {
		reply, quoted := FromHTML(source)
		if Plain(reply) != reply || Plain(quoted) != quoted {
			t.Errorf("not plain: %q, %q", reply, quoted)
		}
		if reply == "" && quoted != "" {
			t.Errorf("a quote without a reply: %q", quoted)
		}
	})
}
