package work

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// CheckoutOptions say what Checkout puts back.
type CheckoutOptions struct {
	Targets   []string
	Recursive bool
	PlaceOptions
}

// Changes are the paths that a command changed in the working tree, as the
// user would type them.
type Changes struct {
	Added    []string `json:"added"`
	Modified []string `json:"modified"`
	Deleted  []string `json:"deleted"`
}

// None tells whether nothing changed.
func (c *Changes) None() bool { return len(c.Added)+len(c.Modified)+len(c.Deleted) == 0 }

func (c *Changes) add(p *Project, done Placed) {
	for _, to := range []struct {
		list *[]string
		from []fsx.Path
	}{{&c.Added, done.Added}, {&c.Modified, done.Modified}, {&c.Deleted, done.Deleted}} {
		for _, at := range to.from {
			*to.list = append(*to.list, p.Show(at))
		}
	}
}

// Checkout makes the working tree equal to what pointers and locks name, out
// of the cache. Without targets it also removes outputs that mlv placed and
// that are named no more, if they are as mlv left them. One output that can't
// be placed does not stop the others; the error names what is wrong with each.
func (p *Project) Checkout(ctx context.Context, opt CheckoutOptions) (Changes, error) {
	var changes Changes
	selected, err := p.Select(opt.Targets, SelectOptions{Recursive: opt.Recursive})
	if err != nil {
		return changes, err
	}
	var failed errs.List
	if len(opt.Targets) == 0 {
		failed.Add(p.Problems())
		done, err := p.sweep(ctx, opt.PlaceOptions)
		changes.add(p, done)
		failed.Add(err)
	}
	for _, s := range selected {
		if s.NoCache {
			continue // git has it
		}
		if ctx.Err() != nil {
			return changes, ctx.Err()
		}
		done, err := p.checkout(ctx, s, opt.PlaceOptions)
		changes.add(p, done)
		failed.Add(err)
	}
	if !opt.DryRun {
		failed.Add(p.notePlaced())
	}
	return changes, failed.Err()
}

// checkout places one output under its lock.
func (p *Project) checkout(ctx context.Context, s Selected, opt PlaceOptions) (done Placed, err error) {
	lock, err := p.lock(ctx, s.Path)
	if err != nil {
		return Placed{}, err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	opt.Under = s.Under
	return p.Place(ctx, object.Entry{Path: s.Path, ID: s.ID, Size: s.Size, Mode: s.Mode}, opt)
}

// lock takes the lock of an output's path, for commands that write there.
func (p *Project) lock(ctx context.Context, at fsx.Path) (*fsx.Lock, error) {
	return p.store.Lock(ctx, string(at), fsx.LockOptions{Wait: p.opt.Wait})
}

// Problems returns the error of the project's files that could not be read.
func (p *Project) Problems() error {
	var all errs.List
	for _, problem := range p.Spec.Problems {
		all.Add(problem.Err)
	}
	return all.Err()
}

// placedFile lists the outputs that mlv placed or saved in this working tree,
// a quoted path a line. Losing it means that outputs which are tracked no more
// stay where they are.
const placedFile fsx.Path = "state/outputs"

// notePlaced records which outputs stand in the working tree now.
func (p *Project) notePlaced() error {
	var b bytes.Buffer
	for _, out := range p.Spec.Outputs() {
		if ok, err := p.Root.Exists(out.Path); ok && err == nil && !out.NoCache {
			b.WriteString(strings.ReplaceAll(string(out.Path), "\n", "\x00") + "\n")
		}
	}
	if old, err := p.own.ReadFile(placedFile, 64<<20); err == nil && bytes.Equal(old, b.Bytes()) {
		return nil
	}
	return p.own.WriteFile(placedFile, b.Bytes(), fsx.WriteOptions{Perm: 0o644, Fast: true})
}

// sweep removes outputs that mlv placed here and that nothing names any more:
// those that are still as they were placed and are in the cache.
func (p *Project) sweep(ctx context.Context, opt PlaceOptions) (done Placed, err error) {
	b, err := p.own.ReadFile(placedFile, 64<<20)
	if gone(err) {
		return done, nil
	}
	if err != nil {
		return done, err
	}
	for line := range strings.Lines(string(b)) {
		at, err := fsx.ParsePath(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\x00", "\n"))
		if err != nil || p.overlaps(at) {
			continue // a damaged line, or a path that is in use
		}
		if ok, err := p.untouched(ctx, at); err != nil || !ok {
			continue // it stays: it isn't surely mlv's
		}
		done.Deleted = append(done.Deleted, at)
		if opt.DryRun {
			continue
		}
		if err := p.removeSeen(ctx, at); err != nil {
			return done, err
		}
	}
	return done, nil
}

// removeSeen removes what a scan of the path sees, and the folders that are
// empty then. What is ignored stays, with its folders.
func (p *Project) removeSeen(ctx context.Context, at fsx.Path) error {
	s, err := p.look(ctx, at, p.scanOptions(at, nil))
	if err != nil {
		return err
	}
	defer s.close()
	if s.kind == fsx.File {
		return p.Root.Remove(at)
	}
	var failed errs.List
	s.each(func(_ *folder, line object.Entry, _ *fsx.Stat) bool {
		if line.Mode != object.Dir {
			failed.Add(p.Root.Remove(at.Join(line.Path)))
		}
		return true
	})
	folders := s.folders()
	for i := len(folders) - 1; i >= 0; i-- {
		_ = p.Root.Remove(at.Join(folders[i].path)) // one that isn't empty stays
	}
	return failed.Err()
}

// overlaps tells whether an output is at, holds it, or lies in it.
func (p *Project) overlaps(at fsx.Path) bool {
	for _, out := range p.Spec.Outputs() {
		if at.Under(out.Path) || out.Path.Under(at) {
			return true
		}
	}
	return false
}

// untouched tells whether what stands at the path is as mlv left it, and can
// be had again from the cache.
func (p *Project) untouched(ctx context.Context, at fsx.Path) (bool, error) {
	s, err := p.look(ctx, at, p.scanOptions(at, nil))
	if err != nil {
		return false, err
	}
	defer s.close()
	if !s.unchanged() {
		return false, nil
	}
	kept := true
	if s.kind == fsx.File {
		return p.saved(s.file.id), nil
	}
	s.each(func(_ *folder, line object.Entry, _ *fsx.Stat) bool {
		kept = p.saved(line.ID)
		return kept
	})
	return kept, nil
}
