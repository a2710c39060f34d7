package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
)

// A walk hashes what a stage reads by reading it: source code, which git may
// convert, and of which a directory leaves out what .mlvignore names and what
// programs leave behind.
type walk struct {
	root  *fsx.Root
	large func(ctx context.Context, p fsx.Path) (Found, error)   // hashes a large file that nobody converts; nil: read it
	clean func(ctx context.Context, p fsx.Path) (cleaner, error) // nil: bytes are as they are

	top   fsx.Path
	lines []object.Entry
}

// A cleaner turns the content of a file into what git stores for it.
type cleaner = func(content []byte) ([]byte, error)

// hash says what stands at p.
func (w *walk) hash(ctx context.Context, p fsx.Path) (Found, error) {
	st, err := w.root.Stat(p)
	if err != nil {
		return Found{}, err
	}
	if st.Kind != fsx.Dir {
		e, err := w.file(ctx, p, st)
		return Found{ID: e.ID, Size: e.Size, Mode: e.Mode}, err
	}
	var ignore *spec.Ignore
	if p != "" {
		if ignore, err = ignoreRules(w.root, spec.IgnoreName, p.Dir()); err != nil {
			return Found{}, err
		}
	}
	w.top = p
	if err := w.folder(ctx, p, ignore); err != nil {
		return Found{}, err
	}
	slices.SortFunc(w.lines, func(a, b object.Entry) int { return cmp.Compare(a.Path, b.Path) })
	b := object.NewBuilder(func(*object.Node) error { return nil })
	for _, e := range w.lines {
		if err := b.Add(e); err != nil {
			return Found{}, fmt.Errorf("%s: %w", p, err)
		}
	}
	root, err := b.Finish()
	return Found{ID: root.ID, Size: root.Bytes, Files: root.Files, Mode: object.Tree}, err
}

// folder adds what is in the folder dir.
func (w *walk) folder(ctx context.Context, dir fsx.Path, ignore *spec.Ignore) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	names, err := w.root.ReadDir(dir)
	if err != nil {
		return err
	}
	if ignore, err = addRules(w.root, spec.IgnoreName, dir, ignore); err != nil {
		return err
	}
	before := len(w.lines)
	for _, name := range names {
		p, err := dir.Child(name.Name)
		if leftBehind(name.Name) {
			continue // .git among them, which is no path
		}
		if err != nil {
			return err
		}
		if ignore.Match(p, name.Kind == fsx.Dir) {
			continue
		}
		if name.Kind == fsx.Dir {
			if err := w.folder(ctx, p, ignore); err != nil {
				return err
			}
			continue
		}
		st, err := w.root.Stat(p)
		if err != nil {
			return err
		}
		e, err := w.file(ctx, p, st)
		if err != nil {
			return err
		}
		e.Path = p.Rel(w.top)
		w.lines = append(w.lines, e)
	}
	if len(w.lines) == before && dir != w.top {
		w.lines = append(w.lines, object.Entry{Path: dir.Rel(w.top), ID: object.Empty, Mode: object.Dir})
	}
	return nil
}

// leftBehind names what programs leave in source folders.
func leftBehind(name string) bool {
	switch name {
	case ".git", ".mlv", "__pycache__", ".ipynb_checkpoints", ".DS_Store":
		return true
	}
	return strings.HasSuffix(name, ".pyc") || strings.HasSuffix(name, ".pyo") ||
		strings.HasPrefix(name, ".") && strings.HasSuffix(name, "_cache")
}

// file hashes one file, or a symbolic link in a directory.
func (w *walk) file(ctx context.Context, p fsx.Path, st fsx.Stat) (object.Entry, error) {
	e := object.Entry{Path: p, Mode: object.File}
	if st.Exec {
		e.Mode = object.Exec
	}
	switch st.Kind {
	case fsx.Symlink:
		target, err := w.root.Readlink(p)
		e.Mode, e.ID, e.Size = object.Symlink, object.Sum([]byte(target)), int64(len(target))
		return e, err
	case fsx.Special, fsx.Dir:
		return e, errs.At(errs.Usage, string(p), "", "is a %s", st.Kind)
	case fsx.File:
	}
	var clean cleaner
	var err error
	if w.clean != nil {
		if clean, err = w.clean(ctx, p); err != nil {
			return e, err
		}
	}
	if clean == nil && st.Size > smallFile {
		if w.large == nil {
			return w.stream(p, e)
		}
		f, err := w.large(ctx, p)
		e.ID, e.Size, e.Mode = f.ID, f.Size, f.Mode
		return e, err
	}
	content, err := w.root.ReadFile(p, maxText)
	if err == nil && clean != nil {
		content, err = clean(content)
	}
	e.ID, e.Size = object.Sum(content), int64(len(content))
	return e, err
}

// stream hashes a file without holding it.
func (w *walk) stream(p fsx.Path, e object.Entry) (_ object.Entry, err error) {
	f, err := w.root.Open(p)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := object.NewHasher()
	if e.Size, err = io.CopyBuffer(h, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		return e, fmt.Errorf("%s: %w", p, err)
	}
	e.ID = h.ID()
	return e, nil
}
