package object

import (
	"context"
	"iter"
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Change is a line that differs between two trees. What is missing on one
// side has no Mode there.
type Change struct {
	Path     fsx.Path
	From, To Entry
}

// Added tells whether only the second tree has the path.
func (c Change) Added() bool { return c.From.Mode == 0 }

// Removed tells whether only the first tree has the path.
func (c Change) Removed() bool { return c.To.Mode == 0 }

// Diff yields, in order, the lines in scope that differ between two trees; the
// zero ID is a tree without lines. Nodes that both trees have at a place are
// not read. An error is yielded once and last.
func Diff(ctx context.Context, get Getter, from, to ID, s Scope) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if from == to {
			return
		}
		a, b := newCursor(get, s), newCursor(get, s)
		err := a.open(ctx, from)
		if err == nil {
			err = b.open(ctx, to)
		}
		if err != nil {
			yield(Change{}, err)
			return
		}
		for !a.done() || !b.done() {
			read, err := meet(ctx, a, b)
			if err != nil {
				yield(Change{}, err)
				return
			}
			if read {
				continue
			}
			if c := step(a, b); c.From != c.To && !yield(c, nil) {
				return
			}
		}
	}
}

// meet passes over a node on which both cursors stand, or else descends from
// the higher line, or from both if they are equally high. It returns false
// where both stand on lines of level 0.
func meet(ctx context.Context, a, b *cursor) (bool, error) {
	var high int
	for _, c := range []*cursor{a, b} {
		if !c.done() {
			high = max(high, c.level())
		}
	}
	if high == 0 {
		return false, nil
	}
	inA, inB := !a.done() && a.level() == high, !b.done() && b.level() == high
	if inA && inB && a.child().ID == b.child().ID {
		a.next()
		b.next()
		return true, nil
	}
	if inA {
		if err := a.descend(ctx); err != nil {
			return false, err
		}
	}
	if inB {
		return true, b.descend(ctx)
	}
	return true, nil
}

// step moves past the lesser path of two lines of level 0, or past both if
// they have the same.
func step(a, b *cursor) (c Change) {
	order := 0
	switch {
	case a.done():
		order = 1
	case b.done():
		order = -1
	default:
		order = strings.Compare(string(a.entry().Path), string(b.entry().Path))
	}
	if order <= 0 {
		c.From = *a.entry()
		c.Path = c.From.Path
		a.next()
	}
	if order >= 0 {
		c.To = *b.entry()
		c.Path = c.To.Path
		b.next()
	}
	return c
}
