package fsx

import (
	"io/fs"
	"os"
)

// A Folder is one directory held open. Files in it are reached by name,
// without walking a path again, and stay reachable when the directory is
// renamed: it is for the loops over all files of an output. Where the
// file system is local the calls are raw system calls without an allocation.
// Its methods take one component, follow no symbolic link, and may be used by
// several goroutines. The caller closes it.
type Folder struct {
	root *Root
	path Path
	h    handle
}

// Folder opens the folder p.
func (r *Root) Folder(p Path) (*Folder, error) {
	h, err := r.hold(p)
	if err == nil && p == "" {
		h, err = h.again()
	}
	if err != nil {
		return nil, r.fail("open", p, err)
	}
	return &Folder{r, p, h}, nil
}

// Close gives the folder back.
func (d *Folder) Close() error { return d.root.fail("close", d.path, d.h.close()) }

// Path returns the path that the folder was opened by.
func (d *Folder) Path() Path { return d.path }

// Local is Root.Local of this folder, which another disk may be mounted on.
func (d *Folder) Local() bool { return d.h.local() }

func (d *Folder) fail(op, name string, err error) error {
	if err == nil {
		return nil // and no strings are joined
	}
	return d.root.fail(op, d.path.Join(Path(name)), err)
}

// Self says what the folder itself is.
func (d *Folder) Self() (Stat, error) {
	s, err := d.h.self()
	return s, d.fail("stat", "", err)
}

// Names lists the folder, sorted by the bytes of the names, which share one
// piece of memory. buf is scratch space; 256 KiB take a folder of 8,000 names
// in one call, nil gets some.
func (d *Folder) Names(buf []byte) ([]Name, error) {
	names, err := d.h.names(buf)
	if err != nil {
		return nil, d.fail("list", "", err)
	}
	sortNames(names)
	return names, nil
}

// Stat says what the entry name is.
func (d *Folder) Stat(name string) (Stat, error) {
	err := checkOld(name)
	if err == nil {
		var s Stat
		if s, err = d.h.stat(name); err == nil {
			return s, nil
		}
	}
	return Stat{}, d.fail("stat", name, err)
}

// Sub opens the folder name.
func (d *Folder) Sub(name string) (*Folder, error) {
	err := checkOld(name)
	if err == nil {
		var h handle
		if h, err = d.h.sub(name); err == nil {
			return &Folder{d.root, d.path.Join(Path(name)), h}, nil
		}
	}
	return nil, d.fail("open", name, err)
}

// Open opens the regular file name for reading.
func (d *Folder) Open(name string) (*os.File, error) {
	err := checkOld(name)
	if err == nil {
		var f *os.File
		if f, err = d.h.open(name, osPath(d.root.dir, d.path.Join(Path(name))), os.O_RDONLY, 0); err == nil {
			return f, nil
		}
	}
	return nil, d.fail("open", name, err)
}

// Read reads the regular file name whole into the capacity of buf, or into new
// memory if that is too small, needing a byte more than the file has. The Stat
// is of the open file, and the same before and after: else the error is
// ErrChanged. A file of more than limit bytes is not read: ErrTooLarge, with
// its Stat.
func (d *Folder) Read(name string, buf []byte, limit int64) ([]byte, Stat, error) {
	err := checkOld(name)
	var s Stat
	if err == nil {
		var b []byte
		if b, s, err = d.h.read(name, buf, limit); err == nil {
			return b, s, nil
		}
		if err == ErrTooLarge {
			return nil, s, err // an answer, not a failure: no text is made
		}
	}
	return nil, s, d.fail("read", name, err)
}

// Readlink returns the target of the symbolic link name.
func (d *Folder) Readlink(name string) (string, error) {
	err := checkOld(name)
	if err == nil {
		var target string
		if target, err = d.h.readlink(name); err == nil {
			return target, nil
		}
	}
	return "", d.fail("readlink", name, err)
}

// Create makes the file name, which must not exist, with that content; perm is
// before the umask. It is seen while it is written: Create is for folders
// that are being built apart and get their own name when they are complete.
func (d *Folder) Create(name string, content []byte, perm fs.FileMode) (Stat, error) {
	err := checkNew(name)
	if err == nil {
		var s Stat
		if s, err = d.h.create(name, content, perm); err == nil {
			return s, nil
		}
	}
	return Stat{}, d.fail("create", name, err)
}

// CreateFile is Create of a file that the caller writes and closes.
func (d *Folder) CreateFile(name string, perm fs.FileMode) (*os.File, error) {
	err := checkNew(name)
	if err == nil {
		var f *os.File
		shown := osPath(d.root.dir, d.path.Join(Path(name)))
		if f, err = d.h.open(name, shown, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm); err == nil {
			return f, nil
		}
	}
	return nil, d.fail("create", name, err)
}

// ReplaceOptions say how Replace writes.
type ReplaceOptions struct {
	Perm      fs.FileMode // before the umask
	NoReplace bool        // fs.ErrExist if there is anything at the name
	Old       *Stat       // if not nil: what must stand at the name, else it stays: ErrChanged
}

// Replace gives name the content in one step: a reader sees the old file or
// the new one, whole. It is not durable. The Stat is of the file under its
// name, and its Ctime that of the renaming.
func (d *Folder) Replace(name string, content []byte, opt ReplaceOptions) (Stat, error) {
	if err := checkNew(name); err != nil {
		return Stat{}, d.fail("write", name, err)
	}
	temp := tempName()
	if _, err := d.h.create(temp, content, opt.Perm); err != nil {
		return Stat{}, d.fail("create", temp, err)
	}
	if err := install(d.h, temp, d.h, name, claim{opt.NoReplace, opt.Old}); err != nil {
		return Stat{}, d.fail("write", name, err)
	}
	return d.Stat(name)
}

// Temp makes a temporary file in the folder, as Root.CreateTemp does.
func (d *Folder) Temp(opt TempOptions) (*Temp, error) {
	h, err := d.h.again()
	if err != nil {
		return nil, d.fail("open", "", err)
	}
	return d.root.tempIn(h, d.path, opt)
}

// Mkdir makes the folder name, which must not exist.
func (d *Folder) Mkdir(name string) error {
	err := checkNew(name)
	if err == nil {
		err = d.h.mkdir(name, 0o777)
	}
	return d.fail("mkdir", name, err)
}

// Symlink makes name a symbolic link to target, which may be any text. It
// replaces nothing.
func (d *Folder) Symlink(target, name string) error {
	err := checkNew(name)
	if err == nil {
		err = d.h.symlink(target, name)
	}
	return d.fail("symlink", name, err)
}

// Remove deletes the entry name: a file, a symbolic link, an empty folder.
func (d *Folder) Remove(name string) error {
	err := checkNew(name)
	if err == nil {
		err = remove(d.h, name)
	}
	return d.fail("remove", name, err)
}

// RemoveOld deletes the file or symbolic link name if it is still old, as far
// as a stat tells; else it stays: ErrChanged.
func (d *Folder) RemoveOld(name string, old Stat) error {
	err := checkNew(name)
	if err == nil {
		err = removeSame(d.h, name, old)
	}
	return d.fail("remove", name, err)
}

// Sync makes the names in the folder durable.
func (d *Folder) Sync() error { return d.fail("sync", "", d.h.sync()) }
