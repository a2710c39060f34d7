// Package review is what a person is told of revisions and of the working
// tree: status, changes of data, metrics and params.
package review

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
)

// A Version is a path with what it holds. Directories have a trailing slash.
type Version struct {
	Path string    `json:"path"`
	Hash object.ID `json:"hash"`
	Size int64     `json:"size"`
}

// A Pair is a value on both sides.
type Pair[T any] struct {
	Old T `json:"old"`
	New T `json:"new"`
}

// A Modification is a path whose content differs.
type Modification struct {
	Path string          `json:"path"`
	Hash Pair[object.ID] `json:"hash"`
	Size Pair[int64]     `json:"size"`
}

// A Renaming is content that has another path.
type Renaming struct {
	Path Pair[string] `json:"path"`
	Hash object.ID    `json:"hash"`
	Size int64        `json:"size"`
}

// Changes are how the data of two sides differ, each list by path. The names
// of the fields are DVC's.
type Changes struct {
	Added      []Version      `json:"added"`
	Deleted    []Version      `json:"deleted"`
	Modified   []Modification `json:"modified"`
	Renamed    []Renaming     `json:"renamed"`
	NotInCache []Version      `json:"not in cache"` // directories that can't be looked into
}

// Empty tells whether nothing differs.
func (c *Changes) Empty() bool {
	return len(c.Added)+len(c.Deleted)+len(c.Modified)+len(c.Renamed) == 0
}

// A side is outputs by path, and what reads the nodes of their trees.
type side struct {
	outputs map[fsx.Path]object.Entry
	nodes   object.Getter
}

func sideOf(outputs []spec.Output, nodes object.Getter) side {
	s := side{map[fsx.Path]object.Entry{}, nodes}
	for _, out := range outputs {
		s.outputs[out.Path] = object.Entry{Path: out.Path, ID: out.ID, Size: out.Size, Mode: out.Mode}
	}
	return s
}

// compare returns how two sides differ, file by file. show turns a path into
// what the user would type.
func compare(ctx context.Context, from, to side, show func(fsx.Path) string) (*Changes, error) {
	c := &comparison{Changes: &Changes{}, ctx: ctx, from: from, to: to, show: show}
	paths := make([]fsx.Path, 0, len(from.outputs)+len(to.outputs))
	for at := range from.outputs {
		paths = append(paths, at)
	}
	for at := range to.outputs {
		if _, both := from.outputs[at]; !both {
			paths = append(paths, at)
		}
	}
	slices.Sort(paths)
	for _, at := range paths {
		if err := c.output(from.outputs[at], to.outputs[at]); err != nil {
			return nil, err
		}
	}
	c.pairUp()
	return c.Changes, nil
}

type comparison struct {
	*Changes
	ctx      context.Context //nolint:containedctx // lives as long as compare
	from, to side
	show     func(fsx.Path) string
}

// output compares one output; a side that lacks it has the zero Entry.
func (c *comparison) output(a, b object.Entry) error {
	if a.ID == b.ID && a.Mode == b.Mode {
		return nil
	}
	c.line(a, b)
	if a.Mode != object.Tree && b.Mode != object.Tree {
		return nil
	}
	var from, to object.ID
	if a.Mode == object.Tree {
		from = a.ID
	}
	if b.Mode == object.Tree {
		to = b.ID
	}
	top := cmp.Or(a.Path, b.Path)
	for change, err := range object.Diff(c.ctx, c.node, from, to, object.Scope{}) {
		if kind := errs.KindOf(err); kind == errs.Missing || kind == errs.Corrupt {
			e := b
			if b.Mode != object.Tree {
				e = a
			}
			c.NotInCache = append(c.NotInCache, c.version(e))
			return nil
		}
		if err != nil {
			return err
		}
		change.From.Path, change.To.Path = top.Join(change.Path), top.Join(change.Path)
		c.line(change.From, change.To)
	}
	return nil
}

// node reads a node of either side.
func (c *comparison) node(ctx context.Context, id object.ID) ([]byte, error) {
	b, err := c.to.nodes(ctx, id)
	if errs.KindOf(err) == errs.Missing {
		return c.from.nodes(ctx, id)
	}
	return b, err
}

// line records that a path has a on one side and b on the other.
func (c *comparison) line(a, b object.Entry) {
	switch {
	case a.Mode == 0:
		c.Added = append(c.Added, c.version(b))
	case b.Mode == 0:
		c.Deleted = append(c.Deleted, c.version(a))
	default:
		c.Modified = append(c.Modified, Modification{
			Path: c.version(b).Path,
			Hash: Pair[object.ID]{a.ID, b.ID}, Size: Pair[int64]{a.Size, b.Size},
		})
	}
}

func (c *comparison) version(e object.Entry) Version {
	name := c.show(e.Path)
	if e.Mode == object.Tree || e.Mode == object.Dir {
		name += "/"
	}
	return Version{Path: name, Hash: e.ID, Size: e.Size}
}

// pairUp turns content that went from one path and came at another into
// renamings: equal content in the order of paths, each once. Empty files are
// no renamings of one another.
func (c *comparison) pairUp() {
	gone := map[object.ID][]int{}
	for i, v := range c.Deleted {
		if v.Hash != object.Empty {
			gone[v.Hash] = append(gone[v.Hash], i)
		}
	}
	moved := map[int]bool{}
	c.Added = slices.DeleteFunc(c.Added, func(v Version) bool {
		from := gone[v.Hash]
		if len(from) == 0 {
			return false
		}
		old := c.Deleted[from[0]]
		gone[v.Hash] = from[1:]
		moved[from[0]] = true
		c.Renamed = append(c.Renamed, Renaming{Path: Pair[string]{old.Path, v.Path}, Hash: v.Hash, Size: v.Size})
		return true
	})
	kept := c.Deleted[:0:0]
	for i, v := range c.Deleted {
		if !moved[i] {
			kept = append(kept, v)
		}
	}
	c.Deleted = kept
}
