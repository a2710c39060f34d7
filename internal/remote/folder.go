package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

var _ = register(driver{scheme: "file", open: openFolder})

// tmpDir is where a folder holds puts in flight. What a killed client leaves
// there is in nobody's way.
const tmpDir = "tmp"

// direct is from what size on an object is written past the page cache.
const direct = 1 << 20

// folder is a Bucket in a directory, which may be a network mount: it asks of
// the file system only reading, writing, fsync, rename and listing. An object
// is written below tmp/, made durable, renamed, and then its folder is made
// durable, so that under its key it is whole or absent.
type folder struct {
	dir    string   // the URL's folder, as the system spells it
	prefix fsx.Path // the project's, below dir

	mu   sync.Mutex
	root *fsx.Root // dir, once it was opened
}

func openFolder(loc location) (Bucket, error) {
	if loc.path == "" {
		return nil, errs.New(errs.Usage, "", "remote %q names no folder", loc.url)
	}
	dir := filepath.FromSlash(loc.path)
	if len(dir) > 2 && dir[0] == '\\' && dir[2] == ':' { // file:///C:/data
		dir = dir[1:]
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(loc.Dir, dir)
	}
	f := &folder{dir: dir}
	if loc.Project != "" {
		p, err := fsx.ParsePath(loc.Project)
		if err != nil {
			return nil, errs.New(errs.Usage, "", "project ID: %w", err)
		}
		f.prefix = p
	}
	return f, nil
}

// open returns the root. A folder that isn't there is made by the first put,
// but not the one above it, which may be a disk that isn't mounted.
func (f *folder) open(create bool) (*fsx.Root, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root != nil {
		return f.root, nil
	}
	root, err := fsx.OpenRoot(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, above := os.Stat(filepath.Dir(f.dir)); above != nil {
			return nil, errs.At(errs.Other, f.dir, "mount the disk, or create the folder", "the remote's folder does not exist")
		}
		if !create {
			return nil, errs.At(errs.Missing, f.dir, "", "the remote's folder does not exist")
		}
		if err = f.create(); err == nil {
			root, err = fsx.OpenRoot(f.dir)
		}
	}
	if err != nil {
		return nil, err
	}
	f.root = root
	return root, nil
}

// create makes dir in the folder above it.
func (f *folder) create() error {
	above, err := fsx.OpenRoot(filepath.Dir(f.dir))
	if err != nil {
		return err
	}
	defer func() { _ = above.Close() }()
	name, err := fsx.ParsePath(filepath.Base(f.dir))
	if err != nil {
		return err
	}
	if err := above.MkdirAll(name); err != nil {
		return err
	}
	return above.SyncDir("")
}

// at returns the root and the path of a key.
func (f *folder) at(ctx context.Context, key string, create bool) (*fsx.Root, fsx.Path, error) {
	p, err := checkKey(key)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, "", err
	}
	root, err := f.open(create)
	return root, f.prefix.Join(p), err
}

// because gives err its class; a stale handle of a network mount is worth
// another try.
func because(key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fsx.ErrNotFile):
		return missing(key)
	case errors.Is(err, syscall.ESTALE):
		return &Temporary{Err: err}
	}
	return err
}

// Put implements Bucket.
func (f *folder) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	root, to, err := f.at(ctx, key, true)
	if err != nil {
		return err
	}
	tmp := f.prefix.Join(tmpDir)
	for _, dir := range []fsx.Path{tmp, to.Dir()} {
		if err := makeDir(root, dir); err != nil {
			return err
		}
	}
	t, err := root.CreateTemp(tmp, fsx.TempOptions{Size: size, Direct: size >= direct})
	if err != nil {
		return err
	}
	defer t.Discard()
	n, err := io.Copy(t, &reader{ctx: ctx, r: io.NewSectionReader(body, 0, size)})
	if err != nil {
		return err
	}
	if n != size {
		return errs.At(errs.Other, key, "", "%d of %d bytes to put: %w", n, size, io.ErrUnexpectedEOF)
	}
	if err := t.Commit(to, fsx.CommitOptions{}); err != nil {
		return err
	}
	return root.SyncDir(to.Dir())
}

// makeDir makes a folder and the ones above it, each durable in its parent.
func makeDir(root *fsx.Root, dir fsx.Path) error {
	if dir == "" {
		return nil
	}
	if st, err := root.Stat(dir); err == nil && st.Kind == fsx.Dir {
		return nil
	}
	if err := makeDir(root, dir.Dir()); err != nil {
		return err
	}
	if err := root.MkdirAll(dir); err != nil {
		return err
	}
	return root.SyncDir(dir.Dir())
}

// A reader reads until its context ends.
type reader struct {
	ctx context.Context //nolint:containedctx // a reader's life is that of its request
	r   io.Reader
	io.Closer
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Get implements Bucket.
func (f *folder) Get(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	root, p, err := f.at(ctx, key, false)
	if err != nil {
		return nil, err
	}
	file, err := root.Open(p)
	if err != nil {
		return nil, because(key, err)
	}
	st, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	size := st.Size()
	if off > size || off == size && off > 0 || off < 0 {
		return nil, errors.Join(beyond(key, size, off), file.Close())
	}
	if n < 0 || n > size-off {
		n = size - off
	}
	return &reader{ctx, io.NewSectionReader(file, off, n), file}, nil
}

// Stat implements Bucket. It tells no time of its own: a folder's clock is
// that of a file just written, and Now asks it.
func (f *folder) Stat(ctx context.Context, key string) (Info, error) {
	root, p, err := f.at(ctx, key, false)
	if err != nil {
		return Info{}, err
	}
	st, err := root.Stat(p)
	if err == nil && st.Kind != fsx.File {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Info{}, because(key, err)
	}
	return Info{Key: key, Size: st.Size, Time: time.Unix(0, st.Mtime)}, nil
}

// Now implements Clock.
func (f *folder) Now(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	root, err := f.open(true)
	if err != nil {
		return time.Time{}, err
	}
	t, err := root.CreateTemp(f.prefix.Join(tmpDir), fsx.TempOptions{})
	if err != nil {
		return time.Time{}, err
	}
	defer t.Discard()
	if _, err := t.Write([]byte("now")); err != nil { // a mount may let a file get its time with its first byte
		return time.Time{}, err
	}
	st, err := t.Stat()
	return time.Unix(0, st.Mtime), err
}

// List implements Bucket.
func (f *folder) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		root, err := f.open(false)
		if err == nil {
			dir := fsx.Path(prefix[:max(strings.LastIndexByte(prefix, '/'), 0)])
			if dir != "" {
				_, err = checkKey(string(dir))
			}
			if err == nil {
				w := walk{ctx, root, f.prefix, prefix, yield}
				_, err = w.folder(dir)
			}
		}
		if err != nil && errs.KindOf(err) != errs.Missing {
			yield(Info{}, err)
		}
	}
}

// A walk yields the files below a folder whose keys begin with prefix.
type walk struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one List
	root   *fsx.Root
	base   fsx.Path // where keys begin
	prefix string
	yield  func(Info, error) bool
}

// folder walks one folder and tells whether to go on.
func (w walk) folder(dir fsx.Path) (bool, error) {
	if err := w.ctx.Err(); err != nil {
		return false, err
	}
	names, err := w.root.ReadDir(w.base.Join(dir))
	if err != nil {
		return true, because(string(dir), err)
	}
	for i, n := range names {
		if n.Kind == fsx.Dir {
			names[i].Name += "/" // keys rise as if each began with its whole path
		}
	}
	slices.SortFunc(names, func(a, b fsx.Name) int { return strings.Compare(a.Name, b.Name) })
	for _, n := range names {
		key := dir.Join(fsx.Path(strings.TrimSuffix(n.Name, "/")))
		begins := strings.HasPrefix(string(key), w.prefix)
		more := true
		switch {
		case n.Kind == fsx.Dir && (begins || strings.HasPrefix(w.prefix, string(key)+"/")):
			more, err = w.folder(key)
		case n.Kind == fsx.File && begins:
			more, err = w.file(key)
		}
		if errs.KindOf(err) == errs.Missing {
			err = nil // it went away after it was listed
		}
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

func (w walk) file(key fsx.Path) (bool, error) {
	st, err := w.root.Stat(w.base.Join(key))
	if err != nil {
		return true, because(string(key), err)
	}
	return w.yield(Info{Key: string(key), Size: st.Size, Time: time.Unix(0, st.Mtime)}, nil), nil
}

// Delete implements Bucket.
func (f *folder) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		root, p, err := f.at(ctx, key, false)
		if err == nil {
			err = because(key, root.Remove(p))
		}
		if err != nil && errs.KindOf(err) != errs.Missing {
			return err
		}
	}
	return nil
}
