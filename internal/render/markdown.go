package render

import (
	"strings"
	"unicode"
)

// Markdown returns text so that Markdown shows it and does nothing with it: no
// table cell ends, no link, image or HTML begins, nobody is told by an @user,
// nothing is linked by a #1. Text in which nothing could is returned as it is;
// all other becomes a code span, the one form that every host leaves alone:
// they look for names and numbers after backslashes and entities are resolved.
func Markdown(text string) string {
	text = Safe(text)
	if plain(text) {
		return text
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	text = strings.ReplaceAll(text, "|", `\|`)
	if len(fence) > 1 || strings.TrimSpace(text) == "" {
		text = " " + text + " "
	}
	return fence + text + fence
}

// plain tells whether no host gives text a meaning of its own.
func plain(text string) bool {
	if strings.Contains(strings.ToLower(text), "www.") {
		return false
	}
	before := rune(0)
	runes := []rune(text)
	for i, r := range runes {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
		case strings.ContainsRune(" .,/+-=()…→", r):
		case r == '%' && (i+1 == len(runes) || !word(runes[i+1])):
		case r == '_' && word(before) && i+1 < len(runes) && word(runes[i+1]): // within a word it emphasises nothing
		default:
			return false
		}
		before = r
	}
	return true
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
