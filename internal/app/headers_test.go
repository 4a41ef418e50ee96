package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"comptoir/internal/door"
)

// always are the headers of every answer, whoever asks for whatever, exactly.
var always = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
	"Strict-Transport-Security":    "max-age=31536000",
}

const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types comptoir"

// inspect looks at what every answer must carry and must not.
func inspect(t *testing.T, r row, a answer) {
	t.Helper()
	wrong := func(name string) { t.Errorf("%s (%d): %s: %q", r.name(), a.status, name, a.header.Values(name)) }
	for name, want := range always {
		if !slices.Equal(a.header.Values(name), []string{want}) {
			wrong(name)
		}
	}
	switch policy := a.header.Get("Content-Security-Policy"); {
	case policy == pagePolicy && !strings.Contains(r.pattern, "/files/"):
	case (policy == door.FilePolicy || a.status != http.StatusOK) && strings.Contains(r.pattern, "/files/"):
	default:
		wrong("Content-Security-Policy")
	}
	switch cache := a.header.Get("Cache-Control"); {
	case cache == "no-store":
	case cache == "public, max-age=31536000, immutable" && strings.HasPrefix(r.pattern, "/static/") && a.status == http.StatusOK:
	default:
		wrong("Cache-Control")
	}
	kind := a.header.Get("Content-Type")
	if strings.HasPrefix(kind, "text/") && !strings.HasSuffix(kind, "; charset=utf-8") || kind == "" && a.body != "" {
		wrong("Content-Type")
	}
	if r.route.Kind == door.Guest && a.header.Get("X-Robots-Tag") != "noindex" {
		wrong("X-Robots-Tag")
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") && (!strings.HasPrefix(r.pattern, "/api/") || name == "Access-Control-Allow-Credentials") {
			wrong(name)
		}
	}
	for _, c := range a.header.Values("Set-Cookie") {
		if !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "; Path=/") || !strings.HasSuffix(c, "; HttpOnly; Secure; SameSite=Lax") || r.route.Kind == door.API {
			wrong("Set-Cookie")
		}
	}
}
