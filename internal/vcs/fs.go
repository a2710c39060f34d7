package vcs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
)

// A FS holds the files of a revision, from the top of the repository. Where
// fs.FS asks for UTF-8, it takes and lists any name that git holds.
// Open, ReadFile, Stat and ReadDir follow symbolic links that stay inside, as
// on disk; Lstat and ReadLink do not. A submodule is an empty folder. Times are
// zero: git stores none.
type FS interface {
	fs.ReadFileFS
	fs.ReadDirFS
	fs.StatFS
	fs.ReadLinkFS
}

// FS returns what git holds at rev: "" is the working tree as it stands, ":"
// the index without what is in conflict or only intended, else a commit. The
// working tree is the one of Options, which need not be a FS of this package.
//
// The files are read when they are asked for, under ctx.
func (r *Repo) FS(ctx context.Context, rev string) (fs.FS, error) {
	switch rev {
	case "":
		return r.workTree()
	case ":":
		idx, err := r.Index(ctx)
		if err != nil {
			return nil, err
		}
		return r.indexFS(ctx, idx), nil
	}
	c, err := r.Resolve(ctx, rev)
	if err != nil {
		return nil, err
	}
	return r.CommitFS(ctx, c), nil
}

// CommitFS is FS for a commit already resolved.
func (r *Repo) CommitFS(ctx context.Context, c Commit) FS {
	return &files{ctx: ctx, r: r, root: entry{name: ".", mode: modeFolder, hash: c.Tree}, list: func(e entry) ([]entry, error) {
		return r.tree(ctx, e.hash)
	}}
}

// workTree opens the working tree once.
func (r *Repo) workTree() (fs.FS, error) {
	if r.options.WorkTree != nil {
		return r.options.WorkTree, nil
	}
	if r.top == "" {
		return nil, errs.At(errs.Usage, r.dir, "give a revision", "a bare repository has no working tree")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.work == nil {
		root, err := os.OpenRoot(r.top)
		if err != nil {
			return nil, err
		}
		r.work = root
	}
	return r.work.FS(), nil
}

// files is the FS of a tree, wherever its listings come from.
type files struct {
	ctx  context.Context //nolint:containedctx // fs.FS has no place for one
	r    *Repo
	root entry
	list func(folder entry) ([]entry, error)
}

// maxLinks bounds how many symbolic links lead to one file.
const maxLinks = 40

// find walks to name. It follows links on the way and, if asked, at its end.
func (f *files) find(name string, follow bool) (entry, error) {
	if err := f.ctx.Err(); err != nil {
		return entry{}, err
	}
	if !validName(name) {
		return entry{}, fs.ErrInvalid
	}
	way := []entry{f.root} // the folders down to where the walk stands
	rest := name
	for links := 0; rest != "" && rest != "."; {
		part, after, more := strings.Cut(rest, "/")
		rest = after
		switch part {
		case "", ".":
			continue
		case "..": // only from the target of a link
			if len(way) == 1 {
				return entry{}, errors.New("symbolic link leads out of the repository")
			}
			way = way[:len(way)-1]
			continue
		}
		e, err := f.child(way[len(way)-1], part)
		if err != nil {
			return entry{}, err
		}
		if e.mode == modeLink && (more || follow) {
			if links++; links > maxLinks {
				return entry{}, errors.New("too many symbolic links")
			}
			target, err := f.target(e)
			if err != nil {
				return entry{}, err
			}
			rest = target + "/" + rest
			continue
		}
		way = append(way, e)
	}
	last := way[len(way)-1]
	if last.name != "." {
		last.name = path.Base(name)
	}
	return last, nil
}

func (f *files) child(folder entry, name string) (entry, error) {
	list, err := f.entries(folder)
	if err != nil {
		return entry{}, err
	}
	e, ok := child(list, name)
	if !ok {
		return entry{}, fs.ErrNotExist
	}
	return e, nil
}

func (f *files) entries(folder entry) ([]entry, error) {
	switch folder.mode {
	case modeFolder:
		return f.list(folder)
	case modeModule:
		return nil, nil
	}
	return nil, errNotFolder
}

// errNotFolder is fs.ErrNotExist for a caller that walks through a file.
var errNotFolder error = notFolder{}

type notFolder struct{}

func (notFolder) Error() string        { return "not a folder" }
func (notFolder) Is(target error) bool { return target == fs.ErrNotExist }

// target returns where the link e leads.
func (f *files) target(e entry) (string, error) {
	b, err := f.content(e)
	if err != nil {
		return "", err
	}
	target := string(b)
	if strings.HasPrefix(target, "/") {
		return "", errors.New("symbolic link leads out of the repository")
	}
	return target, nil
}

func (f *files) content(e entry) ([]byte, error) {
	if e.folder() {
		return nil, errors.New("is a folder")
	}
	o, err := f.r.object(f.ctx, e.hash)
	if errors.Is(err, errAbsent) {
		return nil, errs.New(errs.Missing, "run 'git fsck'", "blob %s is not in the repository", e.hash.Short())
	}
	return o.content, err
}

// validName is fs.ValidPath for any bytes.
func validName(name string) bool {
	if name == "." {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

func (f *files) ReadFile(name string) ([]byte, error) {
	e, err := f.find(name, true)
	var b []byte
	if err == nil {
		b, err = f.content(e)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return b, nil
}

func (f *files) Stat(name string) (fs.FileInfo, error)  { return f.info("stat", name, true) }
func (f *files) Lstat(name string) (fs.FileInfo, error) { return f.info("lstat", name, false) }

func (f *files) info(op, name string, follow bool) (fs.FileInfo, error) {
	e, err := f.find(name, follow)
	var info fs.FileInfo
	if err == nil {
		info, err = f.describe(e)
	}
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return info, nil
}

func (f *files) ReadLink(name string) (string, error) {
	e, err := f.find(name, false)
	if err == nil && e.mode != modeLink {
		err = fs.ErrInvalid
	}
	var b []byte
	if err == nil {
		b, err = f.content(e)
	}
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(b), nil
}

func (f *files) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := f.find(name, true)
	var list []entry
	if err == nil {
		list, err = f.entries(e)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	out := make([]fs.DirEntry, len(list))
	for i, e := range list {
		out[i] = dirEntry{f, e}
	}
	return out, nil
}

func (f *files) Open(name string) (fs.File, error) {
	e, err := f.find(name, true)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if e.folder() {
		list, err := f.ReadDir(name)
		return &openFolder{info{e, 0}, list}, err
	}
	b, err := f.content(e)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &openFile{bytes.NewReader(b), info{e, int64(len(b))}}, nil
}

// describe reads the file's size, for which git must read the file.
func (f *files) describe(e entry) (fs.FileInfo, error) {
	if e.folder() {
		return info{e, 0}, nil
	}
	b, err := f.content(e)
	return info{e, int64(len(b))}, err
}

type info struct {
	e    entry
	size int64
}

func (i info) Name() string       { return i.e.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return fileMode(i.e.mode) }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.e.folder() }
func (i info) Sys() any           { return nil }

func fileMode(m uint32) fs.FileMode {
	switch m {
	case modeExec:
		return 0o755
	case modeLink:
		return fs.ModeSymlink | 0o777
	case modeFolder, modeModule:
		return fs.ModeDir | 0o755
	}
	return 0o644
}

type dirEntry struct {
	f *files
	e entry
}

func (d dirEntry) Name() string               { return d.e.name }
func (d dirEntry) IsDir() bool                { return d.e.folder() }
func (d dirEntry) Type() fs.FileMode          { return fileMode(d.e.mode).Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return d.f.describe(d.e) }
func (d dirEntry) String() string             { return fs.FormatDirEntry(d) }

type openFile struct {
	*bytes.Reader
	info info
}

func (o *openFile) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *openFile) Close() error               { return nil }

type openFolder struct {
	info info
	rest []fs.DirEntry
}

func (o *openFolder) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *openFolder) Close() error               { return nil }
func (o *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: o.info.Name(), Err: errors.New("is a folder")}
}

func (o *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(o.rest) {
		if n > 0 && len(o.rest) == 0 {
			return nil, io.EOF
		}
		n = len(o.rest)
	}
	out := o.rest[:n]
	o.rest = o.rest[n:]
	return out, nil
}
