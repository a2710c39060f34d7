package work

import (
	"context"
	"errors"
	"iter"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

// PlaceOptions say how content is put into the working tree.
type PlaceOptions struct {
	Force        bool       // overwrite and remove what isn't saved
	AllowMissing bool       // content that the cache lacks is left out without an error
	Relink       bool       // place unchanged files anew, as the configured links want them
	Under        []fsx.Path // only these paths and what lies below them; empty: all
	DryRun       bool       // only say what would change
}

// A Placed counts and names what Place changed, in tree order.
type Placed struct {
	Added, Modified, Deleted []fsx.Path
}

func (c *Placed) any() bool { return len(c.Added)+len(c.Modified)+len(c.Deleted) > 0 }

// Place makes what stands at e.Path equal to e, out of the cache. Files that
// are right already are not touched. What would be overwritten or removed must
// be in the cache, else nothing is changed and the error is of the class
// Conflict. Where the cache lacks content the rest is placed all the same, and
// the error names what is missing. The caller holds the output's lock.
func (p *Project) Place(ctx context.Context, e object.Entry, opt PlaceOptions) (Placed, error) {
	st, err := p.Root.Stat(e.Path)
	switch {
	case gone(err):
		return p.placeNew(ctx, e, opt)
	case err != nil:
		return Placed{}, err
	case st.Kind == fsx.Symlink || st.Kind == fsx.Special:
		return p.placeOver(ctx, e, st, opt)
	case (st.Kind == fsx.Dir) != (e.Mode == object.Tree):
		return p.placeInstead(ctx, e, opt)
	case e.Mode == object.Tree:
		return p.mend(ctx, e, opt)
	}
	return p.placeFile(ctx, e, opt)
}

// placeNew places what doesn't stand there at all.
func (p *Project) placeNew(ctx context.Context, e object.Entry, opt PlaceOptions) (Placed, error) {
	done := Placed{Added: []fsx.Path{e.Path}}
	if opt.DryRun {
		return done, nil
	}
	if e.Mode != object.Tree {
		err := p.put(ctx, e)
		if err != nil {
			return Placed{}, opt.pardon(err)
		}
		return done, p.rememberFile(ctx, e)
	}
	placed, err := p.build(ctx, e, opt)
	if !placed {
		done = Placed{}
	}
	return done, opt.pardon(err)
}

// pardon drops the error of missing content where that is allowed.
func (o PlaceOptions) pardon(err error) error {
	if o.AllowMissing && errs.KindOf(err) == errs.Missing {
		return nil
	}
	return err
}

// placeInstead replaces a file by a folder, or a folder by a file.
func (p *Project) placeInstead(ctx context.Context, e object.Entry, opt PlaceOptions) (Placed, error) {
	if err := p.unsavedAt(ctx, e.Path, opt); err != nil {
		return Placed{}, err
	}
	done := Placed{Modified: []fsx.Path{e.Path}}
	if opt.DryRun {
		return done, nil
	}
	if err := p.removeSeen(ctx, e.Path); err != nil {
		return Placed{}, err
	}
	if ok, err := p.Root.Exists(e.Path); ok || err != nil {
		return Placed{}, errors.Join(err, errs.At(errs.Conflict, p.Show(e.Path), "move them away", "holds files that .mlvignore names, and gives way to a file"))
	}
	_, err := p.placeNew(ctx, e, opt)
	return done, err
}

// placeOver replaces a symbolic link that stands in the place of an output: the
// link itself, never what it leads to. One into the cache is mlv's own.
func (p *Project) placeOver(ctx context.Context, e object.Entry, st fsx.Stat, opt PlaceOptions) (Placed, error) {
	if st.Kind != fsx.Symlink || !opt.Force && !p.ours(e.Path) {
		return Placed{}, unsaved(p, []fsx.Path{e.Path})
	}
	done := Placed{Modified: []fsx.Path{e.Path}}
	if opt.DryRun {
		return done, nil
	}
	if err := p.Root.Remove(e.Path); err != nil {
		return Placed{}, err
	}
	_, err := p.placeNew(ctx, e, opt)
	return done, err
}

// placeFile makes the file at e.Path equal to e.
func (p *Project) placeFile(ctx context.Context, e object.Entry, opt PlaceOptions) (Placed, error) {
	have, err := p.Hash(ctx, e.Path)
	if err != nil {
		return Placed{}, err
	}
	done := Placed{Modified: []fsx.Path{e.Path}}
	switch {
	case have.ID == e.ID && have.Mode == e.Mode:
		if !opt.Relink || opt.DryRun {
			return Placed{}, nil
		}
		done = Placed{}
	case have.ID == e.ID:
		if opt.DryRun {
			return done, nil
		}
		return done, p.Root.SetExec(e.Path, e.Mode == object.Exec)
	case !opt.Force && !p.saved(have.ID):
		return Placed{}, unsaved(p, []fsx.Path{e.Path})
	}
	if opt.DryRun {
		return done, nil
	}
	if err := p.put(ctx, e); err != nil {
		return Placed{}, opt.pardon(err)
	}
	return done, p.rememberFile(ctx, e)
}

// rememberFile notes in the state index what was just placed, by looking.
func (p *Project) rememberFile(ctx context.Context, e object.Entry) error {
	_, err := p.Hash(ctx, e.Path)
	return err
}

// put writes one file, in place of what is there.
func (p *Project) put(ctx context.Context, e object.Entry) error {
	if e.Path.Dir() != "" {
		if err := p.Root.MkdirAll(e.Path.Dir()); err != nil {
			return err
		}
	}
	_, err := p.store.Place(ctx, e.ID, e.Size, p.Root, e.Path, store.PlaceOptions{Kinds: p.links, Exec: e.Mode == object.Exec})
	return p.whileGetting(e.Path, err)
}

// ours tells whether a symbolic link leads into the cache.
func (p *Project) ours(at fsx.Path) bool {
	target, err := p.Root.Readlink(at)
	return err == nil && p.store.Holds(target)
}

// whileGetting says which file an error of the cache is about.
func (p *Project) whileGetting(at fsx.Path, err error) error {
	switch errs.KindOf(err) { //nolint:exhaustive // the others say enough
	case errs.Missing:
		return errs.At(errs.Missing, p.Show(at), "run 'mlv fetch "+p.Show(at)+"'", "%w", err)
	case errs.Corrupt:
		return errs.At(errs.Corrupt, p.Show(at), "run 'mlv fetch "+p.Show(at)+"' to get a good copy", "%w", err)
	}
	return err
}

// unsavedAt returns an error that names what stands at the path and is not in
// the cache.
func (p *Project) unsavedAt(ctx context.Context, at fsx.Path, opt PlaceOptions) error {
	if opt.Force {
		return nil
	}
	s, err := p.look(ctx, at, p.scanOptions(at, nil))
	if err != nil {
		return err
	}
	defer s.close()
	var lost []fsx.Path
	if s.kind == fsx.File {
		if !p.saved(s.file.id) {
			lost = append(lost, at)
		}
		return unsaved(p, lost)
	}
	s.each(func(_ *folder, line object.Entry, _ *fsx.Stat) bool {
		if !p.saved(line.ID) {
			lost = append(lost, at.Join(line.Path))
		}
		return true
	})
	return unsaved(p, lost)
}

// saved tells whether the cache has the content. What it can't tell counts as
// not saved.
func (p *Project) saved(id object.ID) bool {
	ok, err := p.store.Has(id)
	return ok && err == nil
}

// unsaved returns the refusal to lose these files, or nil if there are none.
func unsaved(p *Project, paths []fsx.Path) error {
	var all errs.List
	for _, at := range paths {
		all.Add(errs.At(errs.Conflict, p.Show(at), "save it with 'mlv add' or 'mlv commit', or pass --force to lose it",
			"has changes that are saved nowhere"))
	}
	return all.Err()
}

// mend makes the folder at e.Path equal to the tree e.ID.
func (p *Project) mend(ctx context.Context, e object.Entry, opt PlaceOptions) (done Placed, err error) {
	s, err := p.look(ctx, e.Path, p.scanOptions(e.Path, nil))
	if err != nil {
		return Placed{}, err
	}
	defer s.close()
	have, err := s.hash(into(ctx, nil))
	if err != nil {
		return Placed{}, err
	}
	if !opt.DryRun {
		for _, at := range s.temps { // whoever made them is dead: this process has the lock
			if err := p.Root.Remove(at); err != nil && !gone(err) {
				return Placed{}, err
			}
		}
	}
	if have.ID == e.ID && !opt.Relink {
		return Placed{}, s.remember(have.ID)
	}
	plan, err := p.plan(ctx, s, e, opt)
	if err != nil {
		return Placed{}, opt.pardon(err)
	}
	if !opt.Force {
		if err := unsaved(p, plan.lost); err != nil {
			return Placed{}, err
		}
	}
	if opt.DryRun {
		return plan.done, nil
	}
	if err := p.carryOut(ctx, e, plan, opt); err != nil {
		return plan.done, opt.pardon(err)
	}
	_, err = p.Hash(ctx, e.Path)
	return plan.done, err
}

// A plan is how a folder becomes equal to a tree.
type plan struct {
	done   Placed
	lost   []fsx.Path     // would be overwritten or removed, and is not in the cache
	write  []object.Entry // paths from the project's root
	remove []fsx.Path
	// folders in the way of files, and files in the way of folders, are among
	// remove: all that is removed goes before anything is written.
}

// plan compares a folder with a tree, both in tree order.
func (p *Project) plan(ctx context.Context, s *scan, e object.Entry, opt PlaceOptions) (*plan, error) {
	var pl plan
	next, stop := iter.Pull2(object.Entries(ctx, p.nodes(e.Path), e.ID, object.Scope{Under: opt.Under}))
	defer stop()
	want, err, more := next()
	add := func() {
		pl.write = append(pl.write, object.Entry{Path: e.Path.Join(want.Path), ID: want.ID, Size: want.Size, Mode: want.Mode})
	}
	s.each(func(_ *folder, have object.Entry, _ *fsx.Stat) bool {
		for more && err == nil && want.Path < have.Path {
			add()
			pl.done.Added = append(pl.done.Added, e.Path.Join(want.Path))
			want, err, more = next()
		}
		if err != nil || ctx.Err() != nil {
			return false
		}
		at := e.Path.Join(have.Path)
		if more && want.Path == have.Path {
			if want.ID != have.ID || want.Mode != have.Mode {
				pl.done.Modified = append(pl.done.Modified, at)
				pl.overwrite(p, at, have, want)
				add()
			} else if opt.Relink && want.Mode != object.Dir {
				add()
			}
			want, err, more = next()
			return err == nil
		}
		if within(have.Path, opt.Under) {
			pl.done.Deleted = append(pl.done.Deleted, at)
			pl.overwrite(p, at, have, object.Entry{})
		}
		return true
	})
	for more && err == nil && ctx.Err() == nil {
		add()
		pl.done.Added = append(pl.done.Added, e.Path.Join(want.Path))
		want, err, more = next()
	}
	if err == nil {
		err = ctx.Err()
	}
	return &pl, err
}

// overwrite notes that have gives way to want.
func (pl *plan) overwrite(p *Project, at fsx.Path, have, want object.Entry) {
	if have.Mode == object.Dir || have.Mode != want.Mode && (have.Mode == object.Symlink || want.Mode == object.Symlink || want.Mode == 0) || want.Mode == 0 {
		pl.remove = append(pl.remove, at)
	}
	if have.ID != want.ID && !p.saved(have.ID) {
		pl.lost = append(pl.lost, at)
	}
}

// within tells whether a path is one of paths or below one; of none, always.
func within(at fsx.Path, paths []fsx.Path) bool {
	for _, p := range paths {
		if at.Under(p) {
			return true
		}
	}
	return len(paths) == 0
}
