package text

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const rel = ` rel="nofollow noopener noreferrer ugc"`

var sanitized = []struct{ name, in, want string }{
	{"text becomes a paragraph", "Bonjour & <merci", "<p>Bonjour &amp;</p>"},
	{"paragraphs, breaks", "<p>a<br>b</p><div>c<div>d</div></div>e", "<p>a<br/>b</p><p>c</p><p>d</p><p>e</p>"},
	{"breaks around a paragraph go", "<p><br>a<br></p><br><p>b<br><br><br><br>c</p>", "<p>a</p><p>b<br/><br/>c</p>"},
	{"marks", "<b>a <i>b</i></b> <tt>c</tt> <u>d</u><strong></strong>", "<p><strong>a <em>b</em></strong> <code>c</code> d</p>"},
	{"marks get one order", "<em>a<strong>b<a href=https://a.test>a.test</a></strong></em>", `<p><em>a</em><strong><em>b</em></strong><a href="https://a.test"` + rel + `><strong><em>a.test</em></strong></a></p>`},
	{"headings", "<h1>Titre</h1>texte<h3><b>x</b></h3>", "<p><strong>Titre</strong></p><p>texte</p><p><strong>x</strong></p>"},
	{"lists", "<ul><li>a<li><p>b</p><p>c</p><ol><li>d</ol>e</ul>", "<ul><li>a</li><li>b<p>c</p><ol><li>d</li></ol><p>e</p></li></ul>"},
	{"what stands between items gets an item", "<ul>a<ul><li>b</ul></ul><li>c", "<ul><li>a</li><li><ul><li>b</li></ul></li></ul><p>c</p>"},
	{"quotes", "<blockquote>a<blockquote><p>b</blockquote></blockquote>", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"},
	{"pre", "<pre>\n\n a\n\tb <b>c</b>\n\n</pre>", "<pre> a\n\tb <strong>c</strong></pre>"},
	{"rule", "a<hr>b<ul><hr></ul>", "<p>a</p><hr/><p>b</p><ul><li><hr/></li></ul>"},
	{"tables are rows of text", "<table><tr><th>a<td>b<tr><td>c</table>", "<p><strong>a</strong> b</p><p>c</p>"},
	{"empty elements go", "<p> </p><ul><li></li></ul><blockquote><br></blockquote><a href=https://a.test></a>", ""},
	{"a link", `<a href="https://Edgar.test/menu" target=_top onclick=x style=y>edgar.test</a>`, `<p><a href="https://edgar.test/menu"` + rel + `>edgar.test</a></p>`},
	{"a link that hides where it leads", `<a href="https://evil.test/">https://banque.test</a> <a href=mailto:a@b.test?bcc=c@d.test>Marie</a>`,
		`<p><a href="https://evil.test/"` + rel + `>https://banque.test (evil.test)</a> <a href="mailto:a@b.test"` + rel + `>Marie (a@b.test)</a></p>`},
	{"a link over two paragraphs", `<a href=https://a.test><p>x</p><p>y</p></a>`, `<p><a href="https://a.test"` + rel + `>x (a.test)</a></p><p><a href="https://a.test"` + rel + `>y (a.test)</a></p>`},
	{"a link with a query", `<a href="https://a.test/?a=1&amp;b='2'">a.test</a>`, `<p><a href="https://a.test/?a=1&amp;b=%272%27"` + rel + `>a.test</a></p>`},
	{"unsafe links are only text", `<a href="jav&#x09;ascript:alert(1)">a</a><a href=" &#14; javascript:x">b</a><a href=//x.test>c</a><a href=data:text/html,x>d</a>`, "<p>abcd</p>"},
	{"pictures are their words", `<img src=x onerror=alert(1) alt="Le menu"><img alt="😀">`, "<p>[Le menu]😀</p>"},
	{"scripts and their likes go", `a<script>b</script><style>c</style><iframe>d</iframe><svg><text>e</svg><math><mtext><p>f</mtext></math><template>g</template><noscript>h</noscript><textarea>i</textarea><select><option>j</select>`, "<p>a</p>"},
	{"direction and controls go", "a\u202eb\x00c&#1;d&#13;e\u2028f", "<p>abcd e f</p>"},
	{"nothing", "", ""},
}

func TestSanitize(t *testing.T) {
	for _, c := range sanitized {
		t.Run(c.name, func(t *testing.T) {
			if got := Sanitize(c.in).HTML(); got != c.want {
				t.Errorf("\n%s\nwant\n%s", got, c.want)
			}
			checkSafe(t, c.in)
		})
	}
}

// checkSafe fails when Sanitize(in) has anything but what Safe allows, is another thing to a parser than
// to a reader, or changes in a second pass.
func checkSafe(t *testing.T, in string) {
	t.Helper()
	out := Sanitize(in).HTML()
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(out), body)
	if err != nil {
		t.Fatalf("%q became %q: %v", in, out, err)
	}
	for _, n := range nodes {
		body.AppendChild(n)
	}
	var again strings.Builder
	for _, n := range nodes {
		html.Render(&again, n)
	}
	if again.String() != out {
		t.Errorf("%.300q became\n%.600q, which a parser reads as\n%.600q", in, out, again.String())
	}
	count := 0
	for n := range body.Descendants() {
		count++
		if problem := forbidden(n); problem != "" {
			t.Errorf("%.300q became %.600q: %s", in, out, problem)
		}
	}
	if count > maxNodes {
		t.Errorf("%d nodes", count)
	}
	if twice := Sanitize(out).HTML(); twice != out {
		t.Errorf("%.300q became\n%.600q, and again\n%.600q", in, out, twice)
	}
	if strings.ContainsAny(out, "\x00\r\u202a\u202e\u2066\u2069") {
		t.Errorf("%.300q became %.600q: controls", in, out)
	}
}

var allowedTags = []string{"p", "br", "a", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li", "hr"}

// forbidden says what is wrong with one node.
func forbidden(n *html.Node) string {
	switch n.Type {
	case html.TextNode:
		return ""
	case html.ElementNode:
	default:
		return "a node that is no element"
	}
	if !slices.Contains(allowedTags, n.Data) || n.Namespace != "" {
		return "element " + n.Data
	}
	if n.Data != "a" && len(n.Attr) > 0 || n.Data == "a" && len(n.Attr) != 2 {
		return "attributes"
	}
	for _, a := range n.Attr {
		u, err := url.Parse(a.Val)
		switch {
		case a.Key == "rel" && a.Val == "nofollow noopener noreferrer ugc":
		case a.Key != "href" || err != nil || !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme):
			return "attribute " + a.Key + "=" + a.Val
		}
	}
	depth := 0
	for range n.Ancestors() {
		depth++
	}
	if depth > maxDepth {
		return "too deep"
	}
	return ""
}

func TestSanitizeLetsNoKnownAttackThrough(t *testing.T) {
	root := os.Getenv("COMPTOIR_CORPORA")
	if root == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	vectors := 0
	for _, folder := range []string{"ssrf-xss-payloads", "owasp"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			whole := read(t, path)
			checkSafe(t, whole)
			for line := range strings.Lines(whole) {
				vectors++
				checkSafe(t, line)
				checkSafe(t, `<a href="`+line+`">x</a>`)
				reply, quoted := FromHTML(line)
				if Plain(reply) != reply || Plain(quoted) != quoted {
					t.Errorf("%q: FromHTML is not plain", line)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if vectors < 1000 {
		t.Errorf("only %d vectors", vectors)
	}
}

func TestSanitizeEndsSoonOnHostileMarkup(t *testing.T) {
	for name, source := range hostile() {
		start := time.Now()
		out := Sanitize(source).HTML()
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s: %v for %d bytes", name, d, len(out))
		}
		checkSafe(t, source)
	}
}

func FuzzSanitize(f *testing.F) {
	for _, c := range sanitized {
		f.Add(c.in)
	}
	for _, c := range htmlReplies {
		f.Add(c.html)
	}
	f.Add(`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`)
	f.Add("<pre><a href=https://a.test>\n\nx\n</a><br></pre><li><ul>x<p>y<hr>")
	f.Fuzz(func(t *testing.T, in string) { checkSafe(t, in) })
}
