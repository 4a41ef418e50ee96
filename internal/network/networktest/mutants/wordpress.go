package main

// wordpress are mistakes in a driver whose network tells no changes, and whose items are decided upon.
var wordpress = subject{name: "wordpress", pkg: "wordpress", tests: "TestConformanceWithPrettyLinks|TestConformanceWithPlainLinks", mutants: []mutant{
	{"what was sent is not known to be", "wordpress/call.go", `		lost = fault.Ambiguous
`, ``, "is ambiguous only about what may have been sent"},
	{"net/http sends again by itself", "wordpress/call.go", `		req.GetBody = nil
`, `		req.Header.Set("Idempotency-Key", "x")
`, "knows the outcome wherever an answer is cut"},
	{"any page speaks for the network", "wordpress/faults.go", `case !own || s < 400:`, `case !own && s < 400:`, "takes no page for the network's word"},
	{"who asks for drafts hears only that a parameter is wrong", "wordpress/faults.go", `			return d.Data.Status
`, `			return s
`, "says when its right has ended"},
	{"a stranger is told that nothing is there", "wordpress/gestures.go", `	if _, known := c.me(ctx, op); known != nil {
		return known
	}
`, ``, "says when its right has ended"},
	{"each attempt has a slug of its own", "wordpress/publish.go", `name := slug(d.Subject, d.Text, d.Key)`, `name := slug(d.Subject, d.Text, c.NewKey())`, "publishes once"},
	{"the words of a slug are its key", "wordpress/find.go", `name := slug(d.Subject, d.Text, d.Key)`, `name := slug(d.Subject, d.Text, "")`, "publishes once"},
	{"what cannot be read is left out in silence", "wordpress/fetch.go", `			p.Skipped++
`, ``, "counts what cannot be read"},
	{"the newest comes first", "wordpress/fetch.go", `return int(a.ID - b.ID)`, `return int(b.ID - a.ID)`, "reads in order and moves forward"},
	{"only one page is read", "wordpress/fetch.go", `lowest > 0 && lowest <= last {`, `lowest > 0 && lowest <= last+1000 {`, "reads in order and moves forward"},
	{"nobody looks how a comment stands", "wordpress/comment.go", `standings[c.standing()], crc32`, `"a", crc32`, "decides what others read"},
	{"nobody looks what a comment says", "wordpress/comment.go", `crc32.ChecksumIEEE([]byte(words))`, `crc32.ChecksumIEEE([]byte(words[:0]))`, "follows what is changed and taken back"},
	{"what is missing is forgotten", "wordpress/fetch.go", `				p.Gone = append(p.Gone, commentID(numberOf(key)))
`, ``, "follows what is changed and taken back"},
	{"spam is gone", "wordpress/fetch.go", `"status": {"any"}, "include": {strings.Join(part, ",")}, "per_page": {strconv.Itoa(pageSize)}, "_fields": {commentFields}}`,
		`"status": {"all"}, "include": {strings.Join(part, ",")}, "per_page": {strconv.Itoa(pageSize)}, "_fields": {commentFields}}`, "decides what others read"},
	{"a decision that changed nothing was made", "wordpress/gestures.go", `word := standings[s]`, `word := string(s)`, "decides what others read"},
	{"an answer answers the article", "wordpress/publish.go", `"parent": strings.TrimPrefix(string(d.ReplyTo.ID), comments)`, `"parent": strings.TrimPrefix("0", comments)`, "answers in the thread"},
	{"a thread is the comment before", "wordpress/fetch.go", `		roots[m.ID] = up(m.ID)
`, `		roots[m.ID] = max(m.Parent, up(m.ID))
`, "answers in the thread"},
	{"letters are counted and not bytes", "wordpress/markup.go", `return len(escape.Replace(strings.ToValidUTF8(s, "\ufffd")))`, `return len([]rune(escape.Replace(strings.ToValidUTF8(s, "\ufffd"))))`, "counts as its network counts"},
	{"what stands for markup is counted as typed", "wordpress/markup.go", `return len(escape.Replace(strings.ToValidUTF8(s, "\ufffd")))`, `return len(strings.ToValidUTF8(s, "\ufffd"))`, "counts as its network counts"},
	{"words are markup", "wordpress/markup.go", `func escaped(s string) string { return escape.Replace(text.Plain(s)) }`, `func escaped(s string) string { return text.Plain(s) }`, "answers in the thread"},
	{"descriptions stay behind", "wordpress/media.go", `{"alt_text", text.Line(f.Alt)}`, `{"alt_text", text.Line(f.Alt[:0])}`, "publishes pictures with their descriptions"},
	{"a draft is published", "wordpress/publish.go", `		in["status"] = "draft"
`, ``, "leaves what somebody is to publish"},
	{"any address may be followed", "wordpress/comment.go", `(u.Scheme == "https" || u.Scheme == "http") && u.Host != ""`, `u.Scheme != ""`, "bears answers of the wrong shape"},
}}
