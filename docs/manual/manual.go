// Package manual holds the pages of the manual that the program itself shows.
package manual

import "embed"

// Pages are those pages, as language/name.md.
//
//go:embed en/api.md fr/api.md
var Pages embed.FS
