package text

import "strings"

// What mail programs write around a quoted mail, in the languages of guests who travel. All of it is folded.
var (
	originals = []string{ // stand alone between dashes; everything below is the quoted mail
		"original message", "message d'origine", "message original", "message initial", "forwarded message", "message transfere",
		"message reexpedie", "courriel d'origine", "ursprungliche nachricht", "weitergeleitete nachricht", "mensaje original", "mensaje reenviado",
		"mensagem original", "messaggio originale", "oorspronkelijk bericht", "doorgestuurd bericht", "reply message", "forwarded by", "исходное сообщение",
	}
	forwards = []string{ // Apple Mail and Thunderbird, on a line of their own
		"begin forwarded message", "debut du message reexpedie", "debut du message transfere", "anfang der weitergeleiteten nachricht",
		"inicio del mensaje reenviado", "inizio messaggio inoltrato",
	}
	openers = []string{"on ", "le ", "am ", "el ", "il ", "op ", "em ", "den ", "a ", "w dniu "} // of an attribution with a date
	closers = []string{                                                                          // of an attribution, before the colon
		"wrote", "writes", "a ecrit", "ecrivait", "schrieb", "escribio", "ha scritto", "schreef", "escreveu", "skrev", "napisal", "написал", "написал(а)", "пишет",
	}
)

// Kinds of header lines at the top of a mail quoted by Outlook and others.
const (
	headFrom = 1 << iota
	headDate
	headTo
	headSubject
	headCopy
)

var headWords = map[string]int{
	"from": headFrom, "de": headFrom, "von": headFrom, "van": headFrom, "da": headFrom, "от": headFrom, "expediteur": headFrom,
	"sent": headDate, "date": headDate, "envoye": headDate, "gesendet": headDate, "datum": headDate, "verzonden": headDate, "enviado": headDate,
	"enviado el": headDate, "inviato": headDate, "data": headDate, "fecha": headDate, "дата": headDate, "отправлено": headDate, "date d'envoi": headDate,
	"to": headTo, "a": headTo, "an": headTo, "aan": headTo, "para": headTo, "pour": headTo, "destinataire": headTo, "кому": headTo, "reply-to": headTo, "repondre a": headTo,
	"subject": headSubject, "objet": headSubject, "sujet": headSubject, "betreff": headSubject, "onderwerp": headSubject, "asunto": headSubject,
	"assunto": headSubject, "oggetto": headSubject, "тема": headSubject,
	"cc": headCopy, "cci": headCopy, "bcc": headCopy, "on behalf of": headCopy, "importance": headCopy, "копия": headCopy,
}

// headKind returns which header a line is, 0 when it is none.
func headKind(key string) int {
	name, _, ok := strings.Cut(key, ":")
	if !ok || len(name) > 40 {
		return 0
	}
	return headWords[strings.TrimSpace(name)]
}

// isHeadBlock reports whether lines begin with the header of a mail: From and two others (or one other,
// when From has an address) within the first lines. A header may go on over more lines.
func isHeadBlock(lines []line) bool {
	if headKind(lines[0].key) == 0 {
		return false
	}
	seen, kinds, loose := 0, 0, 0
	address := false
	for i := 0; i < len(lines) && i < 12 && !lines[i].void && lines[i].depth == 0; i++ {
		kind := headKind(lines[i].key)
		if kind == 0 {
			if loose++; loose > 3 {
				break
			}
			continue
		}
		loose = 0
		address = address || kind == headFrom && strings.Contains(lines[i].key, "@")
		if seen&kind == 0 {
			kinds++
		}
		seen |= kind
	}
	return seen&headFrom != 0 && (kinds >= 3 || kinds == 2 && address)
}

// isOriginal reports "-----Original Message-----" in its languages.
func isOriginal(key string) bool {
	inner := strings.Trim(key, "-_ :")
	for _, o := range originals {
		if strings.HasPrefix(inner, o) && len(inner) < len(o)+60 {
			return strings.HasPrefix(key, "--") || strings.HasPrefix(key, "__")
		}
	}
	for _, f := range forwards {
		if inner == f {
			return true
		}
	}
	return false
}

// isRule reports a line of nothing but dashes or underscores, as Outlook draws above a quoted mail.
func isRule(key string, least int) bool {
	return len(key) >= least && strings.Trim(key, "-_= ") == ""
}

// maxAttribution is over how many lines a mail program breaks an attribution.
const maxAttribution = 5

// attribution returns how many of lines are one attribution ("Le 3 déc. 2026 à 18:22, Bar Edgar
// <bar@edgar.test> a écrit :", perhaps broken), 0 when they are none. sure says that it can be nothing else,
// even with no quote mark below it.
func attribution(lines []line) (n int, sure bool) {
	if !opensAttribution(lines[0].key) && !strings.Contains(lines[0].key, "@") && !startsWithDigit(lines[0].key) {
		return 0, false
	}
	key := ""
	for n = 1; n <= maxAttribution && n <= len(lines); n++ {
		l := &lines[n-1]
		if l.void || l.depth > 0 || n > 1 && opensAttribution(l.key) && digits(l.key) >= 2 {
			return 0, false // nothing, or it opens only here
		}
		key = strings.TrimSpace(key + " " + l.key)
		colon := strings.HasSuffix(key, ":") || strings.HasPrefix(key, "--")
		end := strings.TrimRight(key, ": -")
		if !endsWithCloser(end) && !endsWithWriting(end) {
			continue
		}
		if !colon && n < len(lines) && strings.TrimSpace(lines[n].key) == ":" { // "a écrit" and its colon parted
			n, colon = n+1, true
		}
		if !colon || digits(key) == 0 && !strings.Contains(key, "@") {
			return 0, false
		}
		return n, digits(key) >= 4 || strings.Contains(key, "@")
	}
	return 0, false
}

func opensAttribution(key string) bool { return hasAnyPrefix(strings.TrimLeft(key, "- "), openers) }

func endsWithCloser(s string) bool {
	for _, c := range closers {
		if strings.HasSuffix(s, c) && !strings.HasSuffix(strings.TrimSuffix(s, c), "-") {
			return true
		}
	}
	return false
}

// endsWithWriting reports the form "Bar Edgar <bar@edgar.test> a écrit le 3 déc. 2026 à 18:22".
func endsWithWriting(end string) bool {
	_, after, ok := strings.Cut(end, "> a ecrit le ")
	if !ok {
		_, after, ok = strings.Cut(end, "> wrote on ")
	}
	return ok && digits(after) >= 4
}

// leadsQuote reports a line just above a quote that presents it, in whatever language: it ends with a
// colon and holds an address, or a date and a time.
func leadsQuote(key string) bool {
	if !strings.HasSuffix(key, ":") || len(key) > 300 {
		return false
	}
	if strings.Contains(key, "@") {
		return true
	}
	return digits(key) >= 6
}

// digits counts the ASCII digits in s.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			n++
		}
	}
	return n
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }
