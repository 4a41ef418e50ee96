package main

// mastodon are mistakes in a driver over HTTP, on both moods of its fake.
var mastodon = subject{name: "mastodon", pkg: "mastodon", tests: "TestConformanceOnMastodon|TestConformanceOnGoToSocial", mutants: []mutant{
	{"net/http sends again by itself", "mastodon/call.go", `		req.GetBody = nil
`, ``, "knows the outcome wherever an answer is cut"},
	{"what was sent is not known to be", "mastodon/call.go", `		lost = fault.Ambiguous
`, ``, "is ambiguous only about what may have been sent"},
	{"any page speaks for the network", "mastodon/faults.go", `case !own || s < 400:`, `case !own && s < 400:`, "takes no page for the network's word"},
	{"any page is a yes", "mastodon/gestures.go", `segment(string(id))}, new(struct{}))`, `segment(string(id))}, nil)`, "takes no page for the network's word"},
	{"a server's time is read by our clock", "mastodon/faults.go", `now = at
`, `_ = at
`, "is not put off by absurd waits"},
	{"the same words are the same post", "mastodon/find.go", `			case at.Before(written):
				return network.Receipt{}, unknown
`, ``, "finds nothing but the draft itself"},
	{"a server's clock is believed to be ours", "mastodon/find.go", `d.CreatedAt.Add(off)`, `d.CreatedAt.Add(0 * off)`, "bears clocks that are wrong"},
	{"a link counts by its letters", "mastodon/length.go", `if e.Link > 0 && isLink(span.Text) {`, `if e.Link < 0 && isLink(span.Text) {`, "counts as its network counts"},
	{"a mention counts with its server", "mastodon/length.go", `mention.ReplaceAllString(rest.String(), "$1@$2")`, `rest.String()`, "counts as its network counts"},
	{"what cannot be read is left out in silence", "mastodon/fetch.go", `			l.skipped++
`, ``, "counts what cannot be read"},
	{"the newest page comes first", "mastodon/fetch.go", `url.Values{"min_id": {cur}}`, `url.Values{"since_id": {cur}}`, "reads in order and moves forward"},
	{"an answer answers the beginning", "mastodon/publish.go", `p.InReplyTo = string(d.ReplyTo.ID)`, `p.InReplyTo = string(d.ReplyTo.Thread)`, "answers in the thread"},
	{"a thread is the message before", "mastodon/message.go", `m.Thread = m.References[0]`, `m.Thread = m.References[len(m.References)-1]`, "answers in the thread"},
	{"any address may be followed", "mastodon/entity.go", `(u.Scheme == "https" || u.Scheme == "http") && u.Host != ""`, `u.Scheme != ""`, "bears answers of the wrong shape"},
	{"who is named weighs nothing", "mastodon/publish.go", `Weight: c.endpoint.length(opening(to, ""))`, `Weight: 0`, "knows beforehand whom an answer reaches"},
	{"an answer is seen by more people", "mastodon/publish.go", `Visibility: visibility(visibilityOf(d))`, `Visibility: network.Public`, "knows beforehand whom an answer reaches"},
	{"what was said in private is answered in public", "mastodon/publish.go", `	return "direct"
}`, `	return "public"
}`, "answers in private what was said in private"},
	{"descriptions stay behind", "mastodon/media.go", `err == nil && alt != ""`, `err == nil && alt != "" && f.Size == 0`, "publishes pictures with their descriptions"},
	{"what is gone cannot be deleted", "mastodon/gestures.go", `	if fault.Is(err, fault.NotFound) {
		return nil
	}`, ``, "takes back"},
}}
