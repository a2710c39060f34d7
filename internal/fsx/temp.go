package fsx

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"
)

// tempPrefix begins the name of every temporary file.
const tempPrefix = ".mlv-tmp-"

// IsTemp tells whether name is that of a temporary file of this package. One
// that is older than any running command was left by a killed one.
func IsTemp(name string) bool { return strings.HasPrefix(name, tempPrefix) }

func tempName() string { return tempPrefix + strings.ToLower(rand.Text()) }

// WriteOptions say how WriteFile writes.
type WriteOptions struct {
	Perm      fs.FileMode // before the umask; 0: that of the file it replaces, else 0666
	NoReplace bool        // fs.ErrExist if there is anything at the name
	Old       *Stat       // if not nil: what must stand at the name, else it stays: ErrChanged
	Fast      bool        // not durable: a crash may leave the old content, the new or none
}

// WriteFile gives p the content b in one step: a reader sees the old file or
// the new one, whole. It makes missing folders. Unless Fast it is durable when
// WriteFile returns.
func (r *Root) WriteFile(p Path, b []byte, opt WriteOptions) error {
	if err := checkNew(p.Base()); err != nil {
		return r.fail("write", p, err)
	}
	h, err := r.make(p.Dir(), !opt.Fast)
	if err != nil {
		return err
	}
	defer r.release(h)
	return r.fail("write", p, writeIn(h, p.Base(), r.shown(p), b, opt))
}

func writeIn(h handle, name, shown string, b []byte, opt WriteOptions) error {
	keep := fs.FileMode(0)
	if opt.Perm == 0 {
		opt.Perm = 0o666
		if st, err := h.stat(name); err == nil && st.Kind == File {
			keep = st.Perm
		}
	}
	temp := tempName()
	f, err := h.open(temp, shown, os.O_WRONLY|os.O_CREATE|os.O_EXCL, opt.Perm)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil && keep != 0 {
		err = f.Chmod(keep)
	}
	if err == nil && !opt.Fast {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		_ = h.unlink(temp) // the first error counts
		return err
	}
	err = install(h, temp, h, name, claim{opt.NoReplace, opt.Old})
	if err != nil || opt.Fast {
		return err
	}
	return h.sync()
}

// TempOptions say what a temporary file is for.
type TempOptions struct {
	Perm   fs.FileMode // before the umask; 0: 0666
	Size   int64       // about how much will be written, to reserve it; 0: unknown
	Direct bool        // large and not read soon: pass the page cache by, where that works
}

// A Temp is a new file without a name that anyone looks for. Commit gives it
// one, Discard removes it; one of them must be called. It belongs to one
// goroutine.
type Temp struct {
	root   *Root
	h      handle
	name   string
	f      *os.File
	direct *direct // nil: plain writes
	size   int64   // bytes that Write took
	trim   bool    // more may be reserved than was written
	done   bool
}

// CreateTemp makes a temporary file in the folder dir, which it makes if
// missing. The folder that the file will be committed to must be on the same
// file system.
func (r *Root) CreateTemp(dir Path, opt TempOptions) (*Temp, error) {
	h, err := r.make(dir, false)
	if err != nil {
		return nil, err
	}
	return r.tempIn(h, dir, opt)
}

// tempIn takes over h, whatever it returns.
func (r *Root) tempIn(h handle, dir Path, opt TempOptions) (*Temp, error) {
	if opt.Perm == 0 {
		opt.Perm = 0o666
	}
	t := &Temp{root: r, h: h, name: tempName()}
	p := dir.Join(Path(t.name))
	f, err := h.open(t.name, r.shown(p), os.O_RDWR|os.O_CREATE|os.O_EXCL, opt.Perm)
	if err != nil {
		r.release(h)
		return nil, r.fail("create", p, err)
	}
	t.f = f
	if opt.Size > 0 {
		if t.trim, err = reserve(f, opt.Size); err != nil {
			t.Discard()
			return nil, r.fail("reserve", p, err)
		}
	}
	if opt.Direct && setDirect(f, true) == nil {
		t.direct = newDirect(f, &r.buffers)
	}
	return t, nil
}

// Write appends b. The bytes of a Direct file reach it only with Commit.
func (t *Temp) Write(b []byte) (n int, err error) {
	if t.direct != nil {
		n, err = t.direct.Write(b)
	} else {
		n, err = t.f.Write(b)
	}
	t.size += int64(n)
	return n, t.fail("write", err)
}

// File returns the file, to be written in other ways (a clone, a copy, at an
// offset) and read. A Direct one is written by Write alone.
func (t *Temp) File() *os.File { return t.f }

// Stat says what the file is. The Mtime of a new one is the file system's
// clock.
func (t *Temp) Stat() (Stat, error) {
	s, err := statFile(t.f)
	return s, t.fail("stat", err)
}

func (t *Temp) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return fail(op, t.f.Name(), "", err)
}

// CommitOptions say how Commit names a file.
type CommitOptions struct {
	NoReplace bool  // fs.ErrExist if there is anything at the name
	Old       *Stat // if not nil: what must stand at the name, else it stays: ErrChanged
	Fast      bool  // not durable, as in WriteOptions
	Sync      bool  // the name, too, is durable when Commit returns
}

// Commit makes the content durable and names the file to, making missing
// folders. The name itself is durable with opt.Sync; or, for many files at
// once, after SyncDir of to.Dir() and of the parent of each new folder. After
// an error the temporary file is gone: what the system could not write once
// must come from its source again.
func (t *Temp) Commit(to Path, opt CommitOptions) error {
	err := t.commit(to, opt)
	if err != nil {
		t.Discard()
		return err
	}
	t.finish()
	return nil
}

func (t *Temp) commit(to Path, opt CommitOptions) error {
	if t.done {
		return t.fail("commit", fs.ErrClosed)
	}
	if err := checkNew(to.Base()); err != nil {
		return t.root.fail("commit", to, err)
	}
	if err := t.flush(); err != nil {
		return t.fail("write", err)
	}
	if !opt.Fast {
		if err := t.f.Sync(); err != nil {
			return t.fail("sync", err)
		}
	}
	if err := t.f.Close(); err != nil {
		return t.fail("close", err)
	}
	dir, err := t.root.make(to.Dir(), opt.Sync)
	if err != nil {
		return err
	}
	defer t.root.release(dir)
	err = install(t.h, t.name, dir, to.Base(), claim{opt.NoReplace, opt.Old})
	t.name = "" // gone, or not ours any more
	if err == nil && opt.Sync {
		err = dir.sync()
	}
	return t.root.fail("commit", to, err)
}

// flush writes what is staged and gives back what was reserved beyond it.
func (t *Temp) flush() error {
	if t.direct != nil {
		d := t.direct
		t.direct = nil
		if err := d.Close(); err != nil {
			return err
		}
		return t.f.Truncate(t.size) // the last block was written whole
	}
	if t.trim && t.size > 0 {
		return t.f.Truncate(t.size)
	}
	return nil
}

// Discard removes the file. After Commit or Discard it does nothing.
func (t *Temp) Discard() {
	if t.done {
		return
	}
	if t.direct != nil {
		_ = t.direct.Close()
	}
	_ = t.f.Close()
	if t.name != "" {
		_ = t.h.unlink(t.name)
	}
	t.finish()
}

func (t *Temp) finish() {
	t.done = true
	t.root.release(t.h)
}
