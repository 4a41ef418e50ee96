package place_test

import (
	"strings"
	"testing"

	"comptoir/internal/place"
)

func TestAPasswordIsJudgedByWhatOthersWouldGuess(t *testing.T) {
	own := []string{"Le Zinc", "Élie Marchand", "elie", "elie@lezinc.bar"}
	for password, want := range map[string]string{
		"elevenchars":                    "password.short",
		"éééééé":                         "password.short", // six code points, twelve bytes
		strings.Repeat("ab3", 43):        "password.long",
		"111111111111":                   "password.common",
		"abcabcabcabcabc":                "password.common",
		"123456789012":                   "password.common",
		"0987654321098":                  "password.common",
		"qwertyuiopasdf":                 "password.common",
		"AZERTYuiopqsdf":                 "password.common",
		"Password12345":                  "password.common",
		"MotDePasse2026!":                "password.common",
		"mot de passe 1":                 "password.common",
		"sunshine1987!!":                 "password.common",
		"comptoir2026!":                  "password.own",
		"Le Zinc 2026!!":                 "password.own",
		"elie.marchand1":                 "password.own",
		"ÉlieMarchand99":                 "password.own",
		"lezinc.bar/elie":                "password.own",
		"quatre chaises autour du poêle": "",
		"orange table summer window":     "",
		"le zinc ferme à trois heures":   "",
		"9f2kQ7!xw0Lr":                   "",
		"8402 1759 3316":                 "",
		"pluie-tramway-hibou":            "",
		"🎷🎺🥁🎻🪕🎸 du jeudi":                "",
	} {
		if got := place.CheckPassword(password, own...); got != want {
			t.Errorf("%q: %q, want %q", password, got, want)
		}
	}
}
