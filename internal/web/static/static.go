// Package static holds what a browser loads besides pages: one stylesheet, one script, icons, fonts, the mark.
// Everything is embedded, joined and hashed at start; a name with its hash never changes, so browsers keep it
// for a year. Nothing is fetched from anywhere else.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"
)

// Prefix is the path under which Handler is mounted.
const Prefix = "/static/"

//go:embed css/*.css fonts/*.woff2 fonts/*.txt vendor/*.js vendor/htmx-LICENSE js/*.js icons.svg brand.svg
var files embed.FS

// asset is one file as it is sent. gz is made at the first request that accepts it, and empty when it would not help.
type asset struct {
	body []byte
	mime string
	gz   func() []byte
}

// store is built once, before the first call, and only read afterwards.
type store struct {
	urls   map[string]string // logical name → URL with its hash
	assets map[string]*asset // URL without Prefix → file
	icons  map[string]bool
}

var shelf = sync.OnceValue(build)

var mimes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8",
	".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}

// URL returns the path of a file with its hash: "app.css", "app.js", "icons.svg", "brand.svg", "fonts/….woff2".
// An unknown name is a mistake in our own code and panics.
func URL(name string) string {
	u, ok := shelf().urls[name]
	if !ok {
		panic("static: no file " + name)
	}
	return u
}

// HasIcon tells whether the sprite draws name.
func HasIcon(name string) bool { return shelf().icons[name] }

// Icons lists the names that the sprite draws, sorted.
func Icons() []string {
	names := make([]string, 0, len(shelf().icons))
	for n := range shelf().icons {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

func build() *store {
	s := &store{urls: map[string]string{}, assets: map[string]*asset{}, icons: map[string]bool{}}
	for _, name := range list("fonts") {
		s.put(name, read(name))
	}
	sprite := read("icons.svg")
	for _, part := range strings.Split(string(sprite), `<symbol id="`)[1:] {
		s.icons[part[:strings.IndexByte(part, '"')]] = true
	}
	s.put("icons.svg", sprite)
	s.put("brand.svg", read("brand.svg"))
	s.put("app.css", s.stylesheet())
	s.put("app.js", script())
	return s
}

// script joins the vendored files and ours into one: htmx starts on a timer when the page is already parsed, so an
// extension in a second file may come too late, and then a stream never opens.
func script() []byte {
	var b bytes.Buffer
	for _, name := range append([]string{"vendor/htmx.min.js", "vendor/hx-sse.min.js"}, list("js")...) {
		b.Write(read(name))
		b.WriteString("\n;\n")
	}
	return b.Bytes()
}

func (s *store) put(name string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
	a := &asset{body: body, mime: mimes[ext]}
	a.gz = sync.OnceValue(func() []byte { return compress(body, ext) })
	s.urls[name], s.assets[hashed] = Prefix+hashed, a
}

// compress returns the gzip form, or nil for what is compressed already.
func compress(body []byte, ext string) []byte {
	if ext == ".woff2" {
		return nil
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	w.Write(body) // a bytes.Buffer does not fail
	w.Close()
	return b.Bytes()
}

func list(dir string) []string {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		panic(err) // embedded: cannot be missing
	}
	var names []string
	for _, e := range entries {
		names = append(names, dir+"/"+e.Name())
	}
	return names
}

func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // embedded: cannot be missing
	}
	return b
}
