package demo

import "time"

// What happens at Le Zinc. Everything is invented; the people and the mails are nobody's.

// guestAct is something that a guest does at a table, a while after the doors open.
type guestAct struct {
	after time.Duration
	table int
	kind  string // the form's own words: hungry, bill, water, loud, kind, other
	text  string
	lang  string
}

// letter is a mail that arrives. ago is how long before the doors open it was sent; with after it arrives
// during the evening instead.
type letter struct {
	ago, after time.Duration
	name, from string
	subject    string
	body       string
	header     string // further header lines, each ended by CRLF
	thanks     string // what they answer when the place answered them, "" = nothing
}

// letters is the morning's mailbox and what comes in the evening.
var letters = []letter{
	{ago: 26 * time.Hour, name: "Ginette Dubé", from: "ginette.dube@exemple.test", subject: "Un foulard oublié",
		body: "Bonjour,\n\nJ’ai laissé un foulard bleu hier soir, sur la banquette du fond. Est-ce que quelqu’un l’aurait vu?\n\nMerci beaucoup,\nGinette Dubé", thanks: "Vous êtes fins! Je passe demain."},
	{ago: 20 * time.Hour, name: "Houblon & Cie", from: "infolettre@houblon.test", subject: "Nos nouveautés de décembre",
		header: "List-Id: <infolettre.houblon.test>\r\nList-Unsubscribe: <mailto:stop@houblon.test>\r\nPrecedence: bulk\r\n",
		body:   "Découvrez notre stout à l’érable.\n\nPour ne plus recevoir nos nouvelles, répondez STOP."},
	{ago: 9 * time.Hour, name: "Théo Lacasse", from: "theo.lacasse@exemple.test", subject: "Réservation pour 14 personnes, le vendredi 4 décembre",
		body: "Bonjour,\n\nNous fêtons le départ d’une collègue et nous serions 14, vers 19 h. Est-ce possible d’avoir les tables du fond? Une personne est allergique aux noix.\n\nThéo Lacasse\n514 555-0142", thanks: "Parfait, merci! On a bien hâte."},
	{ago: 7 * time.Hour, name: "Inès Duval", from: "ines@exemple.test", subject: "La chanson d’hier",
		body: "C’était quoi la toune vers 23 h hier? Celle avec l’orgue. Je la cherche depuis ce matin!\n\nEnvoyé de mon iPhone", thanks: "C’est elle! Merci!"},
	{ago: 3 * time.Hour, name: "Sam Okafor", from: "sam.okafor@example.test", subject: "Table for two tonight?",
		body: "Hi,\n\nWe're in town for one night and a friend told us about the music. Do you take reservations for two, around nine?\n\nSam", thanks: "Wonderful, see you at nine."},
	{after: 25 * time.Second, name: "Karim Belkacem", from: "karim@exemple.test", subject: "Re: Soirée du 28",
		body: "Salut Élie,\n\nÇa marche pour le 28. Est-ce que je peux apporter mes platines?\n\nLe mar. 24 nov. 2026 à 09:12, Le Zinc <bonjour@lezinc.test> a\nécrit :\n> On te garde la soirée du 28.\n> Dis-nous ce qu’il te faut.", thanks: "Super. À samedi!"},
	{after: 3 * time.Minute, name: "Marie-Soleil Roy", from: "marie.soleil@exemple.test", subject: "Merci pour hier",
		body: "Un mot pour dire merci : la lumière, la musique, l’accueil. On revient jeudi.\n\n-- \nMarie-Soleil Roy", thanks: ""},
}

// toot is a mention on a network, before the doors open (ago) or during the evening (after).
type toot struct {
	ago, after time.Duration
	from, name string
	text, lang string
	visibility string // "" = everybody
	thanks     string // what they answer when the place answered them, "" = nothing
}

// toots is what people say of the place on the web.
var toots = []toot{
	{ago: 5 * time.Hour, from: "fabienne@ruelle.test", name: "Fabienne Aubin", lang: "fr", text: "c’est vrai que vous passez du soul le jeudi? On serait quatre, avec ma mère qui a 71 ans et qui danse mieux que moi.", thanks: "Parfait, elle a déjà sorti ses souliers."},
	{after: 14 * time.Second, from: "jules@ruelle.test", name: "Jules", lang: "fr", visibility: "direct", text: "j’ai dû laisser ma carte au bar hier soir, au nom de Jules Caron. Vous l’avez?", thanks: "Merci! Je passe avant 19 h."},
	{after: 55 * time.Second, from: "noor@harbour.test", name: "Noor", lang: "en", text: "the negroni and that last song. Whoever plays tonight: thank you. What was it called?", thanks: "Found it. Thank you both!"},
}

// skyToots is what they say on Bluesky.
var skyToots = []toot{
	{ago: 3 * time.Hour, from: "odile.test", name: "Odile Tremblay", lang: "fr", text: "à quelle heure commence la contrebasse, ce soir? Je viens de loin.", thanks: "Je pars maintenant, alors."},
	{after: 35 * time.Second, from: "sam.test", name: "Sam", lang: "en", text: "is there a step at the door? My friend uses a wheelchair.", thanks: "Perfect, see you tonight."},
}

// remark is a comment under an article of the blog. It waits for a decision where status is "hold".
type remark struct {
	ago, after         time.Duration
	name, email, url   string
	kind, text, status string
	thanks             string // what they answer when the place answered them, "" = nothing
}

// remarks is what people say under the blog.
var remarks = []remark{
	{ago: 30 * time.Hour, name: "Le Courrier du quartier", url: "https://courrier.test/ou-danser-le-jeudi", kind: "pingback", text: "[…] et le jeudi, c’est au Zinc que ça se passe […]"},
	{ago: 4 * time.Hour, name: "Bastien", email: "bastien@exemple.test", status: "hold", text: "J’ai encore les vinyles de mon oncle, du soul de 1972. Ça vous intéresse pour un jeudi?", thanks: "Génial. Je passe jeudi avec la caisse!"},
	{after: 70 * time.Second, name: "Best Pills Online", email: "pills@spam.test", url: "https://pills.test/", status: "hold", text: "Great article! Cheap pills here, 80% off."},
}

// evening is what guests do. It begins at once, so that whoever opens the page sees the room live.
var evening = []guestAct{
	{after: 2 * time.Second, table: 7, kind: "hungry", text: "On est quatre, on ne voit personne!", lang: "fr"},
	{after: 9 * time.Second, table: 3, kind: "bill", lang: "fr"},
	{after: 17 * time.Second, table: 11, kind: "kind", text: "La lumière ce soir, c’est magnifique.", lang: "fr"},
	{after: 31 * time.Second, table: 5, kind: "water", lang: "en"},
	{after: 48 * time.Second, table: 7, kind: "hungry", lang: "fr"},
	{after: 70 * time.Second, table: 2, kind: "loud", text: "On ne s’entend plus près du bar.", lang: "fr"},
	{after: 95 * time.Second, table: 9, kind: "other", text: "Could we have two more chairs?", lang: "en"},
	{after: 2 * time.Minute, table: 4, kind: "hungry", text: "La cuisine est encore ouverte?", lang: "fr"},
}

// later is drawn from, again and again, once the evening has been played.
var later = []guestAct{
	{kind: "hungry", lang: "fr"}, {kind: "hungry", text: "Un autre grilled cheese, s’il vous plaît!", lang: "fr"},
	{kind: "bill", lang: "fr"}, {kind: "bill", text: "By card, please", lang: "en"}, {kind: "water", lang: "fr"},
	{kind: "kind", text: "Le DJ est en feu ce soir.", lang: "fr"}, {kind: "kind", text: "Best negroni in town.", lang: "en"},
	{kind: "other", text: "On a renversé un verre, désolés!", lang: "fr"}, {kind: "loud", lang: "en"},
}
