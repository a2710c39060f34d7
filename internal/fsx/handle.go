package fsx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/mlv-dev/mlv/internal/errs"
)

// A handle is one directory held open, as the system offers it. Its methods
// act on a single component, which their callers have checked, never follow a
// symbolic link, and return errors without a path. All may run concurrently.
type handle interface {
	self() (Stat, error)
	stat(name string) (Stat, error)
	// fstat says of an open file what stat says of its name.
	fstat(f *os.File) (Stat, error)
	// same tells whether two names are of one file.
	same(a, b string) bool
	// names lists the folder in no order, without "." and "..". buf is scratch.
	names(buf []byte) ([]Name, error)
	// again opens the folder itself a second time.
	again() (handle, error)
	// sub opens a folder, beneath one several levels down; a symbolic link on
	// the way is ErrSymlink, a file ErrNotFolder.
	sub(name string) (handle, error)
	beneath(p Path) (handle, error)
	// open opens a regular file, anything else is ErrNotFile or ErrSymlink;
	// shown is the file's Name().
	open(name, shown string, flag int, perm fs.FileMode) (*os.File, error)
	read(name string, buf []byte, limit int64) ([]byte, Stat, error)
	create(name string, content []byte, perm fs.FileMode) (Stat, error)
	mkdir(name string, perm fs.FileMode) error
	symlink(target, name string) error
	readlink(name string) (string, error)
	unlink(name string) error
	rmdir(name string) error
	// rename moves into to, a handle of the same Root. With noReplace it is
	// errors.ErrUnsupported where the system has no such call.
	rename(name string, to handle, as string, noReplace bool) error
	// exchange makes two names change places, errors.ErrUnsupported like rename.
	exchange(name string, to handle, as string) error
	// link makes a hard link in to, a handle of any Root.
	link(name string, to handle, as string) error
	// clone makes the file as in to share src's blocks.
	clone(src *os.File, as string, perm fs.FileMode) error
	sync() error
	// local tells whether the file system is on this machine; false in doubt.
	local() bool
	close() error
}

// checkNew is the gate of every name that is about to be written.
func checkNew(name string) error {
	if strings.IndexByte(name, '/') >= 0 {
		return errors.New("slash in a name")
	}
	if err := checkName(name); err != nil {
		return err
	}
	if onWindows {
		return WindowsName(name)
	}
	return nil
}

// checkOld keeps a name that is only read within its folder.
func checkOld(name string) error {
	if name == "" || name == "." || name == ".." || strings.IndexByte(name, '/') >= 0 ||
		onWindows && strings.ContainsAny(name, `\:`) {
		return fs.ErrInvalid
	}
	return nil
}

// cannot tells whether err says that this file system, or this pair of them,
// can't do the thing at all, so that another way is worth trying.
func cannot(err error) bool {
	for _, e := range []error{
		errors.ErrUnsupported, syscall.EXDEV, syscall.EPERM, syscall.EINVAL,
		syscall.ENOTTY, syscall.EMLINK, syscall.EOPNOTSUPP, syscall.ENOSYS,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return cannotHere(err)
}

// fail gives err its operation and path, and the class and hint of its cause.
func fail(op, dir string, p Path, err error) error {
	if err == nil {
		return nil
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok { // from package os
		err = pe.Err
	}
	if le, ok := errors.AsType[*os.LinkError](err); ok {
		err = le.Err
	}
	if errors.Is(err, syscall.EXDEV) || otherDisk(err) {
		err = ErrOtherDisk
	}
	err = &fs.PathError{Op: op, Path: osPath(dir, p), Err: err}
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return &errs.Error{Hint: "raise ulimit -n or pass -j with a smaller number", Err: err}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), diskFull(err):
		return &errs.Error{Hint: "free some space; 'mlv gc' deletes what the cache no longer needs", Err: err}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, ErrSymlink):
		return &errs.Error{Kind: errs.Denied, Err: err}
	}
	return err
}

// stepwise opens the folder p below h one component at a time.
func stepwise(h handle, p Path) (handle, error) {
	at := h
	for name := range strings.SplitSeq(string(p), "/") {
		next, err := at.sub(name)
		if at != h {
			err = errors.Join(err, at.close())
		}
		switch {
		case errors.Is(err, ErrSymlink):
			return nil, fmt.Errorf("%q is a %w", name, err)
		case errors.Is(err, ErrNotFolder):
			return nil, fmt.Errorf("%q is %w", name, err)
		case err != nil:
			return nil, err
		}
		at = next
	}
	return at, nil
}
