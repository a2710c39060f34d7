package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/value"
)

// Limits of what is read whole.
const (
	smallFile  = 64 << 10 // hashing it costs no more than asking the state index
	maxText    = 1 << 30  // a file that git converts
	maxParams  = 64 << 20
	maxMetrics = 64 << 20
)

// A look is what a command has seen of the working tree: everything at most
// once, until it is told to forget.
type look struct {
	p      *Pipeline
	deps   map[string]seen // by path from the project's folder
	outs   map[string]seen
	params map[string]read
}

type seen struct {
	found Found
	err   error
}

type read struct {
	v   value.Value
	err error
}

func newLook(p *Pipeline) *look {
	l := &look{p: p}
	l.forget()
	return l
}

// forget drops all that was seen: a command ran.
func (l *look) forget() {
	l.deps, l.outs, l.params = map[string]seen{}, map[string]seen{}, map[string]read{}
}

// out says what stands where a stage makes an out.
func (l *look) out(ctx context.Context, full string) (Found, error) {
	s, ok := l.outs[full]
	if !ok {
		s.found, s.err = l.data(ctx, fsx.Path(full))
		l.outs[full] = s
	}
	return s.found, s.err
}

// data says what stands at p, where every byte counts.
func (l *look) data(ctx context.Context, p fsx.Path) (Found, error) {
	st, err := l.p.opt.Root.Stat(p)
	if err != nil {
		return Found{}, err
	}
	if st.Kind == fsx.File && st.Size <= smallFile {
		w := walk{root: l.p.opt.Root}
		e, err := w.file(ctx, p, st)
		return Found{ID: e.ID, Size: e.Size, Mode: e.Mode}, err
	}
	return l.p.opt.Files.Hash(ctx, p)
}

// saw notes what stands where a stage makes an out.
func (l *look) saw(full string, f Found) { l.outs[full] = seen{found: f} }

// gone forgets one out.
func (l *look) gone(full string) { delete(l.outs, full) }

// dep says what a stage would read at a path from the project's folder: of
// source code, what git would store.
func (l *look) dep(ctx context.Context, full string) (Found, error) {
	s, ok := l.deps[full]
	if !ok {
		s.found, s.err = l.seek(ctx, full)
		l.deps[full] = s
	}
	return s.found, s.err
}

// seek is dep without memory.
func (l *look) seek(ctx context.Context, full string) (Found, error) {
	if l.isData(full) {
		return l.out(ctx, full)
	}
	p, err := fsx.ParsePath(full)
	if err != nil { // "../x" lies beside the project
		return l.outside(ctx, full)
	}
	st, err := l.p.opt.Root.Stat(p)
	switch {
	case errors.Is(err, fsx.ErrSymlink), err == nil && st.Kind == fsx.Symlink:
		return l.linked(ctx, full)
	case err != nil:
		return Found{}, err
	}
	return l.source(ctx, p)
}

// isData tells whether a path is, or lies in, what a stage makes or a pointer
// tracks: mlv keeps its bytes, and nobody converts or ignores any.
func (l *look) isData(full string) bool {
	if _, ok := l.p.graph.maker(full); ok {
		return true
	}
	for p := full; p != "." && p != "/" && p != ".."; p = path.Dir(p) {
		if l.p.tracked[fsx.Path(p)] {
			return true
		}
	}
	return false
}

// linked follows a symbolic link on the way to a dep.
func (l *look) linked(ctx context.Context, full string) (Found, error) {
	real, err := filepath.EvalSymlinks(l.osPath(full))
	if err != nil {
		return Found{}, err
	}
	top, err := filepath.EvalSymlinks(l.p.opt.Root.Dir())
	if err != nil {
		return Found{}, err
	}
	rel, err := filepath.Rel(top, real)
	if err != nil {
		return Found{}, err
	}
	if rel = filepath.ToSlash(rel); rel == full {
		return Found{}, errs.At(errs.Usage, full, "", "is a symbolic link that leads nowhere")
	}
	return l.dep(ctx, rel)
}

// outside says what stands at a path beside the project.
func (l *look) outside(ctx context.Context, full string) (Found, error) {
	name, err := filepath.EvalSymlinks(l.osPath(full))
	if err != nil {
		return Found{}, err
	}
	root, err := fsx.OpenRoot(filepath.Dir(name))
	if err != nil {
		return Found{}, err
	}
	defer root.Close()
	p, err := fsx.ParsePath(filepath.Base(name))
	if err != nil {
		return Found{}, err
	}
	dir := path.Dir(full)
	w := walk{root: root, clean: func(ctx context.Context, p fsx.Path) (cleaner, error) {
		return l.cleaner(ctx, path.Join(dir, string(p)))
	}}
	return w.hash(ctx, p)
}

// osPath returns a path from the project's folder as the system names it.
func (l *look) osPath(full string) string {
	return filepath.Join(l.p.opt.Root.Dir(), filepath.FromSlash(full))
}

// source says what stands at p, which git may track. Large files come through
// the state index; all others are read, which costs no more.
func (l *look) source(ctx context.Context, p fsx.Path) (Found, error) {
	w := walk{root: l.p.opt.Root, large: l.p.opt.Files.Hash, clean: func(ctx context.Context, p fsx.Path) (cleaner, error) {
		return l.cleaner(ctx, string(p))
	}}
	return w.hash(ctx, p)
}

// inRepo returns a path from the project's folder as seen from the top of the
// repository; false if it lies outside.
func (l *look) inRepo(full string) (fsx.Path, bool) {
	if l.p.opt.Git == nil {
		return "", false
	}
	p, err := fsx.ParsePath(path.Join(string(l.p.opt.Prefix), full))
	return p, err == nil
}

// cleaner returns the cleaner of a file, nil if that changes nothing: git
// stores it as it is, or doesn't track it.
func (l *look) cleaner(ctx context.Context, full string) (cleaner, error) {
	at, ok := l.inRepo(full)
	if !ok {
		return nil, nil
	}
	if verbatim, err := l.p.opt.Git.Verbatim(ctx, at); verbatim || err != nil {
		return nil, err
	}
	index, err := l.p.opt.Git.Index(ctx)
	if err != nil || len(index.Under(at)) == 0 {
		return nil, err
	}
	return func(content []byte) ([]byte, error) { return l.p.opt.Git.Clean(ctx, at, content) }, nil
}

// content returns f as a dep's line in an entry.
func (f Found) content(path string) spec.Content {
	return spec.Content{Path: path, ID: f.ID, Size: f.Size, Files: f.Files, Mode: f.Mode}
}

// is tells whether f is what c records.
func (f Found) is(c *spec.Content) bool { return f.ID == c.ID && f.Size == c.Size && f.Mode == c.Mode }

// found returns what c records.
func found(c *spec.Content) Found { return Found{c.ID, c.Size, c.Files, c.Mode} }

// absent tells whether err says that nothing stands at a path.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
