package fsx

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"runtime"
)

// A portable handle is made of os.Root alone. It is what Windows has; it is
// compiled everywhere so that the tests hold it to the same table. os.Root
// follows symbolic links that stay inside, so each component is checked and,
// once opened, compared with what was checked.
type portable struct {
	root *os.Root
	top  *portable // whose root holds all handles of a Root
	path string    // below top, "." for top itself
}

func openPortable(dir string) (handle, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	p := &portable{root: root, path: "."}
	p.top = p
	return p, nil
}

func (p *portable) self() (Stat, error) {
	fi, err := p.root.Stat(".")
	if err != nil {
		return Stat{}, err
	}
	return statInfo(fi), nil
}

func (p *portable) stat(name string) (Stat, error) {
	fi, err := p.root.Lstat(name)
	if err != nil {
		return Stat{}, err
	}
	return statInfo(fi), nil
}

func (p *portable) same(a, b string) bool {
	s, err := p.root.Lstat(a)
	t, err2 := p.root.Lstat(b)
	return err == nil && err2 == nil && os.SameFile(s, t)
}

func (p *portable) fstat(f *os.File) (Stat, error) { return statPlain(f) }

func (p *portable) names([]byte) ([]Name, error) {
	dir, err := p.root.Open(".")
	if err != nil {
		return nil, err
	}
	return namesOf(dir, p)
}

func (p *portable) again() (handle, error) {
	root, err := p.root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	return &portable{root, p.top, p.path}, nil
}

func (p *portable) sub(name string) (handle, error) {
	before, err := p.root.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case kindOf(before.Mode()) == Symlink, kindOf(before.Mode()) == unknown: // junctions are irregular
		return nil, ErrSymlink
	case !before.IsDir():
		return nil, ErrNotFolder
	}
	root, err := p.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	after, err := root.Stat(".")
	if err == nil && !os.SameFile(before, after) {
		err = ErrSymlink // it became one meanwhile
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &portable{root, p.top, path.Join(p.path, name)}, nil
}

func (p *portable) beneath(q Path) (handle, error) { return stepwise(p, q) }

func (p *portable) open(name, _ string, flag int, perm fs.FileMode) (*os.File, error) {
	before, err := p.root.Lstat(name)
	switch {
	case err == nil && flag&os.O_EXCL != 0:
		return nil, fs.ErrExist
	case err == nil:
		if err := notRegular(before); err != nil {
			return nil, err
		}
	case !gone(err) || flag&os.O_CREATE == 0:
		return nil, err
	}
	f, err := p.root.OpenFile(name, flag, perm)
	if err != nil || flag&os.O_EXCL != 0 {
		return f, err
	}
	after, err := f.Stat()
	if err == nil && before != nil && !os.SameFile(before, after) {
		err = ErrChanged
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func notRegular(fi fs.FileInfo) error {
	switch kindOf(fi.Mode()) {
	case File:
		return nil
	case Symlink:
		return ErrSymlink
	}
	return ErrNotFile
}

func (p *portable) read(name string, buf []byte, limit int64) ([]byte, Stat, error) {
	f, err := p.open(name, name, os.O_RDONLY, 0)
	if err != nil {
		return nil, Stat{}, err
	}
	content, s, err := readOpen(f, buf, limit, statPlain)
	return content, s, errors.Join(err, f.Close())
}

func (p *portable) create(name string, content []byte, perm fs.FileMode) (Stat, error) {
	return createOpen(p, name, content, perm, statPlain)
}

func (p *portable) mkdir(name string, perm fs.FileMode) error { return p.root.Mkdir(name, perm) }
func (p *portable) symlink(target, name string) error         { return p.root.Symlink(target, name) }
func (p *portable) readlink(name string) (string, error)      { return p.root.Readlink(name) }

func (p *portable) unlink(name string) error {
	if fi, err := p.root.Lstat(name); err == nil && fi.IsDir() {
		return ErrNotFile
	}
	return p.root.Remove(name)
}

func (p *portable) rmdir(name string) error {
	if fi, err := p.root.Lstat(name); err == nil && !fi.IsDir() {
		return ErrNotFolder
	}
	return p.root.Remove(name)
}

func (p *portable) rename(name string, to handle, as string, noReplace bool) error {
	there := to.(*portable)
	if noReplace {
		return errors.ErrUnsupported
	}
	return p.pair(there, name, as, (*os.Root).Rename)
}

func (p *portable) exchange(string, handle, string) error { return errors.ErrUnsupported }

func (p *portable) link(name string, to handle, as string) error {
	there, ok := to.(*portable)
	switch {
	case !ok:
		return errors.ErrUnsupported
	case there.top == p.top:
		return p.pair(there, name, as, (*os.Root).Link)
	}
	if err := errors.Join(p.stillThere(), there.stillThere()); err != nil {
		return err
	}
	// no call takes two roots; what the source is, its hash will tell
	return os.Link(p.full(name), there.full(as))
}

// pair does something with a name here and one in there. os.Root wants both
// below one root: that of top, if the folders still lie where they were opened.
func (p *portable) pair(there *portable, name, as string, do func(*os.Root, string, string) error) error {
	if p.path == there.path {
		return do(p.root, name, as)
	}
	if err := errors.Join(p.stillThere(), there.stillThere()); err != nil {
		return err
	}
	return do(p.top.root, path.Join(p.path, name), path.Join(there.path, as))
}

func (p *portable) full(name string) string {
	return osPath(p.top.root.Name(), Path(path.Join(p.path, name)))
}

func (p *portable) stillThere() error {
	is, err := p.root.Stat(".")
	if err != nil {
		return err
	}
	was, err := p.top.root.Lstat(p.path)
	if err == nil && !os.SameFile(is, was) {
		err = ErrChanged
	}
	return err
}

func (p *portable) clone(*os.File, string, fs.FileMode) error { return errors.ErrUnsupported }

func (p *portable) sync() error {
	if runtime.GOOS == "windows" {
		return nil // NTFS journals its folders, and has no call for it
	}
	dir, err := p.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (p *portable) local() bool  { return false }
func (p *portable) close() error { return p.root.Close() }
