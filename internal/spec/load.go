package spec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// Options are what Load needs to know beside the files.
type Options struct {
	// Above is how many folders lie between the project and the top of its
	// repository.
	Above int
	// Ignore holds rules from outside the project, as .git/info/exclude has.
	// Nil: none.
	Ignore *Ignore
}

// Load reads the project whose folder is the root of fsys. It does not go into
// what pointers and stages keep, into ignored folders, .git and .mlv, and not
// into other projects. What is wrong with a file becomes a Problem; an error
// is one of fsys itself.
func Load(ctx context.Context, fsys fs.FS, opt Options) (*Project, error) {
	l := &loader{
		ctx: ctx, fsys: fsys, above: opt.Above,
		project: &Project{Locks: map[fsx.Path]*Lock{}},
		kept:    map[fsx.Path]bool{},
	}
	if err := l.folder("", opt.Ignore); err != nil {
		return nil, err
	}
	p := l.project
	slices.SortFunc(p.Files, func(a, b *File) int { return strings.Compare(string(a.Dir()), string(b.Dir())) })
	slices.SortFunc(p.Pointers, func(a, b PlacedPointer) int { return strings.Compare(string(a.Target()), string(b.Target())) })
	p.collect()
	slices.SortStableFunc(p.Problems, func(a, b Problem) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return p, nil
}

type loader struct {
	ctx     context.Context
	fsys    fs.FS
	above   int
	project *Project
	kept    map[fsx.Path]bool // folders that a pointer or a stage keeps
}

// folder reads what stands in dir, then the folders in it.
func (l *loader) folder(dir fsx.Path, ignore *Ignore) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(l.fsys, dir.String())
	switch {
	case errors.Is(err, fs.ErrNotExist) && dir != "": // it went away just now
		return nil
	case errors.Is(err, fs.ErrPermission) && dir != "":
		l.problem(dir, errs.At(errs.Denied, string(dir), "", "%w", err))
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", dir, err)
	}
	if other := l.files(dir, entries); other {
		return nil
	}
	for _, name := range [...]string{GitIgnoreName, IgnoreName} {
		if has(entries, name) {
			file := dir.Join(fsx.Path(name))
			b, err := readFile(l.fsys, file, maxIgnore)
			if err != nil {
				l.problem(file, err)
			}
			ignore = ignore.With(dir, b)
		}
	}
	for _, e := range entries {
		name := e.Name()
		path := dir.Join(fsx.Path(name))
		if !e.IsDir() || name == ".git" || name == ".mlv" || l.kept[path] || !fs.ValidPath(name) || ignore.Match(path, true) {
			continue
		}
		if err := l.folder(path, ignore); err != nil {
			return err
		}
	}
	return nil
}

// files reads mlv's files among entries. It tells whether dir belongs to
// another project, of which nothing is read.
func (l *loader) files(dir fsx.Path, entries []fs.DirEntry) (other bool) {
	if has(entries, FileName) && l.stages(dir.Join(FileName)) {
		return true
	}
	if has(entries, LockName) {
		l.lock(dir)
	}
	for _, e := range entries {
		if name := e.Name(); e.Type().IsRegular() && strings.HasSuffix(name, Ext) && name != Ext {
			l.pointer(dir.Join(fsx.Path(name)))
		}
	}
	return false
}

// has tells whether sorted entries hold a regular file of a name.
func has(entries []fs.DirEntry, name string) bool {
	i, ok := slices.BinarySearchFunc(entries, name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
	return ok && entries[i].Type().IsRegular()
}

func (l *loader) stages(path fsx.Path) (other bool) {
	b, err := readFile(l.fsys, path, maxFile)
	if err != nil {
		l.problem(path, err)
		return false
	}
	if path.Dir() != "" && IsRoot(b) {
		return true
	}
	file, problems := ParseFile(path, b, l.above)
	for _, err := range problems {
		l.problem(path, err)
	}
	if file == nil {
		return false
	}
	l.project.Files = append(l.project.Files, file)
	for _, s := range file.Stages {
		for _, out := range s.Outs {
			l.kept[out.Target()] = true
		}
	}
	return false
}

func (l *loader) lock(dir fsx.Path) {
	path := dir.Join(LockName)
	b, err := readFile(l.fsys, path, maxLock)
	if err != nil {
		l.problem(path, err)
		return
	}
	lock, err := ParseLock(string(path), b)
	if err != nil {
		l.problem(path, err)
		return
	}
	l.project.Locks[dir] = lock
	for _, e := range lock.Entries {
		for _, c := range e.Outs {
			if out, err := ResolveLock(dir, e.Wdir, c.Path); err == nil {
				l.kept[out] = true
			}
		}
	}
}

func (l *loader) pointer(file fsx.Path) {
	b, err := readFile(l.fsys, file, maxPointer)
	if err == nil {
		var p *Pointer
		if p, err = ParsePointer(string(file), b); err == nil {
			placed := PlacedPointer{file, p}
			l.project.Pointers = append(l.project.Pointers, placed)
			l.kept[placed.Target()] = true
		}
	}
	if err != nil {
		l.problem(file, err)
	}
}

func (l *loader) problem(file fsx.Path, err error) {
	l.project.Problems = append(l.project.Problems, Problem{file, err})
}

// readFile reads a file of at most limit bytes.
func readFile(fsys fs.FS, file fsx.Path, limit int64) ([]byte, error) {
	f, err := fsys.Open(string(file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := int64(511)
	if info, err := f.Stat(); err == nil {
		if info.Size() > limit {
			return nil, tooLarge(string(file), limit)
		}
		size = info.Size()
	}
	b := make([]byte, 0, size+1)
	for {
		n, err := f.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, errs.At(errs.Other, string(file), "", "%w", err)
		case int64(len(b)) > limit:
			return nil, tooLarge(string(file), limit)
		}
		b = slices.Grow(b, 1)
	}
}
