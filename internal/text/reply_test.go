package text

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// replies are answers as the mail programs of guests write them.
var replies = []struct{ name, mail, reply string }{
	{"an iPhone in French, quoted attribution broken over lines",
		"Bonsoir, on est six pour samedi, c'est possible ?\n\nEnvoyé de mon iPhone\n\n> Le 3 déc. 2026 à 18:22, Bar Edgar <bar@edgar.test> a\n> écrit :\n> Merci de votre message\n",
		"Bonsoir, on est six pour samedi, c'est possible ?"},
	{"Outlook in French with a rule",
		"Parfait, à samedi!\r\n\r\nMarie\r\n________________________________\r\nDe : Bar Edgar <bar@edgar.test>\r\nEnvoyé : jeudi 3 décembre 2026 18:22\r\nÀ : Marie Roy <marie@roy.test>\r\nObjet : RE: Samedi\r\n\r\nOui, il reste une table.\r\n",
		"Parfait, à samedi!\n\nMarie"},
	{"Outlook in French without a rule, no-break spaces before the colons",
		"Merci\n\nDe\u00a0: Bar Edgar [mailto:bar@edgar.test]\nEnvoyé\u00a0: 3 décembre 2026 18:22\nÀ\u00a0: 'Marie'\nObjet\u00a0: Samedi\n\nBonjour",
		"Merci"},
	{"Gmail in French, broken at 78 columns, narrow no-break space",
		"Oui merci\n\nLe ven. 4 déc. 2026 à 09:10, Bar Edgar Hypertaverne <bar@edgar-hypertaverne.test> a\nécrit\u202f:\n\n> Bonjour Marie\n> À samedi\n",
		"Oui merci"},
	{"Gmail in English", "Sounds good!\n\nOn Fri, Dec 4, 2026 at 9:10 AM Bar Edgar <bar@edgar.test> wrote:\n\n> See you\n> there\n", "Sounds good!"},
	{"Apple Mail in English, signature mark", "Great.\n\n-- \nMarie Roy\n514 555-0199\n\nOn 4 Dec 2026, at 09:10, Bar Edgar <bar@edgar.test> wrote:\n\n> See you\n", "Great."},
	{"Apple Mail in French forwards what it answers", "Voilà.\n\nDébut du message réexpédié :\n\nDe: Bar <bar@edgar.test>\nObjet: Samedi\nDate: 4 décembre 2026\n\nBonjour", "Voilà."},
	{"Thunderbird in French", "D'accord\n\nLe 03/12/2026 à 18:22, Bar Edgar a écrit :\n> Bonjour\n> Bye\n", "D'accord"},
	{"Thunderbird answered below the quote", "Le 03/12/2026 à 18:22, Bar Edgar a écrit :\n> Bonjour\n> Vous serez combien?\n\nNous serons six.\nMarie", "Nous serons six.\nMarie"},
	{"Yahoo in French, quote without marks",
		"C'est noté\n\n    Le jeudi 3 décembre 2026 à 18:22:10 UTC−5, Bar Edgar <bar@edgar.test> a écrit :  \n \n Bonjour Marie,\nà samedi", "C'est noté"},
	{"Yahoo in English", "Fine\n\n----- Original Message -----\nFrom: Bar <bar@edgar.test>\nTo: Marie\nSent: Monday\nSubject: x\n\nHi", "Fine"},
	{"message d'origine", "OK!\n\n-----Message d'origine-----\nDe : Bar\nBonjour", "OK!"},
	{"message d’origine with a curly apostrophe", "OK!\n-------- Message d’origine --------\nBonjour", "OK!"},
	{"Zoho", "Yes\n\n---- On Fri, 04 Dec 2026 09:10:00 -0500 Bar <bar@edgar.test> wrote ----\n\nHello", "Yes"},
	{"Proton", "Oui\n\nEnvoyé avec la messagerie sécurisée Proton Mail.\n\nLe vendredi 4 décembre 2026 à 09:10, Bar <bar@edgar.test> a écrit :\n\n> Bonjour", "Oui"},
	{"Outlook for Android", "Oui\n\nObtenir Outlook pour Android<https://aka.ms/x>\n________________________________\nFrom: Bar <b@edgar.test>\nSent: Friday\nTo: M\nSubject: R\n\nHi", "Oui"},
	{"attribution that ends with the date", "Oui\n\nBar Edgar <bar@edgar.test> a écrit le 4 déc. 2026 à 09:10 :\n> Bonjour", "Oui"},
	{"attribution in a language we do not know", "Ja\n\n4.12.2026 kl. 9.10 Bar <bar@edgar.test>:\n> Hei", "Ja"},
	{"German", "Gerne\n\nAm Fr., 4. Dez. 2026 um 09:10 Uhr schrieb Bar <bar@edgar.test>:\n\n> Hallo", "Gerne"},

	{"answers between the lines keep the lines",
		"Le 3 déc. 2026 à 18:22, Bar Edgar <bar@edgar.test> a écrit :\n> Combien?\n\nSix.\n\n> À quelle heure?\n\n19 h\n\n> Merci\n",
		"Le 3 déc. 2026 à 18:22, Bar Edgar <bar@edgar.test> a écrit :\n> Combien?\n\nSix.\n\n> À quelle heure?\n\n19 h"},
	{"greeting above an answered quote keeps the quote", "Bonjour,\n> Combien?\nSix.", "Bonjour,\n> Combien?\nSix."},
	{"no quote at all", "Bonsoir,\n\nUne table pour deux?\n\nMerci\nMarie", "Bonsoir,\n\nUne table pour deux?\n\nMerci\nMarie"},
	{"a forwarded mail alone is the message", "---------- Forwarded message ---------\nDe : Client <c@x.test>\nObjet: Plainte\n\nTrop de bruit", "---------- Forwarded message ---------\nDe : Client <c@x.test>\nObjet: Plainte\n\nTrop de bruit"},
	{"only a quote", "> Bonjour\n> Bye", "> Bonjour\n> Bye"},
	{"nothing", "  \n\n", ""},

	{"a sentence that starts like an attribution", "Le patron m'a écrit :\nviens samedi à 20 h", "Le patron m'a écrit :\nviens samedi à 20 h"},
	{"a line above that starts like the attribution", "On a faim\nOn Fri, Dec 4, 2026 at 9:10 AM Bar <bar@edgar.test> wrote:\n> Bonjour", "On a faim"},
	{"an address above the attribution stays", "écrivez à marie@roy.test\nLe 3 déc. 2026 à 18:22, Bar a écrit :\n> Bonjour", "écrivez à marie@roy.test"},
	{"sent from my desk is no footer", "Bonjour\n\nSent from my desk, is much easier than my phone.", "Bonjour\n\nSent from my desk, is much easier than my phone."},
	{"sent from my desk, shortly", "Bonjour\n\nSent from my desk, sorry.", "Bonjour\n\nSent from my desk, sorry."},
	{"a footer that names the phone", "Bonjour\n\nEnvoyé depuis mon téléphone Samsung Galaxy.", "Bonjour"},
	{"dashes inside a line", "voici -- ce n'est pas une signature\n\nbye", "voici -- ce n'est pas une signature\n\nbye"},
	{"a booking with a phone number that is announced", "Voici mes coordonnées :\n\nMarie Roy\n514 555-0199\nmarie@roy.test", "Voici mes coordonnées :\n\nMarie Roy\n514 555-0199\nmarie@roy.test"},
	{"contact lines at the end", "Une table samedi?\n\nMarie Roy\nDirectrice\n514 555-0199\nmarie@roy.test", "Une table samedi?"},
	{"a face is no quote", "Vous étiez fermés\n>:(\n>_<", "Vous étiez fermés\n>:(\n>_<"},
	{"a list of two headers is no mail", "À: tous\nObjet: fête\nVenez!", "À: tous\nObjet: fête\nVenez!"},
	{"bullets", "Il faut:\n\n- Des chaises\n- Du vin", "Il faut:\n\n- Des chaises\n- Du vin"},
	{"markdown rule", "un\n\n---\n\ndeux", "un\n\n---\n\ndeux"},
}

func TestSplitReplyKeepsWhatThePersonWrote(t *testing.T) {
	for _, c := range replies {
		t.Run(c.name, func(t *testing.T) {
			reply, quoted := SplitReply(c.mail)
			if reply != c.reply {
				t.Errorf("reply\n%q\nwant\n%q\nquoted\n%q", reply, c.reply, quoted)
			}
			checkNothingLost(t, c.mail, reply, quoted)
		})
	}
}

// checkNothingLost fails when reply and quoted do not hold exactly the visible lines of mail.
func checkNothingLost(t *testing.T, mail, reply, quoted string) {
	t.Helper()
	want, got := visibleLines(mail), append(visibleLines(reply), visibleLines(quoted)...)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("lines lost or made up:\n%q\nwant\n%q", got, want)
	}
}

func visibleLines(s string) []string {
	var out []string
	for _, l := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.TrimFunc(l, isInvisible) != "" {
			out = append(out, l)
		}
	}
	return out
}

func TestSplitReplyIsLinear(t *testing.T) {
	const size = 1 << 18
	for name, unit := range map[string]string{
		"quote marks in one line": ">", "quote marks": ">\n", "line ends": "\n", "openers": "Le 3 déc\n", "attributions": "On 3 Dec 2026 x@y.test\n",
		"headers": "De : a\n", "rules": "------\n", "signatures": "--\n", "blank signatures": "--\n\n\n", "addresses": "a@b.test\n", "spaces": " ", "footers": "Sent from my iPhone\n",
		"wide letters": "ﷺ",
	} {
		mail := strings.Repeat(unit, size/len(unit))
		start := time.Now()
		reply, quoted := SplitReply(mail)
		if d := time.Since(start); d > 500*time.Millisecond { // far above what it takes, far below what a square would take
			t.Errorf("%s: 256 kB took %v", name, d)
		}
		if n := len(reply) + len(quoted); n > size+2 {
			t.Errorf("%s: %d bytes came out of %d", name, n, size)
		}
	}
}

func FuzzSplitReply(f *testing.F) {
	for _, c := range replies {
		f.Add(c.mail)
	}
	f.Fuzz(func(t *testing.T, mail string) {
		reply, quoted := SplitReply(mail)
		checkNothingLost(t, mail, reply, quoted)
		if reply == "" && len(visibleLines(mail)) > 0 {
			t.Errorf("a mail with text has no reply: %q", mail)
		}
	})
}

func BenchmarkSplitReply(b *testing.B) {
	mail := strings.Repeat("Bonsoir, une ligne ordinaire d'un message écrit à la main\n", 40) +
		"\nLe ven. 4 déc. 2026 à 09:10, Bar Edgar <bar@edgar.test> a\nécrit\u202f:\n\n" + strings.Repeat("> une ligne citée\n", 200)
	b.SetBytes(int64(len(mail)))
	for b.Loop() {
		SplitReply(mail)
	}
}
