package fsx

import (
	"strings"
	"unicode"
)

// Fold returns the name with the cases of each letter made one, so that two
// names which a file system that folds case takes for one have the same Fold.
// What such a system makes of composed characters shows only when it refuses
// to Create the second name.
func Fold(name string) string { return strings.Map(foldRune, name) }

// foldRune returns the least of the runes that differ from r in case alone.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
