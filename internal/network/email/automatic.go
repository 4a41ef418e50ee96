package email

import (
	"regexp"
	"strings"

	"comptoir/internal/network"
)

var (
	machineSender  = regexp.MustCompile(`(?i)^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|ne-?pas-?repondre|noreply[-+.].*)$`)
	machineSubject = regexp.MustCompile(`(?i)^\s*(absence du bureau|réponse automatique|message d.absence|out of office|automatic reply|auto(matic)?[- ]?reply|undeliver(able|ed)|mail delivery (failed|failure|subsystem)|delivery status notification|non remis)\b`)
)

// automatic tells whether a machine wrote the mail (RFC 3834 and what is met in practice).
func automatic(root *part) bool {
	h := root.header
	if v, _ := params(h.get("auto-submitted")); v != "" && v != "no" {
		return true
	}
	switch strings.ToLower(strings.TrimSpace(h.get("precedence"))) {
	case "bulk", "junk", "list", "auto_reply", "auto-reply":
		return true
	}
	for _, name := range []string{"list-id", "list-unsubscribe", "x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-autoresponder", "feedback-id"} {
		if h.has(name) {
			return true
		}
	}
	kind, _ := params(h.get("content-type"))
	if strings.TrimSpace(h.get("return-path")) == "<>" || kind == "multipart/report" {
		return true
	}
	a := author(h)
	if a.ID == "" {
		return true // there is nobody to answer
	}
	local, _, _ := strings.Cut(string(a.ID), "@")
	return machineSender.MatchString(local) || machineSubject.MatchString(decodeWords(h.get("subject")))
}

// bounce reads a delivery report (RFC 3464), nil when the mail is none or reports a success or a delay.
func bounce(root *part, b body) *network.Bounce {
	if b.report == nil {
		return nil
	}
	blocks := reportBlocks(b.report.decoded())
	for _, f := range blocks {
		action := strings.ToLower(f.get("action"))
		if action != "failed" && !(action == "" && strings.HasPrefix(f.get("status"), "5")) {
			continue
		}
		recipient := afterType(f.get("final-recipient"))
		if recipient == "" {
			recipient = afterType(f.get("original-recipient"))
		}
		status, _, _ := strings.Cut(f.get("status"), " ")
		out := &network.Bounce{
			Recipient: plainLine(recipient),
			Status:    plainLine(status),
			Permanent: !strings.HasPrefix(status, "4"),
			Detail:    plainLine(afterType(f.get("diagnostic-code"))),
		}
		if b.original != nil {
			h, _ := splitHeader(b.original.decoded())
			out.Of = network.RemoteID(firstID(h.get("message-id")))
		}
		if refs := references(root.header); out.Of == "" && len(refs) > 0 {
			out.Of = refs[len(refs)-1]
		}
		return out
	}
	return nil
}

// reportBlocks reads the groups of fields of a delivery status.
func reportBlocks(b []byte) (blocks []header) {
	for range 50 {
		h, rest := splitHeader(b)
		if len(h) > 0 {
			blocks = append(blocks, h)
		}
		if len(rest) == 0 || len(rest) == len(b) {
			break
		}
		b = rest
	}
	return blocks
}

// afterType reads "rfc822; someone@example.org".
func afterType(s string) string {
	if _, v, ok := strings.Cut(s, ";"); ok {
		s = v
	}
	return strings.TrimSpace(s)
}
