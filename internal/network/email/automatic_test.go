package email

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/network"
)

func TestAutomaticMailIsKnown(t *testing.T) {
	for _, c := range []struct {
		line string
		want bool
	}{
		{"X-Nothing: 1", false},
		{"Auto-Submitted: no", false},
		{"Auto-Submitted: auto-replied", true},
		{"Auto-Submitted: auto-generated; owner-email=x", true},
		{"Precedence: bulk", true},
		{"Precedence: first-class", false},
		{"List-Id: <zinc.lists.example>", true},
		{"List-Unsubscribe: <https://x.example>", true},
		{"X-Auto-Response-Suppress: All", true},
		{"Return-Path: <>", true},
		{"Return-Path: <a@b.example>", false},
		{"Subject: Absence du bureau : Maude", true},
		{"Subject: =?utf-8?Q?R=C3=A9ponse_automatique?=", true},
		{"Subject: Re: automatic door", false},
		{"Content-Type: multipart/report; boundary=x", true},
	} {
		if got := reading(mailOf("From: a@b.example", c.line, "", "x")).Automatic; got != c.want {
			t.Errorf("%s: automatic is %v", c.line, got)
		}
	}
	for from, want := range map[string]bool{"MAILER-DAEMON@x.example": true, "no-reply@x.example": true, "ne-pas-repondre@x.example": true, "norbert@x.example": false, "postmaster@x.example": true} {
		if got := reading(mailOf("From: "+from, "", "x")).Automatic; got != want {
			t.Errorf("from %s: automatic is %v", from, got)
		}
	}
}

func TestABounceNamesWhatCouldNotBeDelivered(t *testing.T) {
	report := func(status ...string) []byte {
		lines := []string{"From: MAILER-DAEMON@mx.example", "Content-Type: multipart/report; report-type=delivery-status; boundary=x", "", "--x", "", "Sorry.", "--x", "Content-Type: message/delivery-status", ""}
		lines = append(lines, "Reporting-MTA: dns; mx.example", "")
		lines = append(lines, status...)
		return mailOf(append(lines, "", "--x", "Content-Type: text/rfc822-headers", "", "Message-ID: <ours@lezinc.example>", "Subject: Re: Samedi", "--x--")...)
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want *network.Bounce
	}{
		{"no such user", report("Final-Recipient: rfc822; maude@example.org", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 No such", " user"),
			&network.Bounce{Of: "ours@lezinc.example", Recipient: "maude@example.org", Permanent: true, Status: "5.1.1", Detail: "550 No such user"}},
		{"given up", report("Final-Recipient: rfc822; m@example.org", "Action: failed", "Status: 4.4.7"),
			&network.Bounce{Of: "ours@lezinc.example", Recipient: "m@example.org", Status: "4.4.7"}},
		{"late", report("Final-Recipient: rfc822; m@example.org", "Action: delayed", "Status: 4.4.1"), nil},
		{"arrived", report("Final-Recipient: rfc822; m@example.org", "Action: delivered", "Status: 2.0.0"), nil},
		{"an ordinary mail", mailOf("From: a@b.example", "", "x"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reading(c.raw).Bounce); diff != "" {
				t.Error(diff)
			}
		})
	}
}
