package main

// email are mistakes in the driver of a mailbox, whose connections are raw.
var email = subject{name: "email", pkg: "email", tests: "TestConformance", mutants: []mutant{
	{"what was sent is not known to be", "email/publish.go", `return fault.Wrap(err, fault.Ambiguous, op,`, `return fault.Wrap(err, fault.Unavailable, op,`, "is ambiguous only about what may have been sent"},
	{"a mail without its end may have been sent", "email/publish.go", `said.Code < 600, !s.conn.dotted:`, `said.Code < 600:`, "is ambiguous only about what may have been sent"},
	{"the end mark leaves without asking", "email/conn.go", `		if err := c.leaving(); err != nil {
			return 0, err
		}
`, ``, "publishes only what may leave"},
	{"absence is proved by not looking long", "email/find.go", `return network.Receipt{}, fault.New(fault.Ambiguous, op,`, `return network.Receipt{}, fault.New(fault.NotFound, op,`, "is ambiguous only about what may have been sent"},
	{"only fifty mails are read", "email/fetch.go", `page.More = len(uids) > pageMails
`, ``, "reads in order and moves forward"},
	{"mails that cannot be read are left out in silence", "email/fetch.go", `			page.Skipped++
`, ``, "counts what cannot be read"},
	{"numbers of an old mailbox are believed", "email/fetch.go", `if cur.validity == box.UIDValidity && cur.validity != 0 {`, `if cur.validity != 0 {`, "loses nothing when cursors lose their meaning"},
	{"news that is there already is slept through", "email/wait.go", ` || box.UIDNext > cur.uid+1`, ``, "waits for news"},
	{"nobody reads how long to wait", "email/faults.go", `f.Code, f.RetryAfter = fault.RateLimited, retryAfter(e.Text)`, `f.Code = fault.RateLimited`, "says how long to wait"},
	{"a password that was changed is trouble of the moment", "email/faults.go", `return fault.Wrap(err, fault.Unauthenticated, op, key,`, `return fault.Wrap(err, fault.Unavailable, op, key,`, "says when its right has ended"},
	{"an answer answers the beginning", "email/compose.go", `h("In-Reply-To", "<"+parent+">")`, `h("In-Reply-To", "<"+refs[0]+">")`, "answers in the thread"},
	{"a subject brings headers with it", "email/compose.go", `encodeWords(headerValue(subject(d)))`, `subject(d)`, "publishes what people really write"},
	{"descriptions stay behind", "email/compose.go", `headerValue(a.Alt); alt != ""`, `headerValue(a.Alt); alt == ""`, "publishes pictures with their descriptions"},
	{"any length is sent", "email/compose.go", `limits.Length(d.Text) > limits.Text || `, ``, "counts as its network counts"},
}}
