package work

import (
	"context"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// A Difference is how the working tree differs from what an output's pointer
// or lock entry says. For a directory it names files inside.
type Difference struct {
	Absent   bool // nothing stands there
	Replaced bool // a file stands in place of a directory, or the reverse
	Unknown  bool // it differs, and what the directory should hold isn't in the cache
	Placed        // from the side of the working tree: Added is what only it has
	Have     Found
}

// Same tells whether there is no difference.
func (d *Difference) Same() bool {
	return !d.Absent && !d.Replaced && !d.Unknown && !d.any()
}

// Compare holds an output against what stands at its path, in the parts that
// are selected. Neither the cache nor a remote is needed unless a directory
// differs.
func (p *Project) Compare(ctx context.Context, s Selected) (Difference, error) {
	sc, err := p.look(ctx, s.Path, p.scanOptions(s.Path, nil))
	if gone(err) {
		return Difference{Absent: true}, nil
	}
	if err != nil {
		return Difference{}, err
	}
	defer sc.close()
	var d Difference
	if d.Have, err = sc.hash(into(ctx, nil)); err != nil {
		return d, err
	}
	p.rememberQuietly(ctx, sc, d.Have.ID)
	switch {
	case d.Have.ID == s.ID && d.Have.Mode == s.Mode:
		return d, nil
	case (sc.kind == fsx.Dir) != (s.Mode == object.Tree):
		d.Replaced = true
		return d, nil
	case sc.kind == fsx.File:
		d.Modified = []fsx.Path{s.Path}
		return d, nil
	}
	pl, err := p.plan(ctx, sc, object.Entry{Path: s.Path, ID: s.ID, Mode: object.Tree}, PlaceOptions{Under: s.Under})
	if kind := errs.KindOf(err); kind == errs.Missing || kind == errs.Corrupt {
		d.Unknown = true
		return d, nil
	}
	if err != nil {
		return d, err
	}
	d.Placed = Placed{Added: pl.done.Deleted, Modified: pl.done.Modified, Deleted: pl.done.Added}
	return d, nil
}

// rememberQuietly saves what a scan learned if nobody else is at the output.
// The index only saves time, so that failing to write it is no failure.
func (p *Project) rememberQuietly(ctx context.Context, s *scan, root object.ID) {
	if s.next == nil {
		return
	}
	if lock, err := p.store.Lock(ctx, string(s.path), fsx.LockOptions{}); err == nil {
		_ = s.remember(root)
		_ = lock.Unlock()
	}
}
