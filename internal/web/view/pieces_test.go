package view

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// inside renders children within a component that takes them.
func inside(frame templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return frame.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

func walkFixture() templ.Component {
	return inside(Walk(Steps{
		Page: PageInfo{Title: "Premiers pas"}, Title: "On monte le comptoir", Lead: "Dix minutes environ. Tout peut attendre à demain.",
		Names: []string{"Le lieu", "Les tables", "Un premier réseau", "Un premier message"}, At: 2, Place: "Le Zinc", Detail: "Tout reste sur votre machine", Head: "Comment s’appelle votre lieu?", Sub: "Le nom paraît sur la page des tables."},
	),
		FormField(Field{ID: "pn", Name: "name", Label: "Nom du lieu", Value: "Le Zinc", Required: true, Auto: "organization", Hint: "Le nom paraît partout."}),
		FormField(Field{ID: "pa", Name: "address", Label: "Adresse du serveur", Value: "jasette,quebec", Error: "Il y a une virgule à la place du point.", Hint: "Sans https."}),
		FormField(Field{ID: "pz", Name: "zone", Label: "Fuseau horaire", Type: "select", Options: []Option{{Value: "America/Montreal", Label: "Montréal, il est 16 h 12", Chosen: true}}}),
		FormField(Field{ID: "pt", Name: "text", Label: "Un mot", Type: "textarea", Value: "Bonsoir"}),
		Choices("lang", "Langue du lieu", []Option{{Value: "fr", Label: "Français", Hint: "Les gens peuvent passer en anglais", Chosen: true}, {Value: "en", Label: "English", Hint: "Guests can switch to French", Lang: "en"}}),
		Switch("sw", "keys", "Raccourcis d’une lettre", "On peut les éteindre.", true),
	)
}

func piecesFixture() templ.Component {
	return inside(App(shellOf("Les pièces", "")), inside(Settings([]SettingsItem{{"Le lieu", "store", "/reglages", true}, {"Les tables", "qr-code", "/reglages/tables", false}}),
		BonItem(Bon{ID: "b-1", Table: "7", Say: "On a faim", Words: "Deux menus s’il vous plaît", Source: "Code QR, à l’instant", Wait: "6\u00a0min", State: "new"}),
		BonItem(Bon{ID: "b-2", Table: "Bar", Say: "L’addition", Source: "Code QR", Wait: "1\u00a0h\u00a020", Long: true, State: "coming", Who: "Noémie s’en vient"}),
		Notice(Banner{Fact: "Pause en cours.", Text: "Rien ne part."}), Notice(Banner{Tone: "brique", Fact: "Bluesky a refusé l’image."}), Notice(Banner{Tone: "verre", Fact: "Publié sur trois réseaux."}), Notice(Banner{Tone: "amber", Fact: "Noémie a répondu."}),
		inside(Line("Langue du lieu", "Français"), TagItem(Tag{Text: "Certain", Tone: "verre"})),
		Seg("Vue", []Chip{{Label: "Liste", URL: "?", Count: 0, On: true}, {Label: "Plan", URL: "?plan", Count: 0, On: false}}),
		Skeleton(2), End("C’est tout depuis 16\u00a0h"), Empty("record", "Personne n’a encore demandé de chanson", "Montrez le code des tables."),
		Identity(house), Net("youtube", "net--lg"), Net("inconnu", ""),
	))
}
