package errs

import (
	"cmp"
	"slices"
)

// Nearest returns the up to three of names that word was perhaps meant to be,
// nearest first: those that a third of its characters, at least one and at
// most three, mistyped, left out, added or swapped turn into it.
func Nearest(word string, names []string) []string {
	type scored struct {
		name string
		d    int
	}
	limit := min(max(len(word)/3, 1), 3)
	var near []scored
	for _, name := range names {
		if name == word || abs(len(name)-len(word)) > limit {
			continue
		}
		if d := distance(word, name); d <= limit {
			near = append(near, scored{name, d})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return cmp.Or(cmp.Compare(a.d, b.d), cmp.Compare(a.name, b.name)) })
	var out []string
	for _, n := range near[:min(len(near), 3)] {
		out = append(out, n.name)
	}
	return out
}

func abs(n int) int { return max(n, -n) }

// distance is the optimal string alignment distance of a and b: edits of one
// byte and swaps of neighbours.
func distance(a, b string) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
