package outgoing

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"comptoir/internal/fault"
)

func TestAProxyIsUsedWhenTheOperatorSaysSoAndTheTargetIsJudgedFirst(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.RequestURI)
		io.WriteString(w, "by proxy")
	})
	direct := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "direct") })
	store := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "direct") })
	u, _ := url.Parse(proxy.URL)
	resolver, _ := resolve(t, map[string][][]string{
		"public.example": {{"8.8.8.8"}}, "private.example": {{"10.0.0.1"}}, "mixed.example": {{"8.8.8.8", "127.0.0.1"}},
	})
	d := open(t, Config{Proxy: u, Resolver: resolver, Allow: []string{direct.Listener.Addr().String()}})
	get := func(client *http.Client, u string) (string, error) {
		resp, err := client.Get(u)
		if err != nil {
			return "", err
		}
		return read(t, resp)
	}
	for _, c := range []struct{ url, want string }{{"http://public.example/x", "by proxy"}, {direct.URL, "direct"}} {
		if text, err := get(d.Stranger(), c.url); text != c.want || err != nil {
			t.Errorf("%s: %q %v", c.url, text, err)
		}
	}
	if text, err := get(d.Operator().HTTP, store.URL); text != "direct" || err != nil {
		t.Errorf("operator: %q %v", text, err)
	}
	for _, u := range []string{"http://private.example/", "http://mixed.example/", "https://private.example/", "http://absent.example/"} {
		_, err := get(d.Stranger(), u)
		wantFault(t, err, fault.Unavailable, "outgoing.refused")
	}
	for _, u := range []string{"http://127.0.0.1/", proxy.URL, "http://localhost/"} {
		_, err := get(d.Account("a").HTTP, u)
		wantFault(t, err, fault.Invalid, "outgoing.refused")
	}
	if want := []string{"GET http://public.example/x"}; !slices.Equal(asked, want) {
		t.Errorf("the proxy was asked %q, want %q", asked, want)
	}
	_, err := get(d.Stranger(), "https://public.example/") // the proxy answers 200 to CONNECT, then no TLS
	if err == nil || !strings.HasPrefix(asked[len(asked)-1], "CONNECT public.example:443") {
		t.Errorf("https: %v, asked %q", err, asked)
	}
}

func TestTheEnvironmentIsIgnoredAndSaidSo(t *testing.T) {
	proxy := listen(t)
	t.Setenv("HTTP_PROXY", "http://"+proxy.addr)
	t.Setenv("http_proxy", "http://"+proxy.addr)
	resolver, _ := resolve(t, map[string][][]string{"public.example": {{"8.8.8.8"}}})
	d := open(t, Config{Resolver: resolver})
	seen := record(d)
	d.Stranger().Get("http://public.example/")
	if all := seen.all(); len(all) != 1 || all[0].String() != "8.8.8.8:80" || proxy.visits() != 0 {
		t.Errorf("connected to %v", all)
	}
	got := ProxyEnvironment([]string{"HTTP_PROXY=http://x", "https_proxy=", "no_proxy=a", "PATH=/bin", "HTTPS_PROXY"})
	if want := []string{"HTTP_PROXY", "no_proxy"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAProxyOfAnotherKindIsRefused(t *testing.T) {
	for _, text := range []string{"ftp://proxy.example", "http://", "http://proxy.example:0", "proxy.example:3128", "file:///x"} {
		u, err := url.Parse(text)
		if err != nil {
			continue
		}
		_, err = New(Config{Proxy: u})
		wantFault(t, err, fault.Invalid, "outgoing.proxy")
	}
	for _, text := range []string{"http://10.0.0.1:3128", "socks5://[::1]", "https://proxy.local"} {
		u, _ := url.Parse(text)
		if _, err := New(Config{Proxy: u}); err != nil {
			t.Error(err)
		}
	}
}
