// Package docs carries the manual pages inside the program. It stands here
// because Go embeds nothing from outside a package's folder, and the pages are
// documentation first.
package docs

import "embed"

// CLI holds cli/<command>.md, the words of a command joined by "-".
//
//go:embed cli/*.md
var CLI embed.FS
