package work

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/store"
)

// tmpDir is where folders are built before they get their names.
const tmpDir = mlvDir + "/tmp"

// A placing writes many files of one output below a folder.
type placing struct {
	p     *Project
	under fsx.Path // the folder, from the project's root
	as    fsx.Path // the name that it will have
	fresh bool     // nobody else knows the folder: files get their final names at once
	top   *folder  // what was written where, if fresh
	made  map[fsx.Path]*folder

	failed errs.List // content that the cache doesn't have
}

// A batch is a run of lines of one folder.
type lines struct {
	in    *folder
	want  []object.Entry
	slice *slice
}

// build places a tree where nothing stands: in a folder of its own, which is
// renamed as a whole when it is complete. It tells whether that happened. The
// folder has a name made from the output's path, whose lock the caller holds,
// so that what a killed build left there is found and removed by the next one.
func (p *Project) build(ctx context.Context, e object.Entry, opt PlaceOptions) (placed bool, err error) {
	tmp := tmpDir.Join(fsx.Path(object.Sum([]byte(e.Path)).String()[:32]))
	if err := p.Root.RemoveAll(tmp); err != nil {
		return false, err
	}
	if err := p.Root.MkdirAll(tmp); err != nil {
		return false, err
	}
	defer func() { _ = p.Root.RemoveAll(tmp) }() // only after a failure is anything left there
	w := newPlacing(p, tmp, e.Path, true)
	if err := w.write(ctx, object.Entries(ctx, p.nodes(e.Path), e.ID, object.Scope{Under: opt.Under})); err != nil {
		return false, err
	}
	s := &scan{root: p.Root, store: p.store, path: e.Path, kind: fsx.Dir, top: w.top}
	defer s.close()
	if err := w.settle(s); err != nil {
		return false, err
	}
	if err := p.Root.MkdirAll(e.Path.Dir()); err != nil && e.Path.Dir() != "" {
		return false, err
	}
	if err := p.Root.Rename(tmp, e.Path, fsx.RenameOptions{NoReplace: true}); err != nil {
		return false, err
	}
	return true, errors.Join(opt.pardon(w.failed.Err()), w.remember(s, e, opt))
}

func newPlacing(p *Project, under, as fsx.Path, fresh bool) *placing {
	top := &folder{}
	return &placing{p: p, under: under, as: as, fresh: fresh, top: top, made: map[fsx.Path]*folder{"": top}}
}

// write places the lines of a tree.
func (w *placing) write(ctx context.Context, tree iter.Seq2[object.Entry, error]) error {
	readers := make(chan *store.Reader, w.p.opt.Jobs)
	for range w.p.opt.Jobs {
		readers <- w.p.store.NewReader()
	}
	var failed error
	err := par.Each(ctx, w.p.opt.Jobs, w.inFolders(tree, &failed), func(ctx context.Context, l lines) error {
		r := <-readers
		defer func() { readers <- r }()
		return w.writeLines(ctx, r, l)
	})
	return errors.Join(failed, err)
}

// inFolders makes the folders of a tree's lines and yields the lines in runs
// of one folder.
func (w *placing) inFolders(tree iter.Seq2[object.Entry, error], failed *error) iter.Seq[lines] {
	return func(yield func(lines) bool) {
		var run lines
		for e, err := range tree {
			if err == nil && e.Path.Private() { // another's settings must not come with data
				err = errs.At(errs.Corrupt, w.p.Show(w.shown(e.Path)), "", "a tree leads into .mlv")
			}
			if err == nil {
				var in *folder
				if in, err = w.folder(e); err == nil && (run.in != in || len(run.want) == sliceLen) {
					if run.in != nil && !yield(run) {
						return
					}
					run = lines{in: in, slice: new(slice)}
					in.slices = append(in.slices, run.slice)
				}
			}
			if err != nil {
				*failed = err
				return
			}
			if e.Mode != object.Dir {
				run.want = append(run.want, e)
			}
		}
		if run.in != nil {
			yield(run)
		}
	}
}

// folder returns the folder that a line's file is in, or for a folder without
// content that folder itself, and makes it.
func (w *placing) folder(e object.Entry) (*folder, error) {
	at := e.Path
	if e.Mode != object.Dir {
		at = at.Dir()
	}
	if f := w.made[at]; f != nil {
		return f, nil
	}
	if err := w.p.Root.MkdirAll(w.under.Join(at)); err != nil {
		return nil, err
	}
	f := &folder{path: at}
	w.made[at] = f
	for child, up := f, at.Dir(); ; up = up.Dir() {
		parent := w.made[up]
		known := parent != nil
		if !known {
			parent = &folder{path: up}
			w.made[up] = parent
		}
		parent.subs = append(parent.subs, child)
		if known {
			return f, nil
		}
		child = parent
	}
}

// writeLines writes the files of one run.
func (w *placing) writeLines(ctx context.Context, r *store.Reader, l lines) (err error) {
	if len(l.want) == 0 {
		return nil
	}
	dir, err := w.p.Root.Folder(w.under.Join(l.in.path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	l.slice.files = make([]file, 0, len(l.want))
	for _, e := range l.want {
		f, err := w.writeOne(ctx, r, dir, e)
		switch kind := errs.KindOf(err); {
		case err == nil:
			l.slice.files = append(l.slice.files, f)
			w.p.opt.Meter.Add(1, e.Size)
		case kind == errs.Missing || kind == errs.Corrupt:
			w.failed.Add(w.p.whileGetting(w.shown(e.Path), err))
		default:
			return err
		}
	}
	return nil
}

// writeOne writes one file and returns what the file system says of it.
func (w *placing) writeOne(ctx context.Context, r *store.Reader, dir *fsx.Folder, e object.Entry) (file, error) {
	name := e.Path.Base()
	f := file{name: name, id: e.ID, mode: e.Mode}
	if e.Mode != object.Symlink && e.Size >= store.Loose {
		if err := w.writeLarge(ctx, dir, e); err != nil {
			return f, err
		}
		var err error
		f.stat, err = dir.Stat(name)
		return f, err
	}
	content, err := r.Get(ctx, e.ID)
	if err != nil {
		return f, err
	}
	if e.Mode == object.Symlink {
		return f, w.link(dir, string(content), &f)
	}
	perm := fs.FileMode(0o666)
	if e.Mode == object.Exec {
		perm = 0o777
	}
	if w.fresh {
		f.stat, err = dir.Create(name, content, perm)
	} else {
		f.stat, err = dir.Replace(name, content, fsx.ReplaceOptions{Perm: perm})
	}
	return f, err
}

// writeLarge links or copies a file that the cache keeps as one.
func (w *placing) writeLarge(ctx context.Context, dir *fsx.Folder, e object.Entry) (err error) {
	opt := store.PlaceOptions{Kinds: w.p.links, Exec: e.Mode == object.Exec}
	if w.fresh {
		_, err = w.p.store.PlaceIn(ctx, e.ID, e.Size, dir, e.Path.Base(), opt)
	} else {
		_, err = w.p.store.Place(ctx, e.ID, e.Size, w.p.Root, w.under.Join(e.Path), opt)
	}
	return err
}

// link makes a symbolic link, in place of what stands there.
func (w *placing) link(dir *fsx.Folder, target string, f *file) error {
	if !w.fresh {
		if err := dir.Remove(f.name); err != nil && !gone(err) {
			return err
		}
	}
	if err := dir.Symlink(target, f.name); err != nil {
		return err
	}
	var err error
	f.stat, err = dir.Stat(f.name)
	f.stat.Size = int64(len(target))
	return err
}

// settle takes the stats of the folders once nothing is written to them any
// more, and begins the state.
func (w *placing) settle(s *scan) error {
	for at, f := range w.made {
		st, err := w.p.Root.Stat(w.under.Join(at))
		if err != nil {
			return err
		}
		f.stat = st
	}
	s.settle(w.top)
	return s.learn(w.top.stat.Dev)
}

// remember writes the state of a folder that was just built and renamed.
func (w *placing) remember(s *scan, e object.Entry, opt PlaceOptions) error {
	if w.failed.Len() > 0 || len(opt.Under) > 0 {
		return nil // not all of the tree is there
	}
	st, err := w.p.Root.Stat(e.Path) // the renaming changed its ctime
	if err != nil {
		return err
	}
	w.top.stat = st
	_ = s.remember(e.ID) // the index only saves time
	return nil
}

// shown returns where a line's file will stand.
func (w *placing) shown(at fsx.Path) fsx.Path { return w.as.Join(at) }

// carryOut does what a plan says: removes, then writes.
func (p *Project) carryOut(ctx context.Context, e object.Entry, pl *plan, opt PlaceOptions) error {
	for _, at := range pl.remove {
		if err := p.Root.Remove(at); err != nil && !gone(err) {
			return err
		}
		p.prune(at.Dir(), e.Path)
	}
	w := newPlacing(p, "", "", false)
	err := w.write(ctx, func(yield func(object.Entry, error) bool) {
		for _, e := range pl.write {
			if !yield(e, nil) {
				return
			}
		}
	})
	return errors.Join(opt.pardon(w.failed.Err()), err)
}

// prune removes folders that a removal left empty, up to the output's own. One
// that isn't empty, or is needed again, stays or comes back.
func (p *Project) prune(dir, top fsx.Path) {
	for dir != top && dir.Under(top) && p.Root.Remove(dir) == nil {
		dir = dir.Dir()
	}
}

// nodes returns what reads the nodes of an output's tree.
func (p *Project) nodes(at fsx.Path) object.Getter {
	return func(ctx context.Context, id object.ID) ([]byte, error) {
		b, err := p.store.Node(ctx, id)
		return b, p.whileGetting(at, err)
	}
}
