package email

import "strings"

// provider is what is known of a large mail service, whose own announcement (autoconfig, SRV) is missing,
// incomplete or slower than its many users deserve.
type provider struct {
	domains    []string // of addresses
	mx         string   // the end of the names of its mail exchangers, for domains that it hosts; "" = hosts none
	imap, smtp Server   // User is filled in
	local      bool     // the user is the part before the @ alone
	note       string
}

// Notes that a person needs before the password is asked for.
const (
	NoteAppPassword = "email.note.app_password" // an application password must be made first
	NoteNoPassword  = "email.note.no_password"  // this service is ending passwords for mail programs
)

var providers = []provider{
	{domains: []string{"gmail.com", "googlemail.com"}, mx: "google.com", imap: tlsAt("imap.gmail.com"), smtp: tlsSend("smtp.gmail.com"), note: NoteAppPassword},
	{domains: []string{"outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "live.com", "live.fr", "live.ca", "msn.com"}, imap: tlsAt("outlook.office365.com"), smtp: startTLSSend("smtp-mail.outlook.com"), note: NoteNoPassword},
	{mx: "protection.outlook.com", imap: tlsAt("outlook.office365.com"), smtp: startTLSSend("smtp.office365.com"), note: NoteNoPassword},
	{domains: []string{"icloud.com", "me.com", "mac.com"}, mx: "icloud.com", imap: tlsAt("imap.mail.me.com"), smtp: startTLSSend("smtp.mail.me.com"), note: NoteAppPassword},
	{domains: []string{"yahoo.com", "yahoo.fr", "yahoo.ca", "ymail.com"}, mx: "yahoodns.net", imap: tlsAt("imap.mail.yahoo.com"), smtp: tlsSend("smtp.mail.yahoo.com"), note: NoteAppPassword},
	{domains: []string{"aol.com"}, imap: tlsAt("imap.aol.com"), smtp: tlsSend("smtp.aol.com"), note: NoteAppPassword},
	{domains: []string{"fastmail.com", "fastmail.fm"}, mx: "messagingengine.com", imap: tlsAt("imap.fastmail.com"), smtp: tlsSend("smtp.fastmail.com"), note: NoteAppPassword},
	{domains: []string{"videotron.ca", "videotron.qc.ca"}, imap: tlsAt("imap.videotron.ca"), smtp: tlsSend("smtp.videotron.ca")},
	{domains: []string{"bell.net", "sympatico.ca"}, imap: tlsAt("imap.bell.net"), smtp: startTLSSend("smtphm.sympatico.ca")},
	{domains: []string{"orange.fr", "wanadoo.fr"}, imap: tlsAt("imap.orange.fr"), smtp: tlsSend("smtp.orange.fr")},
	{domains: []string{"free.fr"}, imap: tlsAt("imap.free.fr"), smtp: tlsSend("smtp.free.fr"), local: true},
	{domains: []string{"sfr.fr", "neuf.fr"}, imap: tlsAt("imap.sfr.fr"), smtp: tlsSend("smtp.sfr.fr")},
	{domains: []string{"laposte.net"}, imap: tlsAt("imap.laposte.net"), smtp: tlsSend("smtp.laposte.net")},
	{mx: "mail.ovh.net", imap: tlsAt("ssl0.ovh.net"), smtp: tlsSend("ssl0.ovh.net")},
	{mx: "mail.gandi.net", imap: tlsAt("mail.gandi.net"), smtp: tlsSend("mail.gandi.net")},
	{domains: []string{"ik.me"}, mx: "infomaniak.ch", imap: tlsAt("mail.infomaniak.com"), smtp: tlsSend("mail.infomaniak.com")},
	{domains: []string{"gmx.com", "gmx.fr", "gmx.net"}, imap: tlsAt("imap.gmx.com"), smtp: tlsSend("mail.gmx.com")},
	{domains: []string{"zoho.com"}, mx: "zoho.com", imap: tlsAt("imap.zoho.com"), smtp: tlsSend("smtp.zoho.com"), note: NoteAppPassword},
	{domains: []string{"proton.me", "protonmail.com"}, mx: "protonmail.ch", imap: Server{Host: "127.0.0.1", Port: 1143, Security: StartTLS}, smtp: Server{Host: "127.0.0.1", Port: 1025, Security: StartTLS}, note: "email.note.bridge"},
}

func tlsAt(host string) Server { return Server{Host: host, Port: 993, Security: TLS} }

func tlsSend(host string) Server { return Server{Host: host, Port: 465, Security: TLS} }

func startTLSSend(host string) Server { return Server{Host: host, Port: 587, Security: StartTLS} }

func providerOf(domain string) *provider {
	for i, p := range providers {
		for _, d := range p.domains {
			if d == domain {
				return &providers[i]
			}
		}
	}
	return nil
}

func providerByExchanger(host string) *provider {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for i, p := range providers {
		if p.mx != "" && (host == p.mx || strings.HasSuffix(host, "."+p.mx)) {
			return &providers[i]
		}
	}
	return nil
}

// endpoint is the account of an address at this provider.
func (p *provider) endpoint(address string) Endpoint {
	user := address
	if p.local {
		user, _, _ = strings.Cut(address, "@")
	}
	e := Endpoint{Address: address, IMAP: p.imap, SMTP: p.smtp}
	e.IMAP.User, e.SMTP.User = user, user
	return e
}
