// Package fsx is the one door to local files: it reads, writes, links, locks
// and lists them below an opened folder that no path, symbolic link or race
// leads out of.
//
// Errors carry the system's error, so errors.Is with fs.ErrNotExist,
// fs.ErrExist and fs.ErrPermission works, and the class and hint of package
// errs where the cause has one.
package fsx

import (
	"errors"
	"io/fs"
	"time"
)

// Kind tells apart what a name can stand for.
type Kind uint8

// The kinds.
const (
	File Kind = iota
	Dir
	Symlink
	Special // a device, pipe or socket
)

func (k Kind) String() string {
	return [...]string{"file", "folder", "symbolic link", "special file"}[k]
}

// A Stat is what the file system says of a name, never following a symbolic
// link. Windows tells no Ctime, Inode and Dev without opening the file: there
// they are 0, and Links is 1.
type Stat struct {
	Size, Mtime, Ctime, Inode int64 // times in nanoseconds since 1970
	Dev, Links                uint64
	Kind                      Kind
	Exec                      bool // its owner may execute it
	Perm                      fs.FileMode
}

// Same tells whether s and t are of the same file with, as far as a stat can
// tell, the same content. Ctime counts only where nothing else links to the
// file, since linking changes it.
func (s Stat) Same(t Stat) bool {
	return s.Size == t.Size && s.Mtime == t.Mtime && s.Inode == t.Inode && s.Kind == t.Kind &&
		(s.Ctime == t.Ctime || s.Links > 1 || t.Links > 1)
}

// Info returns s as an fs.FileInfo of that name.
func (s Stat) Info(name string) fs.FileInfo { return info{name, s} }

type info struct {
	name string
	st   Stat
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.st.Size }
func (i info) Mode() fs.FileMode  { return i.st.Kind.mode() | i.st.Perm }
func (i info) ModTime() time.Time { return time.Unix(0, i.st.Mtime) }
func (i info) IsDir() bool        { return i.st.Kind == Dir }
func (i info) Sys() any           { return i.st }

func (k Kind) mode() fs.FileMode {
	return [...]fs.FileMode{0, fs.ModeDir, fs.ModeSymlink, fs.ModeIrregular}[k]
}

// A Name is one entry of a folder.
type Name struct {
	Name string
	Kind Kind
}

var (
	// ErrChanged means that a file changed while it was read.
	ErrChanged = errors.New("file changed while it was read")
	// ErrTooLarge means that a file is larger than the caller allows.
	ErrTooLarge = errors.New("file too large")
	// ErrSymlink means that a symbolic link stands where a folder or file is
	// needed; none is followed below a Root.
	ErrSymlink = errors.New("symbolic link, which is not followed")
	// ErrNotFile means that a folder, device, pipe or socket stands where a
	// file is needed.
	ErrNotFile = errors.New("not a regular file")
	// ErrNotFolder means that a file stands where a folder is needed. It is
	// also fs.ErrNotExist: nothing lies below a file.
	ErrNotFolder error = notFolder{}
	// ErrOtherDisk means that a file can't be renamed or linked to another
	// file system.
	ErrOtherDisk = errors.New("on another file system")
)

type notFolder struct{}

func (notFolder) Error() string        { return "not a folder" }
func (notFolder) Is(target error) bool { return target == fs.ErrNotExist }
