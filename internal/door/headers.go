package door

import "net/http"

// policy is the Content-Security-Policy of every page of ours, exactly. The one Trusted Types policy,
// "comptoir", is made by the first lines of app.js for htmx alone; anything else that would write HTML throws.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types comptoir"

// FilePolicy is the policy of files that came from others: nothing in them runs, loads or submits.
const FilePolicy = "default-src 'none'; form-action 'none'; sandbox"

// headers are set before the handler runs; a handler may only make them stricter, or cacheable.
func headers(w http.ResponseWriter, v *Visit, publicIsSecure bool) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	// Not "no-referrer": Chromium would then send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()")
	if publicIsSecure && v.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	h.Set("Cache-Control", "no-store")
	if v.Route.forPrograms() {
		// Any site's script may call and read, with a token that it was given: never with a cookie of ours.
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Content-Language, Link, Location, Retry-After")
	}
	if v.Route.Kind == Guest {
		h.Set("X-Robots-Tag", "noindex")
	}
}
