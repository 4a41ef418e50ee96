package main

// bluesky are mistakes in a driver whose network has no idea of private, and keys that are ours.
var bluesky = subject{name: "bluesky", pkg: "bluesky", tests: "TestConformance|TestConformanceOfAGrant", mutants: []mutant{
	{"what was sent is not known to be", "bluesky/call.go", `		lost = fault.Ambiguous
`, ``, "is ambiguous only about what may have been sent"},
	{"any page speaks for the network", "bluesky/faults.go", `case !own || s < 400:`, `case !own && s < 400:`, "takes no page for the network's word"},
	{"any page is a yes", "bluesky/gestures.go", `"rkey": u.key}, new(struct{}))`, `"rkey": u.key}, nil)`, "takes no page for the network's word"},
	{"the network's own count is not read", "bluesky/faults.go", `h.Get("RateLimit-Remaining") == "0"`, `h.Get("X-RateLimit-Remaining") == "0"`, "says how long to wait"},
	{"bytes do not count", "bluesky/driver.go", `max(text.Graphemes(s), (len(s)+each-1)/each)`, `text.Graphemes(s) + 0*each`, "counts as its network counts"},
	{"the last bytes do not count", "bluesky/driver.go", `(len(s)+each-1)/each`, `len(s)/each`, "counts as its network counts"},
	{"an answer is shown as private", "bluesky/publish.go", `network.Audience{Visibility: network.Public}`, `network.Audience{Visibility: network.Private}`, "answers in private what was said in private"},
	{"what cannot be read is left out in silence", "bluesky/fetch.go", `			p.Skipped++
`, ``, "counts what cannot be read"},
	{"the newest comes first", "bluesky/fetch.go", `	slices.Reverse(oldest)
`, ``, "reads in order and moves forward"},
	{"only what is newer is news", "bluesky/mark.go", `return m.At.Add(-late)`, `return m.At`, "bears clocks that are wrong"},
	{"an answer answers the beginning", "bluesky/publish.go", `Root: root, Parent: parent`, `Root: root, Parent: root`, "answers in the thread"},
	{"a thread is the message before", "bluesky/message.go", `m.Thread = network.RemoteID(p.root())`, `m.Thread = network.RemoteID(p.parent())`, "answers in the thread"},
	{"descriptions stay behind", "bluesky/upload.go", `Alt: text.Plain(f.Alt)`, `Alt: text.Plain(f.Alt[:0])`, "publishes pictures with their descriptions"},
	{"each attempt has a key of its own", "bluesky/publish.go", `"rkey": d.Key, "record"`, `"rkey": c.NewKey(), "record"`, "publishes once"},
	{"a like is made twice", "bluesky/gestures.go", `"rkey": ours.key, "record"`, `"rkey": c.NewKey(), "record"`, "reacts and takes it back"},
	{"a proof is of no token", "bluesky/proof.go", `claims["ath"] = b64`, `claims["at"] = b64`, "proves the account"},
	{"a server's nonce is not read", "bluesky/proof.go", `known.nonce = nonce`, `known.nonce = nonce[:0]`, "proves the account"},
	{"a proof that was refused says that nothing was taken", "bluesky/call.go", `unproved(err) && q.once`, `unproved(err) && !q.once`, "does nothing twice behind a proxy that repeats"},
	{"any address may be followed", "bluesky/record.go", `(u.Scheme == "https" || u.Scheme == "http") && u.Host != ""`, `u.Scheme != ""`, "bears answers of the wrong shape"},
}}
