package browsertest

// View is what a person holds: a screen, a light and a language.
type View struct {
	Width, Height int    // CSS pixels
	Touch         bool   // a phone: fingers instead of a mouse
	Theme         string // "matin" (the default) or "soir", as the system's light or dark setting
	Language      string // the browser's language, "fr-CA" by default
	NoScript      bool   // pages run no JavaScript
	Trusting      bool   // takes a certificate that nobody vouches for, as somebody does who pressed "go on"
}

// The two screens on which every journey is walked.
var (
	Desk  = View{Width: 1440, Height: 900}
	Phone = View{Width: 390, Height: 844, Touch: true}
)

// Evening is the view in the dark theme.
func (v View) Evening() View { v.Theme = "soir"; return v }

// English is the view of somebody whose browser asks for English.
func (v View) English() View { v.Language = "en"; return v }

// WithoutScript is the view of somebody whose browser runs no JavaScript.
func (v View) WithoutScript() View { v.NoScript = true; return v }

func (v View) withDefaults() View {
	if v.Theme == "" {
		v.Theme = "matin"
	}
	if v.Language == "" {
		v.Language = "fr-CA"
	}
	return v
}

// scheme is the system setting that stands for the theme.
func (v View) scheme() string {
	if v.Theme == "soir" {
		return "dark"
	}
	return "light"
}
