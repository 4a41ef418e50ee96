package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"comptoir/internal/door"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/view"
)

// filter is what the list shows, as the address says it: every link and form of the counter carries it on.
type filter struct {
	Tab    inbox.Tab // "" = to answer, or everything when words are searched
	Hidden []network.Kind
	Label  string
	Search string
	After  string
	Pick   bool // several are being chosen
}

// filterOf reads the filter of a request: of its own address, or of the page whose form was sent. What it does not
// know counts as not said.
func filterOf(r *http.Request, v *door.Visit) filter {
	q := r.URL.Query()
	if r.Method == http.MethodPost {
		if page, err := url.Parse(askedFrom(r, v)); err == nil {
			q = page.Query()
		}
	}
	f := filter{Label: q.Get("label"), Search: strings.TrimSpace(q.Get("q")), After: q.Get("after"), Pick: q.Get("pick") == "1"}
	if tab := inbox.Tab(q.Get("state")); slices.Contains(inbox.Tabs, tab) && tab != inbox.TabOpen || tab == inbox.TabAll {
		f.Tab = tab
	}
	for _, k := range strings.Split(q.Get("hide"), ",") {
		if k != "" && len(f.Hidden) < 20 {
			f.Hidden = append(f.Hidden, network.Kind(k))
		}
	}
	return f
}

// values is the filter as an address carries it.
func (f filter) values() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("state", string(f.Tab))
	var hidden []string
	for _, k := range f.Hidden {
		hidden = append(hidden, string(k))
	}
	set("hide", strings.Join(hidden, ","))
	set("label", f.Label)
	set("q", f.Search)
	set("after", f.After)
	if f.Pick {
		q.Set("pick", "1")
	}
	return q
}

// hidden carries the filter in a form that is sent by GET.
func (f filter) hidden() []view.Hidden {
	q := f.values()
	var all []view.Hidden
	for _, name := range slices.Sorted(maps.Keys(q)) {
		all = append(all, view.Hidden{Name: name, Value: q.Get(name)})
	}
	return all
}

// at is the address of a screen of the counter under this filter; path is "" for the list itself.
func (f filter) at(p place.Place, path string) string {
	to := at(p, "inbox") + path
	if q := f.values(); len(q) > 0 {
		to += "?" + q.Encode()
	}
	return to
}

// first is the filter from its first page on, without boxes: what a gesture returns to.
func (f filter) first() filter {
	f.After, f.Pick = "", false
	return f
}

func (f filter) in(tab inbox.Tab) filter {
	f = f.first()
	f.Tab, f.Search = tab, ""
	return f
}

// turned shows a network that is hidden, or hides it.
func (f filter) turned(k network.Kind) filter {
	f = f.first()
	if i := slices.Index(f.Hidden, k); i >= 0 {
		f.Hidden = slices.Delete(slices.Clone(f.Hidden), i, i+1)
	} else {
		f.Hidden = append(slices.Clone(f.Hidden), k)
	}
	return f
}

func (f filter) query(memberID string) inbox.Query {
	return inbox.Query{Tab: f.Tab, MemberID: memberID, Hidden: f.Hidden, LabelID: f.Label, Search: f.Search, After: f.After}
}
