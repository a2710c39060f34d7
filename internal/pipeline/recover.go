package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// Recover ends what runs that were killed have left undone: the outs of each
// are then the old ones, or, if the run had been recorded, the new ones. Runs
// that are still going on are left alone. It returns the stages concerned.
func (p *Pipeline) Recover(ctx context.Context) (stages []string, err error) {
	names, err := p.opt.Root.ReadDir(asideDir)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		slug, err := fsx.ParsePath(name.Name)
		if err != nil {
			return stages, err
		}
		lock, err := p.opt.Root.Lock(ctx, leaseOf(slug), fsx.LockOptions{})
		if errs.KindOf(err) == errs.Locked {
			continue
		}
		if err != nil {
			return stages, err
		}
		stage, err := p.repair(ctx, slug)
		if err = errors.Join(err, lock.Unlock()); err != nil {
			return stages, err
		}
		if stage != "" {
			stages = append(stages, stage)
		}
	}
	return stages, p.books.flush(ctx, time.Time{})
}

// repair ends what a killed run of the stage left undone; the caller holds its
// lease. It returns the stage's address, empty if there was nothing.
func (p *Pipeline) repair(ctx context.Context, slug fsx.Path) (stage string, err error) {
	in, err := p.intent(slug)
	if err != nil {
		return "", err
	}
	if in == nil {
		return "", p.opt.Root.RemoveAll(asideDir.Join(slug))
	}
	// Its guard may still be ending the command.
	hold, err := p.opt.Root.Lock(ctx, holdOf(slug), fsx.LockOptions{Wait: -1})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, hold.Unlock()) }()
	p.look.forget()
	if in.entry == nil {
		_, err := p.back(ctx, in)
		return in.Stage, err
	}
	if _, err := p.books.load(in.Dir); err != nil {
		return "", err
	}
	p.books.put(in.Dir, in.entry)
	if err := p.books.flush(ctx, time.Time{}); err != nil {
		return "", err
	}
	return in.Stage, p.drop(in)
}

// back undoes what was done to the outs of in: new ones go to kept, old ones
// come back. It returns where the new ones are. It may be
// killed anywhere, and run again.
func (p *Pipeline) back(ctx context.Context, in *intent) (kept []string, err error) {
	root := p.opt.Root
	for i := range in.Outs {
		out := &in.Outs[i]
		old := false
		if out.Aside != "" {
			if old, err = root.Exists(out.Aside); err != nil {
				return nil, err
			}
			if !old {
				continue // it never left, or came back before
			}
		}
		var was Found
		if out.Stays {
			if was, err = out.saved(); err != nil {
				return nil, err
			}
			if f, err := p.opt.Files.Hash(ctx, out.Path); err == nil && f == was {
				continue
			}
		}
		moved, err := p.keep(in.slug, out.Path, out.Path)
		if err != nil {
			return nil, err
		}
		if moved != "" {
			kept = append(kept, string(moved))
		}
		switch {
		case old:
			err = root.Rename(out.Aside, out.Path, fsx.RenameOptions{NoReplace: true})
		case out.Stays:
			err = p.opt.Files.Place(ctx, out.Path, was)
		}
		if err != nil {
			return nil, err
		}
	}
	return kept, p.opt.Root.RemoveAll(asideDir.Join(in.slug))
}

// keep moves what stands at from, which is or was the out, to where its stage
// keeps what nothing else has. It returns the new place, empty if there was
// nothing.
func (p *Pipeline) keep(slug, from, out fsx.Path) (fsx.Path, error) {
	root := p.opt.Root
	to := keptDir.Join(slug).Join(out)
	if there, err := root.Exists(from); !there || err != nil {
		return "", err
	}
	if err := errors.Join(root.RemoveAll(to), root.MkdirAll(to.Dir())); err != nil {
		return "", err
	}
	if root.Rename(from, to, fsx.RenameOptions{}) == nil {
		return to, nil
	}
	// Perhaps another file system: beside it will do.
	to = beside(out, "kept-"+slug)
	if err := root.RemoveAll(to); err != nil {
		return "", err
	}
	return to, root.Rename(from, to, fsx.RenameOptions{})
}

// drop ends a run that counts: old outs go, unless an edit in them exists
// nowhere else.
func (p *Pipeline) drop(in *intent) error {
	for _, out := range in.Outs {
		if out.Aside == "" {
			continue
		}
		if !out.Known {
			if _, err := p.keep(in.slug, out.Aside, out.Path); err != nil {
				return err
			}
			continue
		}
		if err := p.opt.Root.RemoveAll(out.Aside); err != nil {
			return err
		}
	}
	return p.opt.Root.RemoveAll(asideDir.Join(in.slug))
}

// beside returns a name for p in its own folder while it is set aside.
func beside(p fsx.Path, slug fsx.Path) fsx.Path {
	return p.Dir().Join(fsx.Path("." + p.Base() + ".mlv-" + string(slug)))
}
