package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// PlaceOptions say how Place makes a file of the working tree.
type PlaceOptions struct {
	// Kinds are tried in this order; none: copy. fsx.Root.Links tells which
	// ones work, so that those which never do cost nothing.
	Kinds     []fsx.LinkKind
	Exec      bool
	NoReplace bool // fs.ErrExist if there is anything at the name
}

// Place makes p in dst a file with the content of the object id, which has
// size bytes, and returns what kind of link it is. The file appears in one
// step and is not durable. A link trusts the cached file but for its size;
// what is copied is hashed. Without a good copy the error is of class
// errs.Missing or errs.Corrupt, as of Get, and p is as it was.
func (s *Store) Place(ctx context.Context, id object.ID, size int64, dst *fsx.Root, p fsx.Path, opt PlaceOptions) (fsx.LinkKind, error) {
	return s.place(ctx, id, size, atPath{dst, p, opt.NoReplace}, opt)
}

// PlaceIn is Place for a folder that is being built apart: it makes name
// directly, and name must not exist.
func (s *Store) PlaceIn(ctx context.Context, id object.ID, size int64, dst *fsx.Folder, name string, opt PlaceOptions) (fsx.LinkKind, error) {
	return s.place(ctx, id, size, inFolder{dst, name}, opt)
}

// A target is where a file is to be made.
type target interface {
	link(from *fsx.Root, src fsx.Path, opt fsx.PlaceOptions) (fsx.LinkKind, error)
	// copy gives the target what write writes, if write returns nil.
	copy(perm fs.FileMode, write func(io.Writer) error) error
}

func (s *Store) place(ctx context.Context, id object.ID, size int64, t target, opt PlaceOptions) (fsx.LinkKind, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	perm := fs.FileMode(0o666)
	if opt.Exec {
		perm = 0o777
	}
	src := filePath(id)
	st, err := s.cache.Stat(src)
	if size == 0 || err != nil || st.Size != size {
		return fsx.Copy, s.write(ctx, id, size, t, perm)
	}
	var no error
	for _, kind := range opt.Kinds {
		if kind == fsx.Copy {
			break
		}
		kind, err := t.link(s.cache, src, fsx.PlaceOptions{Kinds: []fsx.LinkKind{kind}, Perm: perm})
		if err == nil || errors.Is(err, fs.ErrExist) {
			return kind, err
		}
		no = errors.Join(no, err)
	}
	if len(opt.Kinds) > 0 && !slices.Contains(opt.Kinds, fsx.Copy) {
		return 0, no
	}
	err = s.copyFile(ctx, id, size, t, perm)
	if errs.KindOf(err) == errs.Corrupt {
		err = s.write(ctx, id, size, t, perm) // a pack may have a good copy
	}
	return fsx.Copy, err
}

// write makes the target from memory.
func (s *Store) write(ctx context.Context, id object.ID, size int64, t target, perm fs.FileMode) error {
	content, err := s.Get(ctx, id, nil)
	if err != nil {
		return err
	}
	if int64(len(content)) != size {
		return errs.New(errs.Corrupt, "", "object %s has %d bytes, not the %d that were recorded", id.Short(), len(content), size)
	}
	return t.copy(perm, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// copyFile copies a file of the cache, hashing what it copies.
func (s *Store) copyFile(ctx context.Context, id object.ID, size int64, t target, perm fs.FileMode) error {
	f, err := s.cache.Open(filePath(id))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	return t.copy(perm, func(w io.Writer) error {
		h := object.NewHasher()
		n, err := io.Copy(io.MultiWriter(h, w), reader{ctx, f})
		if err != nil {
			return err
		}
		if h.ID() != id || n != size {
			return s.lost(id, fmt.Errorf("file %s of the cache is damaged", filePath(id)))
		}
		return nil
	})
}

// A reader stops when its context does.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

type atPath struct {
	root      *fsx.Root
	path      fsx.Path
	noReplace bool
}

func (a atPath) link(from *fsx.Root, src fsx.Path, opt fsx.PlaceOptions) (fsx.LinkKind, error) {
	opt.NoReplace = a.noReplace
	return a.root.Place(a.path, from, src, opt)
}

func (a atPath) copy(perm fs.FileMode, write func(io.Writer) error) error {
	temp, err := a.root.CreateTemp(a.path.Dir(), fsx.TempOptions{Perm: perm})
	if err != nil {
		return err
	}
	defer temp.Discard()
	if err := write(temp); err != nil {
		return err
	}
	return temp.Commit(a.path, fsx.CommitOptions{NoReplace: a.noReplace, Fast: true})
}

type inFolder struct {
	dir  *fsx.Folder
	name string
}

func (i inFolder) link(from *fsx.Root, src fsx.Path, opt fsx.PlaceOptions) (fsx.LinkKind, error) {
	return i.dir.Place(i.name, from, src, opt)
}

func (i inFolder) copy(perm fs.FileMode, write func(io.Writer) error) error {
	f, err := i.dir.CreateFile(i.name, perm)
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Close())
	if err != nil {
		err = errors.Join(err, i.dir.Remove(i.name))
	}
	return err
}

// Holds tells whether a file of the system lies in the cache.
func (s *Store) Holds(name string) bool {
	rel, err := filepath.Rel(s.cache.Dir(), name)
	return err == nil && filepath.IsLocal(rel)
}
