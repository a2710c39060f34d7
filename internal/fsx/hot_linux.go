//go:build linux && (amd64 || arm64)

package fsx

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// These are the calls of the loops over every file of an output. A raw call
// keeps its processor, which saves a third of a short one; where a call may
// wait for a network it would starve the other goroutines, so it isn't raw.
// Names are copied to the stack with the NUL that the kernel wants: nothing
// here allocates for each file.

type cname [MaxName + 1]byte

func (c *cname) set(name string) error {
	if len(name) > MaxName {
		return unix.ENAMETOOLONG
	}
	if copy(c[:], name); bytes.IndexByte(c[:len(name)], 0) >= 0 {
		return unix.EINVAL
	}
	c[len(name)] = 0
	return nil
}

func result(n uintptr, e unix.Errno) (int, error) {
	if e != 0 {
		return -1, e
	}
	return int(n), nil
}

func (d *descriptor) fstatat(name *cname, st *unix.Stat_t) error {
	var e unix.Errno
	if d.near {
		_, _, e = unix.RawSyscall6(sysFstatat, uintptr(d.fd), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(st)), unix.AT_SYMLINK_NOFOLLOW, 0, 0)
	} else {
		_, _, e = unix.Syscall6(sysFstatat, uintptr(d.fd), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(st)), unix.AT_SYMLINK_NOFOLLOW, 0, 0)
	}
	_, err := result(0, e)
	return err
}

func (d *descriptor) statfd(fd int, st *unix.Stat_t) error {
	var e unix.Errno
	if d.near {
		_, _, e = unix.RawSyscall(unix.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(st)), 0)
	} else {
		_, _, e = unix.Syscall(unix.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(st)), 0)
	}
	_, err := result(0, e)
	return err
}

func (d *descriptor) openat(name *cname, flag int, perm fs.FileMode) (int, error) {
	for {
		var n uintptr
		var e unix.Errno
		if d.near {
			n, _, e = unix.RawSyscall6(unix.SYS_OPENAT, uintptr(d.fd), uintptr(unsafe.Pointer(name)), uintptr(flag), uintptr(perm), 0, 0)
		} else {
			n, _, e = unix.Syscall6(unix.SYS_OPENAT, uintptr(d.fd), uintptr(unsafe.Pointer(name)), uintptr(flag), uintptr(perm), 0, 0)
		}
		if e != unix.EINTR {
			return result(n, e)
		}
	}
}

// transfer reads or writes some bytes at the file's offset; b isn't empty.
func (d *descriptor) transfer(nr uintptr, fd int, b []byte) (int, error) {
	for {
		var n uintptr
		var e unix.Errno
		if d.near && len(b) <= rawBytes {
			n, _, e = unix.RawSyscall(nr, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		} else {
			n, _, e = unix.Syscall(nr, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		}
		if e != unix.EINTR {
			return result(n, e)
		}
	}
}

// rawBytes is how much a raw call may carry: what is copied in the time that
// a hand-over of the processor takes, or not much longer.
const rawBytes = 64 << 10

func (d *descriptor) shut(fd int) error {
	var e unix.Errno
	if d.near {
		_, _, e = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	} else {
		_, _, e = unix.Syscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	}
	if e == unix.EINTR {
		return nil // closed all the same
	}
	_, err := result(0, e)
	return err
}

func (d *descriptor) self() (Stat, error) {
	var st unix.Stat_t
	if err := d.statfd(d.fd, &st); err != nil {
		return Stat{}, err
	}
	return toStat(&st), nil
}

func (d *descriptor) stat(name string) (Stat, error) {
	var c cname
	var st unix.Stat_t
	if err := c.set(name); err != nil {
		return Stat{}, err
	}
	if err := d.fstatat(&c, &st); err != nil {
		return Stat{}, err
	}
	return toStat(&st), nil
}

func (d *descriptor) names(buf []byte) ([]Name, error) {
	if len(buf) < minScratch {
		buf = make([]byte, minScratch)
	}
	d.listing.Lock()
	defer d.listing.Unlock()
	if _, err := unix.Seek(d.fd, 0, 0); err != nil {
		return nil, err
	}
	var l list
	for {
		n, err := d.transfer(unix.SYS_GETDENTS64, d.fd, buf)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if err := l.addDirents(buf[:n]); err != nil {
			return nil, err
		}
	}
	return l.finish(d)
}

// addDirents parses what getdents64 wrote: inode and offset of 8 bytes each,
// the record's length of 2, the type of 1, the name up to a NUL.
func (l *list) addDirents(b []byte) error {
	for len(b) > 0 {
		if len(b) < 20 {
			return unix.EIO
		}
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size < 20 || size > len(b) {
			return unix.EIO
		}
		name := b[19:size]
		end := bytes.IndexByte(name, 0)
		if end < 0 {
			return unix.EIO
		}
		l.add(name[:end], direntKind(b[18]))
		b = b[size:]
	}
	return nil
}

func direntKind(t byte) Kind {
	switch t {
	case unix.DT_REG:
		return File
	case unix.DT_DIR:
		return Dir
	case unix.DT_LNK:
		return Symlink
	case unix.DT_UNKNOWN:
		return unknown
	}
	return Special
}

func (d *descriptor) read(name string, buf []byte, limit int64) (content []byte, s Stat, err error) {
	var c cname
	if err := c.set(name); err != nil {
		return nil, Stat{}, err
	}
	fd, err := d.openat(&c, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, Stat{}, openError(err)
	}
	content, s, err = d.readFrom(fd, buf, limit)
	if cerr := d.shut(fd); err == nil {
		err = cerr
	}
	return content, s, err
}

func (d *descriptor) readFrom(fd int, buf []byte, limit int64) ([]byte, Stat, error) {
	var before, after unix.Stat_t
	if err := d.statfd(fd, &before); err != nil {
		return nil, Stat{}, err
	}
	s := toStat(&before)
	switch {
	case s.Kind != File:
		return nil, s, ErrNotFile
	case s.Size > limit:
		return nil, s, ErrTooLarge
	}
	// The room for one byte more shows a file that grew, or one that has bytes
	// although its size is 0, as a user's file system may say; on a local disk
	// the second stat shows it without another call.
	buf = room(buf, int(s.Size)+1)
	n := 0
	for n < len(buf) {
		k, err := d.transfer(unix.SYS_READ, fd, buf[n:])
		if err != nil {
			return nil, s, err
		}
		if n += k; k == 0 || d.near && n == int(s.Size) {
			break
		}
	}
	if err := d.statfd(fd, &after); err != nil {
		return nil, s, err
	}
	if n != int(s.Size) || !toStat(&after).Same(s) {
		return nil, s, ErrChanged
	}
	return buf[:n], s, nil
}

func (d *descriptor) create(name string, content []byte, perm fs.FileMode) (s Stat, err error) {
	var c cname
	if err := c.set(name); err != nil {
		return Stat{}, err
	}
	fd, err := d.openat(&c, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NOFOLLOW, perm.Perm())
	if err != nil {
		return Stat{}, err
	}
	if d.shared {
		var st unix.Stat_t
		if d.statfd(fd, &st) == nil {
			share(fd, st.Mode, perm)
		}
	}
	s, err = d.writeTo(fd, content)
	if cerr := d.shut(fd); err == nil {
		err = cerr
	}
	if err != nil {
		_ = d.unlink(name) // half a file is of no use; the first error counts
	}
	return s, err
}

func (d *descriptor) writeTo(fd int, content []byte) (Stat, error) {
	for len(content) > 0 {
		n, err := d.transfer(unix.SYS_WRITE, fd, content)
		if err != nil {
			return Stat{}, err
		}
		content = content[n:]
	}
	var st unix.Stat_t
	if err := d.statfd(fd, &st); err != nil {
		return Stat{}, err
	}
	return toStat(&st), nil
}
