package text

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/charset"
)

// corpus returns a folder of the external test data, or skips the test.
func corpus(t testing.TB, folder string) string {
	t.Helper()
	root := os.Getenv("COMPTOIR_CORPORA")
	if root == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	return filepath.Join(root, folder)
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// erpReplies are the first and last visible lines of what the person wrote in each mail of the corpus.
var erpReplies = map[string][2]string{
	"correct_sig.txt":         {"this is an email with a correct -- signature.", "this is an email with a correct -- signature."},
	"email_1_1.txt":           {"Hi folks", "I am currently using the Java HTTP API."},
	"email_1_2.txt":           {"Hi,", "the keys in a bucket, you’ll need to delete them all individually.\""},
	"email_1_3.txt":           {"Oh thanks.", "Having the function would be great."},
	"email_1_4.txt":           {"Awesome! I haven't had another problem with it.", "Awesome! I haven't had another problem with it."},
	"email_1_5.txt":           {"One: Here's what I've got.", "for a while."},
	"email_1_6.txt":           {"I get proper rendering as well.", "Sent from a magnificent torch of pixels"},
	"email_1_7.txt":           {":+1:", ":+1:"},
	"email_1_8.txt":           {"On Tue, Apr 29, 2014 at 4:22 PM, Example Dev <sugar@example.com>wrote:", "and under this."},
	"email_2_1.txt":           {"Outlook with a reply", "Outlook with a reply"},
	"email_2_2.txt":           {"Outlook with a reply directly above line", "Outlook with a reply directly above line"},
	"email_2_3.txt":           {"Outlook with a reply directly above line", "Outlook with a reply directly above line"},
	"email_BlackBerry.txt":    {"Here is another email", "Here is another email"},
	"email_bullets.txt":       {"test 2 this should list second", "- and another"},
	"email_iPhone.txt":        {"Here is another email", "Here is another email"},
	"email_long_quote.txt":    {"Hi folks", "I am currently using the Java HTTP API."},
	"email_one_is_not_on.txt": {"Thank, this is really helpful.", "Locally (on development), when I run..."},
	"email_multi_word_sent_from_my_mobile_device.txt": {"Here is another email", "Here is another email"},
	"email_sent_from_my_not_signature.txt":            {"Here is another email", "Sent from my desk, is much easier then my mobile phone."},
	"email_sig_delimiter_in_middle_of_line.txt":       {"Hi there!", "kthxbai"},
	"greedy_on.txt":    {"On your remote host you can run:", "fails, the tunnel is not working."},
	"pathological.txt": {"I think you're onto something. I will try to fix the problem as soon as I", "get back to a computer."},
}

func TestSplitReplyReadsClassicMails(t *testing.T) {
	dir := corpus(t, "email-erp-github/test/emails")
	for name, want := range erpReplies {
		t.Run(name, func(t *testing.T) {
			text := read(t, dir, name)
			start := time.Now()
			reply, quoted := SplitReply(text)
			if d := time.Since(start); d > 50*time.Millisecond && len(text) < 10_000 {
				t.Errorf("took %v", d)
			}
			checkNothingLost(t, text, reply, quoted)
			lines := visibleLines(reply)
			first, last := strings.TrimSpace(lines[0]), strings.TrimSpace(lines[len(lines)-1])
			if first != want[0] || last != want[1] {
				t.Errorf("reply from %q to %q, want from %q to %q", first, last, want[0], want[1])
			}
		})
	}
}

// mailParts returns the decoded text/plain and text/html parts of a mail of the corpus.
func mailParts(t *testing.T, raw string) (plain, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return decodePart(t, m.Body, m.Header.Get("Content-Transfer-Encoding"), params["charset"]), ""
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return plain, html
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, params, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		body := decodePart(t, p, p.Header.Get("Content-Transfer-Encoding"), params["charset"])
		if kind == "text/html" {
			html = body
		} else {
			plain = body
		}
	}
}

func decodePart(t *testing.T, r io.Reader, encoding, label string) string {
	t.Helper()
	switch strings.ToLower(encoding) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	if r2, err := charset.NewReaderLabel(label, r); err == nil {
		r = r2
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSplitReplyReadsEveryClientOfTheCorpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus(t, "email-talon/tests/fixtures/standard_replies"), "*.eml"))
	if len(files) < 12 {
		t.Fatalf("%d mails", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			plain, _ := mailParts(t, read(t, file))
			reply, quoted := SplitReply(plain)
			if strings.TrimSpace(reply) != "Hello" {
				t.Errorf("reply %q, want Hello", reply)
			}
			checkNothingLost(t, plain, reply, quoted)
		})
	}
	t.Run("reply-quotations-share-block.eml", func(t *testing.T) {
		plain, _ := mailParts(t, read(t, corpus(t, "email-talon/tests/fixtures/reply-quotations-share-block.eml")))
		reply, quoted := SplitReply(plain)
		if !strings.HasPrefix(reply, "Hi Katharine.") || strings.Contains(reply, "wrote:") || !strings.Contains(quoted, "New Booking Inquiry") {
			t.Errorf("reply %q", reply)
		}
	})
}

// signaturesFound is how many of the marked signatures of the corpus are found. It may rise, not fall.
const signaturesFound = 3

func TestSplitReplyFindsMarkedSignatures(t *testing.T) {
	dir := corpus(t, "email-talon/tests/fixtures/signature/emails")
	found := 0
	check := func(name, body, signature string) {
		reply, quoted := SplitReply(body)
		checkNothingLost(t, body, reply, quoted)
		whole := true
		for _, l := range visibleLines(signature) {
			whole = whole && strings.Contains(quoted, l)
		}
		if whole {
			found++
		} else {
			t.Logf("not found: %s", name)
		}
	}
	bodies, _ := filepath.Glob(filepath.Join(dir, "stripped", "*_body"))
	for _, body := range bodies {
		signature := strings.ReplaceAll(read(t, strings.TrimSuffix(body, "_body")+"_signature"), "#sig#", "")
		if text := read(t, body); strings.TrimSpace(signature) != "" {
			check(filepath.Base(body), strings.ReplaceAll(text, "#sig#", ""), signature)
		} else if reply, quoted := SplitReply(text); quoted != "" {
			t.Errorf("%s has no signature, but %q was folded away from %q", body, quoted, reply)
		}
	}
	if found < signaturesFound {
		t.Errorf("%d signatures found, before it was %d", found, signaturesFound)
	}
}
