package main

// notes are mistakes in the suite's own small network: one at least for each check.
var notes = subject{name: "notes", pkg: "networktest", tests: "TestTheSuiteAcceptsAnHonestDriverOverHTTP", mutants: []mutant{
	{"it opens without a credential", notesDriver, ` || cred.Field("token") == ""`, ``, "opens without I/O and refuses nonsense"},
	{"the token stands in the address", notesDriver, `base: endpoint,`, `base: "http://" + cred.Field("token") + "@" + u.Host,`, "never prints a secret"},
	{"an error tells the token", notesDriver, `	if err != nil {
		return nil, lost, fault.Wrap(err, lost, "notes", "")`, `	if err != nil {
		return nil, lost, fault.Wrap(err, lost, "notes", "", "token", c.token("token"))`, "proves the account"},
	{"what cannot be reached is rejected", notesDriver, `lost = fault.Unavailable
	var sent`, `lost = fault.Rejected
	var sent`, "proves the account"},
	{"a right that has ended is a mere no", notesDriver, `f.Code = fault.Unauthenticated`, `f.Code = fault.Forbidden`, "says when its right has ended"},
	{"nobody reads how long to wait", notesDriver, `network.RetryAfter(resp.Header, time.Now())`, `0`, "says how long to wait"},
	{"ten years are waited", "network.go", `return max(0, min(wait, MaxWait))`, `return max(0, wait)`, "is not put off by absurd waits"},
	{"the past is waited for", "network.go", `return max(0, min(wait, MaxWait))`, `return min(wait, MaxWait)`, "is not put off by absurd waits"},
	{"a server's time is read by our clock", "network.go", `now = at
`, `_ = at
`, "is not put off by absurd waits"},
	{"it sleeps on a failure", notesDriver, `	resp, err = c.http.Do(req)
`, `	if resp, err = c.http.Do(req); err != nil {
		time.Sleep(1200 * time.Millisecond)
	}
`, "returns soon when its context ends"},
	{"any page speaks for the network", notesDriver, `json.Unmarshal(b, &said) != nil || said.Error == ""`, `json.Unmarshal(b, &said) == nil && said.Error == ""`, "takes no page for the network's word"},
	{"a like that is there already is an error", notesDriver, `fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) && !on`, `fault.Is(err, fault.NotFound) && !on`, "does nothing twice behind a proxy that repeats"},
	{"answers are read far beyond the bound", notesDriver, `N: network.MaxBody`, `N: 4 * network.MaxBody`, "stops reading what has no end"},
	{"what has no name was published", notesDriver, `if err == nil && out.N == "" {`, `if err == nil && out.N == "?" {`, "bears answers of the wrong shape"},
	{"what has no time is read", notesDriver, ` || n.At.IsZero()`, ``, "bears answers of the wrong shape"},
	{"what was said in private is answered in public", notesDriver, `d.ReplyTo.Visibility == network.Private`, `d.ReplyTo.Visibility == network.Public`, "answers in private what was said in private"},
	{"an answer notifies nobody", notesDriver, `Notified: []string{m.Author.Handle}, `, ``, "knows beforehand whom an answer reaches"},
	{"only the first page is read", notesDriver, `More: len(list.Items) > 0`, `More: false`, "reads in order and moves forward"},
	{"the time of reading is the time of writing", notesDriver, `SentAt: n.At`, `SentAt: time.Now()`, "reads in order and moves forward"},
	{"remote text is passed on as it came", notesDriver, `Text: text.Plain(n.Text)`, `Text: n.Text`, "reads what people really write"},
	{"a description is passed on as it came", notesDriver, `Alt: text.Plain(f.Alt)`, `Alt: f.Alt`, "reads pictures and what is told of them"},
	{"an answer that is cut is a long one", notesDriver, `errors.Is(err, io.ErrUnexpectedEOF) && body.N == 0`, `errors.Is(err, io.ErrUnexpectedEOF)`, "skips nothing when the wire breaks"},
	{"what is too long takes its page with it", notesDriver, `path + "&few=1"`, `path`, "survives what is too big"},
	{"what cannot be read is left out in silence", notesDriver, `p.Skipped++`, `p.Skipped += 0`, "counts what cannot be read"},
	{"a forgotten cursor goes on from now", notesDriver, `return c.Fetch(ctx, "")`, `return network.Page{}, nil`, "loses nothing when cursors lose their meaning"},
	{"it is woken by nothing", notesDriver, `len(p.Messages) > 0 {
			return err`, `len(p.Messages) >= 0 {
			return err`, "waits for news"},
	{"a stream begins anew each time", notesDriver, `Cursor: list.Next`, `Cursor: cur`, "follows a stream"},
	{"a stream that breaks has ended well", notesDriver, `return fault.Wrap(err, lost, "notes.Stream", "")`, `return fault.Wrap(nil, lost, "notes.Stream", "")`, "follows a stream"},
	{"each attempt has a key of its own", notesDriver, `posting{Key: d.Key,`, `posting{Key: d.Key + time.Now().String(),`, "publishes once"},
	{"known is refused", notesDriver, `; ok && fault.Is(err, fault.Conflict)`, `; ok && known.id == ""`, "publishes once though it is told twice"},
	{"it leaves without asking", notesDriver, `	if err := d.Leaving(ctx); err != nil {
		return network.Receipt{}, err
	}
	var out struct{ N`, `	var out struct{ N`, "publishes only what may leave"},
	{"an answer answers the beginning", notesDriver, `n.To, n.Private = d.ReplyTo.ID,`, `n.To, n.Private = d.ReplyTo.Thread,`, "answers in the thread"},
	{"each message is a thread", notesDriver, `Thread: n.Thread`, `Thread: n.N`, "answers in the thread"},
	{"long words are cut", notesDriver, `Text: d.Text}`, `Text: text.Clip(d.Text, 1000)}`, "publishes what people really write"},
	{"characters are counted, and the network counts otherwise", notesDriver, `r > 0xffff`, `r > 0x10ffff`, "counts as its network counts"},
	{"one less is taken", notesDriver, `l.Length(d.Text) > l.Text`, `l.Length(d.Text) >= l.Text`, "counts as its network counts"},
	{"a picture's name describes it", notesDriver, `file{a.Type, a.Alt, content}`, `file{a.Type, a.Name, content}`, "publishes pictures with their descriptions"},
	{"half of a large file is sent", notesDriver, `a.Size > l.FileBytes`, `a.Size < 0`, "publishes pictures with their descriptions"},
	{"what was sent is not known to be", notesDriver, `		lost = fault.Ambiguous
`, ``, "is ambiguous only about what may have been sent"},
	{"what was never sent may have been", notesDriver, `q.once && sent.Load()`, `q.once`, "is ambiguous only about what may have been sent"},
	{"half an answer is no publication", notesDriver, `return resp.Header, fault.Wrap(err, lost, "notes", "")`, `lost = fault.Unavailable
	return resp.Header, fault.Wrap(err, lost, "notes", "")`, "knows the outcome wherever an answer is cut"},
	{"what was taken is surely absent, by a clock", notesDriver, `	case len(out.Items) > 0:`, `	case len(out.Items) > 0 && time.Since(d.TriedAt) < settled:`, "bears clocks that are wrong"},
	{"what is gone cannot be deleted", notesDriver, `path: "/notes/" + url.PathEscape(string(id))}, new(any))
	if fault.Is(err, fault.NotFound) {`, `path: "/notes/" + url.PathEscape(string(id))}, new(any))
	if fault.Is(err, fault.Conflict) {`, "takes back"},
	{"off is on", notesDriver, `	if on {
		method = "PUT"`, `	if !on {
		method = "PUT"`, "reacts and takes it back"},
	{"any gesture will do", notesDriver, `if r != network.Like && r != network.Boost {`, `if r == "" {`, "reacts and takes it back"},
	{"likes are boosts", notesDriver, `	return out, err
}`, `	out.Likes, out.Boosts = out.Boosts, out.Likes
	return out, err
}`, "measures"},
	{"answers are left open", notesDriver, `	defer resp.Body.Close()
	body :=`, `	body :=`, "leaves nothing running"},
}}

const notesDriver = "networktest/notes_driver_test.go"
