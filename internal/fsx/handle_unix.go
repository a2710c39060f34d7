//go:build unix

package fsx

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

const onWindows = false

func cannotHere(error) bool { return false }
func diskFull(error) bool   { return false }
func otherDisk(error) bool  { return false }

// A descriptor is a handle by descriptor and *at calls.
type descriptor struct {
	fd   int
	dev  uint64
	near bool // on a file system of this machine
	step bool // walk component by component: no openat2

	// shared: setgid and group-writable, as folders are that a group works in.
	// What is made there is for the group as it is for its owner, whatever the
	// umask.
	shared bool

	listing sync.Mutex // guards the descriptor's offset
}

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

// openHandle opens the folder dir, following symbolic links in it.
func openHandle(dir string) (handle, error) {
	fd, err := retry(func() (int, error) { return unix.Open(dir, dirFlags, 0) })
	if err != nil {
		return nil, err
	}
	d := &descriptor{fd: fd}
	if err := d.learn(nil); err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.step = !hasOpenat2(fd)
	return d, nil
}

// retry calls f again while a signal interrupts it.
func retry[T any](f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err != unix.EINTR {
			return v, err
		}
	}
}

// learn finds out where d lies; below the same mount as parent.
func (d *descriptor) learn(parent *descriptor) error {
	var st unix.Stat_t
	if err := unix.Fstat(d.fd, &st); err != nil {
		return err
	}
	d.dev = uint64(st.Dev) //nolint:unconvert // its type differs by system
	d.shared = st.Mode&unix.S_ISGID != 0 && st.Mode&unix.S_IWGRP != 0
	if parent != nil {
		d.step = parent.step
		if d.near = parent.near; d.dev == parent.dev {
			return nil
		}
	}
	d.near = isLocal(d.fd)
	return nil
}

func (d *descriptor) adopt(fd int, err error) (handle, error) {
	if err != nil {
		return nil, err
	}
	sub := &descriptor{fd: fd}
	if err := sub.learn(d); err != nil {
		return nil, errors.Join(err, sub.close())
	}
	return sub, nil
}

func (d *descriptor) again() (handle, error) {
	return d.adopt(retry(func() (int, error) { return unix.Openat(d.fd, ".", dirFlags, 0) }))
}

func (d *descriptor) sub(name string) (handle, error) {
	fd, err := retry(func() (int, error) { return unix.Openat(d.fd, name, dirFlags|unix.O_NOFOLLOW, 0) })
	if err == unix.ENOTDIR || err == unix.ELOOP {
		// systems differ in what they answer for a symbolic link
		err = ErrNotFolder
		if st, serr := d.stat(name); serr == nil && st.Kind == Symlink {
			err = ErrSymlink
		}
	}
	return d.adopt(fd, err)
}

func (d *descriptor) beneath(p Path) (handle, error) {
	if d.step {
		return stepwise(d, p)
	}
	fd, err := openat2(d.fd, string(p))
	if err == unix.ELOOP || err == unix.ENOTDIR {
		return stepwise(d, p) // it finds what stands in the way
	}
	return d.adopt(fd, err)
}

func toStat(st *unix.Stat_t) Stat {
	s := Stat{
		Size: st.Size, Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(), Inode: int64(st.Ino), //nolint:unconvert // types differ by system
		Dev: uint64(st.Dev), Links: uint64(st.Nlink), Perm: fs.FileMode(st.Mode & 0o777), Exec: st.Mode&0o100 != 0, //nolint:unconvert // the same
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		s.Kind = File
	case unix.S_IFDIR:
		s.Kind = Dir
	case unix.S_IFLNK:
		s.Kind = Symlink
	default:
		s.Kind = Special
	}
	return s
}

func (d *descriptor) open(name, shown string, flag int, perm fs.FileMode) (*os.File, error) {
	how := flag | unix.O_CLOEXEC | unix.O_NOFOLLOW
	old := flag&unix.O_EXCL == 0
	if old {
		how |= unix.O_NONBLOCK // a pipe would wait for its other end
	}
	fd, err := retry(func() (int, error) { return unix.Openat(d.fd, name, how, uint32(perm.Perm())) })
	if err != nil {
		return nil, openError(err)
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = ErrNotFile
	}
	if err == nil && old {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flag&unix.O_APPEND)
	}
	if d.shared && err == nil && flag&unix.O_CREAT != 0 {
		share(fd, st.Mode, perm)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), shown), nil
}

func (d *descriptor) mkdir(name string, perm fs.FileMode) error {
	err := unix.Mkdirat(d.fd, name, uint32(perm.Perm()))
	if err != nil || !d.shared {
		return err
	}
	fd, err := unix.Openat(d.fd, name, dirFlags|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil {
		share(fd, st.Mode, perm)
	}
	return errors.Join(err, unix.Close(fd))
}

// share gives the group of a new file or folder what perm says and the umask
// took. It is a favour to others: if it fails, as on what somebody else made,
// the work goes on.
func share[M uint16 | uint32](fd int, mode M, perm fs.FileMode) {
	if want := uint32(mode) | uint32(perm&0o070); want != uint32(mode) {
		_ = unix.Fchmod(fd, want&0o7777)
	}
}

func (d *descriptor) symlink(target, name string) error {
	return unix.Symlinkat(target, d.fd, name)
}

func (d *descriptor) readlink(name string) (string, error) {
	buf := make([]byte, 256)
	for {
		n, err := unix.Readlinkat(d.fd, name, buf)
		if err != nil {
			return "", err
		}
		if n < len(buf) {
			return string(buf[:n]), nil
		}
		buf = make([]byte, 2*len(buf))
	}
}

func (d *descriptor) unlink(name string) error { return unix.Unlinkat(d.fd, name, 0) }

func (d *descriptor) rmdir(name string) error {
	return unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR)
}

func (d *descriptor) rename(name string, to handle, as string, noReplace bool) error {
	there := to.(*descriptor)
	if noReplace {
		return renameNew(d.fd, name, there.fd, as)
	}
	return unix.Renameat(d.fd, name, there.fd, as)
}

func (d *descriptor) exchange(name string, to handle, as string) error {
	return swap(d.fd, name, to.(*descriptor).fd, as)
}

func (d *descriptor) link(name string, to handle, as string) error {
	there, ok := to.(*descriptor)
	if !ok {
		return errors.ErrUnsupported
	}
	return unix.Linkat(d.fd, name, there.fd, as, 0)
}

func (d *descriptor) sync() error {
	_, err := retry(func() (struct{}, error) { return struct{}{}, unix.Fsync(d.fd) })
	if err == unix.EINVAL || err == unix.ENOTSUP {
		return nil // this file system has no fsync of folders
	}
	return err
}

func (d *descriptor) local() bool  { return d.near }
func (d *descriptor) close() error { return unix.Close(d.fd) }

// openError names what O_NOFOLLOW and the kinds of files make of an open.
func openError(err error) error {
	switch err {
	case unix.ELOOP, unix.EMLINK:
		return ErrSymlink
	case unix.EISDIR, unix.ENXIO:
		return ErrNotFile
	}
	return err
}

func (d *descriptor) same(a, b string) bool {
	s, err := d.stat(a)
	t, err2 := d.stat(b)
	return err == nil && err2 == nil && s.Inode == t.Inode && s.Dev == t.Dev
}

func (d *descriptor) fstat(f *os.File) (Stat, error) { return statFile(f) }

func statFile(f *os.File) (Stat, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return Stat{}, err
	}
	return toStat(&st), nil
}
