package browsertest

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// watch collects what goes wrong in a tab while a test looks elsewhere.
type watch struct {
	mark string // written to the console at the end: what happened before it has been seen
	seen chan struct{}

	mu       sync.Mutex // guards what follows: events arrive in a goroutine of their own
	problems []string
	allowed  []string // parts of problems that the test expects
	hosts    []string // that may be asked: those that the test opened
	leaving  bool     // the test leaves the page: the browser breaks off what the page was asking
}

func newWatch(tab *rod.Page) *watch {
	w := &watch{mark: "browsertest " + rand.Text(), seen: make(chan struct{})}
	go tab.EachEvent(
		func(e *proto.RuntimeConsoleAPICalled) { w.console(e) },
		func(e *proto.RuntimeExceptionThrown) { w.add("script error: " + exception(e.ExceptionDetails)) },
		func(e *proto.LogEntryAdded) {
			if e.Entry.Level == proto.LogLogEntryLevelError {
				w.add(fmt.Sprintf("%s error: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
			}
		},
		func(e *proto.NetworkRequestWillBeSent) { w.request(e.Request.URL) },
		func(e *proto.PageJavascriptDialogOpening) {
			w.add(fmt.Sprintf("a dialog (%s): %s", e.Type, e.Message))
			go proto.PageHandleJavaScriptDialog{Accept: true}.Call(tab)
		},
	)()
	return w
}

// Allow expects a problem that contains text, such as "status of 422" where a form is refused. An expected
// problem that does not come fails the test too.
func (p *Page) Allow(text string) {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	p.watch.allowed = append(p.watch.allowed, text)
}

func (w *watch) permitHost(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts = append(w.hosts, host)
}

// leave says that the test goes to another page, or has arrived there.
func (w *watch) leave(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leaving = on
}

func (w *watch) add(problem string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leaving && strings.Contains(problem, "Failed to fetch") {
		return
	}
	w.problems = append(w.problems, problem)
}

func (w *watch) console(e *proto.RuntimeConsoleAPICalled) {
	var words []string
	for _, arg := range e.Args {
		if arg.Description != "" {
			words = append(words, arg.Description)
		} else {
			words = append(words, arg.Value.Str())
		}
	}
	switch text := strings.Join(words, " "); {
	case text == w.mark:
		close(w.seen)
	case e.Type == proto.RuntimeConsoleAPICalledTypeError || e.Type == proto.RuntimeConsoleAPICalledTypeAssert:
		w.add("console error: " + text)
	}
}

func (w *watch) request(address string) {
	u, err := url.Parse(address)
	if err != nil {
		w.add("a request to " + address)
		return
	}
	if u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == "about" {
		return
	}
	w.mu.Lock()
	known := slices.Contains(w.hosts, u.Host)
	w.mu.Unlock()
	if !known {
		w.add("a request to another host: " + address)
	}
}

func exception(d *proto.RuntimeExceptionDetails) string {
	text := d.Text
	if d.Exception != nil {
		text += " " + d.Exception.Description
	}
	return fmt.Sprintf("%s (%s:%d)", text, d.URL, d.LineNumber+1)
}

// end waits until everything that has happened is known, and reports it.
func (w *watch) end(p *Page) {
	p.t.Helper()
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	if _, err := tab.Eval(`mark => console.debug(mark)`, w.mark); err == nil {
		select {
		case <-w.seen:
		case <-time.After(patience):
			p.t.Error("browsertest: the browser no longer tells what happens")
		}
	}
	for _, complaint := range w.complaints() {
		p.t.Errorf("browser: %s", complaint)
	}
}

// complaints are the problems that no Allow expected, and the Allows that expected in vain.
func (w *watch) complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	came := make([]bool, len(w.allowed))
	for _, problem := range w.problems {
		expected := false
		for i, text := range w.allowed {
			if strings.Contains(problem, text) {
				came[i], expected = true, true
			}
		}
		if !expected {
			out = append(out, problem)
		}
	}
	for i, text := range w.allowed {
		if !came[i] {
			out = append(out, fmt.Sprintf("allowed, but it did not come: %q", text))
		}
	}
	return out
}
