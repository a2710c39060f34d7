package work

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
)

// A Revision is the project as one revision has it.
type Revision struct {
	Name string // as the user wrote it; "": the working tree
	FS   fs.FS  // what git holds of the project's folder
	Spec *spec.Project
}

// At returns the project at a revision, "" for the working tree.
func (p *Project) At(ctx context.Context, rev string) (*Revision, error) {
	if rev == "" {
		return &Revision{FS: p.Root.FS(), Spec: p.Spec}, nil
	}
	if p.Repo == nil {
		return nil, errs.New(errs.Usage, "", "revision %q: the project lives without git", rev)
	}
	fsys, err := p.Repo.FS(ctx, rev)
	if err != nil {
		return nil, err
	}
	if p.Prefix() != "" {
		if fsys, err = fs.Sub(fsys, string(p.Prefix())); err != nil {
			return nil, err
		}
	}
	sp, err := spec.Load(ctx, fsys, p.specOptions())
	if err != nil {
		return nil, err
	}
	return &Revision{Name: rev, FS: fsys, Spec: sp}, nil
}

// CatOptions say what Cat writes.
type CatOptions struct {
	Path string
	Rev  string
	Off  int64 // first byte
	Len  int64 // bytes; negative: all that follow
}

// Cat writes a file of the project as a revision has it: one that mlv tracks,
// a file inside a tracked directory, or one that git tracks.
func (p *Project) Cat(ctx context.Context, opt CatOptions, w io.Writer) error {
	rev, err := p.At(ctx, opt.Rev)
	if err != nil {
		return err
	}
	at, err := p.Path(opt.Path)
	if err != nil {
		return err
	}
	e, err := p.find(ctx, rev, at)
	if errors.Is(err, errNotTracked) {
		return p.catPlain(rev, at, opt, w)
	}
	if err != nil {
		return err
	}
	return p.catObject(ctx, at, e, opt, w)
}

// Read returns the content of a file that mlv tracks at a revision, of at most
// limit bytes.
func (p *Project) Read(ctx context.Context, rev *Revision, at fsx.Path, limit int64) ([]byte, error) {
	e, err := p.find(ctx, rev, at)
	switch {
	case errors.Is(err, errNotTracked):
		return nil, errs.At(errs.Usage, p.Show(at), "", "there is no such file%s", rev.in())
	case err != nil:
		return nil, err
	case e.Size > limit:
		return nil, errs.At(errs.Usage, p.Show(at), "", "the file is larger than %d bytes", limit)
	}
	var b bytes.Buffer
	err = p.catObject(ctx, at, e, CatOptions{Len: -1}, &b)
	return b.Bytes(), err
}

// catObject writes what the cache has of a line.
func (p *Project) catObject(_ context.Context, at fsx.Path, e object.Entry, opt CatOptions, w io.Writer) error {
	shown := p.Show(at)
	if e.Mode == object.Tree || e.Mode == object.Dir {
		return errs.At(errs.Usage, shown, "name a file in it; 'mlv list "+shown+"' shows them", "is a directory")
	}
	if e.Size == 0 {
		return nil
	}
	blob, err := p.store.OpenBlob(e.ID)
	if err != nil {
		return p.whileGetting(at, err)
	}
	defer blob.Close()
	n := blob.Size - opt.Off
	if opt.Len >= 0 {
		n = min(n, opt.Len)
	}
	part := io.NewSectionReader(blob, opt.Off, max(n, 0))
	if n < blob.Size {
		_, err = io.Copy(w, part)
		return err
	}
	h := object.NewHasher()
	if _, err := io.Copy(io.MultiWriter(w, h), part); err != nil {
		return err
	}
	if h.ID() != e.ID {
		return errs.At(errs.Corrupt, shown, "run 'mlv fetch "+shown+"' to get a good copy", "the cached copy is damaged")
	}
	return nil
}

// find returns the line of a path that mlv tracks at a revision.
func (p *Project) find(ctx context.Context, rev *Revision, at fsx.Path) (object.Entry, error) {
	for _, out := range rev.Spec.Outputs() {
		switch {
		case !at.Under(out.Path) || out.NoCache:
		case at == out.Path:
			return object.Entry{Path: at, ID: out.ID, Size: out.Size, Mode: out.Mode}, nil
		case out.Mode == object.Tree:
			e, err := object.Lookup(ctx, p.nodes(at), out.ID, at.Rel(out.Path), object.Scope{})
			if gone(err) {
				return e, errs.At(errs.Usage, p.Show(at), "", "there is no such file in %s%s", p.Show(out.Path), rev.in())
			}
			return e, err
		}
	}
	return object.Entry{}, errNotTracked
}

// in says which revision a message is about.
func (r *Revision) in() string {
	if r.Name == "" {
		return ""
	}
	return " at " + r.Name
}

// catPlain writes a file that git has.
func (p *Project) catPlain(rev *Revision, at fsx.Path, opt CatOptions, w io.Writer) error {
	f, err := rev.FS.Open(at.String())
	if gone(err) {
		return errs.At(errs.Usage, opt.Path, "", "there is no such file%s", rev.in())
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.IsDir() {
		return errs.At(errs.Usage, opt.Path, "name a file in it", "is a directory")
	}
	if _, err := io.CopyN(io.Discard, f, opt.Off); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if opt.Len < 0 {
		_, err = io.Copy(w, f)
		return err
	}
	_, err = io.CopyN(w, f, opt.Len)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
