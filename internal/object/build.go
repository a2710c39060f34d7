package object

import (
	"fmt"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Builder makes the tree of a list of entries in one pass. It holds one
// open node a level and no entry. The same entries make the same tree.
type Builder struct {
	levels levels
	order  order
	line   []byte
	path   []byte
}

// NewBuilder returns a Builder that calls emit once for every node, children
// before parents, the top last. An error of emit ends the building and is
// returned by Add or Finish.
func NewBuilder(emit func(*Node) error) *Builder {
	b := &Builder{}
	b.levels = levels{word: treeWord, emit: emit, line: appendChild, cut: func(c *Child, level int) bool {
		return b.zeros(c.Last) >= cutBits*(level+1)
	}}
	return b
}

// Add appends e, whose path must come after those before and not below any of
// them.
func (b *Builder) Add(e Entry) error {
	if err := e.check(); err != nil {
		return fmt.Errorf("%q: %w", string(e.Path), err)
	}
	if err := b.order.next(e.Path); err != nil {
		return err
	}
	b.line = appendEntry(b.line[:0], &e)
	return b.levels.add(0, b.line, &Child{Files: 1, Bytes: e.Size, Last: e.Path}, b.zeros(e.Path) >= cutBits)
}

// Finish emits what is open and returns the tree. Without entries that is the
// empty directory's: one node without lines.
func (b *Builder) Finish() (Root, error) { return b.levels.finish() }

// zeros returns the leading zero bits of the hash of p, which decide where
// nodes end.
func (b *Builder) zeros(p fsx.Path) int {
	b.path = append(b.path[:0], p...)
	id := Sum(b.path)
	return zeros(&id)
}

// levels are the open nodes of a tree that is being built, of either kind.
type levels struct {
	word string
	emit func(*Node) error
	line func([]byte, *Child) []byte    // appends a line of an upper level
	cut  func(c *Child, level int) bool // whether that line ends its node
	open []*level
	buf  []byte
}

// A level is its open node, and how many nodes came before.
type level struct {
	text  []byte
	sum   Child // of the lines in text
	lines int
	nodes int
	first Child // the first node: no parent lists it before there is a second
}

// add appends to the open node of level k a line that stands for c.
func (ls *levels) add(k int, line []byte, c *Child, cut bool) error {
	if k > MaxLevel {
		return fmt.Errorf("a tree of more than %d levels", MaxLevel)
	}
	l := ls.level(k)
	if l.lines > 0 && len(l.text)+len(line) > MaxNode {
		if err := ls.close(k); err != nil {
			return err
		}
	}
	bytes, ok := addSizes(l.sum.Bytes, c.Bytes)
	if !ok {
		return fmt.Errorf("a tree of more than 2⁶³ bytes")
	}
	l.text = append(l.text, line...)
	l.lines++
	l.sum.Files += c.Files
	l.sum.Bytes = bytes
	l.sum.Last = c.Last
	if cut {
		return ls.close(k)
	}
	return nil
}

// level returns level k, which is at most one above the highest.
func (ls *levels) level(k int) *level {
	if k == len(ls.open) {
		ls.open = append(ls.open, &level{text: appendHeader(nil, ls.word, k)})
	}
	return ls.open[k]
}

// close ends the open node of level k and lists it in level k+1.
func (ls *levels) close(k int) error {
	l := ls.level(k)
	c := l.sum
	c.ID = Sum(l.text)
	if err := ls.emit(&Node{Root{c.ID, k, c.Files, c.Bytes}, l.text, c.Last}); err != nil {
		return err
	}
	l.text = appendHeader(l.text[:0], ls.word, k)
	l.sum, l.lines = Child{}, 0
	l.nodes++
	switch l.nodes {
	case 1:
		l.first = c
		return nil
	case 2:
		if err := ls.list(k+1, &l.first); err != nil {
			return err
		}
	}
	return ls.list(k+1, &c)
}

func (ls *levels) list(k int, c *Child) error {
	ls.buf = ls.line(ls.buf[:0], c)
	return ls.add(k, ls.buf, c, ls.cut(c, k))
}

// finish closes the open nodes upwards as far as the first level with one.
func (ls *levels) finish() (Root, error) {
	for k := 0; ; k++ {
		l := ls.level(k)
		if l.lines > 0 || l.nodes == 0 {
			if err := ls.close(k); err != nil {
				return Root{}, err
			}
		}
		if l.nodes == 1 {
			return Root{l.first.ID, k, l.first.Files, l.first.Bytes}, nil
		}
	}
}
