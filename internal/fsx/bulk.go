package fsx

import (
	"errors"
	"fmt"
	"os"
)

var (
	errNoClone   = fmt.Errorf("clone: %w", errors.ErrUnsupported)
	errNoSyncAll = fmt.Errorf("sync of a file system: %w", errors.ErrUnsupported)
)

// StatFile says what the open file f is, as Root.Stat says of a name.
func StatFile(f *os.File) (Stat, error) {
	s, err := statFile(f)
	if err != nil {
		return Stat{}, fail("stat", f.Name(), "", err)
	}
	return s, nil
}

// CloneTemp is CreateTemp of a file that shares the blocks of src, whatever
// that is open for, until either is written. errors.ErrUnsupported: not here.
func (r *Root) CloneTemp(dir Path, src *os.File, opt TempOptions) (*Temp, error) {
	if opt.Perm == 0 {
		opt.Perm = 0o666
	}
	h, err := r.make(dir, false)
	if err != nil {
		return nil, err
	}
	t := &Temp{root: r, h: h, name: tempName()}
	p := dir.Join(Path(t.name))
	if err = h.clone(src, t.name, opt.Perm); err == nil {
		if t.f, err = h.open(t.name, r.shown(p), os.O_RDONLY, 0); err == nil {
			return t, nil
		}
		_ = h.unlink(t.name) // the first error counts
	}
	r.release(h)
	if cannot(err) {
		return nil, errNoClone
	}
	return nil, r.fail("clone", p, err)
}

// SyncAll makes durable what was written so far anywhere on the file system
// of the folder: for thousands of files it takes a fraction of the time that a
// sync of each takes. errors.ErrUnsupported: it can't tell whether it worked,
// and each file must be synced.
func (r *Root) SyncAll() error {
	err := syncAll(r.top)
	if err == errNoSyncAll {
		return err
	}
	return r.fail("sync", "", err)
}
