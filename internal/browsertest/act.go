package browsertest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
)

// visible is a predicate that finds a visible element by selector, and by a part of its text ("" = any).
const visible = `(selector, text) => [...document.querySelectorAll(selector)].some(e => e.checkVisibility({visibilityProperty: true}) && e.innerText.includes(text))`

// WaitFor waits until an element that fits is visible.
func (p *Page) WaitFor(selector string) {
	p.t.Helper()
	p.until("a visible "+selector, visible, selector, "")
}

// WaitForText waits until a visible element that fits contains the text.
func (p *Page) WaitForText(selector, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("a visible %s that says %q", selector, text), visible, selector, text)
}

// WaitGone waits until no element that fits is visible.
func (p *Page) WaitGone(selector string) {
	p.t.Helper()
	p.until("the end of every visible "+selector, `(selector, text) => !(`+visible+`)(selector, text)`, selector, "")
}

// Text returns the text of the first element that fits, as it is shown.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	p.until(selector, `s => document.querySelector(s) !== null`, selector)
	return p.evalString(`s => document.querySelector(s)?.innerText ?? ""`, selector)
}

// Value returns what the field that fits holds.
func (p *Page) Value(selector string) string {
	p.t.Helper()
	p.until(selector, `s => document.querySelector(s) !== null`, selector)
	return p.evalString(`s => document.querySelector(s)?.value ?? ""`, selector)
}

// Attr returns an attribute of the first element that fits, "" when it has none.
func (p *Page) Attr(selector, name string) string {
	p.t.Helper()
	p.until(selector, `s => document.querySelector(s) !== null`, selector)
	return p.evalString(`(s, n) => document.querySelector(s)?.getAttribute(n) ?? ""`, selector, name)
}

// Count returns how many elements fit now, visible or not.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	n, err := strconv.Atoi(p.Eval(`s => document.querySelectorAll(s).length`, selector))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// Click clicks (on a phone: taps) in the middle of the first visible element that fits, once it lies still and
// nothing covers it.
func (p *Page) Click(selector string) {
	p.t.Helper()
	at := p.point(selector)
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	var err error
	// The protocol's own events: rod's wait for a frame, and pages without script never tell of one.
	if p.view.Touch {
		err = errors.Join(
			proto.InputDispatchTouchEvent{Type: proto.InputDispatchTouchEventTypeTouchStart, TouchPoints: []*proto.InputTouchPoint{{X: at.X, Y: at.Y}}}.Call(tab),
			proto.InputDispatchTouchEvent{Type: proto.InputDispatchTouchEventTypeTouchEnd, TouchPoints: []*proto.InputTouchPoint{}}.Call(tab),
		)
	} else {
		for _, kind := range []proto.InputDispatchMouseEventType{proto.InputDispatchMouseEventTypeMouseMoved, proto.InputDispatchMouseEventTypeMousePressed, proto.InputDispatchMouseEventTypeMouseReleased} {
			event := proto.InputDispatchMouseEvent{Type: kind, X: at.X, Y: at.Y}
			if kind != proto.InputDispatchMouseEventTypeMouseMoved {
				event.Button, event.ClickCount = proto.InputMouseButtonLeft, 1
			}
			err = errors.Join(err, event.Call(tab))
		}
	}
	if err != nil {
		p.t.Fatalf("Click %s: %v", selector, err)
	}
}

// Drag takes hold of the first visible element that fits, moves it by so many pixels, and lets go.
func (p *Page) Drag(selector string, right, down float64) {
	p.t.Helper()
	from := p.point(selector)
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	const steps = 5
	at := func(i int) proto.Point {
		return proto.Point{X: from.X + right*float64(i)/steps, Y: from.Y + down*float64(i)/steps}
	}
	var err error
	if p.view.Touch {
		finger := func(kind proto.InputDispatchTouchEventType, at ...proto.Point) {
			points := []*proto.InputTouchPoint{}
			for _, p := range at {
				points = append(points, &proto.InputTouchPoint{X: p.X, Y: p.Y})
			}
			err = errors.Join(err, proto.InputDispatchTouchEvent{Type: kind, TouchPoints: points}.Call(tab))
		}
		finger(proto.InputDispatchTouchEventTypeTouchStart, from)
		for i := 1; i <= steps; i++ {
			finger(proto.InputDispatchTouchEventTypeTouchMove, at(i))
		}
		finger(proto.InputDispatchTouchEventTypeTouchEnd)
	} else {
		mouse := func(kind proto.InputDispatchMouseEventType, at proto.Point) {
			err = errors.Join(err, proto.InputDispatchMouseEvent{Type: kind, X: at.X, Y: at.Y, Button: proto.InputMouseButtonLeft, ClickCount: 1}.Call(tab))
		}
		mouse(proto.InputDispatchMouseEventTypeMousePressed, from)
		for i := 1; i <= steps; i++ {
			mouse(proto.InputDispatchMouseEventTypeMouseMoved, at(i))
		}
		mouse(proto.InputDispatchMouseEventTypeMouseReleased, at(steps))
	}
	if err != nil {
		p.t.Fatalf("Drag %s: %v", selector, err)
	}
}

// reach scrolls an element into view and answers with the middle of it, "x y", or with why it can't be reached.
const reach = `selector => {
	const e = [...document.querySelectorAll(selector)].find(e => e.checkVisibility({visibilityProperty: true}))
	if (!e) return "it is not visible"
	if (e.disabled) return "it is disabled"
	e.scrollIntoView({block: "center", inline: "nearest", behavior: "instant"})
	const box = e.getClientRects()[0], x = box.x + box.width / 2, y = box.y + box.height / 2
	const hit = document.elementFromPoint(x, y)
	if (!hit || !(e.contains(hit) || hit.closest("label")?.control === e)) return "covered by " + (hit?.outerHTML.slice(0, 120) ?? "nothing")
	return x + " " + y
}`

// point waits until an element can be reached at the same place twice in a row.
func (p *Page) point(selector string) proto.Point {
	p.t.Helper()
	last := "never asked"
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		answer, err := p.ask(reach, selector)
		if err != nil {
			last = err.Error()
			continue
		}
		var at proto.Point
		if _, err := fmt.Sscan(answer, &at.X, &at.Y); err == nil && answer == last {
			return at
		}
		last = answer
	}
	p.t.Fatalf("%s can't be reached: %s\n%s", selector, last, p.glance())
	panic("unreachable")
}

// Fill replaces what a field holds, as by typing or pasting.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.until(selector+" to be a field that takes text", `selector => {
		const e = [...document.querySelectorAll(selector)].find(e => e.checkVisibility({visibilityProperty: true}))
		if (!e || e.disabled || e.readOnly) return false
		e.focus()
		e.select()
		return document.activeElement === e
	}`, selector)
	if text == "" {
		p.Press("Backspace")
	} else if err := p.tab.InsertText(text); err != nil {
		p.t.Fatalf("Fill %s: %v", selector, err)
	}
}

// Choose chooses the option with a value in a select element.
func (p *Page) Choose(selector, value string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%s to offer %q", selector, value), `(selector, value) => {
		const e = document.querySelector(selector)
		if (!e) return false
		e.value = value
		if (e.value !== value) return false
		for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, {bubbles: true}))
		return true
	}`, selector, value)
}

// Attach chooses files in a file field.
func (p *Page) Attach(selector string, paths ...string) {
	p.t.Helper()
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	field, err := tab.Element(selector)
	if err == nil {
		err = field.SetFiles(paths)
	}
	if err != nil {
		p.t.Fatalf("Attach %s: %v", selector, err)
	}
}

// keys are the keys that have a name rather than a character.
var keys = map[string]input.Key{
	"Enter": input.Enter, "Escape": input.Escape, "Tab": input.Tab, "Space": input.Space, "Backspace": input.Backspace,
	"ArrowUp": input.ArrowUp, "ArrowDown": input.ArrowDown, "ArrowLeft": input.ArrowLeft, "ArrowRight": input.ArrowRight,
	"Home": input.Home, "End": input.End,
	"Control": input.ControlLeft, "Shift": input.ShiftLeft, "Alt": input.AltLeft, "Meta": input.MetaLeft,
}

// Press presses keys one after the other: a character ("j", "?"), a name ("Escape") or a chord ("Control+Enter").
func (p *Page) Press(chords ...string) {
	p.t.Helper()
	for _, chord := range chords {
		press := p.tab.KeyActions()
		names := strings.Split(chord, "+")
		if chord == "+" {
			names = []string{"+"}
		}
		for i, name := range names {
			key, named := keys[name]
			if r := []rune(name); !named && len(r) == 1 {
				key = input.Key(r[0])
			} else if !named {
				p.t.Fatalf("Press: no key is called %q", name)
			}
			if i < len(names)-1 {
				press = press.Press(key)
			} else {
				press = press.Type(key)
			}
		}
		if err := press.Do(); err != nil {
			p.t.Fatalf("Press %s: %v", chord, err)
		}
	}
}
