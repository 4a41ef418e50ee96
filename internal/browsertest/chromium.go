// Package browsertest walks through pages with a real browser, Debian's Chromium.
//
// A test asks for a Page of a certain View and drives it as a person would. Every page is watched: an error
// in the console, a script that throws, a violated Content-Security-Policy, a failed request, an alert or a
// request to any host that the test did not open itself fails the test, whatever it looked for.
//
// Tests are skipped under -short and where Chromium is not installed; with COMPTOIR_REAL=1 they fail instead.
package browsertest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/leash"

	"github.com/go-rod/rod"
)

// patience is how long anything in a browser may take; machines that run tests are busy.
const patience = 20 * time.Second

// Chromium returns the one browser of this process, for what measures instead of testing. Its leash ends it, and
// removes its profile, with the process.
func Chromium() (*rod.Browser, error) { return chromium() }

var chromium = sync.OnceValues(func() (*rod.Browser, error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	profile, err := leash.TempDir("", "comptoir-chromium-", nil)
	if err != nil {
		return nil, err
	}
	process, err := leash.Start(leash.Command{
		Args: []string{program,
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
			"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
			"--disable-extensions", "--disable-breakpad", "--metrics-recording-only", "--password-store=basic",
			"--host-resolver-rules=" + names(),
			// The same picture on every machine.
			"--hide-scrollbars", "--force-color-profile=srgb", "--font-render-hinting=none",
			"--remote-debugging-port=0", "--user-data-dir=" + profile, "about:blank"},
		Remove: profile,
	})
	if err != nil {
		return nil, err
	}
	control, err := controlURL(process, profile)
	if err != nil {
		process.Stop()
		return nil, err
	}
	browser := rod.New().ControlURL(control).NoDefaultDevice()
	if err := browser.Connect(); err != nil {
		process.Stop()
		return nil, fmt.Errorf("browsertest: %w", err)
	}
	return browser, nil
})

// names are the rules by which hosts are found. Nothing leaves the machine: the only ones are the names of test servers, and
// this machine's own addresses.
func names() string {
	rules := "MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
	own, _ := net.InterfaceAddrs()
	for _, a := range own {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil {
			rules += ", EXCLUDE " + ip.IP.String()
		}
	}
	return rules
}

// controlURL waits for the file in which Chromium writes where it listens: a port, then a path.
func controlURL(process *leash.Process, profile string) (string, error) {
	deadline := time.After(patience)
	for {
		b, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
		if port, path, found := strings.Cut(strings.TrimSpace(string(b)), "\n"); err == nil && found {
			return (&url.URL{Scheme: "ws", Host: "127.0.0.1:" + port, Path: path}).String(), nil
		}
		select {
		case <-process.Done():
			return "", fmt.Errorf("browsertest: Chromium ended at once:\n%s", process.Log())
		case <-deadline:
			return "", fmt.Errorf("browsertest: Chromium does not answer:\n%s", process.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func start(t testing.TB) *rod.Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser test, left out by -short")
	}
	if _, err := exec.LookPath("chromium"); err != nil && !real() {
		t.Skip("Chromium is not installed (Debian: chromium)")
	}
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	return browser
}

// real tells that this run must not leave anything out.
func real() bool { return os.Getenv("COMPTOIR_REAL") != "" }
