package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestVendoredFilesAreTheOnesThatAreListed(t *testing.T) {
	b, err := os.ReadFile("vendor/vendor.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct{ File, Name, Version, Origin, Licence, SHA256 string }
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, r := range rows {
		listed[r.File] = true
		sum := sha256.Sum256(read(r.File))
		if got := hex.EncodeToString(sum[:]); got != r.SHA256 {
			t.Errorf("%s: sum %s, listed %s", r.File, got, r.SHA256)
		}
		if r.Name == "" || r.Version == "" || r.Origin == "" || r.Licence == "" {
			t.Errorf("%s: name, version, origin and licence are needed: %+v", r.File, r)
		}
	}
	for _, dir := range []string{"vendor", "fonts"} {
		for _, name := range list(dir) {
			if !listed[name] && !strings.HasSuffix(name, ".txt") && !strings.HasSuffix(name, "LICENSE") {
				t.Errorf("%s is not listed", name)
			}
		}
	}
}

func get(t *testing.T, method, url string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	packs := func(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") }
	Handler(packs).ServeHTTP(w, r)
	return w.Result()
}

func TestAHashedNameIsKeptForAYearAndAnyOtherIsNotFound(t *testing.T) {
	res := get(t, "GET", URL("app.css"), "Accept-Encoding", "br, gzip")
	if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := io.ReadAll(get(t, "GET", URL("app.css")).Body)
	if !bytes.Equal(unzipped, plain) {
		t.Error("the gzip form is another text")
	}
	for _, p := range []string{"/static/app.css", "/static/", "/static/css/base.css", "/static/../static.go", "/static/app.0000000000.css"} {
		if res := get(t, "GET", p); res.StatusCode != 404 {
			t.Errorf("%s: %d", p, res.StatusCode)
		}
	}
	if res := get(t, "POST", URL("app.css")); res.StatusCode != 405 {
		t.Errorf("POST: %d", res.StatusCode)
	}
	if res := get(t, "GET", URL("fonts/radio-canada-latin-wght-normal.woff2"), "Accept-Encoding", "gzip"); res.Header.Get("Content-Encoding") != "" || res.Header.Get("Content-Type") != "font/woff2" {
		t.Errorf("font: %v", res.Header)
	}
}

func TestWeightStaysWithinTheGoal(t *testing.T) {
	size := func(name string) int { return len(shelf().assets[strings.TrimPrefix(URL(name), Prefix)].gz()) }
	js, css, icons := size("app.js"), size("app.css"), size("icons.svg")
	t.Logf("gzip: script %d, style %d, icons %d bytes", js, css, icons)
	if js > 60<<10 {
		t.Errorf("script: %d bytes, goal 60 KB", js)
	}
	if js+css+icons > 90<<10 {
		t.Errorf("script, style and icons: %d bytes; the main screen's goal is 120 KB with the page", js+css+icons)
	}
}

func TestTheStylesheetAsksForNothingElsewhere(t *testing.T) {
	css := string(shelf().assets[strings.TrimPrefix(URL("app.css"), Prefix)].body)
	if strings.Contains(css, "@import") || strings.Contains(css, "http:") || strings.Contains(css, "https:") {
		t.Error("the stylesheet loads something from elsewhere")
	}
	for _, m := range regexp.MustCompile(`url\(([^)]*)\)`).FindAllStringSubmatch(css, -1) {
		if res := get(t, "GET", m[1]); res.StatusCode != 200 {
			t.Errorf("%s: %d", m[1], res.StatusCode)
		}
	}
	if n := strings.Count(css, "{") - strings.Count(css, "}"); n != 0 {
		t.Errorf("%d braces are not closed", n)
	}
	if !strings.HasPrefix(css, "@layer reset, tokens, base, layout, components, utilities;") {
		t.Error("the order of the layers does not come first")
	}
}

func TestOldBrowsersGetTheMorning(t *testing.T) {
	for in, want := range map[string]string{
		"light-dark(#fff, #000)":                       "#fff",
		"light-dark(rgb(1 2 3 / .5), rgb(4 5 6 / .1))": "rgb(1 2 3 / .5)",
		"0 1px 0 light-dark(rgb(1 2 3 / .05), #000), 0 1px 3px light-dark(#aaa, rgb(0 0 0))": "0 1px 0 rgb(1 2 3 / .05), 0 1px 3px #aaa",
		"light-dark(#fff": "light-dark(#fff",
	} {
		if got := firstLight(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	css := string(shelf().assets[strings.TrimPrefix(URL("app.css"), Prefix)].body)
	_, block, _ := strings.Cut(css, "@supports not (color: light-dark")
	for _, want := range []string{"--zinc: #dfe3e4;", "--ink: #221f1a;", "--focus: #1d57b0;"} {
		if !strings.Contains(block, want) {
			t.Errorf("the fallback has no %s", want)
		}
	}
}

// The Content-Security-Policy would stop most of this at run time; the lint says so earlier.
func TestOurScriptMakesNoHTML(t *testing.T) {
	banned := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|setHTMLUnsafe|\.style\b|setAttribute\(['"]on`)
	for _, name := range list("js") {
		for i, line := range strings.Split(string(read(name)), "\n") {
			if banned.MatchString(line) {
				t.Errorf("%s:%d: %s", name, i+1, line)
			}
		}
	}
}
