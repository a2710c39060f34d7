package fsx

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// A Root is a folder held open, below which everything happens: no Path,
// symbolic link or concurrent rename leads out of it. Symbolic links are
// followed only in the name given to OpenRoot. It may be used by several
// goroutines.
//
// Where a folder is setgid and group-writable, as one that a group works in
// is, what is made there is for the group as it is for its owner.
type Root struct {
	dir     string
	top     handle
	buffers sync.Pool // of *staging, for direct writes
}

// OpenRoot opens the existing folder dir. The caller closes it.
func OpenRoot(dir string) (*Root, error) {
	h, err := openHandle(dir)
	if err != nil {
		return nil, fail("open", dir, "", err)
	}
	return newRoot(dir, h), nil
}

// MakeRoot is OpenRoot of a folder that it makes, with its parents, where it
// doesn't exist. A symbolic link on the way is followed.
func MakeRoot(dir string) (*Root, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fail("mkdir", dir, "", err)
	}
	return OpenRoot(dir)
}

func newRoot(dir string, h handle) *Root {
	return &Root{dir: dir, top: h}
}

// Close gives the folder back. Folders opened below it stay usable.
func (r *Root) Close() error { return fail("close", r.dir, "", r.top.close()) }

// Dir returns the name that OpenRoot was given.
func (r *Root) Dir() string { return r.dir }

// Local tells whether the folder lies on a file system of this machine, where
// mapping files and trusting the times of folders is sound. In doubt it is not.
func (r *Root) Local() bool { return r.top.local() }

// Free returns how many bytes can still be written on the root's file system,
// as far as that tells: other programs write, too.
func (r *Root) Free() (int64, error) {
	n, err := free(r.dir)
	return n, r.fail("stat", "", err)
}

func (r *Root) fail(op string, p Path, err error) error { return fail(op, r.dir, p, err) }

// hold opens the folder p; release gives it back.
func (r *Root) hold(p Path) (handle, error) {
	if p == "" {
		return r.top, nil
	}
	for name := range strings.SplitSeq(string(p), "/") {
		if err := checkOld(name); err != nil {
			return nil, err
		}
	}
	return r.top.beneath(p)
}

func (r *Root) release(h handle) {
	if h != r.top {
		_ = h.close() // opened for reading: nothing can be lost
	}
}

// in runs f in the folder that holds p; p is not the root.
func (r *Root) in(op string, p Path, f func(h handle, name string) error) error {
	if err := checkOld(p.Base()); err != nil {
		return r.fail(op, p, err)
	}
	h, err := r.hold(p.Dir())
	if err != nil {
		return r.fail(op, p, err)
	}
	defer r.release(h)
	return r.fail(op, p, f(h, p.Base()))
}

// inNew is in for a name that f may make or replace.
func (r *Root) inNew(op string, p Path, f func(h handle, name string) error) error {
	if err := checkNew(p.Base()); err != nil {
		return r.fail(op, p, err)
	}
	return r.in(op, p, f)
}

// Stat says what p is. A symbolic link is one, never what it points to.
func (r *Root) Stat(p Path) (s Stat, err error) {
	if p == "" {
		s, err = r.top.self()
		return s, r.fail("stat", p, err)
	}
	err = r.in("stat", p, func(h handle, name string) error {
		s, err = h.stat(name)
		return err
	})
	return s, err
}

// Exists tells whether there is anything at p.
func (r *Root) Exists(p Path) (bool, error) {
	_, err := r.Stat(p)
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}

// Open opens the regular file p for reading.
func (r *Root) Open(p Path) (f *os.File, err error) {
	err = r.in("open", p, func(h handle, name string) error {
		f, err = h.open(name, r.shown(p), os.O_RDONLY, 0)
		return err
	})
	return f, err
}

// Append opens the file p for writing at its end, and makes it with its
// folders where it is missing: for journals and logs, which nobody reads whole
// before they are closed and whose last lines a crash may lose.
func (r *Root) Append(p Path) (*os.File, error) {
	if err := checkNew(p.Base()); err != nil {
		return nil, r.fail("open", p, err)
	}
	h, err := r.make(p.Dir(), false)
	if err != nil {
		return nil, err
	}
	defer r.release(h)
	f, err := h.open(p.Base(), r.shown(p), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	return f, r.fail("open", p, err)
}

func (r *Root) shown(p Path) string { return osPath(r.dir, p) }

// ReadFile returns the content of the regular file p, ErrTooLarge beyond
// limit bytes and ErrChanged if it moved meanwhile.
func (r *Root) ReadFile(p Path, limit int64) (content []byte, err error) {
	err = r.in("read", p, func(h handle, name string) error {
		content, _, err = h.read(name, nil, limit)
		return err
	})
	return content, err
}

// ReadDir lists the folder p, sorted by the bytes of the names.
func (r *Root) ReadDir(p Path) ([]Name, error) {
	h, err := r.hold(p)
	if err != nil {
		return nil, r.fail("list", p, err)
	}
	defer r.release(h)
	names, err := h.names(nil)
	sortNames(names)
	return names, r.fail("list", p, err)
}

// Readlink returns the target of the symbolic link p.
func (r *Root) Readlink(p Path) (target string, err error) {
	err = r.in("readlink", p, func(h handle, name string) error {
		target, err = h.readlink(name)
		return err
	})
	return target, err
}

// Symlink makes p a symbolic link to target, which may be any text. It
// replaces nothing.
func (r *Root) Symlink(target string, p Path) error {
	return r.inNew("symlink", p, func(h handle, name string) error { return h.symlink(target, name) })
}

// MkdirAll makes the folder p and its parents where they don't exist. They are
// not durable before SyncDir of the parents of those it made.
func (r *Root) MkdirAll(p Path) error {
	h, err := r.make(p, false)
	if err != nil {
		return err
	}
	r.release(h)
	return nil
}

// make holds the folder p after making what is missing of it, and with
// durable syncs the parent of each folder it made.
func (r *Root) make(p Path, durable bool) (handle, error) {
	h, err := r.hold(p)
	if !gone(err) || errors.Is(err, ErrNotFolder) {
		return h, r.fail("mkdir", p, err)
	}
	parent, err := r.make(p.Dir(), durable)
	if err != nil {
		return nil, err
	}
	defer r.release(parent)
	name := p.Base()
	if err := checkNew(name); err != nil {
		return nil, r.fail("mkdir", p, err)
	}
	if err := parent.mkdir(name, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, r.fail("mkdir", p, err)
	}
	if durable {
		if err := parent.sync(); err != nil {
			return nil, r.fail("sync", p.Dir(), err)
		}
	}
	h, err = parent.sub(name)
	return h, r.fail("mkdir", p, err)
}

// SyncDir makes the names in the folder p durable: what was made, renamed and
// removed there. A new folder needs its parent synced, too.
func (r *Root) SyncDir(p Path) error {
	h, err := r.hold(p)
	if err != nil {
		return r.fail("sync", p, err)
	}
	defer r.release(h)
	return r.fail("sync", p, h.sync())
}

// Remove deletes p: a file, a symbolic link, an empty folder.
func (r *Root) Remove(p Path) error {
	return r.inNew("remove", p, remove)
}

func remove(h handle, name string) error {
	st, err := h.stat(name)
	switch {
	case err != nil:
		return err
	case st.Kind == Dir:
		return h.rmdir(name)
	}
	return h.unlink(name)
}

// RemoveAll deletes p and everything below it, following no symbolic link. An
// absent p is not an error.
func (r *Root) RemoveAll(p Path) error {
	err := r.inNew("remove", p, func(h handle, name string) error {
		st, err := h.stat(name)
		if err != nil {
			return err
		}
		return removeAll(h, Name{name, st.Kind})
	})
	if gone(err) {
		return nil
	}
	return err
}

func removeAll(h handle, n Name) error {
	if n.Kind != Dir {
		return h.unlink(n.Name)
	}
	if err := empty(h, n.Name); err != nil {
		return err
	}
	return h.rmdir(n.Name)
}

func empty(h handle, name string) error {
	sub, err := h.sub(name)
	if err != nil {
		return err
	}
	names, err := sub.names(nil)
	for _, n := range names {
		if err == nil {
			if err = removeAll(sub, n); gone(err) {
				err = nil // someone else removed it
			}
		}
	}
	return errors.Join(err, sub.close())
}

// RenameOptions say how Rename treats what stands at the new name.
type RenameOptions struct {
	// NoReplace fails with fs.ErrExist if there is anything. On a file system
	// that has neither such a rename nor hard links, a file that another program
	// writes at that very moment may still be lost; nowhere else.
	NoReplace bool
}

// Rename moves from to to, in one step of the file system. It replaces a file
// or an empty folder. The folders are not synced.
func (r *Root) Rename(from, to Path, opt RenameOptions) error {
	if err := checkNew(from.Base()); err != nil {
		return r.fail("rename", from, err)
	}
	return r.inNew("rename", to, func(h handle, name string) error {
		src, err := r.hold(from.Dir())
		if err != nil {
			return err
		}
		defer r.release(src)
		if opt.NoReplace {
			return moveNew(src, from.Base(), h, name)
		}
		return src.rename(from.Base(), h, name, false)
	})
}

// SetExec sets or clears the permission to execute the regular file p: for
// everyone who may read it.
func (r *Root) SetExec(p Path, exec bool) error {
	return r.chmod(p, func(perm fs.FileMode) fs.FileMode {
		if exec {
			return perm | perm&0o444>>2
		}
		return perm &^ 0o111
	})
}

// SetWritable gives the owner the right to write the regular file p, or takes
// it from everyone. Hard links share it.
func (r *Root) SetWritable(p Path, writable bool) error {
	return r.chmod(p, func(perm fs.FileMode) fs.FileMode {
		if writable {
			return perm | 0o200
		}
		return perm &^ 0o222
	})
}

func (r *Root) chmod(p Path, change func(fs.FileMode) fs.FileMode) error {
	return r.inNew("chmod", p, func(h handle, name string) error {
		f, err := h.open(name, r.shown(p), os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		st, err := statFile(f)
		if want := change(st.Perm); err == nil && want != st.Perm {
			err = f.Chmod(want)
		}
		return errors.Join(err, f.Close())
	})
}
