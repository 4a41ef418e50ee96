package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// guestRoutes are what a phone opens from a table's card. The signed code in the path is the proof.
func (s *Server) guestRoutes(t *door.Table) {
	guest := func(method, path string) door.Route {
		return door.Route{Method: method, Pattern: "/t/{code}" + path, Kind: door.Guest, Body: 32 << 10}
	}
	t.Add(guest("GET", ""), s.atTable(s.tablePage))
	t.Add(guest("POST", ""), s.atTable(s.askFromTable))
	t.Add(guest("GET", "/status"), s.atTable(s.followPage))
	t.Add(guest("POST", "/calls/{call}/withdraw"), s.atTable(s.withdraw))
	t.Add(guest("POST", "/calls/{call}/answer"), s.atTable(s.answerAllGood))
	t.Add(guest("GET", "/privacy"), s.atTable(s.guestPrivacy))
	stream := guest("GET", "/stream")
	stream.Stream = true
	t.Add(stream, s.atTable(s.guestStream))
}

// visit is a guest's request at a table that exists.
type visit struct {
	*door.Visit
	code  string
	table floor.Table
	guest floor.Guest
	l     locale.Locale
	lang  string // chosen on the page, "" = the phone's own
	now   time.Time
}

// atTable finds the table of the code, and answers with one and the same kind page when there is none.
func (s *Server) atTable(h func(http.ResponseWriter, *http.Request, visit) error) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		g := visit{Visit: v, code: r.PathValue("code"), now: time.Now()}
		if lang := r.URL.Query().Get("lang"); lang == "fr" || lang == "en" {
			g.lang = lang
		}
		p, table, err := s.Floor.Find(r.Context(), s.DB, g.code)
		if fault.Is(err, fault.NotFound) {
			until(r.Context(), g.now.Add(unknownTakes))
			l, ctx := guestLanguage(r, place.Place{}, g.lang)
			return render(ctx, w, http.StatusNotFound, view.GuestClosedPage(view.GuestClosed{
				Guest: view.Guest{Page: view.PageInfo{Title: l.T("guest.unknown_title"), Plain: true}, Hello: l.T("guest.unknown_title"), Line: l.T("guest.unknown_sub")},
				Title: l.T("guest.unknown_now"), Text: l.T("guest.unknown_text"),
			}))
		}
		if err != nil {
			return err
		}
		v.Place, g.table = p, table
		if g.guest, err = s.Floor.Guest(r.Context(), s.DB, p.ID, v.GuestCookie(r)); err != nil {
			return err
		}
		l, ctx := guestLanguage(r, p, g.lang)
		g.l = l
		return h(w, r.WithContext(ctx), g)
	}
}

// unknownTakes is how long the answer to a code takes that leads nowhere. A forged one is known without a query, and a
// stopwatch must not tell it from one that was good yesterday.
const unknownTakes = 25 * time.Millisecond

// until waits, unless the visitor goes away.
func until(ctx context.Context, t time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(t)):
	}
}

// guestLanguage is the one chosen on the page, else the phone's, in the place's time.
func guestLanguage(r *http.Request, p place.Place, chosen string) (locale.Locale, context.Context) {
	header := r.Header.Get("Accept-Language")
	tag := locale.Match(header)
	if header == "" && p.Language != "" {
		tag = p.Language
	}
	if chosen != "" && !strings.HasPrefix(tag, chosen) {
		tag = map[string]string{"fr": "fr-CA", "en": "en-CA"}[chosen]
	}
	zone := time.UTC
	if p.ID != "" {
		zone = p.Location()
	}
	l := locale.New(tag, zone)
	return l, locale.With(r.Context(), l)
}

// at is an address under the table's own, in the language that was chosen.
func (g visit) at(path string, more ...string) string {
	q := url.Values{}
	if g.lang != "" {
		q.Set("lang", g.lang)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	u := "/t/" + g.code + path
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
}

// frame is what all pages of a table have.
func (g visit) frame(path, hello, line string) view.Guest {
	return view.Guest{
		Page:  view.PageInfo{Title: g.l.T("guest.title", "table", g.table.Name, "place", g.Place.Name)},
		Place: g.Place.Name, Table: g.table.Name, Hello: hello, Line: line,
		French: g.at(path, "lang", "fr"), English: g.at(path, "lang", "en"),
	}
}

// closed is the page that says when nothing rings; ok tells that the pages answer.
func (g visit) closed() (page view.GuestClosed, ok bool) {
	o := floor.OpeningOf(g.Place, g.now)
	if g.guest.Blocked(g.now) {
		o = floor.Opening{State: floor.Shut}
	}
	switch o.State {
	case floor.Shut:
		page = view.GuestClosed{Guest: g.frame("", g.l.T("guest.closed_title"), g.l.T("guest.closed_sub")), Title: g.l.T("guest.closed_now"), Text: g.l.T("guest.closed_text")}
		if !o.Next.IsZero() {
			page.Title = g.l.T("guest.closed_until", "when", g.l.When(o.Next, g.now))
		}
		page.Hours = hourFacts(g.l, g.Place.Settings.Hours)
	case floor.Paused:
		page = view.GuestClosed{Guest: g.frame("", g.l.T("guest.paused_title"), g.l.T("guest.paused_sub")), Title: g.l.T("guest.paused_now"), Text: g.l.T("guest.paused_text")}
	default:
		return page, true
	}
	page.Guest.Page.Plain = true
	page.Guest.Page.Refresh = 60
	return page, false
}

func (s *Server) tablePage(w http.ResponseWriter, r *http.Request, g visit) error {
	return s.showTable(w, r, g, http.StatusOK, nil, "", "")
}

// showTable draws the page, with what was typed and why it was refused.
func (s *Server) showTable(w http.ResponseWriter, r *http.Request, g visit, status int, refused error, kind floor.Kind, typed string) error {
	ctx := r.Context()
	if page, ok := g.closed(); !ok {
		if len(page.Hours) > 0 {
			var err error
			if page.Mail, err = s.mailboxOf(ctx, g.Place.ID); err != nil {
				return err
			}
		}
		return render(ctx, w, status, view.GuestClosedPage(page))
	}
	hello := "guest.evening"
	if h := g.now.In(g.Place.Location()).Hour(); h >= 4 && h < 17 {
		hello = "guest.morning"
	}
	t := view.Table{
		Guest:  g.frame("", g.l.T(hello), g.l.T("guest.at_table", "table", g.table.Name)),
		Action: g.at(""), Privacy: g.at("/privacy"), MaxText: floor.MaxText, Text: typed, KindOn: kind == floor.Kindly,
	}
	for _, k := range g.Place.Settings.GuestKinds {
		switch floor.Kind(k) {
		case floor.Kindly:
			t.Kind, t.Whoms = true, whoms(g.l, r.PostForm.Get("for"))
		case floor.Other:
			t.Other = true
		default:
			t.Kinds = append(t.Kinds, view.GuestKind{Kind: k, Icon: view.GuestIcons[k]})
		}
	}
	if refused != nil {
		t.Error = sentence(g.l, refused)
	}
	usual, err := floor.UsualWait(ctx, s.DB, g.Place.ID)
	if err != nil {
		return err
	}
	if usual >= time.Minute {
		t.Usual = g.l.T("guest.usual", "wait", usual)
	}
	if t.Follow, err = s.openCalls(ctx, g); err != nil {
		return err
	}
	return render(ctx, w, status, view.TablePage(t))
}

// whoms are those to whom something kind is said; everybody, unless one was chosen.
func whoms(l locale.Locale, chosen string) []view.Option {
	var all []view.Option
	for _, w := range append(slices.Clone(floor.Whoms), "") {
		all = append(all, view.Option{Value: w, Label: l.T("guest.whom." + orWord(w, "all"))})
		if w == chosen || w == "" && !slices.ContainsFunc(all, func(o view.Option) bool { return o.Chosen }) {
			all[len(all)-1].Chosen = true
		}
	}
	return all
}

// mailboxOf is the address at which a place answers letters, "" for none.
func (s *Server) mailboxOf(ctx context.Context, placeID string) (string, error) {
	accounts, err := place.Accounts(ctx, s.DB, placeID)
	for _, a := range accounts {
		if a.Kind == mailKind && a.State != place.AccountOff {
			return a.Handle, err
		}
	}
	return "", err
}

// openCalls is the way to what this guest asked for and still waits for, nil for nothing.
func (s *Server) openCalls(ctx context.Context, g visit) (*view.Link, error) {
	if !g.guest.Known() {
		return nil, nil
	}
	calls, err := floor.OfGuest(ctx, s.DB, g.guest, g.now.Add(-floor.Evening))
	if err != nil {
		return nil, err
	}
	n := 0
	for _, c := range calls {
		if c.State.Open() || c.State == floor.Done && c.Answer == "" && g.now.Sub(c.ClosedAt) < time.Hour {
			n++
		}
	}
	if n == 0 {
		return nil, nil
	}
	return &view.Link{Label: g.l.N("guest.open_calls", n), URL: g.at("/status")}, nil
}

// sentence is what a refused form says: its first field's, else the fault's own.
func sentence(l locale.Locale, err error) string {
	if e := fault.As(err); len(e.Fields) > 0 {
		return l.Field(e.Fields[0])
	}
	return l.Fault(err)
}

// askFromTable takes what a guest asks for. It works without a cookie and without script.
func (s *Server) askFromTable(w http.ResponseWriter, r *http.Request, g visit) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "web.ask", "")
	}
	kind, words := floor.Kind(r.PostForm.Get("kind")), r.PostForm.Get("text")
	done, err := s.Floor.Ask(r.Context(), floor.Asking{
		Place: g.Place, Table: g.table, Guest: g.guest, Address: g.Addr, Kind: kind, Text: words, Whom: r.PostForm.Get("for"), Language: g.l.Tag,
	})
	if err != nil {
		return s.refuse(w, r, g, err, kind, words)
	}
	if done.Cookie != "" {
		g.SetGuest(w, done.Cookie)
	}
	return seeOther(w, r, g.at("/status", "sent", "1"))
}

// refuse shows the page again with the words still there. A fault of ours is not the guest's.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, g visit, err error, kind floor.Kind, words string) error {
	switch fault.CodeOf(err) {
	case fault.Invalid, fault.RateLimited:
	case fault.Unavailable:
		if k := fault.As(err).Key; k != "floor.closed" && k != "floor.paused" {
			return err
		}
	default:
		return err
	}
	door.RetryAfter(w, err)
	if len(words) > 4*floor.MaxText {
		words = "" // nobody typed that
	}
	return s.showTable(w, r, g, door.Status(err), err, kind, words)
}

func (s *Server) withdraw(w http.ResponseWriter, r *http.Request, g visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := s.Floor.Withdraw(r.Context(), tx, g.guest, r.PathValue("call"))
		return err
	})
	return s.followed(w, r, g, err)
}

func (s *Server) answerAllGood(w http.ResponseWriter, r *http.Request, g visit) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "web.answer", "")
	}
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := s.Floor.Answer(r.Context(), tx, g.guest, r.PathValue("call"), floor.Answer(r.PostForm.Get("answer")))
		return err
	})
	return s.followed(w, r, g, err)
}

// followed goes back to the status page: it shows what is true now, also to whoever came too late.
func (s *Server) followed(w http.ResponseWriter, r *http.Request, g visit, err error) error {
	if err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	return seeOther(w, r, g.at("/status"))
}

// guestPrivacy says what is kept of a guest.
func (s *Server) guestPrivacy(w http.ResponseWriter, r *http.Request, g visit) error {
	frame := g.frame("/privacy", g.l.T("guest.privacy_title"), g.l.T("guest.privacy_sub"))
	frame.Page.Plain = true
	return render(r.Context(), w, http.StatusOK, view.GuestPrivacyPage(frame, g.at(""), []string{
		g.l.T("guest.privacy.who"), g.l.T("guest.privacy.cookie"), g.l.N("guest.privacy.words", g.Place.Settings.KeepGuestDays),
		g.l.T("guest.privacy.address"), g.l.T("guest.privacy.nobody"),
	}))
}
