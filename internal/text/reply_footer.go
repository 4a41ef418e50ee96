package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// footers are the beginnings of the lines that phones and mail services add, folded.
var footers = []string{
	"get outlook for ", "obtenir outlook pour ", "telecharger outlook pour ", "obtenez outlook pour ", "envoye a partir de outlook", "envoye a partir d'outlook",
	"sent with proton", "sent from proton", "envoye avec proton", "envoye avec la messagerie securisee", "envoye depuis proton", "sent with sparrow",
	"sent from mail for windows", "sent from yahoo mail", "sent from outlook", "sent via ", "envoye depuis yahoo", "envoye de yahoo", "yahoo mail : ", "yahoo mail: ",
	"provenance : courrier pour windows", "envoye a partir de courrier pour windows", "enviado desde mi ", "inviato da iphone", "von meinem iphone gesendet",
	"sent from an ", "sent from gmail mobile", "envoye depuis gmail mobile", "envoye depuis l'application", "envoye a partir d'un", "envoye depuis un ",
}

// footerOwners open a footer that names the sender's device: at most five more words, all of them plain,
// so that "Sent from my desk, is much easier" stays the message it is.
var footerOwners = []string{
	"sent from my ", "envoye de mon ", "envoye de ma ", "envoye depuis mon ", "envoye depuis ma ", "envoye par mon ", "envoye a partir de mon ", "expedie de mon ",
	"envoye avec mon ",
}

const maxFooterWords = 12

// isFooter reports a line that the device or service wrote and not the person.
func isFooter(l *line) bool {
	key := strings.Trim(l.key, "_-.()[] ")
	if len(key) > 200 {
		return false
	}
	if i := strings.IndexAny(key, "<("); i > 0 { // the address behind the words
		key = strings.TrimSpace(key[:i])
	}
	for _, o := range footerOwners {
		if rest, ok := strings.CutPrefix(key, o); ok {
			return !strings.ContainsAny(rest, ",;!?") && len(strings.Fields(rest)) <= 5
		}
	}
	return hasAnyPrefix(key+" ", footers) && len(strings.Fields(key)) <= maxFooterWords
}

// isContact reports a folded line that is nothing but an address, a link or a telephone number, perhaps
// behind a short label ("t. 555-931-0702", "skype: edgar").
func isContact(key string) bool {
	if label, rest, ok := strings.Cut(key, " "); ok && rest != "" && len(label) <= 8 && (strings.HasSuffix(label, ".") || strings.HasSuffix(label, ":")) {
		key = rest
	}
	if key == "" || len(key) > 70 {
		return false
	}
	if !strings.Contains(key, " ") {
		at := strings.IndexByte(key, '@')
		if at > 0 && strings.Contains(key[at:], ".") || hasAnyPrefix(key, []string{"www.", "http://", "https://"}) {
			return true
		}
	}
	return isPhone(key)
}

// isPhone reports seven to fifteen digits with nothing but the usual signs between.
func isPhone(key string) bool {
	digits := 0
	for _, r := range key {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !strings.ContainsRune("+-.() /", r):
			return false
		}
	}
	return digits >= 7 && digits <= 15
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}
