package outgoing

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"comptoir/internal/fault"
)

// spell writes an IPv4 address in the ways that resolvers, browsers and libraries have been known to read.
func spell(a netip.Addr) []string {
	b := a.As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	dotted := a.String()
	f := func(format string) string { return fmt.Sprintf(format, b[0], b[1], b[2], b[3]) }
	hex := fmt.Sprintf("%02x%02x:%02x%02x", b[0], b[1], b[2], b[3])
	return []string{
		dotted, dotted + ".", fmt.Sprint(n), fmt.Sprintf("%#x", n), fmt.Sprintf("%#X", n), fmt.Sprintf("%#o", n), fmt.Sprintf("0o%o", n),
		f("%#o.%#o.%#o.%#o"), f("%#x.%#x.%#x.%#x"), f("%#x.%d.%#o.%d"), f("%03d.%03d.%03d.%03d"), f("%o.%o.%o.%o"),
		fmt.Sprintf("%d.%d.%d", b[0], b[1], n&0xffff), fmt.Sprintf("%d.%d", b[0], n&0xffffff), fmt.Sprint(uint64(n) + 1<<32),
		wide(dotted, '０', 0), circled(dotted), strings.ReplaceAll(dotted, ".", "。"), strings.ReplaceAll(dotted, ".", "．"), strings.ReplaceAll(dotted, ".", "%2e"),
		percent(dotted), "[::ffff:" + dotted + "]", "[::ffff:" + hex + "]", "[0:0:0:0:0:ffff:" + dotted + "]", "[::ffff:0:" + dotted + "]",
		"[::" + dotted + "]", "[64:ff9b::" + dotted + "]", "[64:ff9b:1::" + dotted + "]", "[2002:" + hex + "::]", "[2001:0:" + hex + "::]",
		"[::ffff:" + dotted + "%25eth0]", "[fe80::" + hex + "%25lo]", "example.org@" + dotted, "example.org:80@" + dotted, dotted + "#@example.org",
		dotted + "\\@example.org", "example.org%00." + dotted, dotted + "\t", "[" + dotted + "]", "q" + dotted,
	}
}

func wide(s string, zero rune, offset rune) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0' + offset
		}
		return r
	}, s)
}

func circled(s string) string {
	return strings.ReplaceAll(wide(s, '①', -1), "\u245f", "⓪")
}

func percent(s string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, "%%%02x", s[i])
	}
	return out.String()
}

// forbiddenTargets are URLs of places where nothing may connect, more than 5,000 of them.
func forbiddenTargets(port string) []string {
	addrs := []string{"127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.100.100.200", "172.17.0.1"}
	var hosts []string
	for _, b := range boundaries {
		for _, text := range []string{b.first, b.last} {
			if a := netip.MustParseAddr(text); a.Is4() {
				addrs = append(addrs, text)
			} else {
				hosts = append(hosts, "["+text+"]")
			}
		}
	}
	for _, text := range addrs {
		hosts = append(hosts, spell(netip.MustParseAddr(text))...)
	}
	hosts = append(hosts, "localhost", "LOCALHOST.", "a.localhost", "ip6-localhost", "ip6-loopback", "printer.local", "metadata.google.internal",
		"nas.home.arpa", "x.onion", "[::1]", "[0000::1]", "[::]", "[fe80::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]")
	var urls []string
	for _, h := range hosts {
		urls = append(urls, "http://"+h+"/", "https://"+h+"/", "http://"+h+":"+port+"/latest/meta-data/")
	}
	return urls
}

// corpusTargets are the URLs in the published collections of such attacks.
func corpusTargets(t *testing.T) []string {
	root := os.Getenv("COMPTOIR_CORPORA")
	if root == "" {
		return nil
	}
	urls := regexp.MustCompile("[a-zA-Z]+:(?://)?[^\\s\"'<>`]{3,}")
	var out []string
	for _, dir := range []string{"ssrf-xss-payloads", "owasp"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			out = append(out, urls.FindAllString(string(b), -1)...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 500 {
		t.Fatalf("only %d URLs in the corpora", len(out))
	}
	return out
}

// siege opens a door whose rules admit the trap's port, so that only the address stands in the way.
func siege(t *testing.T, allow ...string) (*Door, *recorder, *trap) {
	tr := listen(t)
	resolver, _ := resolve(t, map[string][][]string{
		"localtest.me": {{"127.0.0.1", "::1"}}, "localh.st": {{"127.0.0.1"}}, "company.127.0.0.1.nip.io": {{"127.0.0.1"}},
		"ip6-localhost": {{"::1"}}, "127.1": {{"127.0.0.1"}}, "0": {{"0.0.0.0"}}, "2130706433": {{"127.0.0.1"}},
	})
	l := quick()
	p := port(t, tr.port)
	l.web, l.mail = append(l.web[:4:4], p), append(l.mail[:5:5], p)
	d := openWith(t, Config{Resolver: resolver, Allow: allow}, l)
	return d, record(d), tr
}

func checkSiege(t *testing.T, seen *recorder, tr *trap) {
	t.Helper()
	for _, ap := range seen.all() {
		if forbidden(ap.Addr()) && ap.String() != tr.addr {
			t.Errorf("connected to %s", ap)
		}
	}
	if n := tr.visits(); n != 0 {
		t.Errorf("%d connections reached the listener", n)
	}
}

func each(urls []string, do func(string)) {
	queue := make(chan string)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for u := range queue {
				do(u)
			}
		})
	}
	for _, u := range urls {
		queue <- u
	}
	close(queue)
	wg.Wait()
}

func TestNoSpellingOfAForbiddenAddressIsConnected(t *testing.T) {
	t.Parallel()
	d, seen, tr := siege(t)
	urls := append(forbiddenTargets(tr.port), "http://localtest.me:"+tr.port, "http://localh.st", "http://company.127.0.0.1.nip.io")
	if len(urls) < 5000 {
		t.Fatalf("only %d targets", len(urls))
	}
	account := d.Account("a")
	each(urls, func(u string) {
		for _, client := range []*http.Client{d.Stranger(), account.HTTP} {
			if resp, err := client.Get(u); err == nil {
				resp.Body.Close()
				t.Errorf("%s answered", u)
			}
		}
	})
	checkSiege(t, seen, tr)
}

func TestNoSpellingOfAForbiddenAddressIsDialledAsAMailServer(t *testing.T) {
	t.Parallel()
	d, seen, tr := siege(t)
	w := d.Account("a")
	each(forbiddenTargets(tr.port), func(u string) {
		host := strings.TrimPrefix(strings.TrimPrefix(u, "https://"), "http://")
		host = strings.TrimSuffix(host[:strings.LastIndex(host, "/")+1], "/")
		host = strings.TrimSuffix(strings.TrimSuffix(host, "/latest/meta-data"), ":"+tr.port)
		for _, p := range []string{tr.port, "993"} {
			for _, dial := range []string{"[" + strings.Trim(host, "[]") + "]:" + p, host + ":" + p} {
				if c, err := w.Dial(t.Context(), "tcp", dial); err == nil {
					c.Close()
					t.Errorf("%s answered", dial)
				}
			}
		}
	})
	checkSiege(t, seen, tr)
}

func TestNoTargetOfTheCorporaIsForbiddenAndConnected(t *testing.T) {
	t.Parallel()
	urls := corpusTargets(t)
	if urls == nil {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	d, seen, tr := siege(t)
	each(urls, func(u string) {
		if resp, err := d.Stranger().Get(u); err == nil {
			resp.Body.Close()
			t.Errorf("%s answered", u)
		}
	})
	checkSiege(t, seen, tr)
}

func TestNoRedirectLeadsToAForbiddenAddress(t *testing.T) {
	t.Parallel()
	targets := append(corpusTargets(t), "")
	var hops int
	var mu sync.Mutex
	statuses := []int{301, 302, 303, 307, 308}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hops++
		status := statuses[hops%len(statuses)]
		mu.Unlock()
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(status)
	}))
	defer server.Close()
	origin := server.Listener.Addr().String()
	d, seen, tr := siege(t, origin)
	targets = append(targets, forbiddenTargets(tr.port)...)
	each(targets, func(to string) {
		req, err := http.NewRequest("GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.RawQuery = "to=" + strings.ReplaceAll(percent(to), "%0a", "")
		if resp, err := d.Stranger().Do(req); err == nil {
			resp.Body.Close()
			if resp.Request.URL.Host != origin {
				t.Errorf("%s answered", to)
			}
		}
	})
	if hops < len(targets) {
		t.Errorf("only %d redirects were tried of %d", hops, len(targets))
	}
	for _, ap := range seen.all() {
		if ap.String() != origin && forbidden(ap.Addr()) {
			t.Errorf("connected to %s", ap)
		}
	}
	if n := tr.visits(); n != 0 {
		t.Errorf("%d connections reached the listener", n)
	}
}

func TestTheTrapAndTheRecorderSeeAConnectionThatIsMade(t *testing.T) {
	tr := listen(t)
	d := open(t, Config{Allow: []string{tr.addr}})
	seen := record(d)
	c, err := d.Account("a").Dial(t.Context(), "tcp", tr.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Read(make([]byte, 1))
	c.Close()
	if len(seen.all()) != 1 || tr.visits() != 1 {
		t.Errorf("recorded %v, counted %d", seen.all(), tr.visits())
	}
}

func TestASecondAnswerOfTheResolverIsJudgedToo(t *testing.T) {
	tr := listen(t)
	resolver, n := resolve(t, map[string][][]string{
		"rebind.example": {{"8.8.8.8"}, {"127.0.0.1"}},
		"mixed.example":  {{"127.0.0.1", "8.8.4.4", "::1", "10.0.0.1", "2606:4700::1111"}},
		"chain.example":  {{"cname:link.example"}},
		"link.example":   {{"cname:end.example"}},
		"end.example":    {{"127.0.0.1", "169.254.169.254"}},
		"six.example":    {{"::ffff:127.0.0.1", "64:ff9b::7f00:1", "::1"}},
		"none.example":   {{}},
	})
	l := quick()
	l.web = []uint16{port(t, tr.port)}
	d := openWith(t, Config{Resolver: resolver}, l)
	seen := record(d)
	get := func(host string) error {
		_, err := d.Stranger().Get("http://" + net.JoinHostPort(host, tr.port))
		return err
	}
	wantFault(t, get("rebind.example"), fault.Unavailable, "outgoing.unreached") // 8.8.8.8, stopped by the recorder
	for _, host := range []string{"rebind.example", "rebind.example", "chain.example", "six.example", "none.example", "nothing.example"} {
		wantFault(t, get(host), fault.Unavailable, "outgoing.refused")
	}
	get("mixed.example")
	for _, ap := range seen.all() {
		if forbidden(ap.Addr()) {
			t.Errorf("connected to %s", ap)
		}
	}
	if len(seen.all()) < 2 || tr.visits() != 0 {
		t.Errorf("recorded %v, counted %d", seen.all(), tr.visits())
	}
	for _, host := range []string{"rebind.example", "mixed.example", "chain.example", "six.example"} {
		if n.lookups(host) == 0 {
			t.Errorf("%s was never looked up", host)
		}
	}
}
