// Package docs carries the manual pages inside the program. It stands here
// because Go embeds nothing from outside a package's folder, and the pages are
// documentation first.
package docs

import "embed"

// Pages holds cli/<command>.md, the words of a command joined by "-", and
// topics/<topic>.md.
//
//go:embed cli/*.md topics/*.md
var Pages embed.FS
