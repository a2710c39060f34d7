package fsx

import (
	"errors"
	"io/fs"
	"os"
)

// Traits are what a file system makes of names and permissions.
type Traits struct {
	FoldsCase  bool // "A" and "a" are one name
	Normalizes bool // a letter and its accent are one name with the accented letter
	Exec       bool // files can be executable or not
	Symlinks   bool // symbolic links can be made
}

// Probe finds the traits of the file system of the folder dir by trying them
// on a temporary file.
func (r *Root) Probe(dir Path) (t Traits, err error) {
	err = r.scratch(dir, "\u00e9", func(h handle, name string) error {
		base := name[:len(name)-len("\u00e9")]
		if t.FoldsCase, err = has(h, ".MLV"+name[len(".mlv"):]); err != nil {
			return err
		}
		if t.Normalizes, err = has(h, base+"e\u0301"); err != nil {
			return err
		}
		if t.Exec, err = keepsExec(h, name); err != nil {
			return err
		}
		link := tempName()
		if err := h.symlink("target", link); err != nil {
			if cannot(err) || errors.Is(err, fs.ErrPermission) {
				return nil
			}
			return err
		}
		t.Symlinks = true
		return h.unlink(link)
	})
	return t, err
}

func has(h handle, name string) (bool, error) {
	_, err := h.stat(name)
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}

func keepsExec(h handle, name string) (bool, error) {
	if onWindows {
		return false, nil
	}
	f, err := h.open(name, name, os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	before, err := statFile(f)
	if err == nil && f.Chmod(0o700) != nil {
		return false, f.Close()
	}
	after, err2 := statFile(f)
	return !before.Exec && after.Exec, errors.Join(err, err2, f.Close())
}

// Now returns the time in nanoseconds by the clock of dir's file system: the
// Mtime of a file just made there. What was written before Now has an Mtime
// that is not later; what is written afterwards may have the same.
func (r *Root) Now(dir Path) (now int64, err error) {
	err = r.scratch(dir, "", func(h handle, name string) error {
		st, err := h.stat(name)
		now = st.Mtime
		return err
	})
	return now, err
}

// scratch runs f with an empty temporary file in the folder dir, which it
// makes if missing.
func (r *Root) scratch(dir Path, suffix string, f func(h handle, name string) error) error {
	h, err := r.make(dir, false)
	if err != nil {
		return err
	}
	defer r.release(h)
	name := tempName() + suffix
	if _, err := h.create(name, nil, 0o600); err != nil {
		return r.fail("create", dir, err)
	}
	return r.fail("probe", dir, errors.Join(f(h, name), h.unlink(name)))
}
