package object

import (
	"context"
	"fmt"
	"io/fs"
	"iter"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Getter returns the text of the node id, whose hash it has checked. The
// caller does not keep the slice.
type Getter func(ctx context.Context, id ID) ([]byte, error)

// A Scope says what of a tree is read. The zero Scope is all of a directory's.
type Scope struct {
	Under   []fsx.Path // only lines that are one of these or lie below it; empty: all
	Project bool       // the tree is a project's: its lines may have the mode Tree
}

// ReadRoot reads the top node of the tree root.
func ReadRoot(ctx context.Context, get Getter, root ID) (Root, error) {
	l, err := newCursor(get, Scope{Project: true}).top(ctx, root)
	if err != nil {
		return Root{}, err
	}
	return Root{root, l.Level, l.Files, l.Bytes}, nil
}

// Entries yields the lines of the tree root that s asks for, in order, reading
// only the nodes on the way to them. It checks each node against its line in
// the node above, and order and nesting across the nodes read. An error is
// yielded once and last.
func Entries(ctx context.Context, get Getter, root ID, s Scope) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		c := newCursor(get, s)
		if err := c.open(ctx, root); err != nil {
			yield(Entry{}, err)
			return
		}
		for !c.done() {
			if e := c.entry(); e != nil {
				if !yield(*e, nil) {
					return
				}
				c.next()
			} else if err := c.descend(ctx); err != nil {
				yield(Entry{}, err)
				return
			}
		}
	}
}

// Lookup returns the line p of the tree root. Where p is a directory that has
// lines below it, it returns an Entry of p with the mode Tree and no ID; Sub
// computes that. Without either the error is fs.ErrNotExist.
func Lookup(ctx context.Context, get Getter, root ID, p fsx.Path, s Scope) (Entry, error) {
	s.Under = []fsx.Path{p}
	for e, err := range Entries(ctx, get, root, s) {
		if err != nil || e.Path == p {
			return e, err
		}
		return Entry{Path: p, Mode: Tree}, nil
	}
	return Entry{}, fmt.Errorf("path %q: %w", string(p), fs.ErrNotExist)
}

// Sub builds the tree of the directory p inside the tree root: that of the
// entries below p, without p. What it builds goes to emit.
func Sub(ctx context.Context, get Getter, root ID, p fsx.Path, emit func(*Node) error) (Root, error) {
	b := NewBuilder(emit)
	for e, err := range Entries(ctx, get, root, Scope{Under: []fsx.Path{p}}) {
		if err != nil {
			return Root{}, err
		}
		if e.Path == p {
			if e.Mode == Dir {
				break
			}
			return Root{}, fmt.Errorf("path %q is not a directory", string(p))
		}
		e.Path = e.Path.Rel(p)
		if err := b.Add(e); err != nil {
			return Root{}, err
		}
	}
	return b.Finish()
}

// A cursor stands on a line of a tree, at any level, and moves on through the
// lines that are in scope.
type cursor struct {
	get    Getter
	scope  Scope
	ranges ranges
	frames []frame
	order  order // what has been passed
	depth  int   // frames in use; those beyond keep their slices
}

// A frame is a node on the way from the top, and the line the cursor is on.
type frame struct {
	list *Listing
	i    int
}

func newCursor(get Getter, s Scope) *cursor {
	return &cursor{get: get, scope: s, ranges: newRanges(s.Under)}
}

// open stands c on the first line in scope. The zero ID has none.
func (c *cursor) open(ctx context.Context, root ID) error {
	if root.IsZero() {
		return nil
	}
	if _, err := c.top(ctx, root); err != nil {
		return err
	}
	c.settle()
	return nil
}

func (c *cursor) top(ctx context.Context, root ID) (*Listing, error) {
	l, err := c.read(ctx, root)
	if err == nil && l.Level > 0 && len(l.Children) == 1 {
		err = corrupt("tree %s: a top of level %d that lists one node", root.Short(), l.Level)
	}
	return l, err
}

func (c *cursor) done() bool { return c.depth == 0 }

// entry returns the line c is on, or nil if that is not one of level 0.
func (c *cursor) entry() *Entry {
	if f := &c.frames[c.depth-1]; f.list.Level == 0 {
		return &f.list.Entries[f.i]
	}
	return nil
}

// child returns the line c is on, which is above level 0.
func (c *cursor) child() *Child {
	f := &c.frames[c.depth-1]
	return &f.list.Children[f.i]
}

// level returns the level of the node of the line c is on.
func (c *cursor) level() int { return c.frames[c.depth-1].list.Level }

// next leaves out what the line stands for.
func (c *cursor) next() {
	c.pass()
	c.settle()
}

func (c *cursor) pass() {
	f := &c.frames[c.depth-1]
	if f.list.Level > 0 {
		c.order.push(f.list.Children[f.i].Last)
	}
	f.i++
}

// descend replaces a line above level 0 by the lines of its node.
func (c *cursor) descend(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	want, level := *c.child(), c.level()-1
	after := c.order.last
	l, err := c.read(ctx, want.ID) // level 0 itself goes on in c.order
	switch {
	case err != nil:
		return err
	case l.Level != level || l.Files != want.Files || l.Bytes != want.Bytes || l.Last() != want.Last:
		return corrupt("tree node %s is not what the node above says of it", want.ID.Short())
	case level > 0 && l.Children[0].Last <= after:
		return corrupt("tree node %s does not come after the node before it", want.ID.Short())
	}
	c.frames[c.depth-2].i++
	c.settle()
	return nil
}

// read pushes the node id.
func (c *cursor) read(ctx context.Context, id ID) (*Listing, error) {
	text, err := c.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.depth == len(c.frames) {
		c.frames = append(c.frames, frame{list: new(Listing)})
	}
	f := &c.frames[c.depth]
	f.i = 0
	if err := f.list.parse(text, &c.order); err != nil {
		return nil, fmt.Errorf("tree node %s: %w", id.Short(), err)
	}
	if f.list.Outputs && !c.scope.Project {
		return nil, corrupt("tree node %s: mode 't' outside a project tree", id.Short())
	}
	c.depth++
	return f.list, nil
}

// settle moves c to the next line in scope, or to the end.
func (c *cursor) settle() {
	for c.depth > 0 {
		f := &c.frames[c.depth-1]
		switch {
		case f.i == f.list.Len():
			c.depth--
		case c.wants(f):
			return
		default:
			c.pass()
		}
	}
}

func (c *cursor) wants(f *frame) bool {
	if c.ranges.all {
		return true
	}
	if f.list.Level == 0 {
		return c.ranges.has(string(f.list.Entries[f.i].Path))
	}
	return c.ranges.meets(string(c.order.last), string(f.list.Children[f.i].Last))
}
