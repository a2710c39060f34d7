package review

import (
	"context"
	"errors"
	"io/fs"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/work"
)

// DiffOptions say what Diff compares.
type DiffOptions struct {
	From, To string // revisions; From "" is HEAD, To "" the working tree
	Targets  []string
}

// Diff returns how the data of two revisions differ.
func Diff(ctx context.Context, p *work.Project, opt DiffOptions) (*Changes, error) {
	if opt.From == "" {
		opt.From = "HEAD"
	}
	from, err := revisionSide(ctx, p, opt.From)
	if err != nil {
		return nil, err
	}
	var to side
	if opt.To == "" {
		to, err = workingSide(ctx, p)
	} else {
		to, err = revisionSide(ctx, p, opt.To)
	}
	if err != nil {
		return nil, err
	}
	changes, err := compare(ctx, from, to, p.Show)
	if err != nil {
		return nil, err
	}
	return changes, changes.only(p, opt.Targets)
}

func revisionSide(ctx context.Context, p *work.Project, rev string) (side, error) {
	r, err := p.At(ctx, rev)
	if err != nil {
		return side{}, err
	}
	return sideOf(r.Spec.Outputs(), p.Node), nil
}

// workingSide is what stands in the working tree where outputs should be.
func workingSide(ctx context.Context, p *work.Project) (side, error) {
	s := side{map[fsx.Path]object.Entry{}, p.Node}
	for _, out := range p.Spec.Outputs() {
		snap, err := p.Snapshot(ctx, out.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return side{}, err
		}
		s.outputs[out.Path] = snap.Entry
		if out.Mode == object.Tree && snap.ID != out.ID {
			s.nodes = firstOf(snap, s.nodes)
		}
	}
	return s, nil
}

// firstOf reads a node of a snapshot, which falls back to the cache, or else of
// what came before.
func firstOf(snap *work.Snapshot, next object.Getter) object.Getter {
	return func(ctx context.Context, id object.ID) ([]byte, error) {
		if b, err := snap.Node(ctx, id); err == nil {
			return b, nil
		}
		return next(ctx, id)
	}
}

// only drops what lies outside the targets; none keeps all.
func (c *Changes) only(p *work.Project, targets []string) error {
	if len(targets) == 0 {
		return nil
	}
	var paths []string
	for _, t := range targets {
		at, err := p.Path(t)
		if err != nil {
			return err
		}
		paths = append(paths, p.Show(at))
	}
	keep := func(name string) bool { return underAny(name, paths) }
	c.Added = filter(c.Added, func(v Version) bool { return keep(v.Path) })
	c.Deleted = filter(c.Deleted, func(v Version) bool { return keep(v.Path) })
	c.Modified = filter(c.Modified, func(m Modification) bool { return keep(m.Path) })
	c.Renamed = filter(c.Renamed, func(r Renaming) bool { return keep(r.Path.Old) || keep(r.Path.New) })
	c.NotInCache = filter(c.NotInCache, func(v Version) bool { return keep(v.Path) })
	return nil
}

func underAny(name string, paths []string) bool {
	for _, p := range paths {
		if p == "." || name == p || name == p+"/" || len(name) > len(p) && name[:len(p)] == p && name[len(p)] == '/' {
			return true
		}
	}
	return false
}

func filter[T any](list []T, keep func(T) bool) []T {
	kept := list[:0]
	for _, item := range list {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	return kept
}
