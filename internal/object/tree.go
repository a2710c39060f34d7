package object

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// Limits of nodes, of directory trees and of chunk trees alike. A reader
// checks them before it parses anything.
const (
	MaxNode  = 1 << 20 // bytes of a node's text
	MaxLevel = 8
)

// cutBits is how many leading zero bits end a node of level 0: one line in
// 128 has them.
const cutBits = 7

// Mode says what a line of a tree stands for.
type Mode byte

// The modes; a line spells a Mode by its byte.
const (
	File    Mode = '-'
	Exec    Mode = 'x' // a file that its owner may execute
	Symlink Mode = 'l' // its content is its target
	Dir     Mode = 'd' // a directory in which nothing is recorded
	Tree    Mode = 't' // a directory with a tree of its own; in a project tree only
)

func (m Mode) valid() bool {
	switch m {
	case File, Exec, Symlink, Dir, Tree:
		return true
	}
	return false
}

// An Entry is a line of level 0.
type Entry struct {
	Path fsx.Path
	ID   ID
	Size int64
	Mode Mode
}

// check tells what no tree may say of e.
func (e *Entry) check() error {
	switch {
	case !e.Mode.valid():
		return corrupt("mode %q", byte(e.Mode))
	case e.Size < 0:
		return corrupt("size %d", e.Size)
	case e.Mode == Dir && e.Size != 0:
		return corrupt("an empty directory of %d bytes", e.Size)
	case e.Mode != Tree && (e.Size == 0) != (e.ID == Empty):
		return corrupt("hash %s and %d bytes, but only empty content has no bytes", e.ID.Short(), e.Size)
	}
	return nil
}

// A Child is a line above level 0: a node, and what lies below it.
type Child struct {
	ID    ID
	Files int64 // lines of level 0; in a chunk tree, chunks
	Bytes int64
	Last  fsx.Path // the greatest path; none in a chunk tree
}

// A Root is a whole tree. Its ID is the hash of the directory, or the ID of a
// chunk tree, which is not that of the file.
type Root struct {
	ID    ID
	Level int
	Files int64 // lines of level 0; in a chunk tree, chunks
	Bytes int64
}

// A Node is a node that a Builder has finished.
type Node struct {
	Root
	Text []byte   // valid until emit returns
	Last fsx.Path // the greatest path below it; none in a chunk tree
}

const treeWord = "mlv-tree"

// appendHeader appends the first line of a node.
func appendHeader(b []byte, word string, level int) []byte {
	b = append(b, word...)
	b = append(b, " 1 "...)
	b = strconv.AppendInt(b, int64(level), 10)
	return append(b, '\n')
}

func appendEntry(b []byte, e *Entry) []byte {
	b = e.ID.AppendTo(b)
	b = append(b, ' ')
	b = strconv.AppendInt(b, e.Size, 10)
	b = append(b, ' ', byte(e.Mode), ' ')
	b = appendPath(b, e.Path)
	return append(b, '\n')
}

func appendChild(b []byte, c *Child) []byte {
	b = c.ID.AppendTo(b)
	b = append(b, ' ')
	b = strconv.AppendInt(b, c.Files, 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, c.Bytes, 10)
	b = append(b, ' ')
	b = appendPath(b, c.Last)
	return append(b, '\n')
}

// appendPath appends p with the two escapes that keep a line a line.
func appendPath(b []byte, p fsx.Path) []byte {
	for {
		i := strings.IndexAny(string(p), "\n\\")
		if i < 0 {
			return append(b, p...)
		}
		b = append(b, p[:i]...)
		if p[i] == '\n' {
			b = append(b, `\n`...)
		} else {
			b = append(b, `\\`...)
		}
		p = p[i+1:]
	}
}

// zeros returns how many leading zero bits id has.
func zeros(id *ID) (n int) {
	for _, b := range id {
		n += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	return n
}

// An order holds what the lines of a tree owe each other: their paths rise
// strictly by their bytes, and none lies below another.
type order struct {
	last     fsx.Path
	any      bool
	prefixes []fsx.Path // paths so far that the last one begins with, itself included
}

// next appends p, or tells why it can't come next.
func (o *order) next(p fsx.Path) error {
	if o.any && p <= o.last {
		return corrupt("path %q does not come after %q", string(p), string(o.last))
	}
	if parent, ok := o.push(p); ok {
		return corrupt("path %q lies below %q, which is a line itself", string(p), string(parent))
	}
	return nil
}

// push appends p and returns an earlier path that p lies below.
func (o *order) push(p fsx.Path) (parent fsx.Path, ok bool) {
	n := len(o.prefixes)
	for n > 0 && !strings.HasPrefix(string(p), string(o.prefixes[n-1])) {
		n--
	}
	if n > 0 {
		// Of the prefixes only the longest can be a parent: one before it
		// that were, would be a parent of the longest, too.
		parent = o.prefixes[n-1]
		ok = len(p) > len(parent) && p[len(parent)] == '/'
	}
	o.prefixes = append(o.prefixes[:n], p)
	o.last, o.any = p, true
	return parent, ok
}

// addSizes returns a+b, and false where that is past the 2⁶³−1 of the format.
func addSizes(a, b int64) (int64, bool) { return a + b, a+b >= a }

func corrupt(format string, args ...any) *errs.Error {
	return errs.New(errs.Corrupt, "", format, args...)
}

// newer is the failure of reading what a later version wrote.
func newer(what, version string) error {
	return errs.New(errs.Other, "install a newer mlv", "%s of version %s needs a newer mlv", what, version)
}
