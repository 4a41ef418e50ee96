package email_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/network/networktest"
)

func TestWhatTheSendingServerSaysDecidesTheOutcome(t *testing.T) {
	for _, c := range []struct {
		name    string
		trouble emailtest.Trouble
		code    fault.Code
		key     string
		after   time.Duration
		sent    int
		found   fault.Code // what Find says afterwards
	}{
		{"accepted", emailtest.Trouble{}, "", "", 0, 1, ""},
		{"greylisted", emailtest.Trouble{Greylisted: true}, fault.Unavailable, "email.fault.smtp_later", 5 * time.Minute, 0, fault.Ambiguous},
		{"throttled", emailtest.Trouble{Refuse: "450 4.7.28 Too many mails from you, come back in 2 hours"}, fault.RateLimited, "email.fault.smtp_later", 2 * time.Hour, 0, fault.Ambiguous},
		{"no such user", emailtest.Trouble{Refuse: "550 5.1.1 no such user"}, fault.Rejected, "email.fault.recipient", 0, 0, fault.Ambiguous},
		{"content refused", emailtest.Trouble{RefuseContent: "554 5.7.1 looks like spam"}, fault.Rejected, "email.fault.smtp_refused", 0, 0, fault.Ambiguous},
		{"content refused for now", emailtest.Trouble{RefuseContent: "452 4.3.1 no space"}, fault.Unavailable, "email.fault.smtp_later", 0, 0, fault.Ambiguous},
		{"too big for them", emailtest.Trouble{RefuseContent: "552 5.3.4 too big"}, fault.Rejected, "email.fault.too_big", 0, 0, fault.Ambiguous},
		{"password refused", emailtest.Trouble{WrongPassword: true}, fault.Unauthenticated, "email.fault.smtp_login", 0, 0, fault.Unauthenticated},
		{"lost after the end, accepted", emailtest.Trouble{DropAfterEnd: emailtest.DropAccepted}, fault.Ambiguous, "email.fault.unknown", 0, 1, fault.Ambiguous},
		{"lost after the end, lost", emailtest.Trouble{DropAfterEnd: emailtest.DropLost}, fault.Ambiguous, "email.fault.unknown", 0, 0, fault.Ambiguous},
		{"accepted, no room for the copy", emailtest.Trouble{NoAppend: true}, "", "", 0, 1, fault.Ambiguous},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t)
			s.Set(c.trouble)
			cl, ctx := client(t, s), within(t)
			d := network.Draft{Key: cl.NewKey(), Text: "Bonsoir", Subject: "x", To: []network.Author{{ID: "ailleurs@elsewhere.example"}}}
			r, err := cl.Publish(ctx, d)
			if fault.CodeOf(err) != c.code || err != nil && (fault.As(err).Key != c.key || fault.As(err).RetryAfter != c.after) {
				t.Errorf("Publish = %v, retry after %v", err, fault.As(err).RetryAfter)
			}
			if n := len(s.Ledger()); n != c.sent {
				t.Errorf("%d mails accepted, want %d", n, c.sent)
			}
			if c.trouble.NoAppend && !strings.Contains(r.Note, "no copy in Sent") {
				t.Errorf("note %q", r.Note)
			}
			if _, err := cl.Find(ctx, d); fault.CodeOf(err) != c.found {
				t.Errorf("Find = %v, want %q", err, c.found)
			}
		})
	}
}

// The end mark is three bytes: cut before them, the mail was surely not accepted; cut within them, nobody
// can know; after them, the server answers.
func TestOnlyALossAroundTheEndMarkIsAmbiguous(t *testing.T) {
	s := start(t)
	b := networktest.NewBreaker(s.Wire())
	cl, err := email.Driver{}.Open(s.Endpoint(bar, "").String(), network.NewCredential(map[string]string{email.IMAPPassword: "bar-pw"}), b.Wire())
	if err != nil {
		t.Fatal(err)
	}
	c := cl.(*email.Client)
	try := func(f networktest.Fault, n int64) (fault.Code, int) {
		before := len(s.Ledger())
		d := network.Draft{Key: c.NewKey(), Text: "Bonsoir\n.\n..\n", Subject: "x", To: []network.Author{{ID: "a@elsewhere.example"}}}
		b.Set(f, n)
		_, err := c.Publish(within(t), d)
		b.Set(networktest.Healthy, 0)
		time.Sleep(2 * time.Millisecond)
		return fault.CodeOf(err), len(s.Ledger()) - before
	}
	try(networktest.Healthy, 0)
	low, high := int64(0), int64(4000)
	for low < high { // the fewest bytes with which the mail is accepted
		mid := (low + high) / 2
		if _, sent := try(networktest.CutWrite, mid); sent == 1 {
			high = mid
		} else {
			low = mid + 1
		}
	}
	for n := low - 10; n < low+3; n++ {
		code, sent := try(networktest.CutWrite, n)
		want, wantSent := fault.Unavailable, 0
		switch {
		case n >= low:
			want, wantSent = "", 1
		case n >= low-3:
			want = fault.Ambiguous
		}
		if code != want || sent != wantSent {
			t.Errorf("cut %d bytes after the end mark: %q and %d accepted, want %q", n-low, code, sent, want)
		}
	}
}

func TestAServerThatStoresSentMailProvesAbsenceAfterTwoMinutes(t *testing.T) {
	s := start(t)
	s.Set(emailtest.Trouble{StoresSent: time.Millisecond})
	e := s.EndpointTLS(bar, "Le Zinc")
	yes := true
	e.SentByServer = &yes
	c, ctx := open(t, s, e, "bar-pw"), within(t)
	d := network.Draft{Key: c.NewKey(), Text: "x", To: []network.Author{{ID: guest}}}
	for _, step := range []struct {
		tried time.Time
		want  fault.Code
	}{{time.Time{}, fault.Ambiguous}, {time.Now(), fault.Ambiguous}, {time.Now().Add(-3 * time.Minute), fault.NotFound}} {
		d.TriedAt = step.tried
		if _, err := c.Find(ctx, d); fault.CodeOf(err) != step.want {
			t.Errorf("tried at %v: Find = %v, want %v", step.tried, err, step.want)
		}
	}
	if _, err := c.Publish(ctx, d); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if len(s.Sent(bar)) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := c.Find(ctx, d); err != nil || len(s.Sent(bar)) != 1 {
		t.Errorf("Find = %v; %d copies in Sent", err, len(s.Sent(bar)))
	}
}

func TestAnAnswerProvesThatTheMailWasSent(t *testing.T) {
	s := start(t)
	c, ctx := client(t, s), within(t)
	d := network.Draft{Key: c.NewKey(), Text: "x", To: []network.Author{{ID: guest}}}
	if _, err := c.Find(ctx, d); !fault.Is(err, fault.Ambiguous) {
		t.Fatalf("Find = %v", err)
	}
	deliver(t, s, raw("an-answer-1@example.org", "Re: x", "Merci", "In-Reply-To: <"+d.Key+">"))
	if r, err := c.Find(ctx, d); err != nil || r.ID != network.RemoteID(d.Key) {
		t.Errorf("Find = %+v, %v", r, err)
	}
}

func TestAMailOf60MBIsReadByItsTexts(t *testing.T) {
	var b bytes.Buffer
	b.Write(raw("huge.20261123@example.org", "Photos", "", "Content-Type: multipart/mixed; boundary=x"))
	big := strings.Repeat(strings.Repeat("A", 76)+"\r\n", 60<<20/78)
	fmt.Fprintf(&b, "--x\r\nContent-Type: video/mp4; name=nuit.mp4\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=utf-8''nuit%%20d%%27%%C3%%A9t%%C3%%A9.mp4\r\n\r\n%s\r\n--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nVoil=E0 la soir=E9e\r\n--x\r\nContent-Type: image/png; name=p.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x--\r\n", big)
	for name, trouble := range map[string]emailtest.Trouble{"by its structure": {}, "without a structure": {NoStructure: true}} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			deliver(t, s, raw("before-1234@example.org", "a", "avant"), b.Bytes(), raw("after-12345@example.org", "b", "après"))
			s.Set(trouble)
			c := client(t, s)
			var got []network.Message
			cur := network.Cursor("")
			for range 5 {
				p, err := c.Fetch(within(t), cur)
				if err != nil {
					t.Fatal(err)
				}
				got, cur = append(got, p.Messages...), p.Next
				if !p.More {
					break
				}
			}
			if len(got) != 3 || got[2].Text != "après" {
				t.Fatalf("%d messages", len(got))
			}
			m := got[1]
			if len(m.Attachments) == 0 || m.Attachments[0].Content != nil || m.Attachments[0].Size < 40<<20 || m.Attachments[0].Name != "nuit d'été.mp4" {
				t.Errorf("the video is %+v", m.Attachments)
			}
			if trouble.NoStructure {
				return
			}
			if m.Text != "Voilà la soirée" || len(m.Attachments) != 2 || m.Attachments[1].Size != 3 || m.Attachments[1].Content == nil {
				t.Errorf("text %q, %+v", m.Text, m.Attachments)
			}
		})
	}
}

func TestABreakInMidLiteralLosesNothing(t *testing.T) {
	s := start(t)
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprintf("numéro %d", i))
		deliver(t, s, raw(fmt.Sprintf("mail-%d-1234@example.org", i), "s", want[i], "Content-Type: text/plain; charset=utf-8"))
	}
	c := client(t, s)
	for _, at := range []int{1, 100, 700, 1500} {
		s.Set(emailtest.Trouble{CutFetch: at})
		if p, err := c.Fetch(within(t), ""); !fault.Is(err, fault.Unavailable) {
			t.Errorf("cut after %d bytes: %d messages, %v", at, len(p.Messages), err)
		}
	}
	s.Set(emailtest.Trouble{})
	p, err := c.Fetch(within(t), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range p.Messages {
		got = append(got, m.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %q", got)
	}
}

func TestTheFirstReadingIsBounded(t *testing.T) {
	s := start(t)
	for i := range 260 {
		if err := s.Deliver(bar, raw(fmt.Sprintf("mail-%d-1234@example.org", i), "s", fmt.Sprint(i)), time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	old := start(t)
	if err := old.Deliver(bar, raw("old-1234567@example.org", "s", "x"), time.Now().AddDate(0, -2, 0)); err != nil {
		t.Fatal(err)
	}
	n, cur := 0, network.Cursor("")
	for c := client(t, s); ; {
		p, err := c.Fetch(within(t), cur)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 && p.Messages[0].Text != "60" {
			t.Errorf("the history begins with %q", p.Messages[0].Text)
		}
		if n, cur = n+len(p.Messages), p.Next; !p.More {
			break
		}
	}
	if n != 200 {
		t.Errorf("%d mails of 260 read", n)
	}
	p, err := client(t, old).Fetch(within(t), "")
	if err != nil || len(p.Messages) != 0 {
		t.Errorf("of an old mailbox: %d mails, %v", len(p.Messages), err)
	}
}

// before calls do, once, before something that holds mark is written.
type before struct {
	net.Conn
	mark string
	do   *sync.Once
	f    func()
}

func (c before) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(c.mark)) {
		c.do.Do(c.f)
	}
	return c.Conn.Write(p)
}

func TestAMailThatArrivesJustBeforeIdleEndsTheWait(t *testing.T) {
	s := start(t)
	wire := s.Wire()
	dial, once := wire.Dial, &sync.Once{}
	wire.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return before{c, " IDLE\r\n", once, func() { deliver(t, s, raw("late-1234@example.org", "x", "y")) }}, err
	}
	c, err := email.Driver{}.Open(s.Endpoint(bar, "").String(), network.NewCredential(map[string]string{email.IMAPPassword: "bar-pw"}), wire)
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.(network.Fetcher).Fetch(within(t), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.(network.Waiter).Wait(within(t), page.Next); err != nil {
		t.Errorf("Wait = %v", err)
	}
}

func TestWithoutIdleWaitSaysSo(t *testing.T) {
	s := start(t)
	c := client(t, s)
	p, err := c.Fetch(within(t), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Set(emailtest.Trouble{NoIdle: true})
	if err := c.Wait(within(t), p.Next); !fault.Is(err, fault.Unsupported) {
		t.Errorf("Wait = %v, want Unsupported", err)
	}
}

func TestTheConnectionTestSaysWhichHalfFails(t *testing.T) {
	s := start(t)
	good := s.EndpointTLS(bar, "")
	for _, c := range []struct {
		name string
		edit func(*email.Endpoint)
		pw   map[string]string
		code fault.Code
		key  string
	}{
		{"both well", func(*email.Endpoint) {}, nil, "", ""},
		{"imap password", func(*email.Endpoint) {}, map[string]string{"imap_password": "no", "smtp_password": "bar-pw"}, fault.Unauthenticated, "email.fault.imap_login"},
		{"smtp password", func(*email.Endpoint) {}, map[string]string{"imap_password": "bar-pw", "smtp_password": "no"}, fault.Unauthenticated, "email.fault.smtp_login"},
		{"imap port", func(e *email.Endpoint) { e.IMAP.Port = 1 }, nil, fault.Unavailable, "email.fault.imap_connect"},
		{"smtp port", func(e *email.Endpoint) { e.SMTP.Port = 1 }, nil, fault.Unavailable, "email.fault.smtp_connect"},
		{"mailbox", func(e *email.Endpoint) { e.Mailbox = "Nulle part" }, nil, fault.NotFound, "email.fault.mailbox"},
		{"certificate", func(e *email.Endpoint) { e.IMAP.Host = "localhost" }, nil, fault.Unavailable, "email.fault.certificate"},
		{"TLS asked of a plain port", func(e *email.Endpoint) { e.IMAP.Port = s.Endpoint(bar, "").IMAP.Port }, nil, fault.Unavailable, "email.fault.no_tls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := good
			c.edit(&e)
			if c.pw == nil {
				c.pw = map[string]string{"imap_password": "bar-pw"}
			}
			cl, err := email.Driver{}.Open(e.String(), network.NewCredential(c.pw), s.Wire())
			if err != nil {
				t.Fatal(err)
			}
			_, err = cl.Profile(within(t))
			if fault.CodeOf(err) != c.code || err != nil && fault.As(err).Key != c.key {
				t.Errorf("Profile = %v, want %s %s", err, c.code, c.key)
			}
		})
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	good := email.Endpoint{Address: bar, IMAP: email.Server{Host: "imap.x.example", Port: 993, Security: email.TLS, User: bar}, SMTP: email.Server{Host: "smtp.x.example", Port: 465, Security: email.TLS, User: bar}}
	for field, edit := range map[string]func(*email.Endpoint){
		"":              func(*email.Endpoint) {},
		"address":       func(e *email.Endpoint) { e.Address = "a@b.example>\r\nRCPT TO:<x@y.example" },
		"name":          func(e *email.Endpoint) { e.Name = "Le Zinc\r\nBcc: x@y.example" },
		"imap.host":     func(e *email.Endpoint) { e.IMAP.Host = "imap.x.example/../" },
		"imap.port":     func(e *email.Endpoint) { e.IMAP.Port = 70000 },
		"imap.user":     func(e *email.Endpoint) { e.IMAP.User = "" },
		"imap.security": func(e *email.Endpoint) { e.IMAP.Security = email.Plain },
		"smtp.security": func(e *email.Endpoint) { e.SMTP.Security = "ssl" },
		"smtp.user":     func(e *email.Endpoint) { e.SMTP.User = "a\x00b" },
	} {
		e := good
		edit(&e)
		_, err := email.ParseEndpoint(e.String())
		got := ""
		if err != nil && len(fault.As(err).Fields) > 0 {
			got = fault.As(err).Fields[0].Name
		}
		if got != field || (err == nil) != (field == "") {
			t.Errorf("with a bad %q: %v", field, err)
		}
	}
}

func TestKeysSortByTimeAndCarryTheDomain(t *testing.T) {
	s := start(t)
	c := client(t, s)
	synctest.Test(t, func(t *testing.T) {
		a := c.NewKey()
		time.Sleep(2 * time.Millisecond)
		b := c.NewKey()
		if a >= b || !strings.HasSuffix(a, "@lezinc.example") {
			t.Errorf("keys %s, %s", a, b)
		}
	})
}
