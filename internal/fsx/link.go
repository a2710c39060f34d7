package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A LinkKind is a way to place a file's content at a second path.
type LinkKind uint8

// The kinds, in the order in which they share the least with the source.
const (
	Copy     LinkKind = iota // bytes of its own
	Reflink                  // shared blocks, which part when either is written
	Hardlink                 // the same file: content, permissions, times
	Softlink                 // a symbolic link to the source's full path
)

var linkNames = [...]string{"copy", "reflink", "hardlink", "symlink"}

func (k LinkKind) String() string { return linkNames[k] }

// ParseLinkKind is the inverse of LinkKind.String.
func ParseLinkKind(s string) (LinkKind, error) {
	i := slices.Index(linkNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("link type %q is none of copy, reflink, hardlink, symlink", s)
	}
	return LinkKind(i), nil
}

// PlaceOptions say how Place places.
type PlaceOptions struct {
	Kinds     []LinkKind  // to be tried in this order; none: Copy
	Perm      fs.FileMode // of a copy or reflink, before the umask; 0: 0666
	NoReplace bool        // fs.ErrExist if there is anything at the name
	Old       *Stat       // if not nil: what must stand at the name, else it stays: ErrChanged
}

// Place gives dst the content of src in from by the first of the kinds that
// works there, and returns which. dst appears in one step and is not durable;
// missing folders are made. Nothing is hashed. An empty file is always made
// anew, and a link is not tried if it could not be executable, or not
// executable, as Perm wants it.
func (r *Root) Place(dst Path, from *Root, src Path, opt PlaceOptions) (LinkKind, error) {
	if err := checkNew(dst.Base()); err != nil {
		return 0, r.fail("link", dst, err)
	}
	h, err := r.make(dst.Dir(), false)
	if err != nil {
		return 0, err
	}
	defer r.release(h)
	s, err := openSource(from, src)
	if err != nil {
		return 0, err
	}
	defer s.file.Close() //nolint:errcheck // opened for reading
	temp := tempName()
	kind, err := s.place(h, temp, opt)
	if err != nil {
		return 0, r.fail("link", dst, err)
	}
	// Renaming one hard link over another of the same file does nothing.
	if kind == Hardlink && !opt.NoReplace && h.same(temp, dst.Base()) {
		return kind, r.fail("link", dst, h.unlink(temp))
	}
	if err := install(h, temp, h, dst.Base(), claim{opt.NoReplace, opt.Old}); err != nil {
		return 0, r.fail("link", dst, err)
	}
	return kind, nil
}

// Place is Root.Place for a folder that is being built apart: it makes name
// directly, and name must not exist.
func (d *Folder) Place(name string, from *Root, src Path, opt PlaceOptions) (LinkKind, error) {
	if err := checkNew(name); err != nil {
		return 0, d.fail("link", name, err)
	}
	s, err := openSource(from, src)
	if err != nil {
		return 0, err
	}
	defer s.file.Close() //nolint:errcheck // opened for reading
	kind, err := s.place(d.h, name, opt)
	return kind, d.fail("link", name, err)
}

// A source is a file that is about to be placed elsewhere.
type source struct {
	root *Root
	path Path
	file *os.File
	stat Stat
}

func openSource(from *Root, src Path) (*source, error) {
	f, err := from.Open(src)
	if err != nil {
		return nil, err
	}
	st, err := statFile(f)
	if err != nil {
		return nil, from.fail("stat", src, errors.Join(err, f.Close()))
	}
	return &source{from, src, f, st}, nil
}

// place makes name in h, where it must not exist.
func (s *source) place(h handle, name string, opt PlaceOptions) (LinkKind, error) {
	if opt.Perm == 0 {
		opt.Perm = 0o666
	}
	if len(opt.Kinds) == 0 {
		opt.Kinds = []LinkKind{Copy}
	}
	if s.stat.Size == 0 {
		_, err := h.create(name, nil, opt.Perm)
		return Copy, err
	}
	var no error
	for _, kind := range opt.Kinds {
		err := s.try(kind, h, name, opt.Perm)
		if err == nil || !cannot(err) {
			return kind, err
		}
		no = errors.Join(no, fmt.Errorf("%v: %w", kind, err))
	}
	return 0, no
}

func (s *source) try(kind LinkKind, h handle, name string, perm fs.FileMode) error {
	if kind == Hardlink || kind == Softlink {
		if exec := perm&0o100 != 0; exec != s.stat.Exec && !onWindows {
			return errors.ErrUnsupported
		}
	}
	switch kind {
	case Reflink:
		return h.clone(s.file, name, perm)
	case Hardlink:
		from, err := s.root.hold(s.path.Dir())
		if err != nil {
			return err
		}
		defer s.root.release(from)
		return from.link(s.path.Base(), h, name)
	case Softlink:
		// the full path: what is built apart is moved afterwards
		target, err := filepath.Abs(osPath(s.root.dir, s.path))
		if err != nil {
			return err
		}
		return h.symlink(target, name)
	default:
		return s.copy(h, name, perm)
	}
}

// copy leaves it to the kernel where it can: package io asks it to.
func (s *source) copy(h handle, name string, perm fs.FileMode) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f, err := h.open(name, name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, s.file)
	if err == nil && n != s.stat.Size {
		err = ErrChanged
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, h.unlink(name))
	}
	return nil
}

// Links returns the kinds of links that work from files in the folder src of
// from to names in the folder dst, both made if missing: it tries each.
func (r *Root) Links(dst Path, from *Root, src Path) (kinds []LinkKind, err error) {
	probe := src.Join(Path(tempName()))
	if err := from.WriteFile(probe, make([]byte, block), WriteOptions{Fast: true}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Remove(probe)) }()
	for _, kind := range []LinkKind{Reflink, Hardlink, Softlink, Copy} {
		p := dst.Join(Path(tempName()))
		_, err := r.Place(p, from, probe, PlaceOptions{Kinds: []LinkKind{kind}, NoReplace: true})
		if cannot(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := r.Remove(p); err != nil {
			return nil, err
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}
