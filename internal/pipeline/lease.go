package pipeline

import (
	"context"
	"errors"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// A lease is the right to run one stage: its lock alone, and those of the
// stages whose outs it reads shared, so that nobody changes these meanwhile.
type lease []*fsx.Lock

func (l lease) free() error {
	var all []error
	for _, lock := range l {
		all = append(all, lock.Unlock())
	}
	return errors.Join(all...)
}

// leaseOf returns the lock of a stage.
func leaseOf(slug fsx.Path) fsx.Path { return leaseDir.Join(slug) }

// holdOf returns the lock that the guard holds while the stage's command
// lives.
func holdOf(slug fsx.Path) fsx.Path { return leaseDir.Join(slug + ".run") }

// lease takes all locks that running n needs, or none and waits for the one
// that is missing: so two processes never wait for each other. It tells
// whether it waited: then the world may have changed.
func (r *repro) lease(ctx context.Context, n *node) (l lease, waited bool, err error) {
	root := r.p.opt.Root
	type want struct {
		path   fsx.Path
		shared bool
	}
	wants := []want{{leaseOf(n.slug()), false}}
	for _, u := range n.up {
		if !r.holds(u) {
			wants = append(wants, want{leaseOf(u.slug()), true})
		}
	}
	for {
		var busy want
		for _, w := range wants {
			lock, err := root.Lock(ctx, w.path, fsx.LockOptions{Shared: w.shared})
			if errs.KindOf(err) == errs.Locked {
				busy = w
				break
			}
			if err != nil {
				return nil, false, errors.Join(err, l.free())
			}
			l = append(l, lock)
		}
		if busy.path == "" {
			return l, waited, nil
		}
		if err := l.free(); err != nil {
			return nil, false, err
		}
		l = nil
		if !waited && r.opt.Waiting != nil {
			r.opt.Waiting(n.name)
		}
		waited = true
		lock, err := root.Lock(ctx, busy.path, fsx.LockOptions{Shared: busy.shared, Wait: -1})
		if err != nil {
			return nil, false, err
		}
		if err := lock.Unlock(); err != nil {
			return nil, false, err
		}
	}
}
