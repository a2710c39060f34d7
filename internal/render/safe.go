// Package render turns values into text, Markdown and CSV, and escapes what
// others wrote on the way.
package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe returns s so that a terminal shows it as it is and obeys nothing in it:
// control characters, escape sequences, characters that reorder or hide text
// and bytes that are not UTF-8 appear as \n, \x1b, \u202e. Printable text, of
// any script, is unchanged.
func Safe(s string) string {
	i := 0
	for i < len(s) && s[i] >= ' ' && s[i] < 0x7f {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for s = s[i:]; s != ""; {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsGraphic(r) && !invisible(r):
			b.WriteString(s[:n])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// invisible tells the letters and marks that take no room: Unicode calls them
// graphic, yet two names that differ in them alone look the same.
func invisible(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0:
		return true
	}
	return false
}
