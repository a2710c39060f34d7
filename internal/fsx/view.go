package fsx

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// FS returns the files below r as an fs.FS, for what reads a working tree and
// a git revision alike. It follows no symbolic link, and opens nothing that
// ParsePath refuses; ReadDir lists all names.
func (r *Root) FS() fs.FS { return view{r} }

type view struct{ r *Root }

var _ interface {
	fs.ReadDirFS
	fs.ReadFileFS
	fs.ReadLinkFS
} = view{}

// maxView is the largest file that ReadFile of a view reads: such files are
// configuration, not data.
const maxView = 1 << 30

func viewPath(op, name string) (Path, error) {
	if name == "." {
		return "", nil
	}
	p, err := ParsePath(name)
	if err != nil {
		return "", &fs.PathError{Op: op, Path: name, Err: errors.Join(fs.ErrInvalid, err)}
	}
	return p, nil
}

func (v view) Open(name string) (fs.File, error) {
	p, err := viewPath("open", name)
	if err != nil {
		return nil, err
	}
	st, err := v.r.Stat(p)
	if err != nil {
		return nil, err
	}
	if st.Kind == Dir {
		return &viewDir{v: v, name: name, st: st}, nil
	}
	f, err := v.r.Open(p)
	if err != nil {
		return nil, err
	}
	return viewFile{f, p.Base()}, nil
}

func (v view) ReadFile(name string) ([]byte, error) {
	p, err := viewPath("read", name)
	if err != nil {
		return nil, err
	}
	return v.r.ReadFile(p, maxView)
}

func (v view) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := viewPath("list", name)
	if err != nil {
		return nil, err
	}
	names, err := v.r.ReadDir(p)
	if err != nil {
		return nil, err
	}
	entries := make([]fs.DirEntry, len(names))
	for i, n := range names {
		entries[i] = viewEntry{v.r, p, n}
	}
	return entries, nil
}

func (v view) Stat(name string) (fs.FileInfo, error) { return v.Lstat(name) }
func (v view) Lstat(name string) (fs.FileInfo, error) {
	p, err := viewPath("stat", name)
	if err != nil {
		return nil, err
	}
	st, err := v.r.Stat(p)
	if err != nil {
		return nil, err
	}
	if p == "" {
		return st.Info("."), nil
	}
	return st.Info(p.Base()), nil
}

func (v view) ReadLink(name string) (string, error) {
	p, err := viewPath("readlink", name)
	if err != nil {
		return "", err
	}
	return v.r.Readlink(p)
}

// A viewEntry is an entry of a folder; its Info is asked for when needed.
type viewEntry struct {
	r    *Root
	dir  Path
	name Name
}

func (e viewEntry) Name() string      { return e.name.Name }
func (e viewEntry) IsDir() bool       { return e.name.Kind == Dir }
func (e viewEntry) Type() fs.FileMode { return e.name.Kind.mode() }

func (e viewEntry) Info() (fs.FileInfo, error) {
	st, err := e.r.Stat(e.dir.Join(Path(e.name.Name)))
	if err != nil {
		return nil, err
	}
	return st.Info(e.name.Name), nil
}

// A viewFile is an open file that names itself as in the view.
type viewFile struct {
	*os.File
	name string
}

func (f viewFile) Stat() (fs.FileInfo, error) {
	st, err := statFile(f.File)
	if err != nil {
		return nil, err
	}
	return st.Info(f.name), nil
}

// A viewDir is an open folder, listed on the first ReadDir.
type viewDir struct {
	v       view
	name    string
	st      Stat
	listed  bool
	entries []fs.DirEntry
}

func (d *viewDir) Stat() (fs.FileInfo, error) { return d.st.Info(Path(d.name).Base()), nil }
func (d *viewDir) Close() error               { return nil }

func (d *viewDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: ErrNotFile}
}

func (d *viewDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.listed {
		entries, err := d.v.ReadDir(d.name)
		if err != nil {
			return nil, err
		}
		d.entries, d.listed = entries, true
	}
	if n <= 0 || n > len(d.entries) {
		if n > 0 && len(d.entries) == 0 {
			return nil, io.EOF
		}
		n = len(d.entries)
	}
	page := d.entries[:n:n]
	d.entries = d.entries[n:]
	return page, nil
}
