package view

import "github.com/a-h/templ"

// Le Zinc, a Thursday night: the same evening as in the drawings.

func face(name string, hue int, network string) Face {
	return Face{Name: name, Hue: hue, Network: network}
}

var house = Face{Name: "Le Zinc", House: true}

func shellOf(title, sub string) Shell {
	return Shell{
		Page:  PageInfo{},
		Place: Place{Name: "Le Zinc", Line: "ouvert jusqu’à 3\u00a0h", URL: "/c"},
		Me:    Member{Face: face("Élie Moreau", 3, ""), Settings: "/reglages", Sessions: "/moi", Theme: "/moi/lumiere", SignOut: "/sortir"},
		Nav: []NavItem{
			{Key: "counter", URL: "/c", Counted: true, Count: 12, News: true}, {Key: "floor", URL: "/salle", Counted: true, Count: 3},
			{Key: "tables", URL: "/reglages/tables"}, {Key: "settings", URL: "/reglages"},
		},
		Current: "counter", Title: title, Sub: sub,
		Search: &Search{Action: "/c"},
	}
}

func rows() []ConvRow {
	return []ConvRow{
		{ID: "1", URL: "/c/1", Face: face("Maude Gervais", 1, "mastodon"), Name: "Maude Gervais", At: "21\u00a0h\u00a038", Stamp: "2026-11-26T21:38:00-05:00", Current: true,
			Excerpt: "On a faim à la table 7, mais on ne voit personne! Vous servez encore la cuisine?", Table: "7", TableAt: "À la table 7 depuis 20\u00a0h\u00a050"},
		{ID: "2", URL: "/c/2", Face: face("Karim Belkacem", 20, "bluesky"), Name: "Karim Belkacem", At: "21\u00a0h\u00a031", New: true,
			Excerpt: "Élie, tu nous mets «\u00a01990\u00a0» de Leloup avant minuit? C’est la fête de Jo 🎂", Tags: []Tag{{Text: "Demande spéciale", Tone: "amber", Icon: "music-2"}}},
		{ID: "3", URL: "/c/3", Face: face("Sandrine Roy", 33, "instagram"), Name: "Sandrine Roy", At: "20\u00a0h\u00a057", New: true, Excerpt: "La lumière ce soir 😍 On revient jeudi prochain, c’est promis."},
		{ID: "4", URL: "/c/4", Face: face("Théo Lacasse", 9, "email"), Name: "Théo Lacasse", At: "16\u00a0h\u00a012", New: true, Assignee: "Noémie",
			Excerpt: "Réservation pour 14 personnes, le vendredi 4 décembre. Bonjour, nous fêtons le départ d’une collègue et nous aimerions garder le fond de la salle.", Tags: []Tag{{Text: "Réservation", Tone: "ardoise"}}},
		{ID: "5", URL: "/c/5", Face: face("Jo Tremblay", 26, "facebook"), Name: "Jo Tremblay", At: "14\u00a0h\u00a040", Ours: true, Excerpt: "Merci Jo! On t’a gardé la banquette du fond.", Note: "Répondu en 9\u00a0min"},
		{ID: "6", URL: "/c/6", Face: face("Ginette Dubé", 5, "business"), Name: "Ginette Dubé", At: "11\u00a0h\u00a005", Excerpt: "★★★★☆  Très belle ambiance, musique un peu forte près du bar pour jaser.", Tags: []Tag{{Text: "Avis", Tone: "vin"}}},
		{ID: "7", URL: "/c/7", Face: face("Inès Duval", 16, "x"), Name: "Inès Duval", At: "9\u00a0h\u00a020", Excerpt: "C’était quoi la toune vers 23 h hier? Celle avec l’orgue.", Note: "En veille jusqu’à 22\u00a0h"},
		{ID: "8", URL: "/c/8", Face: face("<script>alert(1)</script>", 16, "house"), Name: "<img src=x onerror=alert(1)>", At: "9\u00a0h", Lang: "he", Excerpt: "שלום, יש מקום לשישה? \u202e\"><svg/onload=alert(1)>"},
	}
}

func list() List {
	rs := rows()
	var nets []NetworkChoice
	for _, n := range []string{"email", "mastodon", "bluesky", "instagram", "facebook", "business", "x", "house"} {
		nets = append(nets, NetworkChoice{Network: n, URL: "/c?hide=" + n, On: n != "x"})
	}
	return List{
		URL:      "/c",
		States:   []Chip{{Label: "À répondre", URL: "/c", Count: 12, On: true}, {Label: "À moi", URL: "/c?state=mine", Count: 4, On: false}, {Label: "En veille", URL: "/c?state=snoozed", Count: 3, On: false}, {Label: "Réglé", URL: "/c?state=settled", Count: 0, On: false}},
		Networks: nets, Search: Search{Action: "/c"}, Picking: "/c?pick=1",
		Groups: []Group{{"Dans la salle, maintenant", true, rs[:3]}, {"Aujourd’hui", false, rs[3:]}},
		End:    "C’est tout depuis 9\u00a0h",
		Bulk:   Bulk{Action: "/c/gestes", Members: members()},
	}
}

func members() []MemberOption {
	return []MemberOption{
		{ID: "e", Face: face("Élie", 3, ""), Detail: "4 en cours", Me: true}, {ID: "n", Face: face("Noémie", 15, ""), Detail: "en salle, jusqu’à 2\u00a0h", Chosen: true},
		{ID: "f", Face: face("Fatou", 33, ""), Detail: "en cuisine"}, {ID: "m", Face: face("Marc-Antoine", 20, ""), Detail: "revient demain, 10\u00a0h"},
	}
}

func thread() *Thread {
	maude := face("Maude Gervais", 1, "mastodon")
	return &Thread{
		ID: "1", Base: "/c/1", Back: "/c", Name: "Maude Gervais", Line: "Mention publique, Mastodon", Face: maude, State: "open",
		Items: []templ.Component{
			DayMark("Jeudi 12 novembre"),
			MessageItem(Message{ID: "a", Face: maude, Name: "Maude Gervais", Handle: "@maudeg@jasette.quebec", At: "22\u00a0h\u00a015", Text: "Soirée parfaite au @lezinc. Le DJ a passé Étienne Daho, j’ai failli pleurer.", Love: "/m/a/like", Loved: true, LovedBy: "Aimé par Le Zinc"}),
			DayMark("Ce soir"),
			MessageItem(Message{ID: "b", Face: maude, Name: "Maude Gervais", Handle: "@maudeg@jasette.quebec", At: "21\u00a0h\u00a038", Text: "@lezinc On a faim à la table 7, mais on ne voit personne! Vous servez encore la cuisine?", Love: "/m/b/like", Reply: true, Floor: true, Latest: true}),
			NoteItem(Note{ID: "n", Face: face("Élie Moreau", 3, ""), Title: "Note d’Élie", At: "21\u00a0h\u00a039", Text: "Je l’ai dit à Marc-Antoine, il s’en va les voir avec des menus. Table du fond, près de la fenêtre."}),
			EventItem("ev", "Noémie a pris l’appel de la table 7, 21\u00a0h\u00a040"),
		},
		Members: members(), Floor: &FloorMenu{Tables: []Option{{Value: "a", Label: "7", Chosen: true}, {Value: "b", Label: "8"}}}, CanMerge: true, Card: true, Remote: "https://jasette.quebec/@maudeg/1", Network: "mastodon",
		Snooze: SnoozeMenu{Options: []Option{
			{Value: "2h", Label: "Dans deux heures", Hint: "23\u00a0h\u00a040", Icon: "clock"}, {Value: "morning", Label: "Demain matin", Hint: "vendredi, 10\u00a0h", Icon: "sun"},
			{Value: "monday", Label: "Lundi", Hint: "30 novembre, 10\u00a0h", Icon: "calendar"}, {Value: "message", Label: "Jusqu’au prochain message", Icon: "message-circle"},
		}, Date: "2026-12-04", Time: "16:00", Zone: "Heure de Montréal."},
		Labels: []LabelOption{{"r", "Réservation", "ardoise", true}, {"p", "Présents et mercis", "vin", false}},
		Reply: Reply{ID: "1", Base: "/c/1", Text: "Oui, jusqu’à 23 h! Noémie s’en vient avec les menus. Le grilled cheese au Oka vous attend. 🧀", Identity: house, Max: 500, Used: 92, Attach: true, Settle: true, Manage: "/reglages/reponses",
			Kept: []Kept{{ID: "1", Title: "On arrive!", Text: "On arrive!", Pieces: []Piece{{Text: "On arrive!"}}, URL: "/c/1?kept=1"}, {ID: "2", Title: "Cuisine jusqu’à 23\u00a0h", Text: "Oui, jusqu’à 23 h! Noémie s’en vient avec les menus.", Pieces: []Piece{{Text: "Oui, jusqu’à 23 h! Noémie s’en vient avec les menus."}}, URL: "/c/1?kept=2", Other: "Yes, until 11 pm!", OtherLang: "en", OtherURL: "/c/1?kept=2&in=en"}, {ID: "3", Title: "Merci du fond du cœur", Text: "Merci!", Pieces: []Piece{{Text: "Merci!"}}, URL: "/c/1?kept=3"}, {ID: "4", Title: "Compliments à la cuisine", Text: "Merci, on le dit à l’équipe tout de suite.", Pieces: []Piece{{Text: "Merci, on le dit à l’équipe tout de suite."}}, URL: "/c/1?kept=4"}}},
	}
}

func card() *PersonCard {
	return &PersonCard{
		Face: face("Maude Gervais", 1, ""), Name: "Maude Gervais", Since: "Habituée depuis mars 2024", Networks: []string{"mastodon", "instagram", "email", "house"},
		Thanks: &Banner{Fact: "Un merci à lui faire", Text: "Elle a amené six personnes jeudi dernier."}, ThanksTo: &Link{"La remercier", "/p/1/merci"},
		Know:   []string{"Allergie aux noix", "Negroni sans alcool, toujours", "Daho, Stereolab, Leloup"},
		Facts:  []Fact{{"Visites", "31, dont 4 ce mois-ci"}, {"Échanges", "42"}, {"Répond", "surtout après 20\u00a0h"}},
		Lately: []Happening{{"house", "Appel à la table 7", "ce soir, 20\u00a0h\u00a052", ""}, {"instagram", "Story avec @lezinc", "samedi 14 novembre", ""}, {"email", "Objet perdu, retrouvé", "2 novembre", "/c/3"}},
		Edit:   "/c/1/card", About: "Allergie aux noix\nNegroni sans alcool, toujours", Table: "7", TableAt: "À la table 7 depuis 20\u00a0h\u00a050",
	}
}

// screens are what the gallery shows, by the name of its picture.
func screens() map[string]templ.Component {
	with := func(change func(*Counter)) templ.Component {
		c := Counter{Shell: shellOf("", "12 à lire, rien ne presse"), List: list(), Thread: thread(), Card: card()}
		change(&c)
		return CounterScreen(c)
	}
	maude := face("Maude Gervais", 1, "mastodon")
	first, second := MergeRow{ID: "1", Face: maude, Name: "Maude Gervais", Detail: "Mention publique, 6 messages, ce soir", Keeps: true}, MergeRow{ID: "9", URL: "/c/1/merge?other=9", Face: face("M. Gervais", 1, "email"), Name: "M. Gervais", Detail: "Courriel, 3 messages, lundi"}
	return map[string]templ.Component{
		"01-comptoir": with(func(c *Counter) { c.Thread, c.Card = nil, nil; c.List.Groups[0].Rows[0].Current = false }),
		"01-fil":      with(func(c *Counter) {}),
		"16-etats-du-fil": with(func(c *Counter) {
			t := c.Thread
			t.Presence = []Presence{{face("Noémie", 15, ""), "Noémie", true}}
			t.Collide = &Collision{"Noémie a répondu il y a 12\u00a0s", "On arrive avec les menus!"}
			t.Subject, t.Tags = "Objet perdu samedi", []Tag{{Text: "Réservation", Tone: "ardoise"}}
			t.Earlier = "/c/1?before=a"
			t.Items = append(t.Items,
				MessageItem(Message{ID: "u1", Face: house, Name: "Le Zinc", Us: true, At: "21\u00a0h\u00a042", Text: "Oui! https://lezinc.bar/menu, puis demandez Noémie.", State: "waiting", Until: 4102444800000, Undo: "/c/1/undo"}),
				MessageItem(Message{ID: "u2", Face: house, Name: "Le Zinc", Us: true, At: "21\u00a0h\u00a040", Text: "On arrive.", State: "failed", Fault: "Mastodon a refusé. Rien n’est parti.", Retry: "/c/1/retry"}),
				MessageItem(Message{ID: "u3", Face: maude, Name: "Maude Gervais", At: "21\u00a0h\u00a043", Text: "Merci!\nÀ tantôt.", Blocked: 3, Folded: "Le 26 nov., Le Zinc a écrit\u00a0:\n> Oui", Files: []File{{Name: "tuque-oubliée-sur-la-banquette.jpg", Size: "1,4\u00a0Mo", URL: "/f/1"}}}))
			c.Shell.Toasts = []Toast{{Text: "Confié à Noémie", Undo: "/c/1/undo"}}
		}),
		"16-fusion": with(func(c *Counter) {
			c.Merge = &Merge{Base: "/c/1", Back: "/c/1", First: &first, Second: &second, Facts: []Banner{{Tone: "verre", Fact: "Chaque réponse repart là d’où vient le message"}, {Tone: "amber", Fact: "Deux fiches deviennent une", Text: "L’allergie aux noix est gardée. Se défait pendant trente jours."}}}
		}),
		"16-fusion-choix": with(func(c *Counter) {
			c.Merge = &Merge{Base: "/c/1", Back: "/c/1", Search: Search{Action: "/c/1/merge"}, Rows: []MergeRow{second}}
		}),
		"16-reponses-gardees": CounterSettingsPage(shellOf("Réglages", ""), []SettingsItem{{Label: "Le comptoir", Icon: "inbox", URL: "/r", Current: true}}, CounterSettings{
			Kept: []KeptLine{
				{ID: "1", Title: "On arrive!", Text: "On arrive!", Pieces: []Piece{{Text: "On arrive!"}}, First: true},
				{ID: "2", Title: "Cuisine jusqu’à…", Text: "Oui, jusqu’à {fermeture}!", Pieces: []Piece{{Text: "Oui, jusqu’à "}, {"23\u00a0h", true}, {Text: "!"}}, Last: true, Errors: map[string]string{"title": "Un titre a de 1 à 40 caractères."}},
			},
			Variables: []Variable{{"{prénom}", "son prénom", "Maude"}, {"{fermeture}", "l’heure de fermeture, quand c’est ouvert", ""}},
			Labels:    []LabelLine{{ID: "a", Name: "Réservation", Tone: "ardoise", Used: "3 conversations"}, {ID: "b", Name: "Objet perdu", Used: "0 conversation", Errors: map[string]string{"name": "Une autre étiquette porte déjà ce nom."}}},
			Tones:     []Option{{Value: "verre", Label: "Vert bouteille"}, {Value: "ardoise", Label: "Ardoise"}, {Value: "", Label: "Papier"}},
			NewLabel:  LabelLine{Errors: map[string]string{"name": "Une étiquette a de 1 à 40 caractères."}},
			OtherLang: "en", Save: "/r/1", Move: "/r/2", Remove: "/r/3", SaveLabel: "/r/4", Unlabel: "/r/5",
		}),
		"16-choisir": with(func(c *Counter) { c.List.Pick = true; c.Thread = nil }),
		"12-vide": with(func(c *Counter) {
			c.List.Groups, c.Thread, c.Card = nil, nil, nil
			c.List.Empty = Blank{"todo", &Link{"Voir la salle", "/salle"}}
		}),
		"12-faute": with(func(c *Counter) {
			c.List.Fault = "Cela ne répond pas pour l’instant. Rien n’a été changé."
			c.Thread, c.Card = nil, nil
		}),
		"13-porte":    Porte(PageInfo{Title: "Entrer"}, nil, "Bonsoir.", "Le comptoir du Zinc", "Pas encore de compte? Demandez une invitation à la personne qui tient le lieu."),
		"14-pas":      walkFixture(),
		"12-reglages": App(shellOf("Réglages", "")),
		"07-table": inside(GuestPage(Guest{Page: PageInfo{Title: "Table 7"}, Place: "Le Zinc", Table: "7", Hello: "Bonsoir!", Line: "Vous êtes à la table 7.", French: "?lang=fr", English: "?lang=en"}),
			TileItem(Tile{Icon: "concierge-bell", Title: "Appeler quelqu’un", Line: "On vient à votre table", Open: true}),
			TileItem(Tile{Icon: "heart", Title: "Dire un mot", Line: "Ça nous fait plaisir", Tone: "love"}),
			StatusSteps([]string{"Reçu", "En route", "À votre table"}, 2)),
		"00-faute":  Problem(PageInfo{Title: "Introuvable"}, "On ne trouve rien ici", "Le lien a peut-être vieilli.", "0192-ab", &Link{"Revenir au comptoir", "/c"}),
		"00-pieces": piecesFixture(),
	}
}
