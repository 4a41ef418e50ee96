package view

import "strings"

// shortURL is an address as it is typed: without its scheme.
func shortURL(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	return rest
}
