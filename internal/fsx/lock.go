package fsx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
)

// LockOptions say how Lock locks.
type LockOptions struct {
	Shared bool          // together with other shared holders; else alone
	Wait   time.Duration // how long to wait for other holders; 0: not at all, < 0: for ever
}

// A Lock is held until Unlock or until the process ends, however it ends.
type Lock struct{ f *os.File }

// errHeld means that another holder has the lock.
var errHeld = errors.New("held by another mlv process")

// Lock takes the lock of the file p, which it makes with its folders where it
// is missing. The file's content is not used, and it may be deleted while
// nobody holds it. While another holder keeps it out after opt.Wait the
// error is of class errs.Locked. Two Locks of one process exclude each other
// like those of two.
func (r *Root) Lock(ctx context.Context, p Path, opt LockOptions) (*Lock, error) {
	if opt.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, opt.Wait, errHeld)
		defer cancel()
	}
	pause := 2 * time.Millisecond
	for {
		l, err := r.tryLock(p, opt.Shared)
		if !errors.Is(err, errHeld) {
			return l, err
		}
		if opt.Wait == 0 {
			return nil, r.locked(p)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			if errors.Is(context.Cause(ctx), errHeld) {
				return nil, r.locked(p)
			}
			return nil, context.Cause(ctx)
		}
		pause = min(2*pause, 100*time.Millisecond)
	}
}

func (r *Root) locked(p Path) error {
	return errs.New(errs.Locked, "pass --wait to wait for it", "lock %s: %w", r.shown(p), errHeld)
}

// tryLock returns errHeld if others have the lock.
func (r *Root) tryLock(p Path, shared bool) (*Lock, error) {
	if err := checkNew(p.Base()); err != nil {
		return nil, r.fail("lock", p, err)
	}
	h, err := r.make(p.Dir(), false)
	if err != nil {
		return nil, err
	}
	defer r.release(h)
	for range 100 {
		// read and write: network file systems give an exclusive lock to no other
		f, err := h.open(p.Base(), r.shown(p), os.O_RDWR|os.O_CREATE, 0o666)
		if shared && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)) {
			f, err = h.open(p.Base(), r.shown(p), os.O_RDONLY, 0) // what one only reads must still not be swept
		}
		if err != nil {
			return nil, r.fail("lock", p, err)
		}
		if err := flock(f, shared); err != nil {
			return nil, r.fail("lock", p, errors.Join(err, f.Close()))
		}
		if same, err := isStill(f, h, p.Base()); err != nil || same {
			if err != nil {
				return nil, r.fail("lock", p, errors.Join(err, f.Close()))
			}
			return &Lock{f}, nil
		}
		_ = f.Close() // deleted before it was locked: others lock a new one
	}
	return nil, r.fail("lock", p, errors.New("its file changes all the time"))
}

// isStill tells whether the open file f is the one that h has by that name.
func isStill(f *os.File, h handle, name string) (bool, error) {
	held, err := h.fstat(f)
	if err != nil {
		return false, err
	}
	there, err := h.stat(name)
	if gone(err) {
		return false, nil
	}
	return held.Inode == there.Inode && held.Dev == there.Dev, err
}

// Unlock gives the lock to whoever waits. A second call does nothing.
func (l *Lock) Unlock() error {
	if err := l.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("unlock: %w", err)
	}
	return nil
}
