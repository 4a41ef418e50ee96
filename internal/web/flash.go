package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// flash is a notice for the page after a redirect: the key of its sentence, and how to undo.
type flash struct {
	Key  string            `json:"k"`
	Args []string          `json:"a,omitempty"` // name, value, name, value
	Undo string            `json:"u,omitempty"` // a POST address of ours
	Vals map[string]string `json:"v,omitempty"`
	Till int64             `json:"t,omitempty"` // ms since 1970 until when Undo works: the notice counts down to it
}

// leave keeps a notice for the next page. It holds nothing secret: the browser that sees it wrote it.
func (f flash) leave(w http.ResponseWriter, v *door.Visit) { f.leaveFor(w, v, 30*time.Second) }

func (f flash) leaveFor(w http.ResponseWriter, v *door.Visit, long time.Duration) {
	b, err := json.Marshal(f)
	if err != nil || len(b) > 2000 {
		return
	}
	v.SetFlash(w, base64.RawURLEncoding.EncodeToString(b), long)
}

// toasts takes the notice that an earlier answer left.
func toasts(w http.ResponseWriter, r *http.Request, v *door.Visit, l locale.Locale) []view.Toast {
	left := v.FlashCookie(r)
	if left == "" {
		return nil
	}
	v.SetFlash(w, "", 0)
	var f flash
	b, err := base64.RawURLEncoding.DecodeString(left)
	if err != nil || json.Unmarshal(b, &f) != nil || !l.Has(f.Key) {
		return nil
	}
	args := make([]any, len(f.Args))
	for i, a := range f.Args {
		args[i] = a
	}
	t := view.Toast{Text: l.T(f.Key, args...)}
	if ours(f.Undo) {
		t.Undo = f.Undo
		if f.Till > 0 {
			t.Until = f.Till
			t.One, t.Other = l.Raw("inbox.leaves")
		}
		for name, value := range f.Vals {
			t.Vals = append(t.Vals, view.Hidden{Name: name, Value: value})
		}
	}
	return []view.Toast{t}
}

// ours tells whether an address given by a browser stays within this server.
func ours(to string) bool {
	u, err := url.Parse(to)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && len(to) > 0 && to[0] == '/' &&
		(len(to) == 1 || to[1] != '/' && to[1] != '\\')
}

func escape(s string) string { return url.QueryEscape(s) }
