package browsertest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// Page is one tab. Whatever goes wrong in a method ends the test, so methods return no errors. Selectors are
// CSS. A method that needs an element waits for it. A Page belongs to the goroutine of its test.
type Page struct {
	t     testing.TB
	tab   *rod.Page
	view  View
	watch *watch
}

// New opens a tab in a browser session of its own: two Pages are two people's devices. It closes with the test.
func New(t testing.TB, v View) *Page {
	t.Helper()
	session, err := start(t).Incognito()
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	t.Cleanup(func() {
		proto.TargetDisposeBrowserContext{BrowserContextID: session.BrowserContextID}.Call(session)
	})
	return open(t, session, v.withDefaults())
}

// Tab opens a second tab of the same session, with the same cookies.
func (p *Page) Tab() *Page {
	p.t.Helper()
	return open(p.t, p.tab.Browser(), p.view)
}

// Front brings the tab before the others of its session: a device answers no other.
func (p *Page) Front() {
	p.t.Helper()
	if err := (proto.PageBringToFront{}).Call(p.tab); err != nil {
		p.t.Fatalf("Front: %v", err)
	}
}

func open(t testing.TB, session *rod.Browser, v View) *Page {
	t.Helper()
	tab, err := session.Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Page{t: t, tab: tab.Context(ctx), view: v}
	t.Cleanup(func() {
		defer cancel()
		if t.Failed() {
			p.save("failed-"+t.Name(), false)
		}
		p.watch.end(p)
	})
	p.watch = newWatch(p.tab)
	if err := p.emulate(); err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	return p
}

// emulate makes the tab the view's screen. Motion is reduced, so that pictures and clicks find things at rest.
func (p *Page) emulate() error {
	version, err := p.tab.Browser().Version()
	if err != nil {
		return err
	}
	v := p.view
	return errors.Join(
		p.tab.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: v.Width, Height: v.Height, DeviceScaleFactor: 1, Mobile: v.Touch}),
		proto.EmulationSetTouchEmulationEnabled{Enabled: v.Touch}.Call(p.tab),
		proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{
			{Name: "prefers-color-scheme", Value: v.scheme()},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		}}.Call(p.tab),
		p.tab.SetUserAgent(&proto.NetworkSetUserAgentOverride{UserAgent: version.UserAgent, AcceptLanguage: v.Language}),
		proto.EmulationSetScriptExecutionDisabled{Value: v.NoScript}.Call(p.tab),
		proto.SecuritySetIgnoreCertificateErrors{Ignore: v.Trusting}.Call(p.tab),
	)
}

// Goto opens an address and waits until the page has loaded. Its host may be asked for more from now on.
func (p *Page) Goto(address string) {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatalf("Goto: %v", err)
	}
	p.watch.permitHost(u.Host)
	p.loading("Goto "+address, func(tab *rod.Page) error { return tab.Navigate(address) })
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.loading("Reload", func(tab *rod.Page) error { return proto.PageReload{}.Call(tab) })
}

// Follow clicks on a link or button that leads to another page, and waits until that has loaded.
func (p *Page) Follow(selector string) {
	p.t.Helper()
	p.loading("Follow "+selector, func(*rod.Page) error { p.Click(selector); return nil })
}

// loading does what makes the browser load a document, and waits until it has.
func (p *Page) loading(what string, act func(*rod.Page) error) {
	p.t.Helper()
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	loaded := tab.WaitNavigation(proto.PageLifecycleEventNameLoad)
	p.watch.leave(true)
	defer p.watch.leave(false)
	if err := act(tab); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	loaded()
	if err := tab.GetContext().Err(); err != nil {
		p.t.Fatalf("%s: no page had loaded after %v\n%s", what, patience, p.glance())
	}
}

// URL is the address of the page.
func (p *Page) URL() string {
	p.t.Helper()
	return p.evalString(`() => location.href`)
}

// Eval runs a JavaScript function, `() => …` or `(a, b) => …`, and returns what it returns as JSON.
func (p *Page) Eval(function string, args ...any) string {
	p.t.Helper()
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	res, err := tab.Eval(function, args...)
	if err != nil {
		p.t.Fatalf("Eval: %v", err)
	}
	return res.Value.JSON("", "")
}

func (p *Page) evalString(function string, args ...any) string {
	p.t.Helper()
	answer, err := p.ask(function, args...)
	if err != nil {
		p.t.Fatalf("Eval: %v", err)
	}
	return answer
}

// ask runs a JavaScript function that returns a string.
func (p *Page) ask(function string, args ...any) (string, error) {
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	res, err := tab.Eval(function, args...)
	if err != nil {
		return "", err
	}
	return res.Value.Str(), nil
}

// until asks a JavaScript predicate again and again. A document that is being replaced answers with an error,
// which counts as "not yet".
func (p *Page) until(what, predicate string, args ...any) {
	p.t.Helper()
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		tab := p.tab.Timeout(patience)
		res, err := tab.Eval(predicate, args...)
		tab.CancelTimeout()
		if last = err; err == nil && res.Value.Bool() {
			return
		}
	}
	if last != nil {
		what += ": " + last.Error()
	}
	p.t.Fatalf("waited %v in vain for %s\n%s", patience, what, p.glance())
}

// glance describes the page in a few lines, for the message of a failure.
func (p *Page) glance() string {
	tab := p.tab.Timeout(2 * time.Second)
	defer tab.CancelTimeout()
	res, err := tab.Eval(`() => location.href + "\n" + (document.body?.innerText ?? "")`)
	if err != nil {
		return "(the page does not answer: " + err.Error() + ")"
	}
	lines := strings.FieldsFunc(res.Value.Str(), func(r rune) bool { return r == '\n' })
	return "the page was: " + strings.Join(lines[:min(len(lines), 40)], "\n  ")
}
